// Package focus writes rows of the bill as the charges of the FinOps Open Cost and
// Usage Specification (FOCUS).
package focus

import (
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// charge is a part of a row of the bill: what FOCUS has a row for.
type charge struct {
	component bill.Component
	meter     string // what is measured; it says which component
	unit      string
	cost      money.Amount
	unitPrice csvparse.Money
	factors   factors
	kind      [3]string // of the thing that has the price; blank ones are none
}

// factors are the quantities that a price is multiplied by, none or up to two.
type factors struct {
	values [2]csvparse.Quantity
	n      int
}

func by(quantities ...csvparse.Quantity) (f factors) {
	f.n = copy(f.values[:], quantities)
	return f
}

func (f *factors) all() []csvparse.Quantity { return f.values[:f.n] }

// charges are those of a row.
type charges []charge

// add adds a charge. What costs nothing is none.
func (all *charges) add(c charge) {
	if c.cost != 0 {
		*all = append(*all, c)
	}
}

// split makes the charges of a row.
func (all *charges) split(row *bill.Row) {
	*all = (*all)[:0]
	all.add(charge{
		bill.Component(csvparse.Compute), "Compute", "Hours", row.Parts[csvparse.Compute].Amount, row.ComputePrice,
		by(row.UsageHours), [3]string{row.PowerType, row.MachineType},
	})
	all.add(charge{
		bill.Component(csvparse.GPU), "GPU", "Unit-Hours", row.Parts[csvparse.GPU].Amount, row.GPUPrice,
		by(row.GPUCount, row.UsageHours), [3]string{row.GPUType},
	})
	for t := range csvparse.Tier(csvparse.Tiers) {
		component := csvparse.StorageTier1 + csvparse.Component(t)
		all.add(charge{
			bill.Component(component), storageMeter(t), "GiB-Hours", row.Parts[component].Amount, row.Storage[t].Price,
			by(row.Storage[t].Chargeable, row.UsageHours), [3]string{row.PowerType},
		})
	}
	all.protections(row)
	all.add(charge{
		bill.Component(csvparse.Licence), "Licence", "Hours", row.Parts[csvparse.Licence].Amount, row.LicencePrice,
		by(row.UsageHours), [3]string{row.OSID, row.PowerType, row.MachineType},
	})
	all.add(charge{component: bill.Other, meter: "Other", cost: row.Costs[bill.Other].Value})
}

func storageMeter(t csvparse.Tier) string {
	return [csvparse.Tiers]string{"Tier 1 Storage", "Tier 2 Storage", "Geo-resilient Storage"}[t]
}

func protectionMeter(t csvparse.Tier) string {
	return [csvparse.Tiers]string{"Tier 1 Storage Protection", "Tier 2 Storage Protection", "Geo-resilient Storage Protection"}[t]
}

// protections adds the four kinds of protection, or one charge without a price where
// they do not add up to the total.
func (all *charges) protections(row *bill.Row) {
	const component = bill.Component(csvparse.Protection)
	total := row.Parts[csvparse.Protection].Amount
	sum := bill.Sum{Value: row.ComputeProtection.Total.Amount, Valid: true}
	ok := true
	for t := range row.TierProtection {
		ok = sum.Add(bill.Sum{Value: row.TierProtection[t].Total.Amount, Valid: true}) && ok
	}
	if !ok || sum.Value != total {
		all.add(charge{component: component, meter: "Protection", cost: total, kind: [3]string{row.ProtectionType}})
		return
	}
	all.add(charge{
		component, "Compute Protection", "Hours", row.ComputeProtection.Total.Amount, row.ComputeProtection.Price,
		by(row.UsageHours), [3]string{row.ProtectionType, row.PowerType, row.MachineType},
	})
	for t := range csvparse.Tier(csvparse.Tiers) {
		p, s := &row.TierProtection[t], &row.Storage[t]
		protected := csvparse.Quantity{Value: max(s.Chargeable.Value-s.Snapshot.Value, 0), Valid: s.Chargeable.Valid && s.Snapshot.Valid}
		all.add(charge{
			component, protectionMeter(t), "GiB-Hours", p.Total.Amount, p.Price,
			by(protected, row.UsageHours), [3]string{row.ProtectionType, row.PowerType},
		})
	}
}
