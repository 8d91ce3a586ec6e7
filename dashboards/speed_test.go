package dashboards_test

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/internal/testutil"
)

// slowest is how long a query of a board may take at 5,000 VMs.
const slowest = 500 * time.Millisecond

// TestSpeed measures every query of every board at 5,000 VMs in 50 accounts, with
// the steps that Grafana asks for on a screen of 1920 pixels, and prints the slowest.
// It takes minutes:
//
//	UKCLOUD_SPEED=1 go test -run TestSpeed -v ./dashboards
//
// What graphs ask of the past is there: an hour apart for a week, and at 00:00 and
// 12:00 UTC for two months.
func TestSpeed(t *testing.T) {
	if os.Getenv("UKCLOUD_SPEED") == "" {
		t.Skip("measures: UKCLOUD_SPEED=1 asks for it")
	}
	h := newHistory(t)
	scrape := scrapeEstate(t, 50, 5000)
	h.add(t, func(out *bufio.Writer) { sampled(out, scrape, target1, end()) })
	recorded := h.record(t, end())
	ranged := rangedFamilies(t)
	h.add(t, func(out *bufio.Writer) {
		var now strings.Builder
		buffered := bufio.NewWriter(&now)
		sampled(buffered, keep(scrape, ranged), target1, end())
		_ = buffered.Flush()
		all := now.String() + keep(recorded, ranged)
		stamp := fmt.Sprintf(" %d\n", end().Unix())
		for at := end().Add(-60 * day).Truncate(12 * time.Hour); at.Before(end().Add(-time.Hour)); at = at.Add(time.Hour) {
			if at.Hour()%12 != 0 && at.Before(end().Add(-7*day)) {
				continue
			}
			_, _ = out.WriteString(strings.ReplaceAll(all, stamp, fmt.Sprintf(" %d\n", at.Unix())))
		}
	})
	prometheus := h.start(t)
	type figure struct {
		took time.Duration
		what string
	}
	var figures []figure
	for _, d := range load(t) {
		board := time.Duration(0)
		for _, p := range d.panels() {
			for _, q := range p.Targets {
				best := time.Hour
				for range 2 {
					begin, used := time.Now(), processorTime(t, prometheus)
					if _, err := q.runAsGrafana(t, prometheus, p, d); err != nil {
						t.Errorf("panel %q: %v", p.Title, err)
					}
					// Beside others the clock measures them too; alone, a query takes less
					// than the processor's time, because collecting garbage runs beside it.
					best = min(best, time.Since(begin), processorTime(t, prometheus)-used)
				}
				board += best
				if best > slowest/5 {
					t.Logf("%5d ms %s: %s, %s", best.Milliseconds(), d.UID, p.Title, q.RefID)
				}
				figures = append(figures, figure{best, fmt.Sprintf("%s: %s, %s", d.UID, p.Title, q.RefID)})
			}
		}
		t.Logf("%s: %d ms for all of its queries", d.UID, board.Milliseconds())
	}
	slices.SortFunc(figures, func(a, b figure) int { return cmp.Compare(b.took, a.took) })
	for i, f := range figures {
		if i < 20 {
			t.Logf("%5d ms %s", f.took.Milliseconds(), f.what)
		}
		if f.took > slowest {
			t.Errorf("%s takes %s", f.what, f.took)
		}
	}
}

// processorTime is what Prometheus has used of the processor.
func processorTime(t *testing.T, prometheus *testutil.Prometheus) time.Duration {
	t.Helper()
	_, body, err := testutil.Get(t.Context(), prometheus.URL+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)$`).FindSubmatch(body)
	if match == nil {
		t.Fatal("Prometheus does not say what it has used")
	}
	return time.Duration(number(string(match[1])) * float64(time.Second))
}

var family = regexp.MustCompile(`ukcloud[a-z_:0-9]+`)

// rangedFamilies are those that graphs ask for.
func rangedFamilies(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, d := range load(t) {
		for _, p := range d.panels() {
			for _, q := range p.Targets {
				for _, name := range family.FindAllString(q.Expr, -1) {
					if q.Range {
						found[name] = true
					}
				}
			}
		}
	}
	return found
}

// keep keeps the samples of some families.
func keep(text string, families map[string]bool) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if families[family.FindString(line)] {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
