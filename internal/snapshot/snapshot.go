package snapshot

import (
	"slices"
	"time"

	"ukcloud_exporter/collector"
)

// snapshot is all that is known of a collector at one moment. It is immutable.
type snapshot struct {
	parts     heldParts
	body      *body
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

// HeldPart is a part and when the portal gave or confirmed it.
type HeldPart struct {
	Key     string
	Part    *collector.Part
	At      time.Time
	adopted bool // made under an earlier configuration, or by an earlier process
	foreign bool // and with settings that give other data
}

// end is when the part disappears.
func (p HeldPart) end(maxAge time.Duration) time.Time {
	end := p.At.Add(maxAge)
	if kept, ok := p.Part.Data.(*keptData); ok && !kept.until.IsZero() && kept.until.Before(end) {
		return kept.until
	}
	return end
}

// heldParts are in the order in which the collector gave them.
type heldParts []HeldPart

func (p heldParts) find(key string) (HeldPart, bool) {
	i := slices.IndexFunc(p, func(h HeldPart) bool { return h.Key == key })
	if i < 0 {
		return HeldPart{}, false
	}
	return p[i], true
}

// previous is what the collector may build on.
func (p heldParts) previous(key string) *collector.Part {
	if h, ok := p.find(key); ok && !h.adopted {
		return h.Part
	}
	return nil
}

func (p heldParts) parts() []*collector.Part {
	parts := make([]*collector.Part, len(p))
	for i := range p {
		parts[i] = p[i].Part
	}
	return parts
}

// after returns the snapshot after a refresh that began at started and ended at now.
// The body is the old one.
func (s *snapshot) after(results []collector.Result, err error, started, now time.Time, maxAge time.Duration) *snapshot {
	next := &snapshot{
		body: s.body, asOf: s.asOf, forbidden: s.forbidden,
		attempts: s.attempts + 1, failures: s.failures + 1, lastAttempt: now, lastSuccess: s.lastSuccess, duration: now.Sub(started),
	}
	if err != nil {
		next.lastError = inWords(err)
		next.hold(s.parts, now, maxAge)
		return next
	}
	var held heldParts
	good, failed := 0, 0
	next.forbidden = nil
	for _, r := range results {
		if p, ok := s.place(r, started, now); ok {
			held = append(held, p)
		}
		switch {
		case r.Err == nil:
			good++
			continue
		case r.Forbidden():
			next.forbidden = append(next.forbidden, r.Account)
		default:
			failed++
		}
		next.lastError = inWords(r.Err)
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

// place returns what is held of a result's part, if anything is. One that was
// published since started keeps its time.
func (s *snapshot) place(r collector.Result, started, now time.Time) (HeldPart, bool) {
	last, held := s.parts.find(r.Key)
	switch {
	case r.Err != nil:
		if r.Part != nil { // hold this instead, still as old as it was
			last.Part, last.adopted, last.foreign = r.Part, false, false
		}
		return last, held
	case held && last.Part == r.Part && !last.adopted && last.At.After(started):
		return last, true
	}
	return HeldPart{Key: r.Key, Part: r.Part, At: now}, true
}

// with returns the snapshot with the results that a round has so far. The others are
// held, and nothing is said of the round. The body is the old one.
func (s *snapshot) with(results []collector.Result, started, now time.Time, maxAge time.Duration) *snapshot {
	next := *s
	parts := slices.Clone(s.parts)
	for _, r := range results {
		parts = slices.DeleteFunc(parts, func(p HeldPart) bool { return slices.Contains(r.Instead, p.Key) })
		p, ok := s.place(r, started, now)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(parts, func(p HeldPart) bool { return p.Key == r.Key }); i >= 0 {
			parts[i] = p
		} else {
			parts = append(parts, p)
		}
	}
	next.hold(parts, now, maxAge)
	return &next
}

// overdue returns the snapshot of a collector whose round does not end.
func (s *snapshot) overdue(reason string) *snapshot {
	next := *s
	next.success, next.lastError = false, reason
	return &next
}

// hold keeps those of the parts that are young enough.
func (s *snapshot) hold(all heldParts, now time.Time, maxAge time.Duration) {
	s.parts, s.expires = nil, time.Time{}
	for _, p := range all {
		end := p.end(maxAge)
		if !now.Before(end) {
			continue
		}
		s.parts = append(s.parts, p)
		if s.expires.IsZero() || end.Before(s.expires) {
			s.expires = end
		}
	}
}

// without returns the snapshot without the parts that are too old. Its body is that
// of the old snapshot.
func (s *snapshot) without(now time.Time, maxAge time.Duration) *snapshot {
	next := *s
	next.hold(s.parts, now, maxAge)
	return &next
}

// expired reports whether a part has grown too old.
func (s *snapshot) expired(now time.Time) bool { return !s.expires.IsZero() && !now.Before(s.expires) }

// unknown adds up the unknown values of the parts.
func (s *snapshot) unknown() map[string]int {
	sum := map[string]int{}
	for _, p := range s.parts {
		for field, n := range p.Part.Unknown {
			sum[field] += n
		}
	}
	return sum
}
