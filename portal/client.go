package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls the portal with one session. It is safe for concurrent use.
//
// Methods return an *Error for every answer that is not what was asked, and for
// every call without an answer. They log in by themselves. After two logins that
// the portal rejected, the second no earlier than an hour after the first, they
// return ErrLoginSuspended without calling the portal until the credentials or
// the config change.
type Client struct {
	base      *url.URL
	userAgent string
	timeout   time.Duration
	london    *time.Location
	secrets   *redactor
	session   *session
	chain     http.RoundTripper
	once      http.RoundTripper // the part of the chain that sends nothing twice
	transport http.RoundTripper
}

// New returns a client for the portal at baseURL, which ends in /api in the
// vendor's own ("https://portal.skyscapecloud.com/api"). It makes no call. It fails
// when an argument is wrong or when the time zone Europe/London is not known to
// the system or embedded in the program (time/tzdata).
func New(baseURL string, credentials CredentialSource, options ...Option) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	if credentials == nil {
		return nil, errors.New("portal client: no source of credentials")
	}
	set := defaultSettings()
	for _, option := range options {
		if err := option(&set); err != nil {
			return nil, fmt.Errorf("portal client: %w", err)
		}
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return nil, fmt.Errorf("portal client: the portal's times are UK wall clock: %w", err)
	}
	m := newMetrics()
	if set.registerer != nil {
		if m, err = m.register(set.registerer); err != nil {
			return nil, err
		}
	}
	return assemble(base, credentials, set, london, m), nil
}

// assemble puts the chain together that the package comment describes.
func assemble(base *url.URL, credentials CredentialSource, set settings, london *time.Location, m *metrics) *Client {
	secrets := newRedactor(set.secrets)
	s := &session{
		base: base, scope: base.JoinPath("/"), userAgent: set.userAgent, timeout: set.timeout,
		credentials: credentials, secrets: secrets, logger: set.logger, metrics: m, jitter: fullJitter,
		guard: set.guard, limit: set.limit, digest: set.digest, force: set.force,
	}
	var chain http.RoundTripper = &tapTransport{next: set.transport}
	chain = &logTransport{next: chain, logger: set.logger, secrets: secrets}
	chain = &metricsTransport{next: chain, metrics: m, session: s}
	s.direct = chain
	chain = &cookieTransport{next: chain, session: s}
	chain = &limitTransport{next: chain, places: set.concurrency, rate: set.rate}
	once := chain
	chain = &retryTransport{next: chain, metrics: m, jitter: fullJitter}
	chain = &sessionTransport{next: chain, session: s}
	m.session.Store(s)
	return &Client{
		base: base, userAgent: set.userAgent, timeout: set.timeout, london: london, secrets: secrets,
		session: s, chain: chain, once: once, transport: set.transport,
	}
}

// parseBase checks a base URL. Its errors never quote it: a password may have
// been put into it by mistake.
func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("portal URL: not a valid URL")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, errors.New("portal URL: must begin with https:// or http://")
	case base.User != nil:
		return nil, errors.New("portal URL: must not hold a user name or password")
	case base.Hostname() == "":
		return nil, errors.New("portal URL: has no host")
	case base.RawQuery != "" || base.ForceQuery:
		return nil, errors.New("portal URL: must not have a query")
	case base.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("portal URL: must not have a fragment")
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	return base, nil
}

// Login logs in if there is no good session. Its errors are ErrLoginRejected,
// ErrLoginSuspended, or that of a login that failed for another reason; such a
// failure is returned again without a call while the portal is given time.
func (c *Client) Login(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.callError(authenticateRoute, c.session.ensure(ctx, true))
}

// Close ends the client: no login begins any more, and one that the portal may have
// seen is waited for until ctx ends, and then given up; it counts as rejected then,
// since nobody knows better. Calls under way are not ended.
func (c *Client) Close(ctx context.Context) {
	c.session.close(ctx)
	c.CloseIdleConnections()
}

// ClockOffset is how far the portal's clock is ahead of this host's, by the Date of
// its last answer; false before the first answer that has one. A Date is in whole
// seconds and made before the answer came, so a few seconds mean nothing.
func (c *Client) ClockOffset() (time.Duration, bool) {
	offset := c.session.clockOffset.Load()
	if offset == nil {
		return 0, false
	}
	return *offset, true
}

var pingRoute = &route{method: http.MethodGet, endpoint: "/api/ping"}

// Ping asks whether the session is accepted (API reference, GET /api/ping;
// recorded: {"response":"OK"}).
func (c *Client) Ping(ctx context.Context) error {
	_, err := fetch(ctx, c, request{route: pingRoute}, nil, ping)
	return err
}

func ping(r *reader) (struct{}, error) {
	var answer struct {
		said
		Response string `json:"response"`
	}
	err := r.object(`"OK"`, &answer)
	if err == nil && answer.Response != "OK" {
		err = unexpected(`"OK"`)
	}
	return struct{}{}, err
}

// Session returns the state of the session for the status page.
func (c *Client) Session() SessionStatus { return c.session.status(time.Now()) }

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// callError makes an *Error of what ended a call of r. A login that failed is one
// already.
func (c *Client) callError(r *route, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // the login's behind it is not the call's
		return e
	}
	return c.secrets.newError(r, nil, err)
}
