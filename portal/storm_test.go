package portal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// storm is a portal that accepts every login and answers calls by serve; it counts.
type storm struct {
	logins  int
	cookies []string // of a login; END is the end of the session by the portal's clock
	ttl     string
	skew    time.Duration // of the portal's clock
	serve   func(*http.Request) *http.Response
}

func (s *storm) RoundTrip(req *http.Request) (*http.Response, error) {
	if !isLogin(req) {
		return s.serve(req), nil
	}
	s.logins++
	now := time.Now().Add(s.skew).UTC()
	header := []string{"Date", now.Format(http.TimeFormat)}
	for _, cookie := range s.cookies {
		header = append(header, "Set-Cookie", strings.ReplaceAll(cookie, "END", now.Add(15*time.Minute).Format(http.TimeFormat)))
	}
	return reply(req, 201, s.ttl, header...), nil
}

// withCookie answers well to whoever has the session's cookie.
func withCookie(req *http.Request) *http.Response {
	if cookie, err := req.Cookie("rack.session"); err != nil || cookie.Value != "s" {
		return rejectLogin(req)
	}
	return reply(req, 200, `[]`)
}

// TestLoginsNeverStorm: portals whose sessions do not last cost a handful of logins in
// ten minutes of calls, and ukcloud_up says so; those that only look odd cost one.
func TestLoginsNeverStorm(t *testing.T) {
	const ttl = `{"expire_after":900}`
	always := func(status int, body string, header ...string) func(*http.Request) *http.Response {
		return func(r *http.Request) *http.Response { return reply(r, status, body, header...) }
	}
	tests := []struct {
		name   string
		portal storm
		works  bool
		text   string // of the last error
	}{
		{"maintenance page", storm{serve: func(r *http.Request) *http.Response { return htmlPage(r, "Content-Type", "text/html") }}, false, "an HTML page came"},
		{"redirect", storm{serve: always(302, "", "Location", "https://elsewhere.example.net/")}, false, "redirect refused"},
		{"401", storm{serve: always(401, `{"error":"401 Unauthorized"}`)}, false, "served no call"},
		{"cookie eaten by a proxy", storm{cookies: []string{}, serve: withCookie}, false, "served no call"},
		{"cookie for another path", storm{cookies: []string{"rack.session=s; path=/elsewhere"}, serve: withCookie}, false, "none of its cookies is for /api/"},
		{"cookie dead on arrival", storm{ttl: `{}`, cookies: []string{"rack.session=s; path=/api; expires=Mon, 01 Jan 1990 00:00:00 GMT"}, serve: withCookie}, false, "ended before they came"},
		{"cookies deleted by each answer", storm{serve: always(200, `[]`, "Set-Cookie", "rack.session=; path=/api; max-age=0")}, true, ""},
		{"Expires in the past, length told", storm{cookies: []string{"rack.session=s; path=/api; expires=Mon, 01 Jan 1990 00:00:00 GMT"}, serve: withCookie}, true, ""},
		{"Expires in the year 9999", storm{ttl: `{}`, cookies: []string{"rack.session=s; path=/api; expires=Fri, 31 Dec 9999 23:59:59 GMT"}, serve: withCookie}, true, ""},
		{"Max-Age of a century", storm{ttl: `{}`, cookies: []string{"rack.session=s; path=/api; max-age=3153600000"}, serve: withCookie}, true, ""},
		{"length of a century", storm{ttl: `{"expire_after":9999999999999}`, serve: withCookie}, true, ""},
		{"portal's clock a day ahead", storm{ttl: `{}`, skew: 24 * time.Hour, serve: withCookie}, true, ""},
		{"portal's clock a day behind", storm{ttl: `{}`, skew: -24 * time.Hour, serve: withCookie}, true, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal := test.portal
				if portal.ttl == "" {
					portal.ttl = ttl
				}
				if portal.cookies == nil {
					portal.cookies = []string{"rack.session=s; path=/api; expires=END; HttpOnly; secure"}
				}
				var log bytes.Buffer
				registry := prometheus.NewRegistry()
				client := newTestClient(t, &portal, WithRegisterer(registry), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				var err error
				for range 600 {
					_, err = client.Accounts(t.Context())
					_ = client.Ping(t.Context())
					time.Sleep(time.Second)
				}
				most := 8 // 15 s, doubled up to ten minutes, and two to begin with
				if test.works && !strings.Contains(test.name, "deleted") {
					most = 1
				}
				if portal.logins > most {
					t.Errorf("%d logins in ten minutes, want %d at most", portal.logins, most)
				}
				up := strings.Contains(exposition(t, registry), "\nukcloud_up 1\n")
				if test.works {
					return
				}
				if up || !errors.Is(err, ErrSessionExpired) {
					t.Errorf("up %v, last error %v", up, err)
				}
				if status := client.Session(); !strings.Contains(status.LastError, test.text) {
					t.Errorf("status %+v, want %q", status, test.text)
				}
				if !strings.Contains(log.String(), `msg="Portal login failed"`) || !strings.Contains(log.String(), "next=") {
					t.Errorf("log:\n%s", &log)
				}
				if failures := exposition(t, registry); strings.Contains(failures, "ukcloud_session_login_failures_total 0") {
					t.Error("no failure is counted")
				}
				day := portal.logins
				for range 24 * 60 {
					_, _ = client.Accounts(t.Context())
					time.Sleep(time.Minute)
				}
				if portal.logins-day > 26 {
					t.Errorf("%d logins in a day", portal.logins-day)
				}
			})
		})
	}
}

