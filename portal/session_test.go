package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a fake portal with sessions of its own: every accepted login makes one,
// a call with an older or no session's cookies is answered by expired.
type gate struct {
	mu       sync.Mutex
	logins   int
	calls    int
	session  string                             // the one that is good, "" for none
	login    func(*http.Request) *http.Response // nil: accept
	expired  func(*http.Request) *http.Response
	good     func(*http.Request) *http.Response
	latency  time.Duration // of calls
	loginFor time.Duration // how long a login takes
	loggedIn int           // logins under way
	atOnce   int           // most logins under way at once
	extra    string        // a further Set-Cookie of every login
	slides   bool          // a good answer sends the cookies again, as recorded
}

func newGate() *gate {
	return &gate{
		expired: func(r *http.Request) *http.Response { return reply(r, 401, `{"error":"401 Unauthorized"}`) },
		good:    func(r *http.Request) *http.Response { return reply(r, 200, `[]`) },
	}
}

func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	if isLogin(req) {
		return g.authenticate(req)
	}
	g.mu.Lock()
	g.calls++
	answer := g.good
	cookie, err := req.Cookie("rack.session")
	if g.session == "" || err != nil || cookie.Value != g.session {
		answer = g.expired
	}
	latency, slides := g.latency, g.slides
	g.mu.Unlock()
	if err := sleep(req.Context(), latency); err != nil {
		return nil, err
	}
	resp := answer(req)
	if slides {
		resp.Header["Set-Cookie"] = acceptLogin(req, cookie.Value).Header["Set-Cookie"]
	}
	return resp, nil
}

func (g *gate) authenticate(req *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.logins++
	g.loggedIn++
	g.atOnce = max(g.atOnce, g.loggedIn)
	id := fmt.Sprintf("session-%d", g.logins)
	login := g.login
	g.mu.Unlock()
	err := sleep(req.Context(), g.loginFor)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.loggedIn--
	if err != nil {
		return nil, err
	}
	if login != nil {
		return login(req), nil
	}
	g.session = id
	resp := acceptLogin(req, id)
	if g.extra != "" {
		resp.Header.Add("Set-Cookie", g.extra)
	}
	return resp, nil
}

func (g *gate) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.session = ""
}

func (g *gate) loginCount() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.logins
}

func (g *gate) wantLogins(t *testing.T, when string, want int) {
	t.Helper()
	if got := g.loginCount(); got != want {
		t.Errorf("%s: %d logins, want %d", when, got, want)
	}
}

func mustCall(t *testing.T, client *Client) {
	t.Helper()
	if _, err := client.Conditional().Accounts(t.Context(), nil); err != nil {
		t.Errorf("after %v: %v", time.Since(midnight2000), err)
	}
}

// midnight2000 is when every synctest bubble begins.
var midnight2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestSessionSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.slides = true
		client := newTestClient(t, portal)
		for range 100 {
			mustCall(t, client)
			time.Sleep(13*time.Minute + 59*time.Second)
		}
		portal.wantLogins(t, "after a day of calls every 14 minutes", 1)
	})
}

// TestSessionIsRenewedBeforeItsEnd: no call is risked in the last minute of a
// session, or the last tenth of a short one.
func TestSessionIsRenewedBeforeItsEnd(t *testing.T) {
	tests := []struct {
		name  string
		ttl   string
		idle  time.Duration
		login bool
	}{
		{"just before the margin", `{"expire_after":900}`, 14*time.Minute - time.Second, false},
		{"at the margin", `{"expire_after":900}`, 14 * time.Minute, true},
		{"short session, before the margin", `{"expire_after":100}`, 89 * time.Second, false},
		{"short session, at the margin", `{"expire_after":100}`, 90 * time.Second, true},
		{"as a text", `{"expire_after":"100"}`, 90 * time.Second, true},
		{"spelled as before October 2016", `{"expires_after":100}`, 90 * time.Second, true},
		{"not told: 15 minutes", `{}`, 14*time.Minute - time.Second, false},
		{"not told", `{}`, 14 * time.Minute, true},
		{"nonsense: 15 minutes", `{"expire_after":-5}`, 14*time.Minute - time.Second, false},
		{"wrong kind", `{"expire_after":{"seconds":100}}`, 14*time.Minute - time.Second, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logins, calls int
				client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if isLogin(req) {
						logins++
						return reply(req, 201, test.ttl, "Set-Cookie", "a=b; path=/api"), nil
					}
					calls++
					return reply(req, 200, `[]`), nil
				}))
				mustCall(t, client)
				time.Sleep(test.idle)
				mustCall(t, client)
				want := 1
				if test.login {
					want = 2
				}
				if logins != want || calls != 2 {
					t.Errorf("%d logins and %d calls, want %d and 2", logins, calls, want)
				}
			})
		})
	}
}

