package simulator

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

// line is one row of a bill as read back: cells by column name.
type line map[string]string

// readBill asks for a bill and reads it with nothing that wrote it.
func readBill(t *testing.T, v *visitor, orgID, period string) []line {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(v.body("billing/billing-csv?period=" + period + "&org_id=" + orgID))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]line, 0, len(rows))
	for _, cells := range rows[1:] {
		l := line{}
		for i, cell := range cells {
			l[rows[0][i]] = cell
		}
		lines = append(lines, l)
	}
	return lines
}

// exact reads a cell; blank is false.
func (l line) exact(column string) (*big.Rat, bool) {
	cell, known := l[column]
	if !known {
		panic("no column " + column)
	}
	if cell == "" {
		return new(big.Rat), false
	}
	number, ok := new(big.Rat).SetString(cell)
	if !ok {
		panic(fmt.Sprintf("column %s: %q", column, cell))
	}
	return number, true
}

// product multiplies cells, a blank one counts as zero.
func (l line) product(columns ...string) *big.Rat {
	result := big.NewRat(1, 1)
	for _, column := range columns {
		factor, _ := l.exact(column)
		result.Mul(result, factor)
	}
	return result
}

func (l line) sum(columns ...string) *big.Rat {
	result := new(big.Rat)
	for _, column := range columns {
		term, _ := l.exact(column)
		result.Add(result, term)
	}
	return result
}

// wrong lists the documented identities that a row breaks.
func (l line) wrong() []string {
	var broken []string
	check := func(column string, want *big.Rat) {
		if got, ok := l.exact(column); ok && got.Cmp(want) != 0 {
			broken = append(broken, fmt.Sprintf("%s is %s, want %s", column, l[column], want.FloatString(12)))
		}
	}
	const hours = "UsageHoursWithinPeriod"
	check("UsageMinsWithinPeriod", new(big.Rat).Mul(big.NewRat(60, 1), l.product(hours)))
	check("ComputeTotalPrice", l.product("ComputePricePerHour", hours))
	check("GPUTotalPrice", l.product("GPUPricePerHour", "GPUCount", hours))
	for _, tier := range []string{"Tier1", "Tier2", "Geo-resilient"} {
		protection := tier + "ProtectionPricePerHour"
		if tier == "Geo-resilient" {
			protection = "Geo-resilientProtectionPerHour"
		}
		chargeable, snapshot := l.product(tier+"StorageChargeable"), l.product(tier+"SnapshotStorageUsed")
		want := l.sum(tier+"StorageUsed", tier+"SnapshotStorageUsed")
		check(tier+"StorageChargeable", want.Sub(want, l.product(tier+"StorageIncluded")))
		check(tier+"StoragePrice", l.product(tier+"StorageChargeable", tier+"StoragePricePerHour", hours))
		protected := new(big.Rat).Sub(chargeable, snapshot)
		check(tier+"ProtectionTotalPrice", protected.Mul(protected, l.product(protection, hours)))
		if chargeable.Sign() < 0 || chargeable.Cmp(snapshot) < 0 {
			broken = append(broken, tier+" storage is negative")
		}
	}
	check("ComputeProtectionTotalPrice", l.product("ComputeProtectionPerHour", hours))
	check("ProtectionTotalPrice", l.sum("ComputeProtectionTotalPrice", "Tier1ProtectionTotalPrice", "Tier2ProtectionTotalPrice", "Geo-resilientProtectionTotalPrice"))
	check("LicenceTotalPrice", l.product("LicencePricePerHour", hours))
	check("TotalPrice", l.sum("ComputeTotalPrice", "GPUTotalPrice", "Tier1StoragePrice", "Tier2StoragePrice",
		"Geo-resilientStoragePrice", "ProtectionTotalPrice", "LicenceTotalPrice"))
	return broken
}

func TestEveryRowOfABillTiesOut(t *testing.T) {
	p := newPortal(t, Options{Seed: 9, VMs: 250})
	v := visit(t, p)
	rows := 0
	for _, org := range p.ServiceIDs("1") {
		for _, l := range readBill(t, v, org, "2016-02") {
			rows++
			for _, fault := range l.wrong() {
				t.Errorf("%s %s %s: %s", l["EventDate"], l["ResourceName"], l["PowerState"], fault)
			}
			for column, cell := range l {
				if strings.Contains(column, "Price") || strings.HasSuffix(column, "PerHour") {
					if _, err := money.Parse(cell); cell != "" && err != nil {
						t.Errorf("%s %q: %v", column, cell, err)
					}
				}
			}
		}
	}
	if rows < 250*29 {
		t.Errorf("only %d rows", rows)
	}
}

