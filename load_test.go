package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/collector"
)

// BenchmarkMemory is the peak memory of the real binary before a portal of 10,000
// VMs: every refresh reads everything anew, and 50 scrapes for gzip are served; in
// memory alone, with a state_dir, when it starts with what the last run kept, and while
// it writes all bills into an export_dir.
func BenchmarkMemory(b *testing.B) {
	program := build(b)
	simulated := freePort(b)
	startProcess(b, program, "simulate", "--listen-address="+simulated, "--vms=10000", "--accounts=4")
	forgetful := forgetfulProxy(b, simulated)
	config := filepath.Join(b.TempDir(), "config.yml")
	yaml := fmt.Sprintf("portal: {url: %s/api, email: demo@example.com, password: demo}\n%%scollectors:\n", forgetful)
	for _, c := range collector.All() {
		keys := "min_interval: 1s"
		if c.Name == "billing_csv" {
			keys += "%s"
		}
		yaml += fmt.Sprintf("  %s: {%s}\n", c.Name, keys)
	}
	for _, run := range []struct{ name, state, export string }{
		{"memory", "", ""}, {"state_dir", "state_dir: state\n", ""}, {"restart", "state_dir: state\n", ""}, {"export_dir", "", ", export_dir: lake"},
	} {
		b.Run(run.name, func(b *testing.B) {
			if err := os.WriteFile(config, fmt.Appendf(nil, yaml, run.state, run.export), 0o600); err != nil {
				b.Fatal(err)
			}
			lake := filepath.Join(filepath.Dir(config), "lake")
			peakMemory(b, program, config, func(body string) bool {
				return run.export == "" || exported(b, lake) == 2*strings.Count(body, "\nukcloud_billing_period_start_timestamp_seconds{")
			})
			if err := os.RemoveAll(lake); err != nil {
				b.Fatal(err)
			}
		})
	}
	if parts := filepath.Join(filepath.Dir(config), "state", "parts"); exists(parts) { // -bench may have chosen memory alone
		b.Logf("%.1f MiB on disk", float64(sizeOf(b, parts))/(1<<20))
	}
}

// BenchmarkMemoryOfMany is that of 50,000 VMs of which each second everything is new, for
// gzip scrapes alone, and when all nine encodings are asked for as well.
func BenchmarkMemoryOfMany(b *testing.B) {
	program := build(b)
	simulated := freePort(b)
	startProcess(b, program, "simulate", "--listen-address="+simulated, "--vms=50000", "--accounts=4")
	config := filepath.Join(b.TempDir(), "config.yml")
	yaml := fmt.Sprintf("portal: {url: %s/api, email: demo@example.com, password: demo}\ncollectors: {compute_services: {min_interval: 1s}}\n",
		forgetfulProxy(b, simulated))
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		b.Fatal(err)
	}
	if before := os.Getenv("UKCLOUD_BEFORE"); before != "" { // an older build to compare with
		b.Run("gzip before", func(b *testing.B) { peakMemory(b, before, config, func(string) bool { return true }) })
	}
	b.Run("gzip", func(b *testing.B) { peakMemory(b, program, config, func(string) bool { return true }) })
	b.Run("all encodings", func(b *testing.B) {
		peakMemory(b, program, config, func(string) bool { return true }, everyEncoding()...)
	})
}

// everyEncoding are the headers for each format in each coding that there is.
func everyEncoding() (all []http.Header) {
	const (
		text        = "text/plain;version=0.0.4"
		openMetrics = "application/openmetrics-text;version=1.0.0"
		protobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	)
	for _, format := range []string{text, openMetrics, protobuf} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			all = append(all, http.Header{"Accept": {format}, "Accept-Encoding": {coding}})
		}
	}
	return all
}

