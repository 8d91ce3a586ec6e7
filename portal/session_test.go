package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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
	if _, err := client.Accounts(t.Context(), nil); err != nil {
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

// html is a login page.
func html(req *http.Request, header ...string) *http.Response {
	return reply(req, 200, "\n<!DOCTYPE html><html><body>Please log in</body></html>", header...)
}

var disguises = []struct {
	name    string
	expired func(*http.Request) *http.Response
	want    []error // when it stays so
}{
	{"401", func(r *http.Request) *http.Response { return reply(r, 401, `{"error":"401 Unauthorized"}`) }, []error{ErrSessionExpired, ErrUnauthorized}},
	{"401 with cookies of nobody", func(r *http.Request) *http.Response {
		return reply(r, 401, `{"error":"401 Unauthorized"}`, "Set-Cookie", "rack.session=nobody; path=/api")
	}, []error{ErrSessionExpired, ErrUnauthorized}},
	{"an HTML page", func(r *http.Request) *http.Response { return html(r, "Content-Type", "text/html; charset=utf-8") }, []error{ErrSessionExpired}},
	{"an HTML page called text", func(r *http.Request) *http.Response { return html(r, "Content-Type", "text/plain") }, []error{ErrSessionExpired}},
	{"an HTML page called JSON", func(r *http.Request) *http.Response { return html(r) }, []error{ErrSessionExpired}},
	{"an HTML page called nothing", func(r *http.Request) *http.Response { return html(r, "Content-Type", "") }, []error{ErrSessionExpired}},
	{"an empty page", func(r *http.Request) *http.Response { return reply(r, 200, "", "Content-Type", "text/html") }, []error{ErrSessionExpired}},
	{"a redirect to a login page here", redirectTo("/users/sign_in"), []error{ErrSessionExpired}},
	{"a redirect to a login page that is not found", redirectTo("/gone"), []error{ErrSessionExpired}},
	{"a redirect to another host", redirectTo("https://login.example.net/"), []error{ErrSessionExpired, ErrRedirectRefused}},
	{"a redirect to another port", redirectTo("https://portal.example.com:8443/api"), []error{ErrSessionExpired, ErrRedirectRefused}},
	{"a redirect to http", redirectTo("http://portal.example.com/api/accounts"), []error{ErrSessionExpired, ErrRedirectRefused}},
	{"a redirect to a file", redirectTo("file:///etc/passwd"), []error{ErrSessionExpired, ErrRedirectRefused}},
	{"a redirect in a circle", redirectTo("/api/accounts"), []error{ErrSessionExpired, ErrRedirectRefused}},
	{"a redirect to nowhere", func(r *http.Request) *http.Response { return reply(r, 302, "") }, []error{ErrSessionExpired, ErrRedirectRefused}},
	{"a redirect to what is no URL", redirectTo("https://%zz"), []error{ErrSessionExpired, ErrRedirectRefused}},
}

// redirectTo answers with a redirect; at its end there may be a login page.
func redirectTo(location string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		switch req.URL.Path {
		case "/users/sign_in":
			return html(req, "Content-Type", "text/html")
		case "/gone":
			return reply(req, 404, "<html>no</html>", "Content-Type", "text/html")
		}
		if location == "" {
			return reply(req, 302, "")
		}
		return reply(req, 302, "", "Location", location)
	}
}

// TestDisguises: each is seen through, costs one login and is invisible to the
// caller.
func TestDisguises(t *testing.T) {
	for _, test := range disguises {
		for _, kind := range []string{"JSON", "CSV"} {
			t.Run(test.name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					portal := newGate()
					portal.expired = test.expired
					if kind == "CSV" {
						portal.good = func(r *http.Request) *http.Response { return reply(r, 200, someCSV, "Content-Type", "text/csv") }
					}
					client := newTestClient(t, portal)
					call := func() error { return callKind(t, client, kind) }
					if err := call(); err != nil {
						t.Fatal(err)
					}
					portal.end()
					if err := call(); err != nil {
						t.Errorf("after the session's end: %v", err)
					}
					portal.wantLogins(t, "after the session's end", 2)
					if err := call(); err != nil {
						t.Error(err)
					}
					portal.wantLogins(t, "afterwards", 2)
				})
			})
		}
	}
}

