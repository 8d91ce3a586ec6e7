package dashboards_test

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

// history has nothing on a first day: what panels of Cost need it for, and say so.
var needHistory = []string{
	"Day by day, all VDCs", "The month so far, all VDCs", "A day against its usual, all VDCs", "Shape by component, month by month", "Month by month, by VDC",
	"VMs that rose most", "New and gone VMs", "Prices that moved, all VDCs",
}

// TestFirstDay: an hour after it was installed, without any history, everything of
// Cost that the bill knows is there; the rest says which command brings it. Words
// stand where there is nothing, and no green.
func TestFirstDay(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	h := newHistory(t)
	scrape := scrapeEstate(t, 1, 40)
	h.add(t, func(out *bufio.Writer) { sampled(out, scrape, target1, end()) })
	h.record(t, end())
	prometheus := h.start(t)
	var empty []string
	for _, d := range load(t) {
		if d.UID != "ukcloud-cost" && d.UID != "ukcloud-overview" {
			continue
		}
		for _, p := range d.panels() {
			answers, n := p.answers(t, prometheus, everything()), 0
			for _, found := range answers {
				n += len(found)
			}
			if n == 0 {
				empty = append(empty, p.Title)
			}
			needs := slices.Contains(needHistory, p.Title)
			says := strings.Contains(p.FieldConfig.Defaults.NoValue, "backfill") || strings.Contains(p.FieldConfig.Defaults.NoValue, "first scrape") || strings.Contains(p.FieldConfig.Defaults.NoValue, "history")
			if needs && !says {
				t.Errorf("panel %q says only %q where there is no history", p.Title, p.FieldConfig.Defaults.NoValue)
			}
			if n == 0 && !needs && !mayBeEmpty(p.Title) && !strings.Contains(p.FieldConfig.Defaults.NoValue, "budget") {
				t.Errorf("panel %q is empty on the first day: %q", p.Title, p.FieldConfig.Defaults.NoValue)
			}
		}
	}
	t.Logf("empty on the first day: %q", empty)
}

// TestNothingThere: before any exporter is scraped every panel is empty, and says
// in words what that means.
func TestNothingThere(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	h := newHistory(t)
	h.add(t, func(out *bufio.Writer) { _, _ = out.WriteString("up{job=\"other\"} 1 1521136800\n") })
	prometheus := h.start(t)
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			for ref, found := range p.answers(t, prometheus, everything()) {
				if len(found) > 0 {
					t.Errorf("panel %q, %s shows %v of nothing", p.Title, ref, found)
				}
			}
			if words := strings.Fields(p.FieldConfig.Defaults.NoValue); len(words) < 3 {
				t.Errorf("panel %q says %q of nothing", p.Title, words)
			}
		}
	})
}
