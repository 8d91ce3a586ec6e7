package portal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/loginguard"
)

// The model test drives a client and a portal through random schedules, and a
// small model of the contract beside them. Every request takes the portal one
// second, so that what happens at once is the same however goroutines are run.

const (
	modelLatency = time.Second
	modelTTL     = 15 * time.Minute
)

// model is what the contract says a client does, without concurrency.
type model struct {
	portal *modelPortal // only what a client cannot influence is read: passwords and modes
	now    time.Time

	password  string    // of the client
	session   int       // number of the client's session, 0 for none
	since     time.Time // of the client's session
	from      string    // password of the client's session
	served    bool      // it has
	ended     bool      // the session before looked expired
	expiry    time.Time // of the client's session, as the client thinks
	alive     int       // number of the portal's good session, 0 for none
	ends      time.Time // of it
	sessions  int
	failures  int // logins in a row that the portal put off
	strikes   int // sessions in a row that did not last
	notBefore time.Time
	lastError error

	distrusts int // how often the endpoint looked expired after a fresh login
	distrust  time.Time

	records map[string]record // of logins, by password
	logins  int
}

// record is what came of the logins with a password.
type record struct {
	rejected, failed int // no answer counts as rejected
	last             time.Time
	paused           time.Time // sessions did not last
}

// errAny stands for a failure that is neither a rejection nor a suspension.
var errAny = errors.New("any other login failure")

func (m *model) call() error {
	if m.session == 0 || !m.now.Before(m.expiry.Add(-time.Minute)) {
		m.ended = false
		if err := m.logIn(); err != nil {
			return err
		}
	}
	if m.send() {
		return nil
	}
	if m.now.Before(m.distrust) {
		return ErrSessionExpired
	}
	if m.distrusts == 0 && m.ended && m.now.Sub(m.since) < time.Minute {
		m.suspect()
		return ErrSessionExpired
	}
	m.over()
	m.ended = true
	if err := m.logIn(); err != nil {
		return err
	}
	if m.send() {
		return nil
	}
	m.suspect()
	return ErrSessionExpired
}

// suspect notes that the endpoint looks expired whatever the session.
func (m *model) suspect() {
	m.distrust = m.now.Add(min(15*time.Second<<min(m.distrusts, 10), time.Hour))
	m.distrusts++
}

// over notes that the session ended early.
func (m *model) over() {
	m.session = 0
	if m.served && m.now.Sub(m.since) >= time.Minute {
		m.strikes = 0
		return
	}
	m.strikes++
	if m.strikes >= 2 {
		m.notBefore = m.now.Add(min(15*time.Second<<min(m.strikes-2, 10), time.Hour))
		m.lastError = ErrSessionExpired
		r := m.records[m.from]
		r.paused = m.notBefore
		m.records[m.from] = r
	}
}

// send sends one request with the client's cookies.
func (m *model) send() bool {
	good := m.session == m.alive && m.alive != 0 && m.now.Before(m.ends) && !m.portal.broken
	if good {
		m.ends = m.now.Add(modelTTL)
		m.now = m.now.Add(modelLatency)
		m.expiry = m.now.Add(modelTTL)
		m.served = true
		m.distrusts, m.distrust = 0, time.Time{}
		if m.now.Sub(m.since) >= time.Minute {
			m.strikes = 0
		}
		return true
	}
	m.now = m.now.Add(m.hops() * modelLatency)
	return false
}

// hops is how many requests the disguise of an expired session takes: redirects
// within the portal are followed.
func (m *model) hops() time.Duration {
	switch disguises[m.portal.disguise].name {
	case "a redirect to a login page here", "a redirect to a login page that is not found":
		return 2
	case "a redirect in a circle":
		return maxRedirects + 1
	}
	return 1
}

