package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSameOptionsGiveSameBytes(t *testing.T) {
	paths := func(p *Portal) []string {
		id := p.AccountIDs()[0]
		org := p.ServiceIDs(id)[0]
		return []string{
			"accounts", "accounts/" + id + "/compute_services", "accounts/" + id + "/compute_services/1", "my_vm",
			"my_calls?for=account", "accounts/" + id + "/platform_visibility/vmotion_events", "accounts/" + id + "/vorgs",
			"accounts/" + id + "/vorgs/1/vdcs", "accounts/" + id + "/api_credentials", "accounts/" + id + "/vorg-builds",
			"accounts/" + id + "/vdc-builds", "accounts/" + id + "/edge-gateway-builds",
			"billing/billing-csv?period=2016-02&org_id=" + org, "billing/cloud-storage-report?date=2016-02-09&org_id=" + org,
		}
	}
	options := Options{Seed: 5, Accounts: 2, VMs: 300}
	a, b := visit(t, newPortal(t, options)), visit(t, newPortal(t, options))
	options.Seed = 6
	other := visit(t, newPortal(t, options))
	otherPaths := paths(other.p)
	list := paths(a.p)
	if !slices.Equal(list, paths(b.p)) {
		t.Fatal("the service ids differ")
	}
	answers := map[string]string{}
	for _, path := range slices.Backward(list) { // b is asked in the other order
		answers[path] = b.body(path)
	}
	for i, path := range list {
		if a.body(path) != answers[path] {
			t.Errorf("GET %s differs between two portals with the same options", path)
		}
		if path != "accounts" && path != list[6] && other.body(otherPaths[i]) == answers[path] {
			t.Errorf("GET %s is the same with another seed", path)
		}
	}
}

func TestEveryEstateHasAsManyVMsAsAsked(t *testing.T) {
	tests := []struct {
		name          string
		accounts, vms int
		vorgs         int
	}{
		{"one VM", 1, 1, 0}, {"three VMs", 1, 3, 0}, {"three VMs in five accounts", 5, 3, 0}, {"two hundred", 1, 200, 0},
		{"three accounts", 3, 500, 0}, {"one vOrg", 1, 40, 1}, {"many vOrgs", 2, 60, 30}, {"as recorded", 1, 1920, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPortal(t, Options{Accounts: test.accounts, VMs: test.vms, VOrgsPerAccount: test.vorgs})
			for month := range 4 {
				p.SetNow(at(recorded.AddDate(0, 3*month, month)))
				trees, urns := visit(t, p).compute(), map[string]bool{}
				for _, account := range trees {
					for _, m := range account.vms() {
						urns[m.URN] = true
					}
					if test.vorgs > 0 && len(account.VOrgs) != test.vorgs {
						t.Fatalf("%d vOrgs, want %d", len(account.VOrgs), test.vorgs)
					}
				}
				if len(urns) != test.vms || len(trees) != test.accounts {
					t.Fatalf("%d VMs in %d accounts, want %d in %d", len(urns), len(trees), test.vms, test.accounts)
				}
			}
		})
	}
}

func TestVMsComeAndGo(t *testing.T) {
	p := newPortal(t, Options{VMs: 500})
	urns := func() map[string]bool {
		set := map[string]bool{}
		for _, m := range p.VMs() {
			set[m.URN] = true
		}
		return set
	}
	before := urns()
	p.SetNow(at(recorded.AddDate(0, 1, 0)))
	kept := 0
	for urn := range urns() {
		if before[urn] {
			kept++
		}
	}
	if kept < 420 || kept > 495 {
		t.Errorf("%d of 500 VMs are still there after a month, want most but not all", kept)
	}
}

var patterns = map[string]*regexp.Regexp{
	"service id": regexp.MustCompile(`^\d+-\d+-\d+-[a-zA-Z0-9]{5,6}$`),
	"vdc urn":    regexp.MustCompile(`^urn:vcloud:vdc:[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$`),
	"vm urn":     regexp.MustCompile(`^urn:vcloud:vm:[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$`),
	"vorg urn":   regexp.MustCompile(`^(urn:vcloud:org:)?[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$`),
	"money":      regexp.MustCompile(`^\d+\.\d{2}$`),
	"slot":       regexp.MustCompile(`^night of: \d{2}/\d{2}/\d{4}$`),
	"clock":      regexp.MustCompile(`^\d{2}/\d{2}/\d{4} [0-2]\d:[0-5]\d$`),
	"last":       regexp.MustCompile(`^(No backup|.+ on the night of: \d{2}/\d{2}/\d{4})$`),
}

