package app

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal/simulator"
)

func TestReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "")
		status, body := s.get("/-/ready")
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "first round not ended: compute_services, my_vm") {
			t.Errorf("before the first round: %d %q", status, body)
		}
		s.scrape()
		if status, body := s.get("/-/ready"); status != http.StatusOK || body != "ukcloud_exporter is ready.\n" {
			t.Errorf("after the first round: %d %q", status, body)
		}
		time.Sleep(61 * time.Minute) // all but the billing collectors keep data for an hour
		var stale []string
		for _, c := range collector.All() {
			if c.Defaults.When().MaxAge <= time.Hour {
				stale = append(stale, c.Name)
			}
		}
		if status, body := s.get("/-/ready"); status != http.StatusOK || !strings.Contains(body, "stale: "+strings.Join(stale, ", ")+"\n") {
			t.Errorf("with stale collectors: %d %q", status, body)
		}
		time.Sleep(48 * time.Hour) // nobody scraped: that is no unreadiness, and the probe starts a round
		if status, body := s.get("/-/ready"); status != http.StatusOK || !strings.Contains(body, "stale: "+strings.Join(collectorNames(), ", ")+"\n") {
			t.Errorf("with all collectors stale: %d %q", status, body)
		}
		s.settle()
		if status, body := s.get("/-/ready"); status != http.StatusOK || body != "ukcloud_exporter is ready.\n" {
			t.Errorf("after the probe's round: %d %q", status, body)
		}
		s.portal.SetFaults(simulator.Fault{Endpoint: "*", Kind: "500"})
		time.Sleep(49 * time.Hour)
		s.get("/-/ready")
		s.settle()
		if status, _ := s.get("/-/ready"); status != http.StatusServiceUnavailable {
			t.Errorf("with all collectors stale and failing: %d", status)
		}
		s.portal.SetFaults()
		time.Sleep(2 * time.Hour)
		s.get("/-/ready")
		s.settle()
		if status, _ := s.get("/-/ready"); status != http.StatusOK {
			t.Errorf("when the portal is back, by probes alone: %d", status)
		}
		if status, _ := s.get("/-/healthy"); status != http.StatusOK {
			t.Errorf("not healthy: %d", status)
		}
	})
}

// TestPortalDownAtStart: what is over when the portal is back heals after the pause
// that the kind of failure asks for.
func TestPortalDownAtStart(t *testing.T) {
	for kind, pause := range map[string]time.Duration{
		"429":   10 * time.Second, // with Retry-After
		"503":   time.Minute,      // something else than an answer to a login
		"reset": time.Hour,        // no answer: it may have been a rejection
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testPortalDownAtStart(t, kind, pause) })
		})
	}
}

func testPortalDownAtStart(t *testing.T, kind string, pause time.Duration) {
	clockTo(noon)
	o := estate()
	o.Faults = []simulator.Fault{{Endpoint: "*", Kind: kind}}
	s := newSetup(t, o, everySecond)
	f := families(s.scrape())
	if f["ukcloud_up"] != "ukcloud_up 0\n" || !strings.Contains(f["ukcloud_collector_success"], `{collector="compute_services"} 0`) {
		t.Errorf("while the portal is down: %s%s", f["ukcloud_up"], f["ukcloud_collector_success"])
	}
	if n := strings.Count(s.logs.String(), "level=error"); n != 1 || !strings.Contains(s.logs.String(), "Portal login failed") {
		t.Errorf("the log says so %d times:\n%s", n, s.logs)
	}
	s.portal.SetFaults()
	time.Sleep(pause)
	s.scrape()
	s.settle()
	f = families(s.scrapeWithoutWaiting())
	if f["ukcloud_up"] != "ukcloud_up 1\n" || strings.Contains(f["ukcloud_collector_success"], " 0\n") {
		t.Errorf("after the portal came back: %s%s\n%s", f["ukcloud_up"], f["ukcloud_collector_success"], s.logs)
	}
}

