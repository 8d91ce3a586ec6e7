package dashboards_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSimulatedDay asks a real Prometheus that holds a day of the simulated
// estate: every query of every panel, annotation and variable must return data,
// because what returns nothing there would return nothing in the field; and the
// alerts must fire for what was wrong that day, and for nothing else.
func TestSimulatedDay(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	prometheus, portal := dayInPrometheus(t)
	chosen := choose(t, portal)
	for _, d := range load(t) {
		t.Run(d.UID, func(t *testing.T) { showsData(t, d, prometheus, chosen) })
	}
	t.Run("alerts", func(t *testing.T) { fireForCause(t, prometheus) })
}

func showsData(t *testing.T, d dashboard, prometheus *testutil.Prometheus, chosen values) {
	t.Helper()
	for _, v := range d.variables() {
		if got := v.values(t, prometheus); len(got) == 0 {
			t.Errorf("variable %s: %s gives no value", v.Name, v.Definition)
		}
	}
	for _, a := range d.annotations() {
		a.check(t, prometheus)
	}
	for _, p := range d.panels() {
		for _, target := range p.Targets {
			if n, err := target.run(t, prometheus, p, everything); err != nil || n == 0 {
				t.Errorf("panel %q: %d series, %v:\n%s", p.Title, n, err, target.Expr)
			}
			if _, err := target.run(t, prometheus, p, chosen); err != nil {
				t.Errorf("panel %q with one VM chosen: %v:\n%s", p.Title, err, target.Expr)
			}
		}
	}
}

// dayInPrometheus starts a Prometheus that holds the simulated day and what the
// rules record of it.
func dayInPrometheus(t *testing.T) (*testutil.Prometheus, *simulator.Portal) {
	t.Helper()
	testutil.Need(t, "prometheus", "promtool")
	dir := t.TempDir()
	data, samples := filepath.Join(dir, "data"), filepath.Join(dir, "day.om")
	portal := simulate(t, samples)
	testutil.Promtool(t, "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=512h", samples, data)
	if err := os.Remove(samples); err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile("../alerts/ukcloud.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	testutil.WriteFile(t, dir, "rules.yml", string(rules))
	// The operator's budget: alerts/budget.example.yml with an account of the estate.
	testutil.WriteFile(t, dir, "budget.yml", fmt.Sprintf(
		"groups: [{name: budget, rules: [{record: 'ukcloud:budget_month_gbp', labels: {account: %q}, expr: vector(10000)}]}]", portal.AccountIDs()[0]))
	settings := testutil.WriteFile(t, dir, "prometheus.yml", "global: {}\n")
	// Twice, because some rules stand on others; what is written is seen after a
	// restart.
	for range 2 {
		prometheus := testutil.StartPrometheus(t, settings, data)
		testutil.Promtool(t, "tsdb", "create-blocks-from", "rules", "--url="+prometheus.URL, "--output-dir="+data, "--eval-interval="+interval.String(),
			fmt.Sprintf("--start=%d", end().Add(-length).Unix()), fmt.Sprintf("--end=%d", end().Unix()),
			filepath.Join(dir, "rules.yml"), filepath.Join(dir, "budget.yml"))
		prometheus.Stop(t)
	}
	return testutil.StartPrometheus(t, settings, data), portal
}

// values of the variables.
type values map[string]string

// everything is "All" of each variable.
var everything = values{"job": ".+", "instance": ".+", "account": ".*", "vorg": ".*", "vdc": ".*", "vm": ".*"}

// choose picks one VM and all that it is in. Grafana escapes the values of a
// variable that stands in a regular expression.
func choose(t *testing.T, portal *simulator.Portal) values {
	t.Helper()
	all := portal.VMs()
	i := slices.IndexFunc(all, func(vm simulator.VM) bool { return vm.Protected })
	if i < 0 {
		t.Fatal("no VM is protected")
	}
	vm := all[i]
	text := func(s string) string { return strings.ReplaceAll(regexp.QuoteMeta(s), `\`, `\\`) }
	return values{
		"job": "ukcloud", "instance": text("exporter:10048"), "account": text(vm.Account), "vorg": text(vm.ServiceID),
		"vdc": text(vm.VDC), "vm": text(vm.Name),
	}
}

// interpolate puts values in place of Grafana's variables.
func (v values) interpolate(expr string) string {
	expr = strings.NewReplacer(
		"$__rate_interval", (4 * interval).String(), "$__range", length.String(), "$__interval", interval.String(),
	).Replace(expr)
	return grafanaVariable.ReplaceAllStringFunc(expr, func(name string) string { return v[strings.TrimPrefix(name, "$")] })
}

var grafanaVariable = regexp.MustCompile(`\$[a-z_]+`)

// run returns how many series a query of a panel returns.
func (q target) run(t *testing.T, prometheus *testutil.Prometheus, p panel, v values) (int, error) {
	t.Helper()
	expr := v.interpolate(q.Expr)
	if q.Instant {
		series, err := prometheus.Query(t.Context(), expr, end())
		return len(series), err
	}
	step := interval
	if p.Interval == "1d" || p.Interval == "1h" { // a day has too few days for a day's steps
		step = time.Hour
	}
	series, err := prometheus.QueryRange(t.Context(), expr, end().Add(-length), end(), step)
	return len(series), err
}

// check runs an annotation's query: its values must be moments of the simulated
// month, in milliseconds.
func (a annotation) check(t *testing.T, prometheus *testutil.Prometheus) {
	t.Helper()
	series, err := prometheus.QueryRange(t.Context(), everything.interpolate(a.Expr), end().Add(-length), end(), interval)
	if err != nil || len(series) == 0 {
		t.Errorf("annotation %q: %d series, %v:\n%s", a.Name, len(series), err, a.Expr)
	}
	for _, s := range series {
		for _, value := range s.Values {
			var ms float64
			if _, err := fmt.Sscan(value[1].(string), &ms); err != nil {
				t.Fatal(err)
			}
			if at := time.UnixMilli(int64(ms)); at.Before(end().AddDate(0, 0, -15)) || at.After(end()) {
				t.Fatalf("annotation %q stands at %s", a.Name, at.UTC())
			}
		}
	}
}

var function = regexp.MustCompile(`^(label_values|query_result)\((.*?)(?:, (\w+))?\)$`)

// values asks for a variable's values as Grafana does.
func (v variable) values(t *testing.T, prometheus *testutil.Prometheus) (found []string) {
	t.Helper()
	parts := function.FindStringSubmatch(v.Definition)
	if parts == nil {
		t.Fatalf("variable %s: %s is neither label_values nor query_result", v.Name, v.Definition)
	}
	series, err := prometheus.Query(t.Context(), everything.interpolate(parts[2]), end())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range series {
		value := s.Metric[parts[3]]
		if parts[1] == "query_result" {
			// JavaScript writes a named group without the P; Go reads both.
			if match := regexp.MustCompile(strings.Trim(v.Regex, "/")).FindStringSubmatch(asText(s.Metric)); match != nil {
				value = match[1]
			}
		}
		if value != "" && !slices.Contains(found, value) {
			found = append(found, value)
		}
	}
	return found
}

// asText is how Grafana shows a series to a variable's regular expression.
func asText(metric map[string]string) string {
	var labels []string
	for name, value := range metric {
		if name != "__name__" {
			labels = append(labels, fmt.Sprintf("%s=%q", name, value))
		}
	}
	slices.Sort(labels)
	return metric["__name__"] + "{" + strings.Join(labels, ",") + "} 1 1500000000000"
}
