package portal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The model test drives a client and a portal through random schedules, and a
// small model of the contract beside them. Every request takes the portal one
// second, so that what happens at once is the same however goroutines are run.

const (
	modelLatency = time.Second
	modelTTL     = 15 * time.Minute
)

// modelPortal is the portal of a schedule.
type modelPortal struct {
	mu       sync.Mutex
	password string
	session  string // the good one
	ends     time.Time
	sessions int
	disguise int    // of an expired session, in disguises
	broken   bool   // the endpoint looks expired whatever the session
	login    string // "", "500", "hang up"

	logins   int
	underWay int
	atOnce   int
	rejected int
	row      rejectedRow
	broke    string // the rule of rejected logins, how
}

// rejectedRow are the rejections of one password with nothing in between.
type rejectedRow struct {
	password string
	count    int
	last     time.Time
}

// reject counts a rejected login and looks whether it may have been.
func (p *modelPortal) reject(password string) {
	p.rejected++
	if p.row.password != password {
		p.row = rejectedRow{password: password}
	}
	p.row.count++
	switch {
	case p.row.count > 2:
		p.broke = "a third rejected login"
	case p.row.count == 2 && time.Since(p.row.last) < time.Hour:
		p.broke = fmt.Sprintf("a second rejected login after %v", time.Since(p.row.last))
	}
	p.row.last = time.Now()
}

func (p *modelPortal) RoundTrip(req *http.Request) (*http.Response, error) {
	if isLogin(req) {
		return p.authenticate(req)
	}
	p.mu.Lock()
	answer := p.answer(req)
	p.mu.Unlock()
	if err := sleep(req.Context(), modelLatency); err != nil {
		return nil, err
	}
	return answer, nil
}

func (p *modelPortal) answer(req *http.Request) *http.Response {
	cookie, err := req.Cookie("rack.session")
	if err != nil || p.session == "" || cookie.Value != p.session || !time.Now().Before(p.ends) || p.broken {
		return disguises[p.disguise].expired(req)
	}
	p.ends = time.Now().Add(modelTTL)
	resp := reply(req, 200, `[]`)
	resp.Header["Set-Cookie"] = acceptLogin(req, p.session).Header["Set-Cookie"]
	return resp
}

func (p *modelPortal) authenticate(req *http.Request) (*http.Response, error) {
	body := make([]byte, 1000)
	n, _ := req.Body.Read(body)
	_, password, _ := strings.Cut(string(body[:n]), `"password":"`)
	password = strings.TrimSuffix(password, `"}`)
	p.mu.Lock()
	p.logins++
	p.underWay++
	p.atOnce = max(p.atOnce, p.underWay)
	mode := p.login
	p.mu.Unlock()
	err := sleep(req.Context(), modelLatency)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underWay--
	switch {
	case err != nil:
		return nil, err
	case mode == "500":
		return reply(req, 500, ""), nil
	case mode == "hang up":
		return nil, errors.New("connection reset")
	case password != p.password:
		p.reject(password)
		return reply(req, 401, `{"error":"401 Unauthorized"}`), nil
	}
	p.row = rejectedRow{}
	p.sessions++
	p.session = fmt.Sprintf("session-%d", p.sessions)
	p.ends = time.Now().Add(modelTTL)
	return acceptLogin(req, p.session), nil
}

// model is what the contract says a client does, without concurrency.
type model struct {
	portal *modelPortal // only what a client cannot influence is read: passwords and modes
	now    time.Time

	password  string    // of the client
	session   int       // number of the client's session, 0 for none
	expiry    time.Time // of the client's session, as the client thinks
	alive     int       // number of the portal's good session, 0 for none
	ends      time.Time // of it
	sessions  int
	failures  int
	notBefore time.Time
	lastError error

	rejectedPassword string
	rejections       int
	rejectedAt       time.Time

	logins int
}

// errAny stands for a failure that is neither a rejection nor a suspension.
var errAny = errors.New("any other login failure")

func (m *model) call() error {
	if m.session == 0 || !m.now.Before(m.expiry.Add(-time.Minute)) {
		if err := m.logIn(); err != nil {
			return err
		}
	}
	if m.send() {
		return nil
	}
	if err := m.logIn(); err != nil {
		return err
	}
	if m.send() {
		return nil
	}
	return ErrSessionExpired
}

