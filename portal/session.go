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

// pause is that no login shall be tried with a login's credentials until a time; the
// zero time that there is no such pause any more.
type pause struct {
	login loginguard.Login
	until time.Time
}

// pauseTimeout is how long a pause waits for the login of another process to be
// written down.
const pauseTimeout = 5 * time.Second

// flight is a login under way. err may be read when done is closed.
type flight struct {
	done   chan struct{}
	err    error
	cancel context.CancelFunc
	sent   bool // under the session's mu: the portal may have seen it
	told   bool // under the session's mu: whoever waits tells people of an error
}

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

// login waits for the login under way, or starts one, when needed (called under
// mu) says so. The login has a goroutine and a deadline of its own: a caller that
// gives up does not end it for the others.
func (s *session) login(ctx context.Context, told bool, needed func(now time.Time) bool) error {
	f, err := s.board(told, needed)
	s.tellGuard()
	if f == nil {
		return err
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// board returns the login under way, or one that it starts, or why there is none; nil
// and no error where none is needed.
func (s *session) board(told bool, needed func(now time.Time) bool) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !needed(now) {
		return nil, nil
	}
	f := s.flight
	if f == nil {
		if s.closed {
			return nil, errClosed
		}
		if now.Before(s.notBefore) && !s.force {
			return nil, s.lastErr
		}
		f = &flight{done: make(chan struct{})}
		s.flight = f
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		f.cancel = cancel
		go s.fly(ctx, f)
	}
	f.told = f.told || told
	return f, nil
}

// tellGuard writes a new pause down, so that other processes and the next one keep it
// too.
func (s *session) tellGuard() {
	s.mu.Lock()
	p := s.pause
	s.pause = nil
	s.mu.Unlock()
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pauseTimeout)
	defer cancel()
	if err := s.guard.Pause(ctx, p.login, p.until); err != nil {
		s.logger.Warn("A pause of portal logins cannot be recorded: commands beside may log in", "err", err)
	}
}

// result is what came of a login.
type result struct {
	login   *login
	outcome loginguard.Outcome
	err     error
	tried   bool // the guard let it pass
	from    Credentials
}

func (s *session) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	r := s.attempt(ctx, f)
	next := s.lookAhead(r)
	s.mu.Lock()
	s.settle(r, time.Now())
	s.tell(r, f.told, next)
	if s.pause != nil { // the login made no session: it ends when that is written down
		s.mu.Unlock()
		s.tellGuard()
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	s.flight = nil
	f.err = r.err
	close(f.done)
}

// attempt logs in once, if the guard allows it. A panic of the credential source,
// the transport or the guard is a failed login, not the end of the process.
func (s *session) attempt(ctx context.Context, f *flight) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r.login, r.err = nil, s.loginError(s.secrets.foreign(fmt.Errorf("panic: %v", p)))
		}
	}()
	credentials, err := s.readCredentials(ctx)
	if err != nil {
		r.err = s.loginError(fmt.Errorf("get credentials: %w", err))
		return r
	}
	r.from = credentials
	s.secrets.rememberCredentials(credentials)
	attempt, err := s.guard.Begin(ctx, s.guarded(credentials))
	if err != nil {
		r.err = s.loginError(s.notTried(err))
		return r
	}
	s.mu.Lock()
	f.sent = true
	s.mu.Unlock()
	r.tried = true
	defer func() { // also in a panic, which leaves the outcome unknown
		if err := attempt.End(r.outcome); err != nil {
			s.logger.Error("The outcome of a portal login cannot be recorded; unless it can be later, the login counts as rejected", "err", err)
		}
	}()
	r.login, r.outcome, r.err = s.authenticate(ctx, credentials)
	return r
}

func (s *session) guarded(c Credentials) loginguard.Login {
	return loginguard.Login{
		URL: s.base.String(), Email: c.Email, Password: c.Password.Reveal(), Config: s.digest, Limit: s.limit, Force: s.force,
	}
}

// notTried gives a login that the guard did not let pass its sentinel. What is only
// a pause after a failure of the portal's own is no suspension.
func (s *session) notTried(err error) error {
	var suspended *loginguard.SuspendedError
	if !errors.As(err, &suspended) {
		return err
	}
	if suspended.Refused+suspended.Unanswered > 0 {
		return fmt.Errorf("%w: %w", ErrLoginSuspended, suspended)
	}
	return fmt.Errorf("%w: %w", errLoginPaused, suspended)
}

