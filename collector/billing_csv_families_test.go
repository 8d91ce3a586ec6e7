package collector_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

type cells = billgen.Row

// vm is a row of a VM that costs 1.5 for computing and 0.25 for storage.
var vm = cells{
	csvparse.EventDate: "2018-01-05", csvparse.VDC: "Main", csvparse.ResourceID: "urn:vcloud:vm:1", csvparse.Service: "VMware VM",
	csvparse.PowerState: "On", csvparse.UsageHours: "24", csvparse.Metadata: `{"project":"Zebra"}`,
	csvparse.ComputeTotal: "1.5", csvparse.Tier2Total: "0.25", csvparse.TotalPrice: "1.75",
}

// disk has nothing but storage of Tier 1.
var disk = cells{
	csvparse.EventDate: "2018-01-06", csvparse.VDC: "Main", csvparse.ResourceID: "urn:vcloud:disk:1", csvparse.Service: "VMware Independent Disk",
	csvparse.UsageHours: "24", csvparse.Tier1Total: "0.000000001", csvparse.TotalPrice: "0.000000001",
}

var january = bill.Month{Year: 2018, Month: 1}

func gbp(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}

func readBill(t *testing.T, text string, o bill.Options) *bill.Bill {
	t.Helper()
	b, err := bill.Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// exposedBill is what a part exposes.
func exposedBill(t *testing.T, p bill.Standing) string {
	t.Helper()
	text, _, err := snapshot.Text(collector.BillingFamilies(), &collector.Part{Data: &p})
	if err != nil {
		t.Fatal(err)
	}
	return samples(text)
}

func TestCurrentView(t *testing.T) {
	b := readBill(t, billgen.CSV(vm, disk, vm.With(cells{csvparse.EventDate: "x"}),
		vm.With(cells{csvparse.ResourceID: "urn:vcloud:vm:2", csvparse.TotalPrice: "1.5", csvparse.UsageHours: "0.5"}),
	), bill.Options{Month: january, Tags: []string{"project"}})
	before := readBill(t, billgen.CSV(vm.With(cells{csvparse.EventDate: "2017-12-31"}), vm, vm.With(cells{csvparse.TotalPrice: "x"})), bill.Options{Month: january.Previous()})
	day, _ := b.NewestDayBefore(csvparse.Date{Year: 2018, Month: 1, Day: 6})
	got := exposedBill(t, bill.Standing{
		Account: "1", VOrg: "11-1-2-abc", Role: bill.CurrentMonth, Bill: b, Before: before, Day: day, VMLimit: 1,
	})

	want := strings.ReplaceAll(`ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware Independent Disk",component="storage_tier1"} 0.000000001
ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware VM",component="compute"} 3
ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware VM",component="storage_tier2"} 0.5
ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware VM",component="other"} -0.25
ukcloud_billing_day_cost_gbp{L,service="VMware VM",component="compute"} 3
ukcloud_billing_day_cost_gbp{L,service="VMware VM",component="storage_tier2"} 0.5
ukcloud_billing_day_cost_gbp{L,service="VMware VM",component="other"} -0.25
ukcloud_billing_vm_month_to_date_cost_gbp{L,vm="urn:vcloud:vm:1"} 1.75
ukcloud_billing_vm_month_to_date_cost_gbp{L,vm="__other__"} 1.500000001
ukcloud_billing_tag_month_to_date_cost_gbp{L,tag="project",tag_value="Zebra"} 3.25
ukcloud_billing_tag_month_to_date_cost_gbp{L,tag="project",tag_value=""} 0.000000001
ukcloud_billing_usage_seconds{L,service="VMware Independent Disk",power_state=""} 86400
ukcloud_billing_usage_seconds{L,service="VMware VM",power_state="on"} 88200
ukcloud_billing_period_start_timestamp_seconds{L} 1514764800
ukcloud_billing_data_through_timestamp_seconds{L} 1515196800
ukcloud_billing_rows{L} 3
ukcloud_billing_rows_rejected{L,reason="bad_number"} 1
ukcloud_billing_rows_rejected{L,reason="precision"} 0
ukcloud_billing_rows_rejected{L,reason="overflow"} 0
ukcloud_billing_rows_rejected{L,reason="bad_date"} 1
ukcloud_billing_rows_rejected{L,reason="wrong_field_count"} 0
ukcloud_billing_rows_rejected{L,reason="bad_quote"} 0
ukcloud_billing_rows_rejected{L,reason="too_long"} 0
ukcloud_billing_tie_out_difference_gbp{L,check="total"} 0.25
`, "{L", `{account="1",vorg="11-1-2-abc"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

func TestPreviousView(t *testing.T) {
	b := readBill(t, billgen.CSV(vm, disk), bill.Options{Month: january})
	view := bill.Standing{Account: "1", VOrg: "v", Role: bill.PreviousMonth, Bill: b}
	const costs = `ukcloud_billing_previous_month_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware Independent Disk",component="storage_tier1"} 0.000000001
ukcloud_billing_previous_month_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware VM",component="compute"} 1.5
ukcloud_billing_previous_month_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware VM",component="storage_tier2"} 0.25
`
	const tie = `ukcloud_billing_tie_out_difference_gbp{account="1",vorg="v",check="previous_total"} 0
`
	if diff := cmp.Diff(costs+tie, exposedBill(t, view)); diff != "" {
		t.Errorf("not seen closed, another month holds the newest day (-want +got):\n%s", diff)
	}
	view.Restatement = bill.Sum{Value: gbp(t, "-0.5"), Valid: true}
	view.Day, _ = b.NewestDayBefore(csvparse.Date{Year: 2018, Month: 2, Day: 1})
	want := costs + `ukcloud_billing_day_cost_gbp{account="1",vorg="v",service="VMware Independent Disk",component="storage_tier1"} 0.000000001
ukcloud_billing_data_through_timestamp_seconds{account="1",vorg="v"} 1515283200
` + tie + `ukcloud_billing_restatement_gbp{account="1",vorg="v"} -0.5
`
	if diff := cmp.Diff(want, exposedBill(t, view)); diff != "" {
		t.Errorf("seen closed, holds the newest day (-want +got):\n%s", diff)
	}
}

func TestEmptyMonthView(t *testing.T) {
	got := exposedBill(t, bill.Standing{Account: "1", VOrg: "v", Bill: readBill(t, billgen.CSV(), bill.Options{Month: january}), VMLimit: 5})
	for _, want := range []string{
		`ukcloud_billing_rows{account="1",vorg="v"} 0`, `ukcloud_billing_period_start_timestamp_seconds{account="1",vorg="v"} 1514764800`,
		`ukcloud_billing_tie_out_difference_gbp{account="1",vorg="v",check="total"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "_cost_gbp") || strings.Contains(got, "data_through") {
		t.Errorf("a month without data has costs:\n%s", got)
	}
}

// TestZeroIsACost: of a component that costs nothing the 0 is known; of what TotalPrice has
// beyond its parts it says nothing.
func TestZeroIsACost(t *testing.T) {
	free := vm.With(cells{csvparse.ComputeTotal: "0", csvparse.Tier2Total: "", csvparse.TotalPrice: "0"})
	got := exposedBill(t, bill.Standing{Account: "1", VOrg: "v", Bill: readBill(t, billgen.CSV(free), bill.Options{Month: january})})
	want := `month_to_date_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware VM",component="compute"} 0` + "\n"
	if costs := only(got, "month_to_date"); costs != want {
		t.Errorf("costs:\n%s", costs)
	}
}

// TestLimits: what is not shown by itself is summed, nothing is lost.
func TestLimits(t *testing.T) {
	var rows []cells
	for i := range 300 {
		rows = append(rows, vm.With(cells{
			csvparse.ResourceID: fmt.Sprintf("vm-%03d", i), csvparse.Metadata: fmt.Sprintf("n=%d", i/2*2),
			csvparse.ComputeTotal: fmt.Sprint(i / 2), csvparse.Tier2Total: "", csvparse.TotalPrice: fmt.Sprint(i / 2),
		}))
	}
	rows = append(rows, vm.With(cells{csvparse.Metadata: "", csvparse.ResourceID: "free", csvparse.ComputeTotal: "", csvparse.Tier2Total: "", csvparse.TotalPrice: ""}))
	rows = append(rows, vm.With(cells{csvparse.Metadata: "", csvparse.ResourceID: "credit", csvparse.ComputeTotal: "-3.5", csvparse.Tier2Total: "", csvparse.TotalPrice: "-3.5"}))
	b := readBill(t, billgen.CSV(rows...), bill.Options{Month: january, Tags: []string{"n"}})
	for _, tt := range []struct {
		limit, vms  int
		other       string
		first, last string
	}{
		{0, 1, "22346.5", "__other__", "__other__"},
		{2, 3, "22048.5", "vm-298", "__other__"},
		{301, 301, "-3.5", "vm-298", "__other__"}, // what costs nothing known has no series
		{1000, 301, "", "vm-298", "credit"},
	} {
		t.Run(fmt.Sprint(tt.limit), func(t *testing.T) {
			got := exposedBill(t, bill.Standing{Account: "1", VOrg: "v", Bill: b, VMLimit: tt.limit})
			var vms, tags []string
			for line := range strings.Lines(got) {
				if strings.HasPrefix(line, "ukcloud_billing_vm_") {
					vms = append(vms, line)
				}
				if strings.HasPrefix(line, "ukcloud_billing_tag_") {
					tags = append(tags, line)
				}
			}
			if len(vms) != tt.vms || !strings.Contains(vms[0], `"`+tt.first+`"`) || !strings.Contains(vms[len(vms)-1], `"`+tt.last+`"`) {
				t.Errorf("%d resources, first %s last %s", len(vms), vms[0], vms[len(vms)-1])
			}
			if other := `vm="__other__"} ` + tt.other + "\n"; tt.other != "" && !strings.Contains(got, other) {
				t.Errorf("the rest is not %s", tt.other)
			}
			if len(tags) != 151 || !strings.Contains(got, `tag="n",tag_value=""} -3.5`) {
				t.Errorf("%d values of the tag, want 150 and what is untagged", len(tags))
			}
		})
	}
}

// TestUsage: no time is a time; less than none, and what is not known, have no series.
func TestUsage(t *testing.T) {
	var rows []cells
	for service, hours := range map[string]string{"none": "0", "half": "0.5", "taken back": "-1", "blank": ""} {
		rows = append(rows, vm.With(cells{csvparse.Service: service, csvparse.UsageHours: hours}))
	}
	view := bill.Standing{Account: "1", VOrg: "v", Bill: readBill(t, billgen.CSV(rows...), bill.Options{Month: january})}
	want := `usage_seconds{account="1",vorg="v",service="half",power_state="on"} 1800
usage_seconds{account="1",vorg="v",service="none",power_state="on"} 0
`
	if diff := cmp.Diff(want, only(exposedBill(t, view), "usage")); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

// TestTagCap: of 250 values the 200 dearest are shown, and what is untagged.
func TestTagCap(t *testing.T) {
	rows := []cells{vm.With(cells{csvparse.Metadata: ""})}
	for i := range 250 {
		rows = append(rows, vm.With(cells{csvparse.Metadata: fmt.Sprintf("n=%03d", i), csvparse.ComputeTotal: fmt.Sprint(i + 10), csvparse.Tier2Total: "", csvparse.TotalPrice: ""}))
	}
	got := exposedBill(t, bill.Standing{Account: "1", VOrg: "v", Bill: readBill(t, billgen.CSV(rows...), bill.Options{Tags: []string{"n"}})})
	if n := strings.Count(got, "ukcloud_billing_tag_"); n != 202 {
		t.Errorf("%d series, want 200 values, the rest and what is untagged", n)
	}
	for _, want := range []string{`tag_value="050"} 60`, `tag_value="__other__"} 1725`, `tag_value=""} 1.75`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(got, `tag_value="049"`) {
		t.Error("a value beyond the 200 dearest is shown")
	}
}

// tally adds up each family of a part, by family and by label.
type tally struct {
	sums  map[string]money.Amount
	hours map[string]int64
}

func tallyOf(t *testing.T, p bill.Standing) *tally {
	t.Helper()
	s := &tally{sums: map[string]money.Amount{}, hours: map[string]int64{}}
	for _, f := range collector.BillingFamilies() {
		for _, sample := range f.Samples(&p) {
			switch {
			case f.Name == "ukcloud_billing_usage_seconds":
				s.hours[sample.Labels[3]] += int64(sample.Value) / 3600
			case strings.HasSuffix(f.Name, "_gbp"):
				amount := gbp(t, strconv.FormatFloat(sample.Value, 'f', -1, 64))
				s.sums[f.Name] += amount
				for i, name := range f.Labels[2:] {
					s.sums[name+" "+sample.Labels[2+i]] += amount
				}
			}
		}
	}
	return s
}

// TestThreeYears: in each month of a simulated estate every family that splits a
// month's cost adds up to the bill, to the last of nine places.
func TestThreeYears(t *testing.T) {
	p, client := estate(t)
	running := bill.Month{Year: 2019, Month: 1}
	bills, rows := 0, 0
	for _, org := range services(t, client, p) {
		for m := (bill.Month{Year: 2016, Month: 1}); m.Compare(running) <= 0; m = m.Next() {
			truth, err := p.Bill(org, m.String())
			if err != nil {
				t.Fatal(err)
			}
			b := readBill(t, csvOf(t, client, m, org), bill.Options{Month: m, Tags: []string{"project", "cost_centre", "nobody"}})
			bills, rows = bills+1, rows+truth.Rows
			compare(t, org+" "+m.String(), truth, b)
		}
	}
	if bills != 3*37 || rows < 40_000 {
		t.Errorf("%d bills with %d rows are no three years", bills, rows)
	}
}

func compare(t *testing.T, name string, truth simulator.Bill, b *bill.Bill) {
	t.Helper()
	view := bill.Standing{Account: "1", VOrg: "v", Bill: b, VMLimit: 10}
	got := tallyOf(t, view).sums
	got["previous"] = tallyOf(t, bill.Standing{Role: bill.PreviousMonth, Bill: b}).sums["ukcloud_billing_previous_month_cost_gbp"]
	want := map[string]money.Amount{
		"ukcloud_billing_month_to_date_cost_gbp": truth.Total, "ukcloud_billing_vm_month_to_date_cost_gbp": truth.Total,
		"tag project": truth.Total, "tag cost_centre": truth.Total, "tag nobody": truth.Total, "previous": truth.Total,
		"check total": 0,
	}
	for component, amount := range truth.Components {
		want["component "+string(component)] = amount
	}
	for service, amount := range truth.Services {
		want["service "+service] = amount
	}
	for vdc, amount := range truth.VDCs {
		want["vdc_name "+vdc] = amount
	}
	for key, amount := range want {
		if got[key] != amount {
			t.Errorf("%s: %s is %s, the bill says %s", name, key, got[key], amount)
		}
	}
	if int64(truth.Rows) != b.Rows || b.Parts.Value != truth.Total || b.Total.Value != truth.Total {
		t.Errorf("%s: %d rows of %s (TotalPrice %s), the bill has %d of %s", name, b.Rows, b.Parts.Value, b.Total.Value, truth.Rows, truth.Total)
	}
	var days money.Amount
	for day, amount := range truth.Days {
		date, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		cost := tallyOf(t, bill.Standing{Role: bill.PreviousMonth, Bill: b, Day: bill.DateOf(date)}).sums["ukcloud_billing_day_cost_gbp"]
		if days += cost; cost != amount {
			t.Errorf("%s: %s cost %s, the bill says %s", name, day, cost, amount)
		}
	}
	if days != truth.Total {
		t.Errorf("%s: the days add up to %s, the bill to %s", name, days, truth.Total)
	}
	for _, r := range b.Resources {
		if truth.Resources[r.ID] != r.Cost.Value {
			t.Errorf("%s: %s cost %s, the bill says %s", name, r.ID, r.Cost.Value, truth.Resources[r.ID])
		}
	}
	hours := map[string]int64{}
	for power, n := range truth.Hours {
		hours[strings.ToLower(power)] = n
	}
	if diff := cmp.Diff(hours, tallyOf(t, view).hours); diff != "" {
		t.Errorf("%s: hours (-bill +families):\n%s", name, diff)
	}
}

// estate is a simulated portal in the middle of January 2019, with a bill for
// each of the 36 months before.
func estate(t *testing.T) (*simulator.Portal, *portal.Client) {
	t.Helper()
	now := time.Date(2019, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := simulator.New(simulator.Options{Seed: 7, VMs: 30, VOrgsPerAccount: 3, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTransport(testutil.Direct{Handler: p}))
	if err != nil {
		t.Fatal(err)
	}
	return p, client
}

// services are the compute services of the estate.
func services(t *testing.T, client *portal.Client, p *simulator.Portal) []string {
	t.Helper()
	credentials, err := client.APICredentials(t.Context(), p.AccountIDs()[0])
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range credentials {
		ids = append(ids, c.ServiceID)
	}
	return ids
}

func csvOf(t *testing.T, client *portal.Client, m bill.Month, org string) string {
	t.Helper()
	stream, err := client.BillingCSV(t.Context(), m.String(), org, "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
