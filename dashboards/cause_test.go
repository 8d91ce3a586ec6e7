package dashboards_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"ukcloud_exporter/internal/testutil"
)

// causes are the alerts for which there is a cause in the simulated day.
var causes = []string{
	"UKCloudBackupExcluded",      // most VMs of the recorded estate are not backed up, and run
	"UKCloudBackupFailed",        // one VM in ten
	"UKCloudBackupNoData",        // one VM is protected, and nothing was ever reported of it
	"UKCloudBillingRowsRejected", // a row was spoiled
	"UKCloudTicketOpenTooLong",   // some tickets take ten times as long as they should
}

// fireForCause evaluates every alert over the day as Prometheus would.
func fireForCause(t *testing.T, prometheus *testutil.Prometheus) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr, For string }
		}
	}
	text, err := os.ReadFile("../alerts/ukcloud.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	fired := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			wait, err := time.ParseDuration(r.For)
			if err != nil {
				t.Fatal(err)
			}
			series, err := prometheus.QueryRange(t.Context(), r.Expr, end().Add(-length), end(), interval)
			if err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			for _, s := range series {
				if lasts(t, s, wait) {
					fired[r.Alert] = true
				}
			}
		}
	}
	if got := slices.Sorted(maps.Keys(fired)); !slices.Equal(got, causes) {
		t.Errorf("alerts of the day are\n%v, want\n%v", got, causes)
	}
}

// lasts tells whether a series is there without a break for as long as `for`
// says.
func lasts(t *testing.T, s testutil.Series, wait time.Duration) bool {
	t.Helper()
	var since, last time.Time
	for _, value := range s.Values {
		var seconds float64
		if _, err := fmt.Sscan(fmt.Sprint(value[0]), &seconds); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(seconds), 0)
		if at.Sub(last) > interval {
			since = at
		}
		if last = at; at.Sub(since) >= wait {
			return true
		}
	}
	return false
}
