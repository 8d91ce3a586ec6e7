package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/prometheus/common/model"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

// runner refreshes one collector.
//
// Readers use newest alone, which is replaced and never changed. mu guards the
// rest and is held for bookkeeping only, never while the portal is asked or
// anything is encoded.
type runner struct {
	Member
	cache    *Cache
	log      *slog.Logger
	families []collector.Family
	newest   atomic.Pointer[snapshot]
	wanted   *wanted

	fingerprint []byte // the member's, and of the families
	counts      bool   // some family is a counter
	onDisk      onDisk

	mu        sync.Mutex
	refresh   *refresh  // nil while none runs
	notBefore time.Time // no refresh before: the portal asked for it, or it keeps failing

	said map[string][]string // errors of each part that were logged since it last was good; only the refresh uses it
}

// refresh is one that runs.
type refresh struct {
	done     chan struct{}
	started  time.Time
	expected time.Time // end, by the last duration
}

func newRunner(c *Cache, m Member) *runner {
	r := &runner{Member: m, cache: c, wanted: new(wanted), log: c.log.With("collector", m.Name)}
	layout := sha256.New()
	layout.Write(m.Fingerprint)
	for _, f := range m.Collector.Families() {
		fmt.Fprintf(layout, "%q %s %q\n", f.Name, f.Type, f.Labels)
		r.counts = r.counts || f.Type == collector.Counter
		f.Help = fmt.Sprintf("%s Cached, refreshed at most every %s.", f.Help, model.Duration(m.MinInterval))
		r.families = append(r.families, f)
	}
	r.fingerprint = layout.Sum(nil)
	nothing := r.body(nil)
	nothing.onDisk.Store(true)
	r.newest.Store(&snapshot{body: nothing})
	return r
}

// body returns the body of parts.
func (r *runner) body(parts heldParts) *body {
	return &body{press: &r.cache.press, families: r.families, parts: parts.parts()}
}

// adopt takes the parts of an earlier configuration. They are exposed, but not
// given to the collector, which may be configured otherwise now. foreign says that it
// is.
func (r *runner) adopt(old *snapshot, foreign bool) {
	s := *old
	s.asOf, s.attempts, s.failures = time.Time{}, 0, 0
	s.hold(slices.Clone(old.parts), time.Now(), r.MaxAge)
	for i := range s.parts {
		s.parts[i].adopted = true
		s.parts[i].foreign = s.parts[i].foreign || foreign
	}
	s.body = r.body(s.parts)
	s.body.onDisk.Store(true) // the old cache has written them when it was stopped
	r.newest.Store(&s)
}

// hasAdopted reports whether parts of an earlier configuration of this process are held.
func (r *runner) hasAdopted() bool {
	return slices.ContainsFunc(r.newest.Load().parts, func(p HeldPart) bool { return p.adopted && !p.kept() })
}

// start returns the running refresh, or begins one if the collector is due; nil
// if it is not. How old a snapshot is counts from the start of its refresh: so
// a scrape interval equal to MinInterval refreshes at each scrape, however long
// the portal took.
func (r *runner) start(now time.Time) *refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refresh != nil {
		return r.refresh
	}
	s := r.newest.Load()
	if now.Before(r.notBefore) || now.Sub(s.asOf) < r.MinInterval-slack(r.MinInterval) {
		return nil
	}
	begun := &refresh{done: make(chan struct{}), started: now, expected: now.Add(s.duration)}
	if !r.cache.spawn(func() { r.run(begun) }) {
		return nil
	}
	r.refresh = begun
	return begun
}

// slack lets a scrape that comes a moment early count as on time: scrapers keep
// their interval to a few milliseconds only, and one that is missed doubles the
// age of the data.
func slack(interval time.Duration) time.Duration { return min(interval/20, time.Second) }

// run runs the collector once and publishes what came of it.
func (r *runner) run(running *refresh) {
	held := r.newest.Load()
	early := r.watch(running)
	results, err := r.collect(held, early.add)
	early.stop()
	old := r.newest.Load() // with what was published early
	if r.cache.ctx.Err() != nil && (err != nil || failed(results)) {
		r.publish(old, running, 0) // stopped in the middle: that says nothing of the portal
		return
	}
	s, err := r.digest(old, results, err, running.started)
	r.report(old, s, results, err)
	if r.counts { // before anybody sees it, so that what was seen never falls
		r.keep(s, false)
	}
	r.publish(s, running, max(retryAfter(results, err), r.backoff(s)))
	if !r.counts {
		r.keep(s, false)
	}
}

// digest makes the snapshot that follows on a round, with everything that scrapers
// have asked for lately. Samples that cannot be had of a part are the collector's
// failure too: what was there before stays.
func (r *runner) digest(old *snapshot, results []collector.Result, err error, started time.Time) (s *snapshot, problem error) {
	now := time.Now()
	defer func() {
		if p := recover(); p != nil {
			problem = collector.PanicError(p)
			s = old.after(nil, problem, started, now, r.MaxAge)
		}
	}()
	s = old.after(results, err, started, now, r.MaxAge)
	r.encode(s, old, now)
	return s, err
}

