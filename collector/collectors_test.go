package collector_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil/canned"
	"ukcloud_exporter/portal"
)

var update = flag.Bool("update", false, "rewrite the expected expositions in testdata")

const oneAccount = `[{"name":"Demo","id":1}]`

// TestExposition compares what each collector exposes of the API reference's own
// examples and of the recorded shapes with testdata/NAME.prom, whole.
func TestExposition(t *testing.T) {
	tests := []struct {
		name    string // of testdata/NAME.prom
		answers map[string]canned.Answer
		make    func(portal.Conditional) collector.Collector
	}{
		{"compute_services_reference", map[string]canned.Answer{
			"/api/accounts":                    {Body: oneAccount},
			"/api/accounts/1/compute_services": {Body: file("compute_services_reference.json")},
		}, newComputeServices},
		{"compute_services_recorded", map[string]canned.Answer{
			"/api/accounts":                    {Body: oneAccount},
			"/api/accounts/1/compute_services": {Body: file("compute_services_recorded.json")},
		}, newComputeServices},
		{"compute_services_zero_money", map[string]canned.Answer{
			"/api/accounts":                    {Body: oneAccount},
			"/api/accounts/1/compute_services": {Body: file("compute_services_zero_money.json")},
		}, newComputeServices},
		{"compute_services_no_vms", map[string]canned.Answer{
			"/api/accounts":                    {Body: oneAccount},
			"/api/accounts/1/compute_services": {Body: `{"account":{"id":1},"vOrgs":[{"name":"Empty","serviceId":"1-1-1-9836cf","urn":"0fb32e87-b460-dd72-8e4c-6ca2898b1be0","VDCs":[{"name":"No vApp","urn":"urn:vcloud:vdc:1","vApps":[]}]}]}`},
		}, newComputeServices},
		{"compute_services_core", map[string]canned.Answer{
			"/api/accounts":                    {Body: oneAccount},
			"/api/accounts/1/compute_services": {Body: file("compute_services_recorded.json")},
		}, newCoreServices},
		{"my_vm_reference", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/my_vm":    {Body: file("my_vm_reference.json")},
		}, newMyVM},
		{"my_vm_recorded", map[string]canned.Answer{
			"/api/accounts": {Body: `[{"name":"Demo","id":1},{"name":"Other","id":2}]`},
			"/api/my_vm":    {Body: file("my_vm_recorded.json")},
		}, newMyVM},
		{"my_calls", map[string]canned.Answer{
			"/api/my_calls?for=account": {Body: file("my_calls.json")},
		}, func(c portal.Conditional) collector.Collector {
			return collector.NewMyCalls(c, collector.MyCallsSettings{For: "account", ClosedStatuses: []string{"Closed", "Resolved", "Cancelled"}})
		}},
		{"my_calls_none", map[string]canned.Answer{
			"/api/my_calls?for=user": {Body: `[]`},
		}, func(c portal.Conditional) collector.Collector {
			return collector.NewMyCalls(c, collector.MyCallsSettings{For: "user", ClosedStatuses: []string{"Closed"}})
		}},
		{"vmotion_events_reference", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {Body: `{"event_created_time":"2016-10-04T00:08:01+01:00","service_id":12,"user_name":"System","virtual_machine":"abc0001a (abcdedfg-abcd-abcd-abcd-abcdefghijkl)","vdc_name":"MyVDCName","vapp_name":"My VAPP Name"}`},
		}, newVMotion(false)},
		{"vmotion_events_array", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {Body: file("vmotion_events.json")},
		}, newVMotion(false)},
		{"vmotion_events_data", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {Body: `{"data":` + file("vmotion_events.json") + `}`},
		}, newVMotion(false)},
		{"vmotion_events_per_vm", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {Body: file("vmotion_events.json")},
		}, newVMotion(true)},
		{"vmotion_events_none", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {Body: ``},
		}, newVMotion(false)},
		{"builds", map[string]canned.Answer{
			"/api/accounts":                       {Body: oneAccount},
			"/api/accounts/1/vorg-builds":         {Body: file("vorg_builds.json")},
			"/api/accounts/1/vdc-builds":          {Body: file("vdc_builds.json")},
			"/api/accounts/1/edge-gateway-builds": {Body: `{"data":[{"type":"EdgeGateway-build","id":"23","attributes":{"createdAt":"2016-07-08T10:42:14+01:00","createdBy":"auser@example.com","state":"melting"}}]}`},
		}, func(c portal.Conditional) collector.Collector {
			return collector.NewBuilds(c, inventory.New(c, nil))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, got := round(t, test.make((&canned.Portal{Answers: test.answers}).Client(t)), nil)
				golden(t, test.name+".prom", got)
			})
		})
	}
}