// doubled are the pauses after failures in a row, from the first that has one on.
var doubled = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute,
	8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}

// TestPausesBetweenLogins: one session that does not last costs nothing, each after it
// doubles the pause before the next login, up to an hour however often it comes.
func TestPausesBetweenLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, newGate())
		mustCall(t, client)
		for i, want := range append([]time.Duration{0}, doubled...) {
			if got := endSession(client); got != want {
				t.Errorf("session %d: a pause of %v, want %v", i+1, got, want)
			}
		}
		for range 100 {
			if got := endSession(client); got != time.Hour {
				t.Fatalf("a pause of %v after many", got)
			}
		}
	})
}

// endSession ends a client's session and returns how long the next login waits.
func endSession(client *Client) time.Duration {
	s := client.session
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.notBefore = now
	s.over(now, ErrSessionExpired)
	return s.notBefore.Sub(now)
}

// TestRipeSessions: a session that has served a call and lasted a minute ends the
// row of those that did not.
func TestRipeSessions(t *testing.T) {
	tests := []struct {
		name   string
		served bool
		age    time.Duration
		pause  time.Duration
	}{
		{"served a call, a minute old", true, time.Minute, 0},
		{"served a call, not quite a minute old", true, time.Minute - 1, 15 * time.Second},
		{"served none, a minute old", false, time.Minute, 15 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newTestClient(t, newGate())
				mustCall(t, client)
				endSession(client)
				s := client.session
				s.mu.Lock()
				s.notBefore = time.Time{}
				s.mu.Unlock()
				if err := client.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.mu.Lock()
				s.served = test.served
				s.mu.Unlock()
				time.Sleep(test.age)
				if got := endSession(client); got != test.pause {
					t.Errorf("a pause of %v, want %v", got, test.pause)
				}
			})
		})
	}
}

// TestCallThatEndsARow: a session that did not last is forgotten when a call is served in
// the next that has lasted a minute, however that one ends.
func TestCallThatEndsARow(t *testing.T) {
	for age, want := range map[time.Duration]time.Duration{time.Minute - 1: 15 * time.Second, time.Minute: 0} {
		t.Run(age.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newTestClient(t, newGate())
				mustCall(t, client)
				endSession(client)
				mustCall(t, client) // in the second session
				time.Sleep(age)
				mustCall(t, client)
				time.Sleep(time.Hour) // it runs out
				mustCall(t, client)   // in the third
				if got := endSession(client); got != want {
					t.Errorf("a pause of %v, want %v", got, want)
				}
			})
		})
	}
}

