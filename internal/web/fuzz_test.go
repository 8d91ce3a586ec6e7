package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/internal/web"
	"ukcloud_exporter/portal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// still is a collector that asks nobody.
type still struct{ name string }

func (s still) Families() []collector.Family {
	return []collector.Family{{
		Name: "ukcloud_" + s.name, Help: "Of a test.",
		Samples: func(any) []collector.Sample { return []collector.Sample{{Value: 1}} },
	}}
}

func (still) Collect(context.Context, func(string) *collector.Part, func(...collector.Result)) ([]collector.Result, error) {
	return []collector.Result{{Key: "1", Part: &collector.Part{}}}, nil
}

// FuzzScrape: no query and no header makes a scrape answer anything but a valid
// exposition or a refusal, or makes it late.
func FuzzScrape(f *testing.F) {
	f.Add("", "", "", "")
	f.Add("collect[]=builds", "*/*", "gzip", "10")
	f.Add("collect[]=builds&exclude[]=my_vm", "application/openmetrics-text;version=1.0.0", "zstd;q=0.5, gzip;q=0.1", "0.1")
	f.Add("exclude[]=nonsense&%zz", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "*;q=0", "-1")
	f.Add("collect[]=%00%ff", "text/plain;version=0.0.4;escaping=values", "gzip;q=", "1e300")
	f.Add("collect=builds", "application/openmetrics-text;version=2.0.0;q=2", "br", "NaN")
	c := snapshot.New(slog.New(slog.DiscardHandler), []snapshot.Member{
		{Name: "builds", Collector: still{"builds"}, MinInterval: time.Hour, MaxAge: time.Hour},
		{Name: "my_vm", Collector: still{"my_vm"}, MinInterval: time.Hour, MaxAge: time.Hour},
	})
	defer func() { _ = c.Stop(context.Background()) }()
	scrape := &web.Scrape{
		Log: slog.New(slog.DiscardHandler), Cache: func() *snapshot.Cache { return c },
		Program: prometheus.NewRegistry(), TimeoutOffset: 500 * time.Millisecond,
	}
	f.Fuzz(func(t *testing.T, query, accept, encoding, timeout string) {
		r := &http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: "/metrics", RawQuery: query},
			Header: http.Header{"Accept": {accept}, "Accept-Encoding": {encoding}, "X-Prometheus-Scrape-Timeout-Seconds": {timeout}},
		}
		w := httptest.NewRecorder()
		scrape.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			if w.Header().Get("Content-Type") == "" || w.Body.Len() == 0 && len(r.URL.Query()["exclude[]"]) == 0 {
				t.Errorf("200 without content: %q", w.Header())
			}
		case http.StatusBadRequest:
			if w.Body.Len() > 200 {
				t.Errorf("a refusal of %d bytes", w.Body.Len())
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

func TestMethods(t *testing.T) {
	c := snapshot.New(slog.New(slog.DiscardHandler), nil)
	scrape := &web.Scrape{
		Log: slog.New(slog.DiscardHandler), Cache: func() *snapshot.Cache { return c },
		Program: prometheus.NewRegistry(),
	}
	status := &web.Status{
		Log: slog.New(slog.DiscardHandler), Cache: func() *snapshot.Cache { return c },
		Session: func() portal.SessionStatus { return portal.SessionStatus{} },
		Tickets: func() *tickets.Bridge { return nil }, Daemon: func() web.Daemon { return web.Daemon{} },
	}
	for path, handler := range map[string]http.Handler{"/metrics": scrape, "/status": status.Handler()} {
		for method, want := range map[string]int{
			http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405,
		} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if w.Code != want || (want == 405) != (w.Header().Get("Allow") == "GET, HEAD") {
				t.Errorf("%s %s: %d, allowed %q, want %d", method, path, w.Code, w.Header().Get("Allow"), want)
			}
		}
	}
}