// notTriedYet reports whether a login was not tried because of those before it.
func notTriedYet(err error) bool {
	return errors.Is(err, ErrLoginSuspended) || errors.Is(err, errLoginPaused)
}

// errLoginPaused is a login that is not tried yet because the last one was answered
// by something that is no answer to a login.
var errLoginPaused = errors.New("login paused")

// lookAhead asks the guard what the next login would meet.
func (s *session) lookAhead(r result) (next string) {
	defer func() {
		if p := recover(); p != nil {
			next = "" // the login itself has met it too
		}
	}()
	s.suspension.Store(nil)
	if r.from.Email == "" && r.from.Password.Reveal() == "" || r.tried && r.err == nil {
		return ""
	}
	login := s.guarded(r.from)
	suspended, err := s.guard.Suspended(login)
	switch {
	case err != nil:
		return "no login is tried before its record can be read and written"
	case suspended == nil:
		return "the login is tried again with the next refresh that is due"
	}
	if suspended.Refused+suspended.Unanswered > 0 {
		s.suspension.Store(&suspension{until: suspended.Until})
	}
	if suspended.Until.IsZero() {
		return "no login is tried until the credentials or the configuration change"
	}
	return "the next login is tried after " + suspended.Until.UTC().Format(time.RFC3339) + ", or when the credentials or the configuration change"
}

// settle takes over what a login came to. Called under mu.
func (s *session) settle(r result, now time.Time) {
	s.lastErr = r.err
	s.valid = r.err == nil
	s.notBefore = time.Time{}
	if notTriedYet(r.err) {
		if s.lastTried == nil {
			s.lastTried = r.err
		}
		return
	}
	s.lastTried = r.err
	s.metrics.logins.Inc()
	if r.err == nil {
		s.from = s.guarded(r.from)
		s.begin(r.login, now)
		return
	}
	s.metrics.loginFailures.Inc()
	if r.tried && r.outcome != loginguard.Unsent { // the guard says when the next may be
		s.failures = 0
		return
	}
	s.failures++
	s.notBefore = now.Add(min(retryAfterOf(r.err), maxPause))
	if s.failures > 1 {
		most := min(loginBackoffBase<<min(s.failures-2, 10), loginBackoffCap)
		s.notBefore = later(s.notBefore, now.Add(s.jitter(most)))
	}
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

// tell logs what a login came to, an error that goes on once. Called under mu.
func (s *session) tell(r result, told bool, next string) {
	if r.err == nil {
		if s.valid {
			s.said = ""
			s.logger.Info("Logged in to the portal", "session_ttl", s.ttl)
		}
		return
	}
	text := r.err.Error()
	level := slog.LevelError
	switch {
	case told:
		level = slog.LevelDebug
	case r.tried && (r.outcome == loginguard.Refused || r.outcome == loginguard.Unknown): // each brings the lock nearer
	case text == s.said, s.said != "" && notTriedYet(r.err):
		level = slog.LevelDebug
	}
	if s.said == "" || !notTriedYet(r.err) {
		s.said = text
	}
	fields := []any{"err", r.err.Error()}
	if r.from.Email != "" {
		fields = append(fields, "email", r.from.Email)
	}
	if r.from.Source != "" {
		fields = append(fields, "password_from", r.from.Source)
	}
	if next != "" {
		fields = append(fields, "next", next)
	}
	s.logger.Log(context.Background(), level, "Portal login failed", fields...)
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

// credentialsRead is what a credential source gave.
type credentialsRead struct {
	credentials Credentials
	err         error
}

// readCredentials asks the credential source, no longer than ctx: its file may be
// on a mount that hangs. An answer that comes later is for the next login.
func (s *session) readCredentials(ctx context.Context) (Credentials, error) {
	if s.reading == nil {
		reading := make(chan credentialsRead, 1)
		s.reading = reading
		go func() {
			var read credentialsRead
			defer func() {
				if p := recover(); p != nil {
					read.err = fmt.Errorf("panic: %v", p)
				}
				reading <- read
			}()
			read.credentials, read.err = s.credentials()
		}()
	}
	select {
	case read := <-s.reading:
		s.reading = nil
		return read.credentials, read.err
	case <-ctx.Done():
		return Credentials{}, fmt.Errorf("no answer: %w", ctx.Err())
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
