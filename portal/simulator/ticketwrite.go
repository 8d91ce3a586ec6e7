package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ticketFile is what users did to a ticket, drawn or opened by one of them.
type ticketFile struct {
	owner       string // "" is the one that it was opened by
	subscribers map[string]bool
	status      string // set by a user: Closed or Cancelled, "" if an engineer goes on
	reopened    int64  // when the course began anew; 0 is never
	updates     []update
	changes     []update
}

// update is a line of updates or changes, in the form that a public client read.
type update struct {
	Type        string `json:"type"`
	Text        string `json:"text"`
	Owner       string `json:"owner"`
	SubmittedOn string `json:"submitted_on"`
}

// The statuses that users set, and the one in which a ticket waits for an
// engineer's approval.
const (
	ticketNew       = "New"
	ticketClosed    = "Closed"
	ticketCancelled = "Cancelled"
	ticketResolved  = "Resolved"
)

// The values that the reference lists for a new ticket. They are compared by
// sameWords.
var (
	incidentAreas = []string{"compute", "storage", "email and collaboration", "other"}
	serviceAreas  = []string{
		"compute", "storage", "email and collaboration", "Connectivity PSN or GSI", "Connectivity Leased Line",
		"Cloud Enablement Services", "IP Addresses", "Other",
	}
	classifications = []string{
		"Production Service > unavailable or unresponsive",
		"Production Service > available but performance degraded",
		"Production Service > available, but client access to service restricted",
		"Test/Dev Service > unavailable or unresponsive",
		"Test/Dev Service > available, but performance degraded",
		"Test/Dev Service > available, but client access to service restricted",
		"Service available, part of redundant infrastructure unavailable",
		"Confirmed data loss or breach",
		"Possible data loss or breach",
		"Other incident",
	}
	queryNatures = []string{
		"Change a Configuration", "Add a New Service", "Claim Service Credits", "Expand an Existing Service",
		"Information Required", "Other",
	}
)

// sameWords compares without case, commas and >: the reference's own examples
// and the public client spell the values differently from its list.
func sameWords(a, b string) bool {
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == ',' || c == '>' })
	}
	return slices.EqualFunc(words(a), words(b), strings.EqualFold)
}

// ticketForm is what one kind of ticket asks for.
type ticketForm struct {
	key, prefix, detail string // detail is the attribute that only this kind has
	areas, details      []string
}

var ticketForms = []ticketForm{
	{"incident", "INC", "classification", incidentAreas, classifications},
	{"service", "REQ", "query_nature", serviceAreas, queryNatures},
}

// createTicket answers POST /api/my_calls with the ticket, as in the list.
func (p *Portal) createTicket(c *call) answer {
	given, err := readParameters(c.r)
	if err != nil {
		return *badBody(err)
	}
	var forms []ticketForm
	for _, form := range ticketForms {
		if given[form.key] != nil {
			forms = append(forms, form)
		}
	}
	switch len(forms) {
	case 0:
		return failure(http.StatusBadRequest, "incident, service are missing, exactly one parameter must be provided", "")
	case 2:
		return failure(http.StatusBadRequest, "incident, service are mutually exclusive", "")
	}
	form := forms[0]
	fields, isObject := given[form.key].(map[string]any)
	if !isObject {
		return failure(http.StatusBadRequest, form.key+" is invalid", "")
	}
	values, wrong := parameters(fields).texts(form.key, "problem_area", form.detail, "service", "summary", "further_details")
	if wrong != nil {
		return *wrong
	}
	for i, valid := range [][]string{form.areas, form.details} {
		if !slices.ContainsFunc(valid, func(v string) bool { return sameWords(v, values[i]) }) {
			name := [...]string{"problem_area", form.detail}[i]
			return failure(http.StatusBadRequest, form.key+"["+name+"] does not have a valid value", "")
		}
	}
	for i, name := range []string{"service", "summary", "further_details"} {
		if strings.TrimSpace(values[2+i]) == "" {
			return unsaved(name + " can't be blank")
		}
	}
	if c.user.Role == NoAccount {
		return unsaved("There is no account to open the ticket in")
	}
	t := p.open(c, form.prefix, values[3], values[4])
	return whole(http.StatusCreated, typeJSON, mustJSON(t))
}

// open notes a new ticket. Its numbers count from 10001, which is what the
// reference's examples ask for and far from the drawn ones.
func (p *Portal) open(c *call, prefix, summary, details string) ticket {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	p.book.serials[prefix]++
	serial := p.book.serials[prefix]
	t := &ticket{
		ID: prefix + strconv.Itoa(10_000+serial), Summary: summary, Submitted: p.minute(c.now), details: details, owner: c.user.Email,
		opened: c.now.Unix(), written: true, draw: p.estate.draw.of(topicWritten, hashTicket(prefix)).of(topicTicket, int64(serial)),
	}
	p.book.opened = append(p.book.opened, t)
	p.book.files[t.ID] = &ticketFile{}
	shown := *t
	p.settle(&shown, c.now)
	return shown
}

