package portal

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// html is a login page.
func htmlPage(req *http.Request, header ...string) *http.Response {
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
	{"an HTML page", func(r *http.Request) *http.Response { return htmlPage(r, "Content-Type", "text/html; charset=utf-8") }, []error{ErrSessionExpired}},
	{"an HTML page called text", func(r *http.Request) *http.Response { return htmlPage(r, "Content-Type", "text/plain") }, []error{ErrSessionExpired}},
	{"an HTML page called JSON", func(r *http.Request) *http.Response { return htmlPage(r) }, []error{ErrSessionExpired}},
	{"an HTML page called nothing", func(r *http.Request) *http.Response { return htmlPage(r, "Content-Type", "") }, []error{ErrSessionExpired}},
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
			return htmlPage(req, "Content-Type", "text/html")
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
		_, err := client.Conditional().Accounts(t.Context(), nil)
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
				_, err := client.Conditional().Accounts(t.Context(), nil)
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

// TestRedirectToNowhere is not followed to where it came from.
func TestRedirectToNowhere(t *testing.T) {
	portal := &served{serve: func(req *http.Request) *http.Response { return reply(req, 302, "") }}
	_, err := newTestClient(t, portal).Conditional().Accounts(t.Context(), nil)
	if logins, requests := portal.counts(); !errors.Is(err, ErrRedirectRefused) || logins != 2 || requests != 2 {
		t.Errorf("%v after %d logins and %d requests", err, logins, requests)
	}
}

// TestRedirectsAreBounded: three are followed, a fourth is not.
func TestRedirectsAreBounded(t *testing.T) {
	for hops, want := range map[int]error{3: nil, 4: ErrRedirectRefused} {
		portal := &served{serve: func(req *http.Request) *http.Response {
			_, digits, _ := strings.Cut(req.URL.Path, "/hop/")
			if n, _ := strconv.Atoi(digits); n < hops {
				return reply(req, 301, "", "Location", fmt.Sprintf("/api/hop/%d", n+1))
			}
			return reply(req, 200, `[]`)
		}}
		if _, err := newTestClient(t, portal).Conditional().Accounts(t.Context(), nil); !errors.Is(err, want) {
			t.Errorf("%d redirects: %v", hops, err)
		}
	}
}

// TestMayFollow: cookies go to the same host only, to the same port, and from http to
// https where both have their own.
func TestMayFollow(t *testing.T) {
	tests := []struct {
		from, to string
		want     bool
	}{
		{"https://p.example.com/a", "https://P.example.com:443/b", true},
		{"https://p.example.com/a", "https://p.example.com:8443/b", false},
		{"https://p.example.com/a", "http://p.example.com/b", false},
		{"https://p.example.com:80/a", "http://p.example.com:443/b", false},
		{"http://p.example.com/a", "https://p.example.com/b", true},
		{"http://p.example.com:8080/a", "https://p.example.com/b", false},
		{"http://p.example.com/a", "https://p.example.com:8443/b", false},
		{"http://p.example.com/a", "ftp://p.example.com:443/b", false},
		{"ftp://p.example.com/a", "https://p.example.com/b", false},
	}
	for _, test := range tests {
		from, to := mustParse(t, test.from), mustParse(t, test.to)
		if got := mayFollow(from, to); got != test.want {
			t.Errorf("%s to %s: %v", from, to, got)
		}
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestPageOfAnErrorStatus: HTML under a status that is none of success is an error page,
// and no login is tried for it.
func TestPageOfAnErrorStatus(t *testing.T) {
	for _, status := range []int{300, 404, 501} {
		portal := &served{serve: func(r *http.Request) *http.Response {
			return reply(r, status, "<html>no</html>", "Content-Type", "text/html")
		}}
		_, err := newTestClient(t, portal).Accounts(t.Context())
		if logins, requests := portal.counts(); err == nil || errors.Is(err, ErrSessionExpired) || logins != 1 || requests != 1 {
			t.Errorf("%d: %v after %d logins and %d requests", status, err, logins, requests)
		}
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
			client.session.guard.Rounds = 1
			answer, err := client.Conditional().Accounts(t.Context(), nil)
			if err != nil || len(answer.Value) != 1 || logins != 1 {
				t.Errorf("%v, %v, %d logins", answer, err, logins)
			}
		})
	}
}