// TestCostIsGiven: an answer in which all money is zero has no costs, and one in which
// any is not has all of them, the zeros too.
func TestCostIsGiven(t *testing.T) {
	machine := func(name, monthToDate, estimate string) string {
		return `{"name":"` + name + `","urn":"urn:vcloud:vm:` + name + `","monthToDate":` + monthToDate + `,"estimatedMonthlyTotal":` + estimate + `}`
	}
	tests := []struct {
		name     string
		vms      []string
		cost     int
		estimate int
	}{
		{"nothing yet", []string{machine("a", `"0.00"`, `"0.00"`), machine("b", "null", "null")}, 0, 0},
		{"an estimate alone", []string{machine("a", `"0.00"`, `"0.00"`), machine("b", `"0.00"`, `"7.30"`)}, 2, 2},
		{"the month alone", []string{machine("a", `"0.01"`, "null"), machine("b", "null", `"0.00"`)}, 1, 1},
		{"a credit", []string{machine("a", `"-1.00"`, "null")}, 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := `{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[{"name":"d","urn":"w","vApps":[{"name":"p","urn":"x","VMs":[` +
					strings.Join(test.vms, ",") + `]}]}]}]}`
				p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body}}}
				_, got := round(t, newComputeServices(p.Client(t)), nil)
				for family, want := range map[string]int{"ukcloud_vm_cost_month_to_date_gbp{": test.cost, "ukcloud_vm_cost_month_estimate_gbp{": test.estimate} {
					if n := strings.Count(got, "\n"+family); n != want {
						t.Errorf("%d samples of %s, want %d:\n%s", n, family, want, got)
					}
				}
			})
		})
	}
}

// TestUnknownWords counts what the reference does not list, each by its field.
func TestUnknownWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := `"numberOfCPUs":2,"memory":4096,"storage":61440,"retentionLength":28,"billedHoursPoweredOn":24,"size":"Small","powerStatus":"POWERED_ON","lastBackupStatus":"Successful"`
		var vms []string
		for i, fields := range []string{
			known,
			`"size":"Small","powerStatus":"ASLEEP","lastBackupStatus":"Successful"`,
			`"size":"Gigantic","powerStatus":"ASLEEP","lastBackupStatus":"Successful"`,
			`"size":"Gigantic","powerStatus":"ASLEEP","lastBackupStatus":"Perhaps"`,
		} {
			vms = append(vms, fmt.Sprintf(`{"name":"%d","urn":"urn:vcloud:vm:%d",%s}`, i, i, fields))
		}
		body := `{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[{"name":"d","urn":"w","vApps":[{"name":"p","urn":"x","VMs":[` +
			strings.Join(vms, ",") + `]}]}]}]}`
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body}}}
		results, _ := round(t, newComputeServices(p.Client(t)), nil)
		if diff := cmp.Diff(map[string]int{"powerStatus": 3, "size": 2, "lastBackupStatus": 1}, results[0].Part.Unknown); diff != "" {
			t.Errorf("unknown values (-want +got):\n%s", diff)
		}
	})
}