func hashTicket(prefix string) int64 { return int64(hashText(prefix)) }

// minute is a moment as tickets show it.
func (p *Portal) minute(t time.Time) string { return t.In(p.london).Format(wallClockLayout) }

// unsaved is 422 with a reason.
func unsaved(detail string) answer {
	return failure(http.StatusUnprocessableEntity, "422 Unprocessable Entity", detail)
}

// ticketVerb is what is done by PUT /api/my_calls/:ticket_id/NAME.
type ticketVerb struct {
	name   string
	handle func(*Portal, *call) answer
}

var ticketVerbs = []ticketVerb{
	{"subscribe", withUser("subscriber", "%s subscribed", func(f *ticketFile, email string) { f.subscribers[email] = true })},
	{"unsubscribe", withUser("subscriber", "%s unsubscribed", func(f *ticketFile, email string) { delete(f.subscribers, email) })},
	{"change_owner", withUser("owner", "%s owns the ticket", func(f *ticketFile, email string) { f.owner = email })},
	{"cancel", ending(ticketCancelled)},
	{"close", ending(ticketClosed)},
	{"reopen", (*Portal).reopen},
}

// withUser makes the handler of a change that names a user. One who is not of
// the account is 400 (reference).
func withUser(kind, text string, do func(f *ticketFile, email string)) func(*Portal, *call) answer {
	return func(p *Portal, c *call) answer {
		given, err := readParameters(c.r)
		if err != nil {
			return *badBody(err)
		}
		values, wrong := given.texts("", "email")
		if wrong != nil {
			return *wrong
		}
		return p.changeTicket(c, func(t *ticket, f *ticketFile) *answer {
			user := p.user(values[0])
			if user == nil || user.Role == NoAccount {
				return invalid("The user could not be found")
			}
			if refusal := refuseEnded(t); refusal != nil {
				return refusal
			}
			if f.subscribers == nil {
				f.subscribers = map[string]bool{}
			}
			do(f, user.Email)
			f.note(p, c, kind, fmt.Sprintf(text, user.Email))
			return nil
		})
	}
}

// ending makes the handler of close and cancel.
func ending(status string) func(*Portal, *call) answer {
	return func(p *Portal, c *call) answer {
		return p.changeTicket(c, func(t *ticket, f *ticketFile) *answer {
			if refusal := refuseEnded(t); refusal != nil {
				return refusal
			}
			f.status = status
			f.note(p, c, "status", status)
			return nil
		})
	}
}

// reopen sends a ticket that has ended back to be reviewed. It is not approved
// a second time.
func (p *Portal) reopen(c *call) answer {
	return p.changeTicket(c, func(t *ticket, f *ticketFile) *answer {
		if !t.ended() && t.Status != ticketResolved {
			a := unsaved("The ticket is open")
			return &a
		}
		f.status, f.reopened = "", c.now.Unix()
		f.note(p, c, "status", "Reopened")
		return nil
	})
}

// addNote answers PUT /api/my_calls/:ticket_id with all notes.
func (p *Portal) addNote(c *call) answer {
	given, err := readParameters(c.r)
	if err != nil {
		return *badBody(err)
	}
	values, wrong := given.texts("", "description")
	if wrong != nil {
		return *wrong
	}
	notes := []update{}
	a := p.changeTicket(c, func(t *ticket, f *ticketFile) *answer {
		if strings.TrimSpace(values[0]) == "" {
			a := unsaved("description can't be blank")
			return &a
		}
		if refusal := refuseEnded(t); refusal != nil {
			return refusal
		}
		f.updates = append(f.updates, update{"comment", values[0], c.user.Email, p.minute(c.now)})
		f.note(p, c, "comment", values[0])
		notes = p.updates(t, f)
		return nil
	})
	if a.status != http.StatusOK {
		return a
	}
	return whole(http.StatusOK, typeJSON, mustJSON(notes))
}

// note adds a line to the ticket's changes.
func (f *ticketFile) note(p *Portal, c *call, kind, text string) {
	f.changes = append(f.changes, update{kind, text, c.user.Email, p.minute(c.now)})
}

func refuseEnded(t *ticket) *answer {
	if !t.ended() {
		return nil
	}
	a := unsaved("The ticket is " + strings.ToLower(t.Status))
	return &a
}

// changeTicket does something to the ticket in the path. Where the reference
// has no body the answer is null, which is what a Grape server makes of nothing
// and what the public client, which decodes it, can read.
func (p *Portal) changeTicket(c *call, do func(*ticket, *ticketFile) *answer) answer {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	t := p.findTicket(c)
	if t == nil {
		return noTicket()
	}
	if t.Status == ticketNew {
		return unsaved("The ticket is waiting for approval. Please try again later.")
	}
	f := p.book.files[t.ID]
	if f == nil {
		f = &ticketFile{}
	}
	if refusal := do(t, f); refusal != nil {
		return *refusal
	}
	p.book.files[t.ID] = f
	return whole(http.StatusOK, typeJSON, []byte("null"))
}

func noTicket() answer { return *invalid("The ticket could not be found") }