func callKind(t *testing.T, client *Client, kind string) error {
	if kind == "JSON" {
		_, err := client.Accounts(t.Context(), nil)
		return err
	}
	stream, err := client.BillingCSV(t.Context(), "2018-01", "o", "")
	if err != nil {
		return err
	}
	return stream.Close()
}

// TestDisguisesThatStay: an answer that looks expired whatever the session is an
// error after one login of the call.
func TestDisguisesThatStay(t *testing.T) {
	for _, test := range disguises {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal := newGate()
				client := newTestClient(t, portal)
				mustCall(t, client)
				portal.good = test.expired
				_, err := client.Accounts(t.Context(), nil)
				for _, want := range test.want {
					if !errors.Is(err, want) {
						t.Errorf("%v is not %v", err, want)
					}
				}
				portal.wantLogins(t, "after the call", 2)
				if !client.Session().LoggedIn {
					t.Error("the new session is thought bad because of one endpoint")
				}
			})
		})
	}
}

func TestRedirectsWithinThePortal(t *testing.T) {
	tests := []struct {
		name, base string
		hops       []string
	}{
		{"trailing slash", testURL, []string{"/api/accounts/"}},
		{"three", testURL, []string{"/api/a", "/api/b", "https://PORTAL.example.com:443/api/c?x=1"}},
		{"http to https", "http://portal.example.com/api", []string{"https://portal.example.com/api/accounts"}},
		{"user name is dropped", testURL, []string{"https://me:secret@portal.example.com/api/accounts"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls, logins := 0, 0
			client, err := New(test.base, goodCredentials, WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
				if isLogin(req) {
					logins++
					return acceptLogin(req, "s"), nil
				}
				if cookie, err := req.Cookie("rack.session"); err != nil || cookie.Value != "s" {
					t.Errorf("%s without the session's cookie", req.URL)
				}
				if req.URL.User != nil || req.URL.Host != req.Host {
					t.Errorf("asked %s of host %s", req.URL, req.Host)
				}
				calls++
				if calls <= len(test.hops) {
					return reply(req, 307, "", "Location", test.hops[calls-1]), nil
				}
				return reply(req, 200, `[{"id":1}]`), nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Accounts(t.Context(), nil)
			if err != nil || len(answer.Value) != 1 || logins != 1 {
				t.Errorf("%v, %v, %d logins", answer, err, logins)
			}
		})
	}
}

func TestOneLoginForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.latency, portal.loginFor = time.Second, 3*time.Second
		client := newTestClient(t, portal, WithConcurrency(100), WithRate(1e6, 1e6))
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
			if _, err := client.Accounts(impatient, nil); !errors.Is(err, context.DeadlineExceeded) {
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

// TestLoginThatFails: tried again once at once, then with pauses of up to a minute,
// in which calls fail at once with the reason; a portal that is back is found in
// one pause.
func TestLoginThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = func(r *http.Request) *http.Response { return reply(r, 500, `{"error":"sorry"}`) }
		client := newTestClient(t, portal)
		client.session.jitter = func(most time.Duration) time.Duration { return most }
		var tried []time.Duration
		for range 600 {
			before := portal.loginCount()
			_, err := client.Accounts(t.Context(), nil)
			if text := fmt.Sprint(err); text != "POST /api/authenticate: 500 Internal Server Error: sorry" {
				t.Fatalf("after %v: %v", time.Since(midnight2000), err)
			}
			if portal.loginCount() > before {
				tried = append(tried, time.Since(midnight2000)/time.Second)
			}
			time.Sleep(time.Second)
		}
		want := []time.Duration{0, 1, 2, 4, 8, 16, 32, 64, 124, 184, 244, 304, 364, 424, 484, 544}
		if diff := cmp.Diff(want, tried); diff != "" {
			t.Errorf("logins tried at second: %s", diff)
		}
		status := client.Session()
		if status.LoggedIn || status.Suspended || !strings.Contains(status.LastError, "sorry") {
			t.Errorf("%+v", status)
		}
		portal.mu.Lock()
		portal.login = nil
		portal.mu.Unlock()
		time.Sleep(time.Minute)
		mustCall(t, client)
		if status := client.Session(); !status.LoggedIn || status.LastError != "" {
			t.Errorf("healed: %+v", status)
		}
		portal.login = func(r *http.Request) *http.Response { return reply(r, 503, "") }
		portal.session = ""
		if _, err := client.Accounts(t.Context(), nil); err == nil {
			t.Error("no error")
		}
		portal.login = nil
		mustCall(t, client) // a first failure is tried again at once
	})
}

