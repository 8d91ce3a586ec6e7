package focus_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

var january = bill.Month{Year: 2018, Month: 1}

// vm is a row of a VM that costs what a case adds.
var vm = billgen.Row{
	csvparse.EventDate: "2018-01-05", csvparse.ResourceID: "urn:vcloud:vm:1", csvparse.ResourceName: "web", csvparse.Service: "VMware VM", csvparse.UsageHours: "24",
}

// convert gives the charges of some rows, some columns of them, and what was told.
func convert(t *testing.T, owner focus.Bill, columns []string, rows ...billgen.Row) (charges []string, told *focus.Told) {
	t.Helper()
	reader, err := bill.NewReader(strings.NewReader(billgen.CSV(rows...)), bill.Options{Month: january, AllColumns: true, Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	c := focus.NewConverter(focus.Newest, owner)
	for row, err := range reader.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		for record := range c.Charges(row) {
			var cells []string
			for _, name := range columns {
				i := slices.IndexFunc(c.Columns(), func(c focus.Column) bool { return c.ID == name })
				cells = append(cells, record[i])
			}
			charges = append(charges, strings.Join(cells, " | "))
		}
		if !c.Tell(row) {
			t.Error("a sum is out of range")
		}
	}
	return charges, &c.Told
}

// TestPrices: a price stands where it and what it is multiplied by explain the cost to a
// penny; elsewhere the charge is one unit at its cost.
func TestPrices(t *testing.T) {
	tests := []struct {
		name  string
		cells billgen.Row
		want  string
	}{
		{"a penny off", billgen.Row{csvparse.UsageHours: "1", csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "0.13"}, "Compute | 1 | Hours | 0.12 | 0.12"},
		{"and a bit more", billgen.Row{csvparse.UsageHours: "1", csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "0.130000001"}, "Compute | 1 | Units | 0.130000001 | 0.130000001"},
		{"no hours", billgen.Row{csvparse.UsageHours: "0", csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "0.005"}, "Compute | 1 | Units | 0.005 | 0.005"},
		{"blank hours", billgen.Row{csvparse.UsageHours: "", csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "0.005"}, "Compute | 1 | Units | 0.005 | 0.005"},
		{"a blank price", billgen.Row{csvparse.ComputeTotal: "0.005"}, "Compute | 1 | Units | 0.005 | 0.005"},
		{"a price of 0", billgen.Row{csvparse.ComputePrice: "0", csvparse.ComputeTotal: "0.005"}, "Compute | 24 | Hours | 0 | 0"},
		{"protected storage", billgen.Row{
			csvparse.UsageHours: "1", csvparse.Tier1Chargeable: "12", csvparse.Tier1Snapshot: "2",
			csvparse.Tier1ProtectionPrice: "0.1", csvparse.Tier1ProtectionTotal: "1", csvparse.ProtectionTotal: "1",
		}, "Tier 1 Storage Protection | 10 | GiB-Hours | 0.1 | 1"},
		{"protected storage of blank snapshots", billgen.Row{
			csvparse.UsageHours: "1", csvparse.Tier1Chargeable: "10",
			csvparse.Tier1ProtectionPrice: "0.1", csvparse.Tier1ProtectionTotal: "1", csvparse.ProtectionTotal: "1",
		}, "Tier 1 Storage Protection | 1 | Units | 1 | 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := convert(t, focus.Bill{Month: january}, []string{"SkuMeter", "PricingQuantity", "PricingUnit", "ListUnitPrice", "ListCost"}, vm.With(tt.cells))
			if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
				t.Errorf("charges (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDetails: what a price is for has what the bill knows of the thing, and nothing that
// is blank or 0.
func TestDetails(t *testing.T) {
	machine := billgen.Row{csvparse.PowerType: "POWER", csvparse.MachineType: "Small", csvparse.VCPU: "2", csvparse.Memory: "16384"}
	tests := []struct {
		name  string
		cells billgen.Row
		want  string
	}{
		{"compute", machine.With(billgen.Row{csvparse.ComputeTotal: "1"}),
			`VMware VM: Compute (POWER, Small) | {"CoreCount":2,"InstanceType":"Small","MemorySize":16,"x_PowerType":"POWER"}`},
		{"memory in GiB", machine.With(billgen.Row{csvparse.Memory: "511", csvparse.ComputeTotal: "1"}),
			`VMware VM: Compute (POWER, Small) | {"CoreCount":2,"InstanceType":"Small","MemorySize":511,"x_PowerType":"POWER"}`},
		{"memory of half a GiB", machine.With(billgen.Row{csvparse.Memory: "512", csvparse.ComputeTotal: "1"}),
			`VMware VM: Compute (POWER, Small) | {"CoreCount":2,"InstanceType":"Small","MemorySize":0.5,"x_PowerType":"POWER"}`},
		{"blank and 0", billgen.Row{csvparse.VCPU: "0", csvparse.ComputeTotal: "1"}, `VMware VM: Compute | `},
		{"a GPU", machine.With(billgen.Row{csvparse.GPUType: "K2", csvparse.GPUTotal: "1"}), `VMware VM: GPU (K2) | {"GpuCount":1,"x_GpuType":"K2"}`},
		{"storage", machine.With(billgen.Row{csvparse.GeoTotal: "1"}),
			`VMware VM: Geo-resilient Storage (POWER) | {"DiskSpace":1,"StorageClass":"Geo-resilient","x_PowerType":"POWER"}`},
		{"a licence", machine.With(billgen.Row{csvparse.OSID: "CentOS 7", csvparse.LicenceTotal: "1"}),
			`VMware VM: Licence (CentOS 7, POWER, Small) | {"InstanceType":"Small","OperatingSystem":"Linux","x_OperatingSystemName":"CentOS 7","x_PowerType":"POWER"}`},
		{"money in TotalPrice alone", machine.With(billgen.Row{csvparse.TotalPrice: "1"}), `VMware VM: Other | `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := convert(t, focus.Bill{Month: january}, []string{"ChargeDescription", "SkuPriceDetails"}, vm.With(tt.cells))
			if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
				t.Errorf("charges (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMonths: a charge is of the bill's month, and of its day's where nobody knows that.
func TestMonths(t *testing.T) {
	late := vm.With(billgen.Row{csvparse.EventDate: "2017-12-31", csvparse.ComputeTotal: "1"})
	day := vm.With(billgen.Row{csvparse.ComputeTotal: "1"})
	for want, owner := range map[string]focus.Bill{"2018-01-01T00:00:00Z": {Month: january}, "2017-12-01T00:00:00Z": {}} {
		got, _ := convert(t, owner, []string{"BillingPeriodStart"}, late, day)
		if diff := cmp.Diff([]string{want, "2018-01-01T00:00:00Z"}, got); diff != "" {
			t.Errorf("bill of month %v (-want +got):\n%s", owner.Month, diff)
		}
	}
}

// TestTold: tags are those of their row, and what is odd about rows is told of one bill and
// of several.
func TestTold(t *testing.T) {
	row := func(metadata string, more billgen.Row) billgen.Row {
		return vm.With(billgen.Row{csvparse.Metadata: metadata, csvparse.ComputeTotal: "1"}).With(more)
	}
	got, told := convert(t, focus.Bill{Month: january}, []string{"Tags"},
		row("", nil),
		row("", nil),
		row(`{"a":1}`, nil),
		row(`{"a":1}`, nil),
		row(`{"b":2}`, billgen.Row{csvparse.ResourceID: "", csvparse.TotalPrice: "1"}),
		row("{broken", billgen.Row{csvparse.EventDate: "2017-12-31", csvparse.TotalPrice: "1"}),
		row("{broken", nil),
		row("", billgen.Row{csvparse.ComputeTotal: "-2", csvparse.TotalPrice: "-2.25"}), // two charges
		row(`{"a":1}`, nil),
	)
	want := []string{"", "", `{"a":1}`, `{"a":1}`, `{"b":2}`, "", "", "", "", `{"a":1}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	pounds := func(text string) bill.Sum { return readSum(t, text) }
	once := focus.Told{
		NoTags: 2, Late: bill.Tally{Rows: 1, Cost: pounds("1")}, Unnamed: bill.Tally{Rows: 1, Cost: pounds("1")}, Other: bill.Tally{Rows: 1, Cost: pounds("-0.25")},
	}
	if diff := cmp.Diff(&once, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	told.Rejected = 3
	all := *told
	twice := focus.Told{
		Rejected: 6, NoTags: 4, Late: bill.Tally{Rows: 2, Cost: pounds("2")}, Unnamed: bill.Tally{Rows: 2, Cost: pounds("2")}, Other: bill.Tally{Rows: 2, Cost: pounds("-0.5")},
	}
	if !all.Add(told) {
		t.Error("a sum is out of range")
	}
	if diff := cmp.Diff(&twice, &all); diff != "" {
		t.Errorf("told of two (-want +got):\n%s", diff)
	}
	most := bill.Tally{Cost: pounds("9223372036")}
	odd := &bill.Row{Late: true, Cost: pounds("1")} // and of no resource
	odd.Costs[bill.Other] = pounds("1")
	for name, told := range map[string]focus.Told{"late": {Late: most}, "unnamed": {Unnamed: most}, "other": {Other: most}} {
		if c := (&focus.Converter{Told: told}); c.Tell(odd) {
			t.Errorf("%s: more than the most is in range", name)
		}
	}
	for name, next := range map[string]focus.Told{"late": {Late: most}, "unnamed": {Unnamed: most}, "other": {Other: most}} {
		sum := next
		if sum.Add(&next) {
			t.Errorf("%s: twice the most is in range", name)
		}
	}
}

func readSum(t *testing.T, text string) bill.Sum {
	t.Helper()
	value, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return bill.Sum{Value: value, Valid: true}
}
