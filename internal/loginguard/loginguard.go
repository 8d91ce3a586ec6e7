// Package loginguard spares the account: the portal locks one after three to seven
// rejected logins, and some of these belong to the person who mistypes.
//
// Every login is written down before it is sent, and taken back when the portal
// accepts it. So one whose outcome nobody saw (no answer, a kill, a power cut)
// counts as rejected, and one that cannot be written down is not tried. The record
// is a small file of its own in state_dir that every process reads anew at each
// login, the daemon and the commands alike; a lock held from the record to the
// outcome keeps them to one login at a time.
//
// Credentials are known by a salted fingerprint over everything that makes a login
// what it is: the portal's URL, the email, the password and the config. A change
// of any starts anew. Several fingerprints are kept, so that a password file that
// flips between two wrong values is not tried at each flip.
package loginguard

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ukcloud_exporter/internal/atomicfile"
)

const (
	// DefaultLimit is how many rejected logins one pair of credentials may cost.
	DefaultLimit = 2
	// rejectionPause lies between one rejected login and the next.
	rejectionPause = time.Hour
	// After a login that was answered, but by nothing that speaks of the
	// credentials, the pause begins with failurePause and grows fourfold to an hour.
	failurePause = time.Minute
	// lockPoll is how often a login looks whether another process is done with its own.
	lockPoll = 50 * time.Millisecond
)

// Guard lets logins pass, one at a time. It is safe for concurrent use.
type Guard struct {
	// Rounds is how much work a fingerprint is; tests that make many lower it.
	Rounds int

	dir    string // "": the record lives in memory
	fsys   atomicfile.FS
	prints fingerprints

	turn chan struct{} // holds one token: the right to log in, within this process

	mu     sync.Mutex
	memory book // the record, where there is no directory
	owed   []correction
}

// correction is a change that could not be written: where the record holds one, it
// shall hold the other.
type correction struct{ from, to entry }

// New returns the guard of a state directory. It touches nothing before the first
// login. With dir "" the record lives in memory and is lost with the process.
func New(dir string) *Guard { return newGuard(dir, files{atomicfile.OS{Mode: 0o600}}) }

func newGuard(dir string, fsys atomicfile.FS) *Guard {
	g := &Guard{Rounds: fingerprintRounds, dir: dir, fsys: fsys, turn: make(chan struct{}, 1)}
	if dir == "" { // there is no file to steal, and the process holds the password itself
		g.Rounds = 1
	}
	g.turn <- struct{}{}
	return g
}

// Login is what is about to be sent.
type Login struct {
	URL, Email, Password string
	Config               []byte // a digest: a change of the config starts anew
	Limit                int    // of rejected logins; less than 1 is DefaultLimit
	// Force tries although logins are suspended, or cannot be recorded.
	Force bool
}

func (l *Login) limit() int {
	if l.Limit < 1 {
		return DefaultLimit
	}
	return l.Limit
}

// SuspendedError says that a login is not tried, why, and until when.
type SuspendedError struct {
	Refused    int // logins that the portal rejected
	Unanswered int // logins whose outcome nobody saw
	Failed     int // logins in a row that were answered by something else
	// Fruitless: the last logins were accepted, and their sessions did not last.
	Fruitless bool
	// Until is when the next login may be tried; zero: not before the credentials or
	// the config change.
	Until time.Time
}

// Error says for example "the portal rejected 1 login with these credentials; the
// next is tried after 2018-01-01T01:00:00Z, or when they or the config change".
func (e *SuspendedError) Error() string {
	var because []string
	if e.Refused > 0 {
		because = append(because, fmt.Sprintf("the portal rejected %s with these credentials", logins(e.Refused)))
	}
	if e.Unanswered > 0 {
		because = append(because, fmt.Sprintf("of %s with them no answer was seen", logins(e.Unanswered)))
	}
	if e.Fruitless {
		because = append(because, "the portal accepted the last logins with these credentials and their sessions did not last")
	}
	if len(because) == 0 {
		because = append(because, fmt.Sprintf("the portal answered %s by something else", logins(e.Failed)))
	}
	what := strings.Join(because, " and ")
	if e.Until.IsZero() {
		return what + "; none is tried until they or the config change"
	}
	return fmt.Sprintf("%s; the next is tried after %s, or when they or the config change", what, e.Until.UTC().Format(time.RFC3339))
}

func logins(n int) string {
	if n == 1 {
		return "1 login"
	}
	return fmt.Sprintf("%d logins", n)
}

// Attempt is a login that is written down. While it lasts nobody else with the
// same state directory logs in. The caller must call End.
type Attempt struct {
	guard  *Guard
	limit  int
	before entry // what was recorded of these credentials
	during entry // what is recorded while it lasts
	unlock func()
	record bool // false: forced, without a record
}

// Outcome is what came of a login.
type Outcome int

// The outcomes. Only Accepted and Unsent take the record back.
const (
	Unknown  Outcome = iota // no answer was seen: it may have been rejected
	Accepted                // the portal made a session
	Unsent                  // nothing was sent, or the portal said clearly "come again"
	Refused                 // the portal looked at the credentials and said no
	Failed                  // an answer that speaks of something else
)

