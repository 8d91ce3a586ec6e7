package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// ticket is a support call.
type ticket struct {
	ID        string `json:"ticket_id"`
	Summary   string `json:"summary"`
	Submitted string `json:"submitted"`
	Status    string `json:"status"`
	details   string
	owner     string
	opened    int64
	draw      draw
	written   bool // opened by a user
}

// ended reports whether nothing but reopen is left to do.
func (t *ticket) ended() bool { return t.Status == ticketClosed || t.Status == ticketCancelled }

const (
	ticketsListed = 180 // days of tickets that the list holds, as long as the slowest takes to close
	supportDesk   = "support@portal.invalid"
	colleague     = "colleague@portal.invalid" // owner of the drawn tickets that are not the login's
)

// stage is a status and how long a ticket has it, in hours.
type stage struct {
	status      string
	least, most int
}

// ticketCourse is what becomes of most tickets. Of these statuses the public
// record shows Awaiting Review and Closed.
var ticketCourse = []stage{
	{ticketNew, 0, 1}, {"Awaiting Review", 1, 20}, {"In Progress", 2, 150}, {"Awaiting Customer", 0, 200}, {ticketResolved, 24, 120},
}

var ticketKinds = []weighted[string]{{60, "INC"}, {35, "REQ"}, {5, "CHG"}}

var ticketSummaries = [...]string{
	"Test incident (Compute)", "VM unreachable after vMotion", `Add user "ops" to the portal`, "Backup failed on the night of 01/02",
	"Größe des VDC ändern", "Edge gateway: new NAT rule, please", "Invoice query / cost centre", "Snapshot removal took an hour",
}

// inTicketEra answers 404 from July 2019 on: my_calls was removed.
func inTicketEra(handle func(*Portal, *call) answer) func(*Portal, *call) answer {
	return func(p *Portal, c *call) answer {
		if p.options.Era == Era2020 {
			return failure(http.StatusNotFound, "404 Not Found", "")
		}
		return handle(p, c)
	}
}

// scopeOf reads ?for.
func scopeOf(c *call) (string, *answer) {
	scope := c.r.URL.Query().Get("for")
	if scope != "" && scope != "user" && scope != "account" {
		a := failure(http.StatusBadRequest, "for does not have a valid value", "")
		return "", &a
	}
	return scope, nil
}

// myCalls answers GET /api/my_calls. Without ?for the user's own tickets are
// listed; which of the two was the default is not known.
func (p *Portal) myCalls(c *call) answer {
	scope, wrong := scopeOf(c)
	if wrong != nil {
		return *wrong
	}
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	list := []ticket{}
	for _, t := range p.tickets(c) {
		if scope == "account" || t.owner == c.user.Email {
			list = append(list, t)
		}
	}
	return ok(list)
}

// myCall answers GET /api/my_calls/:ticket_id. An unknown ticket is 400 in the
// reference, and so is another user's when it is asked for with ?for=user.
func (p *Portal) myCall(c *call) answer {
	scope, wrong := scopeOf(c)
	if wrong != nil {
		return *wrong
	}
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	t := p.findTicket(c)
	if t == nil || scope == "user" && t.owner != c.user.Email {
		return noTicket()
	}
	f := p.book.files[t.ID]
	if f == nil {
		f = &ticketFile{}
	}
	return ok(map[string]any{
		"ticket":  map[string]string{"ticket_id": t.ID, "summary": t.Summary, "Description": t.details, "submitted": t.Submitted, "status": t.Status},
		"updates": p.updates(t, f),
		"changes": append([]update{}, f.changes...),
	})
}

// updates are the notes of a ticket: on a drawn one, an engineer's first.
func (p *Portal) updates(t *ticket, f *ticketFile) []update {
	list := []update{}
	if !t.written {
		list = append(list, update{"comment", "We are looking into this.", supportDesk, t.Submitted})
	}
	return append(list, f.updates...)
}

// findTicket returns the ticket in the path, nil if the user sees none of that
// id. The caller holds the book's lock.
func (p *Portal) findTicket(c *call) *ticket {
	for _, t := range p.tickets(c) {
		if t.ID == c.args[0] {
			return &t
		}
	}
	return nil
}

// tickets returns the tickets that a user sees, oldest first, those that users
// opened after the drawn ones. The caller holds the book's lock.
func (p *Portal) tickets(c *call) []ticket {
	if c.user.Role == NoAccount {
		return nil
	}
	list := p.drawnTickets(c.now)
	for _, t := range p.book.opened {
		if t.opened <= c.now.Unix() {
			list = append(list, *t)
		}
	}
	for i := range list {
		p.settle(&list[i], c.now)
	}
	return list
}

// drawnTickets returns what every account opened: on about two days of three
// one ticket.
func (p *Portal) drawnTickets(now time.Time) []ticket {
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
			t := ticket{
				ID:      pick(d.of(topicTicket, 2), ticketKinds) + strconv.FormatInt(1_000_000+serial, 10),
				Summary: ticketSummaries[d.of(topicTicket, 3).below(len(ticketSummaries))],
				owner:   colleague, opened: opened, draw: d,
			}
			t.Submitted = p.minute(time.Unix(opened, 0))
			t.details = t.Summary
			if d.of(topicTicket, 4).permille(400) {
				t.owner = p.options.Email
			}
			list = append(list, t)
		}
	}
	return list
}

// settle fills in what has become of a ticket. The caller holds the book's lock.
func (p *Portal) settle(t *ticket, now time.Time) {
	f := p.book.files[t.ID]
	if f != nil && f.owner != "" {
		t.owner = f.owner
	}
	age := now.Unix() - t.opened
	approval := int64(p.options.ApprovalDelay / time.Second)
	switch {
	case f != nil && f.status != "":
		t.Status = f.status
	case f != nil && f.reopened > 0:
		t.Status = courseStatus(t.draw, 1, now.Unix()-f.reopened)
	case !t.written:
		t.Status = courseStatus(t.draw, 0, age)
	case age < approval:
		t.Status = ticketNew
	default:
		t.Status = courseStatus(t.draw, 1, age-approval)
	}
}

// courseStatus is where a ticket stands some seconds after it came to a stage.
// One in twelve is cancelled when it would be resolved, one in fifteen takes ten
// times as long as it should.
func courseStatus(d draw, first int, age int64) string {
	slow := int64(1)
	if d.of(topicTicket, 5).below(15) == 0 {
		slow = 10
	}
	for i, s := range ticketCourse {
		if i < first {
			continue
		}
		if s.status == ticketResolved && d.of(topicTicket, 6).below(12) == 0 {
			return ticketCancelled
		}
		takes := int64(d.of(topicTicket, int64(10+i)).within(s.least*60, s.most*60)) * 60
		if s.status != ticketResolved {
			takes *= slow
		}
		if age -= takes; age < 0 {
			return s.status
		}
	}
	return ticketClosed
}
