package tickets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

// run does what is to be done, one call after the other, until ctx ends.
func (b *Bridge) run(ctx context.Context) {
	for {
		g, at := b.pick(time.Now())
		if g != nil {
			b.attempt(ctx, g)
			if ctx.Err() != nil {
				return
			}
			continue
		}
		var alarm <-chan time.Time
		timer := time.NewTimer(time.Until(at))
		if !at.IsZero() {
			alarm = timer.C
		}
		select {
		case <-ctx.Done():
		case <-b.wake:
		case <-alarm:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// sweepEvery is how often groups that are over are looked for.
const sweepEvery = time.Hour

// pick returns the group that has waited longest of those that may be attended to now,
// or none and when to look again; zero is not before something comes.
func (b *Bridge) pick(now time.Time) (*group, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.load(); err != nil {
		return nil, now.Add(retryState)
	}
	b.sweep(now)
	if err := b.brake(now); err != nil {
		b.Metrics.failed(reasonState)
		b.Log.Error("The state of the tickets cannot be saved", "err", err)
		return nil, now.Add(retryState)
	}
	var best *group
	next := now.Add(sweepEvery)
	if !b.recount.IsZero() {
		next = earlier(next, b.recount)
	}
	for _, g := range b.groups {
		if g.idle() || g.next(now, b.Settings) == nothing && g.Intent == nil || b.holds(g) {
			continue
		}
		at := later(g.notBefore, b.pause.until)
		if g.Key == collectiveKey {
			at = later(at, b.collectiveFrom(g, now))
		}
		if at.After(now) {
			next = earlier(next, at)
		} else if best == nil || g.Waiting.Before(best.Waiting) || g.Waiting.Equal(best.Waiting) && g.Key < best.Key {
			best = g
		}
	}
	if best != nil {
		return best, now
	}
	return nil, next
}

const retryState = 10 * time.Second

// sweep forgets groups that are over.
func (b *Bridge) sweep(now time.Time) {
	for key, g := range b.groups {
		if !g.over(now, b.Settings) {
			continue
		}
		if err := b.journal.remove(g); err != nil {
			b.Log.Warn("A ticket that is over cannot be forgotten yet", "group", g.name(), "err", err)
			continue
		}
		delete(b.groups, key)
		if !g.Covered.IsZero() {
			b.recountSoon(now)
		}
	}
}

// brake gives to the collective ticket what must not have one of its own.
func (b *Bridge) brake(now time.Time) error {
	var wanting []*group
	for _, g := range b.groups {
		if g.Key != collectiveKey && g.Intent == nil && !g.idle() && g.next(now, b.Settings) == create && g.Start.IsZero() && !b.holds(g) {
			wanting = append(wanting, g)
		}
	}
	if len(wanting) > 0 {
		slices.SortFunc(wanting, func(a, b *group) int {
			if c := a.Waiting.Compare(b.Waiting); c != 0 {
				return c
			}
			return strings.Compare(a.Key, b.Key)
		})
		free := b.free(now)
		for _, g := range wanting[min(free, len(wanting)):] {
			if err := b.cover(g, now); err != nil {
				return err
			}
		}
		for _, g := range wanting[:min(free, len(wanting))] {
			g.begin() // it has its place, also while the portal is down
			if err := b.save(g); err != nil {
				return err
			}
		}
	}
	if b.recount.IsZero() || b.recount.After(now) {
		return nil
	}
	b.collect(now)
	if c := b.groups[collectiveKey]; c != nil {
		if err := b.save(c); err != nil {
			return err
		}
	}
	b.recount = time.Time{}
	return nil
}

// holds reports whether a dry run leaves a group alone because its ticket is real. It
// says once what it would do.
func (b *Bridge) holds(g *group) bool {
	if !b.Settings.DryRun || g.DryRun || g.Ticket == nil {
		return false
	}
	if what := string(g.next(time.Now(), b.Settings)); what != g.held {
		g.held = what
		b.Log.Info("Dry run: a ticket is left as it is", "ticket", g.Ticket.ID, "would", what)
	}
	return true
}

// attempt makes one step for a group.
func (b *Bridge) attempt(ctx context.Context, g *group) {
	err := b.step(ctx, g)
	if err == nil || ctx.Err() != nil && !errors.Is(err, portal.ErrOutcomeUnknown) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail(g, err, time.Now())
}

// step looks what the portal has, and does what is missing. It may do nothing but find out
// that something else is to be done.
func (b *Bridge) step(ctx context.Context, g *group) error {
	pending, mark, id := b.question(g)
	seen, err := b.look(ctx, mark, id)
	if err != nil {
		return err
	}
	i, err := b.decide(g, seen, pending, id == "")
	if err != nil || i == nil {
		return err
	}
	sending, cancel := outlast(ctx, stopGrace)
	defer cancel()
	ticketID, err := b.send(sending, g.Ticket, i)
	if err != nil {
		return b.undecided(g, err)
	}
	return b.finish(g, i, ticketID)
}

// question is what the portal has to be asked before anything else: for the ticket that
// may be there with the mark, or for the one that is known.
func (b *Bridge) question(g *group) (pending *intent, mark, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	what := g.next(time.Now(), b.Settings)
	if g.Intent != nil {
		what = g.Intent.Kind
	}
	if what == create || g.Ticket == nil {
		g.begin()
		return g.Intent, g.mark(), ""
	}
	return g.Intent, "", g.Ticket.ID
}

// sight is what the portal has.
type sight struct {
	id      string // of the ticket; "" where none has the mark
	ended   bool
	updates []portal.TicketUpdate
	listed  map[string]bool // ids of the tickets among which the mark was looked for
	newest  string          // of those
}

// look asks the portal for the ticket with the mark, or for a known one.
func (b *Bridge) look(ctx context.Context, mark, id string) (sight, error) {
	if id != "" {
		details, err := b.call(ctx, id)
		return sight{id: id, ended: b.hasEnded(details.Status), updates: details.Updates}, err
	}
	// The reference does not say that the account's tickets are all of the user's.
	seen := sight{listed: map[string]bool{}}
	var submitted time.Time
	for _, scope := range []string{portal.ScopeAccount, portal.ScopeUser} {
		list, err := b.api.MyCalls(ctx, scope)
		if err != nil {
			return sight{}, err
		}
		for _, t := range list {
			seen.listed[t.ID] = true
			if at := t.Submitted; at.Valid && at.Value.After(submitted) {
				submitted, seen.newest = at.Value, t.ID
			}
			if isMarked(t.Summary, mark) {
				return sight{id: t.ID, ended: b.hasEnded(t.Status)}, nil
			}
		}
	}
	return seen, nil
}

// call asks for a ticket in either scope.
func (b *Bridge) call(ctx context.Context, id string) (portal.TicketDetails, error) {
	details, err := b.api.MyCall(ctx, id, portal.ScopeAccount)
	if status(err) == http.StatusBadRequest {
		details, err = b.api.MyCall(ctx, id, portal.ScopeUser)
	}
	if status(err) == http.StatusBadRequest {
		err = fmt.Errorf("%w: %w", errNoTicket, err)
	}
	return details, err
}

var errNoTicket = errors.New("the portal does not know the ticket any more")

func (b *Bridge) hasEnded(status string) bool {
	return slices.ContainsFunc(b.Ended, func(s string) bool { return strings.EqualFold(s, status) })
}

// has reports whether the portal has what an intent was for.
func (s sight) has(i *intent) bool {
	switch i.Kind {
	case create:
		return s.id != ""
	case tell, tellBetter:
		return slices.ContainsFunc(s.updates, func(u portal.TicketUpdate) bool { return isMarked(u.Text, i.Mark) })
	case closing:
		return s.ended
	case reopen:
		return !s.ended
	}
	return false
}

// doubtFor is how long an answer is not believed that shows nothing of what must be there.
// To believe it would be to send a second time.
const doubtFor = 6 * time.Hour

var errDoubtful = errors.New("the portal shows none of what it has: whether it did what was asked cannot be seen")

// doubtful reports whether the portal shows less than it must have: no ticket at all, not
// even the newest that it showed before, or none of the notes that it has taken.
func (s sight) doubtful(g *group, pending *intent) bool {
	switch pending.Kind {
	case create:
		return len(s.listed) == 0 || pending.Witness != "" && !s.listed[pending.Witness]
	case tell, tellBetter:
		ours := strings.TrimSuffix(g.Ticket.Mark, "]") + "/"
		return g.Ticket.Notes > 0 && !slices.ContainsFunc(s.updates, func(u portal.TicketUpdate) bool { return isMarked(u.Text, ours) })
	}
	return false
}

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

// pause is a time without calls, because the portal does not answer as it should.
type pause struct {
	until    time.Time
	attempts int
	err      string
}

// The waits after failures: doubled each time.
const (
	pauseFirst, pauseMost       = 10 * time.Second, 15 * time.Minute // of all calls
	approvalFirst, approvalMost = 30 * time.Second, 15 * time.Minute // of a ticket that waits for approval
	refusedFirst, refusedMost   = time.Minute, time.Hour             // of what the portal refused
)

func backoff(first, most time.Duration, attempts int) time.Duration {
	return min(first<<min(attempts, 16), most)
}

// fail notes a failure: when the group is tried again, and whether the others have to
// wait too. The caller holds the lock.
func (b *Bridge) fail(g *group, err error, now time.Time) {
	reason, all, refused := classify(err)
	b.Metrics.failed(reason)
	g.failed, g.lastError = refused, oneLine(err.Error(), 300)
	level := slog.LevelWarn
	switch {
	case all:
		wait := max(backoff(pauseFirst, pauseMost, b.pause.attempts), retryAfter(err))
		b.pause = pause{now.Add(wait), b.pause.attempts + 1, g.lastError}
	case reason == reasonApproval:
		level = slog.LevelInfo
		g.notBefore = later(g.notBefore, now.Add(backoff(approvalFirst, approvalMost, g.attempts)))
		g.attempts++
		b.pause = pause{}
	default:
		g.notBefore = later(g.notBefore, now.Add(backoff(refusedFirst, refusedMost, g.attempts)))
		g.attempts++
		b.pause = pause{}
	}
	id := ""
	if g.Ticket != nil {
		id = g.Ticket.ID
	}
	b.Log.Log(context.Background(), level, "A ticket of alerts cannot be changed now", "reason", reason, "ticket", id, "group", g.name(),
		"next", later(g.notBefore, b.pause.until), "err", err)
}

// classify says what an error means: its reason, whether other calls would fail as well,
// and whether the portal refused what was asked.
func classify(err error) (reason string, all, refused bool) {
	var e *portal.Error
	switch {
	case errors.Is(err, portal.ErrOutcomeUnknown):
		return reasonUnknown, true, false
	case errors.Is(err, errDoubtful):
		return reasonBadAnswer, true, false
	case errors.Is(err, errNoTicket):
		return reasonNotFound, false, true
	case errors.Is(err, portal.ErrLoginRejected), errors.Is(err, portal.ErrLoginSuspended), errors.Is(err, portal.ErrNoSession),
		errors.Is(err, portal.ErrSessionExpired), errors.Is(err, portal.ErrUnauthorized):
		return reasonUnauthorized, true, false
	case errors.Is(err, portal.ErrForbidden):
		return reasonForbidden, true, true
	case errors.Is(err, portal.ErrNotFound):
		return reasonNotFound, true, true
	case errors.Is(err, portal.ErrTooManyRequests):
		return reasonTooMany, true, false
	case !errors.As(err, &e):
		return reasonState, true, false // of this program: nothing was called
	case e.StatusCode == 0:
		return reasonUnreachable, true, false
	case e.StatusCode >= 500:
		return reasonServer, true, false
	case e.StatusCode == http.StatusUnprocessableEntity && e.Method == http.MethodPut:
		return reasonApproval, false, false
	case e.StatusCode >= 400:
		return reasonRefused, false, true
	}
	return reasonBadAnswer, true, false
}

// status is that of the portal's answer, 0 where the error is none of it.
func status(err error) int {
	var e *portal.Error
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return 0
}

func retryAfter(err error) time.Duration {
	var e *portal.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
