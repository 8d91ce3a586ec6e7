package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func rejectLogin(r *http.Request) *http.Response {
	return reply(r, 401, `{"error":"401 Unauthorized"}`)
}

// TestRejectedLogins follows one wrong password for a week.
func TestRejectedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		client := newTestClient(t, portal)
		call := func(when string, want error, logins int) {
			t.Helper()
			if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, want) || !errors.Is(err, ErrNoSession) {
				t.Errorf("%s: %v, want %v", when, err, want)
			}
			portal.wantLogins(t, when, logins)
		}
		call("first", ErrLoginRejected, 1)
		if s := client.Session(); !s.Suspended || !s.SuspendedUntil.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("%+v", s)
		}
		call("at once", ErrLoginSuspended, 1)
		time.Sleep(time.Hour - time.Second)
		call("a second before the hour", ErrLoginSuspended, 1)
		time.Sleep(time.Second)
		if s := client.Session(); s.Suspended {
			t.Errorf("after the hour: %+v", s)
		}
		call("after an hour", ErrLoginRejected, 2)
		if s := client.Session(); !s.Suspended || !s.SuspendedUntil.IsZero() || !strings.Contains(s.LastError, "login rejected") {
			t.Errorf("%+v", s)
		}
		for range 7 {
			time.Sleep(24 * time.Hour)
			call("days later", ErrLoginSuspended, 2)
		}
		portal.mu.Lock()
		portal.login = nil
		portal.mu.Unlock()
		call("the portal would accept, but nothing changed here", ErrLoginSuspended, 2)
	})
}

// startWith makes a client with a password and logs in.
func startWith(t *testing.T, transport http.RoundTripper, guard *LoginGuard, password string, options ...Option) error {
	t.Helper()
	guard.guard.Rounds = 1
	client, err := New(testURL, func() (Credentials, error) {
		return Credentials{Email: testEmail, Password: NewSecret(password)}, nil
	}, append([]Option{WithTransport(transport), WithLoginGuard(guard)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client.Login(t.Context())
}

// TestRejectionsOutliveTheClient: a restart does not give new tries; other
// credentials or another config do, and what was wrong stays wrong.
func TestRejectionsOutliveTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		dir := t.TempDir()
		steps := []struct {
			name, password, digest string
			wait                   time.Duration
			limit                  int
			want                   error
			logins                 int
		}{
			{"first", "a", "1", 0, 2, ErrLoginRejected, 1},
			{"restart", "a", "1", 0, 2, ErrLoginSuspended, 1},
			{"after an hour", "a", "1", time.Hour, 2, ErrLoginRejected, 2},
			{"restart", "a", "1", 0, 2, ErrLoginSuspended, 2},
			{"restart a month later", "a", "1", 30 * 24 * time.Hour, 2, ErrLoginSuspended, 2},
			{"new password", "b", "1", 0, 2, ErrLoginRejected, 3},
			{"the old one", "a", "1", 0, 2, ErrLoginSuspended, 3},
			{"the new one", "b", "1", 0, 2, ErrLoginSuspended, 3},
			{"new config", "b", "2", 0, 2, ErrLoginRejected, 4},
			{"restart with it", "b", "2", 0, 2, ErrLoginSuspended, 4},
			{"after an hour, with a limit of one", "b", "2", time.Hour, 1, ErrLoginSuspended, 4},
		}
		for _, step := range steps {
			time.Sleep(step.wait)
			err := startWith(t, portal, NewLoginGuard(dir), step.password, WithConfigDigest([]byte(step.digest)), WithRejectedLoginsLimit(step.limit))
			if !errors.Is(err, step.want) {
				t.Errorf("%s: %v, want %v", step.name, err, step.want)
			}
			portal.wantLogins(t, step.name, step.logins)
		}
		portal.login = nil
		for range 2 {
			if err := startWith(t, portal, NewLoginGuard(dir), "c"); err != nil {
				t.Error(err)
			}
		}
		if err := startWith(t, portal, NewLoginGuard(dir), "a", WithConfigDigest([]byte("1")), WithForcedLogin()); err != nil {
			t.Errorf("forced: %v", err)
		}
		if err := startWith(t, portal, NewLoginGuard(dir), "a", WithConfigDigest([]byte("1"))); err != nil {
			t.Errorf("after a forced one was accepted: %v", err)
		}
	})
}

