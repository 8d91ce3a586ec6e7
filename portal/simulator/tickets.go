package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ticket is a support call.
type ticket struct {
	ID        string `json:"ticket_id"`
	Summary   string `json:"summary"`
	Submitted string `json:"submitted"`
	Status    string `json:"status"`
	mine      bool
}

const ticketsListed = 180 // days of tickets that the list holds, as long as the slowest takes to close

// stage is a status and how long a ticket has it, in hours.
type stage struct {
	status      string
	least, most int
}

// ticketCourse is what becomes of most tickets. Of these statuses the public
// record shows Awaiting Review and Closed.
var ticketCourse = []stage{
	{"New", 0, 1}, {"Awaiting Review", 1, 20}, {"In Progress", 2, 150}, {"Awaiting Customer", 0, 200}, {"Resolved", 24, 120},
}

var ticketKinds = []weighted[string]{{60, "INC"}, {35, "REQ"}, {5, "CHG"}}

var ticketSummaries = [...]string{
	"Test incident (Compute)", "VM unreachable after vMotion", `Add user "ops" to the portal`, "Backup failed on the night of 01/02",
	"Größe des VDC ändern", "Edge gateway: new NAT rule, please", "Invoice query / cost centre", "Snapshot removal took an hour",
}

// myCalls answers GET /api/my_calls. Without ?for the user's own tickets are
// listed; which of the two was the default is not known. Gone since July 2019.
func (p *Portal) myCalls(c *call) answer {
	if p.options.Era == Era2020 {
		return failure(http.StatusNotFound, "404 Not Found", "")
	}
	scope := c.r.URL.Query().Get("for")
	if scope != "" && scope != "user" && scope != "account" {
		return failure(http.StatusBadRequest, "for does not have a valid value", "")
	}
	list := []ticket{}
	for _, t := range p.tickets(c.now) {
		if scope == "account" || t.mine {
			list = append(list, t)
		}
	}
	return ok(list)
}

// myCall answers GET /api/my_calls/:ticket_id. An unknown ticket is 400 in the
// reference.
func (p *Portal) myCall(c *call) answer {
	if p.options.Era == Era2020 {
		return failure(http.StatusNotFound, "404 Not Found", "")
	}
	for _, t := range p.tickets(c.now) {
		if t.ID != c.args[0] {
			continue
		}
		return ok(map[string]any{
			"ticket": map[string]string{"ticket_id": t.ID, "summary": t.Summary, "Description": t.Summary, "submitted": t.Submitted, "status": t.Status},
			"updates": []map[string]string{
				{"type": "comment", "text": "We are looking into this.", "owner": "support@portal.invalid", "submitted_on": t.Submitted},
			},
			"changes": []string{},
		})
	}
	return failure(http.StatusBadRequest, "400 Bad Request", "The ticket could not be found")
}

// tickets returns the tickets of every account, oldest first: on about two
// days of three an account opens one.
func (p *Portal) tickets(now time.Time) []ticket {
	var list []ticket
	today := now.Unix() / day
	for number := today - ticketsListed; number <= today; number++ {
		for _, a := range p.estate.accounts {
			d := p.estate.draw.of(topicTicket, number).of(topicAccount, int64(a.number))
			opened := number*day + int64(d.below(24*60))*60
			if opened > now.Unix() || !d.of(topicTicket, 1).permille(650) {
				continue
			}
			serial := (number-10_000)*int64(len(p.estate.accounts)) + int64(a.number)
			list = append(list, ticket{
				ID:        pick(d.of(topicTicket, 2), ticketKinds) + strconv.FormatInt(1_000_000+serial, 10),
				Summary:   ticketSummaries[d.of(topicTicket, 3).below(len(ticketSummaries))],
				Submitted: time.Unix(opened, 0).In(p.london).Format(wallClockLayout),
				Status:    ticketStatus(d, now.Unix()-opened),
				mine:      d.of(topicTicket, 4).permille(400),
			})
		}
	}
	return list
}

// ticketStatus is where a ticket stands some seconds after it was opened. One
// in twelve is cancelled when it would be resolved, one in fifteen takes ten
// times as long as it should.
func ticketStatus(d draw, age int64) string {
	slow := int64(1)
	if d.of(topicTicket, 5).below(15) == 0 {
		slow = 10
	}
	for i, s := range ticketCourse {
		if s.status == "Resolved" && d.of(topicTicket, 6).below(12) == 0 {
			return "Cancelled"
		}
		takes := int64(d.of(topicTicket, int64(10+i)).within(s.least*60, s.most*60)) * 60
		if !strings.HasPrefix(s.status, "Res") {
			takes *= slow
		}
		if age -= takes; age < 0 {
			return s.status
		}
	}
	return "Closed"
}
