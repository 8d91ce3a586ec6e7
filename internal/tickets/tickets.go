// Package tickets turns alerts into support tickets: one MyCalls ticket for each of
// Alertmanager's groups, opened once, noted when more fires, closed when all is
// resolved and opened again when it comes back.
//
// The portal has no idempotency key. So that nothing is sent twice, whatever is
// killed or lost:
//
//   - What Alertmanager said is on disk before it gets its 200, a file for each
//     group; see journal.
//   - What is to be sent is on disk before it is sent, as the group's intent.
//   - A new ticket's summary and each note begin with a mark that nothing else has;
//     see mark.
//   - Before anything is sent the portal is asked what is there. After a call whose
//     outcome nobody knows, also one that a crash cut off, that question comes no
//     earlier than the call can still be under way.
//
// What is to be done is not a list of orders: it is what the ticket lacks of what the
// group's alerts are; see group.next.
package tickets

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ukcloud_exporter/portal"
)

// API is what the bridge asks of the portal.
type API interface {
	MyCalls(ctx context.Context, scope string) ([]portal.Ticket, error)
	MyCall(ctx context.Context, ticketID, scope string) (portal.TicketDetails, error)
	CreateIncident(ctx context.Context, i portal.Incident) (*portal.Ticket, error)
	CreateServiceRequest(ctx context.Context, s portal.ServiceRequest) (*portal.Ticket, error)
	AddNote(ctx context.Context, ticketID, text string) ([]portal.TicketUpdate, error)
	CloseTicket(ctx context.Context, ticketID string) error
	ReopenTicket(ctx context.Context, ticketID string) error
}

// Options are what the bridge lives on. Its settings have passed Settings.Check.
type Options struct {
	Settings Settings
	Portal   API
	Log      *slog.Logger
	Metrics  *Metrics

	// Dir is the bridge's own directory; nobody else may use it before Stop has
	// returned.
	Dir string
	// Timeout is how long a call may take.
	Timeout time.Duration
	// Ended are the statuses of a ticket that is closed for the portal, in any case.
	Ended []string
}

// Bridge is the way from alerts to tickets. It is safe for concurrent use.
type Bridge struct {
	Options
	journal *journal
	texts   *texts
	allowed []allowed
	api     API // Portal, or what stands in for it in a dry run

	wake chan struct{}
	stop context.CancelFunc
	done chan struct{} // closed when the worker has ended

	mu      sync.Mutex
	groups  map[string]*group // by key; nil until they have been read
	recount time.Time         // when to look which groups the collective ticket stands for; zero is never
	stopped bool
	pause   pause // of all calls, while the portal does not answer as it should
}

// New returns a bridge that does nothing before Start.
func New(o Options) (*Bridge, error) { return newBridge(o, osFiles()) }

func newBridge(o Options, fsys filesystem) (*Bridge, error) {
	b := &Bridge{
		Options: o, journal: &journal{fsys: fsys, dir: o.Dir}, api: o.Portal,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	var err error
	if b.texts, err = newTexts(o.Settings); err != nil {
		return nil, fmt.Errorf("tickets: %w", err)
	}
	for _, text := range o.Settings.Alerts {
		a, err := parseAllowed(text)
		if err != nil {
			return nil, fmt.Errorf("tickets.alerts: %w", err)
		}
		b.allowed = append(b.allowed, a)
	}
	if o.Settings.DryRun {
		b.api = dryRun{o.Log}
	}
	return b, nil
}

// Start reads what was left to do and does it, until Stop.
func (b *Bridge) Start() {
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.mu.Lock()
	if err := b.load(); err != nil { // tried again by whoever needs it
		b.Log.Error("Reading the state of the tickets failed", "err", err)
	}
	b.mu.Unlock()
	b.Metrics.attach(b)
	go func() {
		defer close(b.done)
		b.run(ctx)
	}()
}

// Stop ends the worker, and waits for the call that is under way. What is not done
// yet is done after the next Start.
func (b *Bridge) Stop() {
	b.mu.Lock()
	b.stopped = true
	b.mu.Unlock()
	b.stop()
	<-b.done
	b.Metrics.detach(b)
}

// load reads the groups, once. The caller holds the lock.
func (b *Bridge) load() error {
	if b.groups != nil {
		return nil
	}
	all, spoiled, err := b.journal.read()
	if err != nil {
		return err
	}
	for _, path := range spoiled {
		b.Log.Error("The state of a ticket is not usable and was moved aside", "path", path)
	}
	now := time.Now()
	b.groups = map[string]*group{}
	for _, g := range all {
		if !b.Settings.DryRun {
			g.leaveDryRun()
		}
		g.mind(now)
		if g.Intent != nil { // it may be under way still
			g.notBefore = earlier(g.Intent.At, now).Add(b.settle())
		}
		b.groups[g.Key] = g
	}
	b.collect(now)
	if b.groups[collectiveKey] != nil {
		b.recountSoon(now)
	}
	return nil
}

// settle is how long after the beginning of a call the portal may still be at it.
func (b *Bridge) settle() time.Duration { return 2 * b.Timeout }

// save makes a group durable. The caller holds the lock.
func (b *Bridge) save(g *group) error {
	g.mind(time.Now())
	if err := b.journal.write(g); err != nil {
		return fmt.Errorf("save the state of a ticket: %w", err)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
