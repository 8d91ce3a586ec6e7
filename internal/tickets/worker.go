package tickets

import (
	"context"
	"errors"
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
