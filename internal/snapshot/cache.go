// Package snapshot runs the collectors and keeps what they gave.
//
// A scrape starts what is due, waits as long as it may, and takes the newest
// complete snapshot of each collector. A refresh belongs to nobody: it outlives
// the scrape that started it, and all scrapes that come meanwhile share it.
package snapshot

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// Member is a collector with its name and its limits.
type Member struct {
	Name        string
	Collector   collector.Collector
	MinInterval time.Duration // a younger snapshot is not refreshed
	MaxAge      time.Duration // an older part disappears

	// File is where the parts outlive the process; nil keeps them in memory only.
	File File
	// Fingerprint is of all that the parts depend on beside the portal: program and
	// settings. Parts that were kept with another one are dropped.
	Fingerprint []byte
}

// Cache keeps the newest snapshot of each member. It is safe for concurrent use.
type Cache struct {
	log     *slog.Logger
	runners []*runner
	press   exposition.Press

	ctx    context.Context // of the refreshes
	cancel context.CancelFunc
	wg     sync.WaitGroup
	gate   sync.Mutex // held to add to wg and to end ctx, so that nothing begins after Stop

	drained   chan struct{} // closed by Drain
	drainOnce sync.Once
}

// spawn runs f in a goroutine that Stop waits for, and reports whether it does: after
// Stop it does not.
func (c *Cache) spawn(f func()) bool {
	c.gate.Lock()
	defer c.gate.Unlock()
	if c.ctx.Err() != nil {
		return false
	}
	c.wg.Go(f)
	return true
}

// startSpread is over how long the first rounds of replicas that are started
// together are spread.
const startSpread = time.Second

// New returns a cache that has not asked for anything yet.
func New(log *slog.Logger, members []Member) *Cache {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Cache{log: log, ctx: ctx, cancel: cancel, drained: make(chan struct{})}
	for _, m := range members {
		c.runners = append(c.runners, newRunner(c, m))
	}
	return c
}

// Adopt takes over the parts of a cache that this one replaces, to be exposed
// until its own first round has ended. Call it when the old cache has stopped and
// before Start.
func (c *Cache) Adopt(old *Cache) {
	for _, r := range c.runners {
		if from := old.runner(r.Name); from != nil {
			r.adopt(from.newest.Load(), !bytes.Equal(r.fingerprint, from.fingerprint))
			r.wanted = from.wanted
		}
	}
}

// Restore takes over the parts that an earlier process kept, to be exposed until the
// first round has ended. Call it before Start, in place of Adopt.
func (c *Cache) Restore() {
	for _, r := range c.runners {
		r.restore(time.Now())
	}
}

// Start begins the first round, after a short random time.
func (c *Cache) Start() {
	c.spawn(func() {
		select {
		case <-time.After(rand.N(startSpread)):
		case <-c.ctx.Done():
			return
		}
		for _, r := range c.runners {
			r.start(time.Now())
		}
	})
}

// Stop ends the refreshes, waits for them, and writes what is not on disk yet, but does
// not wait longer than ctx allows.
func (c *Cache) Stop(ctx context.Context) error {
	c.gate.Lock()
	c.cancel()
	c.gate.Unlock()
	done := make(chan struct{})
	go func() {
		c.wg.Wait()
		for _, r := range c.runners {
			r.keep(r.newest.Load(), true)
		}
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Drain lets scrapes that wait answer with what there is, and no other wait: the
// program is about to end.
func (c *Cache) Drain() { c.drainOnce.Do(func() { close(c.drained) }) }

// Names returns the names of the collectors, in order.
func (c *Cache) Names() []string {
	names := make([]string, len(c.runners))
	for i, r := range c.runners {
		names[i] = r.Name
	}
	return names
}

func (c *Cache) runner(name string) *runner {
	for _, r := range c.runners {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// restoredWait is how long a scrape waits for the first round of a collector whose
// parts an earlier process has kept: a portal that is quick is asked before they are
// shown, and one that is slow makes no gap.
const restoredWait = time.Second

// Refresh starts the refresh of every named collector that is due and waits
// until they have ended, deadline, or the end of ctx. It does not wait for one
// that, by its last duration, cannot end in time, and no longer than restoredWait
// for the first round of a collector whose parts an earlier process has kept.
func (c *Cache) Refresh(ctx context.Context, deadline time.Time, names []string) {
	now := time.Now()
	var restored, others []*refresh
	for _, r := range c.runners {
		if !slices.Contains(names, r.Name) {
			continue
		}
		switch running := r.start(now); {
		case running == nil || running.expected.After(deadline):
		case r.newest.Load().restored():
			restored = append(restored, running)
		default:
			others = append(others, running)
		}
	}
	soon := now.Add(restoredWait)
	if deadline.Before(soon) {
		soon = deadline
	}
	c.wait(ctx, soon, restored)
	c.wait(ctx, deadline, others)
}

// wait waits until all have ended, deadline, or the end of ctx.
func (c *Cache) wait(ctx context.Context, deadline time.Time, all []*refresh) {
	if len(all) == 0 {
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for _, running := range all {
		select {
		case <-running.done:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-c.drained:
			return
		}
	}
}

// Exposition returns what the named collectors expose, in one encoding.
func (c *Cache) Exposition(encoding exposition.Encoding, names []string) ([]exposition.Part, error) {
	now := time.Now()
	var parts []exposition.Part
	for _, r := range c.runners {
		if !slices.Contains(names, r.Name) {
			continue
		}
		r.wanted.note(encoding, now)
		part, err := r.current(now).body.part(encoding)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// Parts returns the parts of a collector that are not past its max_age, for pages that
// show their Data; nil when there is no such collector. Parts that an earlier process
// has kept are not among them: they are samples only.
func (c *Cache) Parts(name string) []HeldPart {
	r := c.runner(name)
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.current(time.Now()).parts), HeldPart.kept)
}
