package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/web"
)

// newCache is a cache of collectors that ask nobody.
func newCache(t *testing.T, names ...string) *snapshot.Cache {
	t.Helper()
	var members []snapshot.Member
	for _, name := range names {
		members = append(members, snapshot.Member{Name: name, Collector: still{name}, MinInterval: time.Hour, MaxAge: time.Hour})
	}
	return cacheOf(t, members...)
}

func cacheOf(t *testing.T, members ...snapshot.Member) *snapshot.Cache {
	t.Helper()
	c := snapshot.New(slog.New(slog.DiscardHandler), members)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

func newScrape(c *snapshot.Cache, program exposition.Registry) *web.Scrape {
	return &web.Scrape{Log: slog.New(slog.DiscardHandler), Cache: func() *snapshot.Cache { return c }, Program: program}
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestCollectAndExclude: which collectors an answer has, and what a scrape that asks for
// none of those there are is told.
func TestCollectAndExclude(t *testing.T) {
	const long = "a-name-of-more-than-sixty-four-bytes-which-is-not-said-back-in-full"
	tests := []struct {
		name, query string
		status      int
		want        string // names of the collectors in the answer, or what is said
	}{
		{"all", "", 200, "builds my_calls my_vm"},
		{"one", "collect[]=my_vm", 200, "my_vm"},
		{"two, in the order that all answers have", "collect[]=my_vm&collect[]=builds", 200, "builds my_vm"},
		{"all but one", "exclude[]=my_calls", 200, "builds my_vm"},
		{"none", "exclude[]=my_calls&exclude[]=my_vm&exclude[]=builds", 200, ""},
		{"both", "collect[]=builds&exclude[]=my_vm", 400, "collect[] and exclude[] cannot be combined\n"},
		{"unknown", "collect[]=nonsense", 400, "unknown or disabled collector \"nonsense\"; there are builds, my_calls, my_vm\n"},
		{"unknown is not left out", "exclude[]=nonsense", 400, "unknown or disabled collector \"nonsense\"; there are builds, my_calls, my_vm\n"},
		{"long", "collect[]=" + long, 400, "unknown or disabled collector \"" + long[:64] + "…\"; there are builds, my_calls, my_vm\n"},
		{"just not long", "collect[]=" + long[:64], 400, "unknown or disabled collector \"" + long[:64] + "\"; there are builds, my_calls, my_vm\n"},
	}
	scrape := newScrape(newCache(t, "builds", "my_calls", "my_vm"), prometheus.NewRegistry())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := answer(scrape, httptest.NewRequest(http.MethodGet, "/metrics?"+tt.query, nil))
			got := w.Body.String()
			if tt.status == http.StatusOK {
				var names []string
				for line := range strings.Lines(got) {
					if name, ok := strings.CutPrefix(line, "ukcloud_"); ok {
						names = append(names, strings.TrimSuffix(name, " 1\n"))
					}
				}
				got = strings.Join(names, " ")
			}
			if w.Code != tt.status || got != tt.want {
				t.Errorf("%d %q, want %d %q", w.Code, got, tt.status, tt.want)
			}
		})
	}
}

// TestTimeoutOffset: what the way back takes is kept from the scraper's timeout, which is
// ten seconds where it is not said or makes no sense.
func TestTimeoutOffset(t *testing.T) {
	for timeout, want := range map[string]time.Duration{"": 9500 * time.Millisecond, "0": 9500 * time.Millisecond, "3": 2500 * time.Millisecond, "0.5": 0, "0.1": 0} {
		t.Run("timeout "+timeout, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cacheOf(t, snapshot.Member{Name: "builds", Collector: hanging{still{"builds"}}, MinInterval: time.Hour, MaxAge: time.Hour})
				scrape := newScrape(c, prometheus.NewRegistry())
				scrape.TimeoutOffset = 500 * time.Millisecond
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
				r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
				began := time.Now()
				if w := answer(scrape, r); w.Code != http.StatusOK {
					t.Errorf("status %d", w.Code)
				}
				if took := time.Since(began); took != want {
					t.Errorf("waited %s, want %s", took, want)
				}
			})
		})
	}
}

