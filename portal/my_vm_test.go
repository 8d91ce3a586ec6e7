package portal

import (
	"errors"
	"testing"

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
			Status: "Completed", Slot: "night of: 01/01/2015", Start: at("2015-01-01T23:23:00Z"), End: at("2015-01-01T23:31:00Z"),
			SnapshotRemovalStart: at("2015-01-01T23:33:00Z"), SnapshotRemovalEnd: at("2015-01-01T23:38:00Z"),
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
