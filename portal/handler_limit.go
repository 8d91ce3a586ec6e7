package portal

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/time/rate"
)

// errRateDeadline is a call whose turn would come after its deadline.
var errRateDeadline = errors.New("the rate limit leaves no time before the deadline")

// limitTransport keeps the exporter polite: no more calls at once than places, no
// more a second than the rate. A place is held until the body is closed, since a
// body that still comes is work for the portal.
//
// Endpoints that hang must not starve the others. So one endpoint gets three
// quarters of the places at most, and one that has no call under way never waits:
// then there is one call more than there are places.
type limitTransport struct {
	next   http.RoundTripper
	places int
	rate   *rate.Limiter

	mu      sync.Mutex
	held    int
	running map[*route]int
	waiting []*turn // in the order in which they came
}

// turn is a call that waits for a place. It is closed when it has one.
type turn struct {
	route *route
	ready chan struct{}
}

func (t *limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, r := req.Context(), callOf(req).route
	if err := t.acquire(ctx, r); err != nil {
		return nil, err
	}
	free := func() { t.release(r) }
	handedOn := false
	defer func() { // also when what is below panics
		if !handedOn {
			free()
		}
	}()
	if err := t.wait(ctx); err != nil {
		return nil, err
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = onClose(resp.Body, free)
	handedOn = true
	return resp, nil
}

// acquire waits for a place, no longer than ctx.
func (t *limitTransport) acquire(ctx context.Context, r *route) error {
	t.mu.Lock()
	if t.take(r) {
		t.mu.Unlock()
		return nil
	}
	mine := &turn{r, make(chan struct{})}
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine.ready:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-mine.ready: // at the same moment
		t.give(r)
	default:
		t.waiting = slices.DeleteFunc(t.waiting, func(other *turn) bool { return other == mine })
	}
	return ctx.Err()
}

func (t *limitTransport) release(r *route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.give(r)
}

// take takes a place if a call of r may have one now. Called under mu.
func (t *limitTransport) take(r *route) bool {
	own := t.running[r]
	if own > 0 && (t.held >= t.places || own >= max(1, t.places*3/4)) {
		return false
	}
	if t.running == nil {
		t.running = map[*route]int{}
	}
	t.running[r]++
	t.held++
	return true
}

// give gives a place back, and the places that are free now to those who wait.
// Called under mu.
func (t *limitTransport) give(r *route) {
	t.held--
	if t.running[r]--; t.running[r] == 0 {
		delete(t.running, r)
	}
	t.waiting = slices.DeleteFunc(t.waiting, func(next *turn) bool {
		if !t.take(next.route) {
			return false
		}
		close(next.ready)
		return true
	})
}

func (t *limitTransport) wait(ctx context.Context) error {
	err := t.rate.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return errRateDeadline
	}
	return err
}