// send sends one request with the client's cookies.
func (m *model) send() bool {
	good := m.session == m.alive && m.alive != 0 && m.now.Before(m.ends) && !m.portal.broken
	if good {
		m.ends = m.now.Add(modelTTL)
		m.now = m.now.Add(modelLatency)
		m.expiry = m.now.Add(modelTTL)
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

func (m *model) logIn() error {
	m.session = 0
	if m.failures > 0 && m.now.Before(m.notBefore) {
		return m.lastError
	}
	if m.rejections > 0 && m.rejectedPassword == m.password {
		if m.rejections >= 2 || m.now.Before(m.rejectedAt.Add(time.Hour)) {
			return ErrLoginSuspended
		}
	}
	m.logins++
	mode := m.portal.login
	m.now = m.now.Add(modelLatency)
	switch {
	case mode != "":
		m.failures++
		m.notBefore = m.now
		if m.failures > 1 {
			m.notBefore = m.now.Add(min(time.Second<<min(m.failures-2, 10), time.Minute))
		}
		m.lastError = errAny
		return errAny
	case m.password != m.portal.password:
		if m.rejectedPassword != m.password {
			m.rejections = 0
		}
		m.rejectedPassword, m.rejectedAt = m.password, m.now
		m.rejections++
		m.failures = 0
		return ErrLoginRejected
	}
	m.rejections, m.rejectedPassword, m.failures = 0, "", 0
	m.sessions++
	m.alive, m.session = m.sessions, m.sessions
	m.ends, m.expiry = m.now.Add(modelTTL), m.now.Add(modelTTL)
	return nil
}

// sameOutcome says whether a call ended as the model says.
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
	store    *memoryStore
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
	}, WithTransport(s.portal), WithRejectionStore(s.store), WithRate(1e6, 1e6), WithConcurrency(20))
	if err != nil {
		s.t.Fatal(err)
	}
	exactJitter(client)
	client.session.guard.rounds = 1
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
		s.portal.login = []string{"", "", "500", "hang up"}[s.random.IntN(4)]
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
		s.model.session, s.model.failures = 0, 0
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
		group.Go(func() { _, outcomes[i] = s.client.Accounts(context.Background(), nil) })
	}
	if leaver {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), modelLatency/2)
			defer cancel()
			_, _ = s.client.Accounts(ctx, nil)
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
	if s.store.kept.Count != s.model.rejections {
		s.fail("%d rejections are stored, the model says %d", s.store.kept.Count, s.model.rejections)
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
		t: t, random: rand.New(rand.NewPCG(seed, 1)), store: &memoryStore{}, password: "password-0",
		portal: &modelPortal{password: "password-0"},
	}
	s.model = &model{portal: s.portal, password: s.password}
	s.restart()
	return s
}

// TestSessionUnderChaos has callers that come and go at any time, where no model
// says who ends how. What must hold always still must.
func TestSessionUnderChaos(t *testing.T) {
	seeds := 20
	if testing.Short() {
		seeds = 4
	}
	accepted, rejected := 0, 0
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSchedule(t, uint64(seed))
				s.chaos()
				accepted += s.portal.sessions
				rejected += s.portal.rejected
			})
		})
	}
	t.Logf("%d logins accepted, %d rejected", accepted, rejected)
	if accepted < 10*seeds || rejected < seeds {
		t.Error("the schedules reach too little")
	}
}

func (s *schedule) chaos() {
	var callers sync.WaitGroup
	for caller := range 10 {
		random := rand.New(rand.NewPCG(s.random.Uint64(), uint64(caller)))
		callers.Go(func() {
			for range 100 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(5000))*time.Millisecond)
				_, err := s.client.Accounts(ctx, nil)
				cancel()
				if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
					s.t.Errorf("%v is no *Error", err)
				}
				time.Sleep(time.Duration(random.IntN(240)) * time.Second)
			}
		})
	}
	callers.Go(func() {
		for range 400 {
			time.Sleep(time.Duration(s.random.IntN(60)) * time.Second)
			s.portal.mu.Lock()
			s.upset()
			s.portal.mu.Unlock()
		}
	})
	callers.Wait()
	synctest.Wait()
	if s.portal.atOnce > 1 {
		s.t.Errorf("%d logins at once", s.portal.atOnce)
	}
	if s.portal.broke != "" {
		s.t.Error(s.portal.broke)
	}
	if held := len(s.client.chain.(*sessionTransport).next.(*retryTransport).next.(*limitTransport).slots); held != 0 {
		s.t.Errorf("%d places are still held", held)
	}
}

// upset changes something of the portal or the client's password.
func (s *schedule) upset() {
	switch s.random.IntN(6) {
	case 0:
		s.portal.session = ""
	case 1:
		s.portal.disguise = s.random.IntN(len(disguises))
	case 2:
		s.portal.login = []string{"", "", "500", "hang up"}[s.random.IntN(4)]
	case 3:
		s.portal.broken = s.random.IntN(4) == 0
	case 4: // somebody changes the password at the portal, at times
		s.portal.password = []string{"password-0", "password-0", "password-0", "password-1"}[s.random.IntN(4)]
	case 5: // and in the file
		s.password = []string{"password-0", "password-0", "password-0", "password-1"}[s.random.IntN(4)]
	}
}
