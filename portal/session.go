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

	"ukcloud_exporter/internal/loginguard"
)

const (
	// defaultTTL is the session's length where the portal does not tell one.
	defaultTTL = 15 * time.Minute
	// maxTTL bounds what the portal tells: a cookie that never ends is asked for anew
	// once a day.
	maxTTL = 24 * time.Hour
	// maxMargin is how long before its end a session is renewed at the earliest;
	// short sessions are renewed in their last tenth.
	maxMargin = time.Minute

	// A login that nobody counts (the portal was not reached, or said "come again")
	// may be tried again at once, and after that with a growing random pause.
	loginBackoffBase = time.Second
	loginBackoffCap  = time.Minute

	// A session that is over before it is ripe is a strike. From the second in a row
	// on logins pause: first for strikePause, then for twice as long each time, up to an
	// hour.
	ripeAge     = time.Minute
	strikePause = 15 * time.Second
	maxPause    = time.Hour
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
	credentials CredentialSource
	direct      http.RoundTripper // to the portal without cookies, retries or limits
	guard       *loginguard.Guard
	limit       int    // of rejected logins
	digest      []byte // of the config, for the guard
	force       bool   // log in whatever the guard says
	secrets     *redactor
	logger      *slog.Logger
	metrics     *metrics
	jitter      jitter

	answered    atomic.Bool                   // the last request was
	clockOffset atomic.Pointer[time.Duration] // the portal's clock less ours, by its last answer
	suspension  atomic.Pointer[suspension]    // by the last look at the guard
	reading     chan credentialsRead          // of a credential source that is slow; of the flight alone
	distrusted  distrust

	mu         sync.Mutex
	closed     bool
	jar        *jar
	hadCookies bool // the login gave some; without them the portal's word on expiry is all there is
	generation uint64
	valid      bool      // since the last login nothing said that the session is over
	served     bool      // since the last login a call was answered as one with a session
	lastServed time.Time // when a call was, in this session or one before
	ender      *route    // whose answer ended the session before, if one did
	since      time.Time // of the last login
	ttl        time.Duration
	told       time.Duration // the ttl as the portal told it, 0 if it did not
	expiry     time.Time
	flight     *flight
	from       loginguard.Login // of the session
	pause      *pause           // that the guard has not been told of
	failures   int              // logins failed in a row that nobody counts
	strikes    int              // sessions in a row that were over before they were ripe
	notBefore  time.Time        // of the next login, after failures or a strike
	lastErr    error            // what a call gets that needs a login before its time
	lastTried  error            // of the last login that was tried, for people
	said       string           // the last error that was logged
}

// suspension is what the guard said last. until is zero when only a change ends it.
type suspension struct{ until time.Time }

var errClosed = errors.New("the client is closed")

// ensure logs in unless there is a session that will last for a call.
func (s *session) ensure(ctx context.Context, told bool) error {
	return s.login(ctx, told, func(now time.Time) bool {
		if s.usable(now) {
			return false
		}
		if s.flight == nil {
			s.ender = nil
		}
		return true
	})
}

// renew logs in after an answer to a call that looks expired by sign, unless somebody
// else has done so since its cookies were taken.
func (s *session) renew(ctx context.Context, call *call, sign error) error {
	return s.login(ctx, false, func(now time.Time) bool {
		if s.generation == call.generation && s.valid {
			s.over(now, sign)
			s.ender = call.route
		}
		return !s.valid
	})
}

// endedBefore reports whether the endpoint of a call ended the session before the present
// one too, a moment ago.
func (s *session) endedBefore(call *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation == call.generation && s.valid && s.ender == call.route && time.Since(s.since) < ripeAge
}

// begin starts a session. Called under mu.
func (s *session) begin(fresh *login, now time.Time) {
	s.jar, s.hadCookies = fresh.jar, fresh.cookies > 0
	s.generation++
	s.told, s.ttl = fresh.ttl, fresh.ttl
	if s.ttl == 0 {
		s.ttl = defaultTTL
	}
	s.expiry = now.Add(s.ttl)
	s.failures = 0
	s.served, s.since = false, now
	if s.emptied() {
		s.over(now, fmt.Errorf("%w: none of its cookies is for %s, or they had ended before they came", ErrSessionExpired, s.scope.Path))
	}
}

