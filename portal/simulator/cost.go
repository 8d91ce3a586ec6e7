package simulator

import (
	"time"

	"ukcloud_exporter/money"
)

// live holds the billing fields of compute_services and my_vm for one VM.
//
// The formula was derived from the recorded answer: hours on times the price
// of the size and the licence, plus the storage by the hour of a month of 730
// hours. The swap file and, while powered on, the 60 GiB that come with the VM
// are free. Protection is not in it.
type live struct {
	hoursOn, hoursOff int64
	monthToDate       money.Amount // whole pennies
	estimate          money.Amount // whole pennies
	estimated         bool         // false at the beginning of the month
	rated             bool         // false until the first billing run after the VM's creation
}

// liveAt computes the fields as of a tick (a whole hour). Billing is an hour
// behind: of 184 hours gone, 183 are billed. Months begin at 00:00 UTC; whether
// the portal's did so in UTC or in local time is not known.
func (m *machine) liveAt(tick int64) live {
	start, end := monthAround(tick)
	until := min(tick-hour, m.deleted)
	from := max(start, m.created)
	l := live{rated: m.created < tick-hour || tick-start <= hour}
	var bill exactCost
	for from < until {
		c := m.configOn(from / day)
		stop := m.sameConfigUntil(from, until)
		on, off := m.usage(from, stop)
		l.hoursOn += on
		l.hoursOff += off
		bill.add(m, c, on, off)
		from = stop
	}
	l.monthToDate = bill.pennies()
	if elapsed := (tick - start) / hour; elapsed > 1 {
		l.estimated = true
		hours := (end - start) / hour
		l.estimate = roundedPennies(int64(l.monthToDate/penny)*hours, elapsed)
	}
	return l
}

// monthAround returns the first second of the UTC month that t is in, and the
// first of the next one.
func monthAround(t int64) (start, end int64) {
	year, month, _ := time.Unix(t, 0).UTC().Date()
	return monthStart(year, month), monthStart(year, month+1)
}

func monthStart(year int, month time.Month) int64 {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix()
}

// sameConfigUntil returns how far from a moment on the configuration holds.
func (m *machine) sameConfigUntil(from, until int64) int64 {
	if m.growth == 0 && m.resizeDay == 0 {
		return until
	}
	c := m.configOn(from / day)
	for d := from/day + 1; d*day < until; d++ {
		if m.configOn(d) != c {
			return d * day
		}
	}
	return until
}

// usage returns the hours on and off between two moments, each rounded up, as
// 184 hours in a time of 183 show that they were.
func (m *machine) usage(from, to int64) (on, off int64) {
	switch m.pattern {
	case alwaysOn:
		return wholeHours(to - from), 0
	case alwaysOff:
		return 0, wholeHours(to - from)
	}
	var buffer [3]segment
	for dayStart := from - from%day; dayStart < to; dayStart += day {
		for _, s := range m.segments(buffer[:0], dayStart, to) {
			if s.from = max(s.from, from); s.from >= s.to {
				continue
			}
			if s.on {
				on += s.to - s.from
			} else {
				off += s.to - s.from
			}
		}
	}
	return wholeHours(on), wholeHours(off)
}

func wholeHours(seconds int64) int64 { return (seconds + hour - 1) / hour }

// exactCost is a cost without rounding: storage prices divide by 730 hours and
// 1,024 MiB, so it counts in nano-pounds and in their parts.
type exactCost struct {
	nano    money.Amount
	storage int64 // nano-pounds x 730 x 1024
}

func (e *exactCost) add(m *machine, c config, hoursOn, hoursOff int64) {
	class := m.slot.vapp.vdc.class
	e.nano += money.Amount(hoursOn) * (c.size.price[class] + c.size.licence(m.os))
	all := int64(c.disks(m.slot.vapp.vdc))
	extra := max(all-int64(c.size.included*mibPerGiB), 0)
	e.storage += (hoursOn*extra + hoursOff*all) * int64(class.storagePerGiBMonth())
}

// pennies rounds half up, once, at the end.
func (e exactCost) pennies() money.Amount {
	const parts = hoursPerMonth * mibPerGiB
	total := int64(e.nano)*parts + e.storage
	return roundedPennies(total, parts*int64(penny))
}

// roundedPennies returns n/d pennies, rounded half up.
func roundedPennies(n, d int64) money.Amount { return money.Amount((2*n+d)/(2*d)) * penny }
