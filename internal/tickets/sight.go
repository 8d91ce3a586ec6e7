package tickets

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

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
