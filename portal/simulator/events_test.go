package simulator

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

type listedTicket struct {
	ID                         string `json:"ticket_id"`
	Summary, Submitted, Status string
}

func TestTicketsOpenAndClose(t *testing.T) {
	p := newPortal(t, Options{Accounts: 2})
	history := map[string][]string{}
	kinds := map[string]bool{}
	var before map[string]string
	for hours := 0; hours < 30*24; hours += 6 {
		p.SetNow(at(recorded.Add(time.Duration(hours) * time.Hour)))
		v := visit(t, p)
		var all, mine []listedTicket
		v.into("my_calls?for=account", &all)
		v.into("my_calls?for=user", &mine)
		if len(mine) == 0 || len(mine) >= len(all) {
			t.Fatalf("%d own tickets of %d", len(mine), len(all))
		}
		now := map[string]string{}
		for _, ticket := range all {
			wallClock(t, ticket.Submitted)
			if _, twice := now[ticket.ID]; twice {
				t.Errorf("ticket %s twice", ticket.ID)
			}
			now[ticket.ID] = ticket.Status
			kinds[ticket.ID[:3]] = true
			if seen := history[ticket.ID]; len(seen) == 0 || seen[len(seen)-1] != ticket.Status {
				history[ticket.ID] = append(seen, ticket.Status)
			}
		}
		for _, ticket := range mine {
			if now[ticket.ID] != ticket.Status {
				t.Errorf("own ticket %s is not among the account's", ticket.ID)
			}
		}
		for id, status := range before {
			if _, still := now[id]; !still && status != "Closed" && status != "Cancelled" {
				t.Errorf("ticket %s was %s when it left the list", id, status)
			}
		}
		before = now
	}
	closed, order := 0, []string{"New", "Awaiting Review", "In Progress", "Awaiting Customer", "Resolved", "Cancelled", "Closed"}
	for id, course := range history {
		if !slices.IsSortedFunc(course, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) }) {
			t.Errorf("ticket %s: %v", id, course)
		}
		if course[0] != "Closed" && course[len(course)-1] == "Closed" {
			closed++
		}
	}
	if closed < 10 || !kinds["INC"] || !kinds["REQ"] || !kinds["CHG"] {
		t.Errorf("%d tickets closed in a month, kinds %v", closed, kinds)
	}
}

func TestOneTicket(t *testing.T) {
	v := visit(t, newPortal(t, Options{}))
	var all []listedTicket
	v.into("my_calls?for=account", &all)
	var detail struct {
		Ticket           map[string]string
		Updates, Changes []any
	}
	v.into("my_calls/"+all[0].ID, &detail)
	if detail.Ticket["ticket_id"] != all[0].ID || detail.Ticket["status"] != all[0].Status || len(detail.Updates) == 0 {
		t.Errorf("%+v", detail)
	}
}

func multiset(list []vMotionEvent) map[vMotionEvent]int {
	counts := map[vMotionEvent]int{}
	for _, e := range list {
		counts[e]++
	}
	return counts
}

