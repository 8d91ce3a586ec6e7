package portal

import (
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/money"
)

const realAnswer = "../../shared/real/compute_services_2016-03.json.gz"

func openReal(t testing.TB) *gzip.Reader {
	t.Helper()
	file, err := os.Open(realAnswer)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("THE REAL RECORDING IS MISSING: NOT TESTED THAT A REAL ANSWER OF 1,920 VMs IS READ WHOLE")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	in, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestComputeServicesReal reads one real answer, taken on 8 March 2016.
func TestComputeServicesReal(t *testing.T) {
	in := openReal(t)
	portal := &served{serve: func(req *http.Request) *http.Response {
		resp := reply(req, 200, "")
		resp.Body, resp.ContentLength = in, -1
		return resp
	}}
	client := newTestClient(t, portal)
	answer, err := client.Conditional().ComputeServices(context.Background(), "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Malformed) > 0 {
		t.Errorf("malformed: %v", answer.Malformed)
	}
	counts := map[string]int{"vOrgs": len(answer.Value)}
	for vdc := range answer.Value.VDCs() {
		counts["VDCs"]++
		counts["vApps"] += len(vdc.VApps)
	}
	var sum money.Amount
	for vm := range answer.Value.VMs() {
		counts["VMs"]++
		counts[vm.PowerStatus]++
		counts[vm.LastBackupStatus]++
		counts["backups"] += len(vm.Backups)
		for _, backup := range vm.Backups {
			if backup.Start != 0 && backup.End != 0 && backup.End < backup.Start {
				t.Errorf("%s: a backup ends before it starts", vm.URN)
			}
		}
		if !vm.MonthToDate.Valid || !vm.HoursOn.Valid || !vm.CPUs.Valid || vm.Size == "" {
			t.Errorf("%s: something is absent", vm.URN)
		}
		var ok bool
		if sum, ok = sum.Add(vm.MonthToDate.Value); !ok {
			t.Error("the sum is out of range")
		}
	}
	if got := sum.String(); got != "61838.61" {
		t.Errorf("month to date £%s, want £61838.61", got)
	}
	want := map[string]int{
		"vOrgs": 8, "VDCs": 23, "vApps": 174, "VMs": 1920, "POWERED_ON": 1525, "POWERED_OFF": 395,
		"Successful": 222, "Failed": 8, "Excluded from backup": 1690, "backups": 3220,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}
