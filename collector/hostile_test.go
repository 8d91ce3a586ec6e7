package collector_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/internal/testutil/canned"
	"ukcloud_exporter/portal"
)

// TestImplausibleNumbers: what cannot be meant is absent and counted, never a negative
// or an overflowing sample.
func TestImplausibleNumbers(t *testing.T) {
	tests := []struct{ field, value, family string }{
		{"memory", "8796093022208", "ukcloud_vm_memory_bytes"},
		{"memory", "1e15", "ukcloud_vm_memory_bytes"},
		{"memory", "-1", "ukcloud_vm_memory_bytes"},
		{"storage", "9223372036854775807", "ukcloud_vm_storage_bytes"},
		{"numberOfCPUs", "-4", "ukcloud_vm_cpus"},
		{"retentionLength", "1e15", "ukcloud_vm_backup_retention_seconds"},
		{"billedHoursPoweredOn", "-1", "ukcloud_vm_billed_seconds"},
		{"billedHoursPoweredOff", "1e15", "ukcloud_vm_billed_seconds"},
		{"backupEnd", `[{"status":"Completed","backupStart":"02/01/2018 02:00","backupEnd":"02/01/2018 01:00"}]`, "ukcloud_vm_backup_last_duration_seconds"},
		{"backupEnd", `[{"status":"Completed","backupStart":"02/01/2018 02:00","backupEnd":"02/01/2018 01:00"}]`, "ukcloud_vm_backup_last_success_timestamp_seconds"},
		{"backupEnd", `[{"status":"Completed","backupStart":"25/03/2018 01:30","backupEnd":"25/03/2018 02:10"}]`, "ukcloud_vm_backup_last_duration_seconds"}, // the hour that is missing
		{"backupStart", `[{"status":"Completed","backupStart":"31/02/2018 01:30","backupEnd":"02/03/2018 02:10"}]`, "ukcloud_vm_backup_last_duration_seconds"},
		{"backupEnd", `[{"status":"Completed","backupStart":"02/01/2018 02:00","backupEnd":"31/02/2018 03:00"}]`, "ukcloud_vm_backup_last_success_timestamp_seconds"},
		{"backupEnd", `[{"status":"Completed","backupStart":"02/01/2018 02:00","backupEnd":"02/01/0001 01:00"}]`, "ukcloud_vm_backup_last_success_timestamp_seconds"},
		{"backupEnd", `[{"status":"Completed","backupEnd":"02/01/0001 01:00"}]`, "ukcloud_vm_backup_last_success_timestamp_seconds"},
		{"memory", "8589934593", "ukcloud_vm_memory_bytes"}, // one more than may be meant
		{"backupStart", `[{"status":"Completed","backupStart":"01/01/0001 02:00","backupEnd":"02/01/2018 01:00"}]`, "ukcloud_vm_backup_last_attempt_timestamp_seconds"},
	}
	for _, test := range tests {
		t.Run(test.field+"="+test.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				member := test.field
				if strings.HasPrefix(test.value, "[") {
					member = "backups"
				}
				body := fmt.Sprintf(`{"account":{"id":1},"vOrgs":[{"name":"v","serviceId":"1-1-1-000001","urn":"u","VDCs":[{"name":"d","urn":"d","vApps":[{"name":"a","urn":"p","VMs":[{"name":"m","urn":"m",%q:%s}]}]}]}]}`, member, test.value)
				c := newComputeServices((&canned.Portal{Answers: map[string]canned.Answer{
					"/api/accounts": {Body: oneAccount}, "/api/accounts/1/compute_services": {Body: body},
				}}).Client(t))
				results, got := round(t, c, nil)
				if strings.Contains(got, test.family+"{") {
					t.Errorf("exposed:\n%s", samples(got))
				}
				if n := results[0].Part.Unknown[test.field]; n != 1 {
					t.Errorf("counted %d times: %v", n, results[0].Part.Unknown)
				}
			})
		})
	}
}

