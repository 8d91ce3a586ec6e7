package tickets

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promtestutil "github.com/prometheus/client_golang/prometheus/testutil"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

var never time.Time

// inWorld runs a test in a bubble with a bridge that lives.
func inWorld(t *testing.T, options simulator.Options, s Settings, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, options, s)
		w.start(0)
		test(w)
	})
}

// writes counts what is asked of the portal by method.
func (w *world) countCalls() func() map[string]int {
	var mu sync.Mutex
	n := map[string]int{}
	w.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/api/my_calls") {
			mu.Lock()
			n[r.Method]++
			mu.Unlock()
		}
		return next.RoundTrip(r)
	}
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		got := n
		n = map[string]int{}
		return got
	}
}

func (w *world) wantCalls(got map[string]int, gets, posts, puts int) {
	w.t.Helper()
	if got["GET"] != gets || got["POST"] != posts || got["PUT"] != puts {
		w.t.Errorf("calls %v, want GET %d, POST %d, PUT %d", got, gets, posts, puts)
	}
}

// only returns the one ticket that there must be.
func (w *world) only() opened {
	w.t.Helper()
	all := w.tickets()
	if len(all) != 1 {
		w.t.Fatalf("%d tickets: %+v\n%s", len(all), all, w.logs)
	}
	return all[0]
}

func TestRepeatsSayNothing(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		calls := w.countCalls()
		g, begin := about("1"), time.Now()
		m := g.with("web-01", begin, never).with("web-02", begin, never)
		w.deliver(m)
		w.rest()
		w.wantCalls(calls(), 2, 1, 0)
		for range 100 {
			w.deliver(m)
			time.Sleep(4 * time.Hour)
		}
		w.wantCalls(calls(), 0, 0, 0)
		if w.only().Notes != nil {
			t.Errorf("%+v", w.only())
		}
	})
}

// TestTwoAlertmanagers: both of a cluster send the group, at once, late and in the wrong
// order.
func TestTwoAlertmanagers(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		calls := w.countCalls()
		g, begin := about("1"), time.Now()
		fires := g.with("web-01", begin, never)
		later := g.with("web-01", begin.Add(15*time.Second), never) // the other's Prometheus saw it later
		post := func(messages ...*message) {
			var wg sync.WaitGroup
			for _, m := range messages {
				body := m.body(t)
				wg.Go(func() {
					if status, _ := w.postBody(body); status != http.StatusOK {
						t.Errorf("status %d", status)
					}
				})
			}
			wg.Wait()
			w.rest()
		}
		post(fires, later, fires, later)
		w.wantCalls(calls(), 2, 1, 0)

		time.Sleep(time.Hour)
		end := time.Now()
		resolved, other := g.with("web-01", begin, end), g.with("web-01", begin.Add(15*time.Second), end.Add(5*time.Second))
		post(resolved, other)
		w.wantCalls(calls(), 2, 0, 2) // a note, a closing
		time.Sleep(time.Minute)
		post(fires, later) // what one of them could not deliver before
		w.wantCalls(calls(), 0, 0, 0)

		time.Sleep(time.Hour)
		again := time.Now()
		post(g.with("web-01", again, never), g.with("web-01", again.Add(-5*time.Second), never))
		w.wantCalls(calls(), 2, 0, 2)
		post(resolved, other) // late by an hour
		w.wantCalls(calls(), 0, 0, 0)
		if got := w.only(); got.Status != "Awaiting Review" || len(got.Notes) != 2 {
			t.Errorf("%+v", got)
		}
	})
}

// flap has an alert fire and, ten minutes later, end; then ten minutes pass.
func (w *world) flap() {
	begin := time.Now()
	w.deliver(about("1").with("web-01", begin, never))
	w.rest()
	time.Sleep(10 * time.Minute)
	w.deliver(about("1").with("web-01", begin, time.Now()))
	w.rest()
	time.Sleep(10 * time.Minute)
}

