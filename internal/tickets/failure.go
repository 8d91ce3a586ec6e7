package tickets

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"ukcloud_exporter/portal"
)

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