// TestRejectedLogins: two at most, an hour apart, then none until the credentials
// change.
func TestRejectedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		o := estate()
		o.Password = "another"
		s := newSetup(t, o, everySecond)
		for range 120 {
			s.scrape()
			time.Sleep(time.Minute)
		}
		if n := s.portal.RejectedLogins(); n != 2 {
			t.Errorf("%d rejected logins in two hours, want 2", n)
		}
		f := families(s.scrape())
		if f["ukcloud_session_logins_suspended"] != "ukcloud_session_logins_suspended 1\n" {
			t.Errorf("not suspended: %s", f["ukcloud_session_logins_suspended"])
		}
		if _, page := s.get("/status"); !strings.Contains(page, "logins suspended") {
			t.Error("the status page does not say so")
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "config.yml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "config.yml"), bytes.Replace(data, []byte(password), []byte("another"), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.reload(); err != nil {
			t.Fatal(err)
		}
		if f := families(s.scrape()); !strings.Contains(f["ukcloud_collector_success"], `{collector="builds"} 1`) {
			t.Errorf("not well after the password was corrected:\n%s", f["ukcloud_collector_success"])
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "")
		owner := make(chan struct{})
		go func() { // stands for serve, which owns reloads
			for {
				select {
				case done := <-s.reloads:
					done <- s.reload()
				case <-owner:
					return
				}
			}
		}()
		defer close(owner)
		before := s.scrape()

		s.configure("nonsense: true\n")
		status, body := s.do(http.MethodPost, "/-/reload")
		if status != http.StatusInternalServerError || !strings.Contains(body, "config.yml:6: nonsense: unknown key") {
			t.Errorf("a bad configuration: %d %q", status, body)
		}
		if f := families(s.scrape()); f["ukcloud_config_last_reload_successful"] != "ukcloud_config_last_reload_successful 0\n" {
			t.Errorf("after a bad configuration: %s", f["ukcloud_config_last_reload_successful"])
		}
		if diff := cmp.Diff(without(before, liveFamilies...), without(s.scrape(), liveFamilies...)); diff != "" {
			t.Errorf("the data changed after a bad configuration:\n%s", diff)
		}

		s.configure("collectors:\n  builds: {enabled: false}\n")
		if status, body := s.do(http.MethodPost, "/-/reload"); status != http.StatusOK {
			t.Errorf("a good configuration: %d %q", status, body)
		}
		after := families(s.scrape())
		if after["ukcloud_builds"] != "" || !strings.Contains(after["ukcloud_collector_enabled"], `{collector="builds"} 0`) {
			t.Errorf("builds is still collected: %s", after["ukcloud_collector_enabled"])
		}
		if after["ukcloud_vm_info"] != families(before)["ukcloud_vm_info"] {
			t.Error("data was lost over a reload")
		}
		s.do(http.MethodPost, "/-/reload") // nothing has changed
		s.scrape()
		if logins := s.portal.Logins(); logins != 1 {
			t.Errorf("%d logins: a reload that does not change the portal must keep the session", logins)
		}
		if strings.Contains(s.logs.String(), "still run") {
			t.Errorf("nothing has hung, and the log says:\n%s", s.logs)
		}
		if status, _ := s.get("/-/reload"); status != http.StatusMethodNotAllowed {
			t.Errorf("GET /-/reload: %d", status)
		}
	})
}

// TestReloadAndTheSession: a login is kept where nothing of the portal's has changed, goes
// on then like before, and is made anew where something has; a password's file is read at
// the next login.
func TestReloadAndTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "", only("builds", "my_calls"))
		s.scrape()
		file := filepath.Join(s.dir, "password")
		reload := func(what, yaml string, logins, rejected int) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(s.dir, "config.yml"), []byte(yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := s.reload(); err != nil {
				t.Fatal(err)
			}
			s.scrape()
			s.settle()
			if l, r := s.portal.Logins(), s.portal.RejectedLogins(); l != logins || r != rejected {
				t.Errorf("%s: %d logins, %d rejected ones; want %d, %d", what, l, r, logins, rejected)
			}
		}
		secret := func(content string) {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		login := func(password, timeout string) string {
			return "portal: {url: http://portal.test/api, email: " + email + ", password: '" + password + "', timeout: " + timeout + "}\n"
		}
		reload("another schedule", login(password, "1s")+"collectors: {builds: {min_interval: 1m}}\n", 1, 0)
		time.Sleep(20 * time.Minute) // beyond the session
		if f := families(s.scrape()); f["ukcloud_up"] != "ukcloud_up 1\n" || s.portal.Logins() != 2 {
			t.Errorf("the session that was kept has ended: %s%d logins", f["ukcloud_up"], s.portal.Logins())
		}
		reload("another timeout", login(password, "2s"), 3, 0)
		reload("another password", login("another", "2s"), 3, 1)
		reload("the right one", login(password, "2s"), 4, 1)
		secret(password)
		fromFile := "portal: {url: http://portal.test/api, email: " + email + ", password_file: password, timeout: 2s}\n"
		reload("the password in a file", fromFile, 5, 1)
		secret("another")
		reload("another password in the file", fromFile, 5, 1)
		time.Sleep(20 * time.Minute)
		s.scrape()
		s.settle()
		if l, r := s.portal.Logins(), s.portal.RejectedLogins(); l != 5 || r != 2 {
			t.Errorf("after the session: %d logins, %d rejected ones", l, r)
		}
	})
}