// TestForcedLoginEndsAPause that another process wrote down, when it has served a call;
// a session that was there before the pause does not.
func TestForcedLoginEndsAPause(t *testing.T) {
	for _, forced := range []bool{false, true} {
		t.Run(fmt.Sprint(forced), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal, dir := newGate(), t.TempDir()
				options := []Option{WithLoginGuard(NewLoginGuard(dir))}
				if forced {
					options = append(options, WithForcedLogin())
				}
				client := newTestClient(t, portal, options...)
				if err := client.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				other := newTestClient(t, newGate(), WithLoginGuard(NewLoginGuard(dir)))
				mustCall(t, other)
				endSession(other)
				endSession(other)
				other.session.tellGuard()
				mustCall(t, client)
				err := startWith(t, portal, NewLoginGuard(dir), testPassword)
				if paused := errors.Is(err, errLoginPaused); paused == forced || err != nil && !paused {
					t.Errorf("the next process: %v", err)
				}
			})
		})
	}
}

// TestEndedBefore: an endpoint is suspected of ending sessions while the present one is
// hardly a minute old.
func TestEndedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, newGate())
		mustCall(t, client)
		s, ender, other := client.session, &route{}, &route{}
		s.ender = ender
		ask := func(r *route, generation uint64) bool {
			return s.endedBefore(&call{route: r, generation: generation})
		}
		time.Sleep(ripeAge - 1)
		if !ask(ender, s.generation) || ask(other, s.generation) || ask(ender, s.generation-1) {
			t.Error("in the first minute it is not the one endpoint in the one session")
		}
		time.Sleep(time.Nanosecond)
		if ask(ender, s.generation) {
			t.Error("suspected after a minute")
		}
	})
}

// TestEnderIsForgotten: an endpoint that ended a session is not suspected in one that
// began because the one between ran out.
func TestEnderIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		client := newTestClient(t, portal)
		mustCall(t, client)
		time.Sleep(ripeAge)
		portal.end()
		mustCall(t, client) // its 401 ends the first session
		time.Sleep(time.Hour)
		if err := client.Login(t.Context()); err != nil { // the second has run out
			t.Fatal(err)
		}
		portal.end()
		mustCall(t, client)
		portal.wantLogins(t, "in the end", 4)
	})
}

// TestUselessLoginsPauseForAll: logins whose sessions are of no use are written down as
// soon as the second is over, for the process that comes next.
func TestUselessLoginsPauseForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		portal := &storm{ttl: `{}`, cookies: []string{"rack.session=s; path=/elsewhere"}, serve: withCookie}
		client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)))
		for range 2 {
			_ = client.Login(t.Context())
		}
		if err := startWith(t, portal, NewLoginGuard(dir), testPassword); !errors.Is(err, errLoginPaused) || portal.logins != 2 {
			t.Errorf("the next process: %v after %d logins", err, portal.logins)
		}
	})
}

// TestPausesOfAnEndpoint: while it is distrusted further failures change nothing, each
// after that doubles the time, and only the URL that failed clears it.
func TestPausesOfAnEndpoint(t *testing.T) {
	var d distrust
	r, now := &route{}, midnight2000
	for i, want := range doubled {
		d.add(r, "/1", now)
		d.add(r, "/1", now.Add(want-1))
		if got := d.look(r); got.until != now.Add(want) || got.failures != i+1 || got.last != now {
			t.Errorf("failure %d: distrusted for %v, %d failures", i+1, got.until.Sub(now), got.failures)
		}
		now = now.Add(want)
	}
	for range 100 {
		d.add(r, "/1", now)
		if got := d.look(r).until.Sub(now); got != time.Hour {
			t.Fatalf("distrusted for %v after many", got)
		}
		now = now.Add(time.Hour)
	}
	d.drop(r, "/2")
	if d.look(r).failures == 0 {
		t.Error("another URL has cleared it")
	}
	d.drop(r, "/1")
	if got := d.look(r); got != (distrusted{}) {
		t.Errorf("not cleared: %+v", got)
	}
}