func TestFlapping(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		calls := w.countCalls()
		const flaps = 50
		for range flaps {
			w.flap()
		}
		// Each: looked for and reopened, noted, noted, closed; the first: opened.
		w.wantCalls(calls(), 2+2*flaps+2*(flaps-1), 1, 2*flaps+2*(flaps-1))
		if got := w.only(); len(got.Notes) != 2*flaps-1 || len(got.Changes) != 2*flaps-1 || got.Status != "Closed" {
			t.Errorf("%d notes, %d changes, %s", len(got.Notes), len(got.Changes), got.Status)
		}
		if n := promtestutil.ToFloat64(w.metrics.closed); n != flaps {
			t.Errorf("closed_total %v", n)
		}
	})
	t.Run("while the portal is down", func(t *testing.T) {
		inWorld(t, simulator.Options{}, settings(), func(w *world) {
			w.portal.SetFaults(simulator.Fault{Endpoint: "*", Kind: "503"})
			for range 50 {
				begin := time.Now()
				w.deliver(about("1").with("web-01", begin, never))
				time.Sleep(10 * time.Minute)
				w.deliver(about("1").with("web-01", begin, time.Now()))
				time.Sleep(10 * time.Minute)
			}
			w.portal.SetFaults()
			w.rest()
			if got := w.only(); len(got.Notes) != 1 || strings.Join(got.Changes, " ") != "Closed" {
				t.Errorf("%+v", got)
			}
		})
	})
}

// TestThousandGroups: ten tickets, and one that says how many groups it stands for.
func TestThousandGroups(t *testing.T) {
	if testing.Short() {
		t.Skip("delivers thousands of alerts")
	}
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		calls := w.countCalls()
		const groups = 1000
		begin := time.Now()
		for i := range groups {
			w.deliver(about(fmt.Sprint(i)).with(fmt.Sprint("vm-", i), begin, never))
		}
		w.rest()
		w.wantCalls(calls(), 2*11, 11, 0)
		all := w.tickets()
		if len(all) != 11 {
			t.Fatalf("%d tickets", len(all))
		}
		if got := all[10]; !strings.Contains(got.Summary, "990 more groups of alerts: Backup failed") || !strings.Contains(got.Details, "and 890 more.") {
			t.Errorf("the collective ticket: %q\n%s", got.Summary, got.Details)
		}
		if n := promtestutil.ToFloat64(w.metrics.failures.WithLabelValues(reasonBrake)); n != 990 {
			t.Errorf("failures_total{reason=max_new_per_hour} %v", n)
		}
		for range 1 { // the next hour brings no tickets for what is spoken for
			for i := range groups {
				w.deliver(about(fmt.Sprint(i)).with(fmt.Sprint("vm-", i), begin, never))
			}
			time.Sleep(time.Hour)
		}
		w.wantCalls(calls(), 0, 0, 0)

		w.start(0) // nor does a restart
		late := about("late").with("vm", time.Now(), never)
		w.deliver(late)
		w.rest()
		if all = w.tickets(); len(all) != 12 || w.bridge.Status().Covered != 990 {
			t.Errorf("%d tickets after an hour", len(all))
		}
		for i := range groups {
			w.deliver(about(fmt.Sprint(i)).with(fmt.Sprint("vm-", i), begin, time.Now()))
		}
		w.rest()
		for _, got := range w.tickets() {
			want := "Closed"
			if strings.HasPrefix(got.Details, "Opened by our monitoring for 1") && strings.Contains(got.Details, "VM vm failed") {
				want = "Awaiting Review" // it fires still
			}
			if got.Status != want || want == "Closed" && len(got.Notes) != 1 {
				t.Errorf("%s is %s, notes %q", got.Summary, got.Status, got.Notes)
			}
		}
		time.Sleep(30 * time.Hour)
		w.bridge.poke()
		synctest.Wait()
		if names, err := os.ReadDir(w.dir); err != nil || len(names) != 1 {
			t.Errorf("%d files of groups that are over are kept (%v)", len(names), err)
		}
	})
}

