package simulator

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	vorgOrder = `{"data":{"type":"Vorg","attributes":{"zoneId":"B","name":"DEMO"}}}`
	vdcOrder  = `{"data":{"type":"VDC","attributes":{"vmType":"POWER","name":"DEMO"}}}`
	edgeOrder = `{"data":{"type":"EdgeGateway","attributes":{"connectivityType":"Internet"}}}`
)

// clocked is a portal whose clock the test moves.
func clocked(t *testing.T, o Options) (p *Portal, forward func(time.Duration)) {
	t.Helper()
	now := recorded
	o.Now = func() time.Time { return now }
	return newPortal(t, o), func(d time.Duration) { now = now.Add(d) }
}

type builtAnswer struct {
	Data struct {
		Type, ID   string
		Attributes buildAttributes
	}
}

// stateOf asks for a build by its Location.
func (v *visitor) stateOf(location string) string {
	v.t.Helper()
	var b builtAnswer
	v.into(strings.TrimPrefix(location, "/api/"), &b)
	return b.Data.Attributes.State
}

func TestABuiltVOrgVDCAndEdgeGatewayStand(t *testing.T) {
	p, forward := clocked(t, Options{VMs: 60, BuildDuration: 2 * time.Minute})
	v := visit(t, p)
	before := v.compute()[0]
	number := len(before.VOrgs) + 1

	// ordered posts, follows the build through its states and returns with it.
	ordered := func(path, body, want string) {
		t.Helper()
		w := v.write("POST", path, body)
		location := w.Header().Get("Location")
		if w.Code != 202 || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-cache" || w.Header().Get("Etag") != "" {
			t.Fatalf("POST %s: %d %s %v", path, w.Code, w.Body, w.Header())
		}
		for _, step := range []struct {
			wait  time.Duration
			state string
		}{{0, "approved"}, {29 * time.Second, "approved"}, {time.Second, "running"}, {89 * time.Second, "running"}, {time.Second, "completed"}} {
			if forward(step.wait); v.stateOf(location) != step.state {
				t.Fatalf("%s: %s, want %s", location, v.stateOf(location), step.state)
			}
		}
	}

	ordered("accounts/1/vorgs", vorgOrder, `{"data":{"type":"Vorg-build","id":"1","attributes":{"createdAt":"2016-03-08T16:34:00+00:00","createdBy":"demo@example.com","serviceName":"DEMO","state":"approved","zoneId":"B"}}}`)
	if text := v.body("accounts/1/vorgs"); !strings.Contains(text, fmt.Sprintf(`{"type":"vOrg","id":"1-%d","attributes":{"name":"DEMO"}}`, number)) {
		t.Errorf("vorgs: %s", text)
	}
	vdcs := fmt.Sprintf("accounts/1/vorgs/%d/vdcs", number)
	if text := v.body(vdcs); text != `{"data":[]}` {
		t.Errorf("vdcs of a new vOrg: %s", text)
	}
	ordered(vdcs, vdcOrder, `{"data":{"type":"VDC-build","id":"1","attributes":{"createdAt":"2016-03-08T16:36:00+00:00","createdBy":"demo@example.com","serviceName":"DEMO","state":"approved","vdcName":"DEMO","vmType":"POWER"}}}`)

	after := v.compute()[0]
	built := after.VOrgs[number-1]
	if len(after.VOrgs) != number || built.Name != "DEMO" || len(built.VDCs) != 1 || built.VDCs[0].Name != "A-POW-DEMO" || len(built.VDCs[0].VApps[0].VMs) != 1 {
		t.Fatalf("compute_services: %+v", built)
	}
	urn := built.VDCs[0].URN
	edges := vdcs + "/" + url.PathEscape(urn) + "/edge-gateways"
	if text := v.body(edges); text != `{"data":[]}` {
		t.Errorf("edge gateways of a new VDC: %s", text)
	}
	ordered(edges, edgeOrder, `{"data":{"type":"EdgeGateway-build","id":"1","attributes":{"createdAt":"2016-03-08T16:38:00+00:00","createdBy":"demo@example.com","state":"approved"}}}`)
	if text := v.body(edges); strings.Count(text, "urn:vcloud:gateway:") != 1 || !strings.Contains(text, `"name":"A-POW-DEMO - nft00001i2"`) {
		t.Errorf("edge gateways: %s", text)
	}
	for _, path := range []string{"vorg-builds", "vdc-builds", "edge-gateway-builds"} {
		var list listedBuilds
		v.into("accounts/1/"+path, &list)
		if last := list.Data[len(list.Data)-1]; last.ID != "1" || last.Attributes.State != "completed" {
			t.Errorf("%s: the newest is %+v", path, last)
		}
	}
	if vms := p.VMs(); vms[len(vms)-1].VDCURN != urn || len(vms) != 61 {
		t.Errorf("%d VMs, the last in %s", len(vms), vms[len(vms)-1].VDC)
	}
	forward(24 * time.Hour)
	mustBeBilled(t, p, built)
}