// exported is how many bills stand in a data set.
func exported(b *testing.B, dir string) int {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "billing_period=*", "account=*", "*.parquet"))
	if err != nil {
		b.Fatal(err)
	}
	return len(files)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func sizeOf(b *testing.B, dir string) (size int64) {
	b.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

// peakMemory measures until done with what is exposed. Each fifth scrape is followed by
// ones with the headers of asked.
func peakMemory(b *testing.B, program, config string, done func(body string) bool, asked ...http.Header) {
	b.Helper()
	for b.Loop() {
		address := freePort(b)
		exporter := startProcess(b, program, "--config.file="+config, "--web.listen-address="+address)
		exporter.until("the first round", func() bool {
			_, body := get(b, "http://"+address+"/-/ready")
			return body == "ukcloud_exporter is ready.\n"
		})
		series := 0
		for n := range 50 {
			for _, header := range asked {
				if n%5 == 4 {
					ask(b, "http://"+address+"/metrics", header)
				}
			}
			status, body := get(b, "http://"+address+"/metrics")
			if status != http.StatusOK {
				b.Fatalf("scrape: %d", status)
			}
			series = strings.Count(body, "\nukcloud_vm_info{")
			time.Sleep(200 * time.Millisecond) // let refreshes run in between
		}
		exporter.until("everything is written", func() bool {
			_, body := get(b, "http://"+address+"/metrics")
			return done(body)
		})
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", exporter.cmd.Process.Pid))
		if err != nil {
			b.Fatal(err)
		}
		var peak float64
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				if _, err := fmt.Sscan(rest, &peak); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(peak/1024, "peak-MiB")
		b.ReportMetric(float64(series), "VMs")
		if err := exporter.stop(); err != nil {
			b.Fatal(err)
		}
	}
}

// ask reads an answer and keeps nothing of it.
func ask(b *testing.B, address string, header http.Header) {
	b.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatal(response.Status, err)
	}
}

// forgetfulProxy passes requests on without their validators, so that the portal
// always sends everything.
func forgetfulProxy(b *testing.B, to string) string {
	b.Helper()
	target, err := url.Parse("http://" + to)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("If-None-Match")
		proxy.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// TestScrapesLeaveNothingBehind scrapes the real binary 10,000 times: neither
// goroutines nor file descriptors nor memory grow.
func TestScrapesLeaveNothingBehind(t *testing.T) {
	processes(t)
	demo, address := startDemo(t, "--vms=20", "--accounts=1")
	client := &http.Client{}
	defer client.CloseIdleConnections()
	scrape := func(n int) {
		for i := range n {
			request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+address+"/metrics", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "0.5") // waits for nothing
			request.Header.Set("Accept-Encoding", "gzip")                    // and nothing is decompressed here
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := response.Body.Read(make([]byte, 1)); err != nil || response.StatusCode != http.StatusOK {
				t.Fatal(response.Status, err)
			}
			// Half of the scrapers go away in the middle.
			if i%2 == 0 {
				_, _ = io.Copy(io.Discard, response.Body)
			}
			response.Body.Close()
		}
	}
	measure := func() (goroutines, descriptors, resident float64) {
		_, body := get(t, "http://"+address+"/metrics")
		return value(t, body, "go_goroutines"), value(t, body, "process_open_fds"), value(t, body, "process_resident_memory_bytes")
	}
	scrape(2000)
	goroutines, descriptors, resident := measure()
	scrape(10_000)
	goroutinesAfter, descriptorsAfter, residentAfter := measure()
	t.Logf("goroutines %v to %v, descriptors %v to %v, resident %.1f to %.1f MiB", goroutines, goroutinesAfter, descriptors, descriptorsAfter, resident/(1<<20), residentAfter/(1<<20))
	if goroutinesAfter > goroutines+3 || descriptorsAfter > descriptors+3 {
		t.Errorf("goroutines grew from %v to %v, descriptors from %v to %v", goroutines, goroutinesAfter, descriptors, descriptorsAfter)
	}
	if residentAfter > resident*1.2+4<<20 {
		t.Errorf("resident memory grew from %.0f to %.0f bytes", resident, residentAfter)
	}
	if err := demo.stop(); err != nil {
		t.Error(err)
	}
}

// value reads one sample without labels.
func value(t testing.TB, exposition, name string) float64 {
	t.Helper()
	_, rest, ok := strings.Cut(exposition, "\n"+name+" ")
	if !ok {
		t.Fatalf("no %s", name)
	}
	var v float64
	if _, err := fmt.Sscan(rest, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
