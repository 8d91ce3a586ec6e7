package bill

import (
	"fmt"
	"iter"
	"math/big"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// Failure is an identity of the invoice evidence file that a row does not keep.
type Failure struct {
	Check  string          // for example total_price: safe as a label
	Column csvparse.Column // the cell that does not fit the others

	Expected, Got *Exact // pounds, minutes or GiB; Got is the cell, nil when it is blank
	Difference    *Exact // Got less Expected
	Tolerance     *Exact // what the roundings of the cells can explain
}

func (f Failure) String() string {
	return fmt.Sprintf("%s: %s is %s, expected %s, difference %s, tolerance %s",
		f.Check, f.Column, f.Got, f.Expected, f.Difference, f.Tolerance)
}

// Check returns the identities that the row does not keep (invoice evidence file):
//
//	usage_minutes            UsageMins = 60 × UsageHours
//	tier1_chargeable …       Chargeable = Used + Snapshot − Included, not below 0
//	compute_price …          part = price × quantity × hours, quantity being the GPUs,
//	                         the chargeable GiB, or 1
//	tier1_protection_price … protection = price × (Chargeable − Snapshot, not below 0) × hours
//	protection_total         ProtectionTotalPrice = the sum of the four protections
//	total_price              TotalPrice = the sum of the seven parts
//
// An identity with a blank input is not checked. In the sum of the protections one
// that is not relevant to the row, its price being as blank as its total or zero, is
// no input and counts as nothing. In the total price a blank part is nothing: what
// the row costs beyond its parts has no explanation.
//
// Sums, minutes and chargeable GiB must be exact. Products have a tolerance, because
// prices and totals in the file are rounded: with p the price and T the total as
// written, and q × h the quantity and the hours, which are billed as written,
//
//	|T − p·q·h| ≤ ½·10^−places(T) + |q·h| · ½·10^−places(p)
//
// A total has at least its pence, even where the file leaves out zeros. A price of no
// more than three places is one of the catalogue and not rounded; the others are a
// monthly price divided by 730 hours.
//
// All columns of the row but texts must have been read: one that was not is blank.
func Check(row *csvparse.BillingRow) iter.Seq[Failure] {
	return func(yield func(Failure) bool) {
		c := checker{row: row, yield: yield}
		c.usage()
		c.products()
		c.sums()
	}
}

// The fewest places that a total, and a price that is rounded, are written with.
const (
	totalPlaces = 2
	pricePlaces = 4
)

// checker walks through the identities of one row.
type checker struct {
	row     *csvparse.BillingRow
	yield   func(Failure) bool
	stopped bool
}

// Each identity is tried in machine words first, which nearly always hold it, and
// only then reckoned exactly.

func (c *checker) usage() {
	hours, minutes := c.row.UsageHours, c.row.UsageMins
	if !hours.Valid || !minutes.Valid || isProduct(int64(minutes.Value), int64(hours.Value), int64(60*money.One)) {
		return
	}
	c.compare("usage_minutes", csvparse.UsageMins, exact(bigOf(hours.Value), bigOf(60*money.One)), exact(bigOf(minutes.Value)), new(Exact))
}

func (c *checker) products() {
	row := c.row
	one := quantity{of: &csvparse.Quantity{Value: money.One, Valid: true}}
	c.product("compute_price", csvparse.ComputeTotal, &row.Parts[csvparse.Compute], &row.ComputePrice, one)
	c.product("gpu_price", csvparse.GPUTotal, &row.Parts[csvparse.GPU], &row.GPUPrice, quantity{of: &row.GPUCount})
	for t := range csvparse.Tier(csvparse.Tiers) {
		storage, protection := &row.Storage[t], &row.TierProtection[t]
		charged := quantity{of: &storage.Chargeable}
		protected := quantity{of: &storage.Chargeable, less: &storage.Snapshot}
		total := &row.Parts[csvparse.StorageTier1+csvparse.Component(t)]
		names, column := tierChecks[t], csvparse.Tier1Used+csvparse.Column(t)*(csvparse.Tier2Used-csvparse.Tier1Used)
		c.chargeable(names.chargeable, column+csvparse.Tier1Chargeable-csvparse.Tier1Used, storage)
		c.product(names.price, column+csvparse.Tier1Total-csvparse.Tier1Used, total, &storage.Price, charged)
		c.product(names.protection, csvparse.Tier1ProtectionTotal+csvparse.Column(t), &protection.Total, &protection.Price, protected)
	}
	c.product("compute_protection_price", csvparse.ComputeProtectionTotal, &row.ComputeProtection.Total, &row.ComputeProtection.Price, one)
	c.product("licence_price", csvparse.LicenceTotal, &row.Parts[csvparse.Licence], &row.LicencePrice, one)
}

// tierChecks names the checks of each tier.
var tierChecks = [csvparse.Tiers]struct{ chargeable, price, protection string }{
	{"tier1_chargeable", "tier1_price", "tier1_protection_price"},
	{"tier2_chargeable", "tier2_price", "tier2_protection_price"},
	{"geo_chargeable", "geo_price", "geo_protection_price"},
}

// product checks total = price × quantity × hours.
func (c *checker) product(check string, column csvparse.Column, total, price *csvparse.Money, q quantity) {
	if total.Amount == 0 && price.Amount == 0 {
		return // so it is, or one of the cells is blank
	}
	hours := &c.row.UsageHours
	if !total.Valid || !price.Valid || !q.valid() || !hours.Valid {
		return
	}
	if n, ok := q.small(); ok && isProduct(int64(total.Amount), int64(price.Amount), n, int64(hours.Value)) {
		return
	}
	tolerance := halfPlace(max(total.Places, totalPlaces))
	if price.Places >= pricePlaces {
		tolerance.units.Add(&tolerance.units, &halfPlace(price.Places, q.big(), bigOf(hours.Value)).units)
	}
	c.compare(check, column, exact(bigOf(price.Amount), q.big(), bigOf(hours.Value)), exact(bigOf(total.Amount)), tolerance)
}

func (c *checker) chargeable(check string, column csvparse.Column, s *csvparse.Storage) {
	if !s.Used.Valid || !s.Snapshot.Valid || !s.Included.Valid || !s.Chargeable.Valid {
		return
	}
	small, ok := s.Used.Value.Add(s.Snapshot.Value)
	if ok {
		small, ok = small.Sub(s.Included.Value)
	}
	if ok && max(small, 0) == s.Chargeable.Value {
		return
	}
	expected := bigOf(s.Used.Value)
	expected.Add(expected, bigOf(s.Snapshot.Value))
	expected.Sub(expected, bigOf(s.Included.Value))
	if expected.Sign() < 0 {
		expected.SetInt64(0)
	}
	c.compare(check, column, exact(expected), exact(bigOf(s.Chargeable.Value)), new(Exact))
}

func (c *checker) sums() {
	row := c.row
	protections := [...]csvparse.Charge{
		row.ComputeProtection, row.TierProtection[csvparse.Tier1], row.TierProtection[csvparse.Tier2], row.TierProtection[csvparse.Geo],
	}
	c.sum("protection_total", csvparse.ProtectionTotal, row.Parts[csvparse.Protection], protections[:])
	c.total()
}

// total checks that TotalPrice is the sum of the seven parts: what it has beyond
// them is the row's Other.
func (c *checker) total() {
	total := c.row.Total
	var sum Sum
	inRange := true
	for i := range c.row.Parts {
		part := &c.row.Parts[i]
		inRange = sum.add(part.Amount, part.Valid) && inRange
	}
	if inRange && sum.Value == total.Amount {
		return
	}
	expected := new(big.Int)
	for _, part := range c.row.Parts {
		expected.Add(expected, bigOf(part.Amount))
	}
	var got *Exact
	if total.Valid {
		got = exact(bigOf(total.Amount))
	}
	c.compare("total_price", csvparse.TotalPrice, exact(expected), got, new(Exact))
}

// sum checks total = the sum of the charges' totals.
func (c *checker) sum(check string, column csvparse.Column, total csvparse.Money, charges []csvparse.Charge) {
	relevant, inRange := false, true
	var sum money.Amount
	for _, charge := range charges {
		if !charge.Total.Valid && charge.Price.Amount != 0 {
			return // it has a price: what it came to is not known
		}
		relevant = relevant || charge.Total.Valid
		var ok bool
		sum, ok = sum.Add(charge.Total.Amount)
		inRange = inRange && ok
	}
	if !relevant || !total.Valid || inRange && sum == total.Amount {
		return
	}
	expected := new(big.Int)
	for _, charge := range charges {
		expected.Add(expected, bigOf(charge.Total.Amount))
	}
	c.compare(check, column, exact(expected), exact(bigOf(total.Amount)), new(Exact))
}

// compare yields a failure when got is further from expected than the tolerance.
func (c *checker) compare(check string, column csvparse.Column, expected, got, tolerance *Exact) {
	if c.stopped {
		return
	}
	difference := new(Exact)
	if got != nil {
		difference.units.Set(&got.units)
	}
	difference.units.Sub(&difference.units, &expected.units)
	if difference.units.CmpAbs(&tolerance.units) > 0 {
		c.stopped = !c.yield(Failure{check, column, expected, got, difference, tolerance})
	}
}
