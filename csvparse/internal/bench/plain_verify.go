//go:build unix

package main

import (
	"fmt"
	"io"
	"math/big"

	"ukcloud_exporter/money"
)

// verifier checks a bill as billing verify does. What it finds is written as lines.
type verifier struct {
	*plainReader
	numbers []number // of the row, by place
	priced  []*number
	total   *number
	tenTo19 *big.Int
	lines   []string
	failing bool
}

// tierColumns are the columns of a tier of storage.
type tierColumns struct {
	name, used, snapshot, included, chargeable, price, total, protectionPrice, protectionTotal string
}

var tiers = [...]tierColumns{
	{"tier1", "Tier1StorageUsed", "Tier1SnapshotStorageUsed", "Tier1StorageIncluded", "Tier1StorageChargeable",
		"Tier1StoragePricePerHour", "Tier1StoragePrice", "Tier1ProtectionPricePerHour", "Tier1ProtectionTotalPrice"},
	{"tier2", "Tier2StorageUsed", "Tier2SnapshotStorageUsed", "Tier2StorageIncluded", "Tier2StorageChargeable",
		"Tier2StoragePricePerHour", "Tier2StoragePrice", "Tier2ProtectionPricePerHour", "Tier2ProtectionTotalPrice"},
	{"geo", "Geo-resilientStorageUsed", "Geo-resilientSnapshotStorageUsed", "Geo-resilientStorageIncluded", "Geo-resilientStorageChargeable",
		"Geo-resilientStoragePricePerHour", "Geo-resilientStoragePrice", "Geo-resilientProtectionPerHour", "Geo-resilientProtectionTotalPrice"},
}

// plainVerify checks every row of a bill. It returns a line for each finding, and what
// the bill comes to.
func plainVerify(in io.Reader) ([]string, error) {
	r, err := newPlainReader(in)
	if err != nil {
		return nil, err
	}
	v := &verifier{plainReader: r, numbers: make([]number, len(r.places)), tenTo19: tenTo(19)}
	checks, err := v.checks()
	if err != nil {
		return nil, err
	}
	date, err := r.place("EventDate")
	if err != nil {
		return nil, err
	}
	numbers := r.numbers()
	failing := 0
	var days plainDays
	var parts, total money.Amount
	for err = r.next(); err == nil; err = r.next() {
		for _, place := range numbers {
			if v.numbers[place], err = r.number(place); err != nil {
				return nil, err
			}
		}
		v.failing = false
		for _, check := range checks {
			check()
		}
		ofRow, price := v.parts()
		parts, total = parts+ofRow, total+price
		if err := days.see(r.record[date]); err != nil {
			return nil, err
		}
		if v.failing {
			failing++
		}
	}
	if err != io.EOF {
		return nil, err
	}
	if parts != total {
		v.lines = append(v.lines, "0\tfile_total")
	}
	return append(v.lines, days.String(), fmt.Sprintf("failing\t%d", failing), fmt.Sprintf("parts\t%s", parts), fmt.Sprintf("total_price\t%s", total)), nil
}

// parts returns the sum of a row's seven parts, and its total price.
func (v *verifier) parts() (sum, total money.Amount) {
	for _, part := range v.priced {
		sum += part.value
	}
	return sum, v.total.value
}

// checks returns the checks of a row.
func (v *verifier) checks() (checks []func(), err error) {
	at := func(column string) *number {
		place, wrong := v.place(column)
		if wrong != nil {
			err = wrong
		}
		return &v.numbers[place]
	}
	for _, part := range priceParts {
		v.priced = append(v.priced, at(part.column))
	}
	v.total = at("TotalPrice")
	hours, minutes := at("UsageHoursWithinPeriod"), at("UsageMinsWithinPeriod")
	checks = append(checks, func() {
		v.same("usage_minutes", hours.valid && minutes.valid, 60*hours.value, minutes.value)
	})
	one := &number{value: money.One, valid: true}
	product := func(check string, total, price *number, quantity func() number) {
		checks = append(checks, func() { v.product(check, *total, *price, quantity(), *hours) })
	}
	product("compute_price", at("ComputeTotalPrice"), at("ComputePricePerHour"), func() number { return *one })
	gpus := at("GPUCount")
	product("gpu_price", at("GPUTotalPrice"), at("GPUPricePerHour"), func() number { return *gpus })
	for _, t := range tiers {
		used, snapshot, included, chargeable := at(t.used), at(t.snapshot), at(t.included), at(t.chargeable)
		checks = append(checks, func() {
			all := used.valid && snapshot.valid && included.valid && chargeable.valid
			v.same(t.name+"_chargeable", all, max(0, used.value+snapshot.value-included.value), chargeable.value)
		})
		product(t.name+"_price", at(t.total), at(t.price), func() number { return *chargeable })
		product(t.name+"_protection_price", at(t.protectionTotal), at(t.protectionPrice), func() number {
			return number{value: max(0, chargeable.value-snapshot.value), valid: chargeable.valid && snapshot.valid}
		})
	}
	product("compute_protection_price", at("ComputeProtectionTotalPrice"), at("ComputeProtectionPerHour"), func() number { return *one })
	product("licence_price", at("LicenceTotalPrice"), at("LicencePricePerHour"), func() number { return *one })
	protections := [][2]*number{{at("ComputeProtectionPerHour"), at("ComputeProtectionTotalPrice")}}
	for _, t := range tiers {
		protections = append(protections, [2]*number{at(t.protectionPrice), at(t.protectionTotal)})
	}
	protection := at("ProtectionTotalPrice")
	checks = append(checks, func() {
		var sum money.Amount
		relevant := false
		for _, p := range protections {
			if !p[1].valid && p[0].value != 0 {
				return // what it came to is not known
			}
			relevant = relevant || p[1].valid
			sum += p[1].value
		}
		v.same("protection_total", relevant && protection.valid, sum, protection.value)
	}, func() {
		sum, total := v.parts()
		v.same("total_price", true, sum, total)
	})
	return checks, err
}

func (v *verifier) found(check string) {
	v.failing = true
	v.lines = append(v.lines, fmt.Sprintf("%d\t%s", v.line(), check))
}

// same checks that two numbers are the same, where both are known.
func (v *verifier) same(check string, known bool, expected, got money.Amount) {
	if known && expected != got {
		v.found(check)
	}
}

// product checks that a total is the product of price, quantity and hours, but for what
// is lost where total and price are rounded: see bill.Check.
func (v *verifier) product(check string, total, price, quantity, hours number) {
	if !total.valid || !price.valid || !quantity.valid || !hours.valid {
		return
	}
	if total.value == 0 && (price.value == 0 || quantity.value == 0 || hours.value == 0) {
		return
	}
	// Numbers of 28 places.
	charged := new(big.Int).Mul(big.NewInt(int64(quantity.value)), big.NewInt(int64(hours.value)))
	difference := new(big.Int).Mul(charged, big.NewInt(10*int64(price.value)))
	difference.Sub(difference, new(big.Int).Mul(big.NewInt(int64(total.value)), v.tenTo19))
	if difference.Sign() == 0 {
		return
	}
	tolerance := new(big.Int).Mul(big.NewInt(5), tenTo(27-max(total.places, 2)))
	if price.places >= 4 {
		ofPrice := new(big.Int).Mul(tenTo(9-price.places), big.NewInt(5))
		tolerance.Add(tolerance, ofPrice.Mul(ofPrice, charged).Abs(ofPrice))
	}
	if difference.CmpAbs(tolerance) > 0 {
		v.found(check)
	}
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
