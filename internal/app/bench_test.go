package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// benchVMs is the size of the estate that the figures are about.
const benchVMs = 10_000

// contender is one way of doing what a benchmark is about.
type contender struct {
	name string
	run  func()
}

// race runs the contenders in turn, so that noise of the machine hits all of them,
// and reports the median CPU time of each and its ratio to the first's.
func race(b *testing.B, contenders ...contender) {
	b.Helper()
	const rounds = 15
	times := make([][]float64, len(contenders))
	for _, c := range contenders {
		c.run() // warm up
	}
	for b.Loop() {
		for range rounds {
			for i, c := range contenders {
				before := cpuTime()
				c.run()
				times[i] = append(times[i], float64(cpuTime()-before))
			}
		}
	}
	base := median(times[0])
	for i, c := range contenders {
		b.ReportMetric(median(times[i])/1e6, c.name+"-ms")
		if i > 0 {
			b.ReportMetric(median(times[i])/base, c.name+"/"+contenders[0].name)
		}
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// cpuTime is the CPU time of this process.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// benchDaemon is a daemon before a simulated portal of 10,000 VMs, on loopback.
type benchDaemon struct {
	*Daemon
	url    string
	portal *simulator.Portal
}

func newBenchDaemon(b *testing.B, options simulator.Options, collectors ...string) *benchDaemon {
	b.Helper()
	return newBenchDaemonOf(b, options, everySecond, collectors...)
}

// newBenchDaemonOf has a configuration of its own.
func newBenchDaemonOf(b *testing.B, options simulator.Options, configuration string, collectors ...string) *benchDaemon {
	b.Helper()
	options.Seed, options.KeepAlive = 1, true
	if options.Accounts == 0 {
		options.Accounts = 4
	}
	options.Email, options.Password, options.History = email, password, 2
	if options.VMs == 0 {
		options.VMs = benchVMs
	}
	at := time.Now()
	options.Now = func() time.Time { return at } // live fields change each hour
	portal, err := simulator.New(options)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(portal)
	file := filepath.Join(b.TempDir(), "config.yml")
	text := fmt.Sprintf("portal: {url: %s/api, email: %s, password: '%s'}\n%s", server.URL, email, password, configuration)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	o := Options{
		Load:        func() (*config.Config, error) { return config.Load(file, func(string) string { return "" }) },
		MetricsPath: "/metrics", TimeoutOffset: 500 * time.Millisecond,
	}
	if len(collectors) > 0 {
		only(collectors...)(&o)
	}
	d, err := start(slog.New(slog.DiscardHandler), o)
	if err != nil {
		b.Fatal(err)
	}
	exporter := httptest.NewServer(d.server().Handler)
	b.Cleanup(func() {
		exporter.Close()
		_ = d.stop()
		server.Close()
	})
	bd := &benchDaemon{Daemon: d, url: exporter.URL + "/metrics", portal: portal}
	for {
		if ready, waiting, stale := d.cache().Ready(); ready && len(waiting)+len(stale) == 0 {
			return bd
		}
		d.cache().Refresh(context.Background(), time.Now().Add(time.Second), d.cache().Names())
	}
}

// BenchmarkEstatePage makes the page of the largest estate, and all of its tables as
// CSV: at most 100 ms.
func BenchmarkEstatePage(b *testing.B) {
	d := newBenchDaemon(b, simulator.Options{Accounts: 50})
	handler := d.server().Handler
	for _, path := range []string{"/", "/?format=csv"} {
		b.Run(path, func(b *testing.B) {
			size := 0
			begin := cpuTime()
			for b.Loop() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				if size = w.Body.Len(); w.Code != http.StatusOK {
					b.Fatalf("status %d", w.Code)
				}
			}
			b.ReportMetric(float64(cpuTime()-begin)/1e6/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

// BenchmarkFreshScrape compares a scrape that waits for all collectors, where each
// portal call takes 10 ms, with the bound that latency sets: the accounts are asked
// first, then everything else, eight calls at a time. Nothing has changed at the
// portal, so that the time is that of the calls and not of reading 10,000 VMs.
func BenchmarkFreshScrape(b *testing.B) {
	const latency = 10 * time.Millisecond
	d := newBenchDaemon(b, simulator.Options{Latency: latency})
	calls := func() int {
		n := 0
		for _, count := range d.portal.Requests() {
			n += count
		}
		return n
	}
	var ratios []float64
	var last int
	for b.Loop() {
		for range 7 {
			b.StopTimer()
			time.Sleep(1100 * time.Millisecond) // min_interval is a second
			b.StartTimer()
			before, began := calls(), time.Now()
			d.cache().Refresh(context.Background(), began.Add(time.Minute), d.cache().Names())
			took := time.Since(began)
			last = calls() - before
			bound := latency * time.Duration(1+(last-1+7)/8)
			ratios = append(ratios, float64(took)/float64(bound))
		}
	}
	b.ReportMetric(median(ratios), "took/bound")
	b.ReportMetric(float64(last), "calls")
}

// BenchmarkAllocations counts what a scrape allocates, by the size of the estate.
func BenchmarkAllocations(b *testing.B) {
	for _, vms := range []int{100, 1000, benchVMs} {
		b.Run(fmt.Sprint(vms, "VMs"), func(b *testing.B) {
			d := newBenchDaemonOf(b, simulator.Options{VMs: vms}, "", "compute_services")
			handler := d.server().Handler
			request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			request.Header.Set("Accept-Encoding", "gzip")
			request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "0.5") // waits for nothing
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(discardWriter{http.Header{}}, request)
			}
		})
	}
}

// fetch reads an address to its end.
func fetch(tb testing.TB, client *http.Client, url, encoding string) int64 {
	return fetchAs(tb, client, url, http.Header{"Accept-Encoding": {encoding}, "X-Prometheus-Scrape-Timeout-Seconds": {"0.6"}})
}

// fetchAs reads it for a scraper with these headers.
func fetchAs(tb testing.TB, client *http.Client, url string, header http.Header) int64 {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		tb.Fatal(response.Status, err)
	}
	return n
}

// BenchmarkScrape compares a scrape with serving the same bytes from a buffer,
// and with the same families as const metrics through promhttp.
func BenchmarkScrape(b *testing.B) {
	d := newBenchDaemon(b, simulator.Options{})
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for _, encoding := range []string{"gzip", "identity"} {
		b.Run(encoding, func(b *testing.B) {
			body := read(b, client, d.url, encoding)
			cached := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				w.Write(body)
			}))
			defer cached.Close()
			naive := httptest.NewServer(constMetrics(b, read(b, client, d.url, "identity")))
			defer naive.Close()
			b.ReportMetric(float64(len(body)), "bytes")
			b.ResetTimer()
			race(b,
				contender{"cached", func() { fetch(b, client, cached.URL, encoding) }},
				contender{"scrape", func() { fetch(b, client, d.url, encoding) }},
			)
			once := make([]float64, 5)
			for i := range once {
				before := cpuTime()
				fetch(b, client, naive.URL, encoding)
				once[i] = float64(cpuTime() - before)
			}
			b.ReportMetric(median(once)/1e6, "promhttp-ms")
		})
	}
}