func TestGroupsOfADay(t *testing.T) {
	v := visit(t, newPortal(t, Options{Seed: 9, VMs: 600}))
	hours, rowsOf, states := map[string]int64{}, map[string]int{}, map[string]string{}
	zero, whole, partial := 0, 0, 0
	for _, l := range readBill(t, v, v.p.ServiceIDs("1")[0], "2016-02") {
		billed, _ := l.exact("UsageHoursWithinPeriod")
		resource := l["EventDate"] + l["ResourceId"]
		group := resource + l["PowerState"]
		start, end := moment(t, l["StartTime"]), moment(t, l["EndTime"])
		if start.Format("2006-01-02") != l["EventDate"] || !end.After(start) || end.Sub(start) > 24*time.Hour {
			t.Errorf("row from %v to %v on %s", start, end, l["EventDate"])
		}
		switch {
		case rowsOf[group] > 0 && billed.Sign() != 0:
			t.Errorf("%s: a further row of a group has %s hours", group, billed)
		case rowsOf[group] > 0:
			zero++
		case l["PowerState"] == "On" && states[resource] == "Off":
			t.Errorf("%s: the on group comes after the off group", resource)
		}
		if billed.Num().Int64() == 24 {
			whole++
		} else {
			partial++
		}
		rowsOf[group]++
		states[resource] = l["PowerState"]
		hours[resource] += billed.Num().Int64()
	}
	for resource, total := range hours {
		if total > 24 {
			t.Errorf("%s: %d hours", resource, total)
		}
	}
	if zero == 0 || whole == 0 || partial == 0 {
		t.Errorf("%d rows without hours, %d of a day, %d of less", zero, whole, partial)
	}
}

func moment(t *testing.T, cell string) time.Time {
	t.Helper()
	parsed, err := time.Parse("2006-01-02 15:04:05 MST", cell)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestHoursOfADay(t *testing.T) {
	tests := []struct {
		name               string
		onMinutes, minutes int64
		cheaperOn          bool
		wantOn, wantOff    int64
	}{
		{"the documented example: off 890 minutes, on 550", 550, 1440, false, 10, 14},
		{"a minute on", 1, 1440, false, 1, 23},
		{"a minute off", 1439, 1440, false, 24, 0},
		{"a minute off, on is cheaper", 1439, 1440, true, 23, 1},
		{"whole hours", 720, 1440, false, 12, 12},
		{"all day on", 1440, 1440, false, 24, 0},
		{"created at noon, on a quarter", 15, 720, false, 1, 12},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := billedHours([2]int64{test.onMinutes * 60, (test.minutes - test.onMinutes) * 60}, test.cheaperOn)
			if want := [2]int64{test.wantOn, test.wantOff}; got != want {
				t.Errorf("hours on and off: %v, want %v", got, want)
			}
		})
	}
}

// vmTotal is what the rows of one resource add up to, without protection and
// snapshots, of which compute_services knows nothing.
type vmTotal struct {
	on, off int64
	cost    *big.Rat
}

func vmTotals(t *testing.T, v *visitor, period string) map[string]*vmTotal {
	t.Helper()
	totals := map[string]*vmTotal{}
	for _, org := range v.p.ServiceIDs("1") {
		for _, l := range readBill(t, v, org, period) {
			sum := totals[l["ResourceId"]]
			if sum == nil {
				sum = &vmTotal{cost: new(big.Rat)}
				totals[l["ResourceId"]] = sum
			}
			hours, _ := l.exact("UsageHoursWithinPeriod")
			if l["PowerState"] == "On" {
				sum.on += hours.Num().Int64()
			} else {
				sum.off += hours.Num().Int64()
			}
			sum.cost.Add(sum.cost, l.sum("ComputeTotalPrice", "LicenceTotalPrice"))
			for _, tier := range []string{"Tier2", "Geo-resilient"} {
				chargeable := l.product(tier + "StorageChargeable")
				chargeable.Sub(chargeable, l.product(tier+"SnapshotStorageUsed"))
				sum.cost.Add(sum.cost, chargeable.Mul(chargeable, l.product(tier+"StoragePricePerHour", "UsageHoursWithinPeriod")))
			}
		}
	}
	return totals
}