// TestBrakeIsFreeAgain: a group that comes back after the storm gets a ticket of its own.
func TestBrakeIsFreeAgain(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(func(s *Settings) { s.MaxNewPerHour = 1 }), func(w *world) {
		begin := time.Now()
		for _, account := range []string{"1", "2", "3"} {
			w.deliver(about(account).with("web-01", begin, never))
			time.Sleep(time.Second)
		}
		w.rest()
		w.deliver(about("4").with("web-01", time.Now(), never)) // a minute later: a note, and not at once
		synctest.Wait()
		if all := w.tickets(); len(all) != 2 || len(all[1].Notes) != 0 || !strings.HasSuffix(all[1].Summary, "] 2 more groups of alerts: Backup failed") {
			t.Errorf("%+v", all)
		}
		if n := promtestutil.ToFloat64(w.metrics.failures.WithLabelValues(reasonBrake)); n != 3 {
			t.Errorf("failures_total{reason=max_new_per_hour} %v", n)
		}
		w.rest()
		if all := w.tickets(); len(all) != 2 || len(all[1].Notes) != 1 || !strings.Contains(all[1].Notes[0], "1 more groups of alerts; this ticket stands for 3 that fire now") {
			t.Errorf("%+v", all)
		}
		time.Sleep(2 * time.Hour)
		w.deliver(about("2").with("web-01", begin, time.Now()))
		w.rest()
		time.Sleep(time.Hour)
		w.deliver(about("2").with("web-01", time.Now(), never))
		w.rest()
		all := w.tickets()
		if len(all) != 3 || !strings.Contains(all[2].Summary, "Backup failed: web-01") {
			t.Fatalf("%+v", all)
		}
		for _, account := range []string{"3", "4"} {
			w.deliver(about(account).with("web-01", begin, time.Now()))
		}
		w.rest()
		if all = w.tickets(); all[1].Status != "Closed" {
			t.Errorf("%+v", all[1])
		}
	})
}

// TestApproval: a new ticket that cannot be changed yet is changed later.
func TestApproval(t *testing.T) {
	inWorld(t, simulator.Options{ApprovalDelay: 40 * time.Minute}, settings(), func(w *world) {
		begin := time.Now()
		w.deliver(about("1").with("web-01", begin, never))
		w.rest()
		time.Sleep(time.Minute)
		w.deliver(about("1").with("web-01", begin, time.Now()))
		time.Sleep(5 * time.Minute)
		s := w.bridge.Status()
		if len(s.Tickets) != 1 || s.Tickets[0].State != Waiting || !strings.Contains(s.Tickets[0].Error, "waiting for approval") || s.Tickets[0].Next.IsZero() {
			t.Errorf("%+v", s)
		}
		w.rest()
		if got := w.only(); got.Status != "Closed" || len(got.Notes) != 1 {
			t.Errorf("%+v", got)
		}
		if n := promtestutil.ToFloat64(w.metrics.failures.WithLabelValues(reasonApproval)); n < 3 || n > 10 {
			t.Errorf("%v attempts", n)
		}
	})
}

