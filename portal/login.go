package portal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const authenticateEndpoint = "/api/authenticate"

var authenticateRoute = &route{method: http.MethodPost, endpoint: authenticateEndpoint}

// login is an accepted login.
type login struct {
	ttl     time.Duration
	jar     http.CookieJar
	cookies int // how many the answer set
}

// authenticate logs in (API reference, POST /api/authenticate). It never follows
// a redirect and never tries again: whatever goes wrong may have counted as a
// wrong password.
func (s *session) authenticate(ctx context.Context, credentials Credentials) (*login, error) {
	req, err := s.loginRequest(withCall(ctx, &call{route: authenticateRoute}), credentials)
	if err != nil {
		return nil, s.secrets.newError(authenticateRoute, nil, err)
	}
	resp, err := s.direct.RoundTrip(req)
	if err != nil {
		return nil, s.secrets.newError(authenticateRoute, nil, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return nil, s.secrets.newError(authenticateRoute, resp, ErrLoginRejected)
	case isRedirect(code):
		return nil, s.secrets.newError(authenticateRoute, resp, ErrRedirectRefused)
	case code < 200 || code > 299:
		return nil, s.secrets.newError(authenticateRoute, resp, nil)
	}
	ttl, err := s.readLogin(resp)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, s.secrets.newError(authenticateRoute, nil, err)
	}
	cookies := s.sanitise(resp)
	jar.SetCookies(s.scope, cookies)
	return &login{ttl: ttl, jar: jar, cookies: len(cookies)}, nil
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

// readLogin reads {"expire_after":900}. An error object under a good status has
// never been recorded; since it can only speak of the credentials, it counts as a
// rejection, which spares the account.
func (s *session) readLogin(resp *http.Response) (time.Duration, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return 0, s.secrets.newError(authenticateRoute, resp, bodyError(err))
	}
	ttl, said, err := decodeLogin(body)
	if err != nil {
		return 0, s.secrets.newError(authenticateRoute, resp, bodyError(err))
	}
	if said.found {
		e := s.secrets.newError(authenticateRoute, resp, ErrLoginRejected)
		e.setMessage(s.secrets, said)
		return 0, e
	}
	return ttl, nil
}
