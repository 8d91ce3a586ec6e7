package portal

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCookies: what a cookie's attributes do, on a host whose clock is right and on
// one that is a day off.
func TestCookies(t *testing.T) {
	tests := []struct {
		name, base string
		cookie     string // SOON is the portal's time in ten minutes, NOW its time now
		after      time.Duration
		want       bool // sent
	}{
		{"no lifetime", testURL, "x=1", 13 * time.Minute, true},
		{"Expires to come", testURL, "x=1; expires=SOON", 9 * time.Minute, true},
		{"Expires in the recorded form", testURL, "x=1; expires=Sun, 02-Jan-2028 00:00:00 GMT", 0, true},
		{"Expires over", testURL, "x=1; expires=SOON", 10 * time.Minute, false},
		{"Max-Age", testURL, "x=1; max-age=600", 9 * time.Minute, true},
		{"Max-Age over", testURL, "x=1; max-age=600", 10 * time.Minute, false},
		{"Max-Age before Expires", testURL, "x=1; max-age=600; expires=Thu, 01 Jan 1970 00:00:00 GMT", 9 * time.Minute, true},
		{"deleted by Max-Age", testURL, "x=1; max-age=0", 0, false},
		{"deleted by Expires", testURL, "x=1; expires=Thu, 01 Jan 1970 00:00:00 GMT", 0, false},
		{"deleted by an Expires of this second", testURL, "x=1; expires=NOW", 0, false},
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
					cookie = strings.ReplaceAll(cookie, "SOON", date.Add(10*time.Minute).Format(http.TimeFormat))
					cookie = strings.ReplaceAll(cookie, "NOW", date.Format(http.TimeFormat))
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
					client.session.guard.Rounds = 1
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

// TestSanitise: how long a cookie of an answer lasts where the portal has told the
// length of the session, and where it has not.
func TestSanitise(t *testing.T) {
	tests := []struct {
		name, cookie string
		told         time.Duration
		want         int // Max-Age
	}{
		{"no lifetime", "x=1", 15 * time.Minute, 0},
		{"Max-Age", "x=1; max-age=5", 15 * time.Minute, 5},
		{"Max-Age of a year", "x=1; max-age=31536000", 0, 86400},
		{"Expires, told", "x=1; expires=Sat, 01 Jan 2000 00:00:10 GMT", 15 * time.Minute, 900},
		{"Expires over, told", "x=1; expires=Fri, 31 Dec 1999 23:00:00 GMT", 15 * time.Minute, 900},
		{"Expires, not told", "x=1; expires=Sat, 01 Jan 2000 00:00:10 GMT", 0, 10},
		{"Expires over, not told", "x=1; expires=Fri, 31 Dec 1999 23:00:00 GMT", 0, -1},
		{"Expires of 1970, told", "x=1; expires=Thu, 01 Jan 1970 00:00:01 GMT", 15 * time.Minute, -1},
		{"Expires of 1971, told", "x=1; expires=Fri, 01 Jan 1971 00:00:00 GMT", 15 * time.Minute, 900},
		{"empty, told", "x=; expires=Fri, 31 Dec 1999 23:00:00 GMT", 15 * time.Minute, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp := &http.Response{Header: http.Header{"Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}, "Set-Cookie": {test.cookie}}}
			s := &session{base: mustParse(t, testURL)}
			if got := s.sanitise(resp, test.told); len(got) != 1 || got[0].MaxAge != test.want {
				t.Errorf("%v, want a Max-Age of %d", got, test.want)
			}
		})
	}
}

func TestLifetime(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-1: -1, 0: -1, 1: 1, time.Second: 1, time.Second + 1: 2, 90 * time.Second: 90, 24 * time.Hour: 86400, 25 * time.Hour: 86400,
	} {
		if got := lifetime(d); got != want {
			t.Errorf("%v: %d, want %d", d, got, want)
		}
	}
}

// TestJarCountsBytes: cookies fill a jar up to its size, one that changes counts once,
// and what is deleted makes room.
func TestJarCountsBytes(t *testing.T) {
	const each = 1 << 10
	j, u := newJar(), mustParse(t, testURL)
	changes := 0 // each has a letter of its own
	set := func(name string, size, maxAge int) {
		changes++
		value := strings.Repeat(string(rune('A'+changes)), size-len(name)-len("=; "))
		j.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/api", MaxAge: maxAge}})
	}
	want := func(when string, names ...string) {
		t.Helper()
		var got []string
		for _, cookie := range j.Cookies(u) {
			got = append(got, cookie.Name+" "+cookie.Value[:1])
		}
		slices.Sort(got)
		if diff := cmp.Diff(names, got); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		set(name, each, 0)
	}
	set("f", each+1, 0)
	want("one byte too many", "a B", "b C", "c D", "d E", "e F")
	set("f", each, 0)
	want("full", "a B", "b C", "c D", "d E", "e F", "f H")
	set("a", each, 0)
	set("a", each, 0)
	set("g", 10, 0)
	want("changed", "a J", "b C", "c D", "d E", "e F", "f H")
	set("a", each, -1)
	set("b", each, -1)
	set("b", each, -1) // it is gone already
	set("g", 2*each+1, 0)
	want("one byte more than there is room", "c D", "d E", "e F", "f H")
	set("g", 2*each, 0)
	want("full again", "c D", "d E", "e F", "f H", "g P")
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
			_, err := client.Conditional().Accounts(t.Context(), &Answer[[]Account]{ETag: `"e"`})
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
		portal.expired = func(r *http.Request) *http.Response {
			t.Error("a call was sent without cookies")
			return rejectLogin(r)
		}
		call()
		portal.wantLogins(t, "all cookies deleted", 2)
	})
}
