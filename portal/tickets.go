package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	myCallsRoute      = &route{method: http.MethodGet, endpoint: "/api/my_calls"}
	myCallRoute       = &route{method: http.MethodGet, endpoint: "/api/my_calls/:ticket_id"}
	createTicketRoute = &route{method: http.MethodPost, endpoint: "/api/my_calls"}
	noteRoute         = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id"}
	subscribeRoute    = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id/subscribe"}
	unsubscribeRoute  = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id/unsubscribe"}
	reopenRoute       = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id/reopen"}
	changeOwnerRoute  = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id/change_owner"}
	cancelRoute       = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id/cancel"}
	closeRoute        = &route{method: http.MethodPut, endpoint: "/api/my_calls/:ticket_id/close"}
)

// The portal removed my_calls, and all that is below it, in July 2019.

// Ticket is one support call.
type Ticket struct {
	ID        string              `json:"ticket_id"` // INC… is an incident, REQ… a service request
	Summary   string              `json:"summary"`
	Status    string              `json:"status"`
	Submitted Optional[time.Time] `json:"submitted"` // UTC, from Europe/London wall clock
}

// The scopes of my_calls: whose tickets are meant. The reference does not say which
// of the two "" is.
const (
	ScopeUser    = "user"
	ScopeAccount = "account"
)

func scopeQuery(scope string) (url.Values, error) {
	switch scope {
	case "":
		return nil, nil
	case ScopeUser, ScopeAccount:
		return url.Values{"for": {scope}}, nil
	}
	return nil, fmt.Errorf("support calls: scope %q is neither user nor account", scope)
}

// MyCalls lists the support calls of the user or of the account (API reference,
// GET /api/my_calls).
func (c *Client) MyCalls(ctx context.Context, scope string) ([]Ticket, error) {
	return plain(c.Conditional().MyCalls(ctx, scope, nil))
}

// MyCalls is Client.MyCalls with the answer before.
func (c Conditional) MyCalls(ctx context.Context, scope string, prev *Answer[[]Ticket]) (*Answer[[]Ticket], error) {
	query, err := scopeQuery(scope)
	if err != nil {
		return nil, err
	}
	return fetch(ctx, c.Client, request{route: myCallsRoute, query: query}, prev, list[Ticket])
}

// TicketDetails is a ticket with its course.
type TicketDetails struct {
	Ticket
	Description string
	Updates     []TicketUpdate // notes of users and engineers
	Changes     []TicketUpdate
}

// TicketUpdate is a note or a change of a ticket, in the form that a public client
// reads; the reference shows none.
type TicketUpdate struct {
	Type      string              `json:"type"`
	Text      string              `json:"text"`
	Owner     string              `json:"owner"`
	Submitted Optional[time.Time] `json:"submitted_on"` // UTC, from Europe/London wall clock
}

// MyCall returns one ticket with its updates and changes (API reference, GET
// /api/my_calls/:ticket_id). A ticket that is not found is answered by 400.
func (c *Client) MyCall(ctx context.Context, ticketID string, scope string) (TicketDetails, error) {
	return plain(c.Conditional().MyCall(ctx, ticketID, scope, nil))
}

// MyCall is Client.MyCall with the answer before.
func (c Conditional) MyCall(ctx context.Context, ticketID string, scope string, prev *Answer[TicketDetails]) (*Answer[TicketDetails], error) {
	query, err := scopeQuery(scope)
	if err != nil {
		return nil, err
	}
	r := request{route: myCallRoute, query: query, parameters: []string{ticketID}}
	return fetch(ctx, c.Client, r, prev, (*reader).ticketDetails)
}

func (r *reader) ticketDetails() (TicketDetails, error) {
	type described struct {
		Ticket
		Description string `json:"description,case:ignore"` // a client reads Description
	}
	var answer struct {
		said
		Ticket  *described     `json:"ticket"`
		Updates []TicketUpdate `json:"updates"`
		Changes []TicketUpdate `json:"changes"`
	}
	err := r.object(`an object with "ticket"`, &answer, required[TicketUpdate](r))
	if err == nil && answer.Ticket == nil {
		err = unexpected(`an object with "ticket"`)
	}
	if err != nil {
		return TicketDetails{}, err
	}
	return TicketDetails{answer.Ticket.Ticket, answer.Ticket.Description, answer.Updates, answer.Changes}, nil
}

// IncidentArea is the problem_area of an incident.
type IncidentArea string

// The areas of incidents.
const (
	IncidentCompute  IncidentArea = "compute"
	IncidentStorage  IncidentArea = "storage"
	IncidentEmail    IncidentArea = "email and collaboration"
	IncidentAreaElse IncidentArea = "other"
)