func TestComputeServicesHasTheReferencesForms(t *testing.T) {
	check := func(name, value string) {
		t.Helper()
		if !patterns[name].MatchString(value) {
			t.Errorf("%s %q", name, value)
		}
	}
	for _, account := range visit(t, newPortal(t, Options{Seed: 2, VMs: 800})).compute() {
		for _, v := range account.VOrgs {
			check("service id", v.ServiceID)
			check("vorg urn", v.URN)
		}
		account.each(func(v treeVOrg, x treeVDC, a treeVApp, m treeVM) {
			check("vdc urn", x.URN)
			check("vm urn", m.URN)
			check("money", *m.MonthToDate)
			check("money", *m.EstimatedMonthlyTotal)
			check("last", m.LastBackup)
			for _, b := range m.Backups {
				check("slot", b.BackupSlot)
				check("clock", *b.BackupStart)
				check("clock", *b.BackupEnd)
				if (b.SnapshotRemovalStart == nil) != (b.SnapshotRemovalEnd == nil) {
					t.Errorf("%s: one snapshot time is null, the other is not", m.Name)
				}
			}
			if len(m.Backups) > 0 && m.LastBackup != m.Backups[0].Status+" on the "+m.Backups[0].BackupSlot {
				t.Errorf("lastBackup is %q, the newest backup %+v", m.LastBackup, m.Backups[0])
			}
		})
	}
}

func TestKeyOrderIsTheRecordedOne(t *testing.T) {
	order := func(text string) []string {
		var keys []string
		for _, match := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(keys, match[1]) {
				keys = append(keys, match[1])
			}
		}
		return keys
	}
	want := strings.Fields(`account id vOrgs name serviceId urn VDCs vApps VMs _id size monthToDate estimatedMonthlyTotal
		billedHoursPoweredOn billedHoursPoweredOff powerStatus operatingSystem numberOfCPUs memory storage lastBackupStatus
		inBackup lastBackup retentionLength backups status backupSlot backupStart backupEnd snapshotRemovalStart snapshotRemovalEnd`)
	v := visit(t, newPortal(t, Options{VMs: 200}))
	text := v.body("accounts/1/compute_services")
	if got := order(text); !slices.Equal(got, want) {
		t.Errorf("order of keys: %v, want %v", got, want)
	}
	if strings.ContainsAny(text, "\n\t") || strings.Contains(text, `": `) {
		t.Error("the recorded answer has no white space between its tokens")
	}
}