func TestVMotionEvents(t *testing.T) {
	p := newPortal(t, Options{Seed: 2, VMs: 1500, Now: at(time.Date(2016, 7, 4, 10, 20, 0, 0, time.UTC))})
	events := func() []vMotionEvent {
		var list []vMotionEvent
		visit(t, p).into("accounts/1/platform_visibility/vmotion_events", &list)
		return list
	}
	first := events()
	users, repeated, long := map[string]bool{}, 0, 0
	newest := p.now()
	machine := regexp.MustCompile(`^(.+) \([0-9a-f]{8}-[0-9a-f-]{27}\)$`)
	for event, times := range multiset(first) {
		users[event.UserName] = true
		repeated += times - 1
		name := machine.FindStringSubmatch(event.VirtualMachine)
		if name == nil || len([]rune(name[1])) > 32 || len([]rune(event.VAppName)) > 32 || event.ServiceID < 1 || event.VDCName == "" {
			t.Errorf("event %+v", event)
		} else if len([]rune(name[1])) == 32 {
			long++
		}
	}
	for _, event := range first {
		created, err := time.Parse(time.RFC3339, event.Created)
		if err != nil || !strings.HasSuffix(event.Created, "+01:00") || created.After(newest) || p.now().Sub(created) >= 12*time.Hour {
			t.Errorf("event at %s after one at %v, %v", event.Created, newest, err)
		}
		newest = created
	}
	if oldest := p.now().Sub(newest); oldest < 11*time.Hour { // the last one of the list
		t.Errorf("the oldest of %d events is only %v old", len(first), oldest)
	}
	if len(users) != 3 || repeated == 0 || long == 0 || len(first) < 200 {
		t.Errorf("%d events, users %v, %d repeated, %d with a cut name", len(first), users, repeated, long)
	}
	// Five hours later the last seven hours are the same, to the last repetition.
	p.SetNow(at(p.now().Add(5 * time.Hour)))
	then, kept := multiset(first), 0
	for event, times := range multiset(events()) {
		if created, _ := time.Parse(time.RFC3339, event.Created); created.After(p.now().Add(-5 * time.Hour)) {
			continue
		}
		if kept++; then[event] != times {
			t.Errorf("%d of %+v, before that %d", times, event, then[event])
		}
	}
	if kept < 100 {
		t.Errorf("only %d events of before", kept)
	}
}

func TestVMotionsOfASmallEstateAreFew(t *testing.T) {
	p := newPortal(t, Options{VMs: 3})
	if text := visit(t, p).body("accounts/1/platform_visibility/vmotion_events"); !strings.HasPrefix(text, "[") || strings.Count(text, "event_created") > 6 {
		t.Errorf("%s", text)
	}
}

type listedBuilds struct {
	Data []struct {
		Type, ID   string
		Attributes buildAttributes
	}
}

func TestBuildsAreInAllStatesAndMoveOn(t *testing.T) {
	order := []string{"approved", "running", "failed", "completed"}
	for path, kind := range map[string]string{"vorg-builds": "Vorg-build", "vdc-builds": "VDC-build", "edge-gateway-builds": "EdgeGateway-build"} {
		t.Run(path, func(t *testing.T) {
			p := newPortal(t, Options{Accounts: 2, VMs: 30})
			id := p.AccountIDs()[1]
			before := map[string]string{}
			moved := 0
			for hours := 0; hours < 15*24; hours += 5 {
				p.SetNow(at(recorded.Add(time.Duration(hours) * time.Hour)))
				v := visit(t, p)
				var list listedBuilds
				v.into("accounts/"+id+"/"+path, &list)
				states := map[string]int{}
				for _, b := range list.Data {
					state := b.Attributes.State
					states[state]++
					created, err := time.Parse(time.RFC3339, b.Attributes.CreatedAt)
					if err != nil || created.After(p.now()) || b.Type != kind || !regexp.MustCompile(`^\d+$`).MatchString(b.ID) {
						t.Fatalf("%+v: %v", b, err)
					}
					if old := before[b.ID]; old != "" && old != state {
						moved++
						if slices.Index(order, old) > slices.Index(order, state) || old == "failed" {
							t.Errorf("build %s: %s, then %s", b.ID, old, state)
						}
					}
					before[b.ID] = state
				}
				if len(states) != 4 {
					t.Errorf("%d hours later: states %v", hours, states)
				}
				last := list.Data[len(list.Data)-1]
				if one := v.body(path + "/" + last.ID); !strings.HasPrefix(one, `{"data":{"type":"`+kind+`","id":"`+last.ID+`"`) || !strings.Contains(one, `"state":"`+last.Attributes.State+`"`) {
					t.Errorf("build %s alone: %s", last.ID, one)
				}
			}
			if moved < 4 {
				t.Errorf("only %d builds moved on in 15 days", moved)
			}
		})
	}
}
