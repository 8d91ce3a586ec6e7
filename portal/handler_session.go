package portal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxRedirects is how many redirects of one call are followed.
const maxRedirects = 3

// The disguises of an expired session, beside a bare 401.
var (
	errHTML     = fmt.Errorf("%w: an HTML page came in place of data", ErrSessionExpired)
	errRedirect = fmt.Errorf("%w: %w", ErrSessionExpired, ErrRedirectRefused)
)

// sessionTransport sends a call with a good session. When the answer looks
// expired it logs in, or waits for whoever already does, and sends the call
// again, once.
type sessionTransport struct {
	next    http.RoundTripper
	session *session
}

func (t *sessionTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	call := callOf(req)
	if err := t.session.ensure(req.Context(), false); err != nil {
		return nil, noSession(req.Context(), err)
	}
	resp, sign, err := t.send(req)
	if sign == nil {
		return t.served(call, resp, err)
	}
	if t.suspicious(call) {
		return nil, t.session.secrets.newError(call.route, resp, sign)
	}
	_ = resp.Body.Close() // frees the slot of the concurrency cap
	if err := t.session.renew(req.Context(), call, sign); err != nil {
		return nil, noSession(req.Context(), err)
	}
	resp, sign, err = t.send(req)
	if sign == nil {
		return t.served(call, resp, err)
	}
	t.session.distrusted.add(call.route, call.target, time.Now())
	return nil, t.session.secrets.newError(call.route, resp, sign)
}

// suspicious reports whether an answer that looks expired speaks of its endpoint rather
// than of the session: one that looked so after a fresh login too, while the session
// has served others since; or that ended the last session and would now end this one,
// which is hardly a minute old.
func (t *sessionTransport) suspicious(call *call) bool {
	now := time.Now()
	known := t.session.distrusted.look(call.route)
	switch {
	case now.Before(known.until):
		return true
	case known.failures == 0 && t.session.endedBefore(call), known.failures > 0 && t.session.servedSince(known.last):
		t.session.distrusted.add(call.route, call.target, now)
		return true
	}
	return false
}

// served hands on an answer that does not look expired.
func (t *sessionTransport) served(call *call, resp *http.Response, err error) (*http.Response, error) {
	if err == nil && resp.StatusCode < http.StatusInternalServerError {
		t.session.serve(call.generation)
		t.session.distrusted.drop(call.route, call.target)
	}
	return resp, err
}

// noSession is what a call gets that has no session: short, because the login's own
// error is told once and in full elsewhere.
func noSession(ctx context.Context, err error) error {
	if err == ctx.Err() {
		return err
	}
	what := "the last login failed"
	switch {
	case errors.Is(err, ErrLoginRejected):
		what = "the portal rejected the login"
	case errors.Is(err, ErrLoginSuspended):
		what = "logins are suspended"
	case errors.Is(err, ErrSessionExpired):
		what = "the last login served no call"
	}
	return sessionError{what, err}
}

type sessionError struct {
	what string
	err  error
}

func (e sessionError) Error() string { return ErrNoSession.Error() + ": " + e.what }

func (e sessionError) Unwrap() []error { return []error{ErrNoSession, e.err} }

// send sends a request and follows redirects within the portal. sign says how the
// answer looks expired, nil when it does not.
func (t *sessionTransport) send(req *http.Request) (resp *http.Response, sign, err error) {
	for hops := 0; ; hops++ {
		resp, err = t.next.RoundTrip(req)
		if err != nil {
			return nil, nil, err
		}
		if !isRedirect(resp.StatusCode) {
			sign = callOf(req).sign
			if sign == nil && hops > 0 && isPage(resp) { // whatever its status
				sign = errHTML
			}
			return resp, sign, nil
		}
		location := resp.Header.Get("Location")
		to, err := req.URL.Parse(location)
		if err != nil || location == "" || hops == maxRedirects || !mayFollow(req.URL, to) {
			return resp, errRedirect, nil
		}
		_ = resp.Body.Close()
		to.User = nil
		req = req.Clone(req.Context())
		req.URL, req.Host = to, to.Host
	}
}

func isRedirect(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// mayFollow keeps cookies where they belong: on the same host and port, and never
// from https to http.
func mayFollow(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	switch {
	case from.Scheme == to.Scheme:
		return port(from) == port(to)
	case from.Scheme == "http" && to.Scheme == "https":
		return port(from) == "80" && port(to) == "443"
	}
	return false
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// expired says how an answer looks expired, leaving redirects aside. An HTML page
// does where data was asked for, whatever the header calls it; with an error status
// it is an error page.
func expired(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		return ErrSessionExpired
	case resp.StatusCode < 300 && isPage(resp):
		return errHTML
	}
	return nil
}

// isPage reports whether an answer is HTML, by its header or by its looks.
func isPage(resp *http.Response) bool {
	switch mediaType(resp.Header) {
	case "text/html", "application/xhtml+xml":
		return true
	}
	start := bytes.TrimPrefix(peek(resp), []byte("\xEF\xBB\xBF"))
	return strings.HasPrefix(http.DetectContentType(start), "text/html")
}

func mediaType(header http.Header) string {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// sniffLength is as much of a body as http.DetectContentType looks at.
const sniffLength = 512

// peek returns the beginning of the body, which stays unread.
func peek(resp *http.Response) []byte {
	body := bufio.NewReaderSize(&sticky{ReadCloser: resp.Body}, sniffLength)
	start, _ := body.Peek(sniffLength) // an error comes again with the read
	resp.Body = struct {
		io.Reader
		io.Closer
	}{body, resp.Body}
	return start
}

// distrust is the endpoints whose answers looked expired even after a fresh login.
// For a while they cost no login: first strikePause, then twice as long each time,
// up to an hour. Any other endpoint still notices that the session is over.
type distrust struct {
	mu     sync.Mutex
	routes map[*route]distrusted
}

type distrusted struct {
	target   string // the URL's path that looked expired
	failures int
	last     time.Time // failure
	until    time.Time
}

// look returns what is held against an endpoint, without failures when nothing is.
func (d *distrust) look(r *route) distrusted {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.routes[r]
}

func (d *distrust) add(r *route, target string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.routes == nil {
		d.routes = map[*route]distrusted{}
	}
	entry := d.routes[r]
	if now.Before(entry.until) { // another call has just found the same
		return
	}
	entry.target, entry.last = target, now
	entry.until = now.Add(min(strikePause<<min(entry.failures, 10), maxPause))
	entry.failures++
	d.routes[r] = entry
}

// drop forgets what was held against an endpoint when the same URL works again:
// that of another account says nothing of it.
func (d *distrust) drop(r *route, target string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.routes[r].target == target {
		delete(d.routes, r)
	}
}
