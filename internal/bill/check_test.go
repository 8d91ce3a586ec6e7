package bill_test

import (
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

// cell is a cell of pounds.
func cell(t *testing.T, text string) csvparse.Money {
	t.Helper()
	amount, places, err := money.ParseCell([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return csvparse.Money{Amount: amount, Places: places, Valid: true}
}

// number is a cell of a quantity.
func number(t *testing.T, text string) csvparse.Quantity {
	t.Helper()
	return csvparse.Quantity{Value: cell(t, text).Amount, Valid: true}
}

// failures writes down what a row does not keep.
func failures(row *csvparse.BillingRow) []string {
	var out []string
	for f := range bill.Check(row) {
		out = append(out, f.String())
	}
	return out
}

func TestCheck(t *testing.T) {
	type row = csvparse.BillingRow
	p := func(text string) csvparse.Money { return cell(t, text) }
	n := func(text string) csvparse.Quantity { return number(t, text) }
	hours := func(text string) row { return row{UsageHours: n(text)} }
	storage := func(used, snapshot, included, chargeable string) csvparse.Storage {
		return csvparse.Storage{Used: n(used), Snapshot: n(snapshot), Included: n(included), Chargeable: n(chargeable)}
	}
	tests := []struct {
		name string
		row  row
		edit func(*row)
		want []string
	}{
		{"nothing is there", row{}, nil, nil},

		{"minutes", hours("24"), func(r *row) { r.UsageMins = n("1440") }, nil},
		{"minutes of a part of an hour", hours("0.333333333"), func(r *row) { r.UsageMins = n("19.99999998") }, nil},
		{"a minute too much", hours("24"), func(r *row) { r.UsageMins = n("1441") },
			[]string{"usage_minutes: UsageMinsWithinPeriod is 1441, expected 1440, difference 1, tolerance 0"}},
		{"minutes of more hours than a word holds", hours("9000000000"), func(r *row) { r.UsageMins = n("9000000000") },
			[]string{"usage_minutes: UsageMinsWithinPeriod is 9000000000, expected 540000000000, difference -531000000000, tolerance 0"}},

		{"price × hours", hours("24"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("0.12"), p("2.88") }, nil},
		{"a catalogue price is not rounded", hours("24"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("0.12"), p("2.89") },
			[]string{"compute_price: ComputeTotalPrice is 2.89, expected 2.88, difference 0.01, tolerance 0.005"}},
		{"a total rounded to pence", hours("7"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0.013"), p("0.09") }, nil},
		{"a total with its zeros left out has its pence", hours("10"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0.051"), p("0.5") },
			[]string{"licence_price: LicenceTotalPrice is 0.5, expected 0.51, difference -0.01, tolerance 0.005"}},
		{"a total more exact than its tolerance", hours("7"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0.013"), p("0.0911") },
			[]string{"licence_price: LicenceTotalPrice is 0.0911, expected 0.091, difference 0.0001, tolerance 0.00005"}},
		{"GPUs", hours("1.5"), func(r *row) { r.GPUCount, r.GPUPrice, r.Parts[csvparse.GPU] = n("2"), p("0.5"), p("1.5") }, nil},
		{"GPUs forgotten", hours("1.5"), func(r *row) { r.GPUCount, r.GPUPrice, r.Parts[csvparse.GPU] = n("2"), p("0.5"), p("0.75") },
			[]string{"gpu_price: GPUTotalPrice is 0.75, expected 1.5, difference -0.75, tolerance 0.005"}},
		// A month's price of 0.10 over 730 hours, rounded to six places: 0.000137. Over
		// 100 GiB and 24 hours that is up to 0.0012 from the truth, and a total in pence
		// up to 0.005 more.
		{"a rounded price explains this much", hours("24"), func(r *row) {
			r.Storage[csvparse.Tier2].Chargeable, r.Storage[csvparse.Tier2].Price = n("100"), p("0.000137")
			r.Parts[csvparse.StorageTier2] = p("0.3226") // 0.3288 − 0.0012 − 0.00005 is 0.32755
		}, []string{"tier2_price: Tier2StoragePrice is 0.3226, expected 0.3288, difference -0.0062, tolerance 0.00125"}},
		{"a rounded price explains this", hours("24"), func(r *row) {
			r.Storage[csvparse.Tier2].Chargeable, r.Storage[csvparse.Tier2].Price = n("100"), p("0.000137")
			r.Parts[csvparse.StorageTier2] = p("0.32755")
		}, []string{"tier2_price: Tier2StoragePrice is 0.32755, expected 0.3288, difference -0.00125, tolerance 0.001205"}},
		{"and in four places exactly as much", hours("24"), func(r *row) {
			r.Storage[csvparse.Tier2].Chargeable, r.Storage[csvparse.Tier2].Price = n("100"), p("0.000137")
			r.Parts[csvparse.StorageTier2] = p("0.3276")
		}, nil},
		{"a price of four places is rounded", hours("24"), func(r *row) {
			r.ComputePrice, r.Parts[csvparse.Compute] = p("0.0137"), p("0.3294") // 0.3288, and 0.0012 more at most
		}, nil},
		{"half a penny is a rounding", hours("1"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0.125"), p("0.13") }, nil},
		{"half a penny and a billionth is none", hours("1"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0.124999999"), p("0.13") },
			[]string{"licence_price: LicenceTotalPrice is 0.13, expected 0.124999999, difference 0.005000001, tolerance 0.0050000005"}},
		{"a price of nothing", hours("24"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0"), p("0.5") },
			[]string{"licence_price: LicenceTotalPrice is 0.5, expected 0, difference 0.5, tolerance 0.005"}},
		{"a total of nothing", hours("10"), func(r *row) { r.LicencePrice, r.Parts[csvparse.Licence] = p("0.5"), p("0") },
			[]string{"licence_price: LicenceTotalPrice is 0, expected 5, difference -5, tolerance 0.005"}},
		{"a blank number of GPUs", hours("24"), func(r *row) { r.GPUPrice, r.Parts[csvparse.GPU] = p("0.5"), p("9") }, nil},
		{"blank snapshots under protection", hours("24"), func(r *row) {
			r.Storage[csvparse.Tier1].Chargeable = n("50")
			r.TierProtection[csvparse.Tier1] = csvparse.Charge{Price: p("0.001"), Total: p("9")}
		}, nil},
		{"blank hours", row{}, func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("0.12"), p("9") }, nil},
		{"a blank price", hours("24"), func(r *row) { r.Parts[csvparse.Compute] = p("9") }, nil},
		{"a blank total", hours("24"), func(r *row) { r.ComputePrice = p("0.12") }, nil},
		{"a credit", hours("24"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("-0.12"), p("-2.88") }, nil},
		{"a product that fits no word", hours("9000000000"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("9000000000"), p("9") },
			[]string{"compute_price: ComputeTotalPrice is 9, expected 81000000000000000000, difference -80999999999999999991, tolerance 0.005"}},

		{"a product that is too fine on the way", hours("1000000000"), func(r *row) {
			r.GPUCount, r.GPUPrice, r.Parts[csvparse.GPU] = n("0.5"), p("0.000000001"), p("0")
		}, []string{"gpu_price: GPUTotalPrice is 0, expected 0.5, difference -0.5, tolerance 0.255"}},
		{"a product that comes around to the total", hours("8388608"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("4294967296"), p("0") },
			[]string{"compute_price: ComputeTotalPrice is 0, expected 36028797018963968, difference -36028797018963968, tolerance 0.005"}},
		{"a product that just fits no division", hours("2.000000001"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("9223372036"), p("1") },
			[]string{"compute_price: ComputeTotalPrice is 1, expected 18446744081.223372036, difference -18446744080.223372036, tolerance 0.005"}},
		{"a product that is finer than the total", hours("0.000000001"), func(r *row) { r.ComputePrice, r.Parts[csvparse.Compute] = p("0.6"), p("0.000000000") },
			[]string{"compute_price: ComputeTotalPrice is 0, expected 0.0000000006, difference -0.0000000006, tolerance 0.0000000005"}},
		{"a quantity beyond a word", hours("1"), func(r *row) {
			r.Storage[csvparse.Geo].Chargeable, r.Storage[csvparse.Geo].Snapshot = n("9000000000"), n("-9000000000")
			r.TierProtection[csvparse.Geo] = csvparse.Charge{Price: p("0.001"), Total: p("0")}
		}, []string{"geo_protection_price: Geo-resilientProtectionTotalPrice is 0, expected 18000000, difference -18000000, tolerance 0.005"}},

		{"chargeable", row{}, func(r *row) { r.Storage[csvparse.Geo] = storage("80.5", "10", "60", "30.5") }, nil},
		{"not below zero", row{}, func(r *row) { r.Storage[csvparse.Tier1] = storage("20", "0", "60", "0") }, nil},
		{"below zero", row{}, func(r *row) { r.Storage[csvparse.Tier1] = storage("20", "0", "60", "-40") },
			[]string{"tier1_chargeable: Tier1StorageChargeable is -40, expected 0, difference -40, tolerance 0"}},
		{"snapshots forgotten", row{}, func(r *row) { r.Storage[csvparse.Tier2] = storage("100", "10", "60", "40") },
			[]string{"tier2_chargeable: Tier2StorageChargeable is 40, expected 50, difference -10, tolerance 0"}},
		{"chargeable beyond a word", row{}, func(r *row) { r.Storage[csvparse.Geo] = storage("9000000000", "9000000000", "0", "0") },
			[]string{"geo_chargeable: Geo-resilientStorageChargeable is 0, expected 18000000000, difference -18000000000, tolerance 0"}},
		{"blank quantities", row{}, func(r *row) {
			used, snapshot := storage("100", "0", "0", "1"), storage("100", "0", "0", "1")
			included := storage("100", "0", "0", "1")
			used.Used, snapshot.Snapshot, included.Included = csvparse.Quantity{}, csvparse.Quantity{}, csvparse.Quantity{}
			r.Storage = [csvparse.Tiers]csvparse.Storage{used, snapshot, included}
		}, nil},
		{"a blank chargeable quantity", row{}, func(r *row) {
			r.Storage[csvparse.Geo] = storage("100", "0", "0", "1")
			r.Storage[csvparse.Geo].Chargeable = csvparse.Quantity{}
		}, nil},

		{"protection without the snapshots", hours("24"), func(r *row) {
			r.Storage[csvparse.Tier1] = storage("100", "10", "60", "50")
			r.TierProtection[csvparse.Tier1] = csvparse.Charge{Price: p("0.001"), Total: p("0.96")}
		}, nil},
		{"protection with the snapshots", hours("24"), func(r *row) {
			r.Storage[csvparse.Tier1] = storage("100", "10", "60", "50")
			r.TierProtection[csvparse.Tier1] = csvparse.Charge{Price: p("0.001"), Total: p("1.2")}
		}, []string{"tier1_protection_price: Tier1ProtectionTotalPrice is 1.2, expected 0.96, difference 0.24, tolerance 0.005"}},
		{"protection of less than nothing", hours("24"), func(r *row) {
			r.Storage[csvparse.Geo] = storage("40", "30", "60", "10")
			r.TierProtection[csvparse.Geo] = csvparse.Charge{Price: p("0.001"), Total: p("0")}
		}, nil},
		{"protection of the machine", hours("24"), func(r *row) {
			r.ComputeProtection = csvparse.Charge{Price: p("0.06"), Total: p("1.45")}
		}, []string{"compute_protection_price: ComputeProtectionTotalPrice is 1.45, expected 1.44, difference 0.01, tolerance 0.005"}},
		{"sum of the protections", row{}, func(r *row) {
			r.ComputeProtection.Total, r.TierProtection[csvparse.Tier2].Total = p("1.44"), p("0.1")
			r.Parts[csvparse.Protection] = p("1.54")
		}, nil},
		{"sum of the protections, a billionth off", row{}, func(r *row) {
			r.ComputeProtection.Total, r.TierProtection[csvparse.Tier2].Total = p("1.44"), p("0.1")
			r.Parts[csvparse.Protection] = p("1.540000001")
		}, []string{"protection_total: ProtectionTotalPrice is 1.540000001, expected 1.54, difference 0.000000001, tolerance 0"}},

		{"sum of the protections beyond a word, and around to the total", row{}, func(r *row) {
			r.ComputeProtection.Total, r.TierProtection[csvparse.Tier2].Total = p("9000000000"), p("9000000000")
			r.Parts[csvparse.Protection] = p("-446744073.709551616")
		}, []string{"protection_total: ProtectionTotalPrice is -446744073.709551616, expected 18000000000, difference -18446744073.709551616, tolerance 0"}},

		{"sum of the parts", row{}, func(r *row) {
			r.Parts[csvparse.Compute], r.Parts[csvparse.Licence], r.Total = p("2.88"), p("-0.96"), p("1.92")
		}, nil},
		{"sum of the parts, a billionth off", row{}, func(r *row) {
			r.Parts[csvparse.Compute], r.Parts[csvparse.Licence], r.Total = p("2.88"), p("0.96"), p("3.839999999")
		}, []string{"total_price: TotalPrice is 3.839999999, expected 3.84, difference -0.000000001, tolerance 0"}},
		{"sum of the parts beyond a word", row{}, func(r *row) {
			r.Parts[csvparse.Compute], r.Parts[csvparse.Licence], r.Total = p("9000000000"), p("9000000000"), p("1")
		}, []string{"total_price: TotalPrice is 1, expected 18000000000, difference -17999999999, tolerance 0"}},
		{"sum of the parts beyond a word, and around to the total", row{}, func(r *row) {
			r.Parts[csvparse.Compute], r.Parts[csvparse.Licence], r.Total = p("9000000000"), p("9000000000"), p("-446744073.709551616")
		}, []string{"total_price: TotalPrice is -446744073.709551616, expected 18000000000, difference -18446744073.709551616, tolerance 0"}},
		{"the total of the first part, the second being beyond a word", row{}, func(r *row) {
			r.Parts[csvparse.Compute], r.Parts[csvparse.GPU], r.Total = p("9000000000"), p("9000000000"), p("9000000000")
		}, []string{"total_price: TotalPrice is 9000000000, expected 18000000000, difference -9000000000, tolerance 0"}},
		{"a blank total price", row{}, func(r *row) { r.Parts[csvparse.Compute] = p("2.88") },
			[]string{"total_price: TotalPrice is blank, expected 2.88, difference -2.88, tolerance 0"}},
		{"a blank total price of nothing", row{}, func(r *row) { r.Parts[csvparse.Compute] = p("0") }, nil},
		{"no part at all", row{}, func(r *row) { r.Total = p("-5") },
			[]string{"total_price: TotalPrice is -5, expected 0, difference -5, tolerance 0"}},
		{"no part at all and nothing to pay", row{}, func(r *row) { r.Total = p("0") }, nil},
		{"a part with a price and no total", row{}, func(r *row) {
			r.Parts[csvparse.Compute], r.LicencePrice, r.Total = p("2.88"), p("0.04"), p("9")
		}, []string{"total_price: TotalPrice is 9, expected 2.88, difference 6.12, tolerance 0"}},
		{"a protection with a price and no total", row{}, func(r *row) {
			r.ComputeProtection.Total, r.TierProtection[csvparse.Geo].Price = p("1"), p("0.04")
			r.Parts[csvparse.Protection], r.Total = p("3"), p("3")
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := test.row
			if test.edit != nil {
				test.edit(&r)
			}
			if !r.Total.Valid && !strings.HasPrefix(test.name, "a blank total price") {
				for _, part := range r.Parts {
					r.Total.Amount += part.Amount
				}
				r.Total.Valid = true
			}
			if got := failures(&r); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestCheckCanBeLeft(t *testing.T) {
	r := csvparse.BillingRow{UsageHours: number(t, "24"), UsageMins: number(t, "1"), Total: cell(t, "1")}
	r.Parts[csvparse.Compute] = cell(t, "2")
	if n := len(failures(&r)); n != 2 {
		t.Fatalf("%d failures, want 2", n)
	}
	for f := range bill.Check(&r) {
		if f.Check != "usage_minutes" || f.Column != csvparse.UsageMins {
			t.Errorf("%v first", f)
		}
		break // a second yield would panic
	}
}

func TestExactNumbers(t *testing.T) {
	r := csvparse.BillingRow{Total: cell(t, "-0.5")}
	r.Parts[csvparse.Compute] = cell(t, "0.25")
	for f := range bill.Check(&r) {
		text, err := f.Difference.MarshalText()
		if err != nil || string(text) != "-0.75" || f.Difference.Rat().Cmp(big.NewRat(-3, 4)) != 0 {
			t.Errorf("difference %s, %v, %v", text, f.Difference.Rat(), err)
		}
	}
}

// TestCheckInWords: of a row that keeps every identity nothing is reckoned in numbers
// of any size, which would have to be allocated.
func TestCheckInWords(t *testing.T) {
	allocations := func(row *csvparse.BillingRow) float64 {
		return testing.AllocsPerRun(10, func() {
			for f := range bill.Check(row) {
				t.Fatal(f)
			}
		})
	}
	row := csvparse.BillingRow{
		UsageHours: number(t, "24"), UsageMins: number(t, "1440"),
		ComputePrice: cell(t, "0.12"), GPUCount: number(t, "0"), GPUPrice: cell(t, "0.5"), LicencePrice: cell(t, "2"), Total: cell(t, "52.128"),
	}
	row.Parts[csvparse.Compute], row.Parts[csvparse.GPU], row.Parts[csvparse.Licence] = cell(t, "2.88"), cell(t, "0"), cell(t, "48")
	row.Storage[csvparse.Tier1] = csvparse.Storage{
		Used: number(t, "100"), Snapshot: number(t, "10"), Included: number(t, "60"), Chargeable: number(t, "50"), Price: cell(t, "0.001"),
	}
	row.TierProtection[csvparse.Tier1] = csvparse.Charge{Price: cell(t, "0.00005"), Total: cell(t, "0.048")}
	row.Parts[csvparse.StorageTier1], row.Parts[csvparse.Protection] = cell(t, "1.2"), cell(t, "0.048")
	if n, none := allocations(&row), allocations(&csvparse.BillingRow{}); n > none {
		t.Errorf("%v allocations, %v for a blank row", n, none)
	}
}

// Of a generated bill exactly the rows that were spoiled are found, by the least
// amount that a total can be off.
func TestCheckFindsExactlyTheSpoiledRows(t *testing.T) {
	const rows = 500
	text, err := io.ReadAll(billgen.Estate{Rows: rows, Resources: 300, Seed: 4}.Reader())
	if err != nil {
		t.Fatal(err)
	}
	records := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	rng := rand.New(rand.NewPCG(1, 2))
	spoiled := make(map[int64]bool)
	for range 40 {
		i := 1 + rng.IntN(rows)
		at := strings.LastIndexByte(records[i], ',') + 1
		total, err := money.Parse(records[i][at:])
		if err != nil {
			t.Fatal(err)
		}
		if !spoiled[int64(i)+1] {
			records[i] = records[i][:at] + (total + 1).String()
		}
		spoiled[int64(i)+1] = true
	}
	reader, err := csvparse.NewBilling(strings.NewReader(strings.Join(records, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range reader.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		got := failures(row)
		if (len(got) == 1 && strings.HasPrefix(got[0], "total_price: ") && strings.Contains(got[0], "difference 0.000000001")) != spoiled[row.Line] || len(got) > 1 {
			t.Errorf("line %d, spoiled %v: %q", row.Line, spoiled[row.Line], got)
		}
	}
}

// The machine words of Check and fractions of math/big come to the same.
func FuzzCheckAgreesWithFractions(f *testing.F) {
	f.Add(int64(120_000_000), int64(1e9), int64(24e9), int64(2_880_000_000), uint8(2), uint8(2))
	f.Add(int64(136_986), int64(50e9), int64(24e9), int64(164_383_200), uint8(9), uint8(7))
	f.Add(int64(1<<62), int64(1<<62), int64(-1<<62), int64(1), uint8(9), uint8(9))
	f.Fuzz(func(t *testing.T, price, gpus, hours, total int64, pricePlaces, totalPlaces uint8) {
		pricePlaces, totalPlaces = pricePlaces%10, totalPlaces%10
		r := csvparse.BillingRow{
			GPUCount:   csvparse.Quantity{Value: money.Amount(gpus), Valid: true},
			GPUPrice:   csvparse.Money{Amount: money.Amount(price), Places: pricePlaces, Valid: true},
			UsageHours: csvparse.Quantity{Value: money.Amount(hours), Valid: true},
		}
		r.Parts[csvparse.GPU] = csvparse.Money{Amount: money.Amount(total), Places: totalPlaces, Valid: true}
		r.Total = r.Parts[csvparse.GPU]
		nano := func(n int64) *big.Rat { return big.NewRat(n, 1e9) }
		half := func(places uint8) *big.Rat {
			return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Mul(big.NewInt(2), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)))
		}
		quantity := new(big.Rat).Mul(nano(max(gpus, 0)), nano(hours))
		expected := new(big.Rat).Mul(quantity, nano(price))
		difference := new(big.Rat).Sub(nano(total), expected)
		tolerance := half(max(totalPlaces, 2))
		if pricePlaces > 3 {
			tolerance.Add(tolerance, new(big.Rat).Mul(new(big.Rat).Abs(quantity), half(pricePlaces)))
		}
		fails := new(big.Rat).Abs(difference).Cmp(tolerance) > 0
		var got []bill.Failure
		for failure := range bill.Check(&r) {
			got = append(got, failure)
		}
		if len(got) > 1 || (len(got) == 1) != fails {
			t.Fatalf("%v; with fractions %v off, tolerance %v", got, difference, tolerance)
		}
		if fails && (got[0].Expected.Rat().Cmp(expected) != 0 || got[0].Difference.Rat().Cmp(difference) != 0 ||
			got[0].Tolerance.Rat().Cmp(tolerance) != 0 || got[0].Got.Rat().Cmp(nano(total)) != 0 ||
			got[0].Difference.String() != trimmed(difference)) {
			t.Fatalf("%v; with fractions expected %v, difference %v, tolerance %v", got[0], expected, difference, tolerance)
		}
	})
}

func trimmed(r *big.Rat) string {
	places, _ := r.FloatPrec()
	return fmt.Sprint(r.FloatString(places))
}

// The rows of csvparse's examples keep every identity, in both spellings.
func TestCheckFindsNothingInTheExamples(t *testing.T) {
	for _, file := range []string{"reference.csv", "evidence.csv"} {
		text, err := os.Open(filepath.Join("../../csvparse/testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = text.Close() }()
		reader, err := csvparse.NewBilling(text)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for row, err := range reader.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if got := failures(row); len(got) > 0 {
				t.Errorf("%s, line %d: %q", file, row.Line, got)
			}
			rows++
		}
		if rows != 4 {
			t.Errorf("%s: %d rows, want 4", file, rows)
		}
	}
}
