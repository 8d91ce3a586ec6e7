package simulator

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

func TestBillIsPublishedAtSix(t *testing.T) {
	tests := []struct {
		clock, period, last string
	}{
		{"2018-03-15T05:59:59Z", "2018-03", "2018-03-13"},
		{"2018-03-15T06:00:00Z", "2018-03", "2018-03-14"},
		{"2018-03-15T23:59:59Z", "2018-03", "2018-03-14"},
		{"2018-04-01T05:00:00Z", "2018-03", "2018-03-30"},
		{"2018-04-01T05:00:00Z", "2018-04", ""},
		{"2018-04-01T06:00:00Z", "2018-03", "2018-03-31"},
		{"2018-04-01T06:00:00Z", "2018-04", ""},
		{"2018-04-02T06:00:00Z", "2018-04", "2018-04-01"},
		{"2018-04-02T06:00:00Z", "2018-05", ""},
		{"2018-04-02T06:00:00Z", "2018-01", "2018-01-31"},
		{"2018-04-02T06:00:00Z", "2017-04", "2017-04-30"}, // twelve months of history
		{"2018-04-02T06:00:00Z", "2017-03", ""},
	}
	p := newPortal(t, Options{VMs: 12, History: 12})
	org := p.ServiceIDs("1")[0]
	for _, test := range tests {
		t.Run(test.clock+" "+test.period, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, test.clock)
			if err != nil {
				t.Fatal(err)
			}
			p.SetNow(at(now))
			days := map[string]bool{}
			last := ""
			for _, l := range readBill(t, visit(t, p), org, test.period) {
				days[l["EventDate"]] = true
				last = max(last, l["EventDate"])
				if !strings.HasPrefix(l["EventDate"], test.period) {
					t.Fatalf("a row of %s", l["EventDate"])
				}
			}
			if last != test.last || last != "" && fmt.Sprintf("%s-%02d", test.period, len(days)) != test.last {
				t.Errorf("%d days until %q, want them until %q", len(days), last, test.last)
			}
			truth, err := p.Bill(org, test.period)
			if err != nil || (truth.Rows > 0) != (test.last != "") {
				t.Errorf("truth: %d rows, %v", truth.Rows, err)
			}
			if test.last != "" && truth.DataThrough.AddDate(0, 0, -1).Format("2006-01-02") != test.last {
				t.Errorf("data through %v", truth.DataThrough)
			}
		})
	}
}

func TestFormatsOfTheBill(t *testing.T) {
	tests := []struct {
		name   string
		format BillingFormat
		start  string
		ends   string
		header map[int]string
		memory string
	}{
		{"reference", BillingFormat{}, "EventDate,ProjectID,vAPP", ",TotalPrice\n", map[int]string{5: "ResourceId", 16: "SecurityDomain", 41: "Geo-resilientStoragePricePerHour", 53: "LicencePricePerHour", 54: "LicenceTotalPrice"}, "4096"},
		{"evidence file", BillingFormat{EvidenceFile: true}, "EventDate,", ",TotalPrice\n", map[int]string{5: "Resource Id", 16: "Security Domain", 41: "Geo-resilientPricePerHour", 53: "LicensePricePerHour", 54: "LicenseTotalPrice"}, "4"},
		{"BOM and CRLF", BillingFormat{BOM: true, CRLF: true}, "\ufeffEventDate,", ",TotalPrice\r\n", map[int]string{5: "ResourceId"}, "4096"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPortal(t, Options{VMs: 60, Billing: test.format})
			text := visit(t, p).body("billing/billing-csv?period=2016-02&org_id=" + p.ServiceIDs("1")[0])
			header, _, _ := strings.Cut(text, "\n")
			if !strings.HasPrefix(text, test.start) || !strings.HasSuffix(header+"\n", test.ends) {
				t.Errorf("header %q", header)
			}
			if strings.Count(text, "\n") != strings.Count(text, "\r\n") && test.format.CRLF {
				t.Error("a line ends without CR")
			}
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
			if err != nil || len(rows[0]) != 56 {
				t.Fatalf("%d columns, %v", len(rows[0]), err)
			}
			for column, name := range test.header {
				if rows[0][column] != name {
					t.Errorf("column %d is %q, want %q", column, rows[0][column], name)
				}
			}
			memory := map[string]bool{}
			for _, row := range rows[1:] {
				memory[row[18]] = true
			}
			if !memory[test.memory] {
				t.Errorf("memory %v, want %s among it", memory, test.memory)
			}
		})
	}
}

