package billing

import (
	"cmp"
	"slices"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// facts are what the report says of a file's rows and a bill.Bill does not hold.
type facts struct {
	month     bill.Month // by the file's name
	newest    csvparse.Date
	resources map[string]*resource  // by id, without "": that is of none
	outside   map[bill.Month]*noted // rows by the month of their day; without those that are certainly of the file's
	credits   noted                 // rows that cost less than nothing
	unnamed   noted                 // rows of no resource that cost something
	days      map[csvparse.Date]bill.Sum
}

// resource is a VM, an image, a volume.
type resource struct {
	id, name, vapp, vdc, service string // as its newest row says

	newest   csvparse.Date
	cost     bill.Sum
	off      bill.Sum // of the rows with the power off
	offHours bill.Sum
	prices   map[shape]*[len(priced)]seenPrices

	last       shape // of the last row, and its prices
	lastPrices *[len(priced)]seenPrices
}

// shape is what the prices of a resource depend on: when it changes, a new price is
// no change of the price.
type shape struct {
	service, power, machine, powerType, domain, gpu, protection, os string
	cpus, memory, gpus                                              money.Amount
}

// priced are the columns of unit prices.
var priced = [...]csvparse.Column{
	csvparse.ComputePrice, csvparse.GPUPrice, csvparse.Tier1Price, csvparse.Tier2Price, csvparse.GeoPrice,
	csvparse.ComputeProtectionPrice, csvparse.Tier1ProtectionPrice, csvparse.Tier2ProtectionPrice, csvparse.GeoProtectionPrice,
	csvparse.LicencePrice,
}

// pricesOf are a row's unit prices in the order of priced.
func pricesOf(row *bill.Row) [len(priced)]csvparse.Money {
	return [...]csvparse.Money{
		row.ComputePrice, row.GPUPrice, row.Storage[csvparse.Tier1].Price, row.Storage[csvparse.Tier2].Price, row.Storage[csvparse.Geo].Price,
		row.ComputeProtection.Price, row.TierProtection[csvparse.Tier1].Price, row.TierProtection[csvparse.Tier2].Price,
		row.TierProtection[csvparse.Geo].Price, row.LicencePrice,
	}
}

// seenPrices are the prices that one thing had, and when.
type seenPrices []priceDays

// priceDays is the days of a month on which a price stands in the bill; bit 1 is the 1st.
type priceDays struct {
	month bill.Month
	price money.Amount
	days  uint32
}

func (h *seenPrices) add(day csvparse.Date, price money.Amount) {
	month := monthOf(day)
	for i := range *h {
		if p := &(*h)[i]; p.price == price && p.month == month {
			p.days |= 1 << day.Day
			return
		}
	}
	*h = append(*h, priceDays{month, price, 1 << day.Day})
}

// on is the prices of a day, the lowest first.
func (h seenPrices) on(month bill.Month, day int) (prices []money.Amount) {
	for _, p := range h {
		if p.month == month && p.days&(1<<day) != 0 {
			prices = append(prices, p.price)
		}
	}
	slices.Sort(prices)
	return prices
}

func monthOf(day csvparse.Date) bill.Month { return bill.MonthOf(day.Time()) }

// rowLimit is how many rows of a kind the report lists for each file.
const rowLimit = 1000

// noted is rows of a kind: what they come to, and the first of them.
type noted struct {
	tally bill.Tally
	rows  []notedRow
}

type notedRow struct {
	line          int64
	day           csvparse.Date
	name, service string
	cost          bill.Sum
}

func (n *noted) add(row *bill.Row) {
	n.tally.Rows++
	n.tally.Cost.Add(row.Cost) // in range, because the bill has added up all rows
	if len(n.rows) < rowLimit {
		n.rows = append(n.rows, notedRow{row.Line, row.EventDate, cmp.Or(row.ResourceName, row.ResourceID), row.Service, row.Cost})
	}
}

func newFacts(month bill.Month) *facts {
	return &facts{month: month, resources: map[string]*resource{}, outside: map[bill.Month]*noted{}, days: map[csvparse.Date]bill.Sum{}}
}

// add takes note of a row, which must have been added to a bill without an error.
func (f *facts) add(row *bill.Row) {
	if row.EventDate.Compare(f.newest) > 0 {
		f.newest = row.EventDate
	}
	if month := monthOf(row.EventDate); month != f.month {
		if f.outside[month] == nil {
			f.outside[month] = &noted{}
		}
		f.outside[month].add(row)
	}
	day := f.days[row.EventDate]
	day.Add(row.Cost)
	f.days[row.EventDate] = day
	if row.Cost.Value < 0 {
		f.credits.add(row)
	}
	if row.ResourceID != "" {
		f.resource(row)
	} else if row.Cost.Value > 0 {
		f.unnamed.add(row)
	}
}

func (f *facts) resource(row *bill.Row) {
	r := f.resources[row.ResourceID]
	if r == nil {
		r = &resource{id: row.ResourceID, prices: map[shape]*[len(priced)]seenPrices{}}
		f.resources[row.ResourceID] = r
	}
	if row.EventDate.Compare(r.newest) >= 0 {
		r.newest = row.EventDate
		r.name, r.vapp, r.vdc, r.service = row.ResourceName, row.VApp, row.VDC, row.Service
	}
	r.cost.Add(row.Cost)
	if row.Power == "off" {
		r.off.Add(row.Cost)
		r.offHours.Add(bill.Sum(row.UsageHours))
	}
	if row.Cost.Value >= 0 { // a credit takes an old price back
		r.price(row)
	}
}

func (r *resource) price(row *bill.Row) {
	s := shape{
		row.Service, row.Power, row.MachineType, row.PowerType, row.SecurityDomain, row.GPUType, row.ProtectionType, row.OSID,
		row.VCPU.Value, row.Memory.Value, row.GPUCount.Value,
	}
	if r.lastPrices == nil || r.last != s {
		if r.prices[s] == nil {
			r.prices[s] = new([len(priced)]seenPrices)
		}
		r.last, r.lastPrices = s, r.prices[s]
	}
	for i, price := range pricesOf(row) {
		if price.Valid {
			r.lastPrices[i].add(row.EventDate, price.Amount)
		}
	}
}

// merge adds what another file says of the same resource.
func (r *resource) merge(other *resource) {
	if other.newest.Compare(r.newest) > 0 {
		r.newest, r.name, r.vapp, r.vdc, r.service = other.newest, other.name, other.vapp, other.vdc, other.service
	}
	r.cost.Add(other.cost)
	r.off.Add(other.off)
	r.offHours.Add(other.offHours)
}
