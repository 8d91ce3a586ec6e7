// Package engine runs the collectors and keeps what they gave.
//
// A scrape starts what is due, waits as long as it may, and takes the newest
// complete snapshot of each collector. A refresh belongs to nobody: it outlives
// the scrape that started it, and all scrapes that come meanwhile share it.
package snapshot

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// Member is a collector with its limits.
type Member struct {
	Collector   collector.Collector
	MinInterval time.Duration // a younger snapshot is not refreshed
	MaxAge      time.Duration // an older part disappears
}

// Engine runs members. It is safe for concurrent use.
type Engine struct {
	log     *slog.Logger
	runners []*runner
	wanted  *wanted

	ctx    context.Context // of the refreshes
	cancel context.CancelFunc
	wg     sync.WaitGroup
	gate   sync.Mutex // held to add to wg and to end ctx: nothing begins behind Stop

	drained   chan struct{} // closed by Drain
	drainOnce sync.Once
}

// spawn runs f in a goroutine that Stop waits for, or says that it is too late.
func (e *Engine) spawn(f func()) bool {
	e.gate.Lock()
	defer e.gate.Unlock()
	if e.ctx.Err() != nil {
		return false
	}
	e.wg.Go(f)
	return true
}

// startSpread is over how long the first rounds of replicas that are started
// together are spread.
const startSpread = time.Second

// New returns an engine that has not asked for anything yet.
func New(log *slog.Logger, members []Member) *Engine {
	ctx, cancel := context.WithCancel(context.Background())
	e := &Engine{log: log, wanted: new(wanted), ctx: ctx, cancel: cancel, drained: make(chan struct{})}
	for _, m := range members {
		e.runners = append(e.runners, newRunner(e, m))
	}
	return e
}

// Adopt takes over the parts of an engine that this one replaces, to be exposed
// until its own first round has ended. Call it when the old engine has stopped and
// before Start.
func (e *Engine) Adopt(old *Engine) {
	for _, r := range e.runners {
		if from := old.runner(r.name()); from != nil {
			r.adopt(from.view.Load())
		}
	}
	e.wanted = old.wanted
}

// Start begins the first round, after a short random time.
func (e *Engine) Start() {
	e.spawn(func() {
		select {
		case <-time.After(rand.N(startSpread)):
		case <-e.ctx.Done():
			return
		}
		for _, r := range e.runners {
			r.start(time.Now())
		}
	})
}

// Stop ends the refreshes and waits for them, but not longer than ctx allows.
func (e *Engine) Stop(ctx context.Context) error {
	e.gate.Lock()
	e.cancel()
	e.gate.Unlock()
	done := make(chan struct{})
	go func() {
		e.wg.Wait()
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
func (e *Engine) Drain() { e.drainOnce.Do(func() { close(e.drained) }) }

// Names returns the names of the collectors, in order.
func (e *Engine) Names() []string {
	names := make([]string, len(e.runners))
	for i, r := range e.runners {
		names[i] = r.name()
	}
	return names
}

func (e *Engine) runner(name string) *runner {
	for _, r := range e.runners {
		if r.name() == name {
			return r
		}
	}
	return nil
}

// Refresh starts the refresh of every named collector that is due and waits
// until they have ended, deadline, or the end of ctx. It does not wait for one
// that, by its last duration, cannot end in time.
func (e *Engine) Refresh(ctx context.Context, deadline time.Time, names []string) {
	now := time.Now()
	var flights []*flight
	for _, r := range e.runners {
		if !slices.Contains(names, r.name()) {
			continue
		}
		if f := r.start(now); f != nil && !f.expected.After(deadline) {
			flights = append(flights, f)
		}
	}
	if len(flights) == 0 {
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for _, f := range flights {
		select {
		case <-f.done:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-e.drained:
			return
		}
	}
}

// Pieces returns what the named collectors expose, in one encoding.
func (e *Engine) Pieces(encoding exposition.Encoding, names []string) ([]*exposition.Piece, error) {
	now := time.Now()
	e.wanted.note(encoding, now)
	var pieces []*exposition.Piece
	for _, r := range e.runners {
		if !slices.Contains(names, r.name()) {
			continue
		}
		piece, err := r.current(now).body.Piece(encoding)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
	}
	return pieces, nil
}