// suspended reports whether the next login with the client's password must wait.
func (m *model) suspended() error {
	r := m.records[m.password]
	pause := min(time.Minute<<min(2*max(r.failed-1, 0), 10), time.Hour)
	switch {
	case r.rejected >= 2, r.rejected > 0 && m.now.Before(r.last.Add(time.Hour)):
		return ErrLoginSuspended
	case r.rejected == 0 && r.failed > 0 && m.now.Before(r.last.Add(pause)):
		return errAny
	case m.now.Before(r.paused):
		return errAny
	}
	return nil
}

func (m *model) logIn() error {
	m.session = 0
	if m.now.Before(m.notBefore) {
		return m.lastError
	}
	m.notBefore = time.Time{}
	if err := m.suspended(); err != nil {
		return err
	}
	m.logins++
	mode := m.portal.login
	m.now = m.now.Add(modelLatency)
	r := m.records[m.password]
	switch {
	case mode == "busy":
		m.failures++
		m.notBefore = m.now.Add(10 * time.Second)
		if m.failures > 1 {
			m.notBefore = m.now.Add(max(10*time.Second, min(time.Second<<min(m.failures-2, 10), time.Minute)))
		}
		m.lastError = errAny
		return errAny
	case mode == "500":
		m.failures = 0
		m.records[m.password] = record{r.rejected, r.failed + 1, m.now, r.paused}
		return errAny
	case mode == "hang up":
		m.failures = 0
		m.records[m.password] = record{r.rejected + 1, r.failed, m.now, r.paused}
		return errAny
	case m.password != m.portal.password:
		m.failures = 0
		m.records[m.password] = record{r.rejected + 1, r.failed, m.now, r.paused}
		return ErrLoginRejected
	}
	delete(m.records, m.password)
	m.failures = 0
	m.sessions++
	m.alive, m.session = m.sessions, m.sessions
	m.since, m.served, m.from = m.now, false, m.password
	m.ends, m.expiry = m.now.Add(modelTTL), m.now.Add(modelTTL)
	return nil
}

// sameOutcome reports whether a call ended as the model says.
func sameOutcome(got, want error) bool {
	if want == errAny {
		return got != nil && !errors.Is(got, ErrLoginRejected) && !errors.Is(got, ErrLoginSuspended) && !errors.Is(got, ErrSessionExpired)
	}
	return errors.Is(got, want)
}

// schedule is one run of the model test.
type schedule struct {
	t        *testing.T
	random   *rand.Rand
	portal   *modelPortal
	model    *model
	guard    *loginguard.Guard
	client   *Client
	password string // what the credential source gives
	steps    []string
}

func (s *schedule) note(format string, args ...any) {
	s.steps = append(s.steps, fmt.Sprintf("%v: ", time.Since(midnight2000))+fmt.Sprintf(format, args...))
}

func (s *schedule) restart() {
	client, err := New(testURL, func() (Credentials, error) {
		s.portal.mu.Lock()
		defer s.portal.mu.Unlock()
		return Credentials{Email: testEmail, Password: NewSecret(s.password)}, nil
	}, WithTransport(s.portal), WithLoginGuard(&LoginGuard{s.guard}), withRate(1e6, 1e6), withConcurrency(20))
	if err != nil {
		s.t.Fatal(err)
	}
	exactJitter(client)
	s.client = client
}

func (s *schedule) step() {
	switch n := s.random.IntN(20); {
	case n < 9:
		s.calls()
	case n < 13:
		d := []time.Duration{time.Millisecond, time.Second, 30 * time.Second, 5 * time.Minute, 13 * time.Minute, 14 * time.Minute, 15 * time.Minute, 59 * time.Minute, time.Hour, 25 * time.Hour}[s.random.IntN(10)]
		s.note("%v pass", d)
		time.Sleep(d)
	case n == 13:
		s.note("the portal ends the session")
		s.portal.session, s.model.alive = "", 0
	case n == 14:
		s.portal.disguise = s.random.IntN(len(disguises))
		s.note("an expired session looks like %s", disguises[s.portal.disguise].name)
	case n == 15:
		s.portal.broken = s.random.IntN(3) == 0
		s.note("the endpoint looks expired: %v", s.portal.broken)
	case n == 16:
		s.portal.login = []string{"", "", "500", "busy", "hang up"}[s.random.IntN(5)]
		s.note("logins: %q", s.portal.login)
	case n == 17:
		s.portal.password = fmt.Sprintf("password-%d", s.random.IntN(3))
		s.note("the portal's password: %s", s.portal.password)
	case n == 18:
		s.password = fmt.Sprintf("password-%d", s.random.IntN(3))
		s.model.password = s.password
		s.note("the client's password: %s", s.password)
	case n == 19:
		s.note("restart")
		s.restart()
		m := s.model
		m.session, m.failures, m.strikes, m.distrusts, m.served, m.ended = 0, 0, 0, 0, false, false
		m.notBefore, m.distrust = time.Time{}, time.Time{}
	}
}

