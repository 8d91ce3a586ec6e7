package portal

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// maxRejections is how many rejected logins one pair of credentials may cost.
	// The portal locks an account after three to seven; some of these must be left
	// to the person who mistypes.
	maxRejections = 2
	// rejectionPause lies between the first and the second.
	rejectionPause = time.Hour
	// fingerprintRounds makes guessing a password from a stolen state file slow.
	fingerprintRounds = 100_000
	saltLength        = 32
)

// guard counts rejected logins per credentials and says when the next one may be
// tried. It knows the credentials by a salted fingerprint, over the portal's URL
// and the config as well, so that a change of any starts anew.
//
// Only the goroutine of the login under way, of which there is one at most, calls
// it; but suspended is for everybody and never waits, neither for the fingerprint
// nor for the store's disk.
type guard struct {
	url    string
	digest []byte // of the config
	rounds int
	store  RejectionStore // nil: counted in memory only
	logger *slog.Logger

	rejections Rejections

	// The last fingerprint and what it was made from, since it is slow to make.
	source      Secret
	fingerprint []byte

	// When logins are suspended, until when: the zero time stands for a change of
	// the credentials or the config.
	blockedUntil atomic.Pointer[time.Time]
}

func newGuard(url string, digest []byte, store RejectionStore, logger *slog.Logger) *guard {
	g := &guard{url: url, digest: digest, rounds: fingerprintRounds, store: store, logger: logger}
	if store != nil {
		g.rejections = store.Rejections()
	}
	return g
}

// allow returns nil when a login may be tried, else ErrLoginSuspended.
func (g *guard) allow(credentials Credentials, now time.Time) error {
	g.blockedUntil.Store(nil)
	same, err := g.same(credentials)
	if err != nil || !same {
		return err
	}
	g.block(now)
	blocked, until := g.suspended(now)
	switch {
	case !blocked:
		return nil
	case until.IsZero():
		return fmt.Errorf("%w: the portal rejected these credentials %d times; none is tried until they or the config change",
			ErrLoginSuspended, g.rejections.Count)
	}
	return fmt.Errorf("%w: the portal rejected these credentials; the next is tried after %s, unless they or the config change before",
		ErrLoginSuspended, until.UTC().Format(time.RFC3339))
}

// block suspends logins as the rejections counted demand.
func (g *guard) block(now time.Time) {
	if g.rejections.Last.After(now) { // the clock was wrong then; wait an hour from now rather than for years
		g.rejections.Last = now
	}
	var until time.Time
	if g.rejections.Count < maxRejections {
		until = g.rejections.Last.Add(rejectionPause)
	}
	g.blockedUntil.Store(&until)
}

// suspended says whether logins are suspended for the credentials seen last, and
// until when.
func (g *guard) suspended(now time.Time) (bool, time.Time) {
	until := g.blockedUntil.Load()
	if until == nil || !until.IsZero() && !now.Before(*until) {
		return false, time.Time{}
	}
	return true, *until
}

// reject counts a rejected login and saves the count before it returns, so that
// no next login is possible without it. If that fails, the count goes on in
// memory.
func (g *guard) reject(credentials Credentials, now time.Time) {
	same, err := g.same(credentials)
	if err == nil && !same {
		g.rejections = Rejections{Salt: make([]byte, saltLength)}
		_, _ = rand.Read(g.rejections.Salt) // never fails
		g.rejections.Fingerprint, err = g.fingerprintOf(credentials, g.rejections.Salt)
	}
	if err != nil { // then allow fails too, and no login is tried
		g.logger.Error("cannot count a rejected login by its credentials", "err", err)
	}
	g.rejections.Count++
	g.rejections.Last = now
	g.block(now)
	g.save()
}

// accept forgets the rejections. What allowed the login has lifted the suspension.
func (g *guard) accept() {
	if g.rejections.Count > 0 {
		g.rejections = Rejections{}
		g.save()
	}
}

func (g *guard) save() {
	if g.store == nil {
		return
	}
	if err := g.store.SetRejections(g.rejections); err != nil {
		g.logger.Error("cannot save the number of rejected logins; it is kept in memory and lost at a restart", "err", err)
	}
}

// same says whether there are rejections counted of these credentials.
func (g *guard) same(credentials Credentials) (bool, error) {
	if g.rejections.Count == 0 {
		return false, nil
	}
	fingerprint, err := g.fingerprintOf(credentials, g.rejections.Salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(fingerprint, g.rejections.Fingerprint) == 1, nil
}

// fingerprintOf stretches everything that makes a login what it is.
func (g *guard) fingerprintOf(credentials Credentials, salt []byte) ([]byte, error) {
	var text []byte
	for _, part := range []string{g.url, credentials.Email, credentials.Password.Reveal(), string(g.digest), string(salt)} {
		text = binary.AppendUvarint(text, uint64(len(part))) // so that no two lists of parts read alike
		text = append(text, part...)
	}
	if source := NewSecret(string(text)); g.fingerprint == nil || g.source.Reveal() != source.Reveal() {
		fingerprint, err := pbkdf2.Key(sha256.New, source.Reveal(), salt, g.rounds, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("fingerprint the credentials: %w", err)
		}
		g.source, g.fingerprint = source, fingerprint
	}
	return g.fingerprint, nil
}
