package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLoginThatIsPutOff: tried again once at once, then with pauses of up to a minute,
// in which calls fail at once; a portal that is back is found in one pause.
func TestLoginThatIsPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = func(r *http.Request) *http.Response { return reply(r, 503, `{"error":"sorry"}`, "Retry-After", "0") }
		client := newTestClient(t, portal)
		client.session.jitter = func(most time.Duration) time.Duration { return most }
		var tried []time.Duration
		for range 600 {
			before := portal.loginCount()
			_, err := client.Conditional().Accounts(t.Context(), nil)
			if text := fmt.Sprint(err); text != "GET /api/accounts: no portal session: the last login failed" {
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
		if status.LoggedIn || status.Suspended || status.LastError != "POST /api/authenticate: 503 Service Unavailable" {
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
		portal.login = func(r *http.Request) *http.Response { return reply(r, 503, "", "Retry-After", "0") }
		portal.session = ""
		if _, err := client.Conditional().Accounts(t.Context(), nil); err == nil {
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
		}, ErrLoginRejected, "POST /api/authenticate: 401 Unauthorized: login rejected", true},
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
			ErrLoginRejected, "POST /api/authenticate: login rejected: the answer is an error", true},
		{"400", func(r *http.Request) (*http.Response, error) {
			return reply(r, 400, `{"error":"email is missing"}`), nil
		}, ErrLoginRejected, "400 Bad Request: login rejected", true},
		{"404", func(r *http.Request) (*http.Response, error) { return reply(r, 404, ``), nil }, nil, "404 Not Found", false},
		{"a redirect", func(r *http.Request) (*http.Response, error) {
			return reply(r, 302, "", "Location", "/api/authenticate"), nil
		}, ErrRedirectRefused, "302 Found: redirect refused", false},
		{"an HTML page", func(r *http.Request) (*http.Response, error) { return htmlPage(r, "Content-Type", "text/html"), nil }, ErrNotJSON, "not the JSON asked", false},
		{"no object", func(r *http.Request) (*http.Response, error) { return reply(r, 201, `900`), nil }, ErrNotJSON, "not the JSON asked", false},
		{"cut", func(r *http.Request) (*http.Response, error) { return reply(r, 201, `{"expire_after":9`), nil }, ErrTruncated, "cut short", false},
		{"no answer", func(r *http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }, nil, "POST /api/authenticate: connection reset", true},
		{"a panic", func(*http.Request) (*http.Response, error) { panic("oh no") }, nil, "POST /api/authenticate: panic: oh no", true},
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

func (brokenBody) Close() error { return nil }

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
	client.session.guard.Rounds = 1
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
		client.session.guard.Rounds = 1
		if err := client.Login(t.Context()); err == nil || err.Error() != "POST /api/authenticate: get credentials: read password: no such file" {
			t.Errorf("got %v", err)
		}
		source = func() (Credentials, error) { panic("source") }
		if err := client.Login(t.Context()); err == nil || !strings.Contains(err.Error(), "panic: source") {
			t.Errorf("got %v", err)
		}
		source = func() (Credentials, error) { return Credentials{Password: NewSecret("bad \xff")}, nil }
		time.Sleep(time.Minute)
		if err := client.Login(t.Context()); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("got %v", err)
		}
		portal.wantLogins(t, "without credentials", 0)
		source = goodCredentials
		time.Sleep(time.Minute)
		mustCall(t, client)
	})
}

// TestNextLoginInTheLog: a failed login says when the next one is tried; one without
// credentials has none to tell of.
func TestNextLoginInTheLog(t *testing.T) {
	const (
		due    = `next="the login is tried again with the next refresh that is due"`
		paused = `next="the next login is tried after 2000-01-01T01:00:00Z, or when the credentials or the configuration change"`
		never  = `next="no login is tried until the credentials or the configuration change"`
	)
	putOff := func(r *http.Request) *http.Response { return reply(r, 503, "", "Retry-After", "0") }
	good := Credentials{Email: testEmail, Password: NewSecret(testPassword)}
	tests := []struct {
		name        string
		credentials Credentials
		err         error // of the source
		answer      func(*http.Request) *http.Response
		limit       int
		want        string // "" for no word of it
	}{
		{"the portal says come again", good, nil, putOff, 2, due},
		{"rejected", good, nil, rejectLogin, 2, paused},
		{"rejected as often as may be", good, nil, rejectLogin, 1, never},
		{"no credentials", Credentials{}, errors.New("no such file"), putOff, 2, ""},
		{"no email", Credentials{Password: NewSecret(testPassword)}, nil, putOff, 2, due},
		{"no password", Credentials{Email: testEmail}, nil, putOff, 2, due},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal := newGate()
				portal.login = test.answer
				var log bytes.Buffer
				client, err := New(testURL, func() (Credentials, error) { return test.credentials, test.err },
					WithTransport(portal), WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithRejectedLoginsLimit(test.limit))
				if err != nil {
					t.Fatal(err)
				}
				client.session.guard.Rounds = 1
				_, _ = client.Accounts(t.Context())
				if text := log.String(); strings.Count(text, `msg="Portal login failed"`) != 1 || !strings.Contains(text, test.want) || strings.Contains(text, "next=") != (test.want != "") {
					t.Errorf("said\n%s\nwant %s", text, test.want)
				}
			})
		})
	}
}

