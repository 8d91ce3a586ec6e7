package billing

import (
	"encoding/csv"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/money"
)

// focusRow is a row by column.
type focusRow map[string]string

func focusRowsOf(t *testing.T, text string) (columns []string, rows []focusRow) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		row := focusRow{}
		for i, value := range record {
			row[records[0][i]] = value
		}
		rows = append(rows, row)
	}
	return records[0], rows
}

// check runs the rules of the model over rows. The bill has no
// number of an invoice, so that this one recommendation is not followed.
func (m *focusModel) check(t *testing.T, columns []string, rows []focusRow) map[string]int {
	t.Helper()
	broken, counts := m.run(newFocusData(m.Version, columns, rows))
	for _, text := range broken {
		if !strings.HasSuffix(text, "(RECOMMENDED): column InvoiceId is missing") {
			t.Error(text)
		}
	}
	return counts
}

// checkFocusRow checks what the specification says of several columns of a usage
// row that is no correction.
func checkFocusRow(t *testing.T, line int, row focusRow) {
	t.Helper()
	number := func(name string) *big.Rat {
		n, ok := new(big.Rat).SetString(row[name])
		if !ok {
			t.Fatalf("row %d: %s: %q", line, name, row[name])
		}
		return n
	}
	if want := new(big.Rat).Mul(number("ListUnitPrice"), number("PricingQuantity")); want.Cmp(number("ListCost")) != 0 {
		t.Errorf("row %d: %s at %s cost %s", line, row["PricingQuantity"], row["ListUnitPrice"], row["ListCost"])
	}
	if number("ListUnitPrice").Sign() < 0 || number("ConsumedQuantity").Sign() <= 0 {
		t.Errorf("row %d: list price %s, consumed %s", line, row["ListUnitPrice"], row["ConsumedQuantity"])
	}
	if row["BillingPeriodStart"] > row["ChargePeriodStart"] || row["ChargePeriodStart"] >= row["ChargePeriodEnd"] || row["ChargePeriodEnd"] > row["BillingPeriodEnd"] {
		t.Errorf("row %d: charged from %s to %s in a bill from %s to %s", line,
			row["ChargePeriodStart"], row["ChargePeriodEnd"], row["BillingPeriodStart"], row["BillingPeriodEnd"])
	}
}

// onlyOne checks that a column's value decides another's.
func onlyOne(t *testing.T, rows []focusRow, of, has string) {
	t.Helper()
	seen := map[string]string{}
	for _, row := range rows {
		if known, ok := seen[row[of]]; ok && known != row[has] {
			t.Errorf("%s %q has %s %q and %q", of, row[of], has, known, row[has])
		}
		seen[row[of]] = row[has]
	}
}

// TestFocus converts a month of two services and checks every row and column
// against the rules of FOCUS 1.2, and the sums against the bill.
func TestFocus(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	b.must("fetch", "--period", "2018-01", "-o", dir)
	var want, got money.Amount
	args := []string{"focus", "--focus-version", "1.2"}
	components := map[string]money.Amount{}
	for _, s := range b.services() {
		bill, err := b.portal.Bill(s.org, "2018-01")
		if err != nil {
			t.Fatal(err)
		}
		want += bill.Total
		for component, amount := range bill.Components {
			if amount != 0 {
				components[string(component)] += amount
			}
		}
		args = append(args, filepath.Join(dir, fmt.Sprintf("billing_%s_2018-01.csv", s.org)))
	}
	columns, rows := focusRowsOf(t, b.must(args...))
	focusModelOf(t, "1.2").check(t, columns, rows)
	byComponent := map[string]money.Amount{}
	tagged := 0
	for i, row := range rows {
		checkFocusRow(t, i+2, row)
		cost, err := money.Parse(row["BilledCost"])
		if err != nil {
			t.Fatal(err)
		}
		got += cost
		byComponent[row["x_Component"]] += cost
		if row["ListCost"] != row["BilledCost"] || row["EffectiveCost"] != row["BilledCost"] || row["ContractedCost"] != row["BilledCost"] {
			t.Errorf("row %d: the simulated portal's prices are exact and without discounts: %v", i+2, row)
		}
		if row["Tags"] != "" {
			tagged++
		}
	}
	if got != want {
		t.Errorf("BilledCost adds up to %s, the bills to %s", got, want)
	}
	if diff := cmp.Diff(components, byComponent); diff != "" {
		t.Errorf("by component (-bills +FOCUS):\n%s", diff)
	}
	onlyOne(t, rows, "ServiceName", "ServiceCategory")
	onlyOne(t, rows, "SkuPriceId", "SkuId")
	onlyOne(t, rows, "SkuId", "SkuMeter")
	onlyOne(t, rows, "SubAccountId", "BillingAccountId")
	if len(rows) < 300 || tagged == 0 {
		t.Errorf("%d rows, %d with tags, are no test", len(rows), tagged)
	}
}

