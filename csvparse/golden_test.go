package csvparse_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

func gbp(t *testing.T, text string) csvparse.Money {
	t.Helper()
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	m := csvparse.Money{Amount: amount, Valid: true}
	if i := bytes.IndexByte([]byte(text), '.'); i >= 0 {
		m.Places = uint8(len(text) - i - 1)
	}
	return m
}

func number(t *testing.T, text string) csvparse.Quantity {
	t.Helper()
	return csvparse.Quantity{Value: gbp(t, text).Amount, Valid: true}
}

// The rows of testdata: one VM with nearly everything, the same VM off, an OpenStack
// instance with GPUs, and a credit.
func goldenRows(t *testing.T) []csvparse.BillingRow {
	const (
		vdc  = "A-POW-Examples (IL2-PROD-BASIC)"
		id   = "urn:vcloud:vm:5f1c5a4e-8f5b-4f0e-9d52-0a4c3c1f7a01"
		from = "2018-01-31T00:00:00Z"
		to   = "2018-02-01T00:00:00Z"
	)
	day := csvparse.Date{Year: 2018, Month: 1, Day: 31}
	zero, n := gbp(t, "0"), func(text string) csvparse.Quantity { return number(t, text) }
	vm := csvparse.BillingRow{
		Line: 2, EventDate: day, VApp: "frontend", VDC: vdc, ResourceName: "srv-web-1, main", ResourceID: id,
		OSID: "Red Hat Enterprise Linux 6 (64-bit)", Service: "VMware VM",
		Metadata:  "{\"cost_centre\": \"CC-1\", \"note\": \"two\nlines\"}",
		StartTime: from, EndTime: to, PowerState: "on", UsageMins: n("1440"), UsageHours: n("24"),
		MachineType: "Small", PowerType: "POWER", SecurityDomain: "ASSURED", VCPU: n("2"), Memory: n("4"),
		ProtectionType: "14 Day Snapshot Protection",
		Total:          gbp(t, "5.57588976"), ComputePrice: gbp(t, "0.12"), LicencePrice: gbp(t, "0.04"),
		ComputeProtection: csvparse.Charge{Price: gbp(t, "0.06"), Total: gbp(t, "1.44")},
	}
	vm.Parts[csvparse.Compute] = gbp(t, "2.88")
	vm.Parts[csvparse.StorageTier1] = zero
	vm.Parts[csvparse.StorageTier2] = gbp(t, "0.1643832")
	vm.Parts[csvparse.Protection] = gbp(t, "1.57150656")
	vm.Parts[csvparse.Licence] = gbp(t, "0.96")
	vm.Storage[csvparse.Tier1] = csvparse.Storage{
		Used: n("0"), Snapshot: n("0"), Included: n("0"), Chargeable: n("0"), Price: gbp(t, "0.000410959"),
	}
	vm.Storage[csvparse.Tier2] = csvparse.Storage{
		Used: n("100"), Snapshot: n("10"), Included: n("60"), Chargeable: n("50"), Price: gbp(t, "0.000136986"),
	}
	vm.TierProtection[csvparse.Tier2] = csvparse.Charge{Price: gbp(t, "0.000136986"), Total: gbp(t, "0.13150656")}

	off := csvparse.BillingRow{
		Line: 4, EventDate: day, VApp: "frontend", VDC: vdc, ResourceName: "srv-web-1, main", ResourceID: id,
		Service: "VMware VM", Metadata: "cost_centre=CC-1;owner=orange", StartTime: from, EndTime: to,
		PowerState: "off", UsageMins: n("0"), UsageHours: n("0"), ProtectionType: "None", Total: zero, ComputePrice: zero,
	}
	off.Parts[csvparse.Compute] = zero

	instance := csvparse.BillingRow{
		Line: 5, EventDate: day, ProjectID: "9f2b6c1d4e5f40718293a4b5c6d7e8f9", ResourceName: "batch-7",
		ResourceID: "0b9c8d7e-6f50-4132-8a9b-bcdef0123456", OSID: "Ubuntu 16.04", Service: "OpenStack Virtual Machine",
		UsageMins: n("90"), UsageHours: n("1.5"), MachineType: "m1.medium", PowerType: "ESSENTIAL",
		SecurityDomain: "ASSURED", VCPU: n("2"), Memory: n("4"), GPUType: "compute", GPUCount: n("2"),
		Total: gbp(t, "1.56842467"), ComputePrice: gbp(t, "0.04"), GPUPrice: gbp(t, "0.5"),
	}
	instance.Parts[csvparse.Compute] = gbp(t, "0.06")
	instance.Parts[csvparse.GPU] = gbp(t, "1.5")
	instance.Parts[csvparse.StorageGeo] = gbp(t, "0.00842467")
	instance.Storage[csvparse.Geo] = csvparse.Storage{
		Used: n("80.5"), Snapshot: n("0"), Included: n("60"), Chargeable: n("20.5"), Price: gbp(t, "0.000273973"),
	}

	credit := csvparse.BillingRow{
		Line: 6, EventDate: day, ResourceName: `credit "goodwill"`, ResourceID: "credit-1", Service: "VMware VM",
		Total: gbp(t, "-1.25"),
	}
	credit.Parts[csvparse.Licence] = gbp(t, "-1.25")
	return []csvparse.BillingRow{vm, off, instance, credit}
}