// IncidentAreas returns all of them.
func IncidentAreas() []IncidentArea {
	return []IncidentArea{IncidentCompute, IncidentStorage, IncidentEmail, IncidentAreaElse}
}

// Classification says how bad an incident is.
type Classification string

// The classifications of incidents.
const (
	ProductionUnavailable Classification = "Production Service > unavailable or unresponsive"
	ProductionDegraded    Classification = "Production Service > available but performance degraded"
	ProductionRestricted  Classification = "Production Service > available, but client access to service restricted"
	TestUnavailable       Classification = "Test/Dev Service > unavailable or unresponsive"
	TestDegraded          Classification = "Test/Dev Service > available, but performance degraded"
	TestRestricted        Classification = "Test/Dev Service > available, but client access to service restricted"
	RedundancyLost        Classification = "Service available, part of redundant infrastructure unavailable"
	DataLossConfirmed     Classification = "Confirmed data loss or breach"
	DataLossPossible      Classification = "Possible data loss or breach"
	OtherIncident         Classification = "Other incident"
)

// Classifications returns all of them.
func Classifications() []Classification {
	return []Classification{
		ProductionUnavailable, ProductionDegraded, ProductionRestricted, TestUnavailable, TestDegraded, TestRestricted,
		RedundancyLost, DataLossConfirmed, DataLossPossible, OtherIncident,
	}
}

// ServiceArea is the problem_area of a service request.
type ServiceArea string

// The areas of service requests.
const (
	ServiceCompute    ServiceArea = "compute"
	ServiceStorage    ServiceArea = "storage"
	ServiceEmail      ServiceArea = "email and collaboration"
	ServicePSN        ServiceArea = "Connectivity PSN or GSI"
	ServiceLeasedLine ServiceArea = "Connectivity Leased Line"
	ServiceEnablement ServiceArea = "Cloud Enablement Services"
	ServiceIPAddress  ServiceArea = "IP Addresses"
	ServiceAreaElse   ServiceArea = "Other"
)

// ServiceAreas returns all of them.
func ServiceAreas() []ServiceArea {
	return []ServiceArea{
		ServiceCompute, ServiceStorage, ServiceEmail, ServicePSN, ServiceLeasedLine, ServiceEnablement, ServiceIPAddress, ServiceAreaElse,
	}
}

// QueryNature says what a service request wants.
type QueryNature string

// The natures of service requests.
const (
	ChangeConfiguration QueryNature = "Change a Configuration"
	AddService          QueryNature = "Add a New Service"
	ClaimCredits        QueryNature = "Claim Service Credits"
	ExpandService       QueryNature = "Expand an Existing Service"
	RequireInformation  QueryNature = "Information Required"
	OtherQuery          QueryNature = "Other"
)

// QueryNatures returns all of them.
func QueryNatures() []QueryNature {
	return []QueryNature{ChangeConfiguration, AddService, ClaimCredits, ExpandService, RequireInformation, OtherQuery}
}

// Incident is a new ticket about something that does not work. Every field is
// mandatory.
type Incident struct {
	Area           IncidentArea   `json:"problem_area"`
	Service        string         `json:"service"` // its name
	Classification Classification `json:"classification"`
	Summary        string         `json:"summary"`
	Details        string         `json:"further_details"`
}

// ServiceRequest is a new ticket that asks for something. Every field is mandatory.
type ServiceRequest struct {
	Area    ServiceArea `json:"problem_area"`
	Service string      `json:"service"` // its name
	Nature  QueryNature `json:"query_nature"`
	Summary string      `json:"summary"`
	Details string      `json:"further_details"`
}

// CreateIncident opens an incident (API reference, POST /api/my_calls). The portal
// refuses changes of a new ticket until an engineer has approved it.
func (c *Client) CreateIncident(ctx context.Context, i Incident) (*Ticket, error) {
	err := errors.Join(
		oneOf("problem area", i.Area, IncidentAreas()),
		oneOf("classification", i.Classification, Classifications()),
		notBlank("service", i.Service), notBlank("summary", i.Summary), notBlank("further details", i.Details),
	)
	if err != nil {
		return nil, fmt.Errorf("create incident: %w", err)
	}
	return c.createTicket(ctx, map[string]Incident{"incident": i})
}

// CreateServiceRequest opens a service request (API reference, POST
// /api/my_calls). The portal refuses changes of a new ticket until an engineer has
// approved it.
func (c *Client) CreateServiceRequest(ctx context.Context, s ServiceRequest) (*Ticket, error) {
	err := errors.Join(
		oneOf("problem area", s.Area, ServiceAreas()),
		oneOf("query nature", s.Nature, QueryNatures()),
		notBlank("service", s.Service), notBlank("summary", s.Summary), notBlank("further details", s.Details),
	)
	if err != nil {
		return nil, fmt.Errorf("create service request: %w", err)
	}
	return c.createTicket(ctx, map[string]ServiceRequest{"service": s})
}

