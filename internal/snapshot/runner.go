package snapshot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

// runner refreshes one collector.
//
// Readers use view alone, which is replaced and never changed. mu guards the
// rest and is held for bookkeeping only, never while the portal is asked or
// anything is encoded.
type runner struct {
	Member
	engine *Engine
	log    *slog.Logger
	descs  []*exposition.Desc
	view   atomic.Pointer[view]

	mu        sync.Mutex
	flight    *flight   // nil while no refresh runs
	notBefore time.Time // no refresh before: the portal asked for it, or it keeps failing

	said map[string]string // the last error of each part that was logged; of the refresh alone
}

// flight is a running refresh.
type flight struct {
	done     chan struct{}
	started  time.Time
	expected time.Time // end, by the last duration
}

func newRunner(e *Engine, m Member) *runner {
	r := &runner{Member: m, engine: e, log: e.log.With("collector", m.Collector.Name())}
	for _, d := range m.Collector.Families() {
		cached := *d
		cached.Help = fmt.Sprintf("%s Cached, refreshed at most every %s.", d.Help, model.Duration(m.MinInterval))
		r.descs = append(r.descs, &cached)
	}
	v := &view{}
	v.body = r.body(nil)
	r.view.Store(v)
	return r
}

func (r *runner) name() string { return r.Collector.Name() }

// adopt takes the parts of an earlier configuration. They are exposed, but not
// given to the collector, which may be configured otherwise now.
func (r *runner) adopt(old *view) {
	v := *old
	v.asOf, v.attempts, v.failures = time.Time{}, 0, 0
	v.hold(slices.Clone(old.parts), time.Now(), r.MaxAge)
	for i := range v.parts {
		v.parts[i].adopted = true
	}
	v.body = r.body(v.parts)
	r.view.Store(&v)
}

// start returns the running refresh, or begins one if the collector is due; nil
// if it is not. How old a snapshot is counts from the start of its refresh: so
// a scrape interval equal to MinInterval refreshes at each scrape, however long
// the portal took.
func (r *runner) start(now time.Time) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	v := r.view.Load()
	if now.Before(r.notBefore) || now.Sub(v.asOf) < r.MinInterval-slack(r.MinInterval) {
		return nil
	}
	f := &flight{done: make(chan struct{}), started: now, expected: now.Add(v.duration)}
	if !r.engine.spawn(func() { r.refresh(f) }) {
		return nil
	}
	r.flight = f
	return f
}

// slack lets a scrape that comes a moment early count as on time: scrapers keep
// their interval to a few milliseconds only, and one that is missed doubles the
// age of the data.
func slack(interval time.Duration) time.Duration { return min(interval/20, time.Second) }

// refresh runs the collector once and publishes what came of it.
func (r *runner) refresh(f *flight) {
	old := r.view.Load()
	results, err := r.collect(old)
	if r.engine.ctx.Err() != nil && (err != nil || failed(results)) {
		r.publish(old, f, 0) // stopped in the middle: that says nothing of the portal
		return
	}
	v, err := r.digest(old, results, err, f.started)
	r.report(old, v, results, err)
	r.publish(v, f, max(retryAfter(results, err), r.backoff(v)))
}

// digest makes the view that follows on a round, with everything that scrapers
// have asked for lately. A part that cannot be written is the collector's failure
// too: what was there before stays.
func (r *runner) digest(old *view, results []collector.Result, err error, started time.Time) (v *view, problem error) {
	now := time.Now()
	defer func() {
		if p := recover(); p != nil {
			problem = collector.PanicError(p)
			v = old.after(nil, problem, started, now, r.MaxAge)
		}
	}()
	v = old.after(results, err, started, now, r.MaxAge)
	if !slices.Equal(v.parts.values(), old.parts.values()) {
		v.body = r.body(v.parts)
		r.encodeAhead(v.body, now)
	}
	v.body.Series()
	v.unknown()
	return v, err
}

// failed tells whether a part failed.
func failed(results []collector.Result) bool {
	return slices.ContainsFunc(results, func(r collector.Result) bool { return r.Err != nil })
}

// freeRetries is how many failures in a row are followed by a try at the very next
// scrape.
const freeRetries = 3

