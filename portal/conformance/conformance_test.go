package conformance

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestConformance asks for every documented status of every section.
func TestConformance(t *testing.T) {
	sections := reference(t)
	p, bodies := newTarget(t), newSchemas(t, sections)
	if p.writes { // a VM that is new, too
		p.admin.call("POST", p.path("/api/accounts/:account_id/vorgs/:vorg_id/vdcs", p.account, p.vorg, "", ""), newVDC)
	}
	builds := p.someBuilds()
	seen, documented := map[string][]int{}, 0
	for _, s := range sections {
		for _, status := range s.Statuses {
			documented++
			t.Run(fmt.Sprintf("%s/%d", s.Name, status), func(t *testing.T) {
				if changes(s, status) && !p.writes {
					t.Skip("this would change something: -write allows it")
				}
				open, closed := p.prepare(s, status)
				r := p.row(s, status, open, closed, builds)
				if r.as == nil && status == http.StatusForbidden && p.limited == nil {
					t.Skip("this needs a user with fewer permissions: -limited names one")
				}
				if r.as == nil {
					t.Fatal("the suite does not know how to get this status")
				}
				a := r.as.call(s.method(), r.path, r.body)
				if a.status != status {
					t.Fatalf("%d %.300s", a.status, a.body)
				}
				checkHeaders(t, s, a)
				checkBody(t, s, a, bodies)
				if !t.Failed() {
					seen[s.Name] = append(seen[s.Name], status)
				}
			})
		}
	}
	if !p.simulated || t.Failed() {
		return
	}
	for _, d := range deviations {
		if !bodies.used[d] {
			t.Errorf("nothing deviates any more at %s %s: take it off the list", d.section, d.place)
		}
	}
	count := 0
	for _, statuses := range seen {
		count += len(statuses)
	}
	t.Logf("%d of %d documented statuses", count, documented)
	if count != documented {
		return // a part of the suite was run
	}
	document(t, sections, seen)
}

func isCSV(s section) bool { return strings.Contains(s.Name, "/billing/") }

func checkHeaders(t *testing.T, s section, a answer) {
	t.Helper()
	want := "application/json"
	if isCSV(s) && a.status == http.StatusOK {
		want = "text/csv"
	}
	if got := a.header.Get("Content-Type"); got != want {
		t.Errorf("Content-Type %q, want %q", got, want)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
	if length := a.header.Get("Content-Length"); length != fmt.Sprint(len(a.body)) && !isCSV(s) {
		t.Errorf("Content-Length %q of %d bytes", length, len(a.body))
	}
	if a.status == http.StatusAccepted && !regexp.MustCompile(`^/api/(vorg|vdc|edge-gateway)-builds/\d+$`).MatchString(a.header.Get("Location")) {
		t.Errorf("Location %q", a.header.Get("Location"))
	}
	if s.Name == "POST /api/authenticate" && a.status != http.StatusBadRequest && len(a.header.Values("Set-Cookie")) != 2 {
		t.Errorf("cookies %q", a.header.Values("Set-Cookie"))
	}
	// Recorded: reads and logins may be kept and asked for again, the rest not.
	control := "no-cache"
	if a.status == http.StatusOK && s.method() == http.MethodGet || a.status == http.StatusCreated && s.Name == "POST /api/authenticate" {
		control = "max-age=0, private, must-revalidate"
		if a.header.Get("ETag") == "" {
			t.Error("no ETag")
		}
	}
	if got := a.header.Get("Cache-Control"); got != control {
		t.Errorf("Cache-Control %q, want %q", got, control)
	}
}

func checkBody(t *testing.T, s section, a answer, bodies *schemas) {
	t.Helper()
	switch {
	case a.status >= 300:
		bodies.check(t, "error", "error", a.body)
		if a.status == http.StatusUnauthorized && string(a.body) != `{"error":"401 Unauthorized"}` {
			t.Errorf("body %s, recorded was another", a.body)
		}
	case isCSV(s):
		checkCSV(t, s, a)
	default:
		bodies.check(t, s.Name, s.Name, a.body)
	}
}

// storageColumns are those of the reference. A bill has 56; how they are spelled
// differs between two documents of the vendor.
var storageColumns = []string{"Org Id", "Company Id", "Account Id", "Service Id", "Bucket Name", "Service Level", "Consumption (GB)", "Cost"}

const billColumns = 56

func checkCSV(t *testing.T, s section, a answer) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.body), "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if strings.HasSuffix(s.Name, "cloud-storage-report") && !slices.Equal(rows[0], storageColumns) {
		t.Errorf("columns %q", rows[0])
	}
	if strings.HasSuffix(s.Name, "billing-csv") && (len(rows[0]) != billColumns || rows[0][0] != "EventDate" || rows[0][billColumns-1] != "TotalPrice") {
		t.Errorf("%d columns, %q", len(rows[0]), rows[0])
	}
}
