package bill_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

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

func TestRead(t *testing.T) {
	text := billgen.CSV(
		vm,
		vm.With(cells{csvparse.PowerState: "off", csvparse.UsageHours: "2.5", csvparse.ComputeTotal: "0", csvparse.TotalPrice: "0.25"}),
		vm.With(cells{csvparse.EventDate: "2018-01-06", csvparse.ResourceID: "urn:vcloud:vm:2", csvparse.Metadata: "project=Falcon"}),
		disk,
		disk.With(cells{csvparse.ResourceID: "urn:vcloud:disk:2", csvparse.Tier1Total: "", csvparse.TotalPrice: "", csvparse.UsageHours: ""}),
	)
	got := read(t, text, bill.Options{Month: january, Tags: []string{"project"}})
	part := func(pairs ...any) (parts bill.Parts) {
		for i := 0; i < len(pairs); i += 2 {
			parts[pairs[i].(csvparse.Component)] = bill.Sum{Value: gbp(t, pairs[i+1].(string)), Valid: true}
		}
		return parts
	}
	cost := func(text string) bill.Sum { return bill.Sum{Value: gbp(t, text), Valid: true} }
	want := &bill.Bill{
		Month: january, Rows: 5, Cost: cost("3.750000001"), Parts: cost("3.750000001"), Total: cost("3.750000001"), Rejected: none(),
		Costs: []bill.ServiceCost{
			{"Main", "VMware Independent Disk", part(csvparse.StorageTier1, "0.000000001")},
			{"Main", "VMware VM", part(csvparse.Compute, "3", csvparse.StorageTier2, "0.75")},
		},
		Days: []bill.DayCost{
			{csvparse.Date{Year: 2018, Month: 1, Day: 5}, "VMware VM", part(csvparse.Compute, "1.5", csvparse.StorageTier2, "0.5")},
			{csvparse.Date{Year: 2018, Month: 1, Day: 6}, "VMware Independent Disk", part(csvparse.StorageTier1, "0.000000001")},
			{csvparse.Date{Year: 2018, Month: 1, Day: 6}, "VMware VM", part(csvparse.Compute, "1.5", csvparse.StorageTier2, "0.25")},
		},
		Resources: []bill.ResourceCost{
			{"urn:vcloud:vm:1", cost("2")}, {"urn:vcloud:vm:2", cost("1.75")},
			{"urn:vcloud:disk:1", cost("0.000000001")}, {"urn:vcloud:disk:2", bill.Sum{}},
		},
		Usage: []bill.Usage{
			{"VMware Independent Disk", "", bill.Sum{Value: 24 * money.One, Valid: true}},
			{"VMware VM", "off", bill.Sum{Value: 25 * money.One / 10, Valid: true}},
			{"VMware VM", "on", bill.Sum{Value: 48 * money.One, Valid: true}},
		},
		Tags: []bill.TagCosts{{"project", []bill.TagCost{
			{"Zebra", cost("2")}, {"Falcon", cost("1.75")}, {"", cost("0.000000001")},
		}}},
		Unknown: map[string]int{"PowerState": 0, "Metadata": 0, "UsageHoursWithinPeriod": 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bill (-want +got):\n%s", diff)
	}
}

func none() map[csvparse.Reason]int64 {
	zero := map[csvparse.Reason]int64{}
	for _, reason := range csvparse.RowReasons() {
		zero[reason] = 0
	}
	return zero
}

// TestOddRows: what every row of an odd bill costs and where it goes.
func TestOddRows(t *testing.T) {
	part := func(pairs ...any) (parts bill.Parts) {
		for i := 0; i < len(pairs); i += 2 {
			parts[pairs[i].(bill.Component)] = bill.Sum{Value: gbp(t, pairs[i+1].(string)), Valid: true}
		}
		return parts
	}
	const compute, tier2 = bill.Component(csvparse.Compute), bill.Component(csvparse.StorageTier2)
	onlyTotal := cells{csvparse.ComputeTotal: "", csvparse.Tier2Total: ""}
	tests := []struct {
		name  string
		edit  cells
		costs bill.Parts
		cost  string // "" when it is not known
		late  bool
	}{
		{"plain", nil, part(compute, "1.5", tier2, "0.25"), "1.75", false},
		{"TotalPrice alone", onlyTotal.With(cells{csvparse.TotalPrice: "-5.00"}), part(bill.Other, "-5"), "-5", false},
		{"TotalPrice is more", cells{csvparse.TotalPrice: "2"}, part(compute, "1.5", tier2, "0.25", bill.Other, "0.25"), "2", false},
		{"TotalPrice is less", cells{csvparse.TotalPrice: "0"}, part(compute, "1.5", tier2, "0.25", bill.Other, "-1.75"), "0", false},
		{"no TotalPrice", cells{csvparse.TotalPrice: ""}, part(compute, "1.5", tier2, "0.25"), "1.75", false},
		{"nothing", onlyTotal.With(cells{csvparse.TotalPrice: ""}), part(), "", false},
		{"nothing to pay", onlyTotal.With(cells{csvparse.TotalPrice: "0.00"}), part(), "0", false},
		{"no resource", cells{csvparse.ResourceID: ""}, part(compute, "1.5", tier2, "0.25"), "1.75", false},
		{"exponents", cells{csvparse.ComputeTotal: "1.5E0", csvparse.Tier2Total: "0E-10", csvparse.TotalPrice: "150e-2"}, part(compute, "1.5", tier2, "0"), "1.5", false},
		{"the day before the month", cells{csvparse.EventDate: "2017-12-31"}, part(compute, "1.5", tier2, "0.25"), "1.75", true},
		{"the day after the month", cells{csvparse.EventDate: "2018-02-01"}, part(compute, "1.5", tier2, "0.25"), "1.75", true},
		{"the month's first day", cells{csvparse.EventDate: "2018-01-01"}, part(compute, "1.5", tier2, "0.25"), "1.75", false},
		{"the month's last day", cells{csvparse.EventDate: "31/01/2018"}, part(compute, "1.5", tier2, "0.25"), "1.75", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reader, err := bill.NewReader(strings.NewReader(billgen.CSV(vm.With(tt.edit), vm)), bill.Options{Month: january})
			if err != nil {
				t.Fatal(err)
			}
			for row, err := range reader.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				want := bill.Sum{}
				if tt.cost != "" {
					want = bill.Sum{Value: gbp(t, tt.cost), Valid: true}
				}
				if row.Costs != tt.costs || row.Cost != want || row.Late != tt.late || row.Costs.Total().Value != want.Value {
					t.Errorf("costs %+v, %+v, late %v", row.Costs, row.Cost, row.Late)
				}
				break
			}
		})
	}
}