// TestPasswordThatFlips between two wrong values, as a file that two programs write,
// costs two logins for each.
func TestPasswordThatFlips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		flips := 0
		client, err := New(testURL, func() (Credentials, error) {
			flips++
			return Credentials{Email: testEmail, Password: NewSecret([]string{"a", "b"}[flips%2])}, nil
		}, WithTransport(portal))
		if err != nil {
			t.Fatal(err)
		}
		client.session.guard.Rounds = 1
		for range 50 {
			_, _ = client.Conditional().Accounts(t.Context(), nil)
			time.Sleep(10 * time.Minute)
		}
		portal.wantLogins(t, "fifty calls", 4)
	})
}

// TestWhatCannotBeRecorded is not tried, and is said once.
func TestWhatCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		dir := t.TempDir()
		path := filepath.Join(dir, "logins.json")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		for range 10 {
			if _, err := client.Conditional().Accounts(t.Context(), nil); err == nil {
				t.Fatal("no error")
			}
			time.Sleep(3 * time.Hour)
		}
		portal.wantLogins(t, "thirty hours", 0)
		if n := strings.Count(log.String(), "cannot be recorded, so it is not tried"); n != 1 || !strings.Contains(log.String(), path) {
			t.Errorf("said %d times: %s", n, log.String())
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		mustCall(t, client)
	})
}

// TestSuspensionEndsWithTheCredentials, even before a login with new ones succeeds.
func TestSuspensionEndsWithTheCredentials(t *testing.T) {
	portal := newGate()
	portal.login = rejectLogin
	password := "old"
	client, err := New(testURL, func() (Credentials, error) {
		return Credentials{Email: testEmail, Password: NewSecret(password)}, nil
	}, WithTransport(portal))
	if err != nil {
		t.Fatal(err)
	}
	client.session.guard.Rounds = 1
	_ = client.Login(t.Context())
	if !client.Session().Suspended {
		t.Fatal("not suspended")
	}
	password = "new"
	portal.login = func(r *http.Request) *http.Response { return reply(r, 500, "") }
	_ = client.Login(t.Context())
	if client.Session().Suspended {
		t.Error("still suspended")
	}
	portal.wantLogins(t, "in the end", 2)
}

// TestLoginTries counts the logins that reach a portal which answers all of them
// alike, over two minutes and over two days of calls.
func TestLoginTries(t *testing.T) {
	status := func(code int, header ...string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) { return reply(r, code, `{"error":"no"}`, header...), nil }
	}
	late := func(r *http.Request) (*http.Response, error) {
		if err := sleep(r.Context(), 3*time.Minute); err != nil {
			return nil, err
		}
		return rejectLogin(r), nil
	}
	tests := []struct {
		name      string
		answer    func(*http.Request) (*http.Response, error)
		soon      int // logins within two minutes
		mostLater int // within two days
		suspended bool
	}{
		{"401", status(401), 1, 2, true},
		{"403", status(403), 1, 2, true},
		{"400", status(400), 1, 2, true},
		{"422", status(422), 1, 2, true},
		{"423", status(423), 1, 2, true},
		{"an error under 200", status(200), 1, 2, true},
		{"no answer", func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }, 1, 2, true},
		{"401 after the timeout", late, 1, 2, true},
		{"a panic", func(*http.Request) (*http.Response, error) { panic("oh no") }, 1, 2, true},
		{"a body that breaks", func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 201, "")
			resp.Body = brokenBody{}
			return resp, nil
		}, 2, 52, false},
		{"500", status(500), 2, 52, false},
		{"503 without Retry-After", status(503), 2, 52, false},
		{"404", status(404), 2, 52, false},
		{"206", status(206), 2, 52, false},
		{"204", status(204), 2, 52, false},
		{"a redirect", status(302, "Location", "/login"), 2, 52, false},
		{"an HTML page", func(r *http.Request) (*http.Response, error) { return htmlPage(r, "Content-Type", "text/html"), nil }, 2, 52, false},
		{"no object", func(r *http.Request) (*http.Response, error) { return reply(r, 200, `900`), nil }, 2, 52, false},
		{"503 with Retry-After", status(503, "Retry-After", "50"), 3, 60 * 48, false},
		{"429 with Retry-After of a day", status(429, "Retry-After", "86400"), 1, 49, false},
		{"429 without Retry-After", status(429), 2, 52, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var tried atomic.Int64
				transport := roundTripper(func(r *http.Request) (*http.Response, error) {
					if !isLogin(r) {
						t.Errorf("%s without a session", r.URL)
					}
					tried.Add(1)
					return test.answer(r)
				})
				client := newTestClient(t, transport)
				client.session.jitter = func(most time.Duration) time.Duration { return most }
				start := time.Now()
				for time.Since(start) < 2*time.Minute {
					_ = client.Login(t.Context())
					time.Sleep(time.Second)
				}
				synctest.Wait()
				if logins := int(tried.Load()); logins != test.soon {
					t.Errorf("%d logins within two minutes, want %d", logins, test.soon)
				}
				for time.Since(start) < 48*time.Hour {
					_ = client.Login(t.Context())
					time.Sleep(time.Minute)
				}
				synctest.Wait()
				if logins := int(tried.Load()); logins > test.mostLater || logins < test.mostLater/2 {
					t.Errorf("%d logins within two days, want %d at most", logins, test.mostLater)
				}
				if got := client.Session().Suspended; got != test.suspended {
					t.Errorf("suspended: %v", got)
				}
			})
		})
	}
}

