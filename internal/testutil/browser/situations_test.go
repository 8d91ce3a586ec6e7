package browser

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

// site is what a daemon answers, by path and query.
type site map[string]*httptest.ResponseRecorder

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kept, found := s[r.URL.RequestURI()]
	if !found {
		http.NotFound(w, r)
		return
	}
	for name, values := range kept.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(kept.Code)
	_, _ = w.Write(kept.Body.Bytes())
}

// situation is a state of the world in which somebody looks at the pages.
type situation struct {
	name     string
	portal   simulator.Options
	password string                                    // of the exporter's login, where it is not the portal's
	between  func(p *simulator.Portal, d *running)     // what happens before the look
	disguise func(header http.Header, b []byte) []byte // changes what the portal answers
	paths    []string                                  // beside / and /status
}

const (
	email    = "exporter@example.com"
	password = "canary-p4ss/w+rd="
)

// when is the time of the look: late in a month that is shorter than the one before.
func when() time.Time { return time.Date(2018, 2, 21, 14, 10, 0, 0, time.UTC) }

// situations are all in which the pages are looked at.
func situations() []situation {
	small := simulator.Options{Seed: 7, Accounts: 2, VMs: 120, Email: email, Password: password, History: 2, Latency: 180 * time.Millisecond}
	fifty := small
	fifty.Accounts, fifty.VMs = 50, 400
	return []situation{
		{name: "healthy", portal: small, paths: []string{"/?account=1"}},
		{name: "failing", portal: small, between: func(p *simulator.Portal, d *running) {
			p.SetFaults(simulator.Fault{Endpoint: "my_calls", Kind: "echo"}, simulator.Fault{Endpoint: "vmotion_events", Kind: "503"})
			d.pass(3 * time.Hour)
			d.configure("nonsense: " + strings.Repeat("long_words_without_a_space_", 12) + "\n")
			if err := d.Reload(); err == nil {
				d.t.Error("a bad configuration was taken")
			}
		}},
		{name: "suspended", portal: small, password: "mistyped"},
		{name: "fifty accounts", portal: fifty},
		{name: "hostile names", portal: small, disguise: disguised},
		{name: "nothing yet", portal: small, between: func(p *simulator.Portal, d *running) {
			d.configure("collectors: {billing_csv: {enabled: false}, compute_services: {enabled: false}, my_calls: {enabled: false}}\n")
			if err := d.Reload(); err != nil {
				d.t.Error(err)
			}
		}},
	}
}

// record starts a daemon in the situation and keeps its pages.
func (s situation) record(t *testing.T) site {
	t.Helper()
	kept := site{}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(when().Add(-4 * time.Hour)))
		portal, err := simulator.New(s.portal)
		if err != nil {
			t.Fatal(err)
		}
		defer portal.Close()
		d := s.start(t, portal)
		defer func() {
			if err := d.Stop(); err != nil {
				t.Error(err)
			}
		}()
		d.pass(20 * time.Minute)
		if s.between != nil {
			s.between(portal, d)
		}
		d.pass(time.Until(when()))
		for _, path := range append([]string{"/", "/status"}, s.paths...) {
			kept[path] = d.get(path)
		}
	})
	return kept
}

// running is a daemon before a simulated portal.
type running struct {
	*app.Embedded

	t      *testing.T
	config string
	base   string // of the configuration
}

func (s situation) start(t *testing.T, portal http.Handler) *running {
	t.Helper()
	if s.disguise != nil {
		portal = disguise{portal, s.disguise}
	}
	login := s.password
	if login == "" {
		login = password
	}
	d := &running{
		t: t, config: filepath.Join(t.TempDir(), "config.yml"),
		base: fmt.Sprintf("portal: {url: 'http://portal.test/api', email: %s, password: '%s'}\n", email, login),
	}
	d.configure("collectors: {billing_csv: {tags: [project]}}\n")
	var err error
	d.Embedded, err = app.Embed(slog.New(slog.DiscardHandler), app.Options{
		Load:        func() (*config.Config, error) { return config.Load(d.config, func(string) string { return "" }) },
		MetricsPath: "/metrics", Lifecycle: true, TimeoutOffset: 500 * time.Millisecond,
		Transport: testutil.Direct{Handler: portal},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *running) configure(more string) {
	if err := os.WriteFile(d.config, []byte(d.base+more), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *running) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		d.t.Errorf("%s: %d %s", path, w.Code, w.Body)
	}
	return w
}

// pass lets time go by, with a scrape at both ends of it.
func (d *running) pass(span time.Duration) {
	d.get("/metrics")
	time.Sleep(span)
	d.get("/metrics")
	time.Sleep(time.Second)
	synctest.Wait()
}

// disguise changes a portal's answers on their way.
type disguise struct {
	http.Handler

	change func(header http.Header, body []byte) []byte
}

func (d disguise) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kept := httptest.NewRecorder()
	d.Handler.ServeHTTP(kept, r)
	body := kept.Body.Bytes()
	if kept.Code == http.StatusOK {
		body = d.change(kept.Header(), body)
	}
	for name, values := range kept.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(kept.Code)
	_, _ = w.Write(body)
}

// hostile are texts that want to be more than a name.
func hostile() []string {
	return []string{
		`<script>document.title="owned"</script>`, `"><img src=http://127.0.0.1:9/x onerror=alert(1)>`, "</table></style><style>@import url(//127.0.0.1:9/evil)",
		"</bdi><a href=javascript:alert(1)>x</a>", "line\nbreak\r\n", "\u202egnp.exe\u2066", "\x1b[31mred\x07", "x\u2028y", "&lt;b&gt;",
		strings.Repeat("W", 3000), strings.Repeat("many words ", 300), "{{.}}", "=cmd|' /C calc'!A0", "", " ", "שלום עולם (עם) 12", "Z̵̡͇͓a̷l̶g̸o̴" + strings.Repeat("\u0301", 60), "🏴‍☠️👩‍👩‍👧‍👦 team",
	}
}

// disguised gives everything that has a name one of the hostile ones.
func disguised(header http.Header, body []byte) []byte {
	names, next := hostile(), 0
	another := func() string { next++; return names[next%len(names)] }
	switch kind := header.Get("Content-Type"); {
	case strings.Contains(kind, "json"):
		var value any
		if json.Unmarshal(body, &value) != nil {
			return body
		}
		rename(value, another)
		changed, err := json.Marshal(value)
		if err != nil {
			return body
		}
		return changed
	case strings.Contains(kind, "csv"):
		return disguisedBill(body, another)
	}
	return body
}

// rename changes the texts under keys that people fill.
func rename(value any, another func() string) {
	switch v := value.(type) {
	case []any:
		for _, each := range v {
			rename(each, another)
		}
	case map[string]any:
		for key, each := range v {
			_, isText := each.(string)
			switch key {
			case "name", "summary", "vdcName", "serviceName", "operatingSystem", "status":
				if isText {
					v[key] = another()
				}
			}
			rename(v[key], another)
		}
	}
}

func disguisedBill(body []byte, another func() string) []byte {
	var changed strings.Builder
	in, out := csv.NewReader(strings.NewReader(string(body))), csv.NewWriter(&changed)
	var header []string
	for {
		record, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return body
		}
		for i, name := range header {
			switch name {
			case "vDC", "Service", "ResourceName", "vApp":
				record[i] = another()
			case "Metadata":
				text, _ := json.Marshal(map[string]string{"project": another()})
				record[i] = string(text)
			}
		}
		if header == nil {
			header = append([]string(nil), record...)
		}
		_ = out.Write(record)
	}
	out.Flush()
	return []byte(changed.String())
}
