package focus

import (
	"math"
	"math/rand/v2"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// TestExplain: what is reckoned in a word is what is reckoned in numbers of any size.
func TestExplain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	amounts := []money.Amount{
		0, 1, -1, 9, 10, 999, 1000, 1_000_000, 999_999_999, money.One, -money.One, 24 * money.One, 791 * money.One, 1440*money.One + 1, 136_986, 350_000_000,
		math.MaxInt64, math.MinInt64, math.MaxInt64 / 2, math.MaxInt64/2 + 1, math.MinInt64/2 - 1,
	}
	number := func() money.Amount {
		if random.IntN(3) == 0 {
			return amounts[random.IntN(len(amounts))]
		}
		return money.Amount(random.Uint64()>>random.IntN(64)) / [...]money.Amount{1, 1000, money.One}[random.IntN(3)] * [...]money.Amount{1, 1000}[random.IntN(2)]
	}
	explained, small := 0, 0
	for range 300_000 {
		c := &charge{unit: "Hours", unitPrice: csvparse.Money{Amount: max(number(), 0), Valid: true}}
		c.factors = by(csvparse.Quantity{Value: number(), Valid: true}, csvparse.Quantity{Value: number(), Valid: true})
		c.factors.n = 1 + random.IntN(2)
		c.cost = number()
		product, fits := decimal{n: 1}, true
		for _, f := range c.factors.all() {
			product, fits = product.times(f.Value, fits)
		}
		if product, fits = product.times(c.unitPrice.Amount, fits); fits {
			small++
			for p := product.places; p > money.Scale; p-- {
				product.n /= 10
			}
			for p := product.places; p < money.Scale; p++ {
				product.n *= 10 // out of range it is a cost like any other
			}
			const penny = money.Pound / 100
			c.cost = money.Amount(product.n) + [...]money.Amount{0, 1, penny - 1, penny, penny + 1, -1, -penny + 1, -penny, -penny - 1}[random.IntN(9)]
		}
		got, gotQuantity, gotPrice, gotOK := c.explain([]byte("x"))
		want, wantQuantity, wantPrice, wantOK := c.explainBig([]byte("x"))
		if gotOK != wantOK || gotOK && (string(got) != string(want) || gotQuantity != wantQuantity || gotPrice != wantPrice) {
			t.Fatalf("%v at %v for %v: %q, %t; in numbers of any size %q, %t", c.factors, c.unitPrice.Amount, c.cost, got, gotOK, want, wantOK)
		}
		if gotOK {
			explained++
		}
	}
	if explained < 10_000 || small < 50_000 {
		t.Errorf("only %d of the charges were explained, and %d fit a word", explained, small)
	}
}

// TestSKUKey: whatever changes what is said of a thing is part of its key, and no more is
// kept than is said.
func TestSKUKey(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	word := func(words ...string) string { return words[random.IntN(len(words))] }
	quantity := func() csvparse.Quantity {
		return csvparse.Quantity{Value: money.Amount(random.IntN(3)) * money.One, Valid: random.IntN(3) > 0}
	}
	known := skus{}
	for range 20_000 {
		row := &bill.Row{}
		row.Service = word("", "Unknown", "VMware VM")
		row.MachineType, row.PowerType, row.OSID = word("", "Small", "Large"), word("", "POWER", "Small"), word("", "CentOS", "Windows")
		row.GPUType, row.ProtectionType = word("", "a", "b"), word("", "None", "POWER")
		row.VCPU, row.Memory = quantity(), quantity()
		for i := range row.Parts {
			row.Parts[i].Amount = money.Amount(random.IntN(2))
		}
		row.ComputeProtection.Total.Amount = money.Amount(random.IntN(2))
		row.Costs[bill.Other].Value = money.Amount(random.IntN(2))
		var all charges
		all.split(row)
		for _, c := range all {
			service := serviceOf(row.Service).name
			if got, want := *known.of(service, &c, row), *newSKU(service, &c, row); got != want {
				t.Fatalf("%+v is known as %+v", want, got)
			}
		}
	}
	for i := range mostSKUs + 100 {
		c := &charge{meter: "Other", kind: [3]string{money.Amount(i).String()}}
		known.of("x", c, &bill.Row{})
	}
	if len(known) != mostSKUs {
		t.Errorf("%d are kept, want %d", len(known), mostSKUs)
	}
}
