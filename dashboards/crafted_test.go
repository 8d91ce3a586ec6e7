package dashboards_test

import (
	"bufio"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// TestChanges: what panels say of changes, of which a single day has none, in an
// estate of three VMs: one that is there all the time, is billed too many hours and
// whose bill rose; one that is new; and one that has gone and is billed on.
func TestChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	const ids = `job="ukcloud",account="1",`
	const bill = target1 + `,account="1",vorg="v",`
	vm := func(name string) string { return ids + `vdc="urn:vdc",vm="urn:vm:` + name + `"` }
	named := func(name string) string {
		return ids + `vorg="v",vdc="urn:vdc",vm="urn:vm:` + name + `",vm_name="` + name + `",vdc_name="Live",vorg_name="V"`
	}
	h := newHistory(t)
	h.add(t, func(out *bufio.Writer) {
		at := func(when time.Time, metric, labels string, value float64) {
			fmt.Fprintf(out, "%s{%s} %v %d\n", metric, labels, value, when.Unix())
		}
		month := func(when, through time.Time, rose, gone, service, hours float64) {
			at(when, "ukcloud_billing_period_start_timestamp_seconds", strings.TrimSuffix(bill, ","), float64(monthStart(through.Add(-day)).Unix()))
			at(when, "ukcloud_billing_data_through_timestamp_seconds", strings.TrimSuffix(bill, ","), float64(through.Unix()))
			at(when, "ukcloud_billing_vm_month_to_date_cost_gbp", bill+`vm="urn:vm:stays"`, rose)
			at(when, "ukcloud_billing_vm_month_to_date_cost_gbp", bill+`vm="urn:vm:goes"`, gone)
			at(when, "ukcloud_billing_month_to_date_cost_gbp", bill+`vdc_name="Live",service="VM",component="compute"`, service)
			at(when, "ukcloud_billing_usage_seconds", bill+`service="VM",power_state="on"`, hours*3600)
		}
		midnight := end().Truncate(day)
		before := midnight.AddDate(0, -1, 0)
		month(before, before, 30, 8, 80, 1000)
		at(end().AddDate(0, 0, -7), "ukcloud_vm_backup_last_attempt_success", target1+`,account="1",vdc="urn:vdc",vm="urn:vm:stays"`, 1)
		at(end().AddDate(0, 0, -7), "ukcloud:vm_names:max", named("stays"), 1)
		went := midnight.Add(-2 * day) // the last midnight before the VM went
		month(went.Add(day), went.Add(day), 45, 10, 90, 900)
		month(midnight, midnight, 49, 13, 95, 950)
		for _, name := range []string{"stays", "goes"} {
			at(end().Add(-day), "ukcloud:vm_names:max", named(name), 1)
		}
		at(end().Add(-day), "ukcloud_account_info", target1+`,account="1",account_name="A"`, 1)
		at(end(), "ukcloud_account_info", target1+`,account="1",account_name="A"`, 1)
		for _, name := range []string{"stays", "comes"} {
			at(end(), "ukcloud:vm_names:max", named(name), 1)
			at(end(), "ukcloud:vm_last_seen_timestamp_seconds:month", named(name), float64(end().Unix()))
		}
		at(end(), "ukcloud:vm_names_any_vdc:max", named("stays"), 1)
		at(end(), "ukcloud:vm_last_seen_timestamp_seconds:month", named("goes"), float64(went.Add(20*time.Hour).Unix()))
		month(end(), midnight, 50, 14, 100, 1000)
		at(end(), "ukcloud:vm_seen_hours:month_to_date", vm("stays")+`,power_state="on"`, 300)
		at(end(), "ukcloud:vm_seen_hours:month_to_date", vm("stays")+`,power_state="off"`, 40)
		at(end(), "ukcloud_vm_billed_seconds", target1+`,account="1",vdc="urn:vdc",vm="urn:vm:stays",power_state="on"`, 340*3600)
		at(end(), "ukcloud_vm_billed_seconds", target1+`,account="1",vdc="urn:vdc",vm="urn:vm:stays",power_state="off"`, 0)
		at(end(), "ukcloud:vm_overbilled_hours:month_to_date", vm("stays"), 40)
		at(end(), "ukcloud:vm_overbilled_gbp:month_to_date", vm("stays"), 5.25)
		at(end(), "ukcloud:account_overbilled_gbp:month_to_date", strings.TrimSuffix(ids, ","), 5.25)
		for name, good := range map[string]float64{"stays": 1, "comes": 0} {
			at(end(), "ukcloud_vm_backup_last_attempt_success", target1+`,account="1",vdc="urn:vdc",vm="urn:vm:`+name+`"`, good)
		}
		at(end(), "ukcloud:vm_backup_nights_without_success", vm("comes"), 3)
		at(end(), "ukcloud:billing_day_cost_gbp", ids+`vorg="v"`, 30)
		at(end(), "ukcloud:billing_day_cost_usual_gbp", ids+`vorg="v"`, 10)
		at(end(), "ukcloud_vorg_info", bill+`vorg_name="V"`, 1)
		at(end().Add(-6*time.Hour), "ukcloud:vdc_vmotions:increase1h", ids+`vdc_name="Live"`, 12)
	})
	prometheus := h.start(t)
	for _, want := range []struct {
		uid, title, row, column string
		value                   float64
	}{
		{"ukcloud-cost", "New and gone VMs", "comes", "Change", 1},
		{"ukcloud-cost", "New and gone VMs", "goes", "Change", -1},
		{"ukcloud-cost", "VMs that rose most", "stays", "More", 20},
		{"ukcloud-audit", "Hours seen beside hours billed", "stays", "Billed on", 340},
		{"ukcloud-audit", "Hours seen beside hours billed", "stays", "Seen on", 300},
		{"ukcloud-audit", "Hours seen beside hours billed", "stays", "Billed off", 0},
		{"ukcloud-audit", "Hours seen beside hours billed", "stays", "Seen off", 40},
		{"ukcloud-audit", "Hours seen beside hours billed", "stays", "Too many", 40},
		{"ukcloud-audit", "Hours seen beside hours billed", "stays", "They cost", 5.25},
		{"ukcloud-audit", "Billed on while seen off", "stays", "They cost", 5.25},
		{"ukcloud-audit", "Billed on while seen off", "stays", "Hours", 40},
		{"ukcloud-audit", "Billed after they vanished", "goes", "Since then", 4},
		{"ukcloud-audit", "Billed after they vanished", "goes", "Last seen", 1000 * float64(end().Truncate(day).Add(-2*day+20*time.Hour).Unix())},
		{"ukcloud-audit", "Prices that moved, all VDCs", "VM", "Moved", 0.25},
		{"ukcloud-audit", "Prices that moved, all VDCs", "VM", "An hour now", 0.1},
		{"ukcloud-audit", "Prices that moved, all VDCs", "VM", "Last month", 0.08},
		{"ukcloud-operations", "Storms in this range", "Live", "Most in an hour", 12},
		{"ukcloud-operations", "Storms in this range", "Live", "Of its VMs", 6},
		{"ukcloud-audit", "Billed on while seen off, all VDCs", "", "", 5.25},
		{"ukcloud-audit", "Hours of them", "", "", 40},
		{"ukcloud-audit", "VMs gone, still billed", "", "", 1},
		{"ukcloud-backups", "Success rate against a week ago", "", "", -0.5},
		{"ukcloud-backups", "Nights without a good backup, by VM", "", "", 3},
		{"ukcloud-cost", "A day against its usual, all VDCs", "", "", 3},
	} {
		p := find(t, want.uid, want.title)
		answers := p.answers(t, prometheus, everything())
		if p.Type == "table" {
			checkTable(t, p, answers)
			found := false
			for _, row := range p.table(answers).Rows {
				if row["VM"] != want.row && row["VDC"] != want.row && row["Service"] != want.row {
					continue
				}
				got, ok := row[want.column].(float64)
				if found = true; !ok || math.Abs(got-want.value) > 1e-6 {
					t.Errorf("%s, %s: %s is %v, not %v", want.title, want.row, want.column, row[want.column], want.value)
				}
			}
			if !found {
				t.Errorf("%s has no row %q: %v", want.title, want.row, answers)
			}
			continue
		}
		for _, got := range flat(answers) {
			if math.Abs(number(got)-want.value) > 1e-6 {
				t.Errorf("%s is %v, not %v", want.title, got, want.value)
			}
		}
		if len(answers["A"]) != 1 {
			t.Errorf("%s has %d values", want.title, len(answers["A"]))
		}
	}
}
