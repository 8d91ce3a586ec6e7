package collector

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

// MyCallsAPI is what the my_calls collector asks of the portal.
type MyCallsAPI interface {
	MyCalls(ctx context.Context, scope string, prev *portal.Answer[[]portal.Ticket]) (*portal.Answer[[]portal.Ticket], error)
}

// MyCalls exposes support tickets (API reference, GET /api/my_calls; the portal
// removed it in July 2019).
type MyCalls struct {
	api    MyCallsAPI
	scope  string
	closed []string // lower case
	table  families[*tickets]
}

// NewMyCalls returns the collector. scope is "user" or "account"; a ticket whose
// status is among closedStatuses, in any case, is not open.
func NewMyCalls(api MyCallsAPI, scope string, closedStatuses []string) *MyCalls {
	c := &MyCalls{api: api, scope: scope, table: ticketFamilies()}
	for _, s := range closedStatuses {
		c.closed = append(c.closed, strings.ToLower(s))
	}
	return c
}

// Name implements Collector.
func (*MyCalls) Name() string { return "my_calls" }

// Families implements Collector.
func (c *MyCalls) Families() []*exposition.Desc { return c.table.descs() }

// Collect implements Collector. The one answer, which names no account, is the
// one part.
func (c *MyCalls) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	last := previous(c.Name())
	old, _ := dataOf[*tickets](last)
	var before *portal.Answer[[]portal.Ticket]
	if old != nil {
		before = old.answer
	}
	answer, err := c.api.MyCalls(ctx, c.scope, before)
	switch {
	case err != nil:
		return []Result{{Key: c.Name(), Err: err}}, nil
	case old != nil && answer == old.answer:
		return []Result{{Key: c.Name(), Part: last}}, nil
	}
	return []Result{{Key: c.Name(), Part: &part[*tickets]{c.count(answer), c.table, nil}}}, nil
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

// tickets counts one answer.
type tickets struct {
	answer   *portal.Answer[[]portal.Ticket]
	byStatus map[ticketGroup]int64
	open     [len(ticketKinds)]int64
	oldest   [len(ticketKinds)]time.Time // zero when no open ticket has a time
}

type ticketGroup struct {
	kind   ticketKind
	status string
}

func (c *MyCalls) count(answer *portal.Answer[[]portal.Ticket]) *tickets {
	t := &tickets{answer: answer, byStatus: map[ticketGroup]int64{}}
	for _, ticket := range answer.Value {
		kind := kindOf(ticket.ID)
		t.byStatus[ticketGroup{kind, ticket.Status}]++
		if slices.Contains(c.closed, strings.ToLower(ticket.Status)) {
			continue
		}
		t.open[kind]++
		if at := ticket.Submitted; at.Valid && (t.oldest[kind].IsZero() || at.Value.Before(t.oldest[kind])) {
			t.oldest[kind] = at.Value
		}
	}
	return t
}

func ticketFamilies() families[*tickets] {
	return families[*tickets]{
		{exposition.Desc{
			Name: "ukcloud_tickets", Labels: []string{"kind", "status"},
			Help: "Support tickets that the portal lists, by kind (incident, service_request, other) and status.",
		}, func(t *tickets, w *exposition.Writer) {
			for _, g := range slices.SortedFunc(maps.Keys(t.byStatus), func(a, b ticketGroup) int {
				return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status))
			}) {
				w.Int("", t.byStatus[g], "kind", ticketKinds[g.kind], "status", g.status)
			}
		}},
		{exposition.Desc{
			Name: "ukcloud_tickets_open", Labels: []string{"kind"},
			Help: "Support tickets whose status is not one of the configured closed_statuses.",
		}, func(t *tickets, w *exposition.Writer) {
			for kind, n := range t.open {
				w.Int("", n, "kind", ticketKinds[kind])
			}
		}},
		{exposition.Desc{
			Name: "ukcloud_ticket_oldest_open_timestamp_seconds", Labels: []string{"kind"},
			Help: "When the oldest open ticket was submitted; absent when none is open.",
		}, func(t *tickets, w *exposition.Writer) {
			for kind, at := range t.oldest {
				if !at.IsZero() {
					w.Int("", at.Unix(), "kind", ticketKinds[kind])
				}
			}
		}},
	}
}
