package snapshot

import (
	"slices"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// view is all that is known of a collector at one moment. It is immutable.
type view struct {
	parts     parts
	body      *exposition.Body
	forbidden []string  // accounts that the portal refuses, sorted
	asOf      time.Time // start of the refresh that the snapshot is from; zero when there is none
	expires   time.Time // when the oldest part disappears; zero when there is none

	attempts    int
	failures    int // in a row
	success     bool
	lastError   string
	lastAttempt time.Time
	lastSuccess time.Time
	duration    time.Duration // of the last attempt
}

// parts are in the order in which the collector gave them.
type parts []heldPart

// heldPart is a part and when the portal gave or confirmed it.
type heldPart struct {
	key     string
	value   collector.Part
	at      time.Time
	adopted bool // made under an earlier configuration
}

func (p parts) find(key string) (heldPart, bool) {
	i := slices.IndexFunc(p, func(h heldPart) bool { return h.key == key })
	if i < 0 {
		return heldPart{}, false
	}
	return p[i], true
}

// previous is what the collector may build on.
func (p parts) previous(key string) collector.Part {
	if h, ok := p.find(key); ok && !h.adopted {
		return h.value
	}
	return nil
}

func (p parts) values() []collector.Part {
	values := make([]collector.Part, len(p))
	for i := range p {
		values[i] = p[i].value
	}
	return values
}

// after returns the view after a refresh that began at started and ended at now.
// The body is the old one.
func (v *view) after(results []collector.Result, err error, started, now time.Time, maxAge time.Duration) *view {
	next := &view{
		body: v.body, asOf: v.asOf, forbidden: v.forbidden,
		attempts: v.attempts + 1, failures: v.failures + 1, lastAttempt: now, lastSuccess: v.lastSuccess, duration: now.Sub(started),
	}
	if err != nil {
		next.lastError = inWords(err)
		next.hold(v.parts, now, maxAge)
		return next
	}
	var held parts
	good, failed := 0, 0
	next.forbidden = nil
	for _, r := range results {
		switch {
		case r.Err == nil:
			good++
			held = append(held, heldPart{key: r.Key, value: r.Part, at: now})
			continue
		case r.Forbidden():
			next.forbidden = append(next.forbidden, r.Account)
		default:
			failed++
		}
		next.lastError = inWords(r.Err)
		if last, ok := v.parts.find(r.Key); ok {
			if r.Part != nil { // hold this instead, still as old as it was
				last.value, last.adopted = r.Part, false
			}
			held = append(held, last)
		}
	}
	slices.Sort(next.forbidden)
	next.forbidden = slices.Compact(next.forbidden)
	next.hold(held, now, maxAge)
	next.success = failed == 0 && (good > 0 || len(next.forbidden) == 0)
	if next.success {
		next.lastSuccess, next.asOf, next.failures = now, started, 0
	}
	return next
}

// hold keeps those of the parts that are young enough.
func (v *view) hold(all parts, now time.Time, maxAge time.Duration) {
	v.parts, v.expires = nil, time.Time{}
	for _, p := range all {
		end := p.at.Add(maxAge)
		if !now.Before(end) {
			continue
		}
		v.parts = append(v.parts, p)
		if v.expires.IsZero() || end.Before(v.expires) {
			v.expires = end
		}
	}
}

// without returns the view without the parts that are too old. Its body is that
// of the old view.
func (v *view) without(now time.Time, maxAge time.Duration) *view {
	next := *v
	next.hold(v.parts, now, maxAge)
	return &next
}

// unknown adds up the unknown values of the parts.
func (v *view) unknown() map[string]int {
	sum := map[string]int{}
	for _, p := range v.parts {
		for field, n := range p.value.Unknown() {
			sum[field] += n
		}
	}
	return sum
}
