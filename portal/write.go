package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/go-json-experiment/json"
)

// ErrOutcomeUnknown is a write of which nobody can say whether the portal did it:
// its first byte went out and no answer came, or one that settles nothing. It is
// never sent a second time; look before you repeat it.
var ErrOutcomeUnknown = errors.New("outcome unknown: the portal may have done it")

// order is one write.
type order struct {
	route      *route
	parameters []string // of the endpoint's path
	query      url.Values
	body       any // sent as JSON, nil for none
}

// change sends a write once. read gets a 2xx answer that is not a page. A session
// that has run out must not show in a write, which cannot be repeated, so ping is
// called first.
func (c *Client) change(ctx context.Context, o order, read func(*http.Response) error) error {
	u, err := c.target(o.route, o.query, o.parameters...)
	if err != nil {
		return err
	}
	var body io.Reader = http.NoBody
	if o.body != nil {
		text, err := json.Marshal(o.body, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("%s %s: make request: %w", o.route.method, o.route.endpoint, err)
		}
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		return fmt.Errorf("%s %s: not sent: %w", o.route.method, o.route.endpoint, err)
	}
	sent := &wireTap{}
	req, err := http.NewRequestWithContext(sent.trace(withCall(ctx, &call{route: o.route})), o.route.method, u.String(), body)
	if err != nil {
		return fmt.Errorf("%s %s: make request: %w", o.route.method, o.route.endpoint, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if o.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.once.RoundTrip(req)
	switch {
	case err != nil && sent.nothing():
		return c.callError(o.route, err)
	case err != nil:
		return c.callError(o.route, fmt.Errorf("%w: %w", ErrOutcomeUnknown, err))
	}
	defer func() { _ = resp.Body.Close() }()
	return c.outcome(o.route, resp, read)
}

// outcome says what an answer means for a write. A 4xx refuses it.
func (c *Client) outcome(r *route, resp *http.Response, read func(*http.Response) error) error {
	switch code := resp.StatusCode; {
	case isRedirect(code):
		return c.secrets.newError(r, resp, fmt.Errorf("%w: %w", ErrOutcomeUnknown, ErrRedirectRefused))
	case code >= 500 || code < 200 || code >= 300 && code < 400:
		return c.secrets.newError(r, resp, ErrOutcomeUnknown)
	case code >= 400:
		return c.secrets.newError(r, resp, nil)
	case isPage(resp):
		return c.secrets.newError(r, resp, fmt.Errorf("%w: %w", ErrOutcomeUnknown, errHTML))
	}
	err := read(resp)
	if _, isSaid := errors.AsType[saidError](err); err != nil && !isSaid {
		err = fmt.Errorf("%w: it accepted, but its answer cannot be used: %w", ErrOutcomeUnknown, err)
	}
	if err != nil {
		return c.answerError(r, resp, err)
	}
	return nil
}

// decode makes a reader of an answer that is not empty and not null.
func decode[T any](c *Client, into *T, read func(*reader) (T, error)) func(*http.Response) error {
	return func(resp *http.Response) (err error) {
		*into, err = read(newReader(resp.Body, maxList, c.london))
		return err
	}
}

// statusOnly reads the answer of a write that has only a status: nothing, null, or whatever
// is no error.
func statusOnly(resp *http.Response) error {
	return readRefusal(resp.Body)
}

// wireTap notes how far a request came.
type wireTap struct{ handed, asked, connected atomic.Bool }

func (w *wireTap) trace(ctx context.Context) context.Context {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) },
	})
	return context.WithValue(ctx, wireTapKey{}, w)
}

// nothing reports whether no byte can have gone out: the request was never handed
// to the transport, or got no connection. A transport that does not tell has
// perhaps sent it.
func (w *wireTap) nothing() bool {
	return !w.handed.Load() || w.asked.Load() && !w.connected.Load()
}

type wireTapKey struct{}

// tapTransport notes that a request is handed to the transport.
type tapTransport struct{ next http.RoundTripper }

func (t *tapTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if tap, ok := req.Context().Value(wireTapKey{}).(*wireTap); ok {
		tap.handed.Store(true)
	}
	return t.next.RoundTrip(req)
}