// TestLoginAnswers: what is no accepted login, and how often each is tried at once.
func TestLoginAnswers(t *testing.T) {
	tests := []struct {
		name     string
		answer   func(*http.Request) (*http.Response, error)
		want     error
		text     string
		rejected bool
	}{
		{"401, recorded", func(r *http.Request) (*http.Response, error) {
			return reply(r, 401, `{"error":"401 Unauthorized"}`, "Set-Cookie", "rack.session=x; path=/api"), nil
		}, ErrLoginRejected, "POST /api/authenticate: 401 Unauthorized: 401 Unauthorized: login rejected", true},
		{"401 in XML", func(r *http.Request) (*http.Response, error) {
			return reply(r, 401, `<error>Skyscape Proxy 401.</error>`, "Content-Type", "application/xml"), nil
		}, ErrLoginRejected, "POST /api/authenticate: 401 Unauthorized: login rejected", true},
		{"401 whose body breaks", func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 401, "")
			resp.Body = brokenBody{}
			return resp, nil
		}, ErrLoginRejected, "POST /api/authenticate: 401 Unauthorized: login rejected", true},
		{"403", func(r *http.Request) (*http.Response, error) {
			return reply(r, 403, `{"error":"No permitted account found"}`), nil
		},
			ErrLoginRejected, "403 Forbidden", true},
		{"an error under a good status", func(r *http.Request) (*http.Response, error) { return reply(r, 200, `{"error":"Wrong password"}`), nil },
			ErrLoginRejected, "200 OK: Wrong password: login rejected", true},
		{"400", func(r *http.Request) (*http.Response, error) {
			return reply(r, 400, `{"error":"email is missing"}`), nil
		}, nil, "400 Bad Request: email is missing", false},
		{"404", func(r *http.Request) (*http.Response, error) { return reply(r, 404, ``), nil }, nil, "404 Not Found", false},
		{"a redirect", func(r *http.Request) (*http.Response, error) {
			return reply(r, 302, "", "Location", "/api/authenticate"), nil
		}, ErrRedirectRefused, "302 Found: redirect refused", false},
		{"an HTML page", func(r *http.Request) (*http.Response, error) { return html(r, "Content-Type", "text/html"), nil }, ErrNotJSON, "not the JSON asked", false},
		{"no object", func(r *http.Request) (*http.Response, error) { return reply(r, 201, `900`), nil }, ErrNotJSON, "not the JSON asked", false},
		{"cut", func(r *http.Request) (*http.Response, error) { return reply(r, 201, `{"expire_after":9`), nil }, ErrTruncated, "cut short", false},
		{"no answer", func(r *http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }, nil, "POST /api/authenticate: connection reset", false},
		{"a panic", func(*http.Request) (*http.Response, error) { panic("oh no") }, nil, "POST /api/authenticate: panic: oh no", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				logins := 0
				client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if !isLogin(req) {
						t.Errorf("%s without a session", req.URL)
					}
					logins++
					return test.answer(req)
				}))
				err := client.Login(t.Context())
				if test.want != nil && !errors.Is(err, test.want) || !strings.Contains(fmt.Sprint(err), test.text) {
					t.Errorf("got %v", err)
				}
				if logins != 1 {
					t.Errorf("%d requests: a login is never tried again by itself", logins)
				}
				for _, target := range []error{ErrUnauthorized, ErrForbidden, ErrNotFound} {
					if errors.Is(err, target) {
						t.Errorf("the login's %v would be taken for the endpoint's", target)
					}
				}
				if got := client.Session().Suspended; got != test.rejected {
					t.Errorf("suspended: %v", got)
				}
			})
		})
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("broken") }
func (brokenBody) Close() error             { return nil }