// TestEmbed: a daemon that nobody listens to serves, reloads, and says why it cannot.
func TestEmbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, smallEstate(), "")
		e, err := Embed(s.log, s.options)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/healthy", nil))
		if w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
		s.configure("nonsense: true\n")
		if err := e.Reload(); err == nil {
			t.Error("a bad configuration was taken")
		}
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
		if _, err := Embed(s.log, s.options); err == nil || !strings.Contains(err.Error(), "nonsense") {
			t.Errorf("started with a bad configuration: %v", err)
		}
	})
}

func TestReloadNeedsTheFlag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, estate(), "", func(o *Options) { o.Lifecycle = false })
		for _, path := range []string{"/-/reload", "/debug/pprof/", "/nothing"} {
			if status, _ := s.do(http.MethodPost, path); status != http.StatusNotFound {
				t.Errorf("%s: %d, want 404", path, status)
			}
		}
	})
}

func TestChoosingCollectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "")
		s.scrape()
		tests := []struct {
			name, query string
			status      int
			has, hasNot string
		}{
			{"one", "?collect[]=builds", 200, "ukcloud_builds{", "ukcloud_vm_info{"},
			{"two", "?collect[]=builds&collect[]=my_calls", 200, "ukcloud_tickets{", "ukcloud_vm_info{"},
			{"all but one", "?exclude[]=compute_services", 200, "ukcloud_builds{", "ukcloud_vm_info{"},
			{"the program's own stay", "?collect[]=builds", 200, "ukcloud_collector_success{collector=\"compute_services\"} 1", "ukcloud_tickets{"},
			{"unknown", "?collect[]=nonsense", 400, "unknown or disabled collector \"nonsense\"", "ukcloud_"},
			{"both", "?collect[]=builds&exclude[]=my_vm", 400, "cannot be combined", "ukcloud_"},
		}
		for _, test := range tests {
			status, body := s.get("/metrics" + test.query) // no subtest: they are not for bubbles
			if status != test.status || !strings.Contains(body, test.has) || strings.Contains(body, test.hasNot) {
				t.Errorf("%s: status %d, has %q: %v, has %q: %v", test.name, status, test.has, strings.Contains(body, test.has), test.hasNot, strings.Contains(body, test.hasNot))
			}
		}
	})
}

// TestEncodingsAgree: every compression of a format holds the same bytes.
func TestEncodingsAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "")
		s.scrape()
		for _, accept := range []string{"text/plain", "application/openmetrics-text;version=1.0.0", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"} {
			_, plain := s.get("/metrics", "Accept", accept)
			_, zipped := s.get("/metrics", "Accept", accept, "Accept-Encoding", "gzip")
			_, zstandard := s.get("/metrics", "Accept", accept, "Accept-Encoding", "zstd")
			want := steady(plain)
			if got := steady(gunzip(t, zipped)); got != want {
				t.Errorf("%s: gzip differs from identity: %s", accept, cmp.Diff(want, got))
			}
			if got := steady(unzstd(t, zstandard)); got != want {
				t.Errorf("%s: zstd differs from identity: %s", accept, cmp.Diff(want, got))
			}
			if strings.Contains(accept, "openmetrics") && !strings.HasSuffix(plain, "# EOF\n") {
				t.Error("OpenMetrics does not end with # EOF")
			}
		}
	})
}