func TestGoldenRowsInBothSpellings(t *testing.T) {
	for _, file := range []string{"testdata/reference.csv", "testdata/evidence.csv"} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			bill, err := csvparse.NewBilling(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var got []csvparse.BillingRow
			for row, err := range bill.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, *row)
			}
			if diff := cmp.Diff(goldenRows(t), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDoubtfulCells(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.csv")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("0.000410959"), []byte("1e99"))
	text = bytes.Replace(text, []byte("OSID"), []byte("OS"), 1)
	for first, columns := range map[string][]csvparse.Column{
		"the one that is missing":     {csvparse.OSID, csvparse.Tier1Price, csvparse.Service},
		"the one that cannot be read": {csvparse.Tier1Price, csvparse.Service, csvparse.OSID},
	} {
		t.Run("first "+first, func(t *testing.T) { checkDoubtfulCells(t, text, columns) })
	}
}

func checkDoubtfulCells(t *testing.T, text []byte, columns []csvparse.Column) {
	t.Helper()
	reader, err := csvparse.NewBilling(bytes.NewReader(text), csvparse.WithColumns(csvparse.TotalPrice), csvparse.WithDoubtful(columns...))
	if err != nil {
		t.Fatal(err)
	}
	if missing := reader.Missing(); len(missing) != 1 || missing[0] != csvparse.OSID {
		t.Errorf("missing columns %v", missing)
	}
	var rows, doubtful int
	for row, err := range reader.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if rows++; row.Service == "" {
			t.Errorf("line %d has no service", row.Line)
		}
		for _, cell := range row.Doubtful {
			doubtful++
			if cell.Line != 2 || cell.Field != "Tier1StoragePricePerHour" || cell.Reason != csvparse.Overflow || row.Storage[csvparse.Tier1].Price.Valid {
				t.Errorf("%v, price %+v", cell, row.Storage[csvparse.Tier1].Price)
			}
		}
	}
	if rows != 4 || doubtful != 1 {
		t.Errorf("%d rows with %d cells that cannot be read", rows, doubtful)
	}
}

func TestOnlyTheWantedColumnsAreTouched(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.csv")
	if err != nil {
		t.Fatal(err)
	}
	// What nobody asked for may be as bad as it likes.
	text = bytes.ReplaceAll(text, []byte("0.000410959"), []byte("1e99"))
	bill, err := csvparse.NewBilling(bytes.NewReader(text), csvparse.WithColumns(csvparse.TotalPrice, csvparse.Service))
	if err != nil {
		t.Fatal(err)
	}
	var row csvparse.BillingRow
	if err := bill.Decode(&row); err != nil {
		t.Fatal(err)
	}
	want := csvparse.BillingRow{Line: 2, Service: "VMware VM", Total: gbp(t, "5.57588976")}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Error(diff)
	}
}