// TestVMListedTwice: a VM that is in two vApps has one name, and those behind it theirs.
func TestVMListedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vapp := func(name string, vms ...string) string {
			for i, v := range vms {
				vms[i] = fmt.Sprintf(`{"name":"%s","urn":"urn:vcloud:vm:%s"}`, v, v)
			}
			return fmt.Sprintf(`{"name":"%s","urn":"urn:vcloud:vapp:%s","VMs":[%s]}`, name, name, strings.Join(vms, ","))
		}
		body := `{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[{"name":"d","urn":"w","vApps":[` +
			vapp("p", "a", "b") + "," + vapp("q", "b", "c") + `]}]}]}`
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body}}}
		_, got := round(t, newComputeServices(p.Client(t)), nil)
		for vm, vapp := range map[string]string{"a": "p", "b": "p", "c": "q"} {
			series := `ukcloud_vm_info{account="1",vorg="1-1-1-b164f3",vdc="w",vapp="urn:vcloud:vapp:` + vapp + `",vm="urn:vcloud:vm:` + vm + `"`
			if strings.Count(got, series) != 1 || strings.Count(got, `,vm="urn:vcloud:vm:`+vm+`",vm_name=`) != 1 {
				t.Errorf("not once %s in\n%s", series, samples(got))
			}
		}
	})
}

// TestMachines: pages get each VM once, in the words of the metrics, and may stop anywhere.
func TestMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const vms = `{"name":"a","urn":"urn:a","powerStatus":"POWERED_ON","lastBackupStatus":"Failed","backups":[` +
			`{"status":"Failed","backupStart":"03/01/2018 01:00","backupEnd":"03/01/2018 02:00"},{"status":"Completed","backupStart":"02/01/2018 01:00","backupEnd":"02/01/2018 02:00"}]},` +
			`{"name":"a again","urn":"urn:a"},{"name":"b","powerStatus":"ASLEEP"},{"name":"c","urn":"urn:c","powerStatus":"POWERED_OFF","lastBackupStatus":"Successful"}`
		body := `{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[{"name":"d","urn":"w","vApps":[{"name":"p","urn":"x","VMs":[` + vms + `]}]}]}]}`
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body}}}
		results, _ := round(t, newComputeServices(p.Client(t)), nil)
		part := results[0].Part.Data.(*collector.ComputePart)
		var got []string
		for m := range part.Machines() {
			got = append(got, fmt.Sprintf("%s %s %s %s %t %t", m.Name, m.ID, m.Power, m.Backup, m.LastAttempt.Valid, m.LastSuccess.Valid))
			if m.Name == "a" && !m.LastAttempt.Value.After(m.LastSuccess.Value) {
				t.Errorf("the last attempt is of %s, the last success of %s", m.LastAttempt.Value, m.LastSuccess.Value)
			}
		}
		want := []string{"a urn:a on failed true true", "b b unknown unknown false false", "c urn:c off successful false false"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("machines (-want +got):\n%s", diff)
		}
		for m := range part.Machines() {
			if m.Name != "a" {
				t.Errorf("%s comes first", m.Name)
			}
			break
		}
	})
}

// TestNewestBackup: the newest backup that can be restored counts, in whatever order they
// are listed, and numbers at their bounds are believed.
func TestNewestBackup(t *testing.T) {
	backup := func(status, day string) string {
		return `{"status":"` + status + `","backupStart":"` + day + `/01/2018 01:00","backupEnd":"` + day + `/01/2018 02:00"}`
	}
	old, newer, failed := backup("Completed", "02"), backup("Completed", "03"), backup("Failed", "04")
	for name, backups := range map[string][]string{"newest first": {failed, newer, old}, "newest last": {old, newer, failed}, "between": {old, failed, newer, old}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := `{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[{"name":"d","urn":"w","vApps":[{"name":"p","urn":"x","VMs":[` +
					`{"name":"m","urn":"m","numberOfCPUs":0,"memory":8589934592,"backups":[` + strings.Join(backups, ",") + `]}]}]}]}]}`
				p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body}}}
				_, got := round(t, newComputeServices(p.Client(t)), nil)
				for _, want := range []string{
					`ukcloud_vm_backup_last_success_timestamp_seconds{account="1",vdc="w",vm="m"} ` + fmt.Sprint(time.Date(2018, 1, 3, 2, 0, 0, 0, time.UTC).Unix()),
					`ukcloud_vm_cpus{account="1",vdc="w",vm="m"} 0`,
					`ukcloud_vm_memory_bytes{account="1",vdc="w",vm="m"} 9007199254740992`,
				} {
					if !strings.Contains(got, want+"\n") {
						t.Errorf("no %s in\n%s", want, samples(got))
					}
				}
			})
		})
	}
}