// backoff is the pause after a failure: none at first, so that what was a moment's
// trouble heals at the next scrape, then doubling up to min_interval, so that an
// endpoint that is gone is not asked at every scrape for ever.
func (r *runner) backoff(v *view) time.Duration {
	if v.failures <= freeRetries {
		return 0
	}
	return min(time.Second<<min(v.failures-freeRetries-1, 20), r.MinInterval)
}

// publish replaces the view and ends the flight.
func (r *runner) publish(v *view, f *flight, pause time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.Store(v)
	r.flight = nil
	r.notBefore = time.Time{}
	if pause > 0 {
		r.notBefore = time.Now().Add(pause)
	}
	close(f.done)
}

// collect runs the collector. A panic is the collector's failure.
func (r *runner) collect(v *view) (results []collector.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			results, err = nil, collector.PanicError(p)
		}
	}()
	return r.Collector.Collect(r.engine.ctx, v.parts.previous)
}

// body returns the body of parts: each family one group, whichever parts it
// comes from.
func (r *runner) body(parts parts) *exposition.Body {
	return exposition.NewBody(func(w *exposition.Writer) {
		for i, d := range r.descs {
			w.Family(d)
			for _, p := range parts {
				p.value.Write(i, w)
			}
		}
	})
}

// encodeAhead makes what scrapers have asked for lately, so that none of them
// has to.
func (r *runner) encodeAhead(b *exposition.Body, now time.Time) {
	for _, encoding := range r.engine.wanted.recent(now) {
		if _, err := b.Piece(encoding); err != nil {
			r.log.Error("Encoding a snapshot failed", "err", err) // the scrape that asks reports it too
		}
	}
}

// current returns the view as of now: without parts that have grown too old.
func (r *runner) current(now time.Time) *view {
	v := r.view.Load()
	if v.expires.IsZero() || now.Before(v.expires) {
		return v
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v = r.view.Load()
	if v.expires.IsZero() || now.Before(v.expires) {
		return v
	}
	young := v.without(now, r.MaxAge)
	young.body = r.body(young.parts)
	r.view.Store(young)
	return young
}

// report logs what failed: each new failure as a warning, one that goes on at
// debug level.
func (r *runner) report(old, v *view, results []collector.Result, err error) {
	said := map[string]string{}
	say := func(message, part string, err error) {
		text := inWords(err)
		level := slog.LevelWarn
		if r.said[part] == text {
			level = slog.LevelDebug
		}
		said[part] = text
		attributes := []any{"duration", v.duration, "err", r.explain(err)}
		if part != "" {
			attributes = append([]any{"part", part}, attributes...)
		}
		r.log.Log(context.Background(), level, message, attributes...)
	}
	if err != nil {
		say("Refresh failed", "", err)
	}
	for _, result := range results {
		switch {
		case result.Err == nil:
		case result.Forbidden():
			say("The login may not read this account", result.Key, result.Err)
		default:
			say("Refresh of a part failed", result.Key, result.Err)
		}
	}
	r.said = said
	if v.success && !old.success && old.attempts > 0 {
		r.log.Info("Refresh works again", "duration", v.duration)
	}
}

// explain names the flag that switches a collector off when the portal no longer
// has its endpoint.
func (r *runner) explain(err error) error {
	if errors.Is(err, portal.ErrNotFound) {
		return fmt.Errorf("%w; if the portal no longer has this endpoint, switch it off with --no-collector.%s", err, r.name())
	}
	return err
}

// retryAfterMost bounds what the portal may ask for.
const retryAfterMost = time.Hour

// retryAfter returns how long the portal wants to be left alone, 0 when some
// part was answered.
func retryAfter(results []collector.Result, err error) time.Duration {
	pause := pauseOf(err)
	for _, r := range results {
		if r.Err == nil {
			return 0
		}
		pause = max(pause, pauseOf(r.Err))
	}
	return min(pause, retryAfterMost)
}

func pauseOf(err error) time.Duration {
	var answer *portal.Error
	if errors.As(err, &answer) {
		return answer.RetryAfter
	}
	return 0
}

// inWords is an error for the status page: one line.
func inWords(err error) string {
	if err == nil || errors.Is(err, context.Canceled) {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
