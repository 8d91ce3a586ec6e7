package app

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// TestSecretsStayInside: neither the password nor a session cookie is found in the
// log at debug, in pages, metrics or state, in any of the forms that they travel
// in, whatever the portal answers.
func TestSecretsStayInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		seen := &cookieWatcher{}
		s := newSetup(t, estate(), everySecond+"state_dir: state\n", func(o *Options) {
			seen.next = o.Transport
			o.Transport = seen
		})
		var everything strings.Builder
		look := func() {
			for _, path := range []string{"/", "/status", "/?format=csv", "/?format=json", "/metrics", "/-/ready", "/nothing"} {
				_, body := s.get(path)
				everything.WriteString(body)
			}
		}
		look()
		for _, kind := range []string{"401", "html", "redirect-other-host", "garbage", "500", "reset"} {
			for _, endpoint := range []string{"*", "compute_services", "billing_csv"} {
				s.portal.SetFaults(simulator.Fault{Endpoint: endpoint, Kind: kind})
				time.Sleep(2 * time.Hour)
				s.scrape()
				s.settle()
				look()
			}
		}
		s.configure("nonsense: true\n")
		if err := s.reload(); err == nil {
			t.Error("a bad configuration was taken")
		} else {
			everything.WriteString(err.Error())
		}
		everything.WriteString(s.logs.String())
		for _, file := range []string{"state.json"} {
			data, err := os.ReadFile(filepath.Join(s.dir, "state", file))
			if err != nil {
				t.Fatal(err)
			}
			everything.Write(data)
		}
		if len(seen.values) < 4 {
			t.Fatalf("only %d cookie values were seen", len(seen.values))
		}
		for secret := range seen.values {
			mustNotHold(t, everything.String(), secret)
		}
		mustNotHold(t, everything.String(), password)
	})
}

func mustNotHold(t *testing.T, text, secret string) {
	t.Helper()
	for name, form := range map[string]string{
		"in clear":                   secret,
		"query-escaped":              url.QueryEscape(secret),
		"path-escaped":               url.PathEscape(secret),
		"in base64":                  base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64 without padding":  base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"in base64 for URLs":         base64.URLEncoding.EncodeToString([]byte(secret)),
		"in base64 behind an e-mail": base64.StdEncoding.EncodeToString([]byte(email + ":" + secret)),
	} {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("a secret stands %s: …%q…", name, text[max(at-100, 0):at])
		}
	}
}
