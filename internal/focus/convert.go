package focus

import (
	"iter"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// Bill says whose bill a row is of, and of which month, if that is known. Where a name
// is not known the id stands for it, because FOCUS wants one.
type Bill struct {
	Account, AccountName, VOrg, VOrgName string
	Month                                bill.Month
}

// Told is what the user should know of rows that are not as most are.
type Told struct {
	Rejected, NoTags int64
	Late, Unnamed    bill.Tally
	Other            bill.Tally // money in TotalPrice alone
}

// Add adds what was told of another bill. It returns false when a sum is out of range.
func (t *Told) Add(next *Told) bool {
	t.Rejected += next.Rejected
	t.NoTags += next.NoTags
	ok := addTally(&t.Late, next.Late)
	ok = addTally(&t.Unnamed, next.Unnamed) && ok
	return addTally(&t.Other, next.Other) && ok
}

func addTally(t *bill.Tally, other bill.Tally) bool {
	t.Rows += other.Rows
	return t.Cost.Add(other.Cost)
}

// Converter turns the rows of one bill into charges.
type Converter struct {
	Told
	owner   Bill
	columns []Column
	record  []string
	skus    skus
	charges charges // of a row, to be used again
	priced  priced  // of them the one that a record is of
	text    []byte
	scratch []byte

	// What is said of the row before, and mostly of the next one.
	metadata, tags         string
	readable               bool // metadata
	serviceName            string
	service                service
	day                    csvparse.Date
	dayStart, dayEnd       string
	periodStart, periodEnd string
}

// NewConverter returns a converter into a version.
func NewConverter(v Version, owner Bill) *Converter {
	columns := v.Columns()
	return &Converter{owner: owner, columns: columns, record: make([]string, len(columns)), skus: skus{}, readable: true, service: serviceOf("")}
}

// Columns are what the records have, in their order.
func (c *Converter) Columns() []Column { return c.columns }

// Charges yields the charges of a row as records, each in the same slice; "" is null.
func (c *Converter) Charges(row *bill.Row) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		c.see(row)
		c.charges.split(row)
		c.priced.row, c.priced.of = row, c
		for i := range c.charges {
			charge := &c.charges[i]
			c.priced.charge, c.priced.sku = charge, c.skus.of(c.service.name, charge, row)
			c.priced.figures, c.scratch = charge.price(c.scratch)
			for i := range c.columns {
				c.record[i] = c.columns[i].value(&c.priced)
			}
			if !yield(c.record) {
				return
			}
		}
	}
}

// see finds what is said of a row.
func (c *Converter) see(row *bill.Row) {
	if row.Metadata != c.metadata {
		c.metadata = row.Metadata
		c.text = append(c.text[:0], row.Metadata...)
		c.scratch, c.readable = bill.AppendTags(c.scratch[:0], c.text)
		c.tags = string(c.scratch)
	}
	if row.Service != c.serviceName {
		c.serviceName, c.service = row.Service, serviceOf(row.Service)
	}
	if row.EventDate == c.day && c.dayStart != "" {
		return
	}
	c.day = row.EventDate
	c.dayStart, c.dayEnd = utc(c.day.Time()), utc(bill.EndOf(c.day))
	month := c.owner.Month // the file's, whatever day the row is of
	if month == (bill.Month{}) {
		month = bill.MonthOf(c.day.Time())
	}
	c.periodStart, c.periodEnd = utc(month.Start()), utc(month.Next().Start())
}

// Tell takes note of what is odd about a row whose charges were taken. It returns
// false when a sum is out of range.
func (c *Converter) Tell(row *bill.Row) bool {
	if !c.readable {
		c.NoTags++
	}
	ok := true
	if row.Late {
		ok = addTally(&c.Late, bill.Tally{Rows: 1, Cost: row.Cost})
	}
	if row.ResourceID == "" {
		ok = addTally(&c.Unnamed, bill.Tally{Rows: 1, Cost: row.Cost}) && ok
	}
	if other := row.Costs[bill.Other]; other.Valid {
		ok = addTally(&c.Other, bill.Tally{Rows: 1, Cost: other}) && ok
	}
	return ok
}
