package portal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ukcloud_exporter/internal/loginguard"
)

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
