package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ukcloud_exporter/collector"
)

// A round that ends soon is published as a whole. One that does not publishes what it
// has every earlyInterval, so that a part that hangs keeps no other back, and says
// after overdueAfter which parts it waits for.
const (
	earlyInterval = 5 * time.Second
	overdueAfter  = 5 * time.Minute // with all its pages, the portal took a minute or two for what it had
)

var errRoundTooLong = errors.New("the round has not ended within max_age")

// early is what a round that runs has so far.
type early struct {
	runner  *runner
	started time.Time
	ended   chan struct{}
	done    sync.WaitGroup

	mu      sync.Mutex
	waiting []collector.Result // not published yet
	arrived map[string]bool    // keys of the parts that have come
}

// watch publishes what a round has until stop.
func (r *runner) watch(running *refresh) *early {
	e := &early{runner: r, started: running.started, ended: make(chan struct{}), arrived: map[string]bool{}}
	e.done.Go(e.watch)
	return e
}

// add is the round's publish function.
func (e *early) add(results ...collector.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = append(e.waiting, results...)
	for _, r := range results {
		e.arrived[r.Key] = true
	}
}

// stop ends the watch: what has not been published comes with the whole round.
func (e *early) stop() {
	close(e.ended)
	e.done.Wait()
}

func (e *early) watch() {
	ticks := time.NewTicker(earlyInterval)
	defer ticks.Stop()
	overdue := time.NewTimer(min(overdueAfter, e.runner.MaxAge/2))
	defer overdue.Stop()
	for {
		select {
		case <-ticks.C:
			e.publish()
		case <-overdue.C:
			e.tell()
		case <-e.ended:
			return
		}
	}
}

// publish shows the parts that have come since the last time.
func (e *early) publish() {
	e.mu.Lock()
	results := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	if len(results) == 0 {
		return
	}
	r, now := e.runner, time.Now()
	defer func() {
		_ = recover() // the end of the round meets the same panic, and reports it
	}()
	r.replace(func(old *snapshot) *snapshot {
		s := old.with(results, e.started, now, r.MaxAge)
		r.encode(s, old, now)
		if r.counts {
			r.keep(s, false)
		}
		return s
	})
	if !r.counts {
		r.keep(r.newest.Load(), false)
	}
}

// tell says that the round is overdue, and which of the parts that are known it waits
// for.
func (e *early) tell() {
	r := e.runner
	missing := e.missing(r.newest.Load())
	for i := range missing { // names of the portal's
		missing[i] = harmless(missing[i])
	}
	reason := fmt.Sprintf("not answered for %s", time.Since(e.started).Round(time.Second))
	if len(missing) > 0 {
		reason += ": " + strings.Join(missing, ", ")
	}
	r.log.Warn("A refresh is overdue", "since", e.started.UTC(), "waits_for", strings.Join(missing, ", "))
	r.replace(func(old *snapshot) *snapshot { return old.overdue(reason) })
}

// missingShown bounds how many parts are named.
const missingShown = 5

func (e *early) missing(s *snapshot) (keys []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range s.parts {
		if !e.arrived[p.Key] {
			keys = append(keys, p.Key)
		}
	}
	slices.Sort(keys)
	if more := len(keys) - missingShown; more > 0 {
		keys = append(keys[:missingShown], fmt.Sprintf("and %d more", more))
	}
	return keys
}

// replace changes the newest snapshot while a round runs. change may take its time:
// it is done again when the snapshot was replaced meanwhile.
func (r *runner) replace(change func(*snapshot) *snapshot) {
	for {
		old := r.newest.Load()
		if r.newest.CompareAndSwap(old, change(old)) {
			return
		}
	}
}
