package portal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// referenceCompute is the API reference's example with its missing commas and its
// curly quotes put right: a VM without a size, members twice, names behind the
// children.
const referenceCompute = `{
  "account": {"id": 1},
  "vOrgs": [{
    "VDCs": [{
      "name": "UKCloud (IL0-PROD-BASIC)",
      "urn": "urn:vcloud:vdc:3f78f9db-be9b-4517-a013-f1a6e39d5f5d",
      "vApps": [{
        "VMs": [{
          "_id": 2,
          "billedHoursPoweredOff": 443,
          "billedHoursPoweredOn": 0,
          "estimatedMonthlyTotal": "4.88",
          "memory": 16384,
          "monthToDate": "2.91",
          "name": "RedHat-v6.4-x86_64",
          "numberOfCPUs": 4,
          "operatingSystem": "Red Hat Enterprise Linux 6 (64-bit)",
          "powerStatus": "POWERED_OFF",
          "storage": 65536,
          "urn": "urn:vcloud:vm:3272ed5b-8e59-4ce4-bc10-5b575fd25787",
          "inBackup": true,
          "lastBackupStatus": "Successful",
          "lastBackup": "Completed on the night of: 23/06/2015",
          "inBackup": true,
          "lastBackupStatus": "Successful",
          "retentionLength": 28,
          "backups": [{
            "status": "Completed", "backupSlot": "night of: 23/06/2015",
            "backupStart": "24/06/2015 01:32",
            "backupEnd": "24/06/2015 01:35",
            "snapshotRemovalStart": "24/06/2015 01:34",
            "snapshotRemovalEnd": "24/06/2015 01:35"
          }]
        }],
        "name": "Demo vApp 2",
        "urn": "urn:vcloud:vapp:ca8517e8-e4f5-4289-8563-3afb86577972"
      }]
    }],
    "name": "UKCloud Demo vCloud",
    "serviceId": "1-1-1-9836cf",
    "urn": "urn:vcloud:org:66bf4c1d-24de-4793-8bdf-95f4fd3d737f"
  }]
}`

func readCompute(t *testing.T, body string) (*Answer[Estate], error) {
	t.Helper()
	client, _ := answering(t, body)
	return client.Conditional().ComputeServices(t.Context(), "1", nil)
}

// readEstate reads one page.
func readEstate(body string) error {
	_, err := newReader(strings.NewReader(body), maxValue, time.UTC).estate()
	return err
}

func vms(e Estate) []*VM { return slices.Collect(e.VMs()) }

func TestComputeServicesReference(t *testing.T) {
	got, err := readCompute(t, referenceCompute)
	if err != nil {
		t.Fatal(err)
	}
	vm := &VM{
		URN: "urn:vcloud:vm:3272ed5b-8e59-4ce4-bc10-5b575fd25787", Name: "RedHat-v6.4-x86_64",
		OS: "Red Hat Enterprise Linux 6 (64-bit)", PowerStatus: "POWERED_OFF",
		CPUs: some[int64](4), MemoryMiB: some[int64](16384), StorageMiB: some[int64](65536),
		MonthToDate: pounds("2.91"), Estimate: pounds("4.88"), HoursOn: some[int64](0), HoursOff: some[int64](443),
		LastBackupStatus: "Successful", LastBackup: "Completed on the night of: 23/06/2015",
		InBackup: some(true), RetentionDays: some[int64](28),
		Backups: []Backup{{
			Status: "Completed", Slot: "night of: 23/06/2015",
			Start: moment("2015-06-24T00:32:00Z"), End: moment("2015-06-24T00:35:00Z"),
			SnapshotRemovalStart: moment("2015-06-24T00:34:00Z"), SnapshotRemovalEnd: moment("2015-06-24T00:35:00Z"),
		}},
	}
	vapp := &VApp{Name: "Demo vApp 2", URN: "urn:vcloud:vapp:ca8517e8-e4f5-4289-8563-3afb86577972", VMs: []*VM{vm}}
	vdc := &VDC{Name: "UKCloud (IL0-PROD-BASIC)", URN: "urn:vcloud:vdc:3f78f9db-be9b-4517-a013-f1a6e39d5f5d", VApps: []*VApp{vapp}}
	vorg := &VOrg{Name: "UKCloud Demo vCloud", ServiceID: "1-1-1-9836cf", URN: "urn:vcloud:org:66bf4c1d-24de-4793-8bdf-95f4fd3d737f", VDCs: []*VDC{vdc}}
	vm.VApp, vapp.VDC, vdc.VOrg = vapp, vdc, vorg
	if diff := cmp.Diff(Estate{vorg}, got.Value); diff != "" {
		t.Error(diff)
	}
}

