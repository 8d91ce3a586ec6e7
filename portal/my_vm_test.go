package portal

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const referenceMyVApp = `{"_id":1,"urn":"urn:vcloud:vapp:x","name":"My vApp","ps":"On","total_vms":1,"month_to_date":"£0.15","estimated_monthly_total":"£0.34"}`

const referenceMyVM = `{"_id":1,"urn":"urn:vcloud:vm:x","name":"My VM","size":"small","ps":"On","os":"Microsoft Windows Server 2008 R2 (64-bit)",
 "cpu":"2x2GHz","mem":"4096MB","storage":"50GB","created_at":"01/01/2015 09:00","updated_at":"01/01/2015 09:00",
 "month_to_date":"£0.15","estimated_monthly_total":"£0.34","comment":null,"last_backup_status":"Successful","in_backup":true,
 "last_backup":"Completed on the night of: 01/01/2015","retention_length":14,"billed_hours_powered_on":8,"billed_hours_powered_off":14,
 "backups":[{"status":"Completed","backup_slot":"night of: 01/01/2015","backup_start":"01/01/2015 23:23","backup_end":"01/01/2015 23:31",
 "snapshot_removal_start":"01/01/2015 23:33","snapshot_removal_end":"01/01/2015 23:38"}]}`

func myVApp(vdc string) MyVApp {
	return MyVApp{VDCName: vdc, URN: "urn:vcloud:vapp:x", Name: "My vApp", PowerState: "On", TotalVMs: some[int64](1),
		MonthToDate: pounds("0.15"), Estimate: pounds("0.34")}
}

func myVMMachine(vdc string) MyVMMachine {
	return MyVMMachine{
		VDCName: vdc, URN: "urn:vcloud:vm:x", Name: "My VM", Size: "small", OS: "Microsoft Windows Server 2008 R2 (64-bit)", PowerState: "On",
		LastBackupStatus: "Successful", LastBackup: "Completed on the night of: 01/01/2015",
		MonthToDate: pounds("0.15"), Estimate: pounds("0.34"), HoursOn: some[int64](8), HoursOff: some[int64](14), InBackup: some(true),
		Backups: []Backup{{
			Status: "Completed", Slot: "night of: 01/01/2015", Start: moment("2015-01-01T23:23:00Z"), End: moment("2015-01-01T23:31:00Z"),
			SnapshotRemovalStart: moment("2015-01-01T23:33:00Z"), SnapshotRemovalEnd: moment("2015-01-01T23:38:00Z"),
		}},
	}
}