// TestMalformedValuesAreCounted: a value of a wrong kind is an unknown value of every
// collector.
func TestMalformedValuesAreCounted(t *testing.T) {
	tests := []struct {
		path, body, field string
		make              func(portal.Conditional) collector.Collector
	}{
		{"/api/my_vm", `{"account":{"vms":[{"name":"m","billed_hours_powered_on":"soon"}]}}`, "billed_hours_powered_on", newMyVM},
		{"/api/my_calls", `[{"ticket_id":{"a":1}}]`, "ticket_id", func(c portal.Conditional) collector.Collector {
			return collector.NewMyCalls(c, collector.MyCallsSettings{For: "account"})
		}},
		{"/api/accounts/1/platform_visibility/vmotion_events", `[{"event_created_time":"2018-01-02T03:04:05Z","vdc_name":{}}]`, "vdc_name", newVMotion(false)},
		{"/api/accounts/1/vdc-builds", `{"data":[{"id":"1","attributes":{"state":[1]}}]}`, "state", func(c portal.Conditional) collector.Collector {
			return collector.NewBuilds(c, inventory.New(c, nil))
		}},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := map[string]canned.Answer{
					"/api/accounts":                       {Body: oneAccount},
					"/api/accounts/1/vorg-builds":         {Body: `{"data":[]}`},
					"/api/accounts/1/edge-gateway-builds": {Body: `{"data":[]}`},
				}
				answers[test.path] = canned.Answer{Body: test.body}
				results, _ := round(t, test.make((&canned.Portal{Answers: answers}).Client(t)), nil)
				if results[0].Err != nil || results[0].Part.Unknown[test.field] == 0 {
					t.Errorf("%v %+v", results[0].Err, results[0].Part)
				}
			})
		})
	}
}

// TestVMotionClock: where the host's clock and the portal's do not agree, no gap is
// counted and nothing forgotten; once they do, all is as if the time between had not
// been.
func TestVMotionClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		const gap = `ukcloud_vmotion_coverage_gap_seconds_total{account="1"} `
		old := event(0, "old")
		m.want(m.poll(old), gap+"0")
		time.Sleep(20 * 365 * 24 * time.Hour) // the host's clock jumps
		m.portal.Ahead = -20 * 365 * 24 * time.Hour
		got := m.poll(old)
		m.want(got, gap+"0")
		m.want(got, total+"1")
		m.restart()
		m.want(m.poll(old), total+"1")
		m.portal.Ahead = 0 // the portal comes after: so much time has passed indeed
		if got := m.poll(old); strings.Contains(got, gap+"0\n") {
			t.Errorf("no gap of twenty years:\n%s", got)
		}
	})
}

// TestVMotionFlood: a flood of names ends in __other__, with every event counted, and
// what was flooded before there was a bound is folded.
func TestVMotionFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		var events []string
		for i := range 3000 {
			events = append(events, fmt.Sprintf(`{"event_created_time":"2000-01-01T00:00:00Z","user_name":"u%d","vdc_name":"V"}`, i))
		}
		got := m.poll(events...)
		if n := strings.Count(got, "ukcloud_vmotion_events_total{"); n > 1010 {
			t.Errorf("%d series", n)
		}
		m.want(got, `ukcloud_vmotion_events_total{account="1",vdc_name="__other__",user_name="__other__"} 2000`)
		m.restart()
		m.want(m.poll(events...), `ukcloud_vmotion_events_total{account="1",vdc_name="__other__",user_name="__other__"} 2000`)
	})
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		var totals []string
		for i := range 3000 {
			totals = append(totals, fmt.Sprintf(`{"vdc_name":"V","user_name":"u%04d","events":%d}`, i, 1+i/2000))
		}
		m.state.data = []byte(`{"1":{"totals":[` + strings.Join(totals, ",") + `]}}`)
		m.restart()
		got := m.poll()
		if n := strings.Count(got, "ukcloud_vmotion_events_total{"); n > 1010 {
			t.Errorf("%d series of an older state", n)
		}
		m.want(got, `ukcloud_vmotion_events_total{account="1",vdc_name="__other__",user_name="__other__"} 2000`)
		m.want(got, `ukcloud_vmotion_events_total{account="1",vdc_name="V",user_name="u2999"} 2`)
	})
}

// TestVMotionFloodOfVDCs: of as many as may be known the newest event is, and of no more.
func TestVMotionFloodOfVDCs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		var events []string
		for i := range 1_001 {
			events = append(events, fmt.Sprintf(`{"event_created_time":"2000-01-01T00:00:00Z","user_name":"System","vdc_name":"v%04d"}`, i))
		}
		got := m.poll(events...)
		if n := strings.Count(got, "ukcloud_vmotion_last_event_timestamp_seconds{"); n != 1_000 {
			t.Errorf("%d VDCs", n)
		}
	})
}

