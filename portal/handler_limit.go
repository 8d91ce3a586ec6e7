package portal

import (
	"context"
	"errors"
	"net/http"

	"golang.org/x/time/rate"
)

// errRateDeadline is a call whose turn would come after its deadline.
var errRateDeadline = errors.New("the rate limit leaves no time before the deadline")

// limitTransport keeps the exporter polite: no more calls at once than slots, no
// more a second than the rate. A slot is held until the body is closed, since a
// body that still comes is work for the portal.
type limitTransport struct {
	next  http.RoundTripper
	slots chan struct{}
	rate  *rate.Limiter
}

func (t *limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	free := func() { <-t.slots }
	if err := t.wait(ctx); err != nil {
		free()
		return nil, err
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		free()
		return nil, err
	}
	resp.Body = onClose(resp.Body, free)
	return resp, nil
}

func (t *limitTransport) wait(ctx context.Context) error {
	err := t.rate.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return errRateDeadline
	}
	return err
}
