package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recipes are the metric_relabel_configs of docs/operating.md, as they stand there.
func recipes(t testing.TB) (withoutVDC, withoutFamilies string) {
	t.Helper()
	page, err := os.ReadFile("docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(metric_relabel_configs:\n.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(found) != 2 {
		t.Fatalf("docs/operating.md has %d recipes", len(found))
	}
	return found[0][1], found[1][1]
}

// prometheusConfig scrapes one exporter with a recipe, or none.
func prometheusConfig(t testing.TB, exporter, interval, recipe string) (path string) {
	t.Helper()
	text := fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %[1]s}\nscrape_configs:\n- job_name: ukcloud\n  static_configs: [{targets: [%q]}]\n", interval, exporter)
	for line := range strings.Lines(recipe) {
		text += "  " + line
	}
	path = filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startPrometheus runs a Prometheus with a data directory of its own.
func startPrometheus(t testing.TB, config string) (p *process, address string) {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("NOT TESTED WITH A REAL PROMETHEUS: IT IS NOT INSTALLED (.ci/install)")
	}
	address = freePort(t)
	p = startProcess(t, program, "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--log.level=warn")
	return p, address
}

// TestRecipes: what docs/operating.md has Prometheus leave out is left out by a real one,
// and nothing else is, nor do two series become one.
func TestRecipes(t *testing.T) {
	processes(t)
	demo, exporter := startDemo(t, "--vms=40")
	status, exposition := get(t, "http://"+exporter+"/metrics")
	if status != http.StatusOK {
		t.Fatal(status, exposition)
	}
	withoutVDC, withoutFamilies := recipes(t)
	for name, tt := range map[string]struct {
		recipe   string
		expected func(family, labels string) (string, bool)
	}{
		"without vdc": {withoutVDC, func(family, labels string) (string, bool) {
			if strings.HasPrefix(family, "ukcloud_vm_") && family != "ukcloud_vm_info" {
				labels = regexp.MustCompile(`vdc="[^"]*" ?`).ReplaceAllString(labels, "")
			}
			return labels, true
		}},
		"without families": {withoutFamilies, func(family, labels string) (string, bool) {
			return labels, !slices.Contains([]string{
				"ukcloud_vm_cpus", "ukcloud_vm_memory_bytes", "ukcloud_vm_storage_bytes", "ukcloud_vm_backup_enabled", "ukcloud_vm_backup_retention_seconds",
			}, family)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			config := prometheusConfig(t, exporter, "1s", tt.recipe)
			server, address := startPrometheus(t, config)
			if out, err := exec.Command("promtool", "check", "config", config).CombinedOutput(); err != nil {
				t.Errorf("promtool: %v\n%s", err, out)
			}
			server.until("two scrapes", func() bool { return scrapesOf(t, address) >= 2 })
			var want []string
			for _, series := range seriesOf(exposition) {
				family, labels, _ := strings.Cut(series, " ")
				if labels, ok := tt.expected(family, labels); ok {
					want = append(want, family+" "+labels)
				}
			}
			slices.Sort(want)
			_, stored := get(t, "http://"+address+"/federate?match[]="+url.QueryEscape(`{job="ukcloud"}`))
			if diff := cmp.Diff(want, seriesOf(stored)); diff != "" || len(want) < 500 {
				t.Errorf("%d series, in Prometheus (-want +got):\n%s", len(want), diff)
			}
			if n := query(t, address, "prometheus_target_scrapes_sample_duplicate_timestamp_total"); n != "" && n != "0" {
				t.Errorf("%s samples were dropped as duplicates", n)
			}
			if err := server.stop(); err != nil {
				t.Error(err)
			}
		})
	}
	if err := demo.stop(); err != nil {
		t.Error(err)
	}
}

// scrapesOf is how many scrapes a Prometheus has made of a target that answers.
func scrapesOf(t testing.TB, address string) int {
	n, err := strconv.Atoi(query(t, address, `count_over_time(up{job="ukcloud"}[1h]) and on () up{job="ukcloud"} == 1`))
	if err != nil {
		return 0
	}
	return n
}