func (c *Client) createTicket(ctx context.Context, body any) (*Ticket, error) {
	var ticket Ticket
	err := c.change(ctx, order{route: createTicketRoute, body: body}, decode(c, &ticket, (*reader).createdTicket))
	if err != nil {
		return nil, err
	}
	return &ticket, nil
}

// createdTicket reads the new ticket, whose form no one recorded: as the list has
// it, or under ticket.
func (r *reader) createdTicket() (Ticket, error) {
	var answer struct {
		said
		Ticket
		Inner Ticket `json:"ticket"`
	}
	err := r.object("a ticket", &answer)
	ticket := answer.Ticket
	if ticket.ID == "" {
		ticket = answer.Inner
	}
	if err == nil && ticket.ID == "" {
		err = unexpected("a ticket with an id")
	}
	return ticket, err
}

// AddNote adds a note to a ticket and returns all of its notes (API reference, PUT
// /api/my_calls/:ticket_id).
func (c *Client) AddNote(ctx context.Context, ticketID, text string) ([]TicketUpdate, error) {
	if err := notBlank("note", text); err != nil {
		return nil, err
	}
	var notes []TicketUpdate
	o := order{route: noteRoute, parameters: []string{ticketID}, body: map[string]string{"description": text}}
	err := c.change(ctx, o, decode(c, &notes, (*reader).notes))
	return notes, err
}

// notes reads the notes of a ticket: a list, the updates of a ticket, or nothing.
func (r *reader) notes() ([]TicketUpdate, error) {
	switch r.json.PeekKind() {
	case jsontext.KindBeginArray:
		return list[TicketUpdate](r)
	case jsontext.KindBeginObject:
		var answer struct {
			said
			Updates []TicketUpdate `json:"updates"`
		}
		err := r.object("", &answer, required[TicketUpdate](r))
		return answer.Updates, err
	}
	return nil, r.nothing()
}

// Subscribe has the portal tell a user of the account of what becomes of a ticket
// (API reference, PUT /api/my_calls/:ticket_id/subscribe).
func (c *Client) Subscribe(ctx context.Context, ticketID, email string) error {
	return c.changeTicketUser(ctx, subscribeRoute, ticketID, email)
}

// Unsubscribe ends Subscribe (API reference, PUT
// /api/my_calls/:ticket_id/unsubscribe).
func (c *Client) Unsubscribe(ctx context.Context, ticketID, email string) error {
	return c.changeTicketUser(ctx, unsubscribeRoute, ticketID, email)
}

// ChangeOwner gives a ticket to another user of the account (API reference, PUT
// /api/my_calls/:ticket_id/change_owner).
func (c *Client) ChangeOwner(ctx context.Context, ticketID, email string) error {
	return c.changeTicketUser(ctx, changeOwnerRoute, ticketID, email)
}

func (c *Client) changeTicketUser(ctx context.Context, r *route, ticketID, email string) error {
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return fmt.Errorf("ticket %s: %q is not an e-mail address", ticketID, email)
	}
	return c.change(ctx, order{route: r, parameters: []string{ticketID}, body: map[string]string{"email": email}}, statusOnly)
}

// ReopenTicket opens a ticket again that was closed (API reference, PUT
// /api/my_calls/:ticket_id/reopen).
func (c *Client) ReopenTicket(ctx context.Context, ticketID string) error {
	return c.change(ctx, order{route: reopenRoute, parameters: []string{ticketID}}, statusOnly)
}

// CancelTicket withdraws a ticket (API reference, PUT
// /api/my_calls/:ticket_id/cancel).
func (c *Client) CancelTicket(ctx context.Context, ticketID string) error {
	return c.change(ctx, order{route: cancelRoute, parameters: []string{ticketID}}, statusOnly)
}

// CloseTicket closes a ticket (API reference, PUT /api/my_calls/:ticket_id/close).
func (c *Client) CloseTicket(ctx context.Context, ticketID string) error {
	return c.change(ctx, order{route: closeRoute, parameters: []string{ticketID}}, statusOnly)
}

// notBlank refuses an empty text before the portal does.
func notBlank(name, text string) error {
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("%s is empty", name)
	}
	return nil
}

// oneOf refuses what the reference does not list.
func oneOf[T ~string](name string, value T, known []T) error {
	if slices.Contains(known, value) {
		return nil
	}
	quoted := make([]string, len(known))
	for i, k := range known {
		quoted[i] = fmt.Sprintf("%q", string(k))
	}
	return fmt.Errorf("%s %q is none of %s", name, string(value), strings.Join(quoted, ", "))
}
