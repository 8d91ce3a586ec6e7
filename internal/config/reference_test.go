package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	promconfig "github.com/prometheus/common/config"
)

const example = "../../config.example.yml"

func readExample(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestExampleLoads: as it stands, but for the place of the password.
func TestExampleLoads(t *testing.T) {
	password, err := filepath.Abs("testdata/password")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(readExample(t), "/etc/ukcloud_exporter/password", password, 1)
	c := load(t, write(t, text), nil)
	if diff := cmp.Diff(contractDefaults(), collectorsOf(c), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the example does not show the defaults: %s", diff)
	}
	minimal := load(t, "", map[string]string{"UKCLOUD_EMAIL": "exporter@example.com", "UKCLOUD_PASSWORD_FILE": password})
	if string(minimal.Digest()) != string(c.Digest()) {
		t.Error("the example's settings are not the defaults")
	}
}

// switchedOff is a key behind a comment sign, without the blank of prose.
var switchedOff = regexp.MustCompile(`(?m)^( *)#([a-zA-Z-])`)

// TestExampleHasEveryKey: with the comment signs gone from the keys that are
// switched off, every key of the types is there, and has a comment above it.
func TestExampleHasEveryKey(t *testing.T) {
	text := switchedOff.ReplaceAllString(readExample(t), "$1$2")
	l := newLoader(example)
	root := l.document([]byte(text))
	if root == nil {
		t.Fatal(l.problems)
	}
	l.read(reflect.ValueOf(&l.settings).Elem(), root, "")
	for _, p := range l.problems {
		t.Error(p)
	}
	names := strings.NewReplacer("proxy_connect_header.<name>", "proxy_connect_header.Proxy-Token", "http_headers.<name>", "http_headers.X-Client")
	lines := strings.Split(text, "\n")
	for _, key := range Reference() {
		line := l.lines[names.Replace(key.Path)]
		if line == 0 {
			t.Errorf("%s is not in the example", key.Path)
			continue
		}
		if above := strings.TrimSpace(lines[line-2]); !strings.HasPrefix(above, "# ") {
			t.Errorf("%s has no comment above it", key.Path)
		}
		if key.Environment != "" && !strings.Contains(text, key.Environment) {
			t.Errorf("%s is not in the example", key.Environment)
		}
	}
}

func TestReference(t *testing.T) {
	seen := map[string]Key{}
	for _, key := range Reference() {
		if key.Type == "" || key.Meaning == "" || strings.Contains(key.Meaning, "\n") || !strings.HasSuffix(key.Meaning, ".") {
			t.Errorf("%+v lacks something", key)
		}
		if _, ok := seen[key.Path]; ok {
			t.Errorf("%s is there twice", key.Path)
		}
		seen[key.Path] = key
	}
	for _, want := range []Key{
		{Path: "portal.url", Type: "URL", Default: "https://portal.skyscapecloud.com/api", Environment: "UKCLOUD_URL"},
		{Path: "portal.password", Type: "secret", Environment: "UKCLOUD_PASSWORD"},
		{Path: "portal.timeout", Type: "duration", Default: "2m"},
		{Path: "portal.http_client.http_headers.<name>.secrets", Type: "list of secret", Default: "[]"},
		{Path: "portal.http_client.tls_config.min_version", Type: "TLS10, TLS11, TLS12 or TLS13"},
		{Path: "accounts", Type: "list of account id", Default: "[]"},
		{Path: "collectors.compute_services.families", Type: "all or core", Default: "all"},
		{Path: "collectors.my_calls.for", Type: "account or user", Default: "account"},
		{Path: "collectors.my_calls.closed_statuses", Type: "list of text", Default: "[Closed, Resolved, Cancelled]"},
		{Path: "collectors.billing_csv.max_age", Type: "duration", Default: "2d"},
		{Path: "collectors.billing_csv.vm_limit", Type: "integer", Default: "1000"},
		{Path: "collectors.billing_csv.vm_limit_per_account", Type: "integer", Default: "0"},
		{Path: "collectors.billing_csv.export_dir", Type: "path"},
		{Path: "collectors.builds.enabled", Type: "true or false", Default: "true"},
	} {
		got := seen[want.Path]
		got.Meaning = ""
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	for path, name := range environment {
		if seen[path].Environment != name {
			t.Errorf("%s is not at %s", name, path)
		}
	}
}

// TestEveryPrometheusKeyIsDecided: each key of Prometheus's HTTP client is one of
// ours, or refused with a reason; a new one in a later version shows up here.
func TestEveryPrometheusKeyIsDecided(t *testing.T) {
	ours := map[string]bool{}
	for _, f := range fields(reflect.ValueOf(httpClient{})) {
		ours[f.key] = true
	}
	check := func(of reflect.Type, decided func(key string) bool) {
		var walk func(reflect.Type)
		walk = func(of reflect.Type) {
			for i := range of.NumField() {
				f := of.Field(i)
				key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
				switch {
				case strings.Contains(options, "inline"):
					walk(f.Type)
				case f.IsExported() && !decided(key):
					t.Errorf("%s: %s is neither read nor refused", of, key)
				}
			}
		}
		walk(of)
	}
	check(reflect.TypeFor[promconfig.HTTPClientConfig](), func(key string) bool {
		return ours[key] || refused["portal.http_client."+key] != ""
	})
	for _, f := range fields(reflect.ValueOf(tlsConfig{})) {
		ours["tls "+f.key] = true
	}
	check(reflect.TypeFor[promconfig.TLSConfig](), func(key string) bool {
		// A reference names a secret in a secret manager; there is none.
		return ours["tls "+key] || strings.HasSuffix(key, "_ref")
	})
}