func TestMyVM(t *testing.T) {
	const warning = "This endpoint has been deprecated. Please use …/compute_service in future"
	flat := MyVMAccount{VApps: []MyVApp{myVApp("")}, VMs: []MyVMMachine{myVMMachine("")}}
	grouped := MyVMAccount{Name: "Demo", VApps: []MyVApp{myVApp("VDC 1")}, VMs: []MyVMMachine{myVMMachine("VDC 1"), myVMMachine("VDC 2")}}
	groupedLists := `{"vapps":[{"VDC 1":[` + referenceMyVApp + `]}],"vms":[{"VDC 1":[` + referenceMyVM + `]},{"VDC 2":[` + referenceMyVM + `]}]}`
	named := grouped
	named.Name = "account"
	odd := MyVMAccount{Name: "Odd", VMs: []MyVMMachine{{VDCName: "backups", Name: "a"}, {VDCName: "name", Name: "b"}}}
	tests := []struct {
		name, body string
		want       MyVM
	}{
		{"reference, its lists made valid", `{"account":{"vapps":[` + referenceMyVApp + `],"vms":[` + referenceMyVM + `]}}`, MyVM{Accounts: []MyVMAccount{flat}}},
		{"recorded", `{"Demo":` + groupedLists + `,"warning":"` + warning + `"}`, MyVM{[]MyVMAccount{grouped}, warning}},
		{"recorded, warning first, two accounts", `{"warning":"` + warning + `","Demo":` + groupedLists + `,"Other":{"vapps":[],"vms":[]}}`,
			MyVM{[]MyVMAccount{grouped, {Name: "Other"}}, warning}},
		{"both VDCs in one group", `{"Demo":{"vapps":[{"VDC 1":[` + referenceMyVApp + `]}],"vms":[{"VDC 1":[` + referenceMyVM + `],"VDC 2":[` + referenceMyVM + `]}]}}`,
			MyVM{Accounts: []MyVMAccount{grouped}}},
		{"an account that is named account", `{"account":` + groupedLists + `}`, MyVM{Accounts: []MyVMAccount{named}}},
		{"VDCs named like members", `{"Odd":{"vms":[{"backups":[{"name":"a"}],"name":[{"name":"b"}]}]}}`, MyVM{Accounts: []MyVMAccount{odd}}},
		{"from October 2020: zeros", `{"Demo":{"vms":[{"V":[{"name":"z","size":null,"month_to_date":"£0.00","estimated_monthly_total":"£0.00","billed_hours_powered_on":0,"billed_hours_powered_off":0,"storage":"0GB"}]}]}}`,
			MyVM{Accounts: []MyVMAccount{{Name: "Demo", VMs: []MyVMMachine{{VDCName: "V", Name: "z", MonthToDate: pounds("0"), Estimate: pounds("0"), HoursOn: some[int64](0), HoursOff: some[int64](0)}}}}}},
		{"nothing of a VM", `{"Demo":{"vms":[{"V":[{"name":"w","month_to_date":"a lot"}]},{}],"more":[]}}`,
			MyVM{Accounts: []MyVMAccount{{Name: "Demo", VMs: []MyVMMachine{{VDCName: "V", Name: "w"}, {}}}}}},
		{"nothing but the warning", `{"warning":"` + warning + `"}`, MyVM{Warning: warning}},
		{"nothing", `{}`, MyVM{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, _ := answering(t, test.body)
			got, err := client.Conditional().MyVM(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Value); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMyVMRefused(t *testing.T) {
	tests := []struct {
		name, body string
		want       error
	}{
		{"the reference's example as it stands is no JSON", `{"account":{"vapps":["_id":1,"urn":"x"]}}`, ErrNotJSON},
		{"a list", `[]`, ErrNotJSON},
		{"an error", `{"error":"No permitted account found"}`, ErrForbidden},
		{"a message", `{"message":"My VMs is closed"}`, ErrNotJSON},
		{"an account that is a list", `{"Demo":[]}`, ErrNotJSON},
		{"an account that is null", `{"Demo":null}`, ErrNotJSON},
		{"a list that is null", `{"Demo":{"vapps":null}}`, ErrNotJSON},
		{"a list that is an object", `{"Demo":{"vms":{}}}`, ErrNotJSON},
		{"VMs that are null", `{"Demo":{"vms":[null]}}`, ErrNotJSON},
		{"VMs that are numbers", `{"Demo":{"vms":[1]}}`, ErrNotJSON},
		{"VMs of a VDC that are null", `{"Demo":{"vms":[{"V":[null]}]}}`, ErrNotJSON},
		{"a VDC that is null beside one", `{"Demo":{"vms":[{"V":[],"W":{}}]}}`, ErrNotJSON},
		{"cut", `{"Demo":{"vms":[{"V":[{"name":"w"`, ErrTruncated},
		{"cut between accounts", `{"Demo":{"vms":[]}`, ErrTruncated},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, _ := answering(t, test.body)
			if got, err := client.Conditional().MyVM(t.Context(), nil); !errors.Is(err, test.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// largeMyVM writes an answer with 10,000 VDCs in ten accounts, each with a vApp and
// ten VMs, as many as my_vm shows of one, as it is read.
func largeMyVM() io.Reader {
	const vm = `{"_id":1,"urn":"urn:vcloud:vm:3272ed5b-8e59-4ce4-bc10-5b575fd25787","name":"vm","month_to_date":"£0.15"}`
	lists := func(list, objects string) string {
		return `"` + list + `":[` + strings.Repeat(`{"VDC":[`+objects+`]},`, 999) + `{"VDC":[` + objects + `]}]`
	}
	account := lists("vapps", referenceMyVApp) + "," + lists("vms", strings.Repeat(vm+",", 9)+vm)
	in, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, "{")
		for i := range 10 {
			_, _ = fmt.Fprintf(out, `"Account %d":{%s},`, i, account)
		}
		_, _ = io.WriteString(out, `"warning":"w"}`)
		_ = out.Close()
	}()
	return in
}

// TestMyVMOfALargeEstate: an answer with 100,000 VMs is read, a VDC at a time.
func TestMyVMOfALargeEstate(t *testing.T) {
	read := &counting{Reader: largeMyVM()}
	client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response {
		resp := reply(req, 200, "")
		resp.Body, resp.ContentLength = io.NopCloser(read), -1
		return resp
	}})
	got, err := client.MyVM(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	vms, vapps := 0, 0
	for _, account := range got.Accounts {
		vms, vapps = vms+len(account.VMs), vapps+len(account.VApps)
	}
	if last := got.Accounts[9].VMs[9999]; vms != 100_000 || vapps != 10_000 || last.VDCName != "VDC" || last.MonthToDate != pounds("0.15") || read.bytes < maxList {
		t.Errorf("%d VMs and %d vApps of %d bytes, the last %+v", vms, vapps, read.bytes, last)
	}
}

type counting struct {
	io.Reader
	bytes int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += n
	return n, err
}

// TestMyVMBounds: what of my_vm may be how large, and what is said beyond it.
func TestMyVMBounds(t *testing.T) {
	vapps := func(bytes int) string {
		return `{"Demo":{"vapps":[{"VDC":[` + strings.Repeat(referenceMyVApp+",", bytes/len(referenceMyVApp)) + referenceMyVApp + `]}]}}`
	}
	tests := []struct{ name, body, want string }{
		{"50,000 vApps in one VDC", vapps(maxGroup - 1<<16), ""},
		{"more in one VDC", vapps(maxGroup + 1<<16), "more than 8 MiB in one object"},
		{"a text in it", `{"Demo":{"vms":[{"name":"` + strings.Repeat("x", maxGroup+1<<16) + `"}]}}`, "more than 8 MiB in one object"},
		{"something unknown", `{"Demo":{"more":"` + strings.Repeat("x", maxGroup+1<<16) + `"}}`, "more than 8 MiB in one object"},
		{"the name of an account", `{"` + strings.Repeat("x", maxList+1) + `":{}}`, "more than 8 MiB"},
		{"VMs", `{"Demo":{"vms":[{"V":[{},{}]},{},{},{}]}}`, "more than 1048576 objects"}, // and their account
		{"backups", `{"Demo":{"vms":[{"name":"a","backups":[{},{},null,{}]}]}}`, "more than 1048576 objects"},
		{"one object less", `{"Demo":{"vms":[{"name":"a","backups":[{},{},{}]}]}}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newReader(strings.NewReader(test.body), maxList, time.UTC)
			r.objects = maxObjects - 5
			if len(test.body) > maxList/2 {
				r.objects = 0
			}
			_, err := r.myVM()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, errTooLarge) || err.Error() != "answer too large: "+test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// TestMyVMErrorBeside: the portal's own error is told before what is odd beside it.
func TestMyVMErrorBeside(t *testing.T) {
	client, _ := answering(t, `{"code":403,"error":"No permitted account found"}`)
	if _, err := client.MyVM(t.Context()); !errors.Is(err, ErrForbidden) {
		t.Error(err)
	}
}
