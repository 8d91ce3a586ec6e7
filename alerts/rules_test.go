package alerts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/alerts"
	"ukcloud_exporter/collector"
)

// TestThresholds compares the numbers that the rules compare with to the
// constants that the dashboards draw.
func TestThresholds(t *testing.T) {
	want := map[string][]float64{
		"UKCloudBackupOverdue":       {alerts.BackupNights},
		"UKCloudSpendOverBudget":     {alerts.ForecastNeedsSeconds},
		"UKCloudDayCostUnusual":      {alerts.DayCostRatio, alerts.DayCostPounds},
		"UKCloudBillingDataLate":     {alerts.BillAgeSeconds},
		"UKCloudBillingRestated":     {alerts.DifferencePounds, -alerts.DifferencePounds},
		"UKCloudBillingTieOutBroken": {alerts.DifferencePounds, -alerts.DifferencePounds},
		"UKCloudBillingRowsRejected": {0},
		"UKCloudTicketOpenTooLong":   {alerts.TicketAgeSeconds},
		"UKCloudBuildsFailed":        {0},
		"UKCloudVMotionStorm":        {alerts.VMotionsPerHour, alerts.VMotionShareOfVMs},
		"UKCloudVMotionCoverageGap":  {0},
		"UKCloudUnknownValues":       {0},
		"UKCloudBilledMoreThanSeen":  {alerts.AuditPounds, alerts.AuditShare},
		"UKCloudTicketBridgeStuck":   {0, alerts.TicketWaitSeconds, 0},
		"UKCloudTicketBridgeBraking": {0},
		"UKCloudCollectorStale":      {alerts.StaleShareOfMaxAge},
		"UKCloudStateNotSaved":       {0},
		"UKCloudBillsNotExported":    {0},
		"UKCloudScrapesDropped":      {0},
	}
	all, _ := rules(t)
	for _, a := range all {
		if got := comparedWith(t, a.Expr); !slices.Equal(got, want[a.Alert]) {
			t.Errorf("%s compares with %v, thresholds.go has %v:\n%s", a.Alert, got, want[a.Alert], a.Expr)
		}
	}
}

var comparison = regexp.MustCompile(`[<>]=?\s*(-?[0-9][0-9.]*)`)

