package tickets

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// night and the rest of a group's life: it fires, more fires, all is resolved, it comes
// back, all is resolved.
func (w *world) nights() {
	w.t.Helper()
	g, never := about("1"), time.Time{}
	begin := time.Now()
	w.deliver(g.with("web-01", begin, never))
	w.rest()
	time.Sleep(10 * time.Minute)
	w.deliver(g.with("web-01", begin, never).with("web-02", begin.Add(time.Minute), never))
	w.rest()
	time.Sleep(10 * time.Minute)
	w.deliver(g.with("web-01", begin, never).with("web-02", begin.Add(time.Minute), never)) // a repeat
	end := time.Now()
	w.deliver(g.with("web-01", begin, end).with("web-02", begin.Add(time.Minute), end))
	w.rest()
	time.Sleep(10 * time.Minute)
	again := time.Now()
	w.deliver(g.with("web-01", again, never))
	w.rest()
	time.Sleep(10 * time.Minute)
	w.deliver(g.with("web-01", again, time.Now()))
	w.rest()
}

// checkNights: exactly what nights asks for, whatever happened on the way.
func (w *world) checkNights(what string) {
	w.t.Helper()
	all := w.tickets()
	if len(all) != 1 {
		w.t.Fatalf("%s: %d tickets: %+v\n%s", what, len(all), all, w.logs)
	}
	t := all[0]
	if !strings.HasPrefix(t.Summary, "[#ukx-") || !strings.Contains(t.Summary, "Backup failed: web-01 (VDC Prod), night of 08/03/2018") {
		w.t.Errorf("%s: summary %q", what, t.Summary)
	}
	if got := strings.Join(t.Changes, " "); got != "Closed Reopened Closed" {
		w.t.Errorf("%s: changes %s\n%s", what, got, w.logs)
	}
	mark := strings.TrimSuffix(t.Summary[:strings.Index(t.Summary, "]")+1], "]")
	wants := []string{"VM web-02", "are resolved", "come back", "are resolved"}
	if len(t.Notes) != len(wants) {
		w.t.Fatalf("%s: notes %q\n%s", what, t.Notes, w.logs)
	}
	for i, want := range wants {
		if !strings.HasPrefix(t.Notes[i], fmt.Sprintf("%s/%d] ", mark, i+1)) || !strings.Contains(t.Notes[i], want) {
			w.t.Errorf("%s: note %d is %q", what, i, t.Notes[i])
		}
	}
}

// TestKilledAnywhere: killed before each operation on a file and each call, in the middle
// of each writing, and after each call that the portal took and whose answer was lost,
// the group has one ticket with each note once.
func TestKilledAnywhere(t *testing.T) {
	points, died, step := 1, map[string]int{}, 1
	if testing.Short() {
		step = 29
	}
	for at := 0; at <= points; at += step {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, simulator.Options{ApprovalDelay: time.Minute}, settings())
			w.start(at)
			first := w.life
			w.nights()
			what := "never killed"
			if at == 0 {
				points = first.points
			} else {
				what = fmt.Sprintf("killed at point %d (%s)", at, first.names[len(first.names)-1])
				if !first.dead() {
					t.Fatalf("%s: it was not", what)
				}
				died[first.names[len(first.names)-1]]++
			}
			w.checkNights(what)
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d points: %v", points, died)
	if testing.Short() {
		return
	}
	if points < 150 {
		t.Errorf("only %d points", points)
	}
	for _, name := range []string{"before create", "after create", "before note", "after note", "before close", "after close", "before reopen", "after reopen", "write", "sync", "rename"} {
		if died[name] == 0 {
			t.Errorf("never killed at %q", name)
		}
	}
}

// TestKilledAgainAndAgain: no process lives long.
func TestKilledAgainAndAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("lives through 150 processes")
	}
	total := 0
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			deaths := 0
			w := newWorld(t, simulator.Options{ApprovalDelay: time.Minute}, settings())
			w.deaths = func() int { deaths++; return 8 + random.IntN(40) }
			w.start(w.deaths())
			w.nights()
			total += deaths
			w.checkNights(fmt.Sprintf("seed %d, %d processes", seed, deaths))
		})
		if t.Failed() {
			return
		}
	}
	if t.Logf("%d processes", total); total < 150 {
		t.Errorf("only %d processes", total)
	}
}
