package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/internal/loginguard"
)

const authenticateEndpoint = "/api/authenticate"

var authenticateRoute = &route{method: http.MethodPost, endpoint: authenticateEndpoint}

// login is an accepted login.
type login struct {
	ttl     time.Duration // 0: the portal did not tell
	jar     *jar
	cookies int // how many the answer set
}

// authenticate logs in (API reference, POST /api/authenticate). It never follows
// a redirect and never tries again: whatever goes wrong may have counted as a
// wrong password. What the portal says in its answer is never shown: it may repeat
// the password in any form.
func (s *session) authenticate(ctx context.Context, credentials Credentials) (*login, loginguard.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, loginguard.Unsent, s.loginError(err)
	}
	sent := &wireTap{}
	req, err := s.loginRequest(sent.trace(withCall(ctx, &call{route: authenticateRoute})), credentials)
	if err != nil {
		return nil, loginguard.Unsent, s.loginError(err)
	}
	resp, err := s.direct.RoundTrip(req)
	if err != nil {
		if sent.nothing() {
			return nil, loginguard.Unsent, s.loginError(err)
		}
		return nil, loginguard.Unknown, s.loginError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if outcome, err := s.refusal(resp); err != nil {
		return nil, outcome, err
	}
	ttl, outcome, err := s.readLogin(resp)
	if err != nil {
		return nil, outcome, err
	}
	jar := newJar()
	cookies := s.sanitise(resp, ttl)
	jar.SetCookies(s.scope, cookies)
	return &login{ttl: ttl, jar: jar, cookies: len(cookies)}, loginguard.Accepted, nil
}

// refusal judges an answer by its status. Only 429 and 503 with Retry-After say
// clearly that the login was not looked at. 400, 422 and 423 are how other portals
// say that it was.
func (s *session) refusal(resp *http.Response) (loginguard.Outcome, error) {
	code := resp.StatusCode
	switch code {
	case http.StatusOK, http.StatusCreated:
		return loginguard.Unknown, nil
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusLocked:
		return loginguard.Refused, s.secrets.newError(authenticateRoute, resp, ErrLoginRejected)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if resp.Header.Get("Retry-After") != "" {
			return loginguard.Unsent, s.secrets.newError(authenticateRoute, resp, nil)
		}
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		if !strings.HasSuffix(s.base.Path, "/api") {
			return loginguard.Failed, s.secrets.newError(authenticateRoute, resp, errNoAPI)
		}
	}
	switch {
	case isRedirect(code):
		return loginguard.Failed, s.secrets.newError(authenticateRoute, resp, ErrRedirectRefused)
	case code < 300:
		return loginguard.Failed, s.secrets.newError(authenticateRoute, resp, errSurprise)
	}
	return loginguard.Failed, s.secrets.newError(authenticateRoute, resp, nil)
}

// errNoAPI is what most often stands behind a portal without authenticate.
var errNoAPI = errors.New("the portal's URL does not end in /api, as the vendor's does: https://portal.skyscapecloud.com/api")

func (s *session) loginError(cause error) *Error {
	return s.secrets.newError(authenticateRoute, nil, cause)
}

func (s *session) loginRequest(ctx context.Context, credentials Credentials) (*http.Request, error) {
	email, err := jsontext.AppendQuote(nil, credentials.Email)
	if err != nil {
		return nil, fmt.Errorf("the email is not UTF-8")
	}
	password, err := jsontext.AppendQuote(nil, credentials.Password.Reveal())
	if err != nil {
		return nil, fmt.Errorf("the password is not UTF-8")
	}
	body := fmt.Appendf(nil, `{"email":%s,"password":%s}`, email, password)
	target := *s.base
	target.Path += "/authenticate"
	if target.RawPath != "" {
		target.RawPath += "/authenticate"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.userAgent)
	return req, nil
}

// readLogin reads {"expire_after":900}; 0 when the portal does not tell. An error
// object under a good status has never been recorded; since it can only speak of
// the credentials, it counts as a rejection, which spares the account.
func (s *session) readLogin(resp *http.Response) (time.Duration, loginguard.Outcome, error) {
	if isPage(resp) {
		return 0, loginguard.Failed, s.secrets.newError(authenticateRoute, resp, fmt.Errorf("%w: an HTML page came", ErrNotJSON))
	}
	ttl, said, err := decodeLogin(resp.Body)
	switch {
	case err != nil: // its status is none of a rejection
		return 0, loginguard.Failed, s.secrets.newError(authenticateRoute, resp, err)
	case said.found:
		return 0, loginguard.Refused, s.secrets.newError(authenticateRoute, resp, errSaid)
	}
	return min(ttl, maxTTL), loginguard.Accepted, nil
}

// errSaid is a login answered by an error object under a good status.
var errSaid = fmt.Errorf("%w: the answer is an error", ErrLoginRejected)
