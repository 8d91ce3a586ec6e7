package simulator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const (
	incidentBody = `{"incident":{"problem_area":"compute","service":"My Service","classification":"Other incident","summary":"My Incident","further_details":"My further details"}}`
	requestBody  = `{"service":{"problem_area":"other","service":"My Service","query_nature":"Other","summary":"My Request","further_details":"My further details"}}`
	otherUser    = "second@example.com"
)

type ticketDetail struct {
	Ticket           map[string]string
	Updates, Changes []update
}

func (v *visitor) detail(id string) ticketDetail {
	v.t.Helper()
	var d ticketDetail
	v.into("my_calls/"+id, &d)
	return d
}

// mine returns the visitor's own tickets that were opened by users.
func (v *visitor) mine() []listedTicket {
	v.t.Helper()
	var all, list []listedTicket
	v.into("my_calls?for=user", &all)
	for _, t := range all {
		if len(t.ID) == len("INC10001") {
			list = append(list, t)
		}
	}
	return list
}

func twoUsers(t *testing.T, o Options) (first, second *visitor, forward func(time.Duration)) {
	t.Helper()
	o.Users = append(o.Users, User{otherUser, "second", ReadOnly})
	p, forward := clocked(t, o)
	return visit(t, p), visitAs(t, p, otherUser, "second"), forward
}