// TestTotalsOfTheUnknown: what is known of no VM of a VDC has no total, what is known of
// some is their sum, and a VM that is listed twice counts once.
func TestTotalsOfTheUnknown(t *testing.T) {
	vdc := func(urn string, vms ...string) string {
		return `{"name":"` + urn + `","urn":"` + urn + `","vApps":[{"name":"p","urn":"p","VMs":[` + strings.Join(vms, ",") + `]}]}`
	}
	synctest.Test(t, func(t *testing.T) {
		body := `{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[` + strings.Join([]string{
			vdc("none"), vdc("unknown", `{"urn":"a","memory":-1}`),
			vdc("some", `{"urn":"a","numberOfCPUs":2,"memory":3,"retentionLength":28}`, `{"urn":"a","numberOfCPUs":2,"memory":3,"retentionLength":28}`,
				`{"urn":"b","memory":4,"retentionLength":7}`, `{"urn":"c","numberOfCPUs":8589934593,"retentionLength":28}`),
		}, ",") + `]}]}`
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body}}}
		_, got := round(t, newCoreServices(p.Client(t)), nil)
		var totals strings.Builder
		for line := range strings.Lines(samples(got)) {
			if strings.HasPrefix(line, "ukcloud_vdc_") && !strings.HasPrefix(line, "ukcloud_vdc_info") || strings.HasPrefix(line, "ukcloud_vms_by_backup_retention") {
				totals.WriteString(line)
			}
		}
		want := `ukcloud_vdc_cpus{account="1",vdc="none"} 0
ukcloud_vdc_cpus{account="1",vdc="some"} 2
ukcloud_vdc_memory_bytes{account="1",vdc="none"} 0
ukcloud_vdc_memory_bytes{account="1",vdc="some"} 7340032
ukcloud_vdc_storage_bytes{account="1",vdc="none"} 0
ukcloud_vms_by_backup_retention{account="1",vdc="some",retention="7d"} 1
ukcloud_vms_by_backup_retention{account="1",vdc="some",retention="28d"} 2
`
		if diff := cmp.Diff(want, totals.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func newComputeServices(c portal.Conditional) collector.Collector {
	return collector.NewComputeServices(inventory.New(c, nil), collector.ComputeSettings{})
}

// newCoreServices has totals by VDC in place of some families of each VM.
func newCoreServices(c portal.Conditional) collector.Collector {
	return collector.NewComputeServices(inventory.New(c, nil), collector.ComputeSettings{Families: collector.CoreFamilies})
}

func newMyVM(c portal.Conditional) collector.Collector {
	return collector.NewMyVM(c, inventory.New(c, nil))
}

func newVMotion(perVM bool) func(portal.Conditional) collector.Collector {
	return func(c portal.Conditional) collector.Collector {
		return collector.NewVMotionEvents(c, inventory.New(c, nil), &memory{}, discard(), collector.VMotionSettings{PerVM: perVM})
	}
}

func file(name string) string {
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		panic(err) // a fixture of this package
	}
	return string(data)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("exposition differs from %s (-want +got):\n%s", path, diff)
	}
}