func TestPagesAddUpToTheWhole(t *testing.T) {
	v := visit(t, newPortal(t, Options{VMs: 400, VOrgsPerAccount: 31}))
	var all tree
	v.into("accounts/1/compute_services", &all)
	tests := []struct {
		name, query string
		size        int
	}{
		{"ten a page", "per_page=10&page=", 10}, {"one a page", "per_page=1&page=", 1},
		{"more than there are", "per_page=100&page=", 100}, {"default size", "page=", 25},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var joined []treeVOrg
			for number := 1; ; number++ {
				var page tree
				v.into(fmt.Sprintf("accounts/1/compute_services?%s%d", test.query, number), &page)
				if len(page.VOrgs) == 0 {
					break
				}
				if len(page.VOrgs) > test.size {
					t.Fatalf("page %d has %d vOrgs", number, len(page.VOrgs))
				}
				joined = append(joined, page.VOrgs...)
			}
			if fmt.Sprint(serviceIDs(joined)) != fmt.Sprint(serviceIDs(all.VOrgs)) {
				t.Errorf("pages hold %v, the whole %v", serviceIDs(joined), serviceIDs(all.VOrgs))
			}
			if got, want := len(tree{VOrgs: joined}.vms()), 400; got != want {
				t.Errorf("pages hold %d VMs, want %d", got, want)
			}
		})
	}
	for _, query := range []string{"page=0", "page=x", "per_page=-1", "per_page=99999999999999999999"} {
		if w := v.get("accounts/1/compute_services?" + query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func serviceIDs(vorgs []treeVOrg) []string {
	var ids []string
	for _, v := range vorgs {
		ids = append(ids, v.ServiceID)
	}
	return ids
}

func TestOneComputeServiceIsItsPartOfTheWhole(t *testing.T) {
	v := visit(t, newPortal(t, Options{VMs: 120}))
	var all tree
	v.into("accounts/1/compute_services", &all)
	for n, want := range all.VOrgs {
		var got treeVOrg
		v.into(fmt.Sprintf("accounts/1/compute_services/%d", n+1), &got)
		if got.ID != n+1 {
			t.Errorf("compute_service_id is %d, want %d", got.ID, n+1)
		}
		got.ID = 0
		if marshalled(t, got) != marshalled(t, want) {
			t.Errorf("vOrg %d differs from its part of the whole", n+1)
		}
	}
	if w := v.get("accounts/1/compute_services/99"); w.Code != http.StatusNotFound {
		t.Errorf("unknown vOrg: %d", w.Code)
	}
}

func marshalled(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnswerHoldsForAnHour(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	const path = "accounts/1/compute_services"
	first := v.get(path)
	tag := first.Header().Get("Etag")
	if !strings.HasPrefix(tag, `W/"`) || first.Header().Get("Cache-Control") != "max-age=0, private, must-revalidate" {
		t.Fatalf("headers %v", first.Header())
	}
	p.SetNow(at(recorded.Add(25 * time.Minute)))
	again := visit(t, p).get(path, "If-None-Match", `"other", `+tag)
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("Etag") != tag {
		t.Errorf("within the hour: %d with %d bytes", again.Code, again.Body.Len())
	}
	if len(again.Header().Values("Set-Cookie")) != 2 {
		t.Error("a 304 comes with fresh cookies")
	}
	p.SetNow(at(recorded.Add(time.Hour)))
	later := visit(t, p).get(path, "If-None-Match", tag)
	if later.Code != http.StatusOK || later.Header().Get("Etag") == tag {
		t.Errorf("an hour later: %d", later.Code)
	}
}

func TestAnEditEndsTheValidator(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	tag := v.get("my_vm").Header().Get("Etag")
	vm := protectedVM(t, p)
	if err := p.FailBackup(vm.URN, recorded.AddDate(0, 0, -1)); err != nil {
		t.Fatal(err)
	}
	if w := v.get("my_vm", "If-None-Match", tag); w.Code != http.StatusOK {
		t.Errorf("after a failed backup: %d", w.Code)
	}
}

// chunks remembers the largest piece that was written.
type chunks struct{ largest, total int }

func (c *chunks) Write(b []byte) (int, error) {
	c.largest = max(c.largest, len(b))
	c.total += len(b)
	return len(b), nil
}

func TestLargeAnswersAreStreams(t *testing.T) {
	p := newPortal(t, Options{VMs: 10_000})
	id := p.AccountIDs()[0]
	calls := map[string]answer{
		"compute_services": p.computeServices(asked(p, "accounts/"+id+"/compute_services")),
		"my_vm":            p.myVM(asked(p, "my_vm")),
		"billing_csv":      p.billingCSV(asked(p, "billing/billing-csv?period=2016-01&org_id="+p.ServiceIDs(id)[0])),
	}
	for name, a := range calls {
		var c chunks
		if err := a.write(&c); err != nil {
			t.Fatal(err)
		}
		if c.total < 500_000 || c.largest > streamBuffer {
			t.Errorf("%s: %d bytes, the largest piece %d", name, c.total, c.largest)
		}
		if a.length >= 0 && int(a.length) != c.total {
			t.Errorf("%s: Content-Length %d, body %d", name, a.length, c.total)
		}
		if err := a.write(&cutWriter{io.Discard, 100_000}); err == nil {
			t.Errorf("%s: goes on when the client has gone", name)
		}
	}
}