// mustBeBilled looks a day later: the new VDC's VM costs from the hour in which
// its build ended.
func mustBeBilled(t *testing.T, p *Portal, built treeVOrg) {
	t.Helper()
	v := visit(t, p)
	rows, err := csv.NewReader(strings.NewReader(v.body("billing/billing-csv?period=2016-03&org_id=" + built.ServiceID))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	row := rows[1]
	if row[0] != "2016-03-08" || row[3] != "A-POW-DEMO" || row[5] != built.VDCs[0].VApps[0].VMs[0].URN || row[9] != "2016-03-08 16:00:00 UTC" || row[13] != "8" {
		t.Errorf("row %q", row)
	}
	for _, vm := range (tree{VOrgs: v.compute()[0].VOrgs[len(v.compute()[0].VOrgs)-1:]}).vms() {
		if vm.BilledHoursPoweredOn == nil || *vm.BilledHoursPoweredOn != 23 || *vm.MonthToDate == "0.00" {
			t.Errorf("live: %+v", vm)
		}
	}
}

func TestAnEstateIsWhatItsSeedMakesItUntilABuildEnds(t *testing.T) {
	p, forward := clocked(t, Options{VMs: 60, BuildDuration: time.Minute})
	v := visit(t, p)
	first := v.get("accounts/1/compute_services")
	etag, body := first.Header().Get("Etag"), first.Body.String()
	if w := v.write("POST", "accounts/1/vorgs/1/vdcs", vdcOrder); w.Code != 202 {
		t.Fatal(w.Code, w.Body)
	}
	forward(59 * time.Second)
	if w := v.get("accounts/1/compute_services", "If-None-Match", etag); w.Code != 304 {
		t.Errorf("before the build has ended: %d", w.Code)
	}
	forward(time.Second)
	w := v.get("accounts/1/compute_services", "If-None-Match", etag)
	if w.Code != 200 || w.Body.String() == body || w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
		t.Errorf("after the build: %d, %s bytes of %d", w.Code, w.Header().Get("Content-Length"), w.Body.Len())
	}
}