// TestStormHeals: when the portal serves again, one pause later so does the client,
// and up is 1.
func TestStormHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := &storm{ttl: `{"expire_after":900}`, cookies: []string{"rack.session=s; path=/api"}, serve: rejectLogin}
		registry := prometheus.NewRegistry()
		client := newTestClient(t, portal, WithRegisterer(registry))
		for range 50 {
			_, _ = client.Accounts(t.Context())
			time.Sleep(time.Second)
		}
		next := client.Session().NextLogin
		if next.IsZero() {
			t.Fatalf("%+v", client.Session())
		}
		portal.serve = withCookie
		time.Sleep(time.Until(next))
		mustCall(t, client)
		if !strings.Contains(exposition(t, registry), "\nukcloud_up 1\n") {
			t.Error("not up")
		}
		if s := client.Session(); s.LastError != "" || !s.NextLogin.IsZero() || !s.LoggedIn {
			t.Errorf("%+v", s)
		}
	})
}

// TestOneEndpointThatIsAlways401 costs few logins, and nothing of the others.
func TestOneEndpointThatIsAlways401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.slides = true
		good := portal.good
		portal.good = func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/my_calls") {
				return rejectLogin(r)
			}
			return good(r)
		}
		client := newTestClient(t, portal)
		for range 24 * 60 {
			mustCall(t, client)
			if _, err := client.MyCalls(t.Context(), ScopeUser); !errors.Is(err, ErrSessionExpired) || !errors.Is(err, ErrUnauthorized) {
				t.Fatalf("after %v: %v", time.Since(midnight2000), err)
			}
			mustCall(t, client)
			time.Sleep(time.Minute)
		}
		if n := portal.loginCount(); n > 34 {
			t.Errorf("%d logins in a day", n)
		}
		before := portal.loginCount()
		portal.end() // somebody else notices
		mustCall(t, client)
		portal.wantLogins(t, "a real end", before+1)
		portal.mu.Lock()
		portal.good = good
		portal.mu.Unlock()
		if _, err := client.MyCalls(t.Context(), ScopeUser); err != nil {
			t.Errorf("healed: %v", err)
		}
	})
}

// TestJarIsBounded: cookies that grow with each answer stay below what servers take.
func TestJarIsBounded(t *testing.T) {
	answers, longest := 0, 0
	portal := &storm{ttl: `{"expire_after":900}`, cookies: []string{"rack.session=s; path=/api"}}
	portal.serve = func(r *http.Request) *http.Response {
		answers++
		longest = max(longest, len(r.Header.Get("Cookie")))
		resp := withCookie(r)
		resp.Header.Add("Set-Cookie", "rack.session=s; path=/api")
		for _, name := range []string{"a", "b"} {
			resp.Header.Add("Set-Cookie", name+strings.Repeat("x", answers%50)+"="+strings.Repeat("y", 1000)+"; path=/api")
		}
		resp.Header.Add("Set-Cookie", "small"+strings.Repeat("z", answers%40)+"=1; path=/api")
		return resp
	}
	client := newTestClient(t, portal)
	for range 200 {
		mustCall(t, client)
	}
	if longest > maxCookieBytes || longest < 3000 || portal.logins != 1 || len(client.session.jar.sizes) > maxCookies {
		t.Errorf("a Cookie header of %d bytes, %d cookies, %d logins", longest, len(client.session.jar.sizes), portal.logins)
	}
}

// TestClockOffset is told by the portal's Date.
func TestClockOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := &storm{ttl: `{}`, cookies: []string{"rack.session=s; path=/api"}, skew: 36 * time.Hour, serve: withCookie}
		client := newTestClient(t, portal)
		if _, known := client.ClockOffset(); known {
			t.Error("known before the first answer")
		}
		mustCall(t, client)
		if offset, known := client.ClockOffset(); !known || offset != 36*time.Hour {
			t.Errorf("%v, %v", offset, known)
		}
	})
}
