package collector

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

// vmotionWindow is how far back the portal lists events.
const vmotionWindow = 12 * time.Hour

// vmotionMemory is how long an event that the portal no longer lists is
// remembered: a little longer than the window, so that an answer that leaves an
// event out once does not make it count twice.
const vmotionMemory = vmotionWindow + time.Hour

// vmotionLedger is what has been counted in one account. It is kept in State.
type vmotionLedger struct {
	// Since is from when on events have been counted: the window before the first
	// poll. It is zero in a state that was kept before there was this field.
	Since    time.Time       `json:"since,omitzero"`
	LastPoll time.Time       `json:"last_poll"`
	Gap      int64           `json:"gap_nanoseconds"`
	Totals   []vmotionTotal  `json:"totals"`
	Newest   []vmotionNewest `json:"newest"`
	Counted  []vmotionSeen   `json:"counted"`
}

type vmotionKey struct {
	VDC  string `json:"vdc_name"`
	User string `json:"user_name"`
	VM   string `json:"virtual_machine,omitempty"` // with per_vm only
}

type vmotionTotal struct {
	vmotionKey
	Events int64 `json:"events"`
}

type vmotionNewest struct {
	VDC string    `json:"vdc_name"`
	At  time.Time `json:"at"`
}

// vmotionSeen is an event that has been counted, and how often. An event has no
// id, names are cut at 32 characters, and two VMs can look the same: only the
// number of equal events tells a new one from an old one.
type vmotionSeen struct {
	vmotionEvent
	Times int       `json:"times"`
	Seen  time.Time `json:"seen"` // when the portal last listed it
}

// vmotionEvent is an event by all of its fields.
type vmotionEvent struct {
	Created string `json:"event_created_time"`
	Service string `json:"service_id"`
	User    string `json:"user_name"`
	VM      string `json:"virtual_machine"`
	VDC     string `json:"vdc_name"`
	VApp    string `json:"vapp_name"`
}

// Bounds of a ledger, so that no flood of events or names lives on in it.
const (
	maxVMotionTotals = 1000   // series of an account; with per_vm twenty times that
	maxVMotionVDCs   = 1000   // whose newest event is known
	maxVMotionEvents = 50_000 // that are remembered
)

// count takes one answer of the portal and returns how many of its events it left out,
// because more came than can be remembered. Where the clock is not sure, nothing is
// counted or forgotten by it.
func (l *vmotionLedger) count(events []portal.VMotionEvent, perVM bool, now time.Time, sure bool) (left int) {
	if sure {
		if l.LastPoll.IsZero() {
			l.Since = now.Add(-vmotionWindow)
		}
		if gap := now.Sub(l.LastPoll) - vmotionWindow; gap > 0 && !l.LastPoll.IsZero() {
			l.Gap += int64(gap)
		}
		l.LastPoll = now
	}
	l.fold(perVM)

	counted := map[vmotionEvent]vmotionSeen{}
	for _, c := range l.Counted {
		counted[c.vmotionEvent] = c
	}
	listed := map[vmotionEvent]int{}
	for _, e := range events {
		id := vmotionEvent{e.CreatedText, e.ServiceID, e.UserName, e.VirtualMachine, e.VDCName, e.VAppName}
		if _, known := counted[id]; !known {
			if len(counted) >= maxVMotionEvents {
				left++
				continue
			}
			counted[id] = vmotionSeen{id, 0, now}
		}
		listed[id]++
		if listed[id] > counted[id].Times {
			l.add(e, perVM)
		}
	}
	for id, times := range listed {
		counted[id] = vmotionSeen{id, max(times, counted[id].Times), now}
	}
	l.Counted = l.Counted[:0:0]
	for _, c := range counted {
		if sure && c.Seen.After(now) { // noted by a clock that was wrong
			c.Seen = now
		}
		if !sure || now.Sub(c.Seen) < vmotionMemory {
			l.Counted = append(l.Counted, c)
		}
	}
	slices.SortFunc(l.Counted, func(a, b vmotionSeen) int { return a.compare(b.vmotionEvent) })
	return left
}

// otherVMotion is what events of VDCs and users beyond the bound are counted under.
func otherVMotion(perVM bool) vmotionKey {
	key := vmotionKey{VDC: otherValue, User: otherValue}
	if perVM {
		key.VM = otherValue
	}
	return key
}

func vmotionLimit(perVM bool) int {
	if perVM {
		return 20 * maxVMotionTotals
	}
	return maxVMotionTotals
}

// fold brings a ledger of before there were bounds within them. The greatest totals
// stay.
func (l *vmotionLedger) fold(perVM bool) {
	if len(l.Newest) > maxVMotionVDCs {
		slices.SortFunc(l.Newest, func(a, b vmotionNewest) int { return b.At.Compare(a.At) })
		l.Newest = slices.Clip(l.Newest[:maxVMotionVDCs])
		slices.SortFunc(l.Newest, func(a, b vmotionNewest) int { return strings.Compare(a.VDC, b.VDC) })
	}
	limit := vmotionLimit(perVM)
	if len(l.Totals) <= limit+1 {
		return
	}
	slices.SortStableFunc(l.Totals, func(a, b vmotionTotal) int { return cmp.Compare(b.Events, a.Events) })
	rest := l.Totals[limit:]
	l.Totals = slices.Clone(l.Totals[:limit])
	slices.SortFunc(l.Totals, func(a, b vmotionTotal) int { return a.compare(b.vmotionKey) })
	for _, t := range rest {
		l.addTo(otherVMotion(perVM), t.Events)
	}
}

// addTo adds to the total of a key.
func (l *vmotionLedger) addTo(key vmotionKey, events int64) {
	at, found := slices.BinarySearchFunc(l.Totals, key, func(t vmotionTotal, k vmotionKey) int {
		return t.compare(k)
	})
	if !found {
		l.Totals = slices.Insert(l.Totals, at, vmotionTotal{vmotionKey: key})
	}
	l.Totals[at].Events += events
}

// has reports whether a key has a total.
func (l *vmotionLedger) has(key vmotionKey) bool {
	_, found := slices.BinarySearchFunc(l.Totals, key, func(t vmotionTotal, k vmotionKey) int { return t.compare(k) })
	return found
}

// add counts one event.
func (l *vmotionLedger) add(e portal.VMotionEvent, perVM bool) {
	key := vmotionKey{VDC: e.VDCName, User: e.UserName}
	if perVM {
		key.VM = e.VirtualMachine
	}
	if len(l.Totals) >= vmotionLimit(perVM) && !l.has(key) {
		key = otherVMotion(perVM)
	}
	l.addTo(key, 1)
	if !e.Created.Valid {
		return
	}
	i, found := slices.BinarySearchFunc(l.Newest, e.VDCName, func(n vmotionNewest, vdc string) int {
		return strings.Compare(n.VDC, vdc)
	})
	if !found {
		if len(l.Newest) >= maxVMotionVDCs {
			return
		}
		l.Newest = slices.Insert(l.Newest, i, vmotionNewest{VDC: e.VDCName})
	}
	if e.Created.Value.After(l.Newest[i].At) {
		l.Newest[i].At = e.Created.Value
	}
}

func (k vmotionKey) compare(o vmotionKey) int {
	return slices.Compare([]string{k.VDC, k.User, k.VM}, []string{o.VDC, o.User, o.VM})
}

func (e vmotionEvent) compare(o vmotionEvent) int {
	return slices.Compare(
		[]string{e.Created, e.Service, e.User, e.VM, e.VDC, e.VApp},
		[]string{o.Created, o.Service, o.User, o.VM, o.VDC, o.VApp})
}