func TestWhatIsInTheBill(t *testing.T) {
	p := newPortal(t, Options{Seed: 3, VMs: 400, Now: at(time.Date(2019, 1, 20, 12, 0, 0, 0, time.UTC))})
	v := visit(t, p)
	services, protections, tags := map[string]int{}, map[string]int{}, map[string]int{}
	for _, org := range p.ServiceIDs("1") {
		for _, period := range []string{"2018-11", "2018-12"} {
			for _, l := range readBill(t, v, org, period) {
				services[l["Service"]]++
				protections[l["Protection Type"]]++
				tags[metadataForm(l["Metadata"])]++
				blank(t, l)
			}
		}
	}
	for _, service := range []string{
		"VMware VM", "VMware Independent Disk", "VMware Media", "VMware Template", "CDSZ Walled Garden", "Disaster Recovery as a Service",
		"High Performance Compute", "Secure Remote Access", "OpenStack Instance", "OpenStack Virtual Machine", "OpenStack Block Storage Tier 1",
		"OpenStack Block Storage Tier 2", "OpenStack Image", "OpenStack Instance Backup Storage",
	} {
		if services[service] == 0 {
			t.Errorf("no row of service %q", service)
		}
	}
	for _, protection := range []string{
		"None", "14 Day Snapshot Protection", "Backup Storage", "Synchronous Protection", "Synchronous Protection & 14 Day Snapshot Protection",
		"14 Day Snapshot Protection & 14 Day Journaling Protection", "",
	} {
		if protections[protection] == 0 {
			t.Errorf("no row of protection %q", protection)
		}
	}
	if tags["JSON"] < tags["list"] || tags["list"] == 0 || tags["none"] == 0 || tags["other"] > 0 {
		t.Errorf("metadata %v", tags)
	}
}

func metadataForm(cell string) string {
	switch {
	case cell == "":
		return "none"
	case json.Valid([]byte(cell)) && strings.HasPrefix(cell, `{"cost_centre":"CC-`):
		return "JSON"
	case strings.HasPrefix(cell, "cost_centre=CC-") && strings.Contains(cell, "; project="):
		return "list"
	}
	return "other"
}

// blank checks that cells are blank exactly where they have no meaning.
func blank(t *testing.T, l line) {
	t.Helper()
	vm := l["Service"] == "VMware VM"
	openStack := strings.HasPrefix(l["Service"], "OpenStack")
	for _, test := range []struct {
		column string
		filled bool
	}{
		{"vAPP", vm}, {"PowerState", vm}, {"OSID", vm}, {"PowerType", vm}, {"LicencePricePerHour", vm}, {"vDC", !openStack},
		{"ProjectID", openStack}, {"Tier1StoragePricePerHour", strings.Contains(l["Service"], "Tier 1") || strings.HasPrefix(l["ResourceName"], "fast-disk")},
		{"GPUType", l["GPUCount"] != ""}, {"ResourceId", true}, {"ResourceName", true}, {"TotalPrice", true}, {"UsageHoursWithinPeriod", true},
	} {
		if (l[test.column] != "") != test.filled {
			t.Errorf("%s of %s is %q", test.column, l["Service"], l[test.column])
		}
	}
}

func TestShapeOfTheBillChangesOverTheMonths(t *testing.T) {
	p := newPortal(t, Options{Seed: 3, VMs: 200})
	org := p.ServiceIDs("1")[0]
	totals, resources := map[money.Amount]bool{}, map[string]bool{}
	first := 0
	for back := 35; back >= 1; back-- {
		bill, err := p.Bill(org, recorded.AddDate(0, -back, -5).Format("2006-01"))
		if err != nil || bill.Total <= 0 {
			t.Fatal(bill.Total, err)
		}
		totals[bill.Total] = true
		for id := range bill.Resources {
			resources[id] = true
		}
		if back == 35 {
			first = len(resources)
		}
	}
	if len(totals) < 30 || len(resources) < 2*first {
		t.Errorf("%d different totals in 35 months; %d resources, %d of them in the first", len(totals), len(resources), first)
	}
}

func TestClosedBillHolds(t *testing.T) {
	p := newPortal(t, Options{VMs: 40})
	path := "billing/billing-csv?period=2016-01&org_id=" + p.ServiceIDs("1")[0]
	first := visit(t, p).get(path)
	p.SetNow(at(recorded.AddDate(0, 2, 0)))
	later := visit(t, p).get(path, "If-None-Match", first.Header().Get("Etag"))
	if first.Code != 200 || first.Header().Get("Content-Type") != "text/csv" || later.Code != http.StatusNotModified {
		t.Errorf("%d %s, two months later %d", first.Code, first.Header(), later.Code)
	}
}

