package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/logging"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The login of the simulated portal in tests. The password is a canary: no test's
// log or page may hold it.
const (
	email    = "exporter@example.com"
	password = "canary-p4ss/w+rd="
)

// noon is when tests begin: in the middle of a month, a winter day like that of
// the recorded estate, past the hour at which the portal publishes the bill.
var noon = time.Date(2018, 3, 8, 12, 0, 30, 0, time.UTC)

// setup is a daemon before a simulated portal, on the fake clock of synctest and a
// network in memory.
type setup struct {
	*Daemon
	t       *testing.T
	portal  *simulator.Portal
	handler http.Handler
	logs    *syncBuffer
	dir     string
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// clockTo moves the fake clock, which begins in the year 2000, to at. Nothing may
// run yet.
func clockTo(at time.Time) { time.Sleep(time.Until(at)) }

// estate is the simulated estate of most tests.
func estate() simulator.Options {
	return simulator.Options{
		Seed: 7, Accounts: 2, VMs: 40, Email: email, Password: password, History: 3,
		SessionTTL: 15 * time.Minute,
	}
}

// smallEstate is for tests of many daemons: every collector has something to say, and
// no more than that.
func smallEstate() simulator.Options {
	o := estate()
	o.VMs, o.History = 8, 1
	return o
}

// newSetup starts a daemon in a synctest bubble. yaml is the configuration beside
// what every test needs.
func newSetup(t *testing.T, options simulator.Options, yaml string, change ...func(*Options)) *setup {
	t.Helper()
	portal, err := simulator.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s := newSetupBefore(t, portal, yaml, change...)
	s.portal = portal
	t.Cleanup(portal.Close) // before the daemon is stopped
	return s
}

// only switches all collectors off but those named.
func only(names ...string) func(*Options) {
	return func(o *Options) {
		o.Collectors = map[string]bool{}
		for _, name := range collectorNames() {
			o.Collectors[name] = slices.Contains(names, name)
		}
	}
}

// newSetupBefore starts a daemon before any portal.
func newSetupBefore(t *testing.T, portal http.Handler, yaml string, change ...func(*Options)) *setup {
	t.Helper()
	network := testutil.NewNetwork()
	stop := network.Serve(portal)
	s := &setup{t: t, logs: new(syncBuffer), dir: t.TempDir()}
	s.configure(yaml)
	transport := network.Transport()
	daemonOptions := Options{
		Load: func() (*config.Config, error) {
			return config.Load(filepath.Join(s.dir, "config.yml"), func(string) string { return "" })
		},
		MetricsPath: "/metrics", Lifecycle: true, TimeoutOffset: 500 * time.Millisecond,
		Transport: transport,
	}
	for _, f := range change {
		f(&daemonOptions)
	}
	d, err := start(logging.New(s.logs, logging.Options{Level: "debug"}), daemonOptions)
	if err != nil {
		t.Fatal(err)
	}
	s.Daemon, s.handler = d, d.server().Handler
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
		stop()
		transport.CloseIdleConnections()
	})
	return s
}

func (s *setup) configure(yaml string) {
	s.t.Helper()
	text := fmt.Sprintf("portal:\n  url: http://portal.test/api\n  email: %s\n  password: '%s'\n  timeout: 1s\n%s", email, password, yaml)
	if err := os.WriteFile(filepath.Join(s.dir, "config.yml"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// get asks the daemon and returns status and body.
func (s *setup) get(path string, headers ...string) (int, string) {
	s.t.Helper()
	return s.do(http.MethodGet, path, headers...)
}

func (s *setup) do(method, path string, headers ...string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return w.Code, string(body)
}

// scrape is a scrape with the default timeout of Prometheus; it must be answered
// with 200 within it.
func (s *setup) scrape() string {
	s.t.Helper()
	began := time.Now()
	status, body := s.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "10")
	if took := time.Since(began); status != http.StatusOK || took >= 10*time.Second {
		s.t.Fatalf("scrape: status %d after %s", status, took)
	}
	return body
}

// families cuts an exposition into families by name, without their comments.
func families(exposition string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		all[name] += line
	}
	return all
}

// without drops the families whose names begin with one of the prefixes.
func without(exposition string, prefixes ...string) string {
	var b strings.Builder
lines:
	for line := range strings.Lines(exposition) {
		name := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE ")
		for _, p := range prefixes {
			if strings.HasPrefix(name, p) {
				continue lines
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// runtimeFamilies depend on the machine and the build.
var runtimeFamilies = []string{"go_", "process_", "ukcloud_exporter_build_info"}

// liveFamilies change with each round: counters and times of the program's own.
var liveFamilies = []string{
	"go_", "process_", "ukcloud_exporter_build_info", "ukcloud_api_", "ukcloud_session_", "ukcloud_up",
	"ukcloud_collector_duration_seconds", "ukcloud_collector_last_", "ukcloud_state_", "ukcloud_config_",
	"ukcloud_account_forbidden", // part of what some faults are
}

// cookieWatcher collects the values of all cookies that the portal sets.
type cookieWatcher struct {
	next   http.RoundTripper
	mu     sync.Mutex
	values map[string]bool
}

func (c *cookieWatcher) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cookie := range response.Cookies() {
		if c.values == nil {
			c.values = map[string]bool{}
		}
		c.values[cookie.Value] = true
	}
	return response, nil
}