// oneVM is an answer with one VM of these members.
func oneVM(members string) string {
	return `{"vOrgs":[{"name":"o","serviceId":"s","urn":"u","VDCs":[{"vApps":[{"VMs":[{` + members + `}]}]}]}]}`
}

func TestComputeServicesMembers(t *testing.T) {
	tests := []struct {
		name, members string
		want          VM
		malformed     []string
	}{
		{name: "nothing"},
		{
			name:    "everything null",
			members: `"name":null,"urn":null,"size":null,"monthToDate":null,"estimatedMonthlyTotal":null,"billedHoursPoweredOn":null,"billedHoursPoweredOff":null,"powerStatus":null,"operatingSystem":null,"numberOfCPUs":null,"memory":null,"storage":null,"lastBackupStatus":null,"inBackup":null,"lastBackup":null,"retentionLength":null,"backups":null`,
		},
		{
			name:    "everything empty text",
			members: `"size":"","monthToDate":"","numberOfCPUs":"","inBackup":"","backups":[]`,
		},
		{
			name:    "numbers as texts and texts as numbers",
			members: `"name":17,"numberOfCPUs":"4","memory":16384.0,"storage":"65536","monthToDate":2.91,"billedHoursPoweredOn":"0","inBackup":"true","retentionLength":"14"`,
			want: VM{Name: "17", CPUs: some[int64](4), MemoryMiB: some[int64](16384), StorageMiB: some[int64](65536), MonthToDate: pounds("2.91"),
				HoursOn: some[int64](0), InBackup: some(true), RetentionDays: some[int64](14)},
		},
		{
			name:    "money with sign and separators",
			members: `"monthToDate":"£1,234.56","estimatedMonthlyTotal":"-£0.10"`,
			want:    VM{MonthToDate: pounds("1234.56"), Estimate: pounds("-0.10")},
		},
		{
			name:      "wrong kinds",
			members:   `"name":{"a":1},"size":["x"],"numberOfCPUs":"four","memory":true,"storage":1.5,"monthToDate":"12 pounds","estimatedMonthlyTotal":1e10,"billedHoursPoweredOn":1e300,"inBackup":"maybe","backups":"none","powerStatus":false`,
			malformed: []string{"name", "size", "numberOfCPUs", "memory", "storage", "monthToDate", "estimatedMonthlyTotal", "billedHoursPoweredOn", "inBackup", "backups", "powerStatus"},
		},
		{
			name:      "wrong backups",
			members:   `"backups":[1,{"status":"Failed","backupStart":"24-06-2015","backupEnd":20150624}]`,
			want:      VM{Backups: []Backup{{Status: "Failed"}}},
			malformed: []string{"backups", "backupStart", "backupEnd"},
		},
		{
			name:    "backups twice: the last stands",
			members: `"backups":[{"status":"a"}],"backups":[{"status":"b"}]`,
			want:    VM{Backups: []Backup{{Status: "b"}}},
		},
		{
			name:    "unknown values are kept",
			members: `"powerStatus":"SUSPENDED","size":"Tier 1 app large","lastBackupStatus":"Eaten by the dog"`,
			want:    VM{PowerStatus: "SUSPENDED", Size: "Tier 1 app large", LastBackupStatus: "Eaten by the dog"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readCompute(t, oneVM(test.members))
			if err != nil {
				t.Fatal(err)
			}
			all := vms(got.Value)
			if len(all) != 1 {
				t.Fatalf("%d VMs", len(all))
			}
			vm := *all[0]
			vm.VApp = nil
			if diff := cmp.Diff(test.want, vm); diff != "" {
				t.Error(diff)
			}
			want := map[string]int{}
			for _, field := range test.malformed {
				want[field]++
			}
			if diff := cmp.Diff(want, got.Malformed); diff != "" {
				t.Errorf("malformed: %s", diff)
			}
		})
	}
}

