package collector

import (
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// billPart is the data of a part: a bill in the role that it has now.
type billPart struct {
	view bill.View
	etag string
}

// results makes the parts of one compute service. What each of the two months
// shows depends on the other and on the clock, so both are made anew in every
// round; a part that comes out the same is the same part.
//
// A month that could not be fetched is shown as it is held, also when its role
// has changed: on the first of a month the bill that ran becomes the previous
// one whether or not the portal answers.
func (c *BillingCSV) results(current, previous *monthBill, now time.Time) []Result {
	c.closings.follow(previous, bill.DateOf(now))
	currentDay, previousDay := newestDay(current.bill, previous.bill, bill.DateOf(now))
	return []Result{
		c.result(current, bill.View{Role: bill.Current, Before: previous.bill, Day: currentDay}),
		c.result(previous, bill.View{
			Role: bill.Previous, Day: previousDay, Restatement: c.closings.restatement(previous),
		}),
	}
}

func (c *BillingCSV) result(b *monthBill, view bill.View) Result {
	r := Result{Key: monthKey(b.computeService, b.month), Account: b.account, Err: b.err}
	if b.bill == nil {
		return r
	}
	view.Account, view.VOrg, view.Bill, view.VMLimit = b.account, b.vorg, b.bill, c.options.VMLimit
	data := billPart{view, b.etag}
	if b.held != nil && *b.held == data {
		r.Part = b.part
	} else {
		r.Part = &part[*billPart]{&data, c.table, b.bill.Unknown}
	}
	return r
}

// newestDay finds the newest complete day before today, in one of two bills. A
// bill may be nil.
func newestDay(current, previous *bill.Bill, today csvparse.Date) (inCurrent, inPrevious csvparse.Date) {
	if current != nil {
		if day, ok := current.NewestDayBefore(today); ok {
			return day, csvparse.Date{}
		}
	}
	if previous != nil {
		inPrevious, _ = previous.NewestDayBefore(today)
	}
	return csvparse.Date{}, inPrevious
}