// TestVMotionUnknownUsers: events of users that the reference does not list are counted,
// and told.
func TestVMotionUnknownUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		var events []string
		for i, user := range []string{"System", "Administrator", "UKCloud User", "system", "", "root"} {
			events = append(events, fmt.Sprintf(`{"event_created_time":"2000-01-01T00:00:00Z","user_name":%q,"vdc_name":"V","virtual_machine":"%d"}`, user, i))
		}
		m.portal.Answers["/api/accounts/1/platform_visibility/vmotion_events"] = canned.Answer{Body: "[" + strings.Join(events, ",") + "]"}
		results, exposition := round(t, m.c, nil)
		if n := results[0].Part.Unknown["user_name"]; n != 3 {
			t.Errorf("%d users told as unknown, want 3", n)
		}
		m.want(exposition, `ukcloud_vmotion_events_total{account="1",vdc_name="V",user_name="root"} 1`)
	})
}

// TestVMotionRemembersSoMany: events beyond what can be remembered are left out and
// told, not counted again and again.
func TestVMotionRemembersSoMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		var last []collector.Result
		var exposition string
		for batch := range 3 {
			var events []string
			for i := range 20_000 {
				events = append(events, fmt.Sprintf(`{"user_name":"System","vdc_name":"V","virtual_machine":"%d-%d"}`, batch, i))
			}
			m.portal.Answers["/api/accounts/1/platform_visibility/vmotion_events"] = canned.Answer{Body: "[" + strings.Join(events, ",") + "]"}
			last, exposition = round(t, m.c, nil)
			time.Sleep(time.Minute)
		}
		m.want(exposition, total+"50000")
		if n := last[0].Part.Unknown["event"]; n != 10_000 {
			t.Errorf("%d events told as left out", n)
		}
	})
}

// TestVMotionForgetsAccounts that have gone, after a month.
func TestVMotionForgetsAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, began := newMoves(t), time.Now()
		m.poll(event(1, "a"))
		m.portal.Answers["/api/accounts"] = canned.Answer{Body: `[{"name":"Other","id":2}]`}
		m.portal.Answers["/api/accounts/2/platform_visibility/vmotion_events"] = canned.Answer{Body: `[]`}
		for _, known := range []bool{true, false} {
			time.Sleep(30*24*time.Hour - time.Since(began))
			if !known {
				time.Sleep(time.Second)
			}
			round(t, m.c, nil)
			if strings.Contains(string(m.state.data), `"1":`) != known {
				t.Errorf("known %v, want %v: %s", !known, known, m.state.data)
			}
		}
	})
}

// TestStatesAreBounded: a state for each ticket or build ends in __other__.
func TestStatesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tickets, builds []string
		for i := range 1000 {
			tickets = append(tickets, fmt.Sprintf(`{"ticket_id":"INC%d","status":"s%d"}`, i, i))
			builds = append(builds, fmt.Sprintf(`{"id":"%d","attributes":{"state":"s%d"}}`, i, i))
		}
		client := (&canned.Portal{Answers: map[string]canned.Answer{
			"/api/accounts":                       {Body: oneAccount},
			"/api/my_calls":                       {Body: "[" + strings.Join(tickets, ",") + "]"},
			"/api/accounts/1/vorg-builds":         {Body: `{"data":[` + strings.Join(builds, ",") + `]}`},
			"/api/accounts/1/vdc-builds":          {Body: `{"data":[]}`},
			"/api/accounts/1/edge-gateway-builds": {Body: `{"data":[]}`},
		}}).Client(t)
		_, got := round(t, collector.NewMyCalls(client, collector.MyCallsSettings{For: "account"}), nil)
		if !strings.Contains(got, `ukcloud_tickets{kind="incident",status="__other__"} 900`+"\n") {
			t.Errorf("tickets:\n%.2000s", got)
		}
		_, got = round(t, collector.NewBuilds(client, inventory.New(client, nil)), nil)
		if !strings.Contains(got, `ukcloud_builds{account="1",kind="vorg",state="__other__"} 904`+"\n") {
			t.Errorf("builds:\n%.2000s", got)
		}
	})
}

