package collector

import "time"

// clockTolerance is how far this host's clock and the portal's may differ for what is
// counted from times, or forgotten by them, to make sense.
const clockTolerance = 24 * time.Hour

// clock compares this host's clock with the portal's; nil where the portal's cannot be
// known.
//
// A host may boot in 1970, or jump to 2038 and come back. What is kept for ever must
// not follow: it is counted and pruned only while the two clocks agree.
type clock func() (offset time.Duration, known bool)

// clockOf returns the clock of a portal client.
func clockOf(api any) clock {
	if client, ok := api.(interface {
		ClockOffset() (time.Duration, bool)
	}); ok {
		return client.ClockOffset
	}
	return nil
}

// agrees reports whether the portal's last Date is within a day of this host's time. A
// portal that sends none says nothing.
func (c clock) agrees() bool {
	if c == nil {
		return true
	}
	offset, known := c()
	return known && offset.Abs() <= clockTolerance
}
