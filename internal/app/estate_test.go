package app

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal/simulator"
)

// tables asks for the tables of the estate page.
func (s *setup) tables(query string) map[string][]map[string]any {
	s.t.Helper()
	status, body := s.get("/?format=json" + query)
	if status != http.StatusOK {
		s.t.Fatalf("/?format=json%s: %d %s", query, status, body)
	}
	var page struct {
		Tables map[string][]map[string]any
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		s.t.Fatal(err)
	}
	return page.Tables
}

// sum adds up a column of pounds.
func (s *setup) sum(rows []map[string]any, column string) (sum money.Amount) {
	s.t.Helper()
	for _, row := range rows {
		text, isText := row[column].(string)
		if !isText {
			continue
		}
		amount, err := money.Parse(text)
		if err != nil {
			s.t.Fatalf("%s %q: %v", column, text, err)
		}
		sum += amount
	}
	return sum
}

// TestEstatePage: the page says what the portal's own books say, of all accounts and
// of one, and asks the portal nothing for it.
func TestEstatePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), strings.Replace(everySecond, "billing_csv: {", "billing_csv: {tags: [project], ", 1))
		s.scrape()
		s.settle()
		asked := families(s.scrapeWithoutWaiting())["ukcloud_api_requests_total"]

		month := bill.MonthOf(time.Now())
		truth := map[bill.Month]money.Amount{}
		for _, org := range services(s) {
			for _, m := range []bill.Month{month, month.Previous()} {
				b, err := s.portal.Bill(org, m.String())
				if err != nil {
					t.Fatal(err)
				}
				truth[m] += b.Total
			}
		}
		all := s.tables("")
		for _, id := range []string{"accounts", "services", "vdcs", "components", "tag:project"} {
			if got := s.sum(all[id], "month_to_date_gbp"); got != truth[month] {
				t.Errorf("%s: this month %s, the portal's books say %s", id, got, truth[month])
			}
			if got := s.sum(all[id], "previous_month_gbp"); got != truth[month.Previous()] {
				t.Errorf("%s: last month %s, the portal's books say %s", id, got, truth[month.Previous()])
			}
		}
		if got := s.sum(all["dearest"], "month_to_date_gbp"); got != truth[month] {
			t.Errorf("the resources come to %s, the portal's books say %s", got, truth[month])
		}
		var ofAccounts money.Amount
		for _, row := range all["accounts"] {
			ofAccounts += s.sum(s.tables("&account=" + row["account"].(string))["services"], "month_to_date_gbp")
		}
		if ofAccounts != truth[month] {
			t.Errorf("the accounts' own pages come to %s, not to %s", ofAccounts, truth[month])
		}

		_, page := s.get("/")
		for _, want := range []string{"March 2018 so far", "<svg", "By tag project", "Powered off but paid for", "How old these figures are"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		for id, title := range map[string]string{
			"backup_failed": "Last backup failed", "backup_overdue": "Backup overdue", "unprotected": "Running and not backed up",
			"idle": "Powered off but paid for", "tickets": "Open tickets", "builds": "Builds under way",
		} {
			if want := fmt.Sprintf(">%s</a>: %d</li>", title, len(all[id])); !strings.Contains(page, want) {
				t.Errorf("the page begins without %q", want)
			}
		}
		if now := families(s.scrapeWithoutWaiting())["ukcloud_api_requests_total"]; now != asked {
			t.Errorf("the page asked the portal:\n%s\nbefore:\n%s", now, asked)
		}
	})
}