// TestUnchangedAnswersKeepTheirParts: a 304 gives the part itself back, which is
// how it is known that nothing needs encoding. Anything else is another part.
func TestUnchangedAnswersKeepTheirParts(t *testing.T) {
	tests := []struct {
		name    string
		answers map[string]canned.Answer
		make    func(portal.Conditional) collector.Collector
	}{
		{"compute_services", map[string]canned.Answer{
			"/api/accounts":                    {Body: oneAccount},
			"/api/accounts/1/compute_services": {Body: file("compute_services_recorded.json"), ETag: `W/"1"`},
		}, newComputeServices},
		{"my_vm", map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount},
			"/api/my_vm":    {Body: file("my_vm_recorded.json"), ETag: `W/"1"`},
		}, newMyVM},
		{"my_calls", map[string]canned.Answer{
			"/api/my_calls": {Body: file("my_calls.json"), ETag: `W/"1"`},
		}, func(c portal.Conditional) collector.Collector {
			return collector.NewMyCalls(c, collector.MyCallsSettings{For: "account"})
		}},
		{"builds", map[string]canned.Answer{
			"/api/accounts":                       {Body: oneAccount},
			"/api/accounts/1/vorg-builds":         {Body: file("vorg_builds.json"), ETag: `W/"1"`},
			"/api/accounts/1/vdc-builds":          {Body: file("vdc_builds.json"), ETag: `W/"2"`},
			"/api/accounts/1/edge-gateway-builds": {Body: `{"data":[]}`, ETag: `W/"3"`},
		}, func(c portal.Conditional) collector.Collector {
			return collector.NewBuilds(c, inventory.New(c, nil))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := test.make((&canned.Portal{Answers: test.answers}).Client(t))
				first, before := round(t, c, nil)
				time.Sleep(time.Minute)
				second, after := round(t, c, parts(first))
				if first[0].Part == nil || first[0].Part != second[0].Part {
					t.Errorf("the part was made anew: %v, then %v (%v)", first[0].Part, second[0].Part, second[0].Err)
				}
				if before != after {
					t.Errorf("exposition changed:\n%s", cmp.Diff(before, after))
				}
				for path, answer := range test.answers {
					if answer.ETag != "" {
						answer.ETag = `W/"another"`
						test.answers[path] = answer
					}
				}
				time.Sleep(time.Minute)
				if third, _ := round(t, c, parts(second)); third[0].Part == second[0].Part {
					t.Error("an answer that has changed is the old part")
				}
			})
		})
	}
}

// TestForbiddenAccountDoesNotFailOthers: one account answers 403.
func TestForbiddenAccountDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputeServices((&canned.Portal{Answers: map[string]canned.Answer{
			"/api/accounts":                      {Body: `[{"name":"Demo","id":1},{"name":"Foreign","id":736}]`},
			"/api/accounts/1/compute_services":   {Body: file("compute_services_recorded.json")},
			"/api/accounts/736/compute_services": {Status: 403, Body: `{"error":"No permitted account found","detail":"We couldn't find an account with ID 736 that is accessible to the authenticated user"}`},
		}}).Client(t))
		results, _ := round(t, c, nil)
		if results[0].Err != nil || results[0].Part == nil {
			t.Errorf("account 1: %v", results[0].Err)
		}
		if !results[1].Forbidden() || results[1].Account != "736" {
			t.Errorf("account 736: %+v, want forbidden", results[1])
		}
	})
}

// TestMyVMOfChosenAccounts: what my_vm has of another account is passed over, wherever it
// stands.
func TestMyVMOfChosenAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vms := func(name string) string {
			return `{"vapps":[],"vms":[{"VDC":[{"urn":"urn:` + name + `","name":"` + name + `","ps":"On"}]}]}`
		}
		p := &canned.Portal{Answers: map[string]canned.Answer{
			"/api/accounts": {Body: oneAccount}, "/api/my_vm": {Body: `{"Another":` + vms("theirs") + `,"Demo":` + vms("ours") + `}`},
		}}
		_, got := round(t, newMyVM(p.Client(t)), nil)
		want := `ukcloud_my_vm_powered_on{account="1",vdc_name="VDC",vm="urn:ours"} 1` + "\n"
		if !strings.Contains(got, want) || strings.Contains(got, "theirs") {
			t.Errorf("want of the VMs %s\n%s", want, samples(got))
		}
	})
}

