package dashboards_test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.yaml.in/yaml/v3"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

// scrapeEstate is one scrape of the exporter before a simulated estate at end().
func scrapeEstate(t *testing.T, accounts, vms int) (text string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(end()))
		portal, err := simulator.New(simulator.Options{Seed: 5, Accounts: accounts, VMs: vms, History: 2})
		if err != nil {
			t.Fatal(err)
		}
		x := startExporter(t, portal, t.TempDir(), "")
		defer x.stop(t)
		text = x.get(t, "/metrics")
	})
	return text
}

// sampled writes a scrape's samples as those of a target at a moment.
func sampled(out *bufio.Writer, scrape, target string, at time.Time) {
	for line := range strings.Lines(scrape) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		brace, space := strings.IndexByte(line, '{'), strings.IndexByte(line, ' ')
		if brace < 0 || brace > space {
			fmt.Fprintf(out, "%s{%s}%s %d\n", line[:space], target, line[space:], at.Unix())
		} else {
			fmt.Fprintf(out, "%s{%s,%s %d\n", line[:brace], target, line[brace+1:], at.Unix())
		}
	}
}

const target1, target2 = `job="ukcloud",instance="exporter:10048"`, `job="ukcloud",instance="replica:10048"`

// history is a data directory of Prometheus that is filled before it is asked.
type history struct{ data, settings string }

func newHistory(t *testing.T) history {
	t.Helper()
	testutil.Need(t, "prometheus", "promtool")
	dir := t.TempDir()
	return history{filepath.Join(dir, "data"), testutil.WriteFile(t, dir, "prometheus.yml", "global: {}\n")}
}

// add imports samples in the order of their time, or of one moment.
func (h history) add(t *testing.T, write func(out *bufio.Writer)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samples.om")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	write(out)
	fmt.Fprintln(out, "# EOF")
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	testutil.Promtool(t, "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=9000h", path, h.data)
}

func (h history) start(t *testing.T) *testutil.Prometheus {
	t.Helper()
	return testutil.StartPrometheus(t, h.settings, h.data)
}

// record evaluates the recording rules at a moment, and those that stand on others
// after them, and then the alerts, all of which count as firing since an hour.
func (h history) record(t *testing.T, at time.Time) (recorded string) {
	t.Helper()
	records, alerts := readRules(t)
	written := map[string]bool{}
	for range 4 { // as deep as rules stand on each other
		prometheus := h.start(t)
		made := evaluate(t, prometheus, records, at, written)
		prometheus.Stop(t)
		if made == "" {
			break
		}
		h.add(t, func(out *bufio.Writer) { _, _ = out.WriteString(made) })
		recorded += made
	}
	prometheus := h.start(t)
	var made strings.Builder
	for _, r := range alerts {
		found, err := prometheus.Query(t.Context(), r.Expr, at)
		if err != nil {
			t.Fatalf("%s: %v", r.Alert, err)
		}
		for _, s := range found {
			labels := maps.Clone(s.Metric)
			maps.Copy(labels, r.Labels)
			labels["alertname"] = r.Alert
			fmt.Fprintf(&made, "%s %d %d\n", series("ALERTS_FOR_STATE", labels), at.Add(-time.Hour).Unix(), at.Unix())
			labels["alertstate"] = "firing"
			fmt.Fprintf(&made, "%s 1 %d\n", series("ALERTS", labels), at.Unix())
		}
	}
	prometheus.Stop(t)
	h.add(t, func(out *bufio.Writer) { _, _ = out.WriteString(made.String()) })
	return recorded
}

// evaluate returns the samples of the rules that have any and are not written yet.
func evaluate(t *testing.T, prometheus *testutil.Prometheus, rules []rule, at time.Time, written map[string]bool) string {
	t.Helper()
	var made strings.Builder
	for _, r := range rules {
		found, err := prometheus.Query(t.Context(), r.Expr, at)
		if err != nil {
			t.Fatalf("%s: %v", r.Record, err)
		}
		for _, s := range found {
			labels := maps.Clone(s.Metric)
			maps.Copy(labels, r.Labels)
			if name := series(r.Record, labels); !written[name] {
				written[name] = true
				fmt.Fprintf(&made, "%s %v %d\n", name, s.Value[1], at.Unix())
			}
		}
	}
	return made.String()
}

// selector writes a series.
func series(name string, labels map[string]string) string {
	var all []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		if label != "__name__" {
			all = append(all, fmt.Sprintf("%s=%s", label, quoted(labels[label])))
		}
	}
	return name + "{" + strings.Join(all, ",") + "}"
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// quoted quotes a label's value as the exposition formats do.
func quoted(s string) string { return `"` + escaper.Replace(s) + `"` }

type rule struct {
	Record, Alert, Expr, For string
	Labels                   map[string]string
}

// readRules are the rules that record and those that alert.
func readRules(t *testing.T) (records, alerts []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	text, err := os.ReadFile("../alerts/ukcloud.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				records = append(records, r)
			} else {
				alerts = append(alerts, r)
			}
		}
	}
	return records, alerts
}