func comparedWith(t *testing.T, expr string) (numbers []float64) {
	t.Helper()
	for _, found := range comparison.FindAllStringSubmatch(expr, -1) {
		number, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// TestNoGroupIsSlow: what a rule records is gone five minutes later, Prometheus's
// lookback, so that a slower group would leave holes that end every `for`.
func TestNoGroupIsSlow(t *testing.T) {
	var file ruleFile
	read(t, "ukcloud.rules.yml", &file)
	for _, g := range file.Groups {
		if time.Duration(g.Interval) >= 5*time.Minute {
			t.Errorf("group %s is evaluated every %s", g.Name, time.Duration(g.Interval))
		}
	}
}

// TestTexts: every alert says what is wrong with what, how much it is, and where
// to read on.
func TestTexts(t *testing.T) {
	all, _ := rules(t)
	for _, a := range all {
		t.Run(a.Alert, func(t *testing.T) {
			severity := a.Labels["severity"]
			// To exclude a VM from backup is a choice, and a bill is read before it is
			// signed: alerts that wake nobody.
			if informs := a.Alert == "UKCloudBackupExcluded" || a.Alert == "UKCloudBilledMoreThanSeen"; informs != (severity == "info") ||
				!informs && severity != "warning" && severity != "critical" {
				t.Errorf("severity is %q", severity)
			}
			for _, name := range annotations {
				if a.Annotations[name] == "" {
					t.Errorf("there is no %s", name)
				}
			}
			description := a.Annotations["description"]
			if !strings.Contains(description, "$value") {
				t.Error("the description has no value")
			}
			if strings.HasPrefix(a.Alert, "UKCloudBackup") && a.Labels["level"] != "vdc" &&
				!(strings.Contains(description, "$labels.vm_name") && strings.Contains(a.Expr, "group_left (vm_name")) {
				t.Error("the description does not name the VM by a join on ukcloud_vm_info")
			}
			if a.Labels["level"] == "vdc" &&
				!(strings.Contains(description, "$labels.vdc_name") && strings.Contains(a.Expr, "group_left (vdc_name")) {
				t.Error("the description does not name the VDC by a join on ukcloud_vdc_info")
			}
		})
	}
}

// TestRunbooks: each alert has its page, each page its alert.
func TestRunbooks(t *testing.T) {
	all, _ := rules(t)
	pages := map[string]bool{}
	for _, a := range all {
		if want := "docs/runbooks/" + a.Alert + ".md"; a.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url is %q, want %q", a.Alert, a.Annotations["runbook_url"], want)
		}
		pages[a.Alert] = true
		text, err := os.ReadFile(filepath.Join("..", "docs", "runbooks", a.Alert+".md"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, heading := range []string{"# " + a.Alert + "\n", "\nSeverity " + a.Labels["severity"] + ",", "\n## Meaning\n", "\n## Impact\n", "\n## Diagnosis\n", "\n## Mitigation\n"} {
			if !strings.Contains(string(text), heading) {
				t.Errorf("%s.md has no %q", a.Alert, strings.TrimSpace(heading))
			}
		}
	}
	files, err := filepath.Glob("../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); !pages[name] {
			t.Errorf("%s: there is no such alert", file)
		}
	}
}

// TestFor: an alert waits two rounds of the slowest collector that it stands on.
func TestFor(t *testing.T) {
	all, records := rules(t)
	collectorOf := families()
	intervals := minIntervals()
	slow := intervals["billing_csv"]
	for _, a := range all {
		round := intervals["compute_services"] // the quickest there is: the exporter's own metrics
		expr := expand(a.Expr, records)
		for _, metric := range regexp.MustCompile(`\bukcloud_\w+`).FindAllString(expr, -1) {
			if metric == "ukcloud_bill_export_failures_total" { // is the archive's, and tried in its rounds
				round = slow
			}
			// Infos only give names.
			if name, ok := collectorOf[metric]; ok && !strings.HasSuffix(metric, "_info") {
				round = max(round, intervals[name])
			}
		}
		switch { // what is said of collectors is as slow as they are
		case strings.Contains(expr, `collector=~"billing_csv|cloud_storage_report"`):
			round = slow
		case strings.Contains(expr, "ukcloud_collector_"):
			for name, interval := range intervals {
				if name != "billing_csv" && name != "cloud_storage_report" {
					round = max(round, interval)
				}
			}
		}
		if time.Duration(a.For) < 2*round {
			t.Errorf("%s waits %s, less than two rounds of %s", a.Alert, time.Duration(a.For), round)
		}
	}
}

// families maps each metric of the portal's data to its collector.
func families() map[string]string {
	of := map[string]string{}
	for _, c := range collector.All() {
		for _, family := range c.New(collector.Deps{}, c.Defaults).Families() {
			of[family.Name] = c.Name
		}
	}
	return of
}

// minIntervals are the defaults of the configuration.
func minIntervals() map[string]time.Duration {
	of := map[string]time.Duration{}
	for _, c := range collector.All() {
		of[c.Name] = c.Defaults.When().MinInterval
	}
	return of
}

// TestDashboardLinks: each dashboard_url leads to a dashboard that has the
// variables that it sets.
func TestDashboardLinks(t *testing.T) {
	all, _ := rules(t)
	for _, a := range all {
		link := a.Annotations["dashboard_url"]
		path, query, _ := strings.Cut(link, "?")
		uid, ok := strings.CutPrefix(path, "/d/")
		if !ok {
			t.Errorf("%s: dashboard_url %q does not begin with /d/", a.Alert, link)
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", "dashboards", uid+".json"))
		if err != nil {
			t.Errorf("%s: %v", a.Alert, err)
			continue
		}
		for _, variable := range regexp.MustCompile(`var-(\w+)=`).FindAllStringSubmatch(query, -1) {
			if !strings.Contains(string(text), fmt.Sprintf(`"name": %q`, variable[1])) {
				t.Errorf("%s: dashboard %s has no variable %s", a.Alert, uid, variable[1])
			}
		}
	}
}

// TestRecordsAreDocumented: docs/rules.md names every recording rule, and no other.
func TestRecordsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{"ukcloud:budget_month_gbp": false}
	for _, row := range regexp.MustCompile("(?m)^\\| `(ukcloud:[\\w:]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = true
	}
	_, records := rules(t)
	records["ukcloud:budget_month_gbp"] = "" // the operator's
	for name := range records {
		if !documented[name] {
			t.Errorf("docs/rules.md does not say what %s is", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/rules.md tells of %s, which nothing records", name)
	}
}