func TestLoginRequest(t *testing.T) {
	var body, contentType, accept, method, uri string
	client, err := New("https://portal.example.com/some%2Fwhere/api//", func() (Credentials, error) {
		return Credentials{Email: `a"b@example.com`, Password: NewSecret("pä\"\\ss\n<&>")}, nil
	}, WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		buffer := make([]byte, 1000)
		n, _ := req.Body.Read(buffer)
		body, contentType, accept = string(buffer[:n]), req.Header.Get("Content-Type"), req.Header.Get("Accept")
		method, uri = req.Method, req.URL.RequestURI()
		return acceptLogin(req, "s"), nil
	})), WithUserAgent("me/1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := `{"email":"a\"b@example.com","password":"pä\"\\ss\n<&>"}`; body != want {
		t.Errorf("sent %s, want %s", body, want)
	}
	if method != "POST" || uri != "/some%2Fwhere/api/authenticate" || contentType != "application/json" || accept != "application/json" {
		t.Errorf("%s %s, Content-Type %s, Accept %s", method, uri, contentType, accept)
	}
}

// TestCredentialSource: asked at every login, its errors and panics are a failed
// login.
func TestCredentialSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		source := func() (Credentials, error) { return Credentials{}, errors.New("read password: no such file") }
		client, err := New(testURL, func() (Credentials, error) { return source() }, WithTransport(portal))
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); err == nil || err.Error() != "POST /api/authenticate: get credentials: read password: no such file" {
			t.Errorf("got %v", err)
		}
		source = func() (Credentials, error) { panic("source") }
		if err := client.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "panic: source") {
			t.Errorf("got %v", err)
		}
		source = func() (Credentials, error) { return Credentials{Password: NewSecret("bad \xff")}, nil }
		time.Sleep(time.Minute)
		if err := client.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("got %v", err)
		}
		portal.wantLogins(t, "without credentials", 0)
		source = goodCredentials
		time.Sleep(time.Minute)
		mustCall(t, client)
	})
}

func TestStartJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		client := newTestClient(t, portal, WithStartJitter(30*time.Second))
		client.session.jitter = func(most time.Duration) time.Duration { return most / 2 }
		mustCall(t, client)
		if took := time.Since(midnight2000); took != 15*time.Second {
			t.Errorf("first login after %v", took)
		}
		portal.end()
		mustCall(t, client)
		if took := time.Since(midnight2000); took != 15*time.Second {
			t.Errorf("second login after %v", took)
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
		_, _ = client.Accounts(t.Context(), nil)
		if status := client.Session(); status != want {
			t.Errorf("a failure without cookies has moved the expiry: %+v", status)
		}
		portal.good = func(r *http.Request) *http.Response { return reply(r, 404, "", "Set-Cookie", "a=b") }
		_, _ = client.Accounts(t.Context(), nil)
		want.Expiry = time.Now().Add(15 * time.Minute)
		if status := client.Session(); status != want {
			t.Errorf("fresh cookies have not moved the expiry: %+v", status)
		}
		time.Sleep(15 * time.Minute)
		if status := client.Session(); status != (SessionStatus{}) {
			t.Errorf("after the end: %+v", status)
		}
	})
}

// TestCookies: what a cookie's attributes do, on a host whose clock is right and on
// one that is a day off.
func TestCookies(t *testing.T) {
	tests := []struct {
		name, base string
		cookie     string // %s is the portal's time in ten minutes
		after      time.Duration
		want       bool // sent
	}{
		{"no lifetime", testURL, "x=1", 13 * time.Minute, true},
		{"Expires to come", testURL, "x=1; expires=%s", 9 * time.Minute, true},
		{"Expires in the recorded form", testURL, "x=1; expires=Sun, 02-Jan-2028 00:00:00 GMT", 0, true},
		{"Expires over", testURL, "x=1; expires=%s", 10 * time.Minute, false},
		{"Max-Age", testURL, "x=1; max-age=600", 9 * time.Minute, true},
		{"Max-Age over", testURL, "x=1; max-age=600", 10 * time.Minute, false},
		{"Max-Age before Expires", testURL, "x=1; max-age=600; expires=Thu, 01 Jan 1970 00:00:00 GMT", 9 * time.Minute, true},
		{"deleted by Max-Age", testURL, "x=1; max-age=0", 0, false},
		{"deleted by Expires", testURL, "x=1; expires=Thu, 01 Jan 1970 00:00:00 GMT", 0, false},
		{"Expires that is none", testURL, "x=1; expires=tomorrow", 13 * time.Minute, true},
		{"Secure over https", testURL, "x=1; secure", 0, true},
		{"Secure over http, as configured", "http://portal.example.com/api", "x=1; secure", 0, true},
		{"for a domain", testURL, "x=1; domain=.example.com", 0, true},
		{"for another domain", testURL, "x=1; domain=example.net", 0, true},
		{"for the API", testURL, "x=1; path=/api", 0, true},
		{"for another path", testURL, "x=1; path=/admin", 0, false},
	}
	for _, test := range tests {
		for _, skew := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour} {
			t.Run(fmt.Sprintf("%s, clock off by %v", test.name, skew), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cookie := test.cookie
					date := time.Now().Add(skew).UTC()
					if strings.Contains(cookie, "%s") {
						cookie = fmt.Sprintf(cookie, date.Add(10*time.Minute).Format(http.TimeFormat))
					}
					var sent []string
					client, err := New(test.base, goodCredentials, WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
						if isLogin(req) {
							return reply(req, 201, `{}`, "Date", date.Format(http.TimeFormat), "Set-Cookie", "x=old", "Set-Cookie", cookie, "Set-Cookie", "y=2"), nil
						}
						sent = nil
						for _, cookie := range req.Cookies() {
							sent = append(sent, cookie.String())
						}
						return reply(req, 200, `[]`), nil
					})))
					if err != nil {
						t.Fatal(err)
					}
					mustCall(t, client)
					time.Sleep(test.after)
					mustCall(t, client)
					want := []string{"y=2"}
					if test.want {
						want = []string{"x=1", "y=2"}
					}
					if test.name == "for another path" {
						want = []string{"x=old", "y=2"}
					}
					slices.Sort(sent)
					if diff := cmp.Diff(want, sent); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
}

// TestCookiesAreKeptUpToDate: answers may change, add and delete cookies; a portal
// that deletes them all has ended the session.
func TestCookiesAreKeptUpToDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.extra = "visitor=1; path=/api"
		set := []string{}
		var sent string
		portal.good = func(r *http.Request) *http.Response {
			sent = r.Header.Get("Cookie")
			header := []string{}
			for _, cookie := range set {
				header = append(header, "Set-Cookie", cookie)
			}
			return reply(r, 304, "", header...)
		}
		client := newTestClient(t, portal)
		call := func() string {
			_, err := client.Accounts(t.Context(), &Answer[[]Account]{ETag: `"e"`})
			if err != nil {
				t.Error(err)
			}
			cookies := strings.Split(sent, "; ")
			slices.Sort(cookies)
			return strings.Join(cookies, "; ")
		}
		if got := call(); got != "_portal_session=session-1-2; rack.session=session-1; visitor=1" {
			t.Errorf("sent %s", got)
		}
		set = []string{"visitor=2; path=/api", "more=3; path=/api", "_portal_session=; path=/api; max-age=0"}
		call()
		set = nil
		if got := call(); got != "more=3; rack.session=session-1; visitor=2" {
			t.Errorf("sent %s", got)
		}
		set = []string{"visitor=; max-age=0; path=/api", "more=; max-age=0; path=/api", "rack.session=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/api"}
		call()
		portal.wantLogins(t, "before", 1)
		set = nil
		call()
		portal.wantLogins(t, "all cookies deleted", 2)
	})
}