// TestLateRows are in every sum but those of days.
func TestLateRows(t *testing.T) {
	text := billgen.CSV(
		vm, vm.With(cells{csvparse.EventDate: "2017-12-31"}),
		vm.With(cells{csvparse.EventDate: "2018-02-03", csvparse.ResourceID: "", csvparse.TotalPrice: "2"}),
	)
	got := read(t, text, bill.Options{Month: january})
	if got.Cost.Value != gbp(t, "5.5") || got.Late != (bill.Tally{Rows: 2, Cost: bill.Sum{Value: gbp(t, "3.75"), Valid: true}}) ||
		got.Unnamed.Rows != 1 || got.Unnamed.Cost.Value != gbp(t, "2") || len(got.Days) != 1 {
		t.Errorf("got %+v", got)
	}
	var days []string
	err := bill.ReadDays(strings.NewReader(text), bill.Options{Month: january}, func(day csvparse.Date, toDate *bill.Bill) error {
		days = append(days, fmt.Sprint(day, toDate.Cost.Value, len(toDate.On(day))))
		return nil
	})
	want := []string{"2018-01-01 1.75 0", "2018-01-05 3.5 1", "2018-01-31 5.5 0"}
	if err != nil || !slices.Equal(days, want) {
		t.Errorf("%v; months to date %q, want %q", err, days, want)
	}
}

