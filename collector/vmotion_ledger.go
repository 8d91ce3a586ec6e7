package collector

import (
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

// count takes one answer of the portal.
func (l *vmotionLedger) count(events []portal.VMotionEvent, perVM bool, now time.Time) {
	if !l.LastPoll.IsZero() {
		if gap := now.Sub(l.LastPoll) - vmotionWindow; gap > 0 {
			l.Gap += int64(gap)
		}
	}
	l.LastPoll = now

	counted := map[vmotionEvent]vmotionSeen{}
	for _, c := range l.Counted {
		counted[c.vmotionEvent] = c
	}
	listed := map[vmotionEvent]int{}
	for _, e := range events {
		id := vmotionEvent{e.CreatedText, e.ServiceID, e.UserName, e.VirtualMachine, e.VDCName, e.VAppName}
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
		if now.Sub(c.Seen) < vmotionMemory {
			l.Counted = append(l.Counted, c)
		}
	}
	slices.SortFunc(l.Counted, func(a, b vmotionSeen) int { return a.compare(b.vmotionEvent) })
}

// add counts one event.
func (l *vmotionLedger) add(e portal.VMotionEvent, perVM bool) {
	key := vmotionKey{VDC: e.VDCName, User: e.UserName}
	if perVM {
		key.VM = e.VirtualMachine
	}
	i, found := slices.BinarySearchFunc(l.Totals, key, func(t vmotionTotal, k vmotionKey) int {
		return t.compare(k)
	})
	if !found {
		l.Totals = slices.Insert(l.Totals, i, vmotionTotal{vmotionKey: key})
	}
	l.Totals[i].Events++
	if !e.Created.Valid {
		return
	}
	i, found = slices.BinarySearchFunc(l.Newest, e.VDCName, func(n vmotionNewest, vdc string) int {
		return strings.Compare(n.VDC, vdc)
	})
	if !found {
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