func TestBuildsThatFail(t *testing.T) {
	p, forward := clocked(t, Options{VMs: 60, BuildDuration: time.Minute})
	v := visit(t, p)
	taken := p.estate.accounts[0].vorgs[0]
	vdc := "accounts/1/vorgs/1/vdcs/" + taken.vdcs[0].urn
	tests := []struct{ name, path, body string }{
		{"vOrg of the same name", "accounts/1/vorgs", fmt.Sprintf(`{"data":{"type":"Vorg","attributes":{"zoneId":"F","name":%q}}}`, taken.name)},
		{"External in the Assured domain", vdc + "/edge-gateways", strings.Replace(edgeOrder, "Internet", "External", 1)},
	}
	v.write("POST", "accounts/1/vorgs/1/vdcs", vdcOrder)
	tests = append(tests, struct{ name, path, body string }{"VDC of the same name", "accounts/1/vorgs/1/vdcs", vdcOrder})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := v.body("accounts/1/vorgs") + v.body(vdc+"/edge-gateways")
			w := v.write("POST", test.path, test.body)
			if w.Code != 202 {
				t.Fatal(w.Code, w.Body)
			}
			forward(time.Minute)
			if state := v.stateOf(w.Header().Get("Location")); state != "failed" {
				t.Error(state)
			}
			if after := v.body("accounts/1/vorgs") + v.body(vdc+"/edge-gateways"); after != before {
				t.Errorf("a failed build left something behind: %s", after)
			}
		})
	}
	if text := v.body("accounts/1/vorgs/1/vdcs"); strings.Count(text, "A-POW-DEMO") != 1 {
		t.Errorf("vdcs: %s", text)
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	urn := p.estate.accounts[0].vorgs[0].vdcs[0].urn
	vdc := func(name, vmType string) string {
		return fmt.Sprintf(`{"data":{"type":"VDC","attributes":{"vmType":%q,"name":%q}}}`, vmType, name)
	}
	tests := []struct {
		name, path, body string
		status           int
		reason           string
	}{
		{"not JSON", "accounts/1/vorgs", `{"data":`, 400, "the body is not JSON"},
		{"no body", "accounts/1/vorgs", ``, 400, "the body is not"},
		{"an array", "accounts/1/vorgs", `[]`, 400, "the body is not"},
		{"wrong type", "accounts/1/vorgs", vdcOrder, 400, `\"type\":\"Vorg\"`},
		{"no attributes", "accounts/1/vorgs", `{"data":{"type":"Vorg"}}`, 400, "attributes"},
		{"no name", "accounts/1/vorgs", `{"data":{"type":"Vorg","attributes":{"zoneId":"B"}}}`, 400, "attributes[name] is missing"},
		{"name is a number", "accounts/1/vorgs", `{"data":{"type":"Vorg","attributes":{"zoneId":"B","name":1}}}`, 400, "attributes[name] is invalid"},
		{"empty name", "accounts/1/vorgs", `{"data":{"type":"Vorg","attributes":{"zoneId":"B","name":" "}}}`, 400, "name is empty"},
		{"no such zone", "accounts/1/vorgs", `{"data":{"type":"Vorg","attributes":{"zoneId":"Z","name":"x"}}}`, 500, "sorry"},
		{"foreign account", "accounts/736/vorgs", vorgOrder, 404, "No permitted account found"},
		{"VDC in a foreign account", "accounts/736/vorgs/1/vdcs", vdcOrder, 404, "No permitted account found"},
		{"VDC in no vOrg", "accounts/1/vorgs/99/vdcs", vdcOrder, 404, "vOrg with ID 99"},
		{"VDC of no type", "accounts/1/vorgs/1/vdcs", vdc("x", "FAST"), 400, "vmType"},
		{"VDC name of 33 characters", "accounts/1/vorgs/1/vdcs", vdc(strings.Repeat("ü", 33), "POWER"), 400, "32 characters"},
		{"VDC name of 32 characters", "accounts/1/vorgs/1/vdcs", vdc(strings.Repeat("ü", 32), "POWER"), 202, ""},
		{"VDC name with a plus", "accounts/1/vorgs/1/vdcs", vdc("a+b", "POWER"), 400, "characters +"},
		{"VDC name with parentheses in 2018", "accounts/1/vorgs/1/vdcs", vdc("a(b)", "POWER"), 202, ""},
		{"edge gateway in no VDC", "accounts/1/vorgs/1/vdcs/urn:vcloud:vdc:x/edge-gateways", edgeOrder, 404, "VDC with URN"},
		{"edge gateway to nowhere", "accounts/1/vorgs/1/vdcs/" + urn + "/edge-gateways", strings.Replace(edgeOrder, "Internet", "Moon", 1), 400, "connectivityType"},
		{"attributes that nobody knows", "accounts/1/vorgs", `{"data":{"type":"Vorg","colour":1,"attributes":{"zoneId":"B","name":"x","size":[]}},"meta":null}`, 202, ""},
		{"half a million lists", "accounts/1/vorgs", `{"data":` + strings.Repeat("[", 500_000), 400, "the body is not JSON"},
		{"10 MB", "accounts/1/vorgs", `{"data":"` + strings.Repeat("x", 10<<20) + `"}`, 400, "too long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if w := v.write("POST", test.path, test.body); w.Code != test.status || !strings.Contains(w.Body.String(), test.reason) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, test.status, test.reason)
			}
		})
	}
	for day, want := range map[string]int{"2021-06-24": 500, "2021-06-25": 202} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		v := visit(t, newPortal(t, Options{VMs: 60, Era: Era2020, Now: at(now)}))
		if w := v.write("POST", "accounts/1/vorgs", strings.Replace(vorgOrder, `"B"`, `"2D"`, 1)); w.Code != want {
			t.Errorf("zone 2D on %s: %d, want %d", day, w.Code, want)
		}
	}
	late := visit(t, newPortal(t, Options{VMs: 60, Era: Era2020}))
	if w := late.write("POST", "accounts/1/vorgs/1/vdcs", vdc("a(b)", "POWER")); w.Code != 400 {
		t.Errorf("VDC name with parentheses in 2020: %d", w.Code)
	}
}