// TestTotalsOnly: a bill of totals alone has the totals and days of the whole one.
func TestTotalsOnly(t *testing.T) {
	text := billgen.CSV(
		vm.With(cells{csvparse.EventDate: "2018-01-31"}), vm.With(cells{csvparse.EventDate: "2018-01-02", csvparse.Service: "Other"}),
		vm.With(cells{csvparse.EventDate: "2018-02-03"}), vm.With(cells{csvparse.ResourceID: "", csvparse.TotalPrice: "-7"}), vm,
	)
	want := read(t, text, bill.Options{Month: january})
	got := read(t, text, bill.Options{Month: january, TotalsOnly: true})
	days := func(b *bill.Bill) (days []csvparse.Date) {
		for _, d := range b.Days {
			days = append(days, d.Day)
		}
		return slices.Compact(days)
	}
	if diff := cmp.Diff(days(want), days(got)); diff != "" || len(got.Days) < 2 {
		t.Errorf("days (-all +totals):\n%s", diff)
	}
	want.Costs, want.Days, want.Resources, want.Usage = got.Costs, got.Days, got.Resources, got.Usage
	if diff := cmp.Diff(want, got); diff != "" || len(got.Costs)+len(got.Resources)+len(got.Usage) > 0 {
		t.Errorf("bill (-all +totals):\n%s", diff)
	}
}

