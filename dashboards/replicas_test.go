package dashboards_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"ukcloud_exporter/internal/testutil"
)

// TestReplicas: two exporters of one job whose logins see the same show what one
// shows, on every dashboard but that of the exporters themselves.
func TestReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	scrape := scrapeEstate(t, 2, 40)
	one, two := shownOf(t, scrape, target1), shownOf(t, scrape, target1, target2)
	for name, want := range one {
		if got := two[name]; !maps.Equal(got, want) {
			t.Errorf("%s: two exporters show\n%v\nand one shows\n%v", name, got, want)
		}
	}
}

// flat is answers as a value for each series.
func flat(answers map[string][]testutil.Series) map[string]string {
	all := map[string]string{}
	for ref, found := range answers {
		for _, s := range found {
			value := s.Value[1]
			if len(s.Values) > 0 {
				value = s.Values[0][1]
			}
			labels := ""
			for _, name := range slices.Sorted(maps.Keys(s.Metric)) {
				labels += fmt.Sprintf(" %s=%q", name, s.Metric[name])
			}
			all[ref+labels] = fmt.Sprintf("%.6g", number(value))
		}
	}
	return all
}
