package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal/simulator"
)

// scraper is one who scrapes in a format and a coding, and waits for nothing.
type scraper struct{ name, accept, encoding string }

func (s scraper) header() http.Header {
	return http.Header{"Accept": {s.accept}, "Accept-Encoding": {s.encoding}, "X-Prometheus-Scrape-Timeout-Seconds": {"0.5"}}
}

// target leaves out the collectors where nothing is compressed: what they expose is then
// made at each scrape, at a cost that grows with the VMs.
func (s scraper) target() string {
	target := "/metrics"
	if s.encoding == "identity" {
		query := url.Values{}
		for _, c := range collector.All() {
			query.Add("exclude[]", c.Name)
		}
		target += "?" + query.Encode()
	}
	return target
}

func (s scraper) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, s.target(), nil)
	r.Header = s.header()
	return r
}

// scrapers are one of each kind.
func scrapers() (all []scraper) {
	formats := [][2]string{
		{"text", "text/plain;version=0.0.4"},
		{"openmetrics", "application/openmetrics-text;version=1.0.0"},
		{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
	}
	for _, f := range formats {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			all = append(all, scraper{f[0] + "/" + encoding, f[1], encoding})
		}
	}
	return all
}

// BenchmarkFixedScrape is what a scrape costs whatever the number of VMs: with ten of
// them, and everything that serve registers. "handler" is the handler alone, "loopback"
// has net/http's client and server in it, and before "seldom" the garbage collector has
// taken what it may, as between the scrapes of one Prometheus.
func BenchmarkFixedScrape(b *testing.B) {
	d := newBenchDaemonOf(b, simulator.Options{VMs: 10}, "") // intervals as they are by default: no round meanwhile
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	handler := d.server().Handler
	nothing, collect := func() {}, func() { runtime.GC(); runtime.GC() }
	for _, s := range scrapers() {
		request := s.request()
		b.Run("handler/"+s.name, func(b *testing.B) {
			costs(b, nothing, func() { handler.ServeHTTP(discardWriter{http.Header{}}, request) })
		})
		b.Run("seldom/"+s.name, func(b *testing.B) {
			costs(b, collect, func() { handler.ServeHTTP(discardWriter{http.Header{}}, request) })
		})
		b.Run("loopback/"+s.name, func(b *testing.B) {
			costs(b, nothing, func() { fetchAs(b, client, strings.TrimSuffix(d.url, "/metrics")+s.target(), s.header()) })
		})
	}
}

// costs measures processor time and bytes by the call, without those of the first,
// which fills what is kept, nor those of what is done between calls.
func costs(b *testing.B, between, call func()) {
	call()
	var before, after runtime.MemStats
	var cpu time.Duration
	var bytes uint64
	for b.Loop() {
		between()
		runtime.ReadMemStats(&before)
		began := cpuTime()
		call()
		cpu += cpuTime() - began
		runtime.ReadMemStats(&after)
		bytes += after.TotalAlloc - before.TotalAlloc
	}
	b.ReportMetric(float64(cpu)/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(bytes)/1e3/float64(b.N), "kB/op")
}

// TestFixedScrape: what a scrape allocates whatever the number of VMs is less than 100 kB
// in every encoding, from the third on. Under the race detector, which throws away much
// of what others keep in a sync.Pool, it is less than 160 kB.
func TestFixedScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, smallEstate(), "")
		s.scrape()
		synctest.Wait()
		limit := uint64(100_000)
		if raceDetector() {
			limit = 160_000
		}
		handler := s.server().Handler
		for _, scraper := range scrapers() {
			r := scraper.request()
			scrape := func() { handler.ServeHTTP(discardWriter{http.Header{}}, r) }
			scrape()
			scrape()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			const scrapes = 20
			for range scrapes {
				scrape()
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / scrapes; each > limit {
				t.Errorf("%s: %d bytes", scraper.name, each)
			}
		}
	})
}

// TestProgramsOwn: a scrape has every series that the daemon's registry gathers, in its
// order, and what is said of it.
func TestProgramsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, smallEstate(), "")
		s.scrape()
		synctest.Wait()
		series := func(families []*dto.MetricFamily) (all []string) {
			for _, f := range families {
				all = append(all, fmt.Sprint(f.GetName(), f.GetType(), f.GetHelp(), f.GetUnit()))
				for _, m := range f.Metric {
					all = append(all, fmt.Sprint(m.Label))
				}
			}
			return all
		}
		families, err := s.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		want := series(families)
		var gatherer exposition.Gatherer
		for range 2 {
			failed, err := gatherer.Gather(s.registry, func(families []*dto.MetricFamily) error {
				if diff := cmp.Diff(want, series(families)); diff != "" {
					t.Errorf("not what the registry gathers (-want +got):\n%s", diff)
				}
				return nil
			})
			if failed != nil || err != nil {
				t.Error(failed, err)
			}
		}
	})
}

// raceDetector reports whether the test was built with -race.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
