package bill

import (
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// Closings are what is known of each compute service's previous month, by a key
// of the service. They are kept over restarts.
//
// The portal has the final bill on the first working day of the following month.
// A bill read on a later day is the baseline that restatements count from; it is
// closed when two such reads on different days agree, and not asked for again
// while the process holds it. After a restart it is read once, because it must be
// shown, and compared with the baseline.
type Closings map[string]*Closing

// Closing is what is known of one month.
type Closing struct {
	Period   string       `json:"period"`
	Baseline money.Amount `json:"baseline_gbp"` // the bill
	Last     ClosingRead  `json:"last"`
	Closed   bool         `json:"closed"`
}

// ClosingRead is what a read gave, and the UTC day of the first read that gave it.
type ClosingRead struct {
	Day   string       `json:"day"`
	Rows  int64        `json:"rows"`
	Parts money.Amount `json:"parts_gbp"`
	Total money.Amount `json:"total_gbp"`
}

func (r ClosingRead) agrees(o ClosingRead) bool {
	return r.Rows == o.Rows && r.Parts == o.Parts && r.Total == o.Total
}

// of returns what is known of a month, nil when nothing is.
func (c Closings) of(service string, m Month) *Closing {
	if known := c[service]; known != nil && known.Period == m.String() {
		return known
	}
	return nil
}

// Closed reports whether a month is final.
func (c Closings) Closed(service string, m Month) bool {
	known := c.of(service, m)
	return known != nil && known.Closed
}

// Follow takes note of a previous month's bill that was read today.
func (c Closings) Follow(service string, b *Bill, today csvparse.Date) {
	if today.Compare(FirstWorkingDay(b.Month.Next())) <= 0 {
		return
	}
	read := ClosingRead{today.String(), b.Rows, b.Parts.Value, b.Total.Value}
	known := c.of(service, b.Month)
	if known == nil {
		c[service] = &Closing{Period: b.Month.String(), Baseline: b.Cost.Value, Last: read}
		return
	}
	switch {
	case !known.Last.agrees(read):
		known.Last = read
	case known.Last.Day != read.Day:
		known.Closed = true
	}
}

// Restatement returns what a bill changed by since its baseline; it is not Valid
// where there is none.
func (c Closings) Restatement(service string, b *Bill) (change Sum) {
	known := c.of(service, b.Month)
	if known == nil {
		return change
	}
	change.Value, change.Valid = b.Cost.Value.Sub(known.Baseline)
	return change
}

// Keep forgets every month but one: of older ones nothing is asked any more.
func (c Closings) Keep(m Month) {
	for service, known := range c {
		if known.Period != m.String() {
			delete(c, service)
		}
	}
}