// TestPortalWithoutCookies: then the word of the portal on expiry is all there is,
// and calls must not log in each.
func TestPortalWithoutCookies(t *testing.T) {
	logins := 0
	client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		if isLogin(req) {
			logins++
			return reply(req, 201, `{"expire_after":900}`), nil
		}
		return reply(req, 200, `[]`), nil
	}))
	for range 3 {
		mustCall(t, client)
	}
	if logins != 1 {
		t.Errorf("%d logins", logins)
	}
}

func TestOneLoginForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.latency, portal.loginFor = time.Second, 3*time.Second
		client := newTestClient(t, portal, withConcurrency(100), withRate(1e6, 1e6))
		everybody := func() {
			var group sync.WaitGroup
			for range 100 {
				group.Go(func() { mustCall(t, client) })
			}
			group.Wait()
		}
		everybody()
		portal.wantLogins(t, "cold start", 1)
		portal.end()
		everybody()
		portal.wantLogins(t, "everybody's answer looks expired", 2)
		time.Sleep(time.Hour)
		everybody()
		portal.wantLogins(t, "after an hour of silence", 3)
		if portal.atOnce != 1 {
			t.Errorf("%d logins at once", portal.atOnce)
		}
	})
}

// TestSomebodyElseHasRenewed: a call whose 401 arrives after another call's login
// tries again with the new session and does not log in.
func TestSomebodyElseHasRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		client := newTestClient(t, portal)
		mustCall(t, client)
		portal.end()
		portal.latency = 10 * time.Second
		var slow sync.WaitGroup
		slow.Go(func() { mustCall(t, client) })
		synctest.Wait() // it has taken its cookies
		portal.mu.Lock()
		portal.latency = 0
		portal.mu.Unlock()
		mustCall(t, client)
		portal.wantLogins(t, "quick call", 2)
		slow.Wait()
		portal.wantLogins(t, "slow call", 2)
	})
}

// TestLateCookiesOfAnOldSession: what an old session's late answer sets must not
// replace the new session's cookies.
func TestLateCookiesOfAnOldSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		client := newTestClient(t, portal)
		mustCall(t, client)
		portal.latency = 10 * time.Second
		portal.good = func(r *http.Request) *http.Response {
			cookie, _ := r.Cookie("rack.session")
			return reply(r, 200, `[]`, "Set-Cookie", "rack.session="+cookie.Value+"; path=/api")
		}
		var slow sync.WaitGroup
		slow.Go(func() { mustCall(t, client) }) // with the first session, still good
		synctest.Wait()
		portal.mu.Lock()
		portal.latency, portal.session = 0, "" // it ends meanwhile
		portal.mu.Unlock()
		mustCall(t, client)
		slow.Wait()
		mustCall(t, client)
		portal.wantLogins(t, "in the end", 2)
	})
}

