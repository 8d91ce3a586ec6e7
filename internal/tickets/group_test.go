package tickets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// firingSince is an alert that the ticket does not speak of yet.
func firingSince(fingerprint string, at time.Time) alert {
	return alert{Fingerprint: fingerprint, Firing: true, StartsAt: at, Since: at}
}

// told is an alert of which the ticket has said that it fires.
func told(a alert) alert { a.Told = true; return a }

// endedAt is an alert that is resolved.
func endedAt(a alert, at time.Time) alert { a.Firing, a.EndsAt, a.Since = false, at, at; return a }

// TestNext: what is to be done for a group, by its alerts and its ticket.
func TestNext(t *testing.T) {
	s := settings()
	untold := []alert{firingSince("a", noon)}
	firing := []alert{told(untold[0])}
	resolved := []alert{endedAt(firing[0], noon)}
	open := &ticket{Opened: noon}
	said := &ticket{Opened: noon, SaidResolved: true}
	ended := func(ago time.Duration) *ticket { return &ticket{SaidResolved: true, Ended: noon.Add(-ago)} }
	tests := []struct {
		name  string
		group group
		close bool
		want  kind
	}{
		{"nothing heard", group{}, true, nothing},
		{"new", group{Alerts: untold}, true, create},
		{"new, but another ticket speaks for it", group{Alerts: untold, Covered: noon}, true, nothing},
		{"more", group{Alerts: untold, Ticket: open}, true, tell},
		{"again within the time", group{Alerts: untold, Ticket: ended(s.ReopenWithin)}, true, tell},
		{"again later", group{Alerts: untold, Ticket: ended(s.ReopenWithin + 1)}, true, create},
		{"told, ended long ago", group{Alerts: firing, Ticket: ended(1000 * time.Hour)}, true, nothing},
		{"told, fires", group{Alerts: firing, Ticket: open}, true, nothing},
		{"over before it had a ticket", group{Alerts: resolved}, true, nothing},
		{"resolved", group{Alerts: resolved, Ticket: open}, true, tellBetter},
		{"resolved and said", group{Alerts: resolved, Ticket: said}, true, closing},
		{"resolved and said, not to be closed", group{Alerts: resolved, Ticket: said}, false, nothing},
		{"resolved and ended", group{Alerts: resolved, Ticket: ended(0)}, true, nothing},
	}
	for _, test := range tests {
		s.Close = test.close
		if got := test.group.next(noon, s); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestHear: what one more webhook changes of an alert that is known.
func TestHear(t *testing.T) {
	const d = 10 * time.Minute
	fires := told(firingSince("a", noon))
	ended := endedAt(fires, noon.Add(d))
	tests := []struct {
		name               string
		known              alert
		heard              []alert
		after              time.Duration // noon
		resolved, complete bool
		firing, told       bool
	}{
		{"a repeat", fires, []alert{firingSince("a", noon)}, d, false, true, true, true},
		{"resolved", fires, []alert{endedAt(fires, noon.Add(d))}, d, true, true, false, true},
		{"resolved as soon as it fired", fires, []alert{endedAt(fires, noon)}, d, true, true, false, true},
		{"resolved before it fired", fires, []alert{endedAt(fires, noon.Add(-1))}, d, true, true, true, true},
		{"again", ended, []alert{firingSince("a", noon.Add(2*d))}, 2 * d, false, true, true, false},
		{"again at its end", ended, []alert{firingSince("a", noon.Add(d))}, d + 1, false, true, true, false},
		{"again at once, by an older time", ended, []alert{firingSince("a", noon.Add(d-1))}, d + retryWindow - 1, false, true, false, true},
		{"again later, by an older time", ended, []alert{firingSince("a", noon.Add(d-1))}, d + retryWindow, false, true, true, false},
		{"forgotten by Alertmanager", fires, nil, retryWindow, true, true, false, true},
		{"left out just after another said that it fires", fires, nil, retryWindow - 1, true, true, true, true},
		{"left out of what fires", fires, nil, d, false, true, true, true},
		{"left out of a list that was cut", fires, nil, d, true, false, true, true},
		{"left out, and over already", ended, nil, d + retryWindow, true, true, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := &group{Alerts: []alert{test.known}, Changed: noon}
			now := noon.Add(test.after)
			g.hear(now, test.heard, test.resolved, test.complete)
			got := g.Alerts[0]
			if len(g.Alerts) != 1 || got.Firing != test.firing || got.Told != test.told {
				t.Errorf("fires %v, told %v, want %v, %v", got.Firing, got.Told, test.firing, test.told)
			}
			news := test.firing != test.known.Firing
			if g.Changed.Equal(now) != news {
				t.Errorf("changed at %s", g.Changed)
			}
			if news && test.heard == nil && !got.EndsAt.Equal(now) {
				t.Errorf("it ended at %s", got.EndsAt)
			}
		})
	}
}

// TestHearCovered: a group for which the collective ticket stands stays so while it
// fires, whatever is added, and gets a ticket of its own when it comes back.
func TestHearCovered(t *testing.T) {
	a := firingSince("a", noon)
	g := &group{Alerts: []alert{told(a)}, Covered: noon}
	step := func(what string, covered bool, untold int, heard ...alert) {
		t.Helper()
		g.hear(heard[0].Since, heard, !heard[0].Firing, true)
		if g.Covered.IsZero() == covered || len(g.untold()) != untold {
			t.Errorf("%s: covered %v, %d untold", what, !g.Covered.IsZero(), len(g.untold()))
		}
	}
	step("a repeat", true, 0, a)
	step("one more", true, 0, firingSince("b", noon.Add(time.Minute)))
	step("one over", true, 0, endedAt(a, noon.Add(time.Hour)))
	step("the other over", true, 0, endedAt(firingSince("b", noon.Add(time.Minute)), noon.Add(2*time.Hour)))
	step("back", false, 1, firingSince("b", noon.Add(3*time.Hour)))
}

// TestForget: alerts that are over are remembered for a day, and those that fire or are
// not told for ever.
func TestForget(t *testing.T) {
	over := told(endedAt(firingSince("a", noon), noon))
	tests := []struct {
		name  string
		alert alert
		after time.Duration
		keep  bool
	}{
		{"over for a day", over, forgetAfter, true},
		{"over for longer", over, forgetAfter + 1, false},
		{"fires for longer", told(firingSince("a", noon)), forgetAfter + 1, true},
		{"over and not told", endedAt(firingSince("a", noon), noon), forgetAfter + 1, true},
	}
	for _, test := range tests {
		g := &group{Alerts: []alert{test.alert}}
		g.forget(noon.Add(test.after))
		if (len(g.Alerts) == 1) != test.keep {
			t.Errorf("%s: %d are kept", test.name, len(g.Alerts))
		}
	}
}

// TestOver: when nothing is left to be done for a group, and its ticket will not be opened
// again.
func TestOver(t *testing.T) {
	ended := &ticket{Ended: noon}
	resolved := []alert{told(endedAt(firingSince("a", noon), noon))}
	tests := []struct {
		name   string
		group  group
		within time.Duration
		after  time.Duration
		want   bool
	}{
		{"within the time", group{Ticket: ended, Alerts: resolved}, 24 * time.Hour, 24 * time.Hour, false},
		{"later", group{Ticket: ended, Alerts: resolved}, 24 * time.Hour, 24*time.Hour + 1, true},
		{"no time: within the hour that the brake counts", group{Ticket: ended}, 0, time.Hour, false},
		{"no time: later", group{Ticket: ended}, 0, time.Hour + 1, true},
		{"without a ticket", group{Alerts: resolved}, 0, 2 * time.Hour, true},
		{"open", group{Ticket: &ticket{}, Alerts: resolved}, 0, 2 * time.Hour, false},
		{"fires", group{Ticket: ended, Alerts: []alert{told(firingSince("a", noon))}}, 0, 2 * time.Hour, false},
		{"fires without a ticket", group{Alerts: []alert{told(firingSince("a", noon))}}, 0, 2 * time.Hour, false},
		{"waits", group{Ticket: ended, Waiting: noon}, 0, 2 * time.Hour, false},
	}
	for _, test := range tests {
		test.group.Changed = noon
		if got := test.group.over(noon.Add(test.after), Settings{ReopenWithin: test.within}); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestBegin: a ticket's mark comes from the first alert that it is about, and is another
// one than that of the ticket before.
func TestBegin(t *testing.T) {
	early, late := firingSince("a", noon), firingSince("b", noon.Add(time.Hour))
	tests := []struct {
		name  string
		group group
		want  time.Time
	}{
		{"the first", group{Alerts: []alert{late, early}}, noon},
		{"the first, in order", group{Alerts: []alert{early, late}}, noon},
		{"those that are told do not count", group{Alerts: []alert{told(early), late}}, noon.Add(time.Hour)},
		{"begun already", group{Alerts: []alert{early}, Start: noon.Add(time.Minute)}, noon.Add(time.Minute)},
		{"a ticket before", group{Alerts: []alert{late}, Ticket: &ticket{Start: noon}}, noon.Add(time.Hour)},
		{"a ticket of the same beginning", group{Alerts: []alert{early}, Ticket: &ticket{Start: noon}}, noon.Add(1)},
		{"a ticket of a later beginning", group{Alerts: []alert{early}, Ticket: &ticket{Start: noon.Add(time.Hour)}}, noon.Add(time.Hour + 1)},
	}
	for _, test := range tests {
		if test.group.begin(); !test.group.Start.Equal(test.want) {
			t.Errorf("%s: %s, want %s", test.name, test.group.Start, test.want)
		}
	}
}

// TestDoneTells: what a note said is told, and no more: an alert that has come again
// meanwhile is another.
func TestDoneTells(t *testing.T) {
	a, b, c := firingSince("a", noon), firingSince("b", noon), firingSince("c", noon.Add(time.Hour))
	g := &group{Alerts: []alert{a, b, c}, Ticket: &ticket{}, Intent: &intent{}}
	g.done(&intent{Kind: tell, Tells: []telling{{"a", noon}, {"c", noon}}}, noon, "INC1", settings())
	var untold []string
	for _, a := range g.untold() {
		untold = append(untold, a.Fingerprint)
	}
	if got := strings.Join(untold, " "); got != "b c" || g.Ticket.Notes != 1 {
		t.Errorf("untold %s, %d notes", got, g.Ticket.Notes)
	}
}

// TestFree: how many tickets may be opened now: those of the last hour and those that
// have their place count, the collective ticket does not.
func TestFree(t *testing.T) {
	ago := func(d ...time.Duration) (list []time.Time) {
		for _, d := range d {
			list = append(list, noon.Add(-d))
		}
		return list
	}
	tests := []struct {
		name   string
		groups []group
		want   int
	}{
		{"none", nil, 5},
		{"one has its place", []group{{Start: noon}}, 4},
		{"within the hour", []group{{Opened: ago(time.Hour - 1)}}, 4},
		{"an hour ago", []group{{Opened: ago(time.Hour)}}, 5},
		{"several of one group", []group{{Opened: ago(3*time.Hour, time.Minute, 0)}, {Start: noon}}, 2},
		{"the collective ticket", []group{{Key: collectiveKey, Opened: ago(0), Start: noon}, {Start: noon}, {Start: noon}, {Start: noon}}, 2},
		{"more than may be", []group{{Opened: ago(1, 2, 3, 4, 5, 6)}}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := &Bridge{Options: Options{Settings: Settings{MaxNewPerHour: 5}}, groups: map[string]*group{}}
			for i, g := range test.groups {
				if g.Key == "" {
					g.Key = fmt.Sprint(i)
				}
				b.groups[g.Key] = &g
			}
			for range 20 { // in whatever order they come
				if got := b.free(noon); got != test.want {
					t.Fatalf("%d, want %d", got, test.want)
				}
			}
		})
	}
}

// TestCollectiveFrom: the collective ticket waits a minute for the groups that come
// together, and ten between what it says; that all is over it says at once.
func TestCollectiveFrom(t *testing.T) {
	untold, over := []alert{firingSince("a", noon)}, []alert{told(endedAt(firingSince("a", noon), noon))}
	tests := []struct {
		name  string
		group group
		want  time.Time
	}{
		{"a new one", group{Alerts: untold, Waiting: noon}, noon.Add(collectiveWait)},
		{"another after it has ended", group{Alerts: untold, Waiting: noon, Ticket: &ticket{Ended: noon}}, noon.Add(collectiveWait)},
		{"more groups", group{Alerts: untold, Waiting: noon.Add(time.Hour), Ticket: &ticket{SaidAt: noon}}, noon.Add(collectivePause)},
		{"all over", group{Alerts: over, Waiting: noon, Ticket: &ticket{SaidAt: noon}}, time.Time{}},
		{"what was about to be sent", group{Alerts: untold, Waiting: noon, Intent: &intent{}}, time.Time{}},
	}
	for _, test := range tests {
		b := &Bridge{Options: Options{Settings: settings()}}
		if got := b.collectiveFrom(&test.group, noon); !got.Equal(test.want) {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestCollectiveLists: five kinds of alerts and a hundred groups are named.
func TestCollectiveLists(t *testing.T) {
	alerts := func(names ...string) (list Alerts) {
		for _, name := range names {
			list = append(list, Alert{Labels: KV{"alertname": name, "group": "g-" + name}})
		}
		return list
	}
	if got := kinds(alerts("A", "B", "A", "C", "D", "D", "E", "F", "G")); got != "A, B, C, D, E" {
		t.Errorf("kinds %s", got)
	}
	for n, want := range map[int]string{1: "- g-x\n", 100: "- g-x\n", 101: "and 1 more.\n", 250: "and 150 more.\n"} {
		got := groupList(alerts(slices.Repeat([]string{"x"}, n)...))
		lines := strings.Count(got, "\n")
		if wantLines := min(n, 101); lines != wantLines || !strings.HasSuffix(got, want) {
			t.Errorf("%d groups: %d lines, %q at the end", n, lines, got[max(0, len(got)-20):])
		}
	}
}

// TestCollect: a covered group is one alert of the collective ticket, with what is
// known of it, until it is covered no more.
func TestCollect(t *testing.T) {
	a := firingSince("a", noon)
	a.Labels = map[string]string{"alertname": "UKCloudBackupFailed"}
	b := &Bridge{Options: Options{Settings: settings()}, groups: map[string]*group{
		"1": {Key: "1", Covered: noon, Alerts: []alert{told(a)}},
		"2": {Key: "2", Covered: noon}, // its alerts are forgotten
		"3": {Key: "3", Alerts: []alert{a}},
	}}
	collected := func() string {
		var list []string
		if c := b.groups[collectiveKey]; c != nil {
			for _, a := range c.Alerts {
				list = append(list, fmt.Sprintf("%q %v", a.Labels["alertname"], a.Firing))
			}
		}
		slices.Sort(list)
		return strings.Join(list, ", ")
	}
	b.collect(noon)
	// One that was over before it was heard of says nothing, but is known.
	if got := collected(); got != `"" false, "UKCloudBackupFailed" true` {
		t.Errorf("collected %s", got)
	}
	if c := b.groups[collectiveKey]; c.Waiting.IsZero() || len(c.untold()) != 1 {
		t.Errorf("%+v", c)
	}
	b.groups["1"].Covered = time.Time{}
	b.collect(noon.Add(time.Hour))
	if got := collected(); got != `"" false, "UKCloudBackupFailed" false` {
		t.Errorf("collected %s after it had a ticket of its own", got)
	}
	b.groups = map[string]*group{"3": b.groups["3"]}
	if b.collect(noon); b.groups[collectiveKey] != nil {
		t.Error("a collective ticket for nothing")
	}
}