var (
	estateSeries = regexp.MustCompile(`(?m)^(ukcloud_(?:account_info|vorg_info|vdc_info|vms?|vms?_[a-z_]+|my_vm_[a-z_]+|billing_[a-z_]+))\{(.*)\} `)
	labelPair    = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// seriesOf are the series of VMs and bills in an exposition, in one order, without what
// Prometheus adds and without labels that say nothing.
func seriesOf(exposition string) (series []string) {
	for _, sample := range estateSeries.FindAllStringSubmatch(exposition, -1) {
		var labels []string
		for _, l := range labelPair.FindAllStringSubmatch(sample[2], -1) {
			if l[2] != "" && l[1] != "job" && l[1] != "instance" {
				labels = append(labels, l[0])
			}
		}
		slices.Sort(labels)
		series = append(series, sample[1]+" "+strings.Join(labels, " "))
	}
	slices.Sort(series)
	return series
}

// BenchmarkSeries is what an estate of 10,000 VMs costs a real Prometheus after 20
// scrapes: its series, the memory that it has, and its heap without garbage. The ways to
// have fewer take turns, three times each; the figures are medians. It takes a quarter
// of an hour, more than go test allows:
//
//	UKCLOUD_SERIES=1 go test -run '^$' -bench Series -timeout 1h .
func BenchmarkSeries(b *testing.B) {
	if os.Getenv("UKCLOUD_SERIES") == "" {
		b.Skip("measures for a quarter of an hour: UKCLOUD_SERIES=1 asks for it")
	}
	program := build(b)
	simulated := freePort(b)
	startProcess(b, program, "simulate", "--listen-address="+simulated, "--vms=10000", "--accounts=4")
	var table strings.Builder // to standard output: of a benchmark's log go test shows ten lines
	exporter := func(collectors string) (address string) {
		config := filepath.Join(b.TempDir(), "config.yml")
		yaml := fmt.Sprintf("portal: {url: http://%s/api, email: demo@example.com, password: demo}\ncollectors: {%s}\n", simulated, collectors)
		if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
			b.Fatal(err)
		}
		address = freePort(b)
		p := startProcess(b, program, "--config.file="+config, "--web.listen-address="+address)
		p.until("the first round", func() bool {
			_, body := get(b, "http://"+address+"/-/ready")
			return body == "ukcloud_exporter is ready.\n"
		})
		_, body := get(b, "http://"+address+"/metrics")
		fmt.Fprintf(&table, "collectors {%s} expose %d series of which %d are VMs of the bill, in %d compute services\n", collectors,
			strings.Count(body, "\nukcloud_"), strings.Count(body, "\nukcloud_billing_vm_month"), strings.Count(body, "\nukcloud_vorg_info{"))
		return address
	}
	all, core := exporter(""), exporter("compute_services: {families: core}")
	coreAndLimit := exporter("compute_services: {families: core}, billing_csv: {vm_limit_per_account: 250}")
	withoutVDC, withoutFamilies := recipes(b)
	ways := []struct{ name, exporter, recipe string }{
		{"all", all, ""}, {"without-vdc", all, withoutVDC}, {"without-families", all, withoutFamilies},
		{"core", core, ""}, {"core-250-an-account", coreAndLimit, ""},
	}
	const mebibyte = 1 << 20
	for b.Loop() {
		figures := map[string][][3]float64{}
		for range 3 {
			for _, way := range ways {
				server, address := startPrometheus(b, prometheusConfig(b, way.exporter, "2s", way.recipe))
				for scrapesOf(b, address) < 20 {
					time.Sleep(500 * time.Millisecond)
				}
				if status, _ := get(b, "http://"+address+"/debug/pprof/heap?gc=1"); status != http.StatusOK {
					b.Fatalf("Prometheus did not collect its garbage: %d", status)
				}
				_, own := get(b, "http://"+address+"/metrics")
				figures[way.name] = append(figures[way.name], [3]float64{
					value(b, own, "prometheus_tsdb_head_series"), value(b, own, "process_resident_memory_bytes") / mebibyte,
					value(b, own, "go_memstats_alloc_bytes") / mebibyte,
				})
				if err := server.stop(); err != nil {
					b.Fatal(err)
				}
			}
		}
		for _, way := range ways {
			for i, unit := range []string{"series", "resident-MiB", "heap-MiB"} {
				var of []float64
				for _, f := range figures[way.name] {
					of = append(of, f[i])
				}
				slices.Sort(of)
				fmt.Fprintf(&table, "%-20s %-12s %8.0f of %.0f\n", way.name, unit, of[1], of)
				b.ReportMetric(of[1], way.name+"-"+unit)
			}
		}
	}
	fmt.Fprintln(os.Stdout, "\n"+table.String())
}
