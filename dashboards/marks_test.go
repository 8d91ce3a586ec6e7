package dashboards_test

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/dashboards/internal/grafana"
)

// TestMarks: whatever happens, no annotation that is on draws more than 20 marks in
// its board's range, and storms, which are off, are regions. Here two exporters
// restart every ten minutes for a month, and in each of 60 VDCs there is a storm
// every evening.
func TestMarks(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	h := newHistory(t)
	begin := end().Add(-31 * day)
	h.add(t, func(out *bufio.Writer) {
		for at := begin; !at.After(end()); at = at.Add(10 * time.Minute) {
			for i, target := range []string{target1, target2} {
				restarted := at.Add(-time.Duration(i+1) * time.Minute).Unix()
				fmt.Fprintf(out, "process_start_time_seconds{%s} %d %d\n", target, restarted, at.Unix())
				fmt.Fprintf(out, "ukcloud_exporter_build_info{%s} 1 %d\n", target, at.Unix())
			}
			start := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
			fmt.Fprintf(out, "ukcloud_billing_period_start_timestamp_seconds{%s,account=\"1\",vorg=\"v\"} %d %d\n", target1, start.Unix(), at.Unix())
			for vdc := range 60 {
				moves := 0
				if at.Hour() >= 18 && at.Hour() < 22 {
					moves = 25
				}
				fmt.Fprintf(out, "ukcloud:vdc_vmotions:increase1h{job=\"ukcloud\",account=\"1\",vdc_name=\"VDC %d\"} %d %d\n", vdc, moves, at.Unix())
			}
		}
		for vdc := range 60 {
			for vm := range 20 {
				fmt.Fprintf(out, "ukcloud:vm_names:max{job=\"ukcloud\",account=\"1\",vorg=\"v\",vdc=\"%d\",vdc_name=\"VDC %d\",vm=\"%d-%d\"} 1 %d\n", vdc, vdc, vdc, vm, end().Unix())
			}
		}
	})
	prometheus := h.start(t)
	each(t, func(t *testing.T, d dashboard) {
		span, err := grafana.Duration(strings.TrimPrefix(d.Time.From, "now-"))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range d.annotations() {
			step, err := time.ParseDuration(a.Step)
			if err != nil {
				t.Errorf("annotation %q has step %q", a.Name, a.Step)
				continue
			}
			// Grafana evaluates at most a hundred times, and not more often than the step.
			found, err := prometheus.QueryRange(t.Context(), everything().Interpolate(a.Expr), end().Add(-span), end(), max(step, span/100))
			if err != nil {
				t.Fatal(err)
			}
			marks := 0
			for _, s := range found {
				var points [][2]float64
				for _, v := range s.Values {
					points = append(points, [2]float64{number(v[0]), number(v[1])})
				}
				made := grafana.Marks(points, a.UseValueForTime, step)
				marks += len(made)
				for _, m := range made {
					if !a.UseValueForTime && span > 2*day && m.From.Equal(m.To) && step < 4*time.Hour {
						t.Errorf("annotation %q: a storm of four hours is a moment, %s", a.Name, m.From)
					}
				}
			}
			if a.Enable && (marks > 20 || marks == 0) {
				t.Errorf("annotation %q draws %d marks", a.Name, marks)
			}
			if storms := a.Name == "vMotion storms"; storms == a.Enable || storms && (marks < 60 || a.UseValueForTime) {
				t.Errorf("annotation %q: enabled %t, %d marks", a.Name, a.Enable, marks)
			}
		}
	})
}