// TestFocusOfOddRows: prices that are rounded, missing or wrong, credits, all
// forms of tags, services that nobody knows.
func TestFocusOfOddRows(t *testing.T) {
	base := map[csvparse.Column]string{
		csvparse.EventDate: "2018-02-28", csvparse.ResourceID: "urn:vcloud:vm:1", csvparse.ResourceName: "web", csvparse.Service: "VMware VM",
		csvparse.PowerState: "On", csvparse.UsageMins: "60", csvparse.UsageHours: "1", csvparse.PowerType: "POWER", csvparse.MachineType: "Small",
	}
	tests := []struct {
		name  string
		cells map[csvparse.Column]string
		want  []focusRow // some columns of the rows
	}{
		{"nothing to pay", map[csvparse.Column]string{csvparse.ComputeTotal: "0", csvparse.TotalPrice: "0"}, nil},
		{"exact", map[csvparse.Column]string{csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "0.12"}, []focusRow{{
			"BilledCost": "0.12", "ListUnitPrice": "0.12", "ListCost": "0.12", "PricingQuantity": "1", "PricingUnit": "Hours",
			"ChargeDescription": "VMware VM: Compute (POWER, Small)", "SkuId": "VMware VM/Compute/POWER/Small", "ChargePeriodEnd": "2018-03-01T00:00:00Z",
			"BillingPeriodEnd": "2018-03-01T00:00:00Z", "x_PowerState": "on",
		}}},
		{"rounded to pence", map[csvparse.Column]string{
			csvparse.Tier2Chargeable: "7", csvparse.Tier2Price: "0.000136986", csvparse.UsageHours: "24", csvparse.Tier2Total: "0.02",
		}, []focusRow{{
			"BilledCost": "0.02", "ContractedCost": "0.02", "ListUnitPrice": "0.000136986", "ListCost": "0.023013648", "PricingQuantity": "168", "PricingUnit": "GiB-Hours",
		}}},
		{"another price", map[csvparse.Column]string{csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "0.14"}, []focusRow{{
			"BilledCost": "0.14", "ListUnitPrice": "0.14", "ListCost": "0.14", "PricingQuantity": "1", "PricingUnit": "Units", "ConsumedUnit": "Units",
		}}},
		{"no price", map[csvparse.Column]string{csvparse.LicenceTotal: "3"}, []focusRow{{
			"ListUnitPrice": "3", "ListCost": "3", "PricingUnit": "Units", "SkuMeter": "Licence",
		}}},
		{"credit", map[csvparse.Column]string{csvparse.ComputePrice: "-1", csvparse.ComputeTotal: "-1"}, []focusRow{{
			"BilledCost": "-1", "ListUnitPrice": "1", "ListCost": "-1", "PricingQuantity": "-1", "ConsumedQuantity": "1",
		}}},
		{"fractions", map[csvparse.Column]string{
			csvparse.GPUCount: "1.5", csvparse.GPUPrice: "0.333333333", csvparse.UsageHours: "0.5", csvparse.GPUTotal: "0.249999999",
		}, []focusRow{{"PricingQuantity": "0.75", "ListCost": "0.24999999975", "PricingUnit": "Unit-Hours"}}},
		{"protections", map[csvparse.Column]string{
			csvparse.ComputeProtectionPrice: "0.06", csvparse.ComputeProtectionTotal: "0.06", csvparse.GeoChargeable: "12", csvparse.GeoSnapshot: "2",
			csvparse.GeoProtectionPrice: "0.1", csvparse.GeoProtectionTotal: "1", csvparse.ProtectionTotal: "1.06",
		}, []focusRow{
			{"BilledCost": "0.06", "SkuMeter": "Compute Protection", "PricingUnit": "Hours"},
			{"BilledCost": "1", "SkuMeter": "Geo-resilient Storage Protection", "PricingQuantity": "10", "x_Component": "protection"},
		}},
		{"protections that do not add up", map[csvparse.Column]string{csvparse.ComputeProtectionTotal: "0.06", csvparse.ProtectionTotal: "1.06"}, []focusRow{
			{"BilledCost": "1.06", "SkuMeter": "Protection", "PricingUnit": "Units"},
		}},
		{"tags of a list", map[csvparse.Column]string{csvparse.Metadata: `owner=me; "live"; n: 1`, csvparse.LicenceTotal: "1"}, []focusRow{
			{"Tags": `{"owner":"me","\"live\"":true,"n":"1"}`},
		}},
		{"tags of an object", map[csvparse.Column]string{csvparse.Metadata: `{"a":1.0,"b":null,"c":{"d":["e"]},"f":false,"g":"£"}`, csvparse.LicenceTotal: "1"}, []focusRow{
			{"Tags": `{"a":1.0,"b":null,"c":"{\"d\":[\"e\"]}","f":false,"g":"£"}`},
		}},
		{"tags of neither", map[csvparse.Column]string{csvparse.Metadata: "hello", csvparse.LicenceTotal: "1"}, []focusRow{{"Tags": ""}}},
		{"service of tomorrow", map[csvparse.Column]string{csvparse.Service: "Quantum Teapot", csvparse.LicenceTotal: "1"}, []focusRow{
			{"ServiceName": "Quantum Teapot", "ServiceCategory": "Other", "ServiceSubcategory": "Other (Other)", "ResourceType": "Quantum Teapot"},
		}},
		{"no resource", map[csvparse.Column]string{csvparse.ResourceID: "", csvparse.LicenceTotal: "1"}, []focusRow{{"ResourceId": "", "ResourceName": "", "ResourceType": ""}}},
		{"no service", map[csvparse.Column]string{csvparse.Service: "", csvparse.LicenceTotal: "1"}, []focusRow{{"ServiceName": "Unknown"}}},
	}
	b := newBench(t)
	var models []*focusModel
	for _, version := range focus.Versions() {
		models = append(models, focusModelOf(t, version))
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record := make([]string, csvparse.TotalPrice+1)
			header := make([]string, len(record))
			for c := range record {
				header[c] = csvparse.Column(c).String()
				record[c] = base[csvparse.Column(c)]
			}
			for c, text := range tt.cells {
				record[c] = text
			}
			name := filepath.Join(t.TempDir(), "billing_1-2-3-abc_2018-02.csv")
			file, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := csv.NewWriter(file).WriteAll([][]string{header, record}); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			var rows []focusRow
			for _, m := range models {
				var columns []string
				columns, rows = focusRowsOf(t, b.must("focus", "--focus-version", m.Version, "--account-name", "Demo", "--org-name", "Main", name))
				m.check(t, columns, rows)
			}
			if len(rows) != len(tt.want) {
				t.Fatalf("%d rows, want %d: %v", len(rows), len(tt.want), rows)
			}
			for i, row := range rows {
				checkFocusRow(t, i+2, row)
				for name, value := range tt.want[i] {
					if row[name] != value {
						t.Errorf("row %d: %s is %q, want %q", i+2, name, row[name], value)
					}
				}
				if row["BillingAccountId"] != "2" || row["BillingAccountName"] != "Demo" || row["SubAccountId"] != "1-2-3-abc" || row["SubAccountName"] != "Main" {
					t.Errorf("row %d is of another account: %v", i+2, row)
				}
			}
		})
	}
}

// TestFocusOfNothing: where the first file cannot be used nothing is printed, not
// even the header.
func TestFocusOfNothing(t *testing.T) {
	b := newBench(t)
	path := filepath.Join(t.TempDir(), "billing_1-2-3-abc_2018-01.csv")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := b.run("focus", path); err == nil || out != "" {
		t.Errorf("an empty file: it prints %q, %v", out, err)
	}
}