// TestSuspendedFromTheStart: a process that begins while logins are suspended says so
// once.
func TestSuspendedFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal, dir := newGate(), t.TempDir()
		portal.login = rejectLogin
		_ = startWith(t, portal, NewLoginGuard(dir), testPassword)
		var log bytes.Buffer
		client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		for range 3 {
			time.Sleep(time.Minute)
			_, _ = client.Accounts(t.Context())
		}
		portal.wantLogins(t, "while suspended", 1)
		if n := strings.Count(log.String(), `level=ERROR msg="Portal login failed"`); n != 1 {
			t.Errorf("said %d times:\n%s", n, &log)
		}
	})
}

// TestOutcomeInTheLog: an outcome or a pause that cannot be written down is told, and
// only then.
func TestOutcomeInTheLog(t *testing.T) {
	const outcome, pause = "The outcome of a portal login cannot be recorded", "A pause of portal logins cannot be recorded"
	for _, broken := range []bool{false, true} {
		t.Run(fmt.Sprintf("broken %v", broken), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal, dir := newGate(), t.TempDir()
				portal.login = func(r *http.Request) *http.Response {
					if broken { // a directory in the file's place
						path := filepath.Join(dir, "logins.json")
						if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
							t.Error(err)
						}
					}
					portal.session = "s"
					return acceptLogin(r, "s")
				}
				var log bytes.Buffer
				client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				if err := client.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				endSession(client)
				endSession(client)
				client.session.tellGuard()
				for _, text := range []string{outcome, pause} {
					if strings.Contains(log.String(), text) != broken {
						t.Errorf("%q: said %v\n%s", text, !broken, &log)
					}
				}
			})
		})
	}
}

// TestFailedLoginsInTheLog: an error that goes on is told once, but each login that may
// bring the lock nearer is; what the caller is told of itself is not told again.
func TestFailedLoginsInTheLog(t *testing.T) {
	putOff := func(r *http.Request) *http.Response { return reply(r, 503, "", "Retry-After", "0") }
	answers := 0
	another := func(r *http.Request) *http.Response { // from the second on
		answers++
		return reply(r, []int{503, 429}[min(answers, 2)-1], "", "Retry-After", "0")
	}
	call := func(client *Client) { _, _ = client.Accounts(context.Background()) }
	login := func(client *Client) { _ = client.Login(context.Background()) }
	tests := []struct {
		name   string
		source string
		answer func(*http.Request) *http.Response
		do     func(*Client)
		waits  []time.Duration // before each further call
		want   string          // levels
	}{
		{"the portal says come again", "", putOff, call, []time.Duration{time.Minute, time.Minute}, "ERROR DEBUG DEBUG"},
		{"the portal says so in another way", "", another, call, []time.Duration{time.Minute, time.Minute}, "ERROR ERROR DEBUG"},
		{"rejected, suspended, rejected", "portal.password_file", rejectLogin, call, []time.Duration{time.Minute, time.Hour}, "ERROR DEBUG ERROR"},
		{"by Login", "", rejectLogin, login, []time.Duration{time.Minute, time.Hour}, "DEBUG DEBUG DEBUG"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal := newGate()
				portal.login = test.answer
				var log bytes.Buffer
				client, err := New(testURL, func() (Credentials, error) {
					return Credentials{Email: testEmail, Password: NewSecret(testPassword), Source: test.source}, nil
				}, WithTransport(portal), WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
				if err != nil {
					t.Fatal(err)
				}
				client.session.guard.Rounds = 1
				test.do(client)
				for _, wait := range test.waits {
					time.Sleep(wait)
					test.do(client)
				}
				synctest.Wait()
				var levels []string
				for line := range strings.Lines(log.String()) {
					if !strings.Contains(line, `msg="Portal login failed"`) {
						continue
					}
					_, level, _ := strings.Cut(line, "level=")
					level, _, _ = strings.Cut(level, " ")
					levels = append(levels, level)
					if !strings.Contains(line, "email="+testEmail) {
						t.Errorf("whose login it was: %s", line)
					}
					if source := strings.Contains(line, "password_from=portal.password_file"); source != (test.source != "") || strings.Contains(line, `password_from=""`) {
						t.Errorf("the source of the password: %s", line)
					}
				}
				if got := strings.Join(levels, " "); got != test.want {
					t.Errorf("told at %s, want %s\n%s", got, test.want, &log)
				}
			})
		})
	}
}
