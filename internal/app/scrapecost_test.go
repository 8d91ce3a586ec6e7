package app

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"ukcloud_exporter/portal/simulator"
)

// scrapers are the headers of those who scrape: each format in each coding.
func scrapers() (all []struct{ name, accept, encoding string }) {
	formats := []struct{ name, accept string }{
		{"text", "text/plain;version=0.0.4"},
		{"openmetrics", "application/openmetrics-text;version=1.0.0"},
		{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
	}
	for _, f := range formats {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			all = append(all, struct{ name, accept, encoding string }{f.name + "/" + encoding, f.accept, encoding})
		}
	}
	return all
}

// BenchmarkFixedScrape is what a scrape costs whatever the number of VMs: with ten of
// them, and everything that serve registers. "handler" is the handler alone, "loopback"
// has net/http's client and server in it.
func BenchmarkFixedScrape(b *testing.B) {
	d := newBenchDaemonOf(b, simulator.Options{VMs: 10}, "") // intervals as they are by default: no round meanwhile
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	handler := d.server().Handler
	for _, s := range scrapers() {
		header := http.Header{
			"Accept": {s.accept}, "Accept-Encoding": {s.encoding},
			"X-Prometheus-Scrape-Timeout-Seconds": {"0.5"}, // waits for nothing
		}
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header = header
		b.Run("handler/"+s.name, func(b *testing.B) {
			costs(b, func() { handler.ServeHTTP(discardWriter{http.Header{}}, request) })
		})
		b.Run("loopback/"+s.name, func(b *testing.B) {
			costs(b, func() { fetchAs(b, client, d.url, header) })
		})
	}
}

// costs measures processor time and bytes by the call, without those of the first,
// which fills what is kept.
func costs(b *testing.B, call func()) {
	call()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpuTime()
	for b.Loop() {
		call()
	}
	cpu := cpuTime() - began
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(cpu)/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/1e3/float64(b.N), "kB/op")
}
