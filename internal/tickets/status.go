package tickets

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Status is what the status page shows of the bridge.
type Status struct {
	DryRun  bool
	Tickets []TicketStatus // what waits and what is open, the oldest first; and what has ended lately
	Paused  time.Time      // no call is made before then; zero is no pause
	Error   string         // why it is paused
	Covered int            // groups of alerts that the collective ticket stands for
}

// TicketStatus is the ticket of one group of alerts.
type TicketStatus struct {
	Group   string // its labels
	ID      string // "" while there is none
	State   State  // "" when it has ended
	Opened  time.Time
	Firing  int       // alerts
	Waiting time.Time // since when a change waits; zero is none
	Next    time.Time // when it is tried again, where the last attempt failed
	Error   string    // of the last attempt
}

// Status returns how things stand.
func (b *Bridge) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Status{DryRun: b.Settings.DryRun, Error: b.pause.err}
	if b.pause.until.After(time.Now()) {
		s.Paused = b.pause.until
	}
	for _, g := range b.groups {
		if !g.Covered.IsZero() {
			s.Covered++
			continue
		}
		if g.Ticket == nil && g.idle() {
			continue
		}
		s.Tickets = append(s.Tickets, g.status())
	}
	slices.SortFunc(s.Tickets, func(a, b TicketStatus) int {
		if (a.State == over) != (b.State == over) {
			if a.State == over {
				return 1
			}
			return -1
		}
		if c := a.Opened.Compare(b.Opened); c != 0 {
			return c
		}
		return strings.Compare(a.Group, b.Group)
	})
	return s
}

func (g *group) status() TicketStatus {
	t := TicketStatus{Group: g.name(), State: g.state(), Waiting: g.Waiting, Error: g.lastError}
	for _, a := range g.Alerts {
		if a.Firing {
			t.Firing++
		}
	}
	if g.Ticket != nil {
		t.ID, t.Opened = g.Ticket.ID, g.Ticket.Opened
	}
	if g.lastError != "" {
		t.Next = g.notBefore
	}
	return t
}

// name is the group for people: its labels.
func (g *group) name() string {
	if g.Key == collectiveKey {
		return "groups beyond max_new_per_hour"
	}
	labels := g.Labels
	if len(labels) == 0 && len(g.Alerts) > 0 {
		labels = map[string]string{"alertname": g.Alerts[0].Labels["alertname"]}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, oneLine(name, 50)+"="+oneLine(labels[name], 100))
	}
	return cut(strings.Join(parts, " "), 300)
}
