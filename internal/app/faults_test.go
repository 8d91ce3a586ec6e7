package app

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal/simulator"
)

// everySecond lets each scrape of a test refresh every collector.
var everySecond = func() string {
	text := "collectors:\n"
	for _, c := range collector.All() {
		text += "  " + c.Name + ": {min_interval: 1s}\n"
	}
	return text
}()

// TestFaults: whatever one endpoint does, a scrape answers 200 in time, exactly
// its collector says 0, all data stays byte for byte, and after the fault one
// round heals it.
func TestFaults(t *testing.T) {
	kinds := []string{
		"500", "502", "503", "429", "401", "403", "404", "html", "redirect", "redirect-other-host",
		"garbage", "truncated", "slow", "hang", "reset", "panic",
	}
	for n, c := range collector.All() {
		for i, kind := range kinds {
			if !inShort(n, i) {
				continue
			}
			t.Run(c.Name+"="+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					testFault(t, c, kind)
				})
			})
		}
	}
}

// inShort reports whether a kind of fault is tried on a collector: every one but in short
// mode, where each collector gets every seventh, and all together all of them.
func inShort(collectorNumber, kindNumber int) bool {
	return !testing.Short() || kindNumber%len(collector.All()) == collectorNumber
}

func testFault(t *testing.T, c collector.Definition, kind string) {
	clockTo(noon)
	name := c.Name
	bug := &panicking{paths: c.Paths}
	s := newSetup(t, smallEstate(), everySecond, func(o *Options) { bug.next, o.Transport = o.Transport, bug })
	before := without(s.scrape(), liveFamilies...)
	if strings.Count(before, "ukcloud_collector_success{") != len(collectorNames()) || strings.Contains(before, "success{collector=\""+name+"\"} 0") {
		t.Fatalf("not every collector is well before the fault:\n%s", families(before)["ukcloud_collector_success"])
	}
	if kind == "panic" {
		bug.on.Store(true)
	} else {
		s.portal.SetFaults(simulator.Fault{Endpoint: name, Kind: kind})
	}
	want := strings.Replace(before, fmt.Sprintf("ukcloud_collector_success{collector=%q} 1", name), fmt.Sprintf("ukcloud_collector_success{collector=%q} 0", name), 1)
	for range 2 { // a slow or hanging answer may need its time to fail
		time.Sleep(2 * time.Second)
		s.scrape()
	}
	s.settle()
	during := without(s.scrapeWithoutWaiting(), liveFamilies...)
	if kind == "slow" && during == before {
		want = before // an answer that is short enough comes in time
	}
	if diff := cmp.Diff(want, during); diff != "" {
		t.Errorf("while %s answers with %s (-want +got):\n%s", name, kind, diff)
	}
	s.portal.SetFaults()
	bug.on.Store(false)
	time.Sleep(10 * time.Second) // beyond the Retry-After of 429
	s.settle()
	s.scrape()
	s.settle()
	after := without(s.scrapeWithoutWaiting(), liveFamilies...)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("one round after the fault (-want +got):\n%s", diff)
	}
	if logins := s.portal.Logins(); logins > 40 {
		t.Errorf("%d logins", logins)
	}
}

// oddKinds are the kinds of faults whose answers one collector may believe and another
// not: containers and values of a wrong kind, cut and endless bodies.
func oddKinds(name string) []string {
	var kinds []string
	for _, kind := range simulator.FaultKinds() {
		switch kind {
		case "500", "502", "503", "429", "401", "403", "404", "html", "redirect", "redirect-other-host",
			"garbage", "truncated", "slow", "hang", "reset": // of TestFaults
		case "no-location", "location-other-host": // of writes
		case "cookie-eaten", "cookie-path", "cookie-expired", "cookie-year-9999", "cookie-without-expiry", "cookie-foreign-domain",
			"cookie-growth", "date-2038", "date-1970", "date-missing", "echo", "echo-encoded": // of TestLoginsStayFew, and of the session's own tests
		default:
			if kind == "endless" && slices.Contains([]string{"compute_services", "billing_csv", "cloud_storage_report"}, name) {
				continue // a million objects or half a GiB at each try: package portal has their bounds
			}
			if _, err := simulator.ParseFault(name + "=" + kind); err == nil { // it fits the endpoint
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// TestOddAnswers: whatever one endpoint says, a scrape answers 200 in time, every other
// collector's data stays byte for byte, and after the fault one round heals it.
func TestOddAnswers(t *testing.T) {
	for n, c := range collector.All() {
		for i, kind := range oddKinds(c.Name) {
			if !inShort(n, i) {
				continue
			}
			t.Run(c.Name+"="+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { testOddAnswer(t, c, kind) })
			})
		}
	}
}

func testOddAnswer(t *testing.T, c collector.Definition, kind string) {
	clockTo(noon)
	s := newSetup(t, smallEstate(), everySecond)
	before := without(s.scrape(), liveFamilies...)
	s.portal.SetFaults(simulator.Fault{Endpoint: c.Name, Kind: kind})
	for range 2 {
		time.Sleep(2 * time.Second)
		s.scrape()
	}
	s.settle()
	during := without(s.scrapeWithoutWaiting(), liveFamilies...)
	if diff := cmp.Diff(ofOthers(before, c), ofOthers(during, c)); diff != "" {
		t.Errorf("while %s answers with %s (-want +got):\n%s", c.Name, kind, diff)
	}
	s.portal.SetFaults()
	time.Sleep(10 * time.Second)
	s.settle()
	s.scrape()
	s.settle()
	after := without(s.scrapeWithoutWaiting(), liveFamilies...)
	if c.Name == "vmotion_events" && kind == "flood" { // what was counted stays counted
		before, after = ofOthers(before, c), ofOthers(after, c)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("one round after the fault (-want +got):\n%s", diff)
	}
}

// ofOthers is an exposition without the collector's own families, and what is said of it.
func ofOthers(exposition string, c collector.Definition) string {
	var own []string
	for _, f := range c.New(collector.Deps{}, c.Defaults).Families() {
		own = append(own, f.Name)
	}
	var b strings.Builder
	for line := range strings.Lines(without(exposition, own...)) {
		if !strings.Contains(line, fmt.Sprintf("collector=%q", c.Name)) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// panicking stands for a bug in what a collector calls: in the collector's own
// goroutine, or in one that it started.
type panicking struct {
	next  http.RoundTripper
	paths []string // as the API reference writes them
	on    atomic.Bool
}

func (p *panicking) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.on.Load() && slices.ContainsFunc(p.paths, func(path string) bool {
		pattern := regexp.MustCompile(`:[a-z_]+`).ReplaceAllString(path, "*")
		match, err := filepath.Match(pattern, r.URL.Path)
		return match && err == nil
	}) {
		panic("a bug")
	}
	return p.next.RoundTrip(r)
}

// settle lets running refreshes end, but not the clock run on otherwise.
func (s *setup) settle() {
	s.t.Helper()
	for range 100 {
		running := false
		for _, c := range s.cache().Status() {
			running = running || c.Running
		}
		if !running {
			return
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
	}
	s.t.Fatal("refreshes do not end")
}

// scrapeWithoutWaiting reads what there is.
func (s *setup) scrapeWithoutWaiting() string {
	s.t.Helper()
	status, body := s.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "0.1")
	if status != http.StatusOK {
		s.t.Fatalf("scrape: status %d", status)
	}
	return body
}
