package portal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// defaultTTL is the session's length where the portal does not tell one.
	defaultTTL = 15 * time.Minute
	// maxMargin is how long before its end a session is renewed at the earliest;
	// short sessions are renewed in their last tenth.
	maxMargin = time.Minute

	// A login that failed without being rejected may be tried again at once, and
	// after that with a growing random pause.
	loginBackoffBase = time.Second
	loginBackoffCap  = time.Minute
)

// session is the one login of a Client. Its expiry slides: the portal sends fresh
// cookies with every answer. Every login makes a new jar and a new generation, so
// that a late answer to an older session's cookies cannot spoil the new ones.
//
// Invariants, under mu: flight is not nil exactly while one goroutine logs in;
// what that login changes and the end of the flight become visible together; jar
// is not nil once generation > 0.
type session struct {
	base        *url.URL
	scope       *url.URL // base with a slash behind it: a cookie without a path is for the whole API
	userAgent   string
	timeout     time.Duration // of one login
	startJitter time.Duration // before the first login
	credentials CredentialSource
	direct      http.RoundTripper // to the portal without cookies, retries or limits
	guard       *guard
	secrets     *redactor
	logger      *slog.Logger
	metrics     *metrics
	jitter      jitter

	answered atomic.Bool // the last request was

	mu         sync.Mutex
	jar        http.CookieJar
	hadCookies bool // the login gave some; without them the portal's word on expiry is all there is
	generation uint64
	valid      bool // since the last login nothing said that the session is over
	ttl        time.Duration
	expiry     time.Time
	flight     *flight
	failures   int       // logins failed in a row without being rejected
	notBefore  time.Time // of the next login, after failures
	lastErr    error     // of the last login
}

// flight is a login under way. err may be read when done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// ensure logs in unless there is a session that will last for a call.
func (s *session) ensure(ctx context.Context) error {
	return s.login(ctx, func(now time.Time) bool { return !s.usable(now) })
}

// renew logs in after an answer to the cookies of generation that looks expired,
// unless somebody else has done so since these cookies were taken.
func (s *session) renew(ctx context.Context, generation uint64) error {
	return s.login(ctx, func(time.Time) bool {
		if s.generation == generation {
			s.valid = false
		}
		return !s.valid
	})
}

// login waits for the login under way, or starts one, when needed (called under
// mu) says so. The login has a goroutine and a deadline of its own: a caller that
// gives up does not end it for the others.
func (s *session) login(ctx context.Context, needed func(now time.Time) bool) error {
	s.mu.Lock()
	now := time.Now()
	if !needed(now) {
		s.mu.Unlock()
		return nil
	}
	f := s.flight
	if f == nil {
		if s.failures > 0 && now.Before(s.notBefore) {
			defer s.mu.Unlock()
			return s.lastErr
		}
		f = &flight{done: make(chan struct{})}
		s.flight = f
		go s.fly(f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) fly(f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	fresh, err := s.attempt(ctx)
	if err == nil {
		s.logger.Info("logged in to the portal", "session_ttl", fresh.ttl)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(fresh, err, time.Now())
	s.flight = nil
	f.err = err
	close(f.done)
}

// attempt logs in once, if the guard allows it. A panic of the credential source,
// the transport or the store is a failed login, not the end of the process.
func (s *session) attempt(ctx context.Context) (fresh *login, err error) {
	defer func() {
		if p := recover(); p != nil {
			fresh, err = nil, s.secrets.newError(authenticateRoute, nil, fmt.Errorf("panic: %v", p))
		}
	}()
	credentials, err := s.credentials()
	if err != nil {
		return nil, s.secrets.newError(authenticateRoute, nil, fmt.Errorf("get credentials: %w", err))
	}
	s.secrets.rememberPassword(credentials.Password.Reveal())
	if err := s.guard.allow(credentials, time.Now()); err != nil {
		return nil, s.secrets.newError(authenticateRoute, nil, err)
	}
	if s.startJitter > 0 { // only the goroutine of the flight, of which there is one, touches it
		wait := s.jitter(s.startJitter)
		s.startJitter = 0
		if err := sleep(ctx, wait); err != nil {
			return nil, s.secrets.newError(authenticateRoute, nil, err)
		}
	}
	fresh, err = s.authenticate(ctx, credentials)
	switch {
	case err == nil:
		s.guard.accept()
	case errors.Is(err, ErrLoginRejected):
		s.guard.reject(credentials, time.Now())
	}
	return fresh, err
}

// settle takes over what a login came to. Called under mu.
func (s *session) settle(fresh *login, err error, now time.Time) {
	s.lastErr = err
	s.valid = err == nil
	if errors.Is(err, ErrLoginSuspended) { // nothing was tried
		return
	}
	s.metrics.logins.Inc()
	if err == nil {
		s.jar, s.hadCookies = fresh.jar, fresh.cookies > 0
		s.generation++
		s.ttl, s.expiry = fresh.ttl, now.Add(fresh.ttl)
		s.failures = 0
		return
	}
	s.metrics.loginFailures.Inc()
	if errors.Is(err, ErrLoginRejected) { // the guard says when the next may be
		s.failures = 0
		return
	}
	s.failures++
	s.notBefore = now
	if s.failures > 1 {
		most := min(loginBackoffBase<<min(s.failures-2, 10), loginBackoffCap)
		s.notBefore = now.Add(s.jitter(most))
	}
}

// usable says whether the session will do for a call. Called under mu.
func (s *session) usable(now time.Time) bool {
	if !s.valid || !now.Before(s.expiry.Add(-min(maxMargin, s.ttl/10))) {
		return false
	}
	return !s.hadCookies || len(s.jar.Cookies(s.scope)) > 0 // the portal may have deleted them
}

// take returns the cookies for a request and the generation they belong to.
func (s *session) take(u *url.URL) ([]*http.Cookie, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jar == nil {
		return nil, s.generation
	}
	return s.jar.Cookies(u), s.generation
}

// absorb keeps the cookies of an answer and lets the expiry slide, if the answer
// belongs to the present session.
func (s *session) absorb(generation uint64, resp *http.Response) {
	cookies := s.sanitise(resp)
	good := resp.StatusCode < 300 || resp.StatusCode == http.StatusNotModified
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation != s.generation || s.jar == nil {
		return
	}
	s.jar.SetCookies(s.scope, cookies)
	if good || len(cookies) > 0 {
		s.expiry = time.Now().Add(s.ttl)
	}
}

// good says that the last login was accepted and no answer since has looked
// expired. A session that merely ran out while nobody asked is still good: the
// next call renews it.
func (s *session) good() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.valid
}

func (s *session) status(now time.Time) SessionStatus {
	var status SessionStatus
	status.Suspended, status.SuspendedUntil = s.guard.suspended(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.valid && now.Before(s.expiry) {
		status.LoggedIn, status.Expiry = true, s.expiry
	}
	if s.lastErr != nil {
		status.LastError = s.lastErr.Error()
	}
	return status
}
