package portal

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"golang.org/x/time/rate"
)

// errRateDeadline is a call whose turn would come after its deadline.
var errRateDeadline = errors.New("the rate limit leaves no time before the deadline")

// limitTransport keeps the exporter polite: no more calls at once than slots, no
// more a second than the rate. A slot is held until the body is closed, since a
// body that still comes is work for the portal. One endpoint gets a share of the
// slots, not all: while it hangs, the others still have theirs.
type limitTransport struct {
	next  http.RoundTripper
	slots chan struct{}
	rate  *rate.Limiter

	mu     sync.Mutex
	shares map[*route]chan struct{}
}

// share returns the slots of one endpoint: three quarters of all.
func (t *limitTransport) share(r *route) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shares == nil {
		t.shares = map[*route]chan struct{}{}
	}
	if t.shares[r] == nil {
		t.shares[r] = make(chan struct{}, max(1, cap(t.slots)*3/4))
	}
	return t.shares[r]
}

func (t *limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	share := t.share(callOf(req).route)
	if err := acquire(ctx, share); err != nil {
		return nil, err
	}
	if err := acquire(ctx, t.slots); err != nil {
		<-share
		return nil, err
	}
	free := func() {
		<-t.slots
		<-share
	}
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

func acquire(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *limitTransport) wait(ctx context.Context) error {
	err := t.rate.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return errRateDeadline
	}
	return err
}