// TestAnswersHeader: what is said of an answer is true of it.
func TestAnswersHeader(t *testing.T) {
	program := prometheus.NewRegistry()
	program.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "own", Help: "Of the program."}))
	scrape := newScrape(newCache(t, "builds"), program)
	tests := []struct {
		name, method, accept, encoding string
		kind, coded, end               string
	}{
		{"text", "GET", "", "", "text/plain; version=0.0.4", "", "ukcloud_builds 1\n# HELP own Of the program.\n# TYPE own gauge\nown 0\n"},
		{"text for HTTP/1.0", "GET", "", "", "text/plain; version=0.0.4", "", "ukcloud_builds 1\n# HELP own Of the program.\n# TYPE own gauge\nown 0\n"},
		{"gzip", "GET", "", "gzip", "text/plain; version=0.0.4", "gzip", "own 0\n"},
		{"OpenMetrics has its end", "GET", "application/openmetrics-text;version=1.0.0", "", "application/openmetrics-text; version=1.0.0", "", "own 0.0\n# EOF\n"},
		{"HEAD", "HEAD", "", "", "text/plain; version=0.0.4", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/metrics", nil)
			r.Header.Set("Accept", tt.accept)
			r.Header.Set("Accept-Encoding", tt.encoding)
			if tt.name == "text for HTTP/1.0" {
				r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0
			}
			w := answer(scrape, r)
			h := w.Header()
			if !strings.HasPrefix(h.Get("Content-Type"), tt.kind) || h.Get("Content-Encoding") != tt.coded || h.Get("Vary") != "Accept, Accept-Encoding" {
				t.Errorf("header %v", h)
			}
			length := "" // what is not compressed is written as it comes
			if tt.coded != "" || tt.name == "text for HTTP/1.0" {
				length = strconv.Itoa(w.Body.Len())
			}
			if h.Get("Content-Length") != length {
				t.Errorf("Content-Length %q of %d bytes", h.Get("Content-Length"), w.Body.Len())
			}
			body := w.Body.Bytes()
			if tt.coded != "" {
				unzip, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(unzip); err != nil {
					t.Fatal(err)
				}
			}
			if tt.method == "HEAD" && len(body) > 0 || !strings.HasSuffix(string(body), tt.end) {
				t.Errorf("body %q", body)
			}
		})
	}
}

// TestPartOfTheProgramsOwn: what could be gathered is served, and what could not is said.
func TestPartOfTheProgramsOwn(t *testing.T) {
	own := prometheus.NewDesc("own", "Of the program.", nil, nil)
	broken := true
	value := 1.0
	program := prometheus.NewRegistry()
	program.MustRegister(collectorFunc(func(ch chan<- prometheus.Metric) {
		ch <- prometheus.MustNewConstMetric(own, prometheus.GaugeValue, value)
		if broken {
			ch <- prometheus.NewInvalidMetric(prometheus.NewDesc("other", "Another.", nil, nil), errors.New("another is broken"))
		}
	}))
	var logs bytes.Buffer
	scrape := newScrape(newCache(t, "builds"), program)
	scrape.Log = slog.New(slog.NewTextHandler(&logs, nil))
	get := func(want string) {
		t.Helper()
		w := answer(scrape, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), "ukcloud_builds 1\n") {
			t.Errorf("%d %s, want %q", w.Code, w.Body, want)
		}
	}
	get("own 1\n")
	if !strings.Contains(logs.String(), "another is broken") {
		t.Errorf("logged %q", logs.String())
	}

	logs.Reset()
	broken, value = false, 2
	get("own 2\n")
	if logs.Len() > 0 {
		t.Errorf("logged %q of nothing", logs.String())
	}
}

// TestProgramsOwnThatCannotBeEncoded: such a scrape fails, and it is said why.
func TestProgramsOwnThatCannotBeEncoded(t *testing.T) {
	name := "own"
	program := registry{
		collectorFunc(func(chan<- prometheus.Metric) { panic("out of order") }),
		prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return []*dto.MetricFamily{{Name: &name}}, nil }),
	}
	var logs bytes.Buffer
	scrape := newScrape(newCache(t, "builds"), program)
	scrape.Log = slog.New(slog.NewTextHandler(&logs, nil))
	w := answer(scrape, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(logs.String(), "Answering a scrape failed") {
		t.Errorf("%d %q, logged %q", w.Code, w.Body, logs.String())
	}
}

type registry struct {
	prometheus.Collector
	prometheus.Gatherer
}

type collectorFunc func(chan<- prometheus.Metric)

func (collectorFunc) Describe(chan<- *prometheus.Desc)      {}
func (f collectorFunc) Collect(ch chan<- prometheus.Metric) { f(ch) }

// gone is a reader who is gone.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// breaking is a collector whose family breaks when its samples are read again.
type breaking struct{ still }

func (b breaking) Families() []collector.Family {
	families, calls := b.still.Families(), 0
	samples := families[0].Samples
	families[0].Samples = func(data any) []collector.Sample {
		if calls++; calls > 1 {
			panic("a bug in a family")
		}
		return samples(data)
	}
	return families
}

// TestPlainAnswerThatBreaks: its connection is cut, so that the part is not taken for the
// whole, and the reason is logged; a scraper that went away is none.
func TestPlainAnswerThatBreaks(t *testing.T) {
	for _, tt := range []struct {
		name      string
		collector collector.Collector
		writer    http.ResponseWriter
		want      string
	}{
		{"a bug", breaking{still{"builds"}}, httptest.NewRecorder(), `level=ERROR msg="Answering a scrape failed" err="encode: panic: a bug in a family"`},
		{"a scraper that went away", still{"builds"}, gone{httptest.NewRecorder()}, `level=DEBUG msg="A scraper went away"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var logs bytes.Buffer
			c := cacheOf(t, snapshot.Member{Name: "builds", Collector: tt.collector, MinInterval: time.Hour, MaxAge: time.Hour})
			scrape := newScrape(c, prometheus.NewRegistry())
			scrape.Log = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
			defer func() {
				if reason := recover(); reason != http.ErrAbortHandler || !strings.Contains(logs.String(), tt.want) {
					t.Errorf("panic: %v, logged %q", reason, logs.String())
				}
			}()
			scrape.ServeHTTP(tt.writer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		})
	}
}