// TestSomeoneElseCloses: a ticket that a person has closed is opened again when more
// fires, and left alone when all is resolved.
func TestSomeoneElseCloses(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		person := w.client(testutil.Direct{Handler: w.portal})
		begin := time.Now()
		w.deliver(about("1").with("web-01", begin, never))
		w.rest()
		if err := person.CloseTicket(w.t.Context(), w.only().ID); err != nil {
			t.Fatal(err)
		}
		w.deliver(about("1").with("web-01", begin, never))
		w.rest()
		if got := w.only(); got.Status != "Closed" {
			t.Errorf("a repeat opened it again: %+v", got)
		}
		time.Sleep(time.Minute)
		w.deliver(about("1").with("web-01", begin, never).with("web-02", time.Now(), never))
		w.rest()
		if got := w.only(); got.Status != "Awaiting Review" || len(got.Notes) != 1 {
			t.Errorf("%+v", got)
		}
		if err := person.CloseTicket(w.t.Context(), w.only().ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.deliver(about("1").with("web-01", begin, time.Now()).with("web-02", begin, time.Now()))
		w.rest()
		if got := w.only(); got.Status != "Closed" || len(got.Notes) != 1 || len(got.Changes) != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// TestComesBack: within reopen_within the ticket is opened again, later there is another
// one with another mark.
func TestComesBack(t *testing.T) {
	for _, test := range []struct {
		within, after time.Duration
		tickets       int
		status        string
	}{
		{24 * time.Hour, 23 * time.Hour, 1, "Awaiting Review"},
		{24 * time.Hour, 25 * time.Hour, 2, "Closed"},
		{30 * time.Minute, 45 * time.Minute, 2, "Closed"}, // the first is not forgotten yet
	} {
		t.Run(test.after.String(), func(t *testing.T) {
			inWorld(t, simulator.Options{}, settings(func(s *Settings) { s.ReopenWithin = test.within }), func(w *world) {
				begin := time.Now()
				w.deliver(about("1").with("web-01", begin, never))
				w.rest()
				time.Sleep(time.Minute)
				w.deliver(about("1").with("web-01", begin, time.Now()))
				w.rest()
				time.Sleep(test.after)
				w.deliver(about("1").with("web-01", time.Now(), never))
				w.rest()
				all := w.tickets()
				if len(all) != test.tickets || all[0].Status != test.status {
					t.Fatalf("%+v", all)
				}
				if len(all) == 2 && all[0].Summary[:17] == all[1].Summary[:17] {
					t.Errorf("both have the mark %s", all[0].Summary)
				}
			})
		})
	}
}

// TestOnlyItsOwn: tickets of people are not touched, whatever they quote.
func TestOnlyItsOwn(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		person := w.client(testutil.Direct{Handler: w.portal})
		g := &group{Key: about("1").key, Start: time.Now().UTC()}
		for _, summary := range []string{"Re: " + g.mark() + " Backup failed", "web-01", "[#ukx-aaaaaaaaaa] Backup failed: web-01"} {
			if _, err := person.CreateIncident(w.t.Context(), portal.Incident{
				Area: portal.IncidentCompute, Service: "My Service", Classification: portal.OtherIncident, Summary: summary, Details: g.mark(),
			}); err != nil {
				t.Fatal(err)
			}
		}
		w.nights()
		all := w.tickets()
		if len(all) != 4 || !strings.HasPrefix(all[3].Summary, g.mark()) {
			t.Fatalf("%+v", all)
		}
		for _, got := range all[:3] {
			if len(got.Notes) > 0 || len(got.Changes) > 0 {
				t.Errorf("%+v was touched", got)
			}
		}
	})
}

// TestStateLost: without its files the bridge finds its ticket again.
func TestStateLost(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		m := about("1").with("web-01", time.Now(), never)
		w.deliver(m)
		w.rest()
		w.bridge.Stop()
		if err := os.RemoveAll(w.dir); err != nil {
			t.Fatal(err)
		}
		w.bridge = nil
		w.start(0)
		w.deliver(m)
		w.rest()
		w.only()
		if s := w.bridge.Status(); len(s.Tickets) != 1 || s.Tickets[0].ID != w.only().ID {
			t.Errorf("%+v", s)
		}
	})
}

func TestNoteOnly(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(func(s *Settings) { s.Close = false }), func(w *world) {
		for range 2 {
			w.flap()
		}
		if got := w.only(); len(got.Changes) != 0 || len(got.Notes) != 3 {
			t.Errorf("%+v", got)
		}
	})
}

func TestServiceRequest(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(func(s *Settings) {
		s.QueryNature, s.ProblemArea = "Other", "IP Addresses"
		s.Summary, s.Details = "{{.GroupLabels.account}} and\n{{.Receiver}}", "{{len .New}} of {{.ExternalURL}}"
	}), func(w *world) {
		w.deliver(about("1").with("web-01", time.Now(), never))
		w.rest()
		if got := w.only(); !strings.HasPrefix(got.ID, "REQ") || !strings.HasSuffix(got.Summary, "] 1 and tickets") || got.Details != "1 of http://alertmanager.test" {
			t.Errorf("%+v", got)
		}
	})
}

