package collector

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

func myCalls() Definition {
	return define("my_calls", "Support tickets.", []string{"/api/my_calls"},
		MyCallsSettings{
			Schedule: every(2*time.Minute, time.Hour),
			For:      ScopeAccount, ClosedStatuses: []string{"Closed", "Resolved", "Cancelled"},
		},
		func(d Deps, s MyCallsSettings) Collector { return NewMyCalls(d.Portal, s) })
}

// MyCallsSettings are the settings of the ticket collector.
type MyCallsSettings struct {
	Schedule
	For            Scope    `key:"for" doc:"Whose tickets: those of the whole account, or of the exporter's user."`
	ClosedStatuses []string `key:"closed_statuses" doc:"Ticket statuses that count as closed; every other status is open."`
}

// Check refuses settings that make no sense.
func (s MyCallsSettings) Check(report func(key, reason string)) {
	if len(s.ClosedStatuses) == 0 {
		report("closed_statuses", "is empty: every ticket would be open for ever")
	}
}

// Scope says whose tickets my_calls lists (API reference, GET /api/my_calls).
type Scope string

// The scopes of my_calls.
const (
	ScopeAccount Scope = "account"
	ScopeUser    Scope = "user"
)

// Choices implements Choice.
func (Scope) Choices() []string { return []string{string(ScopeAccount), string(ScopeUser)} }

// MyCallsAPI is what the my_calls collector asks of the portal.
type MyCallsAPI interface {
	MyCalls(ctx context.Context, scope string, prev *portal.Answer[[]portal.Ticket]) (*portal.Answer[[]portal.Ticket], error)
}

// MyCalls exposes support tickets (API reference, GET /api/my_calls; the portal
// removed it in July 2019).
type MyCalls struct {
	api    MyCallsAPI
	scope  Scope
	closed []string // lower case
}

// NewMyCalls returns the collector. A ticket whose status is among the settings'
// ClosedStatuses, in any case, is not open.
func NewMyCalls(api MyCallsAPI, s MyCallsSettings) *MyCalls {
	c := &MyCalls{api: api, scope: s.For}
	for _, status := range s.ClosedStatuses {
		c.closed = append(c.closed, strings.ToLower(status))
	}
	return c
}

// MyCallsPart is the data of the one part.
type MyCallsPart struct {
	Tickets  *portal.Answer[[]portal.Ticket]
	Open     []portal.Ticket // whose status is none of closed_statuses, as listed
	byStatus map[ticketGroup]int
	open     [len(ticketKinds)]int
	oldest   [len(ticketKinds)]time.Time // zero when no open ticket has a time
}

type ticketGroup struct {
	kind   ticketKind
	status string
}

// ticketKind is what the prefix of a ticket's id says.
type ticketKind int

const (
	incident ticketKind = iota
	serviceRequest
	otherTicket
)

var ticketKinds = [...]string{incident: "incident", serviceRequest: "service_request", otherTicket: "other"}

func kindOf(id string) ticketKind {
	switch id = strings.ToUpper(id); {
	case strings.HasPrefix(id, "INC"):
		return incident
	case strings.HasPrefix(id, "REQ"):
		return serviceRequest
	default:
		return otherTicket
	}
}

// Families implements Collector.
func (*MyCalls) Families() []Family {
	return []Family{
		family("ukcloud_tickets",
			"Support tickets that the portal lists, by kind (incident, service_request, other) and status.",
			[]string{"kind", "status"}, (*MyCallsPart).countSamples),
		family("ukcloud_tickets_open",
			"Support tickets whose status is not one of the configured closed_statuses.",
			[]string{"kind"}, (*MyCallsPart).openSamples),
		family("ukcloud_ticket_oldest_open_timestamp_seconds",
			"When the oldest open ticket was submitted; absent when none is open.",
			[]string{"kind"}, (*MyCallsPart).oldestSamples),
	}
}

func (p *MyCallsPart) countSamples() (samples []Sample) {
	for _, g := range slices.SortedFunc(maps.Keys(p.byStatus), func(a, b ticketGroup) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status))
	}) {
		samples = append(samples, Sample{Labels: []string{ticketKinds[g.kind], g.status}, Value: float64(p.byStatus[g])})
	}
	return samples
}

func (p *MyCallsPart) openSamples() (samples []Sample) {
	for kind, n := range p.open {
		samples = append(samples, Sample{Labels: []string{ticketKinds[kind]}, Value: float64(n)})
	}
	return samples
}

func (p *MyCallsPart) oldestSamples() (samples []Sample) {
	for kind, at := range p.oldest {
		if !at.IsZero() {
			samples = append(samples, Sample{Labels: []string{ticketKinds[kind]}, Value: float64(at.Unix())})
		}
	}
	return samples
}

// Collect implements Collector. The one answer, which names no account, is the
// one part.
func (c *MyCalls) Collect(ctx context.Context, previous func(string) *Part, _ func(...Result)) ([]Result, error) {
	const key = "my_calls"
	last := previous(key)
	var before *portal.Answer[[]portal.Ticket]
	if old := dataOf[MyCallsPart](last); old != nil {
		before = old.Tickets
	}
	answer, err := c.api.MyCalls(ctx, string(c.scope), before)
	switch {
	case err != nil:
		return []Result{{Key: key, Err: err}}, nil
	case before != nil && answer == before:
		return []Result{{Key: key, Part: last}}, nil
	}
	return []Result{{Key: key, Part: &Part{c.count(answer), withMalformed(map[string]int{}, answer.Malformed)}}}, nil
}

func (c *MyCalls) count(answer *portal.Answer[[]portal.Ticket]) *MyCallsPart {
	p := &MyCallsPart{Tickets: answer, byStatus: map[ticketGroup]int{}}
	for _, ticket := range answer.Value {
		kind := kindOf(ticket.ID)
		group := ticketGroup{kind, ticket.Status}
		if _, known := p.byStatus[group]; !known && len(p.byStatus) >= maxStates {
			group.status = otherValue
		}
		p.byStatus[group]++
		if slices.Contains(c.closed, strings.ToLower(ticket.Status)) {
			continue
		}
		p.Open = append(p.Open, ticket)
		p.open[kind]++
		if at := ticket.Submitted; at.Valid && (p.oldest[kind].IsZero() || at.Value.Before(p.oldest[kind])) {
			p.oldest[kind] = at.Value
		}
	}
	return p
}
