package collector_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

var update = flag.Bool("update", false, "rewrite the expected expositions in testdata")

const oneAccount = `[{"name":"Demo","id":1}]`

// TestExposition compares what each collector exposes of the API reference's own
// examples and of the recorded shapes with testdata/NAME.prom, whole.
func TestExposition(t *testing.T) {
	tests := []struct {
		name    string // of testdata/NAME.prom
		answers map[string]answer
		make    func(*portal.Client) collector.Collector
	}{
		{"compute_services_reference", map[string]answer{
			"/api/accounts":                    {body: oneAccount},
			"/api/accounts/1/compute_services": {body: file("compute_services_reference.json")},
		}, newComputeServices},
		{"compute_services_recorded", map[string]answer{
			"/api/accounts":                    {body: oneAccount},
			"/api/accounts/1/compute_services": {body: file("compute_services_recorded.json")},
		}, newComputeServices},
		{"compute_services_zero_money", map[string]answer{
			"/api/accounts":                    {body: oneAccount},
			"/api/accounts/1/compute_services": {body: file("compute_services_zero_money.json")},
		}, newComputeServices},
		{"compute_services_no_vms", map[string]answer{
			"/api/accounts":                    {body: oneAccount},
			"/api/accounts/1/compute_services": {body: `{"account":{"id":1},"vOrgs":[{"name":"Empty","serviceId":"1-1-1-9836cf","urn":"0fb32e87-b460-dd72-8e4c-6ca2898b1be0","VDCs":[{"name":"No vApp","urn":"urn:vcloud:vdc:1","vApps":[]}]}]}`},
		}, newComputeServices},
		{"my_vm_reference", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/my_vm":    {body: file("my_vm_reference.json")},
		}, newMyVM},
		{"my_vm_recorded", map[string]answer{
			"/api/accounts": {body: `[{"name":"Demo","id":1},{"name":"Other","id":2}]`},
			"/api/my_vm":    {body: file("my_vm_recorded.json")},
		}, newMyVM},
		{"my_calls", map[string]answer{
			"/api/my_calls?for=account": {body: file("my_calls.json")},
		}, func(c *portal.Client) collector.Collector {
			return collector.NewMyCalls(c, "account", []string{"Closed", "Resolved", "Cancelled"})
		}},
		{"my_calls_none", map[string]answer{
			"/api/my_calls?for=user": {body: `[]`},
		}, func(c *portal.Client) collector.Collector {
			return collector.NewMyCalls(c, "user", []string{"Closed"})
		}},
		{"vmotion_events_reference", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {body: `{"event_created_time":"2016-10-04T00:08:01+01:00","service_id":12,"user_name":"System","virtual_machine":"abc0001a (abcdedfg-abcd-abcd-abcd-abcdefghijkl)","vdc_name":"MyVDCName","vapp_name":"My VAPP Name"}`},
		}, newVMotion(false)},
		{"vmotion_events_array", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {body: file("vmotion_events.json")},
		}, newVMotion(false)},
		{"vmotion_events_data", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {body: `{"data":` + file("vmotion_events.json") + `}`},
		}, newVMotion(false)},
		{"vmotion_events_per_vm", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {body: file("vmotion_events.json")},
		}, newVMotion(true)},
		{"vmotion_events_none", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/accounts/1/platform_visibility/vmotion_events": {body: ``},
		}, newVMotion(false)},
		{"builds", map[string]answer{
			"/api/accounts":                       {body: oneAccount},
			"/api/accounts/1/vorg-builds":         {body: file("vorg_builds.json")},
			"/api/accounts/1/vdc-builds":          {body: file("vdc_builds.json")},
			"/api/accounts/1/edge-gateway-builds": {body: `{"data":[{"type":"EdgeGateway-build","id":"23","attributes":{"createdAt":"2016-07-08T10:42:14+01:00","createdBy":"auser@example.com","state":"melting"}}]}`},
		}, func(c *portal.Client) collector.Collector {
			return collector.NewBuilds(c, collector.NewDirectory(c, nil, false))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, got := round(t, test.make((&fakePortal{answers: test.answers}).client(t)), nil)
				golden(t, test.name+".prom", got)
			})
		})
	}
}

func newComputeServices(c *portal.Client) collector.Collector {
	return collector.NewComputeServices(c, collector.NewDirectory(c, nil, true))
}

func newMyVM(c *portal.Client) collector.Collector {
	return collector.NewMyVM(c, collector.NewDirectory(c, nil, false))
}

func newVMotion(perVM bool) func(*portal.Client) collector.Collector {
	return func(c *portal.Client) collector.Collector {
		return collector.NewVMotionEvents(c, collector.NewDirectory(c, nil, false), &memory{}, perVM)
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
// how the engine knows that nothing needs encoding.
func TestUnchangedAnswersKeepTheirParts(t *testing.T) {
	tests := []struct {
		name    string
		answers map[string]answer
		make    func(*portal.Client) collector.Collector
	}{
		{"compute_services", map[string]answer{
			"/api/accounts":                    {body: oneAccount},
			"/api/accounts/1/compute_services": {body: file("compute_services_recorded.json"), etag: `W/"1"`},
		}, newComputeServices},
		{"my_vm", map[string]answer{
			"/api/accounts": {body: oneAccount},
			"/api/my_vm":    {body: file("my_vm_recorded.json"), etag: `W/"1"`},
		}, newMyVM},
		{"my_calls", map[string]answer{
			"/api/my_calls": {body: file("my_calls.json"), etag: `W/"1"`},
		}, func(c *portal.Client) collector.Collector { return collector.NewMyCalls(c, "account", nil) }},
		{"builds", map[string]answer{
			"/api/accounts":                       {body: oneAccount},
			"/api/accounts/1/vorg-builds":         {body: file("vorg_builds.json"), etag: `W/"1"`},
			"/api/accounts/1/vdc-builds":          {body: file("vdc_builds.json"), etag: `W/"2"`},
			"/api/accounts/1/edge-gateway-builds": {body: `{"data":[]}`, etag: `W/"3"`},
		}, func(c *portal.Client) collector.Collector {
			return collector.NewBuilds(c, collector.NewDirectory(c, nil, false))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := test.make((&fakePortal{answers: test.answers}).client(t))
				first, before := round(t, c, nil)
				time.Sleep(time.Minute)
				second, after := round(t, c, parts(first))
				if first[0].Part == nil || first[0].Part != second[0].Part {
					t.Errorf("the part was made anew: %v, then %v (%v)", first[0].Part, second[0].Part, second[0].Err)
				}
				if before != after {
					t.Errorf("exposition changed:\n%s", cmp.Diff(before, after))
				}
			})
		})
	}
}

// TestForbiddenAccountDoesNotFailOthers: one account answers 403.
func TestForbiddenAccountDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputeServices((&fakePortal{answers: map[string]answer{
			"/api/accounts":                      {body: `[{"name":"Demo","id":1},{"name":"Foreign","id":736}]`},
			"/api/accounts/1/compute_services":   {body: file("compute_services_recorded.json")},
			"/api/accounts/736/compute_services": {status: 403, body: `{"error":"No permitted account found","detail":"We couldn't find an account with ID 736 that is accessible to the authenticated user"}`},
		}}).client(t))
		results, _ := round(t, c, nil)
		if results[0].Err != nil || results[0].Part == nil {
			t.Errorf("account 1: %v", results[0].Err)
		}
		if !results[1].Forbidden() || results[1].Account != "736" {
			t.Errorf("account 736: %+v, want forbidden", results[1])
		}
	})
}
