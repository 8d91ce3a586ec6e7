package dashboards_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/lake"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal/simulator"
)

// The day that the panels are drawn of, and the time before it, of which a scrape
// an hour is kept: some rules compare with the week before.
const (
	interval = 5 * time.Minute
	before   = 8 * 24 * time.Hour
	length   = 24 * time.Hour
)

// end is the end of the day: an hour at which the bill, the backups and last
// month's final bill are all there.
func end() time.Time { return time.Date(2018, 3, 15, 18, 0, 0, 0, time.UTC) }

// simulate runs the exporter before the simulated portal through the day, both on
// a clock that costs no time, and writes every scrape as Prometheus would store
// it. Nothing is made up: what is in the file was exposed at that time.
//
// In the day the portal is down for a while, refuses an account, corrects last
// month's bill and sends a row that cannot be read, while something else writes the
// data set of the bills; alerts become tickets, and the exporter restarts.
func simulate(t *testing.T, path string) (portal *simulator.Portal) {
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	synctest.Test(t, func(t *testing.T) {
		dayStart := end().Add(-length)
		time.Sleep(time.Until(dayStart.Add(-before)))
		portal, err = simulator.New(simulator.Options{Seed: 5, Accounts: 2, VMs: 40, History: 4})
		if err != nil {
			t.Fatal(err)
		}
		bridged, exported := t.TempDir(), t.TempDir()
		x := startExporter(t, portal, bridged, exported)
		defer func() { x.stop(t) }()
		for time.Now().Before(dayStart) {
			x.record(t, out)
			time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)))
		}
		var other *lake.DataSet
		for scrape := 0; !time.Now().After(end()); scrape++ {
			switch scrape {
			case 12:
				portal.SetFaults(simulator.Fault{Endpoint: "*", Kind: "503"})
			case 13:
				x.alert(t, "ldap", "firing") // waits until the portal is back
			case 15:
				portal.SetFaults(simulator.Fault{Endpoint: "builds", Kind: "403", Account: portal.AccountIDs()[1]})
			case 30:
				happen(t, portal)
				other = openLake(t, exported)
			case 30 + int(7*time.Hour/interval): // the next round of bills was within six
				if err := other.Close(); err != nil {
					t.Error(err)
				}
			case 120:
				x.alert(t, "ldap", "resolved")
				x.alert(t, "web", "firing")
			case 144:
				x.stop(t)
				x = startExporter(t, portal, bridged, exported)
				time.Sleep(3 * time.Second)
			}
			x.record(t, out)
			time.Sleep(time.Until(time.Now().Truncate(interval).Add(interval)))
		}
	})
	if _, err := fmt.Fprintln(out, "# EOF"); err != nil {
		t.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return portal
}

// happen is what goes wrong with the bill in the day.
func happen(t *testing.T, portal *simulator.Portal) {
	t.Helper()
	org := portal.ServiceIDs(portal.AccountIDs()[0])[0]
	if err := portal.RestatePreviousMonth(org, -12*money.Pound); err != nil {
		t.Error(err)
	}
	if err := portal.SpoilRow(org, "2018-03", 3, "TotalPrice", "twelve"); err != nil {
		t.Error(err)
	}
}

// openLake is an export by hand, which keeps the exporter out of its data set.
func openLake(t *testing.T, dir string) *lake.DataSet {
	t.Helper()
	set, err := lake.Open(dir, lake.EvidenceSchema, lake.Parquet, "test")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// alert is what Alertmanager says of a group of one alert.
func (x *exporter) alert(t *testing.T, vm, status string) {
	t.Helper()
	body := fmt.Sprintf(`{"version":"4","groupKey":%q,"status":%[2]q,"alerts":[{"status":%[2]q,"labels":{"alertname":"UKCloudBackupFailed","vm_name":%[1]q},"startsAt":"2018-03-15T00:00:00Z"}]}`, vm, status)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/alerts", strings.NewReader(body))
	w := httptest.NewRecorder()
	x.bridge.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("alert: %d %s", w.Code, w.Body)
	}
}

// record scrapes and writes the samples with the labels of a scrape and its time.
func (x *exporter) record(t *testing.T, out *bufio.Writer) {
	t.Helper()
	text := x.get(t, "/metrics")
	// Rounded, as Prometheus aligns its scrapes.
	at := time.Now().Round(interval).Unix()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "process_start_time_seconds ") { // the process is older than its clock
			line = fmt.Sprintf("process_start_time_seconds %d", x.started.Unix())
		}
		const target = `job="ukcloud",instance="exporter:10048"`
		brace, space := strings.IndexByte(line, '{'), strings.IndexByte(line, ' ')
		if brace < 0 || brace > space {
			fmt.Fprintf(out, "%s{%s}%s %d\n", line[:space], target, line[space:], at)
		} else {
			fmt.Fprintf(out, "%s{%s,%s %d\n", line[:brace], target, line[brace+1:], at)
		}
	}
}
