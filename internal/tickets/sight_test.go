package tickets

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	promtestutil "github.com/prometheus/client_golang/prometheus/testutil"

	"ukcloud_exporter/portal"
)

// lists is a portal that lists tickets and does nothing else.
type lists struct {
	API
	account, user []portal.Ticket
}

func (l lists) MyCalls(_ context.Context, scope string) ([]portal.Ticket, error) {
	if scope == portal.ScopeAccount {
		return l.account, nil
	}
	return l.user, nil
}

// TestLookRemembersTheNewest of the tickets that are listed, whatever their order, as a
// witness that the next list is one.
func TestLookRemembersTheNewest(t *testing.T) {
	ticket := func(id string, submitted time.Time) portal.Ticket {
		t := portal.Ticket{ID: id, Summary: "about " + id}
		if !submitted.IsZero() {
			t.Submitted = portal.Optional[time.Time]{Value: submitted, Valid: true}
		}
		return t
	}
	b := &Bridge{api: lists{
		account: []portal.Ticket{ticket("INC1", noon), ticket("INC3", noon.Add(time.Hour)), ticket("INC2", noon.Add(time.Minute)), ticket("INC0", never)},
		user:    []portal.Ticket{ticket("INC4", noon.Add(time.Second))},
	}}
	seen, err := b.look(t.Context(), "[#ukx-aaaaaaaaaa]", "")
	if err != nil || seen.id != "" || seen.newest != "INC3" || len(seen.listed) != 5 {
		t.Errorf("%+v, %v", seen, err)
	}
}

// TestDoubtful: a list without what was there before, and a ticket without our notes,
// prove nothing.
func TestDoubtful(t *testing.T) {
	update := func(text string) sight { return sight{updates: []portal.TicketUpdate{{Text: text}}} }
	listed := sight{listed: map[string]bool{"INC1": true}}
	tests := []struct {
		name    string
		seen    sight
		notes   int
		pending intent
		want    bool
	}{
		{"nothing is listed", sight{}, 0, intent{Kind: create}, true},
		{"others are listed", listed, 0, intent{Kind: create}, false},
		{"the witness is listed", listed, 0, intent{Kind: create, Witness: "INC1"}, false},
		{"the witness is not listed", listed, 0, intent{Kind: create, Witness: "INC2"}, true},
		{"the first note", sight{}, 0, intent{Kind: tell}, false},
		{"our notes before are there", update("[#ukx-a/1] x"), 1, intent{Kind: tell}, false},
		{"another's note is there", update("[#ukx-b/1] x"), 1, intent{Kind: tell}, true},
		{"no note is there", sight{}, 1, intent{Kind: tellBetter}, true},
		{"closing shows by itself", sight{}, 1, intent{Kind: closing}, false},
	}
	for _, test := range tests {
		g := &group{Ticket: &ticket{Mark: "[#ukx-a]", Notes: test.notes}}
		if got := test.seen.doubtful(g, &test.pending); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func newSilent(t *testing.T, s Settings) *Bridge {
	t.Helper()
	b, err := New(Options{Settings: s, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(), Dir: t.TempDir(), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDecideOnWhatWasPending: while the portal shows nothing, what was asked for is in
// doubt for six hours; where it shows the rest, it was not done.
func TestDecideOnWhatWasPending(t *testing.T) {
	others := sight{listed: map[string]bool{"INC1": true}}
	tests := []struct {
		name  string
		seen  sight
		after time.Duration
		want  error
	}{
		{"in doubt", sight{}, doubtFor - 1, errDoubtful},
		{"in doubt for too long", sight{}, doubtFor, nil},
		{"not done", others, time.Minute, nil},
		{"not done for long", others, 2 * doubtFor, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSilent(t, settings())
				pending := &intent{Kind: create, At: time.Now()}
				g := &group{Key: "a", Alerts: []alert{firingSince("a", time.Now())}, Intent: pending}
				time.Sleep(test.after)
				i, err := b.decide(g, test.seen, pending, true)
				if i != nil || !errors.Is(err, test.want) || (g.Intent == nil) != (test.want == nil) {
					t.Errorf("%+v, %v, pending %v", i, err, g.Intent)
				}
			})
		})
	}
}

// TestDecideOnAClosedTicket: one that somebody else has closed is not closed or noted
// again, nor counted as closed by the bridge; it is opened again for a note.
func TestDecideOnAClosedTicket(t *testing.T) {
	resolved := []alert{told(endedAt(firingSince("a", noon), noon))}
	tests := []struct {
		name   string
		ticket ticket
		alerts []alert
		want   kind
	}{
		{"to be noted as resolved", ticket{}, resolved, nothing},
		{"to be closed", ticket{SaidResolved: true}, resolved, nothing},
		{"more alerts", ticket{}, []alert{firingSince("a", noon)}, reopen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newSilent(t, settings())
			g := &group{Key: "a", Alerts: test.alerts, Ticket: &test.ticket, Waiting: noon}
			i, err := b.decide(g, sight{id: "INC1", ended: true}, nil, false)
			if err != nil || (i == nil) != (test.want == nothing) || i != nil && i.Kind != test.want {
				t.Fatalf("%+v, %v", i, err)
			}
			if ended := !g.Ticket.Ended.IsZero() && g.idle(); ended != (i == nil) {
				t.Errorf("%+v", g.Ticket)
			}
			if n := promtestutil.ToFloat64(b.Metrics.closed); n != 0 {
				t.Errorf("closed_total %v", n)
			}
		})
	}
}
