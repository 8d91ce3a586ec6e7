package config

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Credentials is what the portal's client asks for.
var _ portal.CredentialSource = (&Config{}).Credentials

func load(t *testing.T, path string, env map[string]string) *Config {
	t.Helper()
	c, err := Load(path, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// write puts a file into a new directory.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var env = map[string]string{"UKCLOUD_EMAIL": "env@example.com", "UKCLOUD_PASSWORD": "from the environment"}

// contractDefaults are the defaults of the contract, written out once more.
func contractDefaults() map[string]collector.Settings {
	every := func(minInterval, maxAge time.Duration) collector.Schedule {
		return collector.Schedule{Enabled: true, MinInterval: minInterval, MaxAge: maxAge}
	}
	return map[string]collector.Settings{
		"compute_services": collector.ComputeSettings{Schedule: every(time.Minute, time.Hour), Families: collector.AllFamilies},
		"my_vm":            every(5*time.Minute, time.Hour),
		"my_calls": collector.MyCallsSettings{
			Schedule: every(2*time.Minute, time.Hour), For: "account", ClosedStatuses: []string{"Closed", "Resolved", "Cancelled"},
		},
		"vmotion_events":       collector.VMotionSettings{Schedule: every(5*time.Minute, time.Hour)},
		"billing_csv":          collector.BillingSettings{Schedule: every(6*time.Hour, 48*time.Hour), VMLimit: 1000},
		"cloud_storage_report": every(6*time.Hour, 48*time.Hour),
		"builds":               every(5*time.Minute, time.Hour),
	}
}

// collectorsOf are the settings of the collectors that the contract names.
func collectorsOf(c *Config) map[string]collector.Settings {
	all := map[string]collector.Settings{}
	for name := range contractDefaults() {
		all[name] = c.Collector(name)
	}
	return all
}

func TestGoodFiles(t *testing.T) {
	full := contractDefaults()
	full["compute_services"] = collector.ComputeSettings{
		Schedule: collector.Schedule{MinInterval: 90 * time.Second, MaxAge: 24 * time.Hour}, Families: collector.CoreFamilies,
	}
	full["my_vm"] = collector.Schedule{Enabled: true, MinInterval: 10 * time.Minute, MaxAge: 10 * time.Minute}
	full["my_calls"] = collector.MyCallsSettings{
		Schedule: collector.Schedule{Enabled: true, MinInterval: 90 * time.Minute, MaxAge: 48 * time.Hour},
		For:      collector.ScopeUser, ClosedStatuses: []string{"Closed", "Geschlossen, endlich"},
	}
	full["vmotion_events"] = collector.VMotionSettings{Schedule: full["vmotion_events"].When(), PerVM: true}
	full["billing_csv"] = collector.BillingSettings{
		Schedule: full["billing_csv"].When(), VMLimit: 0, Tags: []string{"project", "cost-centre"},
	}
	full["cloud_storage_report"] = collector.Schedule{Enabled: true, MinInterval: 6 * time.Hour, MaxAge: 21 * 24 * time.Hour}
	full["builds"] = collector.Schedule{MinInterval: 5 * time.Minute, MaxAge: time.Hour}

	tests := []struct {
		name, path         string
		env                map[string]string
		url                string
		email, password    string
		timeout            time.Duration
		accounts, stateDir string
		collectors         map[string]collector.Settings
	}{
		{
			name: "environment only", env: env,
			url: "https://portal.skyscapecloud.com/api", email: "env@example.com", password: "from the environment",
			timeout: 2 * time.Minute, collectors: contractDefaults(),
		},
		{
			name: "environment with URL and password file",
			env: map[string]string{"UKCLOUD_URL": "http://127.0.0.1:10049/api", "UKCLOUD_EMAIL": "demo@example.com",
				"UKCLOUD_PASSWORD_FILE": "testdata/password"},
			url: "http://127.0.0.1:10049/api", email: "demo@example.com", password: "from the file",
			timeout: 2 * time.Minute, collectors: contractDefaults(),
		},
		{
			name: "environment with a state directory",
			env:  map[string]string{"UKCLOUD_EMAIL": "env@example.com", "UKCLOUD_PASSWORD": "p", "UKCLOUD_STATE_DIR": "/var/lib/x"},
			url:  "https://portal.skyscapecloud.com/api", email: "env@example.com", password: "p",
			timeout: 2 * time.Minute, stateDir: "/var/lib/x", collectors: contractDefaults(),
		},
		{
			name: "a state directory beside a file that has none", path: "testdata/good-minimal.yml",
			env: map[string]string{"UKCLOUD_URL": "https://other.example.com", "UKCLOUD_STATE_DIR": "/var/lib/x"},
			url: "https://other.example.com", email: "exporter@example.com", password: "from the file",
			timeout: 2 * time.Minute, stateDir: "/var/lib/x", collectors: contractDefaults(),
		},
		{
			name: "no state directory, whatever the environment says", path: write(t, "portal: {email: a, password: b}\nstate_dir: ''\n"),
			env: map[string]string{"UKCLOUD_STATE_DIR": "/var/lib/x"},
			url: "https://portal.skyscapecloud.com/api", email: "a", password: "b",
			timeout: 2 * time.Minute, collectors: contractDefaults(),
		},
		{
			name: "the file's state directory goes before the environment", path: "testdata/good-full.yml",
			env: map[string]string{"UKCLOUD_STATE_DIR": "/var/lib/x"},
			url: "https://portal.skyscapecloud.gsi.gov.uk/api", email: "exporter@example.com", password: "s3cr3t Canary/48151623",
			timeout: 90 * time.Second, accounts: "12 736 0", stateDir: "testdata/state", collectors: full,
		},
		{
			name: "minimal", path: "testdata/good-minimal.yml",
			url: "https://portal.skyscapecloud.com/api", email: "exporter@example.com", password: "from the file",
			timeout: 2 * time.Minute, collectors: contractDefaults(),
		},
		{
			name: "the file goes before the environment", path: "testdata/good-minimal.yml",
			env: map[string]string{"UKCLOUD_URL": "https://other.example.com", "UKCLOUD_EMAIL": "env@example.com",
				"UKCLOUD_PASSWORD": "a", "UKCLOUD_PASSWORD_FILE": "b"},
			url: "https://other.example.com", email: "exporter@example.com", password: "from the file",
			timeout: 2 * time.Minute, collectors: contractDefaults(),
		},
		{
			name: "empty sections", path: "testdata/good-empty-sections.yml", env: env,
			url: "https://portal.skyscapecloud.com/api", email: "exporter@example.com", password: "0123",
			timeout: 2 * time.Minute, collectors: contractDefaults(),
		},
		{
			name: "every key", path: "testdata/good-full.yml",
			url: "https://portal.skyscapecloud.gsi.gov.uk/api", email: "exporter@example.com", password: "s3cr3t Canary/48151623",
			timeout: 90 * time.Second, accounts: "12 736 0", stateDir: "testdata/state", collectors: full,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := load(t, tt.path, tt.env)
			credentials, err := c.Credentials()
			if err != nil {
				t.Fatal(err)
			}
			for name, pair := range map[string][2]any{
				"url":       {c.PortalURL(), tt.url},
				"email":     {credentials.Email, tt.email},
				"password":  {credentials.Password.Reveal(), tt.password},
				"timeout":   {c.PortalTimeout(), tt.timeout},
				"accounts":  {strings.Join(c.Accounts(), " "), tt.accounts},
				"state_dir": {c.StateDir(), tt.stateDir},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
				}
			}
			if diff := cmp.Diff(tt.collectors, collectorsOf(c)); diff != "" {
				t.Error(diff)
			}
			if _, err := c.HTTPTransport(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBadEnvironment(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"nothing", nil, "environment: UKCLOUD_EMAIL: is not set\nenvironment: UKCLOUD_PASSWORD: is not set"},
		{"both passwords", map[string]string{"UKCLOUD_EMAIL": "a", "UKCLOUD_PASSWORD": "s3cr3t", "UKCLOUD_PASSWORD_FILE": "testdata/password"},
			"environment: UKCLOUD_PASSWORD_FILE: is given beside the password itself: leave one of the two out"},
		{"password as file", map[string]string{"UKCLOUD_EMAIL": "a", "UKCLOUD_PASSWORD_FILE": "s3cr3t"},
			"environment: UKCLOUD_PASSWORD_FILE: cannot read the file: no such file or directory"},
		{"URL that is none", map[string]string{"UKCLOUD_URL": "https://%zz:s3cr3t", "UKCLOUD_EMAIL": "a", "UKCLOUD_PASSWORD": "b"},
			"environment: UKCLOUD_URL: is not a URL"},
		{"URL with a password", map[string]string{"UKCLOUD_URL": "https://me:s3cr3t@portal", "UKCLOUD_EMAIL": "a", "UKCLOUD_PASSWORD": "b"},
			"environment: UKCLOUD_URL: holds a user or password: the login belongs in portal.email and portal.password_file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load("", func(name string) string { return tt.env[name] })
			if err == nil || err.Error() != tt.want {
				t.Fatalf("got\n%v\nwant\n%s", err, tt.want)
			}
			checkProblems(t, err, canaries)
		})
	}
	t.Run("beside a file", func(t *testing.T) {
		path := write(t, "state_dir: x\n")
		_, err := Load(path, func(name string) string {
			return map[string]string{"UKCLOUD_URL": "portal", "UKCLOUD_PASSWORD_FILE": "none"}[name]
		})
		want := "environment: UKCLOUD_URL: is not an absolute URL such as https://portal.skyscapecloud.com/api\n" +
			"environment: UKCLOUD_PASSWORD_FILE: cannot read the file: no such file or directory\n" +
			path + ":1: portal.email: is missing: set it here or as UKCLOUD_EMAIL in the environment"
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	})
}

// TestPasswordFile: the file is read at each call, less one newline at its end.
func TestPasswordFile(t *testing.T) {
	path := write(t, "portal: {email: a, password_file: secret}\n")
	secret := filepath.Join(filepath.Dir(path), "secret")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	c := load(t, path, nil)
	for _, tt := range []struct{ text, password, err string }{
		{text: "one", password: "one"},
		{text: "two\n", password: "two"},
		{text: "three\r\n", password: "three"},
		{text: " spaces stay \n", password: " spaces stay "},
		{text: "", err: "portal.password_file: the file is empty"},
		{text: "\r\n", err: "portal.password_file: the file is empty"},
		{text: "four\n\n", err: "portal.password_file: the file holds more than one line"},
		{text: "five\r", err: "portal.password_file: the file holds more than one line"},
	} {
		put(tt.text)
		got, err := c.Credentials()
		if got.Password.Reveal() != tt.password || tt.err == "" != (err == nil) || err != nil && err.Error() != tt.err {
			t.Errorf("%q gives %q, %v", tt.text, got.Password.Reveal(), err)
		}
	}
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	const want = "portal.password_file: cannot read the file: no such file or directory"
	if _, err := c.Credentials(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestNothingPrintsASecret: not the configuration itself, in any form.
func TestNothingPrintsASecret(t *testing.T) {
	c := load(t, "testdata/good-full.yml", nil)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "value", *c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c, "value", *c)
	text := log.String() + fmt.Sprintf("%v %+v %#v %s %v %+v %#v %s", c, c, c, c, *c, *c, *c, *c)
	for _, secret := range canaries {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}

func TestDigest(t *testing.T) {
	const base = "portal: {email: a, password: b}\n"
	digest := func(text string) string {
		return string(load(t, write(t, text), env).Digest())
	}
	original := digest(base)
	for name, text := range map[string]string{
		"other password":          "portal: {email: a, password: c}\n",
		"defaults written out":    base + "accounts: []\ncollectors: {my_vm: {max_age: 60m}}\n",
		"comments and order":      "# hello\nportal: {password: b, email: a}\n",
		"password in environment": "portal: {email: a}\n",
	} {
		if digest(text) != original {
			t.Errorf("%s: the digest differs", name)
		}
	}
	seen := map[string]string{original: "original"}
	for name, text := range map[string]string{
		"email":      "portal: {email: b, password: b}\n",
		"url":        "portal: {email: a, password: b, url: 'https://x'}\n",
		"timeout":    "portal: {email: a, password: b, timeout: 3m}\n",
		"account":    base + "accounts: [1]\n",
		"accounts":   base + "accounts: [1, 2]\n",
		"state":      base + "state_dir: /var/lib/x\n",
		"status":     base + "collectors: {my_calls: {closed_statuses: [Closed]}}\n",
		"enabled":    base + "collectors: {builds: {enabled: false}}\n",
		"header":     "portal: {email: a, password: b, http_client: {http_headers: {X-A: {values: [a]}}}}\n",
		"header b":   "portal: {email: a, password: b, http_client: {http_headers: {X-A: {values: [b]}}}}\n",
		"tls":        "portal: {email: a, password: b, http_client: {tls_config: {min_version: TLS13}}}\n",
		"proxy":      "portal: {email: a, password: b, http_client: {proxy_url: 'http://me:x@proxy'}}\n",
		"proxy host": "portal: {email: a, password: b, http_client: {proxy_url: 'http://me:x@proxy2'}}\n",
	} {
		d := digest(text)
		if other, ok := seen[d]; ok {
			t.Errorf("%s: same digest as %s", name, other)
		}
		seen[d] = name
	}
	if digest("portal: {email: a, password: b, http_client: {proxy_url: 'http://me:y@proxy'}}\n") !=
		digest("portal: {email: a, password: b, http_client: {proxy_url: 'http://me:x@proxy'}}\n") {
		t.Error("the proxy's password is in the digest")
	}
}

// TestInForce: every key with a value is there, no key without one, and no secret.
func TestInForce(t *testing.T) {
	c := load(t, write(t, `portal:
  email: a
  password: hunter2
  http_client: {proxy_url: "http://me:hunter2@proxy.example.com", tls_config: {min_version: TLS12, max_version: TLS12}}
accounts: [12]
`), nil)
	got := map[string]string{}
	for _, key := range c.InForce() {
		got[key.Path] = key.Default
	}
	for path, want := range map[string]string{
		"portal.url": "https://portal.skyscapecloud.com/api", "portal.email": "a", "portal.timeout": "2m",
		"portal.http_client.proxy_url":              "http://me:xxxxx@proxy.example.com",
		"portal.http_client.tls_config.min_version": "TLS12", "portal.http_client.tls_config.max_version": "TLS12",
		"accounts": "[12]", "collectors.billing_csv.vm_limit": "1000", "collectors.vmotion_events.per_vm": "false",
		"portal.password": "", "portal.password_file": "", "state_dir": "", // have no value that may be shown
		"collectors.billing_csv.tags": "", "portal.http_client.tls_config.ca": "",
	} {
		if value, ok := got[path]; value != want || ok != (want != "") {
			t.Errorf("%s is %q, there: %t, want %q", path, value, ok, want)
		}
	}
}

// TestConfigCannotBeChanged through what it gives away.
func TestConfigCannotBeChanged(t *testing.T) {
	c := load(t, "testdata/good-full.yml", nil)
	before := c.Digest()
	c.Accounts()[0] = "1"
	c.Collector("my_calls").(collector.MyCallsSettings).ClosedStatuses[0] = ""
	c.Collector("billing_csv").(collector.BillingSettings).Tags[0] = ""
	if !bytes.Equal(before, c.Digest()) {
		t.Error("it was changed")
	}
}

// TestHTTPTransport talks TLS to a server whose CA, headers and name come from
// the file, with paths relative to it.
func TestHTTPTransport(t *testing.T) {
	var got http.Header
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	path := write(t, `portal:
  email: a
  password: b
  http_client:
    tls_config: {ca_file: ca.pem, server_name: example.com}
    http_headers:
      X-Client: {values: [one], secrets: [two], files: [header]}
`)
	dir := filepath.Dir(path)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, data := range map[string][]byte{"ca.pem": ca, "header": []byte("three\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := load(t, path, nil)
	rt, err := c.HTTPTransport()
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: rt}
	defer client.CloseIdleConnections()
	resp, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, got["X-Client"]); diff != "" {
		t.Error(diff)
	}
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.HTTPTransport(); err == nil || !strings.HasPrefix(err.Error(), "portal.http_client: ") {
		t.Errorf("without the CA file: %v", err)
	}
}

// TestDataDigest: what changes the data changes the digest, and nothing else does.
func TestDataDigest(t *testing.T) {
	digest := func(text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "config.yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		return string(c.DataDigest("vmotion_events"))
	}
	const base = "portal: {email: a@example.com, password: x}\n"
	tests := []struct {
		name, text string
		same       bool
	}{
		{"itself", base, true},
		{"password", "portal: {email: a@example.com, password: y}\n", true},
		{"timeout", "portal: {email: a@example.com, password: x, timeout: 1m, rejected_logins_limit: 1}\n", true},
		{"schedule", base + "collectors: {vmotion_events: {min_interval: 1m, max_age: 2h}}\n", true},
		{"another collector", base + "collectors: {billing_csv: {vm_limit: 1}}\n", true},
		{"export_dir", base + "collectors: {billing_csv: {export_dir: elsewhere}}\n", true},
		{"state_dir", base + "state_dir: elsewhere\n", true},
		{"URL", "portal: {email: a@example.com, password: x, url: https://portal.example.com/api}\n", false},
		{"email", "portal: {email: b@example.com, password: x}\n", false},
		{"proxy", "portal: {email: a@example.com, password: x, http_client: {proxy_url: http://proxy.example.com}}\n", false},
		{"accounts", base + "accounts: [1]\n", false},
		{"own key", base + "collectors: {vmotion_events: {per_vm: true}}\n", false},
	}
	want := digest(base)
	for _, tt := range tests {
		if got := digest(tt.text); (got == want) != tt.same {
			t.Errorf("%s: same %v, want %v", tt.name, got == want, tt.same)
		}
	}
}
