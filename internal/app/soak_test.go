package app

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// soak is how much TestSoak does; make soak lets it run for about an hour.
var (
	soak     = flag.Int("soak", 1, "number of estates that TestSoak lets pass five simulated days")
	soakSeed = flag.Uint64("soak.seed", 0, "seed of the first of them")
)

// TestSoak lets days pass, with a month's end, under a scraper while the portal fails at random: no
// scrape is late or refused, counters never fall, logins stay few, and whenever the
// portal is well again, so is everything.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("five simulated days take a while")
	}
	for seed := *soakSeed; seed < *soakSeed+uint64(*soak); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testSoak(t, seed) })
		})
	}
}

func testSoak(t *testing.T, seed uint64) {
	clockTo(time.Date(2018, 3, 26, 6, 0, 0, 0, time.UTC).AddDate(0, int(seed%12), 0))
	r := rand.New(rand.NewPCG(seed, 0))
	o := smallEstate()
	o.Seed = seed
	s := newSetup(t, o, "state_dir: state\n")
	kinds := []string{"500", "503", "429", "401", "403", "404", "html", "redirect", "garbage", "truncated", "hang", "reset"}
	last := map[string]int64{}
	const step = 20 * time.Minute
	for i := range 5 * 24 * 3 {
		switch {
		case i%36 == 0:
			s.portal.SetFaults() // twelve hours at most
		case r.IntN(10) == 0:
			fault := simulator.Fault{Endpoint: "*", Kind: kinds[r.IntN(len(kinds))]}
			// Logins that are rejected, or perhaps are, end in a suspension that only a
			// person ends.
			if r.IntN(4) > 0 || slices.Contains([]string{"401", "403", "hang", "reset"}, fault.Kind) {
				fault.Endpoint = collectorNames()[r.IntN(len(collectorNames()))]
			}
			s.portal.SetFaults(fault)
		case r.IntN(50) == 0:
			s.portal.ExpireSessions()
		}
		exposition := s.scrape()
		mustNotFall(t, last, exposition)
		if t.Failed() {
			return
		}
		time.Sleep(step)
	}
	s.portal.SetFaults()
	time.Sleep(7 * time.Hour) // longer than every min_interval, and any pause
	s.scrape()
	s.settle()
	if f := families(s.scrapeWithoutWaiting()); strings.Contains(f["ukcloud_collector_success"], " 0\n") {
		t.Errorf("not well although the portal is:\n%s", f["ukcloud_collector_success"])
	}
	if n := s.portal.RejectedLogins(); n > 2 {
		t.Errorf("%d rejected logins", n)
	}
}

// mustNotFall compares the vMotion counters with the last scrape's.
func mustNotFall(t *testing.T, last map[string]int64, exposition string) {
	t.Helper()
	for line := range strings.Lines(families(exposition)["ukcloud_vmotion_events_total"]) {
		var value int64
		at := strings.LastIndexByte(line, ' ')
		if _, err := fmt.Sscan(line[at+1:], &value); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if value < last[line[:at]] {
			t.Errorf("%s fell from %d to %d", line[:at], last[line[:at]], value)
		}
		last[line[:at]] = value
	}
}
