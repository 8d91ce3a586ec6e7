package dashboards_test

import (
	"strings"
	"testing"

	"ukcloud_exporter/dashboards/internal/grafana"
)

// TestPounds: money is written to the penny and in full.
func TestPounds(t *testing.T) {
	found := 0
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			check := func(unit string, decimals *int, what string) {
				if !strings.Contains(unit, "£") && !strings.Contains(unit, "currency") {
					return
				}
				found++
				if text, err := grafana.Format(unit, decimals, 36389.44); err != nil || text != "£36,389.44" {
					t.Errorf("%s of panel %q: %q, %v", what, p.Title, text, err)
				}
			}
			check(p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.Decimals, "value")
			if p.Type != "table" {
				continue
			}
			renamed, _, _ := p.organize()
			for _, title := range renamed {
				var unit string
				var decimals *int
				p.override(title, "unit", &unit)
				p.override(title, "decimals", &decimals)
				check(unit, decimals, "column "+title)
			}
		}
	})
	if found < 40 {
		t.Errorf("only %d amounts of money were found", found)
	}
}

// TestHeadlines: what is not in a sum of money is said in its title.
func TestHeadlines(t *testing.T) {
	for _, d := range load(t) {
		titles := ""
		for _, p := range d.panels() {
			titles += p.Title + "\n"
			if strings.HasPrefix(p.Title, "Month to date") && !strings.Contains(p.Title, "without Cloud Storage") {
				t.Errorf("%s: %q does not say that Cloud Storage is not in it", d.UID, p.Title)
			}
		}
		if d.UID != "ukcloud-cost" && d.UID != "ukcloud-overview" {
			continue
		}
		for _, want := range []string{"Against the same day of last month", "Accounts against their budgets, all VDCs"} {
			if !strings.Contains(titles, want) {
				t.Errorf("%s has no panel %q", d.UID, want)
			}
		}
	}
}
