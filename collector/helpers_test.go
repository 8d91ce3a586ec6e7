package collector_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is what the fake portal says on a path.
type answer struct {
	status int // 0 is 200
	body   string
	etag   string
}

// fakePortal answers by path, and by path and query where that is listed. It is
// a round tripper, so that tests run on a fake clock.
type fakePortal struct {
	answers map[string]answer

	mu    sync.Mutex
	asked []string
}

func (f *fakePortal) RoundTrip(r *http.Request) (*http.Response, error) {
	path := r.URL.RequestURI()
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+path)
	f.mu.Unlock()
	if path == "/api/authenticate" {
		return response(r, answer{status: http.StatusCreated, body: `{"expire_after": 900}`},
			"Set-Cookie", "rack.session=canary; path=/api; HttpOnly"), nil
	}
	a, ok := f.answers[path]
	if !ok {
		a, ok = f.answers[r.URL.Path]
	}
	if !ok {
		a = answer{status: http.StatusNotFound, body: `{"error":"404 Not Found"}`}
	}
	if a.etag != "" && r.Header.Get("If-None-Match") == a.etag {
		return response(r, answer{status: http.StatusNotModified, etag: a.etag}), nil
	}
	return response(r, a), nil
}

func response(r *http.Request, a answer, headers ...string) *http.Response {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if strings.HasPrefix(r.URL.Path, "/api/billing/") {
		h.Set("Content-Type", "text/csv")
	}
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}
}

func (f *fakePortal) client(t *testing.T) *portal.Client {
	t.Helper()
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "exporter@example.com", Password: portal.NewSecret("secret")}, nil
	}, portal.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// round collects once and returns the results and what they expose.
func round(t *testing.T, c collector.Collector, previous map[string]collector.Part) ([]collector.Result, string) {
	t.Helper()
	results, err := c.Collect(t.Context(), func(key string) collector.Part { return previous[key] })
	if err != nil {
		t.Fatalf("collect: %v", err)
	}
	return results, exposed(t, c, results)
}

func exposed(t *testing.T, c collector.Collector, results []collector.Result) string {
	t.Helper()
	var b bytes.Buffer
	w := exposition.NewWriter(&b, exposition.Text)
	for i, d := range c.Families() {
		w.Family(d)
		for _, r := range results {
			if r.Part != nil {
				r.Part.Write(i, w)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// samples is an exposition without its comments.
func samples(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func parts(results []collector.Result) map[string]collector.Part {
	held := map[string]collector.Part{}
	for _, r := range results {
		held[r.Key] = r.Part
	}
	return held
}

// memory is State of a daemon without a state_dir, which was just started.
type memory struct{}

func (*memory) Load(any) error { return nil }
func (*memory) Save(any)       {}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