// steady cuts an exposition where the program's own families begin: those of the
// Go runtime change from scrape to scrape.
func steady(exposition string) string {
	at := strings.Index(exposition, "go_gc_duration_seconds")
	return exposition[:max(at, 0)]
}

func gunzip(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false) // as curl reads it
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unzstd(t *testing.T, text string) string {
	t.Helper()
	r, err := zstd.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestManyScrapersCauseOneRound: what the portal is asked does not grow with the
// scrapers, nor with what they ask for.
func TestManyScrapersCauseOneRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		o := estate()
		o.Latency = 100 * time.Millisecond
		s := newSetup(t, o, "")
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				path := "/metrics"
				if i%2 == 1 {
					path = fmt.Sprintf("/metrics?collect[]=%s&x=%d", collectorNames()[i%7], i)
				}
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					t.Errorf("scrape %d: %d", i, w.Code)
				}
			})
		}
		wg.Wait()
		s.settle()
		asked := s.portal.Requests()
		if asked["compute_services"] != 2 || asked["my_vm"] != 1 || s.portal.Logins() != 1 {
			t.Errorf("100 scrapers: %d logins and %v; want one round", s.portal.Logins(), asked)
		}
	})
}

func TestTooManyScrapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		o := estate()
		o.Latency = time.Second
		s := newSetup(t, o, "", func(o *Options) { o.MaxRequests = 1 })
		first := make(chan int)
		go func() {
			status, _ := s.get("/metrics")
			first <- status
		}()
		synctest.Wait()
		began := time.Now()
		if status, _ := s.get("/metrics"); status != http.StatusOK || time.Since(began) != 0 {
			t.Errorf("the second scrape: %d after %s, want what there is at once", status, time.Since(began))
		}
		if status := <-first; status != http.StatusOK {
			t.Errorf("the first scrape: %d", status)
		}
	})
}

// TestRestartKeepsCounters: events that were counted stay counted, and are not
// counted again.
func TestRestartKeepsCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		state := t.TempDir()
		yaml := fmt.Sprintf("state_dir: %s\n", state)
		count := func() string {
			s := newSetup(t, estate(), yaml, only("vmotion_events", "compute_services"))
			defer func() {
				if err := s.stop(); err != nil {
					t.Error(err)
				}
			}()
			f := families(s.scrape())
			return f["ukcloud_vmotion_events_total"] + f["ukcloud_vmotion_last_event_timestamp_seconds"]
		}
		first := count()
		if sum(t, having(first, "_total")) == 0 {
			t.Fatalf("no event in the simulated estate: %s", first)
		}
		if again := count(); again != first {
			t.Errorf("after a restart (-first +again):\n%s", cmp.Diff(first, again))
		}
	})
}

func TestHostileNames(t *testing.T) {
	names := []string{`quo\"te`, `back\\slash`, `new\nline`, `nul\u0000`, `\ud800 lone surrogate`, "\xff\xfe not UTF-8", strings.Repeat("long", 2500), `# HELP ukcloud_up x`, `{a=\"b\"} 1`}
	var vms []string
	for i, name := range names {
		vms = append(vms, fmt.Sprintf(`{"name":"%s","urn":"urn:vcloud:vm:%d","powerStatus":"POWERED_ON","operatingSystem":"%s"}`, name, i, name))
	}
	estate := fmt.Sprintf(`{"account":{"id":1},"vOrgs":[{"name":"v\"","serviceId":"1-1-1-000001","urn":"u","VDCs":[{"name":"\n","urn":"d","vApps":[{"name":"a","urn":"p","VMs":[%s]}]}]}]}`, strings.Join(vms, ","))
	synctest.Test(t, func(t *testing.T) {
		s := newSetupBefore(t, recordedPortal([]byte(estate)), "", only("compute_services"))
		exposition := s.scrape()
		if n := strings.Count(families(exposition)["ukcloud_vm_info"], "\n"); n != len(names) {
			t.Errorf("%d VMs, want %d; log:\n%s", n, len(names), s.logs)
		}
		lint(t, exposition) // parses it
	})
}