// calls makes some calls at once, sometimes with one whose caller leaves early,
// and compares every outcome with the model's.
func (s *schedule) calls() {
	n := 1 + s.random.IntN(6)
	leaver := s.random.IntN(3) == 0
	s.model.now = time.Now()
	want := s.model.call()
	s.note("%d calls at once, want %v", n, want)
	outcomes := make([]error, n)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() { _, outcomes[i] = s.client.Conditional().Accounts(context.Background(), nil) })
	}
	if leaver {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), modelLatency/2)
			defer cancel()
			_, _ = s.client.Conditional().Accounts(ctx, nil)
		})
	}
	group.Wait()
	for _, got := range outcomes {
		if !sameOutcome(got, want) {
			s.fail("a call ended with %v, the model says %v", got, want)
		}
	}
	if now := time.Now(); !leaver && !now.Equal(s.model.now) {
		s.fail("it is %v, the model says %v", now.Sub(midnight2000), s.model.now.Sub(midnight2000))
	}
}

func (s *schedule) check() {
	if s.portal.logins != s.model.logins {
		s.fail("%d logins, the model says %d", s.portal.logins, s.model.logins)
	}
	if s.portal.atOnce > 1 {
		s.fail("%d logins at once", s.portal.atOnce)
	}
	if s.portal.broke != "" {
		s.fail("%s", s.portal.broke)
	}
	suspended, err := s.guard.Suspended(loginguard.Login{URL: testURL, Email: testEmail, Password: s.password})
	s.model.now = time.Now()
	if want := s.model.suspended(); (suspended != nil) != (want != nil) || err != nil {
		s.fail("the guard says %v (%v), the model %v", suspended, err, want)
	}
	status := s.client.Session()
	if want := s.model.session != 0 && time.Now().Before(s.model.expiry); status.LoggedIn != want || want && !status.Expiry.Equal(s.model.expiry) {
		s.fail("status %+v, the model says %v until %v", status, want, s.model.expiry)
	}
}

func (s *schedule) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s\nafter these steps:\n%s", fmt.Sprintf(format, args...), strings.Join(s.steps, "\n"))
}

// TestSessionModel: the seed of a failure is the name of its subtest.
func TestSessionModel(t *testing.T) {
	seeds := 300
	if testing.Short() {
		seeds = 40
	}
	reached := map[string]int{}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSchedule(t, uint64(seed))
				for range 60 {
					s.step()
					s.check()
				}
				reached["logins"] += s.model.logins
				reached["rejections"] += s.portal.rejected
				for _, step := range s.steps {
					if _, outcome, ok := strings.Cut(step, "want "); ok {
						reached[outcome]++
					}
				}
			})
		})
	}
	t.Logf("reached: %v", reached)
	for _, outcome := range []string{"<nil>", ErrSessionExpired.Error(), ErrLoginRejected.Error(), ErrLoginSuspended.Error(), errAny.Error()} {
		if reached[outcome] == 0 {
			t.Errorf("no schedule reached %q", outcome)
		}
	}
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	s := &schedule{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), guard: loginguard.New(""), password: "password-0",
		portal: &modelPortal{password: "password-0", rows: map[string]rejectedRow{}},
	}
	s.guard.Rounds = 1
	s.model = &model{portal: s.portal, password: s.password, records: map[string]record{}}
	s.restart()
	return s
}