func TestRestatePreviousMonth(t *testing.T) {
	p := newPortal(t, Options{VMs: 40})
	org := p.ServiceIDs("1")[0]
	v := visit(t, p)
	path := "billing/billing-csv?period=2016-02&org_id=" + org
	tag := v.get(path).Header().Get("Etag")
	before, err := p.Bill(org, "2016-02")
	if err != nil {
		t.Fatal(err)
	}
	credit, err := money.Parse("-12.345678901")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.RestatePreviousMonth(org, credit); err != nil {
		t.Fatal(err)
	}
	after, err := p.Bill(org, "2016-02")
	if err != nil || after.Total-before.Total != credit || after.Rows != before.Rows+1 {
		t.Errorf("%s, restated %s, %v", before.Total, after.Total, err)
	}
	if w := v.get(path, "If-None-Match", tag); w.Code != 200 {
		t.Errorf("the old validator of a restated bill: %d", w.Code)
	}
	lines := readBill(t, v, org, "2016-02")
	if last := lines[len(lines)-1]; last["TotalPrice"] != "-12.345678901" || last.wrong() != nil {
		t.Errorf("the restatement's row: %v", last)
	}
	if err := p.RestatePreviousMonth(org, credit); err != nil {
		t.Fatal(err)
	}
	lines = readBill(t, v, org, "2016-02")
	for i, l := range lines[len(lines)-2:] {
		if l["ResourceId"] != fmt.Sprintf("correction-%d", i+1) || l["EventDate"] != "2016-02-29" || l["StartTime"] != "2016-02-29 00:00:00 UTC" || l["EndTime"] != "2016-03-01 00:00:00 UTC" {
			t.Errorf("correction %d: %v", i+1, l)
		}
	}
	if january, err := p.Bill(org, "2016-01"); err != nil || january.Services["Secure Remote Access"] == 0 || january.Resources["correction-1"] != 0 {
		t.Errorf("another month was restated: %v", err)
	}
	if err := p.RestatePreviousMonth("1-1-1-none", credit); err == nil {
		t.Error("no error for an unknown compute service")
	}
}

func TestSpoilRow(t *testing.T) {
	p := newPortal(t, Options{VMs: 40})
	org := p.ServiceIDs("1")[0]
	v := visit(t, p)
	clean := readBill(t, v, org, "2016-02")
	for _, spoiled := range []struct {
		row          int
		column, text string
	}{{3, "TotalPrice", "99.99"}, {3, "OSID", `a "quoted", name`}, {len(clean), "EventDate", ""}} {
		if err := p.SpoilRow(org, "2016-02", spoiled.row, spoiled.column, spoiled.text); err != nil {
			t.Fatal(err)
		}
	}
	var differing []int
	for i, l := range readBill(t, v, org, "2016-02") {
		if fmt.Sprint(l) != fmt.Sprint(clean[i]) {
			differing = append(differing, i+1)
		}
		if i == 2 && (l["TotalPrice"] != "99.99" || l["OSID"] != `a "quoted", name` || l["ResourceId"] != clean[i]["ResourceId"] || len(l.wrong()) != 1) {
			t.Errorf("spoiled row: %v", l)
		}
	}
	if !slices.Equal(differing, []int{3, len(clean)}) {
		t.Errorf("spoiled rows %v", differing)
	}
	for name, err := range map[string]error{
		"no column": p.SpoilRow(org, "2016-02", 1, "Total", ""), "no compute service": p.SpoilRow("x", "2016-02", 1, "OSID", ""),
		"period is invalid": p.SpoilRow(org, "2016", 1, "OSID", ""),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}

func TestCloudStorageReport(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	org := p.ServiceIDs("1")[0]
	read := func(date string) [][]string {
		t.Helper()
		rows, err := csv.NewReader(strings.NewReader(v.body("billing/cloud-storage-report?date=" + date + "&org_id=" + org))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read("2016-02-10")
	if header := strings.Join(rows[0], ","); header != "Org Id,Company Id,Account Id,Service Id,Bucket Name,Service Level,Consumption (GB),Cost" {
		t.Errorf("header %s", header)
	}
	if fmt.Sprint(rows) != fmt.Sprint(read("2016-02-29")) {
		t.Error("two dates of a month have different reports")
	}
	if fmt.Sprint(rows) == fmt.Sprint(read("2016-01-31")) {
		t.Error("two months have the same report")
	}
	if future := read("2016-04-01"); len(future) != 1 {
		t.Errorf("a month to come: %v", future)
	}
	if len(rows) < 2 {
		t.Fatal("no bucket")
	}
	for _, row := range rows[1:] {
		if row[0] != org || row[2] != "1" || row[3] != "1" || row[5] != "STANDARD" && row[5] != "ENHANCED" {
			t.Errorf("row %v", row)
		}
		if _, err := money.Parse(row[7]); err != nil || strings.ContainsAny(row[6], ".-") {
			t.Errorf("row %v: %v", row, err)
		}
	}
}

func TestCloudStorageTiers(t *testing.T) {
	tests := []struct {
		gib  int64
		cost string
	}{{0, "0"}, {1, "0.02"}, {250_000, "5000"}, {250_001, "5000.018"}, {500_000, "9500"}, {1_000_000, "17600"}, {1_000_010, "17600.146"}}
	for _, test := range tests {
		if got := (bucket{level: "STANDARD"}).cost(test.gib).String(); got != test.cost {
			t.Errorf("%d GiB cost %s, want %s", test.gib, got, test.cost)
		}
	}
}
