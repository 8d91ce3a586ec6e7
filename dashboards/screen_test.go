package dashboards_test

import (
	"strings"
	"testing"
)

// TestOverviewIsOneScreen: at 1920 x 1080 Grafana shows 24 rows of its grid below
// the variables, each 38 pixels high.
func TestOverviewIsOneScreen(t *testing.T) {
	for _, d := range load(t) {
		if d.UID != "ukcloud-overview" {
			continue
		}
		for _, p := range d.Panels {
			if bottom := p.GridPos.Y + p.GridPos.H; bottom > 24 {
				t.Errorf("panel %q ends at %d", p.Title, bottom)
			}
		}
	}
}

// TestOverviewAnswers: the questions of the three people have a panel on Overview,
// or, where it is a list of its own, on the board of whose question it is.
func TestOverviewAnswers(t *testing.T) {
	for _, q := range []struct{ question, uid, title, asks string }{
		{"what has the month cost", "ukcloud-overview", "Month to date, without Cloud Storage", "month_to_date_cost_gbp"},
		{"which service or VDC rose, by how much", "ukcloud-overview", "What rose most, all VDCs", "previous_month_cost_gbp"},
		{"which VM rose, by how much", "ukcloud-cost", "VMs that rose most", "ukcloud_billing_vm_month_to_date_cost_gbp"},
		{"what is new, what is gone", "ukcloud-overview", "New and gone VMs", "offset $__range"},
		{"each account against its budget in pounds", "ukcloud-overview", "Accounts against their budgets, all VDCs", "ukcloud:budget_month_gbp"},
		{"what do idle VMs cost", "ukcloud-overview", "Off, and still charged", "ukcloud_vm_powered_on"},
		{"what do backups cost", "ukcloud-overview", "Backups cost", `component="protection"`},
		{"unprotected since when", "ukcloud-overview", "Running unprotected", "ALERTS_FOR_STATE"},
		{"is last night still running", "ukcloud-overview", "Not in yet from last night", "last_attempt_timestamp_seconds"},
		{"is the success rate falling", "ukcloud-overview", "Success rate against a week ago", "offset 1w"},
		{"which VDC is worst", "ukcloud-overview", "Worst VDCs, all VMs", "ukcloud_vms_by_backup_state"},
		{"what fires now", "ukcloud-overview", "What fires now, all VDCs", `alertstate="firing"`},
		{"is the data stale", "ukcloud-overview", "Oldest data, all accounts", "ukcloud_collector_last_success_timestamp_seconds"},
		{"is the bill late", "ukcloud-overview", "Age of the bill, all VDCs", "data_through_timestamp_seconds"},
	} {
		asked := ""
		for _, target := range find(t, q.uid, q.title).Targets {
			asked += target.Expr
		}
		if !strings.Contains(asked, q.asks) {
			t.Errorf("%s: panel %q does not ask for %s", q.question, q.title, q.asks)
		}
	}
}

// TestRunbookLinks: a row of what fires leads to the alert's runbook, from where
// the constant says that they are.
func TestRunbookLinks(t *testing.T) {
	var all []dataLink
	if find(t, "ukcloud-overview", "What fires now, all VDCs").override("Alert", "links", &all); len(all) != 1 || all[0].URL != "${runbooks}/${__data.fields.alertname}.md" {
		t.Errorf("links %v", all)
	}
	for _, d := range load(t) {
		for _, v := range d.Templating.List {
			if v.Name == "runbooks" && v.Type == "constant" && v.Query == "docs/runbooks" {
				return
			}
		}
	}
	t.Error("no constant says where the runbooks are")
}

// TestLabelsDoNotOverlap: each row of a history, and each bar, has room for its
// name.
func TestLabelsDoNotOverlap(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			const cell, frame, least = 38, 90, 20
			if p.Type == "status-history" && (p.GridPos.H*cell-frame)/most[p.Type] < least {
				t.Errorf("panel %q is too low for %d rows", p.Title, most[p.Type])
			}
		}
	})
}

// TestNumbersInFull: numbers are written in full, hours of VMs are no years,
// and every bar says what an empty label means.
func TestNumbersInFull(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			if unit := p.FieldConfig.Defaults.Unit; unit == "short" || strings.HasPrefix(unit, "currencyGBP") {
				t.Errorf("panel %q shortens numbers: %s", p.Title, unit)
			}
			for _, q := range p.Targets {
				if strings.Contains(q.Expr, "_billed_seconds") || strings.Contains(q.Expr, "usage_seconds") {
					if !strings.Contains(q.Expr, "/ 3600") {
						t.Errorf("panel %q shows seconds of VMs", p.Title)
					}
				}
			}
		}
	})
}

// TestHistograms: the time to answer is there with native histograms, which have no
// buckets, and with classic ones.
func TestHistograms(t *testing.T) {
	expr := find(t, "ukcloud-exporter", "Time to answer, 95%").Targets[0].Expr
	for _, want := range []string{"rate(ukcloud_api_request_duration_seconds{", "rate(ukcloud_api_request_duration_seconds_bucket{", " or "} {
		if !strings.Contains(expr, want) {
			t.Errorf("%s does not ask for %s", expr, want)
		}
	}
}