// TestDryRun sends nothing; what fires when it ends gets its ticket.
func TestDryRun(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(func(s *Settings) { s.DryRun = true; s.MaxNewPerHour = 2 }), func(w *world) {
		calls := w.countCalls()
		begin := time.Now()
		for _, account := range []string{"1", "2", "3"} {
			w.deliver(about(account).with("web-0"+account, begin, never))
		}
		w.rest()
		time.Sleep(time.Minute)
		w.deliver(about("1").with("web-01", begin, time.Now()))
		w.rest()
		w.wantCalls(calls(), 0, 0, 0)
		for _, want := range []string{"an incident would be opened", "Backup failed: web-01", "1 more groups of alerts", "a note would be added", "a ticket would be closed"} {
			if !strings.Contains(w.logs.String(), want) {
				t.Errorf("the log does not say %q\n%s", want, w.logs)
			}
		}
		if n := promtestutil.ToFloat64(w.metrics.created); n != 0 {
			t.Errorf("created_total %v", n)
		}
		w.settings.DryRun = false
		w.start(0)
		w.rest()
		if all := w.tickets(); len(all) != 2 || !strings.Contains(all[0].Summary, "web-02") || !strings.Contains(all[1].Summary, "web-03") {
			t.Errorf("%+v", all)
		}
		calls()
		w.settings.DryRun = true
		w.start(0)
		time.Sleep(time.Minute)
		w.deliver(about("2").with("web-02", begin, time.Now()))
		time.Sleep(time.Hour)
		w.wantCalls(calls(), 0, 0, 0)
		if !strings.Contains(w.logs.String(), "a ticket is left as it is") {
			t.Error("the log does not say that a real ticket is left alone")
		}
		w.settings.DryRun = false
		w.start(0)
		w.rest()
		if all := w.tickets(); all[0].Status != "Closed" || all[1].Status == "Closed" {
			t.Errorf("%+v", all)
		}
	})
}

// TestRefused: a ticket that the portal will not have is tried now and then, shown as
// failed, and opened once it will.
func TestRefused(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		refuse := true
		posts := 0
		w.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && r.URL.Path == "/api/my_calls" {
				if posts++; refuse {
					recorder := httptest.NewRecorder()
					recorder.WriteHeader(http.StatusUnprocessableEntity)
					return recorder.Result(), nil
				}
			}
			return next.RoundTrip(r)
		}
		w.deliver(about("1").with("web-01", time.Now(), never))
		time.Sleep(10 * time.Hour)
		counts, oldest := w.bridge.counts()
		if posts < 8 || posts > 20 || counts[Failed] != 1 || counts[Waiting] != 0 || oldest.IsZero() {
			t.Errorf("%d attempts, %v, %s", posts, counts, oldest)
		}
		refuse = false
		w.rest()
		w.only()
	})
}

// TestTicketGone: a ticket that the portal does not know any more is not opened anew.
func TestTicketGone(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		begin := time.Now()
		w.deliver(about("1").with("web-01", begin, never))
		w.rest()
		w.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, "/api/my_calls/") {
				recorder := httptest.NewRecorder()
				recorder.WriteHeader(http.StatusBadRequest)
				return recorder.Result(), nil
			}
			return next.RoundTrip(r)
		}
		time.Sleep(time.Minute)
		w.deliver(about("1").with("web-01", begin, never).with("web-02", time.Now(), never))
		time.Sleep(5 * time.Hour)
		if counts, _ := w.bridge.counts(); counts[Failed] != 1 {
			t.Errorf("%v", counts)
		}
		w.between = nil
		w.rest()
		if got := w.only(); len(got.Notes) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestNotDurable: what cannot be kept is not taken.
func TestNotDurable(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		w.bridge.Stop()
		if err := os.WriteFile(w.dir, nil, 0o600); err != nil { // where a directory belongs
			t.Fatal(err)
		}
		w.bridge = nil
		const unread = "Reading the state of the tickets failed"
		if strings.Contains(w.logs.String(), unread) {
			t.Errorf("the first start: %s", w.logs)
		}
		w.start(0)
		if !strings.Contains(w.logs.String(), unread) {
			t.Errorf("the second start: %s", w.logs)
		}
		m := about("1").with("web-01", time.Now(), never)
		if status := w.post(m); status != http.StatusServiceUnavailable {
			t.Errorf("status %d", status)
		}
		time.Sleep(time.Minute)
		if err := os.Remove(w.dir); err != nil {
			t.Fatal(err)
		}
		if all := w.tickets(); len(all) != 0 {
			t.Errorf("%+v", all)
		}
		w.deliver(m)
		w.rest()
		w.only()
	})
}