// TestWhatIsBuiltIsItsOwn: builds are of one account, edge gateways have names of their
// own, and VDCs reserve memory by their class.
func TestWhatIsBuiltIsItsOwn(t *testing.T) {
	p := newPortal(t, Options{VMs: 60, Accounts: 2})
	v := visit(t, p)
	vdc := p.estate.accounts[0].vorgs[0].vdcs[0]
	for range 3 {
		if w := v.write("POST", "accounts/1/vorgs/1/vdcs/"+vdc.urn+"/edge-gateways", edgeOrder); w.Code != 202 {
			t.Fatal(w.Code, w.Body)
		}
	}
	names := map[string]bool{}
	for _, e := range p.edges(vdc, recorded.Unix()) {
		names[e.name] = true
	}
	if len(names) != 4 {
		t.Errorf("names of edge gateways %v", names)
	}
	for vmType, half := range map[string]bool{"POWER": true, "PRIORITY": true, "ESSENTIAL": false} {
		if w := v.write("POST", "accounts/1/vorgs/1/vdcs", strings.Replace(vdcOrder, "POWER", vmType, 1)); w.Code != 202 {
			t.Fatal(w.Code, w.Body)
		}
		built := p.vdcs(p.estate.accounts[0].vorgs[0], recorded.Unix())
		if x := built[len(built)-1]; x.halfSwap != half || x.class.powerType() != vmType {
			t.Errorf("%s: %+v", vmType, x)
		}
	}
	now := recorded.Unix()
	for kind, want := range map[buildKind]int{edgeBuild: 3, vdcBuild: 3, vOrgBuild: 0} {
		if own, other := len(p.book.buildsOf(kind, p.estate.accounts[0], now)), len(p.book.buildsOf(kind, p.estate.accounts[1], now)); own != want || other != 0 {
			t.Errorf("%s: %d, and %d of the other account", kind.path(), own, other)
		}
		if old := len(p.book.buildsOf(kind, p.estate.accounts[0], now+31*day)); old != 0 {
			t.Errorf("%s: %d a month later", kind.path(), old)
		}
	}
}

// TestZones: those of 2021 are of the late era alone, and of the Assured domain.
func TestZones(t *testing.T) {
	for _, test := range []struct {
		era             Era
		id              string
		now             time.Time
		elevated, known bool
	}{
		{Era2018, "B", recorded, false, true}, {Era2018, "12", recorded, true, true}, {Era2018, "D", recorded, true, true}, {Era2018, "F", recorded, false, true},
		{Era2018, "2D", zonesAdded, false, false}, {Era2020, "2D", zonesAdded, false, true}, {Era2020, "2E", zonesAdded, false, true},
		{Era2020, "2E", zonesAdded.Add(-1), false, false}, {Era2020, "2F", zonesAdded, false, false}, {Era2020, "B", zonesAdded, false, true},
	} {
		p := newPortal(t, Options{Era: test.era})
		if elevated, known := p.zone(test.id, test.now); elevated != test.elevated || known != test.known {
			t.Errorf("%s in %d: elevated %v, known %v", test.id, test.era, elevated, known)
		}
	}
}
