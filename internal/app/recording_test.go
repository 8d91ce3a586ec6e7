package app

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"ukcloud_exporter/money"
)

// recordingPath is the one real answer that is known, anonymised: 1,920 VMs.
const recordingPath = "../../../shared/real/compute_services_2016-03.json.gz"

func recording(t testing.TB) []byte {
	t.Helper()
	f, err := os.Open(recordingPath)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("NOT TESTED AGAINST THE REAL ANSWER: shared/real/compute_services_2016-03.json.gz IS NOT BESIDE THE CHECKOUT")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// recordedPortal answers what a portal with this one estate would.
func recordedPortal(estate []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/authenticate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// As recorded in 2016: dates long past must not throw the cookies away.
		w.Header().Add("Set-Cookie", "_session_id=c1; path=/api; expires=Mon, 03-Oct-2016 13:34:07 GMT; HttpOnly; secure")
		w.Header().Add("Set-Cookie", "rack.session=c2; path=/api; expires=Mon, 03-Oct-2016 13:34:07 GMT; HttpOnly; secure")
		w.Header().Set("Date", "Mon, 03 Oct 2016 13:19:07 GMT")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"expire_after":900}`)
	})
	answer := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if cookies := r.CookiesNamed("rack.session"); len(cookies) != 1 || cookies[0].Value != "c2" {
				w.WriteHeader(http.StatusUnauthorized)
				io.WriteString(w, `{"error":"401 Unauthorized"}`)
				return
			}
			w.Write(body)
		}
	}
	mux.Handle("GET /api/accounts", answer([]byte(`[{"name":"Example","id":1}]`)))
	mux.Handle("GET /api/accounts/1/compute_services", answer(estate))
	return mux
}

// TestRealAnswer scrapes the real answer: no series is lost, none is there twice,
// and the money is right to the penny.
func TestRealAnswer(t *testing.T) {
	data := recording(t)
	synctest.Test(t, func(t *testing.T) {
		s := newSetupBefore(t, recordedPortal(data), "", only("compute_services"))
		f := families(s.scrape())
		counts := map[string]int{
			"ukcloud_vm_info": 1920, "ukcloud_vm_powered_on": 1920, "ukcloud_vm_cost_month_to_date_gbp": 1920,
			"ukcloud_vm_cost_month_estimate_gbp": 1920, "ukcloud_vm_billed_seconds": 2 * 1920,
			"ukcloud_vm_cpus": 1920, "ukcloud_vm_memory_bytes": 1920, "ukcloud_vm_storage_bytes": 1920,
			"ukcloud_vm_backup_enabled": 1920, "ukcloud_vm_backup_last_attempt_success": 230,
			"ukcloud_vorg_info": 8, "ukcloud_vdc_info": 23, "ukcloud_vms": 3 * 23, "ukcloud_vms_by_backup_state": 6 * 23,
		}
		for name, want := range counts {
			if got := strings.Count(f[name], "\n"); got != want {
				t.Errorf("%s: %d series, want %d", name, got, want)
			}
		}
		if got := sum(t, f["ukcloud_vm_cost_month_to_date_gbp"]).String(); got != "61838.61" {
			t.Errorf("month to date is £%s, want £61838.61", got)
		}
		for _, c := range []struct{ family, label, want string }{
			{"ukcloud_vms", `power_state="on"`, "1525"},
			{"ukcloud_vms", `power_state="off"`, "395"},
			{"ukcloud_vms", `power_state="unknown"`, "0"},
			{"ukcloud_vms_by_backup_state", `backup_state="successful"`, "222"},
			{"ukcloud_vms_by_backup_state", `backup_state="failed"`, "8"},
			{"ukcloud_vms_by_backup_state", `backup_state="excluded"`, "1690"},
			{"ukcloud_vm_backup_last_attempt_success", "vm=", "222"},
			{"ukcloud_vm_powered_on", "vm=", "1525"},
			{"ukcloud_duplicate_series_dropped", `collector="compute_services"`, "0"},
			{"ukcloud_unknown_values", `collector="compute_services"`, "0"},
		} {
			if got := sum(t, having(f[c.family], c.label)).String(); got != c.want {
				t.Errorf("sum of %s with %s is %s, want %s", c.family, c.label, got, c.want)
			}
		}
	})
}

// sum adds the values of sample lines exactly.
func sum(t testing.TB, lines string) money.Amount {
	t.Helper()
	var total money.Amount
	for line := range strings.Lines(lines) {
		amount, err := money.Parse(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		var ok bool
		if total, ok = total.Add(amount); !ok {
			t.Fatal("sum out of range")
		}
	}
	return total
}

// having keeps the lines that hold text.
func having(lines, text string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		if strings.Contains(line, text) {
			b.WriteString(line)
		}
	}
	return b.String()
}
