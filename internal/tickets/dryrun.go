package tickets

import (
	"context"
	"log/slog"

	"ukcloud_exporter/portal"
)

// dryRun stands in for the portal: it says what would be sent, and sends nothing.
type dryRun struct{ log *slog.Logger }

const dryRunID = "DRY-RUN"

// MyCalls implements API: there is no ticket.
func (dryRun) MyCalls(context.Context, string) ([]portal.Ticket, error) { return nil, nil }

// MyCall implements API: every ticket is open and has no note.
func (dryRun) MyCall(_ context.Context, id, _ string) (portal.TicketDetails, error) {
	return portal.TicketDetails{Ticket: portal.Ticket{ID: id}}, nil
}

// CreateIncident implements API.
func (d dryRun) CreateIncident(_ context.Context, i portal.Incident) (*portal.Ticket, error) {
	d.log.Info("Dry run: an incident would be opened", "problem_area", i.Area, "service", i.Service,
		"classification", i.Classification, "summary", i.Summary, "further_details", i.Details)
	return &portal.Ticket{ID: dryRunID, Summary: i.Summary}, nil
}

// CreateServiceRequest implements API.
func (d dryRun) CreateServiceRequest(_ context.Context, s portal.ServiceRequest) (*portal.Ticket, error) {
	d.log.Info("Dry run: a service request would be opened", "problem_area", s.Area, "service", s.Service,
		"query_nature", s.Nature, "summary", s.Summary, "further_details", s.Details)
	return &portal.Ticket{ID: dryRunID, Summary: s.Summary}, nil
}

// AddNote implements API.
func (d dryRun) AddNote(_ context.Context, _, text string) ([]portal.TicketUpdate, error) {
	d.log.Info("Dry run: a note would be added", "note", text)
	return nil, nil
}

// CloseTicket implements API.
func (d dryRun) CloseTicket(context.Context, string) error {
	d.log.Info("Dry run: a ticket would be closed")
	return nil
}

// ReopenTicket implements API.
func (d dryRun) ReopenTicket(context.Context, string) error {
	d.log.Info("Dry run: a ticket would be opened again")
	return nil
}
