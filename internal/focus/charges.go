// Package focus writes rows of the bill as the charges of the FinOps Open Cost and
// Usage Specification (FOCUS).
package focus

import (
	"math/big"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// charge is a part of a row of the bill: what FOCUS has a row for.
type charge struct {
	component bill.Component
	meter     string // what is measured
	unit      string
	cost      money.Amount
	unitPrice csvparse.Money
	factors   []csvparse.Quantity // what the price is multiplied by
	kind      []string            // of the thing that has the price
}

// chargesOf splits a row. What costs nothing is no charge.
func chargesOf(row *bill.Row) []charge {
	hours := []csvparse.Quantity{row.UsageHours}
	machine := []string{row.PowerType, row.MachineType}
	all := []charge{
		{bill.Component(csvparse.Compute), "Compute", "Hours", row.Parts[csvparse.Compute].Amount, row.ComputePrice, hours, machine},
		{bill.Component(csvparse.GPU), "GPU", "Unit-Hours", row.Parts[csvparse.GPU].Amount, row.GPUPrice,
			[]csvparse.Quantity{row.GPUCount, row.UsageHours}, []string{row.GPUType}},
	}
	for t := range csvparse.Tier(csvparse.Tiers) {
		component := csvparse.StorageTier1 + csvparse.Component(t)
		all = append(all, charge{
			bill.Component(component), tierName(t) + " Storage", "GiB-Hours", row.Parts[component].Amount, row.Storage[t].Price,
			[]csvparse.Quantity{row.Storage[t].Chargeable, row.UsageHours}, []string{row.PowerType},
		})
	}
	all = append(all, protections(row)...)
	all = append(all, charge{
		bill.Component(csvparse.Licence), "Licence", "Hours", row.Parts[csvparse.Licence].Amount, row.LicencePrice, hours,
		append([]string{row.OSID}, machine...),
	}, charge{component: bill.Other, meter: "Other", cost: row.Costs[bill.Other].Value})
	charges := all[:0]
	for _, c := range all {
		if c.cost != 0 {
			charges = append(charges, c)
		}
	}
	return charges
}

func tierName(t csvparse.Tier) string {
	return [csvparse.Tiers]string{"Tier 1", "Tier 2", "Geo-resilient"}[t]
}

// protections are the four kinds of protection, or one charge without a price
// where they do not add up to the total.
func protections(row *bill.Row) []charge {
	total := charge{component: bill.Component(csvparse.Protection), meter: "Protection", cost: row.Parts[csvparse.Protection].Amount, kind: []string{row.ProtectionType}}
	each := []charge{{
		bill.Component(csvparse.Protection), "Compute Protection", "Hours", row.ComputeProtection.Total.Amount, row.ComputeProtection.Price,
		[]csvparse.Quantity{row.UsageHours}, []string{row.ProtectionType, row.PowerType, row.MachineType},
	}}
	for t := range csvparse.Tier(csvparse.Tiers) {
		p, s := row.TierProtection[t], row.Storage[t]
		protected := csvparse.Quantity{Value: max(s.Chargeable.Value-s.Snapshot.Value, 0), Valid: s.Chargeable.Valid && s.Snapshot.Valid}
		each = append(each, charge{
			bill.Component(csvparse.Protection), tierName(t) + " Storage Protection", "GiB-Hours", p.Total.Amount, p.Price,
			[]csvparse.Quantity{protected, row.UsageHours}, []string{row.ProtectionType, row.PowerType},
		})
	}
	var sum bill.Sum
	ok := true
	for _, c := range each {
		ok = sum.Add(bill.Sum{Value: c.cost, Valid: true}) && ok
	}
	if !ok || sum.Value != total.cost {
		return []charge{total}
	}
	return each
}

// priced is a charge with all that its FOCUS row says.
type priced struct {
	charge
	owner Bill
	row   *bill.Row
	tags  string

	quantity, consumed, listPrice, listCost string
}

// price fills in quantity and prices. FOCUS wants the list price times the
// quantity to be the list cost, exactly, so that is their product; what is billed
// may differ by the rounding of the file. Where the bill has no such factors, or
// they explain the cost to no better than a penny, the charge is one unit at its
// cost.
func (c *priced) price() {
	quantity, known := product(c.factors...)
	if known && quantity.Sign() > 0 && c.unitPrice.Valid && c.unitPrice.Amount >= 0 {
		places := money.Scale * len(c.factors)
		cost := new(big.Int).Mul(quantity, big.NewInt(int64(c.unitPrice.Amount)))
		if nearly(cost, places+money.Scale, c.cost) {
			c.quantity = decimalText(quantity, places)
			c.consumed = c.quantity
			c.listPrice, c.listCost = c.unitPrice.Amount.String(), decimalText(cost, places+money.Scale)
			return
		}
	}
	c.unit, c.quantity, c.consumed = "Units", "1", "1"
	c.listPrice, c.listCost = c.cost.String(), c.cost.String()
	if c.cost < 0 { // a list price is not negative
		c.quantity, c.listPrice = "-1", strings.TrimPrefix(c.listPrice, "-")
	}
}

// product multiplies quantities of nine places; known is false when one is blank.
func product(factors ...csvparse.Quantity) (p *big.Int, known bool) {
	p = big.NewInt(1)
	for _, f := range factors {
		if !f.Valid {
			return p, false
		}
		p.Mul(p, big.NewInt(int64(f.Value)))
	}
	return p, len(factors) > 0
}

// nearly reports whether a number with so many places is a cost, give or take a
// penny.
func nearly(n *big.Int, places int, cost money.Amount) bool {
	scale := powerOfTen(places - money.Scale)
	difference := new(big.Int).Mul(big.NewInt(int64(cost)), scale)
	difference.Sub(difference, n)
	penny := new(big.Int).Mul(big.NewInt(int64(money.Pound/100)), scale)
	return difference.CmpAbs(penny) <= 0
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// decimalText writes a number that is not negative and has so many places.
func decimalText(n *big.Int, places int) string {
	digits := n.String()
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