// TestEstatePageRequests: what may be asked for, and with which headers it is answered.
func TestEstatePageRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), everySecond)
		s.scrape()
		s.settle()
		tests := []struct {
			name, method, path, kind string
			status                   int
		}{
			{"the page", "GET", "/", "text/html; charset=utf-8", 200},
			{"HEAD", "HEAD", "/", "text/html; charset=utf-8", 200},
			{"no writing", "POST", "/", "text/plain; charset=utf-8", 405},
			{"CSV of all", "GET", "/?format=csv", "text/csv; charset=utf-8", 200},
			{"CSV of one", "GET", "/?format=csv&table=idle", "text/csv; charset=utf-8", 200},
			{"JSON", "GET", "/?format=json&table=tickets", "application/json", 200},
			{"no such format", "GET", "/?format=xml%1b", "text/plain; charset=utf-8", 400},
			{"no such table", "GET", "/?format=csv&table=x%0a", "text/plain; charset=utf-8", 404},
			{"no such account", "GET", "/?account=4711%1b", "text/plain; charset=utf-8", 404},
			{"status", "GET", "/status", "text/html; charset=utf-8", 200},
			{"no such page", "GET", "/index.php", "text/plain; charset=utf-8", 404},
		}
		for _, test := range tests {
			func() { // a bubble has no subtests
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
				if w.Code != test.status || w.Header().Get("Content-Type") != test.kind {
					t.Errorf("%s: %d %s, want %d %s", test.name, w.Code, w.Header().Get("Content-Type"), test.status, test.kind)
				}
				if strings.ContainsRune(w.Body.String(), 0x1b) {
					t.Errorf("%s: an ESC is in the answer", test.name)
				}
				if test.status != 200 {
					return
				}
				for _, header := range []string{"Cache-Control", "X-Content-Type-Options", "Referrer-Policy"} {
					if w.Header().Get(header) == "" {
						t.Errorf("%s: no %s", test.name, header)
					}
				}
				if strings.HasPrefix(test.kind, "text/html") {
					policy := w.Header().Get("Content-Security-Policy")
					for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
						if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
							t.Errorf("%s: policy %q lacks %s", test.name, policy, want)
						}
					}
				}
			}()
		}
		_, text := s.get("/?format=csv&table=vdcs")
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(records) < 2 || records[0][0] != "account" {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// TestStatusPage says what the daemon does, and each thing once.
func TestStatusPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		o := estate()
		o.Faults = []simulator.Fault{{Endpoint: "my_calls", Kind: "500"}, {Endpoint: "builds", Kind: "404"}}
		s := newSetup(t, o, everySecond, func(o *Options) { o.Collectors = map[string]bool{"my_vm": false} })
		s.scrape()
		s.settle()
		s.configure("nonsense: true\n")
		if err := s.reload(); err == nil {
			t.Fatal("a bad configuration was taken")
		}
		_, page := s.get("/status")
		for _, want := range []string{
			"ready, with trouble", "2 of 6 collectors fail (my_calls, builds)", "switched off: my_vm",
			"http://portal.test/api as " + email, "the last reload failed", "nonsense", "collectors.my_calls.max_age",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		if strings.Contains(page, password) {
			t.Error("the page has the password")
		}
	})
}

// TestErrorsThatAgree: what most collectors say is said once.
func TestErrorsThatAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		o := estate()
		o.Password = "another"
		s := newSetup(t, o, everySecond)
		s.scrape()
		s.settle()
		time.Sleep(2 * time.Second) // who waited for the rejected login said so, who came later that logins are suspended
		s.scrape()
		s.settle()
		_, page := s.get("/status")
		if !strings.Contains(page, "All that fail say: no portal session") || strings.Count(page, "no portal session") != 1 || strings.Count(page, "as above") != 7 {
			t.Errorf("the page:\n%s", page)
		}
		_, page = s.get("/")
		for _, want := range []string{"bills read never, VMs never", "Open tickets</a>: not known", "compute_services has read nothing yet"} {
			if !strings.Contains(page, want) {
				t.Errorf("the estate page lacks %q", want)
			}
		}
	})
}

// TestEstatePageOfManyVMs holds the page of the largest estate to its size.
func TestEstatePageOfManyVMs(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 VMs take a while")
	}
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, simulator.Options{
			Seed: 7, Accounts: 50, VMs: 10_000, Email: email, Password: password, History: 2,
		}, everySecond)
		s.scrape()
		s.settle()
		if status, page := s.get("/"); status != http.StatusOK || len(page) > 200_000 {
			t.Errorf("status %d, %d bytes, want at most 200,000", status, len(page))
		}
	})
}

// services are the ids of the compute services that the exposition has.
func services(s *setup) (ids []string) {
	for line := range strings.Lines(families(s.scrapeWithoutWaiting())["ukcloud_vorg_info"]) {
		_, rest, _ := strings.Cut(line, `vorg="`)
		id, _, _ := strings.Cut(rest, `"`)
		ids = append(ids, id)
	}
	return ids
}
