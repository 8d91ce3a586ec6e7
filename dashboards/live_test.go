package dashboards_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ukcloud_exporter/dashboards/internal/grafana"
	"ukcloud_exporter/internal/testutil"
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
	prometheus, alerts := dayInPrometheus(t)
	chosen := choose(t, prometheus)
	for _, d := range load(t) {
		t.Run(d.UID, func(t *testing.T) { showsData(t, d, prometheus, chosen) })
	}
	if failed, err := prometheus.Query(t.Context(), "max_over_time(ukcloud_bill_export_failures_total[1d]) > 0", end()); err != nil || len(failed) == 0 {
		t.Errorf("every bill was exported: that is not the day that was meant, %v", err)
	}
	if !slices.Equal(alerts, causes) {
		t.Errorf("alerts at the day's end are\n%v, want\n%v", alerts, causes)
	}
}

func showsData(t *testing.T, d dashboard, prometheus *testutil.Prometheus, chosen grafana.Values) {
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
		answers := map[string][]testutil.Series{}
		for _, target := range p.Targets {
			found, err := target.run(t.Context(), prometheus, p, everything())
			if err != nil || len(found) == 0 && !mayBeEmpty(p.Title) {
				t.Errorf("panel %q: %d series, %v:\n%s", p.Title, len(found), err, target.Expr)
			}
			answers[target.RefID] = found
			if _, err := target.run(t.Context(), prometheus, p, chosen); err != nil {
				t.Errorf("panel %q with one VM chosen: %v:\n%s", p.Title, err, target.Expr)
			}
		}
		if p.Type == "table" {
			checkTable(t, p, answers)
		}
	}
}

// mayBeEmpty reports whether a panel has nothing to show of a day without history,
// storms and overbilling. TestChanges and TestPast give each something.
func mayBeEmpty(title string) bool {
	return slices.Contains([]string{
		"Success rate against a week ago", "Prices that moved, all VDCs", "VMs that rose most", "The month so far, all VDCs", "Month by month, by VDC",
		"Storms in this range", "A day against its usual, all VDCs", "New and gone VMs", "Nights without a good backup, by VM",
		"Billed on while seen off", "Billed after they vanished", "Hours seen beside hours billed",
	}, title)
}

// dayInPrometheus starts a Prometheus that holds the simulated day, and what the
// rules make of its end. It returns the alerts that are true then.
func dayInPrometheus(t *testing.T) (prometheus *testutil.Prometheus, alerts []string) {
	t.Helper()
	h := newHistory(t)
	samples := filepath.Join(t.TempDir(), "day.om")
	portal := simulate(t, samples)
	testutil.Promtool(t, "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=512h", samples, h.data)
	// The operator's budget: alerts/budget.example.yml with an account of the estate.
	h.add(t, func(out *bufio.Writer) {
		fmt.Fprintf(out, "ukcloud:budget_month_gbp{account=%q} 10000 %d\n", portal.AccountIDs()[0], end().Unix())
	})
	h.record(t, end())
	prometheus = h.start(t)
	found, err := prometheus.Query(t.Context(), "group by (alertname) (ALERTS)", end())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found {
		alerts = append(alerts, s.Metric["alertname"])
	}
	slices.Sort(alerts)
	return prometheus, alerts
}

// everything is "All" of each variable.
func everything() grafana.Values {
	return grafana.Values{
		"job": {All: ".+"}, "instance": {All: ".+"}, "account": {All: ".*"}, "vorg": {All: ".*"}, "vdc": {All: ".*"}, "vm": {All: ".*"},
	}
}

// choose picks one VM and all that it is in.
func choose(t *testing.T, prometheus *testutil.Prometheus) grafana.Values {
	t.Helper()
	series, err := prometheus.Query(t.Context(), "topk(1, ukcloud_vm_info and on (vm) ukcloud_vm_backup_enabled == 1)", end())
	if err != nil || len(series) != 1 {
		t.Fatalf("no VM is protected: %v", err)
	}
	vm := series[0].Metric
	chosen := grafana.Values{}
	for _, name := range []string{"job", "instance", "account", "vorg", "vdc", "vm"} {
		chosen[name] = grafana.Value{Chosen: []string{vm[name]}}
	}
	return chosen
}

// run returns what a query of a panel returns.
func (q target) run(ctx context.Context, prometheus *testutil.Prometheus, p panel, v grafana.Values) ([]testutil.Series, error) {
	expr := grafana.Intervals(v.Interpolate(q.Expr), interval, length, interval)
	if q.Instant {
		return prometheus.Query(ctx, expr, end())
	}
	from, step := end().Add(-length), interval
	if p.TimeFrom != "" {
		var err error
		if from, err = grafana.Ago(end(), p.TimeFrom); err != nil {
			return nil, err
		}
	}
	switch p.Interval {
	case "1d":
		step = 24 * time.Hour
	case "1h":
		step = time.Hour
	}
	from, to := grafana.Align(from, end(), step, time.UTC)
	return prometheus.QueryRange(ctx, expr, from, to, step)
}

// check runs an annotation's query: its values must be moments of the simulated
// month, in milliseconds.
func (a annotation) check(t *testing.T, prometheus *testutil.Prometheus) {
	t.Helper()
	series, err := prometheus.QueryRange(t.Context(), everything().Interpolate(a.Expr), end().Add(-length), end(), interval)
	if err != nil || len(series) == 0 && a.Enable {
		t.Errorf("annotation %q: %d series, %v:\n%s", a.Name, len(series), err, a.Expr)
	}
	for _, s := range series {
		if !a.UseValueForTime {
			break
		}
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
func (v variable) values(t *testing.T, prometheus *testutil.Prometheus) (found []grafana.Option) {
	t.Helper()
	parts := function.FindStringSubmatch(v.Definition)
	if parts == nil {
		t.Fatalf("variable %s: %s is neither label_values nor query_result", v.Name, v.Definition)
	}
	series, err := prometheus.Query(t.Context(), everything().Interpolate(parts[2]), end())
	if err != nil {
		t.Fatal(err)
	}
	var metrics []map[string]string
	for _, s := range series {
		if value := s.Metric[parts[3]]; parts[1] == "label_values" && value != "" {
			found = append(found, grafana.Option{Text: value, Value: value})
		}
		metrics = append(metrics, s.Metric)
	}
	if parts[1] == "query_result" {
		return grafana.QueryResult(metrics, v.Regex)
	}
	return found
}

// runAsGrafana runs a query over its board's range, or its panel's, with a point
// for each pixel of a screen 1920 wide.
func (q target) runAsGrafana(t *testing.T, prometheus *testutil.Prometheus, p panel, d dashboard) ([]testutil.Series, error) {
	t.Helper()
	from, err := grafana.Ago(end(), cmp.Or(p.TimeFrom, strings.TrimPrefix(d.Time.From, "now-")))
	if err != nil {
		return nil, err
	}
	span := end().Sub(from)
	least := time.Minute
	if p.Interval != "" {
		if least, err = grafana.Duration(p.Interval); err != nil {
			return nil, err
		}
	}
	step := max(least, (span / time.Duration(p.GridPos.W*1856/24)).Truncate(time.Minute))
	expr := grafana.Intervals(everything().Interpolate(q.Expr), step, span, time.Minute)
	if q.Instant {
		return prometheus.Query(t.Context(), expr, end())
	}
	from, to := grafana.Align(from, end(), step, time.UTC)
	return prometheus.QueryRange(t.Context(), expr, from, to, step)
}
