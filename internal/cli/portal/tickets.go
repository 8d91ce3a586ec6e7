package portal

import (
	"context"

	"github.com/alecthomas/kingpin/v2"

	api "ukcloud_exporter/portal"
)

func (r *registrar) tickets(parent *kingpin.CmdClause) {
	create := parent.Command("create", "Open a ticket.")
	r.createIncident(create.Command("incident", "Report what does not work."))
	r.createServiceRequest(create.Command("service-request", "Ask for something."))
	r.note(parent.Command("note", "Add a note to a ticket."))
	r.change(parent.Command("close", "Close a ticket."), "close ticket %s", (*api.Client).CloseTicket)
	r.change(parent.Command("cancel", "Withdraw a ticket."), "cancel ticket %s", (*api.Client).CancelTicket)
	r.change(parent.Command("reopen", "Open a ticket again."), "reopen ticket %s", (*api.Client).ReopenTicket)
	r.changeUser(parent.Command("subscribe", "Have the portal tell a user about a ticket."), "subscribe %[2]s to ticket %[1]s", (*api.Client).Subscribe)
	r.changeUser(parent.Command("unsubscribe", "End a subscription."), "unsubscribe %[2]s from ticket %[1]s", (*api.Client).Unsubscribe)
	r.changeUser(parent.Command("change-owner", "Give a ticket to another user."), "give ticket %s to %s", (*api.Client).ChangeOwner)
}

// words turns an enumeration of the client into the choices of a flag.
func words[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// wordings are the flags that both kinds of tickets have.
type wordings struct {
	area, service, summary, details *string
	yes                             *bool
}

func (r *registrar) ticketFlags(clause *kingpin.CmdClause, areas []string) wordings {
	r.formatFlag(clause)
	return wordings{
		area:    clause.Flag("area", "Problem area.").Required().Enum(areas...),
		service: clause.Flag("service", "Name of the service.").Required().String(),
		summary: clause.Flag("summary", "What it is, in a line.").Required().String(),
		details: clause.Flag("details", "A more complete description.").Required().String(),
		yes:     yesFlag(clause),
	}
}

func (r *registrar) createIncident(clause *kingpin.CmdClause) {
	w := r.ticketFlags(clause, words(api.IncidentAreas()))
	class := clause.Flag("classification", "How bad it is.").Required().Enum(words(api.Classifications())...)
	r.add(clause, func(ctx context.Context, c *command) error {
		incident := api.Incident{
			Area: api.IncidentArea(*w.area), Service: *w.service, Classification: api.Classification(*class), Summary: *w.summary, Details: *w.details,
		}
		if err := c.confirm(*w.yes, "open an incident of %q (%s): %q", *w.service, *class, *w.summary); err != nil {
			return err
		}
		ticket, err := c.Client.CreateIncident(ctx, incident)
		return c.opened(ticket, err)
	})
}

func (r *registrar) createServiceRequest(clause *kingpin.CmdClause) {
	w := r.ticketFlags(clause, words(api.ServiceAreas()))
	nature := clause.Flag("nature", "What is wanted.").Required().Enum(words(api.QueryNatures())...)
	r.add(clause, func(ctx context.Context, c *command) error {
		request := api.ServiceRequest{
			Area: api.ServiceArea(*w.area), Service: *w.service, Nature: api.QueryNature(*nature), Summary: *w.summary, Details: *w.details,
		}
		if err := c.confirm(*w.yes, "open a service request for %q (%s): %q", *w.service, *nature, *w.summary); err != nil {
			return err
		}
		ticket, err := c.Client.CreateServiceRequest(ctx, request)
		return c.opened(ticket, err)
	})
}

// opened prints a new ticket.
func (c *command) opened(ticket *api.Ticket, err error) error {
	if err != nil {
		return unknown(err, "tickets")
	}
	t := ticketTable()
	addTicket(t, *ticket)
	return c.print(t)
}

func (r *registrar) note(clause *kingpin.CmdClause) {
	id := clause.Arg("ID", "Ticket, for example INC10001.").Required().String()
	note := clause.Arg("TEXT", "The note.").Required().String()
	yes := yesFlag(clause)
	r.formatFlag(clause)
	r.add(clause, func(ctx context.Context, c *command) error {
		if err := c.confirm(*yes, "add to ticket %s the note %q", *id, *note); err != nil {
			return err
		}
		notes, err := c.Client.AddNote(ctx, *id, *note)
		if err != nil {
			return unknown(err, "tickets "+*id)
		}
		t := &table{columns: []string{"part", "submitted", "owner", "type", "text"}}
		addUpdates(t, "update", notes)
		return c.print(t)
	})
}

// change adds a command that does something to a ticket.
func (r *registrar) change(clause *kingpin.CmdClause, what string, do func(*api.Client, context.Context, string) error) {
	id := clause.Arg("ID", "Ticket, for example INC10001.").Required().String()
	yes := yesFlag(clause)
	r.add(clause, func(ctx context.Context, c *command) error {
		if err := c.confirm(*yes, what, *id); err != nil {
			return err
		}
		return unknown(do(c.Client, ctx, *id), "tickets "+*id)
	})
}

// changeUser adds a command that does something to a ticket and a user.
func (r *registrar) changeUser(clause *kingpin.CmdClause, what string, do func(*api.Client, context.Context, string, string) error) {
	id := clause.Arg("ID", "Ticket, for example INC10001.").Required().String()
	email := clause.Arg("EMAIL", "E-mail address of a user of the account.").Required().String()
	yes := yesFlag(clause)
	r.add(clause, func(ctx context.Context, c *command) error {
		if err := c.confirm(*yes, what, *id, *email); err != nil {
			return err
		}
		return unknown(do(c.Client, ctx, *id, *email), "tickets "+*id)
	})
}
