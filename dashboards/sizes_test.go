package dashboards_test

import (
	"bufio"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/dashboards/internal/grafana"
	"ukcloud_exporter/internal/testutil"
)

// sizes are estates that every panel must suit.
var sizes = []struct{ accounts, vms int }{{1, 3}, {1, 200}, {50, 200}, {50, 5000}}

// TestSizes asks every query of every panel for estates of all sizes: its tables
// join to a row for each thing, and nothing is longer than somebody would read.
func TestSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%d VMs in %d accounts", size.vms, size.accounts), func(t *testing.T) {
			h := newHistory(t)
			scrape := scrapeEstate(t, size.accounts, size.vms)
			h.add(t, func(out *bufio.Writer) { sampled(out, scrape, target1, end()) })
			h.record(t, end())
			prometheus := h.start(t)
			each(t, func(t *testing.T, d dashboard) {
				for _, p := range d.panels() {
					checkSize(t, p, p.answers(t, prometheus, everything()))
				}
			})
		})
	}
}

// answers are those of a panel's queries at end(), or at the last step before it.
func (p panel) answers(t *testing.T, prometheus *testutil.Prometheus, v grafana.Values) map[string][]testutil.Series {
	t.Helper()
	all := map[string][]testutil.Series{}
	for _, q := range p.Targets {
		expr := grafana.Intervals(v.Interpolate(q.Expr), time.Hour, 24*time.Hour, time.Minute)
		var err error
		if q.Instant {
			all[q.RefID], err = prometheus.Query(t.Context(), expr, end())
		} else {
			all[q.RefID], err = prometheus.QueryRange(t.Context(), expr, end(), end(), time.Hour)
		}
		if err != nil {
			t.Errorf("panel %q: %v\n%s", p.Title, err, expr)
		}
	}
	return all
}

// most is how much of each kind somebody reads.
var most = map[string]int{"stat": 1, "gauge": 1, "bargauge": 15, "status-history": 15, "table": 100, "timeseries": 15}

func checkSize(t *testing.T, p panel, answers map[string][]testutil.Series) {
	t.Helper()
	if p.Type == "table" {
		checkTable(t, p, answers)
	}
	count, names := 0, map[string]bool{}
	for _, q := range p.Targets {
		if p.Type == "table" {
			count = max(count, len(answers[q.RefID]))
			continue
		}
		count += len(answers[q.RefID])
		for _, s := range answers[q.RefID] {
			name := legendOf(q, s.Metric)
			if names[name] {
				t.Errorf("panel %q has two series %q", p.Title, name)
			}
			names[name] = true
			if strings.Contains(name, "{{") || strings.HasPrefix(name, " ") || strings.TrimSpace(name) == "" || strings.HasSuffix(name, " ") {
				t.Errorf("panel %q has a series %q", p.Title, name)
			}
		}
	}
	if count > most[p.Type] {
		t.Errorf("%s %q shows %d things", p.Type, p.Title, count)
	}
	for _, found := range answers {
		for _, s := range found {
			value := s.Value[1]
			if len(s.Values) > 0 {
				value = s.Values[0][1]
			}
			if v := number(value); math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("panel %q shows %v", p.Title, value)
			}
		}
	}
}

// legendOf is the name of a series.
func legendOf(q target, metric map[string]string) string {
	name := q.LegendFormat
	for _, label := range slices.Sorted(maps.Keys(metric)) {
		name = strings.ReplaceAll(name, "{{"+label+"}}", metric[label])
	}
	return name
}