// TestBillAgreesWithTheVMs compares the bill through the 7th with what
// compute_services says when it is billed through the 7th. They round in their
// own ways: compute_services the month and to pennies, the bill each day and to
// whole GiB.
func TestBillAgreesWithTheVMs(t *testing.T) {
	clock := time.Date(2016, 3, 8, 1, 30, 0, 0, time.UTC) // billed until 00:00
	p := newPortal(t, Options{Seed: 21, VMs: 900, Now: func() time.Time { return clock }})
	vms := p.VMs()
	clock = clock.Add(6 * time.Hour) // the bill is published at 06:00
	bill := vmTotals(t, visit(t, p), "2016-03")
	whole, rounded := 0, 0
	for _, vm := range vms {
		sum := bill[vm.URN]
		switch {
		case sum == nil && vm.HoursOn+vm.HoursOff > 0:
			t.Errorf("%s is not in the bill", vm.Name)
		case sum == nil: // not billed yet
		case sum.on == vm.HoursOn && sum.off == vm.HoursOff:
			whole++
			sum.agrees(t, vm)
		case sum.on < vm.HoursOn || sum.off > vm.HoursOff:
			t.Errorf("%s: bill has %d on and %d off, compute_services %d and %d", vm.Name, sum.on, sum.off, vm.HoursOn, vm.HoursOff)
		default:
			rounded++
		}
	}
	if whole < 840 || rounded == 0 {
		t.Errorf("%d VMs have the same hours in both, %d do not", whole, rounded)
	}
}

// agrees allows half a penny of rounding there, a GiB and the ninth place here.
func (sum *vmTotal) agrees(t *testing.T, vm VM) {
	t.Helper()
	cost, _ := new(big.Rat).SetString(vm.MonthToDate.String())
	difference, _ := new(big.Rat).Sub(sum.cost, cost).Float64()
	hours := float64(vm.HoursOn + vm.HoursOff)
	if limit := 0.005 + hours*0.000274 + hours*6000*0.5e-9; difference < -limit || difference > limit {
		t.Errorf("%s: the bill has %s, compute_services %s", vm.Name, sum.cost.FloatString(9), vm.MonthToDate)
	}
}

func TestTruthIsWhatTheFileSays(t *testing.T) {
	p := newPortal(t, Options{Seed: 9, VMs: 300})
	v := visit(t, p)
	seen := map[Component]bool{}
	for _, org := range p.ServiceIDs("1") {
		truth, err := p.Bill(org, "2016-02")
		if err != nil {
			t.Fatal(err)
		}
		lines := readBill(t, v, org, "2016-02")
		parts := map[Component][]string{
			Compute: {"ComputeTotalPrice"}, GPU: {"GPUTotalPrice"}, StorageTier1: {"Tier1StoragePrice"}, StorageTier2: {"Tier2StoragePrice"},
			StorageGeo: {"Geo-resilientStoragePrice"}, Protection: {"ProtectionTotalPrice"}, Licence: {"LicenceTotalPrice"},
		}
		total := new(big.Rat)
		for component, columns := range parts {
			sum := new(big.Rat)
			for _, l := range lines {
				sum.Add(sum, l.sum(columns...))
			}
			total.Add(total, sum)
			if want, _ := new(big.Rat).SetString(truth.Components[component].String()); sum.Cmp(want) != 0 {
				t.Errorf("%s: %s is %s in the file, %s in truth", org, component, sum.FloatString(9), truth.Components[component])
			}
			seen[component] = seen[component] || sum.Sign() > 0
		}
		if want, _ := new(big.Rat).SetString(truth.Total.String()); total.Cmp(want) != 0 || truth.Rows != len(lines) {
			t.Errorf("%s: %s in %d rows, in truth %s in %d", org, total.FloatString(9), len(lines), truth.Total, truth.Rows)
		}
		hours := map[string]int64{}
		for _, l := range lines {
			n, _ := l.exact("UsageHoursWithinPeriod")
			hours[l["PowerState"]] += n.Num().Int64()
		}
		if !maps.Equal(hours, truth.Hours) {
			t.Errorf("%s: hours %v in the file, %v in truth", org, hours, truth.Hours)
		}
		for _, division := range []map[string]money.Amount{truth.Services, truth.VDCs, truth.Resources, truth.Days} {
			var sum money.Amount
			for _, part := range division {
				sum += part
			}
			if sum != truth.Total {
				t.Errorf("%s: parts add up to %s, the total is %s", org, sum, truth.Total)
			}
		}
	}
	if len(seen) != len(components) || slices.Contains([]bool{seen[GPU], seen[StorageTier1], seen[StorageGeo], seen[Protection], seen[Licence]}, false) {
		t.Errorf("components in the bills: %v", seen)
	}
}
