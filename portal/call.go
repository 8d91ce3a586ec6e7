package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// route is one endpoint and what is asked of it.
type route struct {
	method   string
	endpoint string // spelled as the headings of the API reference, with the /api prefix
}

// call is one call on its way through the round trippers, each of which finds it
// in the request's context.
type call struct {
	*route
	target     string // path of the URL
	retries    int    // spent so far; the call has maxRetries of them, logins in between or not
	generation uint64 // of the session whose cookies were sent last
	sign       error  // how the last answer looks expired, nil if it does not
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf returns the call that a request belongs to. Every request has one: only
// this package makes them.
func callOf(req *http.Request) *call { return req.Context().Value(callKey{}).(*call) }

// target fills the endpoint's parameters, each escaped, and puts the base URL in
// the place of /api.
func (c *Client) target(r *route, query url.Values, parameters ...string) (*url.URL, error) {
	var path strings.Builder
	path.WriteString(c.base.EscapedPath())
	endpoint := strings.TrimPrefix(r.endpoint, "/api/")
	if endpoint == "*" { // all elements are parameters
		endpoint = strings.TrimPrefix(strings.Repeat("/*", len(parameters)), "/")
	}
	for segment := range strings.SplitSeq(endpoint, "/") {
		path.WriteByte('/')
		name, isParameter := strings.CutPrefix(segment, ":")
		if segment == "*" {
			name, isParameter = "path element", true
		}
		if !isParameter {
			path.WriteString(segment)
			continue
		}
		value := parameters[0]
		parameters = parameters[1:]
		if value == "" || value == "." || value == ".." { // these would change the path even when escaped
			return nil, fmt.Errorf("%s %s: %q is not a valid %s", r.method, r.endpoint, value, name)
		}
		path.WriteString(url.PathEscape(value))
	}
	u := *c.base
	u.RawPath = path.String()
	u.RawQuery = query.Encode()
	var err error
	u.Path, err = url.PathUnescape(u.RawPath)
	return &u, err
}

// get sends one GET and returns its 2xx answer. Every other answer is an *Error;
// 304 is one that is ErrNotModified. The call, its body included, ends with the
// client's timeout; closing the body frees what it holds.
func (c *Client) get(ctx context.Context, r *route, etag string, query url.Values, parameters ...string) (*http.Response, error) {
	u, err := c.target(r, query, parameters...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(withCall(ctx, &call{route: r, target: u.EscapedPath()}), c.timeout)
	resp, err := c.roundTrip(ctx, r, u, etag)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = onClose(resp.Body, cancel)
	return resp, nil
}

func (c *Client) roundTrip(ctx context.Context, r *route, u *url.URL, etag string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s %s: make request: %w", r.method, r.endpoint, err)
	}
	// The reference asks for JSON even where the answer is CSV.
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := c.chain.RoundTrip(req)
	if err != nil {
		return nil, c.callError(r, err)
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return resp, nil
	case code > 200 && code < 300:
		return nil, c.secrets.newError(r, resp, fmt.Errorf("%w: %d %s", errSurprise, code, http.StatusText(code)))
	}
	return nil, c.secrets.newError(r, resp, nil)
}

const (
	// maxTag bounds the validators that are kept. One of 60 KB was answered by 431 when
	// it was sent back.
	maxTag = 1 << 10
	// maxStream bounds a report: some 700,000 rows of a bill.
	maxStream = 512 << 20
)

// tagOf is the validator of an answer, "" if it has none that is worth keeping.
func tagOf(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); len(tag) <= maxTag {
		return tag
	}
	return ""
}

// boundedBody ends with an error when more comes than allowed.
type boundedBody struct {
	io.ReadCloser
	left int64
	err  error
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// What is left may be nothing but the end.
		var one [1]byte
		n, err := b.ReadCloser.Read(one[:])
		if n > 0 {
			err = b.err
		}
		return 0, err
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// errSurprise is a status that says "good" and means something else: 206 is a part of
// an answer that was not asked for in parts, 202 a promise, 204 nothing.
var errSurprise = errors.New("not the status that this answer has")

// bodyWithClose is a body with more to do when it is closed.
type bodyWithClose struct {
	io.ReadCloser
	after func()
	once  sync.Once
}

// onClose makes a body that calls after, once, when it has been closed.
func onClose(body io.ReadCloser, after func()) io.ReadCloser {
	return &bodyWithClose{ReadCloser: body, after: after}
}

func (b *bodyWithClose) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(b.after)
	return err
}

// sleep waits for d, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
