package tickets

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStatus: what waits and what is open stands first, the oldest before the others, and
// what has ended behind; what has no ticket and waits for none is left out.
func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(d time.Duration) time.Time { return noon.Add(d) }
		named := func(name string, g group) group { g.Labels = map[string]string{"n": name}; return g }
		fires := func(n int) (list []alert) {
			for range n {
				list = append(list, told(firingSince("a", noon)))
			}
			return append(list, told(endedAt(firingSince("b", noon), noon)))
		}
		b := &Bridge{Options: Options{Settings: settings()}, groups: map[string]*group{}}
		for _, g := range []group{
			named("ended-late", group{Ticket: &ticket{ID: "INC5", Opened: at(5), Ended: at(6)}}),
			named("ended-early", group{Ticket: &ticket{ID: "INC1", Opened: at(1), Ended: at(2)}}),
			named("open-late", group{Ticket: &ticket{ID: "INC4", Opened: at(4)}, Alerts: fires(2)}),
			named("open-early-b", group{Ticket: &ticket{ID: "INC3", Opened: at(3)}}),
			named("open-early-a", group{Ticket: &ticket{ID: "INC2", Opened: at(3)}, Alerts: fires(1)}),
			named("waits", group{Waiting: at(9), failed: true, lastError: "refused", notBefore: at(99)}),
			named("waits-b", group{Waiting: at(9), notBefore: at(99)}),
			named("nothing", group{}),
			named("covered", group{Covered: at(1), Waiting: at(1)}),
			named("covered-too", group{Covered: at(1)}),
		} {
			g.Key = g.Labels["n"]
			b.groups[g.Key] = &g
		}
		for range 10 { // in whatever order they are kept
			s := b.Status()
			var names []string
			for _, ticket := range s.Tickets {
				names = append(names, strings.TrimPrefix(ticket.Group, "n="))
			}
			const want = "waits waits-b open-early-a open-early-b open-late ended-early ended-late"
			if got := strings.Join(names, " "); got != want || s.Covered != 2 {
				t.Fatalf("%s, %d covered, want %s", got, s.Covered, want)
			}
			if waits := s.Tickets[0]; waits.State != Failed || !waits.Next.Equal(at(99)) || waits.Error != "refused" || !waits.Waiting.Equal(at(9)) || waits.ID != "" {
				t.Errorf("%+v", waits)
			}
			if waits := s.Tickets[1]; waits.State != Waiting || !waits.Next.IsZero() {
				t.Errorf("%+v", waits)
			}
			if open := s.Tickets[4]; open.State != Open || open.Firing != 2 || open.ID != "INC4" || !open.Opened.Equal(at(4)) {
				t.Errorf("%+v", open)
			}
			counts, oldest := b.counts()
			if counts[Open] != 3 || counts[Waiting] != 2 || counts[Failed] != 1 || !oldest.Equal(at(1)) {
				t.Errorf("%v, the oldest waits since %s", counts, oldest)
			}
		}
	})
}

func TestStatusOfAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Bridge{pause: pause{until: time.Now().Add(time.Minute), err: "no answer"}}
		if s := b.Status(); !s.Paused.Equal(time.Now().Add(time.Minute)) || s.Error != "no answer" {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		if s := b.Status(); !s.Paused.IsZero() {
			t.Errorf("after it: %+v", s)
		}
	})
}

// TestName: a group is called by its labels, or by its alerts where it has none.
func TestName(t *testing.T) {
	a := firingSince("a", noon)
	a.Labels = map[string]string{"alertname": "Down", "vm": "x"}
	tests := []struct {
		name  string
		group group
		want  string
	}{
		{"labels", group{Labels: map[string]string{"b": "2", "a": "1"}, Alerts: []alert{a}}, "a=1 b=2"},
		{"alerts", group{Alerts: []alert{a}}, "alertname=Down"},
		{"nothing", group{}, ""},
		{"collective", group{Key: collectiveKey, Alerts: []alert{a}}, "groups beyond max_new_per_hour"},
	}
	for _, test := range tests {
		if got := test.group.name(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