// TestBucketsAreBounded: what is beyond the bound is one bucket with its sums, and
// counted.
func TestBucketsAreBounded(t *testing.T) {
	text := []byte(storageHead)
	for i := range 10_200 {
		text = fmt.Appendf(text, "o,c,a,s,b%d,STANDARD,2,1.5\n", i)
	}
	api := &reports{texts: map[string]string{"11-1-1-abc 2018-01-01": string(text)}}
	results, got := round(t, newStorage(api, one(), "2018-01-15 12:00:00"), nil)
	for _, want := range []string{
		`ukcloud_cloud_storage_month_cost_gbp{account="1",vorg="11-1-1-abc",bucket="__other__",service_level="__other__"} 300`,
		`ukcloud_cloud_storage_consumption_bytes{account="1",vorg="11-1-1-abc",bucket="__other__",service_level="__other__"} 429496729600`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if n := strings.Count(samples(got), "\n"); n != 2*10_001 {
		t.Errorf("%d series", n)
	}
	if n := results[0].Part.Unknown["Bucket Name"]; n != 200 {
		t.Errorf("%d buckets are counted as beyond the bound, want 200", n)
	}
}

// TestServicesOfBillAreBounded: so it is with services and power states of a bill.
func TestServicesOfBillAreBounded(t *testing.T) {
	var rows []cells
	for i := range 5_100 {
		rows = append(rows, vm.With(cells{
			csvparse.EventDate: "2018-01-02", csvparse.Service: fmt.Sprintf("s%04d", i), csvparse.ResourceID: "vm",
			csvparse.ComputeTotal: "0.5", csvparse.Tier2Total: "", csvparse.TotalPrice: "0.5", csvparse.UsageHours: "24",
		}))
	}
	b := newBench(t, &bills{texts: map[string]string{"11-1-1-abc 2018-01": billgen.CSV(rows...)}}, one(), "2018-01-03 12:00")
	got := b.round()
	for _, want := range []string{
		`month_to_date_cost_gbp{account="1",vorg="11-1-1-abc",vdc_name="__other__",service="__other__",component="compute"} 50`,
		`day_cost_gbp{account="1",vorg="11-1-1-abc",service="__other__",component="compute"} 50`,
		`usage_seconds{account="1",vorg="11-1-1-abc",service="__other__",power_state="__other__"} 8640000`,
	} {
		if !strings.Contains(got, "ukcloud_billing_"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	for _, family := range []string{"month_to_date_cost_gbp", "day_cost_gbp", "usage_seconds"} {
		if n := strings.Count(only(got, family), "\n"); n != 5_001 {
			t.Errorf("%s has %d series", family, n)
		}
	}
	if n := b.results[0].Part.Unknown["Service"]; n != 100 {
		t.Errorf("%d services are counted as beyond the bound: %v", n, b.results[0].Part.Unknown)
	}
}

// TestBillOfManyNames: a bill that would take the memory of the host is a failed
// refresh, and the last good one stays.
func TestBillOfManyNames(t *testing.T) {
	api := &bills{texts: map[string]string{"11-1-1-abc 2018-01": billText(billRow{"2018-01-02", "vm", "5"})}}
	b := newBench(t, api, one(), "2018-01-03 12:00")
	b.round()
	head, row, _ := strings.Cut(billText(billRow{"2018-01-02", "vm-#", "1"}), "\n")
	text := []byte(head + "\n")
	for i := range 100_000 {
		text = append(text, strings.Replace(row, "vm-#", fmt.Sprint("vm-", i), 1)...)
	}
	api.texts["11-1-1-abc 2018-01"] = string(text)
	got := b.round()
	if err := b.errsOf()["1/11-1-1-abc/2018-01"]; !strings.Contains(err, "too many different resources, VDCs, services and values of tags: more than 100000") {
		t.Errorf("the round fails with %v", b.errsOf())
	}
	if !strings.Contains(got, `ukcloud_billing_vm_month_to_date_cost_gbp{account="1",vorg="11-1-1-abc",vm="vm"} 5`+"\n") {
		t.Errorf("the last good bill is gone:\n%.2000s", got)
	}
}