// TestNothingWasSent: a portal that cannot be reached costs no try, as net/http tells
// it, whatever the reason.
func TestNothingWasSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	hangUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hangUp.Close() }()
	go func() {
		for {
			conn, err := hangUp.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 1)
			_, _ = conn.Read(buffer)
			_ = conn.Close()
		}
	}()
	tests := []struct {
		name, url string
		counts    bool
	}{
		{"refused", "http://" + refusing + "/api", false},
		{"no such name", "http://portal.invalid/api", false},
		{"no TLS", "https://" + hangUp.Addr().String() + "/api", false},
		{"hung up after it was sent", "http://" + hangUp.Addr().String() + "/api", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, err := New(test.url, goodCredentials, WithTransport(&http.Transport{DisableKeepAlives: true}), WithTimeout(10*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			client.session.guard.Rounds = 1
			if err := client.Login(t.Context()); err == nil {
				t.Fatal("no error")
			}
			if got := client.Session().Suspended; got != test.counts {
				t.Errorf("counted: %v", got)
			}
		})
	}
}

// TestClose waits for a login that the portal has seen, and no longer than it may.
func TestClose(t *testing.T) {
	tests := []struct {
		name    string
		answer  time.Duration // of the portal
		takes   time.Duration
		outcome string
	}{
		{"in time", 4 * time.Second, 4 * time.Second, "the portal rejected 1 login"},
		{"too late", time.Minute, 20 * time.Second, "of 1 login with them no answer was seen"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				portal := newGate()
				portal.login, portal.loginFor = rejectLogin, test.answer
				dir := t.TempDir()
				client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)))
				var group sync.WaitGroup
				group.Go(func() { _, _ = client.Conditional().Accounts(t.Context(), nil) })
				synctest.Wait()
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				client.Close(ctx)
				if took := time.Since(start); took != test.takes {
					t.Errorf("took %v", took)
				}
				group.Wait()
				if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, errClosed) {
					t.Errorf("afterwards: %v", err)
				}
				portal.wantLogins(t, "in the end", 1)
				err := startWith(t, portal, NewLoginGuard(dir), testPassword)
				if !errors.Is(err, ErrLoginSuspended) || !strings.Contains(fmt.Sprint(err), test.outcome) {
					t.Errorf("the next process: %v", err)
				}
			})
		})
	}
}

// TestRestartsDuringASlowRejection: a portal that says 401 after four seconds, and
// five restarts meanwhile, are one rejected login.
func TestRestartsDuringASlowRejection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login, portal.loginFor = rejectLogin, 4*time.Second
		dir := t.TempDir()
		for range 5 {
			client := newTestClient(t, portal, WithLoginGuard(NewLoginGuard(dir)))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, _ = client.Conditional().Accounts(ctx, nil)
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			client.Close(ctx)
			cancel()
		}
		portal.wantLogins(t, "five restarts", 1)
	})
}

// TestCloseDoesNotWaitForThePassword: a source that does not answer holds up neither
// Close nor, when it answers at last, the next login.
func TestCloseDoesNotWaitForThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		answer := make(chan struct{})
		asked := 0
		client, err := New(testURL, func() (Credentials, error) {
			asked++
			<-answer
			return goodCredentials()
		}, WithTransport(portal), WithTimeout(10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		client.session.guard.Rounds = 1
		for range 3 {
			if err := client.Login(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			time.Sleep(time.Minute)
		}
		var group sync.WaitGroup
		group.Go(func() { _ = client.Login(t.Context()) })
		synctest.Wait()
		start := time.Now()
		client.Close(t.Context())
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		close(answer)
		group.Wait()
		if asked != 1 {
			t.Errorf("asked %d times at once", asked)
		}
		portal.wantLogins(t, "in the end", 0)
	})
}