// TestMyVMUnknownWords are counted by their field, those of VMs and of vApps together.
func TestMyVMUnknownWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := `{"Demo":{"vapps":[{"VDC":[{"name":"a","ps":"Asleep"},{"name":"b","ps":"On"}]}],"vms":[{"VDC":[` +
			`{"name":"a","ps":"Asleep","last_backup_status":"Perhaps"},{"name":"b","ps":"Off","last_backup_status":"Perhaps"},{"name":"c","last_backup_status":"Failed"}]}]}}`
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}, "/api/my_vm": {Body: body}}}
		results, _ := round(t, newMyVM(p.Client(t)), nil)
		if diff := cmp.Diff(map[string]int{"ps": 2, "last_backup_status": 2}, results[0].Part.Unknown); diff != "" {
			t.Errorf("unknown values (-want +got):\n%s", diff)
		}
	})
}

// TestMyCallsSettings: without a status that ends a ticket every ticket is open for ever.
func TestMyCallsSettings(t *testing.T) {
	for want, closed := range map[string][]string{"": {"Closed"}, "closed_statuses is empty: every ticket would be open for ever": nil} {
		var got string
		collector.MyCallsSettings{ClosedStatuses: closed}.Check(func(key, reason string) { got += key + " " + reason })
		if got != want {
			t.Errorf("%q: %q, want %q", closed, got, want)
		}
	}
}

// TestPublishedIsWhatCame: a part that failed is not published before the others are there.
func TestPublishedIsWhatCame(t *testing.T) {
	two := &orgs{accounts: []portal.Account{{ID: "1"}, {ID: "2"}}, services: map[string][]string{"1": {"1-1"}, "2": {"2-1"}}, refused: map[string]error{"2": errors.New("503")}}
	for name, tt := range map[string]struct {
		collector collector.Collector
		key       string
	}{
		"of accounts": {collector.NewComputeServices(inventory.New(two, nil), collector.ComputeSettings{}), "1"},
		"of compute services": {
			newStorage(&reports{texts: map[string]string{"2-1 2018-01-01": "<html>"}},
				&orgs{accounts: two.accounts, services: two.services}, "2018-01-15 08:00:00"), "1/1-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := published(t, tt.collector)
			if r, is := got[tt.key]; len(got) != 1 || !is || r.Part == nil || r.Err != nil {
				t.Errorf("published %+v, want %s alone", got, tt.key)
			}
		})
	}
}

// TestForbiddenIsOfAnAccount: a refusal of what is no account's is a failure like any other.
func TestForbiddenIsOfAnAccount(t *testing.T) {
	for _, tt := range []struct {
		result collector.Result
		want   bool
	}{
		{collector.Result{Account: "1", Err: fmt.Errorf("list: %w", portal.ErrForbidden)}, true},
		{collector.Result{Err: portal.ErrForbidden}, false},
		{collector.Result{Account: "1", Err: portal.ErrNotFound}, false},
		{collector.Result{Account: "1"}, false},
	} {
		if got := tt.result.Forbidden(); got != tt.want {
			t.Errorf("%+v: %v", tt.result, got)
		}
	}
}

// TestTypeWords are those of the TYPE line.
func TestTypeWords(t *testing.T) {
	if got := collector.Gauge.String() + " " + collector.Counter.String(); got != "gauge counter" {
		t.Error(got)
	}
}

// TestPanicIsAResult: a panic in a goroutine that a collector started is that
// part's failure.
func TestPanicIsAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := (&canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}}}).Client(t)
		c := collector.NewBuilds(panicking{}, inventory.New(client, nil))
		results, err := c.Collect(t.Context(), func(string) *collector.Part { return nil }, func(...collector.Result) {})
		if err != nil || len(results) != 1 || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "panic: a bug") {
			t.Errorf("%+v, %v", results, err)
		}
	})
}

type panicking struct{}

func (panicking) Builds(context.Context, string, portal.BuildKind, *portal.Answer[[]portal.Build]) (*portal.Answer[[]portal.Build], error) {
	panic("a bug")
}
