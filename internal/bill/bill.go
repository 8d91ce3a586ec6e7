// Package bill adds up the portal's billing CSV, exactly: the metrics of the
// bill and the billing tools share its arithmetic.
package bill

import (
	"cmp"
	"slices"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// Bill is what the rows of one billing CSV come to: one compute service in one
// month. Costs are in pounds without VAT; where a group has only blank cells its
// sum is not Valid. A Bill is immutable and its order depends on its contents alone.
type Bill struct {
	Month Month // the zero Month when it is not known
	Rows  int64 // that were added up; a rejected row is in no sum

	Rejected map[csvparse.Reason]int64 // by every one of csvparse.RowReasons, also 0

	Cost  Sum // of all rows: the bill
	Parts Sum // of the seven parts, as written
	Total Sum // of the column TotalPrice, as written

	Late    Tally // rows of a day outside the month
	Unnamed Tally // rows without a ResourceId

	Costs     []ServiceCost  // by VDC, then service
	Days      []DayCost      // by day, then service; without late rows
	Resources []ResourceCost // dearest first, then by id
	Usage     []Usage        // by service, then power state
	Tags      []TagCosts     // as they were wanted

	// Unknown counts, by column, values that the portal's documents do not have,
	// and sums of hours that are out of range.
	Unknown map[string]int
}

// ServiceCost is what a service in a VDC cost. VDC is its name, "" for what is
// in none.
type ServiceCost struct {
	VDC, Service string
	Parts        Parts
}

// DayCost is what a service cost on one day (UTC).
type DayCost struct {
	Day     csvparse.Date
	Service string
	Parts   Parts
}

// Tally is how many rows are of a kind, and what they cost.
type Tally struct {
	Rows int64
	Cost Sum
}

func (t *Tally) add(rows int64, cost Sum) bool {
	t.Rows += rows
	return t.Cost.Add(cost)
}

// ResourceCost is what one resource cost: a VM by its URN, a disk, an image. Its id
// is "" for what is of no resource.
type ResourceCost struct {
	ID   string
	Cost Sum
}

// Usage is the billed time of a service. Power is on, off, or "" for what has
// no power state.
type Usage struct {
	Service, Power string
	Hours          Sum
}

// TagCosts is what the values of one key of the Metadata column cost.
type TagCosts struct {
	Key    string
	Values []TagCost // dearest first, then by value; "" is what has not the key
}

// TagCost is what one value cost.
type TagCost struct {
	Value string
	Cost  Sum
}

// Difference returns the sum of the parts less the sum of TotalPrice. ok is
// false when it is out of range.
func (b *Bill) Difference() (difference money.Amount, ok bool) {
	return b.Parts.Value.Sub(b.Total.Value)
}

// NewestDayBefore returns the newest day with rows that lies before a day.
func (b *Bill) NewestDayBefore(day csvparse.Date) (newest csvparse.Date, ok bool) {
	i, _ := slices.BinarySearchFunc(b.Days, day, func(d DayCost, day csvparse.Date) int { return d.Day.Compare(day) })
	if i == 0 {
		return csvparse.Date{}, false
	}
	return b.Days[i-1].Day, true
}

// On returns what the services cost on a day, nothing when it has no row.
func (b *Bill) On(day csvparse.Date) []DayCost {
	compare := func(d DayCost, day csvparse.Date) int { return d.Day.Compare(day) }
	from, _ := slices.BinarySearchFunc(b.Days, day, compare)
	to := from
	for to < len(b.Days) && b.Days[to].Day == day {
		to++
	}
	return b.Days[from:to]
}

// bill gives the sums their order.
func (s *sums) bill(month Month, keys []string, rejected map[csvparse.Reason]int64) *Bill {
	b := &Bill{
		Month: month, Rows: s.rows, Cost: s.cost, Parts: s.parts, Total: s.total, Late: s.late, Unnamed: s.unnamed, Rejected: map[csvparse.Reason]int64{},
		Unknown: map[string]int{csvparse.PowerState.String(): s.badPower, csvparse.UsageHours.String(): 0},
	}
	for _, reason := range csvparse.RowReasons() {
		b.Rejected[reason] = rejected[reason]
	}
	if len(keys) > 0 {
		b.Unknown[csvparse.Metadata.String()] = s.badTags
	}
	b.Costs = sorted(s.costs, func(k costKey, p *Parts) ServiceCost { return ServiceCost{k.vdc, k.service, *p} },
		func(a, b ServiceCost) int {
			return cmp.Or(strings.Compare(a.VDC, b.VDC), strings.Compare(a.Service, b.Service))
		})
	b.Days = sorted(s.days, func(k dayKey, p *Parts) DayCost { return DayCost{k.day, k.service, *p} },
		func(a, b DayCost) int { return cmp.Or(a.Day.Compare(b.Day), strings.Compare(a.Service, b.Service)) })
	b.Resources = sorted(s.resources, func(id string, r *resource) ResourceCost { return ResourceCost{id, r.Sum} },
		func(a, b ResourceCost) int {
			if c := cmp.Compare(b.Cost.Value, a.Cost.Value); c != 0 {
				return c // most have: the ids need not be looked at
			}
			return strings.Compare(a.ID, b.ID)
		})
	b.Usage = sorted(s.usage, func(k usageKey, h *hours) Usage {
		if h.unknown {
			b.Unknown[csvparse.UsageHours.String()]++
			return Usage{k.service, k.power, Sum{}}
		}
		return Usage{k.service, k.power, h.Sum}
	},
		func(a, b Usage) int {
			return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Power, b.Power))
		})
	for i, key := range keys {
		values := sorted(s.tags[i], func(value string, c *Sum) TagCost { return TagCost{value, *c} },
			func(a, b TagCost) int {
				return cmp.Or(cmp.Compare(b.Cost.Value, a.Cost.Value), strings.Compare(a.Value, b.Value))
			})
		b.Tags = append(b.Tags, TagCosts{key, values})
	}
	return b
}

func sorted[K comparable, V, R any](groups map[K]*V, of func(K, *V) R, compare func(a, b R) int) []R {
	rows := make([]R, 0, len(groups))
	for key, group := range groups {
		rows = append(rows, of(key, group))
	}
	slices.SortFunc(rows, compare)
	return rows
}
