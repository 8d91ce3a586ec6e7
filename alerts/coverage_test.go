package alerts_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// annotations are those that every alert has.
var annotations = []string{"dashboard_url", "description", "runbook_url", "summary"}

// TestEveryAlertIsTested counts the cases of promtool's tests: each alert fires
// once with its whole text, is silent on the healthy estate and where data is
// absent, and, where it stands on a counter, when the counter is reset.
func TestEveryAlertIsTested(t *testing.T) {
	alerts, records := rules(t)
	files := testFiles(t)
	for _, a := range alerts {
		if !fires(files, a) {
			t.Errorf("%s %v: no case in alerts/tests in which it fires with its whole text", a.Alert, a.Labels)
		}
		for _, file := range []string{"healthy.yml", "absent.yml"} {
			if !silent(files[file], a.Alert) {
				t.Errorf("%s: no silent case in alerts/tests/%s", a.Alert, file)
			}
		}
		if counter.MatchString(expand(a.Expr, records)) {
			if !silent(files["resets.yml"], a.Alert) {
				t.Errorf("%s stands on a counter: no silent case in alerts/tests/resets.yml", a.Alert)
			}
		}
	}
}

var counter = regexp.MustCompile(`\bukcloud_\w+_total\b`)

// expand puts the expressions of recording rules in place of their names; one that
// reads what it recorded before keeps its own.
func expand(expr string, records map[string]string) string {
	return recorded.ReplaceAllStringFunc(expr, func(name string) string {
		inner, ok := records[name]
		if !ok {
			return name
		}
		others := maps.Clone(records)
		delete(others, name)
		return "(" + expand(inner, others) + ")"
	})
}

var recorded = regexp.MustCompile(`\bukcloud:[\w:]+`)

// fires reports whether a case has this rule fire with all of its annotations. Two
// rules of one alert differ in a label of their own.
func fires(files map[string]testFile, a rule) bool {
	for _, file := range files {
		for _, test := range file.Tests {
			for _, c := range test.Alerts {
				for _, want := range c.Want {
					if c.Alert == a.Alert && contains(want.Labels, a.Labels) &&
						slices.Equal(slices.Sorted(maps.Keys(want.Annotations)), annotations) {
						return true
					}
				}
			}
		}
	}
	return false
}

func contains(labels, some map[string]string) bool {
	for name, value := range some {
		if labels[name] != value {
			return false
		}
	}
	return true
}

func silent(file testFile, alert string) bool {
	for _, test := range file.Tests {
		for _, c := range test.Alerts {
			if c.Alert == alert && len(c.Want) == 0 {
				return true
			}
		}
	}
	return false
}

// TestOnlyKnownAlertsAreTested finds cases that stay silent because of a name
// that no rule has, and files that leave the order of the groups to chance:
// promtool would evaluate an alert before the rule that it stands on.
func TestOnlyKnownAlertsAreTested(t *testing.T) {
	alerts, _ := rules(t)
	var groups ruleFile
	read(t, "ukcloud.rules.yml", &groups)
	var order []string
	for _, g := range groups.Groups {
		order = append(order, g.Name)
	}
	for name, file := range testFiles(t) {
		if !slices.Equal(file.Order, order) {
			t.Errorf("%s: group_eval_order is %v, want the groups of the rules file: %v", name, file.Order, order)
		}
		for _, test := range file.Tests {
			for _, c := range test.Alerts {
				if !slices.ContainsFunc(alerts, func(a rule) bool { return a.Alert == c.Alert }) {
					t.Errorf("%s, %q: there is no alert %q", name, test.Name, c.Alert)
				}
			}
		}
	}
}

// TestNoAlertIsMissing holds the rules to the list of what must be watched.
func TestNoAlertIsMissing(t *testing.T) {
	want := []string{
		"UKCloudBackupFailed", "UKCloudBackupOverdue", "UKCloudBackupNoData", "UKCloudBackupExcluded",
		"UKCloudSpendOverBudget", "UKCloudDayCostUnusual", "UKCloudBillingDataLate", "UKCloudBillingRestated",
		"UKCloudBillingTieOutBroken", "UKCloudBillingRowsRejected",
		"UKCloudBilledMoreThanSeen",
		"UKCloudTicketOpenTooLong", "UKCloudBuildsFailed", "UKCloudVMotionStorm", "UKCloudVMotionCoverageGap",
		"UKCloudExporterAbsent", "UKCloudCollectorFailing", "UKCloudCollectorStale", "UKCloudCollectorMissing",
		"UKCloudSessionSuspended", "UKCloudPortalDown", "UKCloudReloadFailed", "UKCloudStateNotSaved", "UKCloudBillsNotExported", "UKCloudScrapesDropped",
		"UKCloudUnknownValues", "UKCloudTicketBridgeStuck", "UKCloudTicketBridgeBraking",
	}
	alerts, _ := rules(t)
	var have []string
	for _, a := range alerts {
		if !slices.Contains(have, a.Alert) {
			have = append(have, a.Alert)
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("alerts are\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}