// over notes that the present session has ended before its time, as sign shows. One
// that served nothing makes its login a failure. Once may be chance; after a second
// that did not last the next login waits. Called under mu.
func (s *session) over(now time.Time, sign error) {
	s.valid = false
	if s.served && now.Sub(s.since) >= ripeAge {
		s.strikes = 0
		return
	}
	s.strikes++
	if !s.served {
		s.metrics.loginFailures.Inc()
	}
	if s.strikes < 2 {
		return
	}
	wait := min(strikePause<<min(s.strikes-2, 10), maxPause)
	s.notBefore = now.Add(wait)
	s.pause = &pause{s.from, s.notBefore}
	what := "the portal accepted the login and then served no call"
	if s.served {
		what = "the portal accepted the login and soon ended the session"
	}
	s.lastErr = s.loginError(fmt.Errorf("%s: %w", what, sign))
	s.lastTried = s.lastErr
	s.tell(result{err: s.lastErr}, false, "the next login is tried after "+s.notBefore.UTC().Format(time.RFC3339))
}

// usable reports whether the session will do for a call. Called under mu.
func (s *session) usable(now time.Time) bool {
	if !s.valid || !now.Before(s.expiry.Add(-min(maxMargin, s.ttl/10))) {
		return false
	}
	if s.emptied() { // the portal has deleted them
		s.over(now, fmt.Errorf("%w: an answer deleted its cookies", ErrSessionExpired))
		return false
	}
	return true
}

// emptied reports whether the session had cookies and has none left. Called under mu.
func (s *session) emptied() bool { return s.hadCookies && len(s.jar.Cookies(s.scope)) == 0 }

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
	good := resp.StatusCode < 300 || resp.StatusCode == http.StatusNotModified
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation != s.generation || s.jar == nil {
		return
	}
	cookies := s.sanitise(resp, s.told)
	s.jar.SetCookies(s.scope, cookies)
	if good || len(cookies) > 0 {
		s.expiry = time.Now().Add(s.ttl)
	}
}

// serve notes that a call was answered as one with the session of generation.
func (s *session) serve(generation uint64) {
	defer s.tellGuard()
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation != s.generation {
		return
	}
	if s.force && !s.served { // it knew better than a pause that the guard may hold
		s.pause = &pause{s.from, time.Time{}}
	}
	s.served, s.lastServed = true, time.Now()
	if time.Since(s.since) >= ripeAge {
		s.strikes = 0
	}
}

// good says that the last login was accepted and no answer since has looked
// expired; after sessions that did not last, also that it has served a call. A
// session that merely ran out while nobody asked is still good: the next call
// renews it.
func (s *session) good() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.valid && (s.served || s.strikes == 0)
}

// suspended reports whether logins are suspended, as the guard said last, and until
// when. It waits for nobody.
func (s *session) suspended(now time.Time) (bool, time.Time) {
	last := s.suspension.Load()
	if last == nil || !last.until.IsZero() && !now.Before(last.until) {
		return false, time.Time{}
	}
	return true, last.until
}

func (s *session) status(now time.Time) SessionStatus {
	var status SessionStatus
	status.Suspended, status.SuspendedUntil = s.suspended(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.valid && now.Before(s.expiry) {
		status.LoggedIn, status.Expiry = true, s.expiry
	}
	if !s.valid && now.Before(s.notBefore) {
		status.NextLogin = s.notBefore
	}
	if s.lastTried != nil {
		status.LastError = s.lastTried.Error()
	}
	return status
}

// close ends logins: none begins any more, one that the portal may have seen is
// waited for until ctx ends, and then given up.
func (s *session) close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	f := s.flight
	if f != nil && !f.sent {
		f.cancel()
	}
	s.mu.Unlock()
	if f == nil {
		return
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		f.cancel()
		<-f.done
	}
}

// servedSince reports whether a call was answered as one with a session after t.
func (s *session) servedSince(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastServed.After(t)
}

// noteClock compares the portal's clock with ours.
func (s *session) noteClock(resp *http.Response) {
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		offset := time.Until(date).Round(time.Second)
		s.clockOffset.Store(&offset)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
