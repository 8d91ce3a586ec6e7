package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

const withTickets = "state_dir: state\ntickets: {service: My Service}\n"

// firing is a webhook of Alertmanager about an account.
func firing(account string) string {
	return strings.ReplaceAll(`{"version":"4","groupKey":"{}:{account=\"X\"}","status":"firing","receiver":"tickets","groupLabels":{"account":"X"},
"externalURL":"http://alertmanager.test","alerts":[{"status":"firing","fingerprint":"f","startsAt":"2018-03-08T12:00:00Z","endsAt":"0001-01-01T00:00:00Z",
"labels":{"alertname":"UKCloudBackupFailed","vm_name":"web-X","account":"X"},"annotations":{"description":"The backup failed"},"generatorURL":"http://prometheus.test"}]}`, "X", account)
}

func (s *setup) postAlerts(body string) int {
	s.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/alerts", strings.NewReader(body))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code
}

// opened are the summaries of the tickets that users opened.
func (s *setup) opened() (summaries []string) {
	s.t.Helper()
	list, err := s.current.Load().client.MyCalls(context.Background(), portal.ScopeUser)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, t := range list {
		if strings.HasPrefix(t.Summary, "[#ukx-") {
			summaries = append(summaries, t.Summary)
		}
	}
	return summaries
}

// TestTickets: alerts become tickets with a section tickets and not without; a reload
// takes it away and brings it back, and nothing is opened twice.
func TestTickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), withTickets, only("my_calls"))
		wait := func() { synctest.Wait(); time.Sleep(time.Minute); synctest.Wait() }
		if status := s.postAlerts(firing("1")); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		wait()
		if got := s.opened(); len(got) != 1 || !strings.Contains(got[0], "web-1") {
			t.Fatalf("tickets %q\n%s", got, s.logs)
		}
		body := s.scrape()
		lint(t, body)
		for _, want := range []string{`ukcloud_alert_tickets{state="open"} 1`, "ukcloud_alert_tickets_created_total 1", `ukcloud_alert_tickets_failures_total{reason="max_new_per_hour"} 0`} {
			if !strings.Contains(body, "\n"+want+"\n") {
				t.Errorf("the exposition has no %s", want)
			}
		}
		_, page := s.get("/status")
		if !strings.Contains(page, `<a href="http://portal.test/support/my_calls#INC10001">INC10001</a>`) || !strings.Contains(page, "account=1") {
			t.Errorf("the status page:\n%s", page)
		}

		s.configure("state_dir: state\n")
		if err := s.reload(); err != nil {
			t.Fatal(err)
		}
		if status := s.postAlerts(firing("2")); status != http.StatusNotFound {
			t.Errorf("without the section: %d", status)
		}
		if body := s.scrape(); strings.Contains(body, "ukcloud_alert_tickets") {
			t.Error("metrics of tickets without the section")
		}
		if _, page := s.get("/status"); strings.Contains(page, "Tickets of alerts") {
			t.Error("the status page shows tickets without the section")
		}

		s.configure(withTickets)
		if err := s.reload(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second reload changes nothing
			for _, account := range []string{"1", "2"} {
				if status := s.postAlerts(firing(account)); status != http.StatusOK {
					t.Errorf("status %d", status)
				}
			}
			wait()
			if err := s.reload(); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.opened(); len(got) != 2 {
			t.Errorf("tickets %q", got)
		}
		if body := s.scrape(); !strings.Contains(body, "\nukcloud_alert_tickets_created_total 2\n") {
			t.Error("the counter has not gone on")
		}
		if strings.Contains(s.logs.String(), password) {
			t.Error("the log holds the password")
		}
	})
}

// TestTicketsWithoutThePortal: alerts are taken while nothing else works, and become
// tickets after a restart.
func TestTicketsWithoutThePortal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		options := estate()
		options.Faults = []simulator.Fault{{Endpoint: "*", Kind: "503"}}
		s := newSetup(t, options, withTickets, only("my_calls"))
		if status := s.postAlerts(firing("1")); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		time.Sleep(time.Hour)
		if body := s.scrape(); !strings.Contains(body, "\n"+`ukcloud_alert_tickets{state="waiting"} 1`+"\n") ||
			!strings.Contains(body, "\nukcloud_alert_tickets_oldest_waiting_timestamp_seconds 1.52051043e+09\n") {
			t.Errorf("%s", families(body)["ukcloud_alert_tickets"])
		}
		if _, page := s.get("/status"); !strings.Contains(page, "none yet") || !strings.Contains(page, "503") {
			t.Errorf("the status page:\n%s", page)
		}
		s.portal.SetFaults()
		time.Sleep(time.Hour)
		if got := s.opened(); len(got) != 1 {
			t.Errorf("tickets %q", got)
		}
	})
}