// TestAllowed: other alerts open no ticket, also not beside one that does.
func TestAllowed(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(func(s *Settings) { s.Alerts = []string{"UKCloudBackupFailed", `{team=~"ops|dba",vm!="x"}`} }), func(w *world) {
		m := about("1").with("web-01", time.Now(), never).with("web-02", time.Now(), never).with("web-03", time.Now(), never)
		m.alerts[1]["labels"] = map[string]string{"alertname": "Other", "vm_name": "web-02"}
		m.alerts[2]["labels"] = map[string]string{"alertname": "Other", "vm_name": "web-03", "team": "dba"}
		other := about("2").with("web-04", time.Now(), never)
		other.alerts[0]["labels"] = map[string]string{"alertname": "Other", "vm_name": "web-04", "team": "dbas"}
		w.deliver(m)
		w.deliver(other)
		w.rest()
		if got := w.only(); strings.Contains(got.Summary, "web-02") || !strings.Contains(got.Summary, "web-01, web-03") {
			t.Errorf("%+v", got)
		}
	})
}

// TestMetrics: exactly the families of the contract, and none without a bridge.
func TestMetrics(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		w.deliver(about("1").with("web-01", time.Now(), never))
		w.rest()
		w.portal.SetFaults(simulator.Fault{Endpoint: "my_calls", Kind: "503"})
		w.deliver(about("2").with("web-01", time.Now(), never))
		synctest.Wait()
		problems, err := promtestutil.CollectAndLint(w.metrics)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		const want = `
# HELP ukcloud_alert_tickets Groups of alerts by what is with their ticket: open, waiting for a change to be made, or failed, which the portal refused.
# TYPE ukcloud_alert_tickets gauge
ukcloud_alert_tickets{state="failed"} 0
ukcloud_alert_tickets{state="open"} 1
ukcloud_alert_tickets{state="waiting"} 1
# HELP ukcloud_alert_tickets_closed_total Tickets of alerts that were closed.
# TYPE ukcloud_alert_tickets_closed_total counter
ukcloud_alert_tickets_closed_total 0
# HELP ukcloud_alert_tickets_created_total Tickets that were opened for alerts.
# TYPE ukcloud_alert_tickets_created_total counter
ukcloud_alert_tickets_created_total 1
# HELP ukcloud_alert_tickets_failures_total What went wrong on the way from alerts to tickets; max_new_per_hour counts each group of alerts that was held back.
# TYPE ukcloud_alert_tickets_failures_total counter
ukcloud_alert_tickets_failures_total{reason="bad_answer"} 0
ukcloud_alert_tickets_failures_total{reason="bad_webhook"} 0
ukcloud_alert_tickets_failures_total{reason="forbidden"} 0
ukcloud_alert_tickets_failures_total{reason="max_new_per_hour"} 0
ukcloud_alert_tickets_failures_total{reason="not_found"} 0
ukcloud_alert_tickets_failures_total{reason="outcome_unknown"} 0
ukcloud_alert_tickets_failures_total{reason="refused"} 0
ukcloud_alert_tickets_failures_total{reason="server_error"} 0
ukcloud_alert_tickets_failures_total{reason="state_not_saved"} 0
ukcloud_alert_tickets_failures_total{reason="template"} 0
ukcloud_alert_tickets_failures_total{reason="too_many_requests"} 0
ukcloud_alert_tickets_failures_total{reason="unauthorized"} 0
ukcloud_alert_tickets_failures_total{reason="unreachable"} 0
ukcloud_alert_tickets_failures_total{reason="waiting_for_approval"} 0
# HELP ukcloud_alert_tickets_notes_total Notes that were added to tickets of alerts.
# TYPE ukcloud_alert_tickets_notes_total counter
ukcloud_alert_tickets_notes_total 0
# HELP ukcloud_alert_tickets_oldest_waiting_timestamp_seconds Since when the oldest change that is not made yet waits; absent when none does.
# TYPE ukcloud_alert_tickets_oldest_waiting_timestamp_seconds gauge
ukcloud_alert_tickets_oldest_waiting_timestamp_seconds 1.5205104e+09
`
		if err := promtestutil.CollectAndCompare(w.metrics, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
		w.bridge.Stop()
		registry := prometheus.NewRegistry()
		registry.MustRegister(w.metrics)
		if families, err := registry.Gather(); err != nil || len(families) != 0 {
			t.Errorf("without a bridge: %v, %v", families, err)
		}
	})
}

