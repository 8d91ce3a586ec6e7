package collector

import (
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// closings is what is known of each compute service's previous month, by account
// and service. It is kept in State.
//
// The portal has the final bill on the first working day of the following month.
// A bill read on a later day is the baseline that restatements count from; it is
// closed when two such reads on different days agree, and not asked for again
// while the process holds it. After a restart it is read once, because it must be
// shown, and compared with the baseline.
type closings map[string]*closing

type closing struct {
	Period   string       `json:"period"`
	Baseline money.Amount `json:"baseline_gbp"` // sum of the parts
	Last     closingRead  `json:"last"`
	Closed   bool         `json:"closed"`
}

// closingRead is what a read gave, and the UTC day of the first read that gave it.
type closingRead struct {
	Day   string       `json:"day"`
	Rows  int64        `json:"rows"`
	Parts money.Amount `json:"parts_gbp"`
	Total money.Amount `json:"total_gbp"`
}

func (r closingRead) agrees(o closingRead) bool {
	return r.Rows == o.Rows && r.Parts == o.Parts && r.Total == o.Total
}

// of returns what is known of a bill's month, nil when nothing is.
func (c closings) of(b *monthBill) *closing {
	if known := c[b.key()]; known != nil && known.Period == b.month.String() {
		return known
	}
	return nil
}

func (c closings) closed(b *monthBill) bool {
	known := c.of(b)
	return known != nil && known.Closed
}

// follow takes note of a bill of the previous month that was read today.
func (c closings) follow(b *monthBill, today csvparse.Date) {
	if !b.fetched || today.Compare(bill.FirstWorkingDay(b.month.Next())) <= 0 {
		return
	}
	read := closingRead{today.String(), b.bill.Rows, b.bill.Parts.Value, b.bill.Total.Value}
	known := c.of(b)
	if known == nil {
		c[b.key()] = &closing{Period: b.month.String(), Baseline: read.Parts, Last: read}
		return
	}
	switch {
	case !known.Last.agrees(read):
		known.Last = read
	case known.Last.Day != read.Day:
		known.Closed = true
	}
}

// restatement returns what a bill changed by since its baseline.
func (c closings) restatement(b *monthBill) (change bill.Cost) {
	known := c.of(b)
	if known == nil || b.bill == nil {
		return change
	}
	change.Value, change.Valid = b.bill.Parts.Value.Sub(known.Baseline)
	return change
}