func TestComputeServicesEmptyShells(t *testing.T) {
	got, err := readCompute(t, `{"account":{"id":1},"vOrgs":[
		{"name":"a","serviceId":"1-1-1-aaaaaa","urn":"0fb32e87-b460-dd72-8e4c-6ca2898b1be0","VDCs":[]},
		{"name":"b","serviceId":"1-1-2-bbbbbb","urn":"x"},
		{"name":"c","serviceId":"1-1-3-cccccc","urn":"y","VDCs":[{"name":"v","urn":"d","vApps":[]},{"name":"w"},{"vApps":[{"name":"p","urn":"urn:vcloud:vapp:","VMs":[]},{"name":"q"}]}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	vdcs, vapps := 0, 0
	for vdc := range got.Value.VDCs() {
		vdcs++
		vapps += len(vdc.VApps)
	}
	if len(got.Value) != 3 || vdcs != 3 || vapps != 2 || len(vms(got.Value)) != 0 || len(got.Malformed) != 0 {
		t.Errorf("%d vOrgs, %d VDCs, %d vApps, %d VMs, malformed %v", len(got.Value), vdcs, vapps, len(vms(got.Value)), got.Malformed)
	}
}

// TestComputeServicesWrongKinds: what is no list of objects must not look like an
// empty estate.
func TestComputeServicesWrongKinds(t *testing.T) {
	bodies := map[string]string{
		"vOrgs": `{"vOrgs":%s}`,
		"VDCs":  `{"vOrgs":[{"name":"o","serviceId":"s","VDCs":%s}]}`,
		"vApps": `{"vOrgs":[{"name":"o","serviceId":"s","VDCs":[{"name":"v","vApps":%s}]}]}`,
		"VMs":   `{"vOrgs":[{"name":"o","serviceId":"s","VDCs":[{"name":"v","vApps":[{"VMs":%s}]}]}]}`,
	}
	for list, body := range bodies {
		for _, value := range []string{"null", "{}", `"none"`, "7", "true", "[null]", `["x"]`, "[[]]", "[{},null]", `{"0":{}}`} {
			t.Run(list+" "+value, func(t *testing.T) {
				_, err := readCompute(t, fmt.Sprintf(body, value))
				if !errors.Is(err, ErrNotJSON) || !contains(err.Error(), list+" is of another kind") {
					t.Error(err)
				}
			})
		}
	}
}

func TestComputeServicesRefused(t *testing.T) {
	tests := []struct {
		name, body string
		want       error
	}{
		{"empty object", `{}`, ErrNotJSON},
		{"a list", `[]`, ErrNotJSON},
		{"no list of vOrgs", `{"account":{"id":1}}`, ErrNotJSON},
		{"error object", `{"error":"No permitted account found","detail":"…"}`, ErrForbidden},
		{"garbage", `{"vOrgs":[{]}`, ErrNotJSON},
		{"garbage behind", `{"vOrgs":[]}}`, ErrNotJSON},
		{"one VM too large", oneVM(`"name":"` + strings.Repeat("x", maxValue+8192) + `"`), errTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readCompute(t, test.body); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// TestComputeServicesCut cuts the reference's example at every byte.
func TestComputeServicesCut(t *testing.T) {
	for i := range len(referenceCompute) {
		body := referenceCompute[:i]
		if err := readEstate(body); !errors.Is(err, ErrTruncated) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
}