// TestCallerThatLeaves does not end the login for the others.
func TestCallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.loginFor = 10 * time.Second
		client := newTestClient(t, portal)
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var others sync.WaitGroup
		others.Go(func() {
			if _, err := client.Conditional().Accounts(impatient, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the caller that left: %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			others.Go(func() { mustCall(t, client) })
		}
		others.Wait()
		portal.wantLogins(t, "in the end", 1)
		if took := time.Since(midnight2000); took != 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestSessionStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		client := newTestClient(t, portal)
		if status := client.Session(); status != (SessionStatus{}) {
			t.Errorf("before the first login: %+v", status)
		}
		mustCall(t, client)
		want := SessionStatus{LoggedIn: true, Expiry: time.Now().Add(15 * time.Minute)}
		if status := client.Session(); status != want {
			t.Errorf("%+v, want %+v", status, want)
		}
		time.Sleep(time.Minute)
		portal.good = func(r *http.Request) *http.Response { return reply(r, 500, "") }
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		if status := client.Session(); status != want {
			t.Errorf("a failure without cookies has moved the expiry: %+v", status)
		}
		portal.good = func(r *http.Request) *http.Response { return reply(r, 300, "") }
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		if status := client.Session(); status != want {
			t.Errorf("a choice without cookies has moved the expiry: %+v", status)
		}
		portal.good = func(r *http.Request) *http.Response { return reply(r, 404, "", "Set-Cookie", "a=b") }
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		want.Expiry = time.Now().Add(15 * time.Minute)
		if status := client.Session(); status != want {
			t.Errorf("fresh cookies have not moved the expiry: %+v", status)
		}
		time.Sleep(time.Minute)
		portal.good = func(r *http.Request) *http.Response { return reply(r, 304, "") }
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		want.Expiry = time.Now().Add(15 * time.Minute)
		if status := client.Session(); status != want {
			t.Errorf("that nothing has changed has not moved the expiry: %+v", status)
		}
		time.Sleep(15 * time.Minute)
		if status := client.Session(); status != (SessionStatus{}) {
			t.Errorf("after the end: %+v", status)
		}
	})
}

// TestGood: a login is good until an answer says otherwise; after a session that did not
// last, not before the portal has served a call. An error of the portal's own is none.
func TestGood(t *testing.T) {
	tests := []struct {
		name   string
		strike bool // a session before did not last
		status int  // of a call's answer, 0 for no call
		want   bool
	}{
		{"logged in", false, 0, true},
		{"logged in again", true, 0, false},
		{"served", true, 200, true},
		{"not found", true, 404, true},
		{"an error of the portal", true, 500, false},
		{"the last of those", true, 599, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal := newGate()
				client := newTestClient(t, portal)
				if test.strike {
					mustCall(t, client)
					endSession(client)
				}
				if err := client.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				if test.status != 0 {
					portal.good = func(r *http.Request) *http.Response { return reply(r, test.status, `[]`) }
					_, _ = client.Accounts(t.Context())
				}
				if got := client.session.good(); got != test.want {
					t.Errorf("good: %v", got)
				}
			})
		})
	}
}

// TestStatusOfAPause: NextLogin is a time to come, and LastError is of the last login that
// was tried, or why this process has not tried any.
func TestStatusOfAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal, dir := newGate(), t.TempDir()
		client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)))
		mustCall(t, client)
		endSession(client)
		endSession(client)
		next := time.Now().Add(15 * time.Second)
		if s := client.Session(); s.NextLogin != next {
			t.Errorf("%+v, want the next login at %v", s, next)
		}
		time.Sleep(time.Until(next))
		if s := client.Session(); !s.NextLogin.IsZero() {
			t.Errorf("after the pause: %+v", s)
		}
		portal.login = rejectLogin
		for range 2 { // the second is not tried
			_, _ = client.Accounts(t.Context())
			const want = "POST /api/authenticate: 401 Unauthorized: login rejected"
			if s := client.Session(); s.LastError != want {
				t.Errorf("%q, want %q", s.LastError, want)
			}
		}
		restarted := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)))
		_, err := restarted.Accounts(t.Context())
		if s := restarted.Session(); !errors.Is(err, ErrLoginSuspended) || !strings.HasPrefix(s.LastError, ErrLoginSuspended.Error()) {
			t.Errorf("the next process: %+v, %v", s, err)
		}
	})
}