func TestTicketFromOpeningToReopening(t *testing.T) {
	v, other, forward := twoUsers(t, Options{ApprovalDelay: time.Minute})
	w := v.write("POST", "my_calls", incidentBody)
	if want := `{"ticket_id":"INC10001","summary":"My Incident","submitted":"08/03/2016 16:34","status":"New"}`; w.Code != 201 || w.Body.String() != want {
		t.Fatalf("%d %s, want %s", w.Code, w.Body, want)
	}
	if w := v.write("POST", "my_calls", requestBody); w.Code != 201 || !strings.Contains(w.Body.String(), `"REQ10001"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if list := v.mine(); len(list) != 2 || list[0].Status != "New" {
		t.Errorf("own tickets %+v", list)
	}
	if list := other.mine(); len(list) != 0 {
		t.Errorf("the other's own tickets %+v", list)
	}
	toOther, note := `{"email":"`+otherUser+`"}`, `{"description":"A note"}`
	steps := []struct {
		name, path, body string
		status           int
		becomes          string
	}{
		{"close too early", "/close", "", 422, "New"},
		{"note too early", "", note, 422, "New"},
		{"wait", "", "", 0, "Awaiting Review"},
		{"note", "", note, 200, "Awaiting Review"},
		{"blank note", "", `{"description":" "}`, 422, "Awaiting Review"},
		{"no note", "", `{}`, 400, "Awaiting Review"},
		{"note of a number", "", `{"description":1}`, 400, "Awaiting Review"},
		{"subscribe", "/subscribe", toOther, 200, "Awaiting Review"},
		{"subscribe a stranger", "/subscribe", `{"email":"stranger@example.com"}`, 400, "Awaiting Review"},
		{"unsubscribe", "/unsubscribe", toOther, 200, "Awaiting Review"},
		{"change owner", "/change_owner", toOther, 200, "Awaiting Review"},
		{"reopen what is open", "/reopen", "", 422, "Awaiting Review"},
		{"close", "/close", "", 200, "Closed"},
		{"close again", "/close", "", 422, "Closed"},
		{"note when closed", "", note, 422, "Closed"},
		{"subscribe when closed", "/subscribe", toOther, 422, "Closed"},
		{"cancel when closed", "/cancel", "", 422, "Closed"},
		{"reopen", "/reopen", "", 200, "Awaiting Review"},
		{"note when reopened", "", note, 200, "Awaiting Review"},
		{"cancel", "/cancel", "", 200, "Cancelled"},
		{"change owner when cancelled", "/change_owner", toOther, 422, "Cancelled"},
	}
	for _, step := range steps {
		if step.status == 0 {
			forward(time.Minute)
		} else if w := v.write("PUT", "my_calls/INC10001"+step.path, step.body); w.Code != step.status {
			t.Errorf("%s: %d %s, want %d", step.name, w.Code, w.Body, step.status)
		} else if step.status == 200 && step.path != "" && w.Body.String() != "null" {
			t.Errorf("%s: body %s", step.name, w.Body)
		}
		if status := v.detail("INC10001").Ticket["status"]; status != step.becomes {
			t.Errorf("%s: %s, want %s", step.name, status, step.becomes)
		}
	}
	if list := other.mine(); len(list) != 1 || list[0].ID != "INC10001" || len(v.mine()) != 1 {
		t.Errorf("the new owner's tickets: %+v", list)
	}
	d := v.detail("INC10001")
	if len(d.Updates) != 2 || d.Updates[0] != (update{"comment", "A note", "demo@example.com", "08/03/2016 16:35"}) || d.Ticket["Description"] != "My further details" {
		t.Errorf("%+v", d)
	}
	var kinds []string
	for _, change := range d.Changes {
		kinds = append(kinds, change.Type)
	}
	if got := strings.Join(kinds, " "); got != "comment subscriber subscriber owner status status comment status" {
		t.Errorf("changes %s", got)
	}
}

func TestDrawnTicketsCanBeChangedToo(t *testing.T) {
	v, _, _ := twoUsers(t, Options{})
	var all []listedTicket
	v.into("my_calls?for=account", &all)
	for _, ticket := range all {
		if ticket.Status != "In Progress" {
			continue
		}
		w := v.write("PUT", "my_calls/"+ticket.ID, `{"description":"Any news?"}`)
		var notes []update
		if err := json.Unmarshal(w.Body.Bytes(), &notes); w.Code != 200 || err != nil || len(notes) != 2 || notes[1].Text != "Any news?" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		v.write("PUT", "my_calls/"+ticket.ID+"/close", "")
		if got := v.detail(ticket.ID); got.Ticket["status"] != "Closed" || len(got.Updates) != 2 {
			t.Errorf("%+v", got)
		}
		return
	}
	t.Error("no drawn ticket is in progress")
}

func TestAResolvedTicketCanBeReopened(t *testing.T) {
	v, _, _ := twoUsers(t, Options{})
	var all []listedTicket
	v.into("my_calls?for=account", &all)
	for _, ticket := range all {
		if ticket.Status == "Resolved" {
			w := v.write("PUT", "my_calls/"+ticket.ID+"/reopen", "")
			if status := v.detail(ticket.ID).Ticket["status"]; w.Code != 200 || status != "Awaiting Review" {
				t.Errorf("%d, then %s", w.Code, status)
			}
			return
		}
	}
	t.Error("no drawn ticket is resolved")
}

func TestTicketsThatAreRefused(t *testing.T) {
	v, _, _ := twoUsers(t, Options{})
	change := func(old, replacement string) string { return strings.Replace(incidentBody, old, replacement, 1) }
	tests := []struct {
		name, body string
		status     int
		answer     string
	}{
		{"not JSON", `{"incident":`, 400, "the body is not JSON"},
		{"nothing", `{}`, 400, "incident, service are missing, exactly one parameter must be provided"},
		{"both", incidentBody[:len(incidentBody)-1] + "," + requestBody[1:], 400, "mutually exclusive"},
		{"incident is a text", `{"incident":"x"}`, 400, "incident is invalid"},
		{"no summary", change(`"summary":"My Incident",`, ""), 400, "incident[summary] is missing"},
		{"summary of null", change(`"My Incident"`, "null"), 400, "incident[summary] is missing"},
		{"summary of an object", change(`"My Incident"`, "{}"), 400, "incident[summary] is invalid"},
		{"no such area", change("compute", "kitchen"), 400, "incident[problem_area] does not have a valid value"},
		{"no such classification", change("Other incident", "Bad hair"), 400, "incident[classification] does not have a valid value"},
		{"blank summary", change("My Incident", "  "), 422, "summary can't be blank"},
		{"the reference's curl line", change("Other incident", "Production Service unavailable or unresponsive"), 201, "INC10001"},
		{"the public client's comma", change("Other incident", "Production Service > available, but performance degraded"), 201, "INC10002"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if w := v.write("POST", "my_calls", test.body); w.Code != test.status || !strings.Contains(w.Body.String(), test.answer) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, test.status, test.answer)
			}
		})
	}
	for _, verb := range []string{"", "/subscribe", "/unsubscribe", "/change_owner", "/cancel", "/close", "/reopen"} {
		if w := v.write("PUT", "my_calls/INC1"+verb, `{"email":"demo@example.com","description":"x"}`); w.Code != 400 {
			t.Errorf("unknown ticket%s: %d", verb, w.Code)
		}
	}
	gone := visit(t, newPortal(t, Options{Era: Era2020}))
	if w := gone.write("POST", "my_calls", incidentBody); w.Code != 404 {
		t.Errorf("in 2020: %d", w.Code)
	}
}