// TestLongMetadata: more metadata than is remembered is added up as well, whatever a
// resource had on the row before.
func TestLongMetadata(t *testing.T) {
	var rows []cells
	for day := range 3 {
		for i := range 13 {
			metadata := fmt.Sprintf("project=%d; note=%s", (i+day)%3, strings.Repeat("x", 900_000+i))
			if (i+day)%3 == 2 {
				metadata = ""
			}
			rows = append(rows, vm.With(cells{
				csvparse.ResourceID: fmt.Sprint("vm-", i%12), csvparse.Metadata: metadata, csvparse.TotalPrice: "1.25",
			}))
		}
	}
	got := read(t, billgen.CSV(rows...), bill.Options{Month: january, Tags: []string{"project"}}).Tags
	value := func(name, cost string) bill.TagCost {
		return bill.TagCost{Value: name, Cost: bill.Sum{Value: gbp(t, cost), Valid: true}}
	}
	want := []bill.TagCosts{{Key: "project", Values: []bill.TagCost{value("", "16.25"), value("0", "16.25"), value("1", "16.25")}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestReadNothing: a month without data is a header without rows.
func TestReadNothing(t *testing.T) {
	got := read(t, billgen.CSV(), bill.Options{Month: january})
	if got.Rows != 0 || got.Parts.Valid || len(got.Costs)+len(got.Days)+len(got.Resources)+len(got.Usage) != 0 {
		t.Errorf("a bill without rows: %+v", got)
	}
	if _, ok := got.NewestDayBefore(csvparse.Date{Year: 2030, Month: 1, Day: 1}); ok {
		t.Error("a bill without rows has a newest day")
	}
}

func TestRejected(t *testing.T) {
	text := billgen.CSV(
		vm,
		vm.With(cells{csvparse.ComputeTotal: "NaN"}),
		vm.With(cells{csvparse.ComputeTotal: "9000000000", csvparse.GPUTotal: "9000000000"}),
		vm.With(cells{csvparse.ComputeTotal: "9000000000", csvparse.TotalPrice: "-9000000000"}),
		vm.With(cells{csvparse.TotalPrice: "1.0000000001"}),
		vm.With(cells{csvparse.EventDate: "soon"}),
		disk,
	)
	var lines []string
	got := read(t, text, bill.Options{Month: january, Rejected: func(r *csvparse.RowError) {
		lines = append(lines, fmt.Sprintf("%d %s %s", r.Line, r.Field, r.Reason))
	}})
	want := []string{
		"3 ComputeTotalPrice bad_number", "4 TotalPrice overflow", "5 TotalPrice overflow",
		"6 TotalPrice precision", "7 EventDate bad_date",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("rejected rows (-want +got):\n%s", diff)
	}
	rejected := none()
	rejected[csvparse.BadNumber], rejected[csvparse.Overflow] = 1, 2
	rejected[csvparse.Precision], rejected[csvparse.BadDate] = 1, 1
	if diff := cmp.Diff(rejected, got.Rejected); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if got.Rows != 2 || got.Parts.Value != gbp(t, "1.750000001") {
		t.Errorf("%d rows come to %s, want the two good ones", got.Rows, got.Parts.Value)
	}
}

func TestReadFails(t *testing.T) {
	broken := errors.New("connection reset")
	dear := vm.With(cells{csvparse.ComputeTotal: "9000000000", csvparse.Tier2Total: "", csvparse.TotalPrice: "9000000000"})
	tests := []struct {
		name string
		in   io.Reader
		want string
	}{
		{"sum of rows out of range", strings.NewReader(billgen.CSV(dear, vm, dear)), "line 4: sum is out of range"},
		{"charges and credits beyond the range, together", strings.NewReader(billgen.CSV(
			vm.With(cells{csvparse.ComputeTotal: "", csvparse.Tier2Total: "", csvparse.TotalPrice: "-5000000000"}),
			vm.With(cells{csvparse.ComputeTotal: "", csvparse.Tier2Total: "", csvparse.TotalPrice: "5000000000"}))), "line 3: sum is out of range"},
		{"credits beyond the range", strings.NewReader(billgen.CSV(
			vm.With(cells{csvparse.ComputeTotal: "", csvparse.Tier2Total: "", csvparse.TotalPrice: "-5000000000"}),
			vm.With(cells{csvparse.ComputeTotal: "", csvparse.Tier2Total: "", csvparse.TotalPrice: "-4500000000"}))), "line 3: sum is out of range"},
		{"the greatest credit has no sum without its sign", strings.NewReader(billgen.CSV(
			vm.With(cells{csvparse.ComputeTotal: "", csvparse.Tier2Total: "", csvparse.TotalPrice: "-9223372036.854775808"}))), "line 2: sum is out of range"},
		{"no row that can be read", strings.NewReader(billgen.CSV(vm.With(cells{csvparse.ComputeTotal: "x"}), vm.With(cells{csvparse.EventDate: "y"}))),
			"no row can be read: 2 rejected, the first for line 2, column 21 (ComputeTotalPrice): bad_number"},
		{"another month", strings.NewReader(billgen.CSV(vm.With(cells{csvparse.EventDate: "2017-05-31"}), vm.With(cells{csvparse.EventDate: "2017-05-01"}))),
			"no row is of the month 2018-01: they are of 2017-05-01 to 2017-05-31"},
		{"UTF-16", strings.NewReader("\xfe\xff\x00E\x00v"), "the file is in UTF-16, not in UTF-8"},
		{"HTML", strings.NewReader("<!DOCTYPE html><html>"), "not CSV but html"},
		{"empty", strings.NewReader(""), "the file is empty"},
		{"missing column", strings.NewReader("EventDate,Service\n2018-01-01,x\n"), "no column vDC"},
		{"cut off", strings.NewReader(strings.TrimSuffix(billgen.CSV(vm), "\n")), "ends in the middle of this line: it was cut off"},
		{"broken", io.MultiReader(strings.NewReader(billgen.CSV(vm)), iotest.ErrReader(broken)), "connection reset"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := bill.Read(tt.in, bill.Options{Month: january})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if got != nil {
				t.Error("a bill came with the error")
			}
		})
	}
}

func TestUnknownValues(t *testing.T) {
	got := read(t, billgen.CSV(
		vm.With(cells{csvparse.PowerState: "SUSPENDED"}), vm.With(cells{csvparse.PowerState: " ON "}), vm.With(cells{csvparse.PowerState: ""}),
		vm.With(cells{csvparse.Metadata: "what is this"}), vm.With(cells{csvparse.Metadata: "what is this"}),
		vm.With(cells{csvparse.PowerState: "off", csvparse.UsageHours: "9000000000"}), vm.With(cells{csvparse.PowerState: "off", csvparse.UsageHours: "9000000000"}),
	), bill.Options{Tags: []string{"project"}})
	if diff := cmp.Diff(map[string]int{"PowerState": 1, "Metadata": 2, "UsageHoursWithinPeriod": 1}, got.Unknown); diff != "" {
		t.Errorf("unknown values (-want +got):\n%s", diff)
	}
	if off := got.Usage[1]; off.Power != "off" || off.Hours.Valid {
		t.Errorf("hours that are out of range: %+v", off)
	}
	var powers []string
	for _, u := range got.Usage {
		powers = append(powers, u.Power)
	}
	if diff := cmp.Diff([]string{"", "off", "on", "suspended"}, powers); diff != "" {
		t.Errorf("power states (-want +got):\n%s", diff)
	}
}

// TestManyNames: a resource, a place (VDC, service and power state), a day and a value
// of a tag are a name each.
func TestManyNames(t *testing.T) {
	const tooMany = "too many different resources, VDCs, services and values of tags: more than "
	tests := []struct {
		name  string
		edit  cells // of the second row
		tags  []string
		names int // of both rows
	}{
		{"the same", nil, nil, 3},
		{"another cost", cells{csvparse.TotalPrice: "2"}, nil, 3},
		{"another resource", cells{csvparse.ResourceID: "urn:vcloud:vm:2"}, nil, 4},
		{"another VDC", cells{csvparse.VDC: "Other"}, nil, 4},
		{"another power state", cells{csvparse.PowerState: "Off"}, nil, 4},
		{"another day", cells{csvparse.EventDate: "2018-01-06"}, nil, 4},
		{"another service, so another day's cost", cells{csvparse.Service: "Other"}, nil, 5},
		{"a late row is of no day", cells{csvparse.EventDate: "2018-02-06", csvparse.Service: "Other"}, nil, 4},
		{"another project that nobody wants", cells{csvparse.Metadata: "project=Falcon"}, nil, 3},
		{"the same project", nil, []string{"project"}, 4},
		{"another project", cells{csvparse.Metadata: "project=Falcon"}, []string{"project"}, 5},
		{"values of two tags", cells{csvparse.Metadata: "project=Falcon;owner=a"}, []string{"project", "owner"}, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := billgen.CSV(vm, vm.With(tt.edit))
			read := func(limit int) error {
				_, err := bill.ReadFile(bill.File{
					From: func(offset int64) io.Reader { return strings.NewReader(text[offset:]) },
					Size: int64(len(text)), Workers: 2, Least: 1,
				}, bill.Options{Month: january, Tags: tt.tags, MaxNames: limit})
				return err
			}
			if err := read(tt.names); err != nil {
				t.Errorf("%d names are allowed: %v", tt.names, err)
			}
			if err := read(0); err != nil {
				t.Errorf("any number of names is allowed: %v", err)
			}
			limit := tt.names - 1
			err := read(limit)
			if !errors.Is(err, bill.ErrManyNames) || !strings.HasSuffix(err.Error(), fmt.Sprint(tooMany, limit)) {
				t.Errorf("%d names are allowed: error %v", limit, err)
			}
		})
	}
}

// TestBlankPlace: a row without VDC, service and power state has sums as any other.
func TestBlankPlace(t *testing.T) {
	blank := cells{csvparse.VDC: "", csvparse.Service: "", csvparse.PowerState: ""}
	b := read(t, billgen.CSV(vm.With(blank), vm.With(blank)), bill.Options{Month: january})
	if len(b.Costs) != 1 || b.Costs[0].VDC != "" || b.Costs[0].Service != "" || b.Costs[0].Parts.Total().Value != gbp(t, "3.5") {
		t.Errorf("costs %+v", b.Costs)
	}
}

// TestColumnsThatAreRead: what a bill is made of is always read, and a row without it
// rejected; of the others the numbers, or all, where they are wanted.
func TestColumnsThatAreRead(t *testing.T) {
	row := vm.With(cells{csvparse.ComputePrice: "0.0625", csvparse.ResourceName: "web", csvparse.LicencePrice: "x"})
	for _, tt := range []struct {
		name        string
		o           bill.Options
		price, text bool
		doubtful    int
		metadata    bool
	}{
		{"what a bill is made of", bill.Options{}, false, false, 0, false},
		{"with tags", bill.Options{Tags: []string{"project"}}, false, false, 0, false},
		{"what is checked", bill.Options{Checked: true}, true, false, 1, false},
		{"what is checked, with tags", bill.Options{Checked: true, Tags: []string{"project"}}, true, false, 1, false},
		{"all", bill.Options{AllColumns: true}, true, true, 1, true},
		{"all, with tags", bill.Options{AllColumns: true, Tags: []string{"project"}}, true, true, 1, true},
		{"all, checked", bill.Options{AllColumns: true, Checked: true}, true, true, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rejected := 0
			tt.o.Rejected = func(*csvparse.RowError) { rejected++ }
			reader, err := bill.NewReader(strings.NewReader(billgen.CSV(row, row.With(cells{csvparse.TotalPrice: "x"}))), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			rows := 0
			for row, err := range reader.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				rows++
				if row.ComputePrice.Valid != tt.price || (row.ResourceName == "web") != tt.text || len(row.Doubtful) != tt.doubtful || (row.Metadata != "") != tt.metadata {
					t.Errorf("price %t, name %q, %d doubtful, metadata %q", row.ComputePrice.Valid, row.ResourceName, len(row.Doubtful), row.Metadata)
				}
			}
			if rows != 1 || rejected != 1 {
				t.Errorf("%d rows, %d rejected, want one of each", rows, rejected)
			}
		})
	}
}