// Begin writes a login down before it is sent. It waits for the login of another
// process that is under way, no longer than ctx. Its error is a *SuspendedError, or
// says why the login cannot be recorded; then it must not be sent.
func (g *Guard) Begin(ctx context.Context, login Login) (*Attempt, error) {
	unlock, err := g.lock(ctx)
	if err != nil && !login.Force {
		unlock()
		return nil, fmt.Errorf("the login cannot be recorded, so it is not tried: %w", err)
	}
	a, err := g.begin(login, err == nil)
	if err != nil {
		unlock()
		return nil, err
	}
	a.unlock = unlock
	return a, nil
}

func (g *Guard) begin(login Login, locked bool) (*Attempt, error) {
	a := &Attempt{guard: g, limit: login.limit(), record: locked}
	now := time.Now()
	b, err := g.load()
	if err == nil && b.Salt == nil {
		b.Salt = newSalt()
	}
	if err == nil {
		var print []byte
		if print, err = g.prints.of(login, b.Salt, g.Rounds); err == nil {
			a.before = b.find(print)
		}
	}
	if err == nil && !login.Force {
		if suspended := a.before.suspended(now, a.limit); suspended != nil {
			if a.before.Last.After(now) {
				// The clock was ahead when that was written: the pause begins now
				// rather than in years.
				a.before.Last = now
				suspended = a.before.suspended(now, a.limit)
				err = g.save(b.with(a.before))
			}
			if err == nil {
				return nil, suspended
			}
		}
	}
	if err == nil && locked {
		a.during = a.before
		a.during.Unanswered++
		a.during.Last = now
		if err = g.save(b.with(a.during)); err != nil {
			g.owe(a.during, a.before) // the file may hold it all the same
		}
	}
	switch {
	case err == nil:
		return a, nil
	case login.Force:
		a.record = false
		return a, nil
	}
	return nil, fmt.Errorf("the login cannot be recorded, so it is not tried: %w", err)
}

// End writes down what came of the login, and lets the next one pass. The error
// says that it could not be written: then it is written before the next login of
// this process, and if there is none the login counts as rejected.
func (a *Attempt) End(outcome Outcome) error {
	defer a.unlock()
	if !a.record {
		return nil
	}
	after := a.before
	switch outcome {
	case Accepted:
		after = entry{Fingerprint: a.before.Fingerprint}
		if a.before.paused(time.Now()) { // it was forced: whether it lasts is not known yet
			after.Paused = a.before.Paused
		}
	case Unsent:
	case Refused:
		after.Refused++
		after.Last = time.Now()
	case Failed:
		after.Failed++
		after.Last = time.Now()
	default:
		after.Unanswered++
		after.Last = time.Now()
	}
	a.guard.owe(a.during, after)
	b, err := a.guard.load() // with what is owed
	if err == nil {
		err = a.guard.save(b)
	}
	if err != nil {
		return fmt.Errorf("record the outcome of a login: %w", err)
	}
	return nil
}

// Pause writes down until when no login shall be tried, because those that were
// accepted did not last; the zero time takes that back. It waits for a login that is
// under way, no longer than ctx.
func (g *Guard) Pause(ctx context.Context, login Login, until time.Time) error {
	unlock, err := g.lock(ctx)
	defer unlock()
	if err != nil {
		return err
	}
	b, err := g.load()
	if err != nil {
		return err
	}
	if b.Salt == nil {
		b.Salt = newSalt()
	}
	print, err := g.prints.of(login, b.Salt, g.Rounds)
	if err != nil {
		return err
	}
	e := b.find(print)
	if e.Paused.Equal(until) {
		return nil
	}
	e.Paused = until
	return g.save(b.with(e))
}

// owe notes a change for the next save.
func (g *Guard) owe(from, to entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.owed = append(g.owed, correction{from, to})
	g.owed = g.owed[max(0, len(g.owed)-maxEntries):] // while the disk stays full
}

// Suspended returns what a login would meet now, nil if it might be tried. It
// neither waits for a login under way nor writes.
func (g *Guard) Suspended(login Login) (*SuspendedError, error) {
	b, err := g.load()
	if err != nil || b.Salt == nil {
		return nil, err
	}
	print, err := g.prints.of(login, b.Salt, g.Rounds)
	if err != nil {
		return nil, err
	}
	return b.find(print).suspended(time.Now(), login.limit()), nil
}

// lock takes the turn within this process and the lock file. What it returns gives
// both back, and is never nil.
func (g *Guard) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case <-g.turn:
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
	unlock = func() { g.turn <- struct{}{} }
	if g.dir == "" {
		return unlock, nil
	}
	if err := makeDirectory(g.dir); err != nil {
		return unlock, err
	}
	for {
		file, err := tryLock(filepath.Join(g.dir, lockName))
		if err != nil {
			return unlock, err
		}
		if file != nil {
			return func() {
				_ = file.Close() // the lock is gone with the descriptor, whatever close says
				g.turn <- struct{}{}
			}, nil
		}
		timer := time.NewTimer(lockPoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return unlock, fmt.Errorf("another process is logging in: %w", ctx.Err())
		}
	}
}