// encode makes the body of s, with everything that scrapers have asked for lately,
// where its parts are not those of old.
func (r *runner) encode(s, old *snapshot, now time.Time) {
	if slices.Equal(s.parts.parts(), old.parts.parts()) {
		return
	}
	s.body = r.body(s.parts)
	if err := s.body.prepare(r.wanted.recent(now, old.body.room())...); err != nil {
		r.log.Error("Encoding a snapshot failed", "err", err) // the scrape that asks reports it too
	}
}

// failed reports whether a part failed.
func failed(results []collector.Result) bool {
	return slices.ContainsFunc(results, func(r collector.Result) bool { return r.Err != nil })
}

// freeRetries is how many failures in a row are followed by a try at the very next
// scrape.
const freeRetries = 3

// backoff is the pause after a failure: none at first, so that what was a moment's
// trouble heals at the next scrape, then doubling up to min_interval, so that an
// endpoint that is gone is not asked at every scrape for ever.
func (r *runner) backoff(s *snapshot) time.Duration {
	if s.failures <= freeRetries {
		return 0
	}
	return min(time.Second<<min(s.failures-freeRetries-1, 20), r.MinInterval)
}

// publish replaces the snapshot and ends the refresh.
func (r *runner) publish(s *snapshot, running *refresh, pause time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.newest.Store(s)
	r.refresh = nil
	r.notBefore = time.Time{}
	if pause > 0 {
		r.notBefore = time.Now().Add(pause)
	}
	close(running.done)
}

// collect runs the collector. A panic is the collector's failure. A round that has
// not ended when its data would be too old anyway is ended.
func (r *runner) collect(old *snapshot, publish func(...collector.Result)) (results []collector.Result, err error) {
	ctx, cancel := context.WithTimeoutCause(r.cache.ctx, r.MaxAge, fmt.Errorf("%w of %s", errRoundTooLong, model.Duration(r.MaxAge)))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			results, err = nil, collector.PanicError(p)
		}
	}()
	return r.Collector.Collect(ctx, old.parts.previous, publish)
}

// current returns the snapshot as of now: without parts that have grown too old.
func (r *runner) current(now time.Time) *snapshot {
	if s := r.newest.Load(); !s.expired(now) {
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.newest.Load()
	if !s.expired(now) {
		return s
	}
	young := s.without(now, r.MaxAge)
	young.body = r.body(young.parts)
	r.newest.Store(young)
	return young
}

// report logs what failed: each new failure as a warning, one that goes on at
// debug level.
func (r *runner) report(old, s *snapshot, results []collector.Result, err error) {
	said := map[string][]string{}
	say := func(message, part string, err error) {
		text := withoutNumbers(inWords(err))
		level := slog.LevelWarn
		before := r.said[part]
		if slices.Contains(before, text) || errors.Is(err, portal.ErrNoSession) { // the login's own error is said once for all
			level = slog.LevelDebug
		}
		if !slices.Contains(before, text) && len(before) < maxSaid {
			before = append(before, text)
		}
		said[part] = before
		attributes := []any{"duration", s.duration, "err", r.explain(err)}
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
	if s.success && !old.success && old.attempts > 0 {
		r.log.Info("Refresh works again", "duration", s.duration)
	}
}

// explain names the flag that switches a collector off when the portal no longer
// has its endpoint.
func (r *runner) explain(err error) error {
	if errors.Is(err, portal.ErrNotFound) {
		return fmt.Errorf("%w; if the portal no longer has this endpoint, switch it off with --no-collector.%s", err, r.Name)
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

// inWords is an error for the status page: one line, with nothing in it that a
// terminal or a page might obey. A call that had no session says only that: why is
// said once, with the session.
func inWords(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if errors.Is(err, portal.ErrNoSession) {
		line = line[max(0, strings.Index(line, portal.ErrNoSession.Error())):]
	}
	return harmless(line)
}

// harmless is a text of the portal's on a page.
func harmless(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}

// maxSaid bounds how many errors of one part are remembered.
const maxSaid = 16

// numbers are ids, and runs of digits with what joins them to a port, time or duration.
var numbers = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})\b|[.:]?[0-9]+(?:[.:][0-9]+)*`)

// withoutNumbers is an error's text without ids, ports, times and counts, so that it is
// known for the same when only these have changed. Three digits that stand alone are
// kept: they may be a status.
func withoutNumbers(text string) string {
	return numbers.ReplaceAllStringFunc(text, func(number string) string {
		if len(number) == 3 && !strings.ContainsAny(number, ".:") {
			return number
		}
		return "#"
	})
}
