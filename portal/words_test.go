package portal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// TestWords: errors say each thing once, in the program's own words, which a password
// that is part of them does not tear; nothing in them is obeyed by a terminal.
func TestWords(t *testing.T) {
	answer := func(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) { return reply(r, status, body, header...), nil }
	}
	tests := []struct {
		name, url, password string
		login               bool // what answers, the login or a call
		answer              func(*http.Request) (*http.Response, error)
		want                string
	}{
		{"status twice", testURL, testPassword, false, answer(500, `{"error":"500 Internal Server Error"}`), "GET /api/accounts: 500 Internal Server Error"},
		{"status twice, without its number", testURL, testPassword, false, answer(500, `{"error":"Internal Server Error","detail":"sorry"}`),
			"GET /api/accounts: 500 Internal Server Error: sorry"},
		{"another message", testURL, testPassword, false, answer(500, `{"error":"out of order"}`), "GET /api/accounts: 500 Internal Server Error: out of order"},
		{"password of one letter", testURL, "x", false, answer(500, `{"error":"the next x"}`), "GET /api/accounts: 500 Internal Server Error: the ne<secret>t <secret>"},
		{"password that is a word of ours", testURL, "JSON", false, answer(200, `<`), "GET /api/accounts: answer is not the JSON asked: invalid JSON at byte 0"},
		{"escapes", testURL, testPassword, false, answer(400, `{"error":"a\u001b[31mb\u009bc\u202ed"}`), "GET /api/accounts: 400 Bad Request: a [31mb cd"},
		{"escapes of a transport", testURL, testPassword, false, func(*http.Request) (*http.Response, error) { return nil, errors.New("malformed \x1b[2J\r\n") }, "GET /api/accounts: malformed  [2J  "},
		{"port of ours", testURL, testPassword, false, func(*http.Request) (*http.Response, error) {
			return nil, errors.New("read tcp 10.1.2.3:43210->10.0.0.1:443: connection reset by peer")
		}, "GET /api/accounts: read tcp 10.0.0.1:443: connection reset by peer"},
		{"login that is answered by the password", testURL, testPassword, true, answer(401, `{"error":"wrong: `+testPassword+`"}`, "X-Request-Id", testPassword), "POST /api/authenticate: 401 Unauthorized: login rejected"},
		{"login that is answered by anything", testURL, testPassword, true, answer(500, `{"error":"drow ssap"}`), "POST /api/authenticate: 500 Internal Server Error"},
		{"login without /api", "https://portal.example.com", testPassword, true, answer(404, ``),
			"POST /api/authenticate: 404 Not Found: the portal's URL does not end in /api, as the vendor's does: https://portal.skyscapecloud.com/api"},
		{"login with /api", testURL, testPassword, true, answer(404, ``), "POST /api/authenticate: 404 Not Found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // some are tried again
				client, err := New(test.url, func() (Credentials, error) {
					return Credentials{Email: testEmail, Password: NewSecret(test.password)}, nil
				}, WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
					if isLogin(r) && !test.login {
						return acceptLogin(r, "s-e-s-s-i-o-n"), nil
					}
					return test.answer(r)
				})))
				if err != nil {
					t.Fatal(err)
				}
				exactJitter(client)
				client.session.guard.Rounds = 1
				if test.login {
					err = client.Login(t.Context())
				} else {
					_, err = client.Accounts(t.Context())
				}
				if got := fmt.Sprint(err); got != test.want {
					t.Errorf("got  %q\nwant %q", got, test.want)
				}
			})
		})
	}
}

// FuzzRedact: no text panics, whatever the password, and the password is gone.
func FuzzRedact(f *testing.F) {
	f.Add("password", "the password is password")
	f.Add("\xff\\\"", `\\\"`)
	f.Add("a%2F", "a%252F")
	f.Add("🔑+ k", `\ud83d\udd11+%20k`)
	f.Fuzz(func(t *testing.T, password, text string) {
		r := newRedactor(nil)
		r.rememberCredentials(Credentials{Email: "me", Password: NewSecret(password)})
		got := r.redact(text)
		if password != "" && len(password) < 200 && strings.Contains(strings.ReplaceAll(got, hidden, ""), password) && !strings.Contains(hidden, password) && !strings.Contains(password, "<") && !strings.Contains(password, ">") {
			t.Errorf("%q became %q", text, got)
		}
	})
}
