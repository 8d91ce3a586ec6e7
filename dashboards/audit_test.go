package dashboards_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

// TestAuditFindsWhatIsOverbilled: of a simulated estate that is scraped for two days of
// a month, exactly the VMs whose hours the portal bills as on while they were seen off are
// found, with those hours.
func TestAuditFindsWhatIsOverbilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts promtool")
	}
	testutil.Need(t, "promtool")
	series, overbilled := scrapedMonth(t)
	rules, err := filepath.Abs("../alerts/ukcloud.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	// promtool's time starts on 1 January 1970, also a first of a month.
	fmt.Fprintf(&file, "rule_files: [%q]\nevaluation_interval: %s\ntests:\n- interval: %[2]s\n  input_series:\n", rules, auditStep)
	for _, name := range slices.Sorted(maps.Keys(series)) {
		fmt.Fprintf(&file, "  - {series: %q, values: %q}\n", name, strings.Join(series[name], " "))
	}
	fmt.Fprintf(&file, "  promql_expr_test:\n  - expr: 'sum by (vm) (round(ukcloud:vm_overbilled_hours:month_to_date))'\n    eval_time: %s\n    exp_samples:\n", auditLength)
	for vm, hours := range overbilled {
		fmt.Fprintf(&file, "    - {labels: '{vm=%q}', value: %d}\n", vm, hours)
	}
	fmt.Fprintf(&file, "  - expr: 'count(ukcloud:vm_overbilled_gbp:month_to_date > 0)'\n    eval_time: %s\n    exp_samples: [{labels: '{}', value: %d}]\n", auditLength, len(overbilled))
	testutil.Promtool(t, "test", "rules", testutil.WriteFile(t, t.TempDir(), "audit.yml", file.String()))
}

const (
	auditStep   = 4 * time.Minute
	auditLength = 48 * time.Hour
)

// scrapedMonth scrapes an estate from a month's first hour on, as promtool writes series,
// and says which VMs were billed as on for how many hours that they were off.
func scrapedMonth(t *testing.T) (series map[string][]string, overbilled map[string]int64) {
	t.Helper()
	series, overbilled = map[string][]string{}, map[string]int64{}
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
		time.Sleep(time.Until(start))
		portal, err := simulator.New(simulator.Options{Seed: 5, Accounts: 2, VMs: 60, History: 2})
		if err != nil {
			t.Fatal(err)
		}
		x := startExporter(t, portal, t.TempDir(), "")
		defer x.stop(t)
		for step := 0; time.Since(start) <= auditLength; step++ {
			if time.Since(start) == auditLength-2*time.Hour {
				overbilled = overbill(t, portal)
			}
			x.scrapeAudit(t, series, step)
			time.Sleep(auditStep)
		}
	})
	return series, overbilled
}

// overbill bills two VMs that were off for the whole month as on, and one that was off for
// as little as the portal's own rounding may hide.
func overbill(t *testing.T, portal *simulator.Portal) map[string]int64 {
	t.Helper()
	found, hours := map[string]int64{}, []int64{20, 9, 1}
	for _, vm := range portal.VMs() {
		if vm.HoursOn > 0 || vm.HoursOff < 40 || len(found) == len(hours) {
			continue
		}
		if err := portal.BillAsOn(vm.URN, hours[len(found)]); err != nil {
			t.Fatal(err)
		}
		found[vm.URN] = hours[len(found)]
	}
	if len(found) < len(hours) {
		t.Fatalf("only %d VMs are off all the time", len(found))
	}
	maps.DeleteFunc(found, func(_ string, hours int64) bool { return hours == 1 })
	return found
}

// scrapeAudit adds a step to the series that the audit reads.
func (x *exporter) scrapeAudit(t *testing.T, series map[string][]string, step int) {
	t.Helper()
	for line := range strings.Lines(x.get(t, "/metrics?collect[]=compute_services")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "} ")
		metric, labels, _ := strings.Cut(name, "{")
		if !slices.Contains([]string{"ukcloud_vm_powered_on", "ukcloud_vm_billed_seconds", "ukcloud_vm_cost_month_to_date_gbp"}, metric) {
			continue
		}
		key := fmt.Sprintf("%s{%s,%s}", metric, target1, labels)
		for len(series[key]) < step {
			series[key] = append(series[key], "_")
		}
		series[key] = append(series[key], value)
	}
	for key := range series {
		if len(series[key]) <= step {
			series[key] = append(series[key], "_")
		}
	}
}