func read(tb testing.TB, client *http.Client, url, encoding string) []byte {
	tb.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", encoding)
	response, err := client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// constMetrics serves what an exposition says in the plain way: a collector that
// makes const metrics at each scrape, and promhttp.
func constMetrics(tb testing.TB, text []byte) http.Handler {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(&constCollector{families})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

type constCollector struct{ families map[string]*dto.MetricFamily }

func (*constCollector) Describe(chan<- *prometheus.Desc) {}

func (c *constCollector) Collect(ch chan<- prometheus.Metric) {
	for name, f := range c.families {
		if f.GetType() != dto.MetricType_GAUGE && f.GetType() != dto.MetricType_COUNTER {
			continue
		}
		var desc *prometheus.Desc
		for _, m := range f.Metric {
			names, values := make([]string, len(m.Label)), make([]string, len(m.Label))
			for i, l := range m.Label {
				names[i], values[i] = l.GetName(), l.GetValue()
			}
			if desc == nil {
				desc = prometheus.NewDesc(name, f.GetHelp(), names, nil)
			}
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, m.GetGauge().GetValue()+m.GetCounter().GetValue(), values...)
		}
	}
}

// computeAnswers are the answers of compute_services, by path and query.
func computeAnswers(b *testing.B, vms int) map[string][]byte {
	b.Helper()
	d := newBenchDaemon(b, simulator.Options{VMs: vms}, "builds") // anything but the estate itself
	answers := map[string][]byte{}
	client := d.current.Load().client
	accounts, err := client.Accounts(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	recorder := &recordingTransport{answers: answers}
	second, err := portal.New(strings.TrimSuffix(d.current.Load().config.PortalURL(), "/"), d.current.Load().config.Credentials, portal.WithTransport(recorder))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := second.Accounts(context.Background()); err != nil {
		b.Fatal(err)
	}
	for _, a := range accounts {
		if _, err := second.ComputeServices(context.Background(), a.ID); err != nil {
			b.Fatal(err)
		}
	}
	return answers
}

// recordingTransport keeps what comes through.
type recordingTransport struct {
	mu      sync.Mutex
	answers map[string][]byte
}

func (r *recordingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[request.URL.RequestURI()] = body
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// replay answers from memory, with or without validators.
type replay struct {
	answers map[string][]byte
	tagged  bool // answer 304 where the validator fits
}

func (r *replay) RoundTrip(request *http.Request) (*http.Response, error) {
	h := http.Header{"Content-Type": {"application/json"}}
	path := request.URL.RequestURI()
	status, body := http.StatusOK, r.answers[path]
	switch {
	case strings.HasSuffix(path, "/authenticate"):
		status = http.StatusCreated
		h.Set("Set-Cookie", "rack.session=x; path=/api")
	case r.tagged:
		h.Set("ETag", `W/"same"`)
		if request.Header.Get("If-None-Match") != "" {
			status, body = http.StatusNotModified, nil
		}
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: request,
	}, nil
}

// BenchmarkRound compares a round in which everything changed, from the first byte
// to the published gzip piece, with the naive way, and one in which nothing did.
func BenchmarkRound(b *testing.B) {
	for _, vms := range []int{benchVMs, 5 * benchVMs} {
		b.Run(strconv.Itoa(vms), func(b *testing.B) { round(b, vms) })
	}
}

func round(b *testing.B, vms int) {
	answers := computeAnswers(b, vms)
	naive := func() {
		var pages []naiveAnswer
		for path, body := range answers {
			if strings.Contains(path, "compute_services") {
				var page naiveAnswer
				if err := json.Unmarshal(body, &page); err != nil {
					b.Fatal(err)
				}
				pages = append(pages, page)
			}
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(&naiveCollector{pages})
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept-Encoding", "gzip")
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(discardWriter{recorder.Header()}, request)
	}
	changed := roundOf(b, &replay{answers: answers})
	same := roundOf(b, &replay{answers: answers, tagged: true})
	race(b, contender{"naive", naive}, contender{"changed", changed}, contender{"unchanged", same})
}

type discardWriter struct{ header http.Header }

func (d discardWriter) Header() http.Header       { return d.header }
func (discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (discardWriter) WriteHeader(int)             {}

// roundOf returns a function that runs one round of compute_services for a gzip
// scraper.
func roundOf(b *testing.B, transport http.RoundTripper) func() {
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: email, Password: portal.NewSecret(password)}, nil
	}, portal.WithTransport(transport))
	if err != nil {
		b.Fatal(err)
	}
	c := snapshot.New(slog.New(slog.DiscardHandler), []snapshot.Member{{
		Name: "compute_services", Collector: collector.NewComputeServices(inventory.New(client.Conditional(), nil), collector.ComputeSettings{}),
		MinInterval: time.Nanosecond, MaxAge: time.Hour,
	}})
	gzipText := exposition.Negotiate(http.Header{"Accept-Encoding": {"gzip"}})
	return func() {
		if _, err := c.Exposition(gzipText, c.Names()); err != nil {
			b.Fatal(err)
		}
		c.Refresh(context.Background(), time.Now().Add(time.Minute), c.Names())
		if s := c.Status()[0]; !s.Success || s.Series < 100_000 {
			b.Fatalf("%+v", s)
		}
	}
}

// naiveAnswer is compute_services for encoding/json.
type naiveAnswer struct {
	VOrgs []struct {
		Name, ServiceID, URN string
		VDCs                 []struct {
			Name, URN string
			VApps     []struct {
				Name, URN string
				VMs       []naiveVM
			}
		}
	}
}

type naiveVM struct {
	Name, URN, Size, MonthToDate, PowerStatus, OperatingSystem, LastBackupStatus string

	EstimatedMonthlyTotal                       *string
	BilledHoursPoweredOn, BilledHoursPoweredOff int64
	NumberOfCPUs, Memory, Storage               int64
	InBackup                                    bool
	RetentionLength                             int64
	Backups                                     []struct {
		Status, BackupSlot     string
		BackupStart, BackupEnd *string
	}
}

// naiveCollector makes const metrics of everything that compute_services has.
type naiveCollector struct{ pages []naiveAnswer }

func (*naiveCollector) Describe(chan<- *prometheus.Desc) {}

func (c *naiveCollector) Collect(ch chan<- prometheus.Metric) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	desc := func(name string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, "As the exporter's own.", labels, nil)
	}
	info := desc("ukcloud_vm_info", "account", "vorg", "vdc", "vapp", "vm", "vm_name", "vapp_name", "vdc_name", "vorg_name", "size", "os")
	billed := desc("ukcloud_vm_billed_seconds", "account", "vdc", "vm", "power_state")
	per := map[string]*prometheus.Desc{}
	for _, name := range []string{
		"powered_on", "cpus", "memory_bytes", "storage_bytes", "cost_month_to_date_gbp", "cost_month_estimate_gbp",
		"backup_enabled", "backup_last_attempt_success", "backup_last_attempt_timestamp_seconds",
		"backup_last_success_timestamp_seconds", "backup_last_duration_seconds", "backup_retention_seconds",
	} {
		per[name] = desc("ukcloud_vm_"+name, "account", "vdc", "vm")
	}
	number := func(text string) float64 {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			panic(err)
		}
		return f
	}
	boolean := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	for _, page := range c.pages {
		for _, vorg := range page.VOrgs {
			for _, vdc := range vorg.VDCs {
				for _, vapp := range vdc.VApps {
					for _, vm := range vapp.VMs {
						labels := []string{"1", vdc.URN, vm.URN}
						say := func(name string, v float64) {
							ch <- prometheus.MustNewConstMetric(per[name], prometheus.GaugeValue, v, labels...)
						}
						ch <- prometheus.MustNewConstMetric(info, prometheus.GaugeValue, 1, "1", vorg.ServiceID, vdc.URN, vapp.URN, vm.URN, vm.Name, vapp.Name, vdc.Name, vorg.Name, vm.Size, vm.OperatingSystem)
						ch <- prometheus.MustNewConstMetric(billed, prometheus.GaugeValue, float64(vm.BilledHoursPoweredOn*3600), append(labels, "on")...)
						ch <- prometheus.MustNewConstMetric(billed, prometheus.GaugeValue, float64(vm.BilledHoursPoweredOff*3600), append(labels, "off")...)
						say("powered_on", boolean(vm.PowerStatus == "POWERED_ON"))
						say("cpus", float64(vm.NumberOfCPUs))
						say("memory_bytes", float64(vm.Memory<<20))
						say("storage_bytes", float64(vm.Storage<<20))
						say("cost_month_to_date_gbp", number(vm.MonthToDate))
						if vm.EstimatedMonthlyTotal != nil {
							say("cost_month_estimate_gbp", number(*vm.EstimatedMonthlyTotal))
						}
						say("backup_enabled", boolean(vm.InBackup))
						say("backup_retention_seconds", float64(vm.RetentionLength*86400))
						if len(vm.Backups) > 0 {
							newest := vm.Backups[0]
							say("backup_last_attempt_success", boolean(vm.LastBackupStatus == "Successful"))
							if newest.BackupStart != nil && newest.BackupEnd != nil {
								from, _ := time.ParseInLocation("02/01/2006 15:04", *newest.BackupStart, london)
								to, _ := time.ParseInLocation("02/01/2006 15:04", *newest.BackupEnd, london)
								say("backup_last_attempt_timestamp_seconds", float64(from.Unix()))
								say("backup_last_success_timestamp_seconds", float64(to.Unix()))
								say("backup_last_duration_seconds", to.Sub(from).Seconds())
							}
						}
					}
				}
			}
		}
	}
}