// TestFileWithoutMetadata is good enough where no tags are wanted.
func TestFileWithoutMetadata(t *testing.T) {
	records, err := csv.NewReader(strings.NewReader(billgen.CSV(vm))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(records[0], csvparse.Metadata.String())
	var text strings.Builder
	w := csv.NewWriter(&text)
	for _, record := range records {
		_ = w.Write(slices.Delete(record, at, at+1)) // to memory
	}
	w.Flush()
	if b := read(t, text.String(), bill.Options{}); b.Cost.Value != gbp(t, "1.75") {
		t.Errorf("cost %s", b.Cost.Value)
	}
	if _, err := bill.Read(strings.NewReader(text.String()), bill.Options{Tags: []string{"project"}}); err == nil || !strings.Contains(err.Error(), "no column Metadata") {
		t.Errorf("with tags: error %v", err)
	}
}

// TestPowerStates: which texts are known, whatever their case and blanks.
func TestPowerStates(t *testing.T) {
	for _, tt := range []struct {
		cell, power string
		known       bool
	}{
		{"On", "on", true}, {"on", "on", true}, {" ON ", "on", true},
		{"Off", "off", true}, {"off", "off", true}, {"OFF", "off", true},
		{"", "", true}, {"  ", "", true}, {"Suspended", "suspended", false},
	} {
		b := read(t, billgen.CSV(vm.With(cells{csvparse.PowerState: tt.cell})), bill.Options{})
		if known := b.Unknown["PowerState"] == 0; b.Usage[0].Power != tt.power || known != tt.known {
			t.Errorf("%q is %q, known %t, want %q, %t", tt.cell, b.Usage[0].Power, known, tt.power, tt.known)
		}
	}
}

// TestUnknownOfTagsThatNobodyWants: where metadata is not read, nothing is known of it.
func TestUnknownOfTagsThatNobodyWants(t *testing.T) {
	got := read(t, billgen.CSV(vm), bill.Options{})
	if diff := cmp.Diff(map[string]int{"PowerState": 0, "UsageHoursWithinPeriod": 0}, got.Unknown); diff != "" {
		t.Errorf("unknown values (-want +got):\n%s", diff)
	}
}

// TestPartsOutOfRange: one part that is out of range is told although others follow.
func TestPartsOutOfRange(t *testing.T) {
	most := bill.Sum{Value: 9_000_000_000 * money.Pound, Valid: true}
	one := bill.Sum{Value: money.Pound, Valid: true}
	parts := bill.Parts{most, one}
	if parts.Add(&bill.Parts{most, one}) {
		t.Error("a sum beyond the range was taken")
	}
	if want := (bill.Parts{most, {Value: 2 * money.Pound, Valid: true}}); parts != want {
		t.Errorf("parts %+v, want %+v", parts, want)
	}
	if !parts.Add(&bill.Parts{{}, one}) || parts[1].Value != 3*money.Pound {
		t.Errorf("parts in range were not added: %+v", parts)
	}
}

// TestAgainstRationals adds up random bills in two ways. Money has nine places
// and both signs.
func TestAgainstRationals(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	totals := [...]csvparse.Column{
		csvparse.ComputeTotal, csvparse.GPUTotal, csvparse.Tier1Total, csvparse.Tier2Total, csvparse.GeoTotal,
		csvparse.ProtectionTotal, csvparse.LicenceTotal,
	}
	for range 50 {
		var rows []cells
		want := map[string]*big.Rat{}
		add := func(key, text string) {
			value, ok := new(big.Rat).SetString(text)
			if !ok {
				t.Fatal(text)
			}
			if want[key] == nil {
				want[key] = new(big.Rat)
			}
			want[key].Add(want[key], value)
		}
		for range random.IntN(200) {
			row := vm.With(cells{
				csvparse.EventDate: fmt.Sprintf("2018-01-%02d", 1+random.IntN(31)), csvparse.ResourceID: fmt.Sprint(random.IntN(20)),
				csvparse.Metadata: fmt.Sprintf("project=%d", random.IntN(4)), csvparse.Service: fmt.Sprint("service ", random.IntN(3)),
			})
			charge := func(c bill.Component, text string) {
				add("bill", text)
				add("component "+c.String(), text)
				add("resource "+row[csvparse.ResourceID], text)
				add("day "+row[csvparse.EventDate], text)
				add("tag "+strings.TrimPrefix(row[csvparse.Metadata], "project="), text)
			}
			var sum money.Amount
			for i, column := range totals {
				if row[column] = ""; random.IntN(3) > 0 {
					amount := money.Amount(random.Int64N(2e15) - 1e15)
					sum += amount
					row[column] = amount.String()
					charge(bill.Component(i), row[column])
				}
			}
			switch random.IntN(3) {
			case 0:
				row[csvparse.TotalPrice] = ""
			case 1:
				other := money.Amount(random.Int64N(2e15) - 1e15)
				row[csvparse.TotalPrice] = (sum + other).String()
				charge(bill.Other, other.String())
			default:
				row[csvparse.TotalPrice] = sum.String()
				charge(bill.Component(csvparse.Compute), "0") // a price of 0 is known
			}
			rows = append(rows, row)
		}
		got := map[string]*big.Rat{}
		for key, sum := range figures(read(t, billgen.CSV(rows...), bill.Options{Month: january, Tags: []string{"project"}})) {
			got[key], _ = new(big.Rat).SetString(sum.String())
		}
		if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
			t.Fatalf("sums (-rationals +billing):\n%s", diff)
		}
	}
}

func texts(sums map[string]*big.Rat) map[string]string {
	all := map[string]string{}
	for key, sum := range sums {
		all[key] = sum.FloatString(9)
	}
	return all
}

// figures are the sums of a bill that are known.
func figures(b *bill.Bill) map[string]money.Amount {
	sums := map[string]money.Amount{}
	add := func(key string, c bill.Sum) {
		if c.Valid {
			sums[key] += c.Value
		}
	}
	add("bill", b.Cost)
	for _, c := range b.Costs {
		for i, part := range c.Parts {
			add("component "+bill.Component(i).String(), part)
		}
	}
	for _, d := range b.Days {
		add("day "+d.Day.String(), d.Parts.Total())
	}
	for _, r := range b.Resources {
		add("resource "+r.ID, r.Cost)
	}
	for _, tag := range b.Tags {
		for _, v := range tag.Values {
			add("tag "+v.Value, v.Cost)
		}
	}
	return sums
}