// TestStopped: a bridge that has been replaced takes nothing, and may be stopped while it
// calls.
func TestStopped(t *testing.T) {
	inWorld(t, simulator.Options{Latency: 3 * time.Second}, settings(), func(w *world) {
		m := about("1").with("web-01", time.Now(), never)
		w.deliver(m)
		time.Sleep(10 * time.Second) // in the middle of something
		w.bridge.Stop()
		if status := w.post(m); status != http.StatusServiceUnavailable {
			t.Errorf("status %d", status)
		}
		w.bridge = nil
		w.start(0)
		w.rest()
		w.only()
	})
}

func TestBadWebhooks(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		good := about("1").with("web-01", time.Now(), never).body(t)
		change := func(old, replacement string) string {
			if !strings.Contains(good, old) {
				t.Fatalf("%s has no %s", good, old)
			}
			return strings.Replace(good, old, replacement, 1)
		}
		for _, test := range []struct {
			name, body string
			status     int
			says       string
		}{
			{"nothing", "", 400, "not JSON at byte 0"},
			{"not JSON", "hunter2", 400, "not JSON at byte"},
			{"more than one value", good + "{}", 400, "not JSON"},
			{"a list", "[]", 400, "the body at byte"},
			{"another version", change(`"version":"4"`, `"version":"3"`), 400, `version is not "4"`},
			{"no group key", change(`"groupKey":`, `"x":`), 400, "groupKey is missing"},
			{"no alerts", change(`"alerts":`, `"x":`), 400, "alerts is empty"},
			{"alerts of another kind", change(`"alerts":[`, `"alerts":["hunter2",`), 400, "alerts at byte"},
			{"odd status", change(`"status":"firing"}]`, `"status":"hunter2"}]`), 400, "alerts[0]: status is neither firing nor resolved"},
			{"odd status of the group", change(`"status":"firing","truncatedAlerts"`, `"status":"x","truncatedAlerts"`), 400, "status is neither"},
			{"odd time", change(`"startsAt":"2018`, `"startsAt":"hunter2`), 400, "startsAt at byte"},
			{"no time", change(`"startsAt":`, `"x":`), 400, "startsAt is missing"},
			{"no labels", change(`"labels":`, `"x":`), 400, "labels is empty"},
			{"a label that is no text", change(`"vm":"urn:web-01"`, `"vm":1`), 400, "labels at byte"},
			{"4 MiB", change(`"receiver":"`, `"receiver":"`+strings.Repeat("x", maxBody-len(good))), 200, ""},
			{"a byte more", change(`"receiver":"`, `"receiver":"`+strings.Repeat("x", maxBody-len(good)+1)), 413, "more than 4194304 bytes"},
		} {
			status, body := w.postBody(test.body)
			if status != test.status || !strings.Contains(body, test.says) || strings.Contains(body, "hunter2") {
				t.Errorf("%s: %d %s, want %d %s", test.name, status, body, test.status, test.says)
			}
		}
		recorder := httptest.NewRecorder()
		w.bridge.ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/alerts", nil))
		if recorder.Code != http.StatusMethodNotAllowed || recorder.Header().Get("Allow") != "POST" {
			t.Errorf("GET: %d", recorder.Code)
		}
		w.rest()
		w.only()
	})
}
