package tickets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

// decide takes what is there already, and makes durable what is to be sent. It returns
// nil where nothing is to be sent now.
func (b *Bridge) decide(g *group, seen sight, pending *intent, searched bool) (*intent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now().UTC()
	if pending != nil {
		if seen.has(pending) {
			return nil, b.complete(g, pending, seen.id, now)
		}
		if now.Sub(pending.At) < doubtFor && seen.doubtful(g, pending) {
			return nil, errDoubtful
		}
		g.Intent = nil // what is to be done by now may be something else
		return nil, nil
	}
	i := &intent{Kind: g.next(now, b.Settings), At: now}
	switch {
	case (i.Kind == create) != searched: // the portal was asked something else
		return nil, nil
	case i.Kind == nothing:
		return nil, b.save(g)
	case i.Kind == tell && seen.ended:
		i.Kind = reopen
	case i.Kind == closing && !b.Settings.Close,
		(i.Kind == tellBetter || i.Kind == closing) && seen.ended: // someone has closed it
		g.Ticket.Ended, g.Ticket.SaidResolved, g.Changed = now, true, now
		b.succeeded(g)
		return nil, b.save(g)
	}
	b.write(g, i)
	i.Witness = seen.newest
	if seen.has(i) {
		return nil, b.complete(g, i, seen.id, now)
	}
	g.Intent = i
	if err := b.save(g); err != nil {
		g.Intent = nil
		return nil, err
	}
	return i, nil
}

// write fills in what an intent says.
func (b *Bridge) write(g *group, i *intent) {
	switch i.Kind {
	case create:
		i.Mark = g.mark()
	case tell, tellBetter:
		i.Mark = fmt.Sprintf("%s/%d]", strings.TrimSuffix(g.Ticket.Mark, "]"), g.Ticket.Notes+1)
	}
	if i.Kind == create || i.Kind == tell {
		for _, a := range g.untold() {
			i.Tells = append(i.Tells, telling{a.Fingerprint, a.StartsAt})
		}
	}
	if g.Key == collectiveKey {
		g.collectiveText(i, b.Settings.MaxNewPerHour)
		return
	}
	var err error
	d := g.data()
	switch i.Kind {
	case create:
		if i.Summary, err = b.texts.summaryOf(i.Mark, d); err == nil {
			i.Text, err = render(b.texts.details, d, maxDetails)
		}
	case tell:
		i.Text, err = render(b.texts.note, d, maxNote)
	case tellBetter:
		i.Text, err = render(b.texts.resolved, d, maxNote)
	}
	if err != nil {
		b.Metrics.failed(reasonTemplate)
		b.Log.Error("A template of tickets failed; the ticket says no more than that", "group", g.name(), "err", templateError(err))
	}
	if i.Kind == create {
		if strings.TrimSpace(strings.TrimPrefix(i.Summary, i.Mark)) == "" {
			i.Summary = marked(i.Mark, clean("Alerts: "+g.name(), maxSummary), maxSummary)
		}
		if i.Text == "" {
			i.Text = clean(g.name(), maxDetails)
		}
	} else if i.Kind == tell || i.Kind == tellBetter {
		if i.Text == "" {
			i.Text = clean(g.name(), maxNote)
		}
		i.Text = marked(i.Mark, i.Text, maxNote)
	}
}

// stopGrace is how long a call may go on when the bridge is to stop: one that is cut off
// costs a search after the next start.
const stopGrace = 5 * time.Second

// outlast returns a context that ends some time after ctx.
func outlast(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() { stop(); cancel() }
}

// send makes the call of an intent, which is durable.
func (b *Bridge) send(ctx context.Context, t *ticket, i *intent) (ticketID string, err error) {
	switch i.Kind {
	case create:
		created, err := b.create(ctx, i)
		if err != nil {
			return "", err
		}
		return created.ID, nil
	case tell, tellBetter:
		_, err = b.api.AddNote(ctx, t.ID, i.Text)
	case closing:
		err = b.api.CloseTicket(ctx, t.ID)
	case reopen:
		err = b.api.ReopenTicket(ctx, t.ID)
	}
	return t.ID, err
}

func (b *Bridge) create(ctx context.Context, i *intent) (*portal.Ticket, error) {
	s := b.Settings
	if s.serviceRequest() {
		return b.api.CreateServiceRequest(ctx, portal.ServiceRequest{
			Area: portal.ServiceArea(s.ProblemArea), Service: s.Service, Nature: portal.QueryNature(s.QueryNature),
			Summary: i.Summary, Details: i.Text,
		})
	}
	return b.api.CreateIncident(ctx, portal.Incident{
		Area: portal.IncidentArea(s.ProblemArea), Service: s.Service, Classification: portal.Classification(s.Classification),
		Summary: i.Summary, Details: i.Text,
	})
}

// undecided keeps the intent of a call that the portal may have done, and drops any
// other.
func (b *Bridge) undecided(g *group, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(err, portal.ErrOutcomeUnknown) {
		g.notBefore = later(g.notBefore, time.Now().Add(b.settle()))
	} else {
		g.Intent = nil // on disk it stays until the next one; to look for it costs a call
	}
	return err
}

// finish notes that a call was answered with success.
func (b *Bridge) finish(g *group, i *intent, ticketID string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.complete(g, i, ticketID, time.Now().UTC())
}

// complete notes that what an intent was for is done, and says so. The caller holds the
// lock.
func (b *Bridge) complete(g *group, i *intent, ticketID string, now time.Time) error {
	b.succeeded(g)
	g.done(i, now, ticketID, b.Settings)
	g.DryRun = b.Settings.DryRun
	g.Opened = slices.DeleteFunc(g.Opened, func(at time.Time) bool { return now.Sub(at) > time.Hour })
	if !b.Settings.DryRun {
		switch i.Kind {
		case create:
			b.Metrics.created.Inc()
		case tell, tellBetter:
			b.Metrics.notes.Inc()
		case closing:
			b.Metrics.closed.Inc()
		}
		b.Log.Info("A ticket of alerts was changed", "did", string(i.Kind), "ticket", ticketID, "group", g.name())
	}
	return b.save(g)
}

// succeeded forgets failures.
func (b *Bridge) succeeded(g *group) {
	b.pause = pause{}
	g.attempts, g.failed, g.lastError, g.notBefore = 0, false, "", time.Time{}
}
