package app

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// TestLoginsStayFew lets the simulated portal do to logins and sessions what portals
// and proxies do, for ten minutes of a scrape every five seconds.
func TestLoginsStayFew(t *testing.T) {
	if testing.Short() {
		t.Skip("two hours of scrapes in all, on the fake clock")
	}
	tests := []struct {
		endpoint, kind string
		most           int  // logins
		works          bool // all the time
	}{
		{"GET", "maintenance", 8, false}, {"GET", "html", 8, false}, {"GET", "redirect", 8, false},
		{"GET", "redirect-other-host", 8, false}, {"GET", "401", 8, false},
		{"my_calls", "401", 12, true}, {"builds", "html", 12, true},
		{"*", "cookie-eaten", 8, false}, {"*", "cookie-path", 8, false},
		{"*", "cookie-expired", 1, true}, {"*", "cookie-year-9999", 1, true}, {"*", "cookie-without-expiry", 1, true},
		{"*", "cookie-foreign-domain", 1, true}, {"*", "cookie-growth", 1, true},
		{"*", "date-2038", 1, true}, {"*", "date-1970", 1, true}, {"*", "date-missing", 1, true},
		{"authenticate", "400", 1, false}, {"authenticate", "401", 1, false}, {"authenticate", "403", 1, false},
		{"authenticate", "422", 1, false}, {"authenticate", "423", 1, false},
		{"authenticate", "hang", 1, false}, {"authenticate", "reset", 1, false},
		{"authenticate", "500", 3, false}, {"authenticate", "html", 3, false}, {"authenticate", "redirect", 3, false},
		{"authenticate", "garbage", 3, false}, {"authenticate", "truncated", 3, false}, {"authenticate", "echo-encoded", 3, false},
	}
	for _, test := range tests {
		t.Run(test.endpoint+"="+test.kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				clockTo(noon)
				o := estate()
				o.Faults = []simulator.Fault{{Endpoint: test.endpoint, Kind: test.kind}}
				s := newSetup(t, o, "")
				working := 0
				for range 120 {
					f := families(s.scrape())
					if strings.Contains(f["ukcloud_up"], " 1\n") {
						working++
					}
					time.Sleep(5 * time.Second)
				}
				s.settle()
				logins := s.portal.Requests()["authenticate"]
				if logins > test.most || logins == 0 {
					t.Errorf("%d logins in ten minutes, want %d at most", logins, test.most)
				}
				if test.works != (working > 100) || !test.works && working > 0 {
					t.Errorf("up in %d of 120 scrapes", working)
				}
				for _, secret := range []string{o.Password, simulator.Options{}.Password} {
					if secret != "" && strings.Contains(s.logs.String(), secret) {
						t.Error("the log holds the password")
					}
				}
			})
		})
	}
}
