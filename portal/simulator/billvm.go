package simulator

import (
	"fmt"
	"strings"
	"time"

	"ukcloud_exporter/money"
)

// billedVM is a VM with what all its rows of a month have in common.
type billedVM struct {
	m        *machine
	metadata string
	tagged   int64 // day from which the metadata is in the bill
	row      billRow
}

// perHour converts a price for a month to one for an hour of a month of 730
// hours, rounded to nine places: £0.10 for a GiB is 0.000136986.
func perHour(perMonth money.Amount) money.Amount {
	return (perMonth + hoursPerMonth/2) / hoursPerMonth
}

const journalingPerHour = 100 * milli // what 14 days of journaling add for a VM

func newBilledVM(m *machine) *billedVM {
	x := m.slot.vapp.vdc
	b := &billedVM{m: m, row: billRow{
		vApp: m.slot.vapp.name, vDC: x.name, name: m.name, id: m.urn, os: m.os, service: "VMware VM",
		compute: true, powerType: x.class.powerType(), domain: "ASSURED", licensed: true, protectionType: "None",
	}}
	b.metadata, b.tagged = m.metadata()
	switch {
	case m.quirk == doubleProtects:
		b.row.protectionType = "14 Day Snapshot Protection & 14 Day Journaling Protection"
	case x.class == priority && m.protected:
		b.row.protectionType = "Synchronous Protection & 14 Day Snapshot Protection"
	case x.class == priority: // comes with the class, at no price of its own
		b.row.protectionType = "Synchronous Protection"
	case m.protected:
		b.row.protectionType = "14 Day Snapshot Protection"
	}
	return b
}

// metadata is the customer's tags: a JSON object for most VMs, a list with
// semicolons for some, as the two documents have it. Three VMs in ten have none.
func (m *machine) metadata() (text string, from int64) {
	d := m.draw.of(topicTag, 0)
	if d.permille(300) {
		return "", 0
	}
	// Tags are in the bill from the day after they were set.
	from = m.created/day + 1 + int64(d.of(topicTag, 1).below(40))
	project := [...]string{"Zebra", "Falcon", "Café", `"Quoted"`, "Ops, shared", "Heron"}[d.of(topicTag, 2).below(6)]
	centre := fmt.Sprintf("CC-%d", 1000+d.of(topicTag, 3).below(12))
	if m.slot.number%5 == 2 {
		return "cost_centre=" + centre + "; project=" + strings.Trim(project, `"`), from
	}
	tags := struct {
		CostCentre string `json:"cost_centre"`
		Project    string `json:"project"`
		Owner      string `json:"owner,omitempty"`
	}{CostCentre: centre, Project: project}
	if d.of(topicTag, 4).permille(400) {
		tags.Owner = "team-" + d.of(topicTag, 5).hex(2)
	}
	return string(mustJSON(tags)), from
}

// rows calls yield with each row of one day, the on group first. The row that
// yield gets is reused.
func (b *billedVM) rows(dayStart int64, date string, yield func(*billRow) bool) bool {
	var buffer [3]segment
	segments := b.m.segments(buffer[:0], dayStart, dayStart+day)
	if len(segments) == 0 {
		return true
	}
	b.row.date, b.row.metadata = date, ""
	if dayStart/day >= b.tagged {
		b.row.metadata = b.metadata
	}
	var seconds [2]int64
	for _, s := range segments {
		seconds[group(s.on)] += s.to - s.from
	}
	c := b.m.configOn(dayStart / day)
	hours := billedHours(seconds, b.cheaperOn(c, dayStart))
	for _, on := range [...]bool{true, false} {
		b.price(c, on, dayStart)
		b.row.hours = hours[group(on)]
		for _, s := range segments {
			if s.on != on {
				continue
			}
			b.row.start, b.row.end = s.from, s.to
			if !yield(&b.row) {
				return false
			}
			b.row.hours = 0 // the first row of a group has all its hours
		}
	}
	return true
}

// group is the index of the on and the off rows of a day.
func group(on bool) int {
	if on {
		return 0
	}
	return 1
}

// billedHours rounds the seconds on and off of one day up to hours. A resource
// is billed for 24 hours a day at most; what rounding up adds to that is taken
// from the cheaper state.
func billedHours(seconds [2]int64, cheaperOn bool) [2]int64 {
	hours := [2]int64{wholeHours(seconds[0]), wholeHours(seconds[1])}
	hours[group(cheaperOn)] -= max(hours[0]+hours[1]-24, 0)
	return hours
}

// cheaperOn reports whether an hour on costs less than an hour off, when all the
// storage is charged.
func (b *billedVM) cheaperOn(c config, dayStart int64) bool {
	b.price(c, true, dayStart)
	on := b.row.rate()
	b.price(c, false, dayStart)
	return on < b.row.rate()
}

// rate is what an hour of the row costs.
func (r *billRow) rate() money.Amount {
	one := *r
	one.hours = 1
	return one.total()
}

// price fills in what depends on the day's configuration and the power state.
// While a VM is off, only its storage and that storage's protection cost.
func (b *billedVM) price(c config, on bool, dayStart int64) {
	r, m, class := &b.row, b.m, b.m.slot.vapp.vdc.class
	r.machineType, r.shape = c.size.billName, c.shape
	used := int64(c.disks(m.slot.vapp.vdc)+mibPerGiB-1) / mibPerGiB
	s := storageUse{relevant: true, used: used, price: perHour(class.storagePerGiBMonth())}
	if m.protected {
		s.snapshot = 1 + int64(m.draw.of(topicSnapshot, dayStart).below(int(used/20)+1))
		s.protection = perHour(10 * penny)
	}
	if m.quirk == doubleProtects {
		s.protection += perHour(18 * penny)
	}
	r.powerState, r.computePrice, r.licence, r.computeProtection = "Off", 0, 0, 0
	if on {
		r.powerState = "On"
		r.computePrice = c.size.price[class]
		r.licence = c.size.licence(m.os)
		s.included = min(used, int64(c.size.included))
		if m.protected {
			r.computeProtection = c.size.protection
		}
		if m.quirk == doubleProtects {
			r.computeProtection += journalingPerHour
		}
	}
	r.storage[storageTier(class)] = s
}

// storageTier is where a class keeps its disks: PRIORITY VDCs on geo-resilient
// storage, the others on Tier 2.
func storageTier(c class) tier {
	if c == priority {
		return geoResilient
	}
	return tier2
}

// dateText is the EventDate of a day.
func dateText(dayStart int64) string { return time.Unix(dayStart, 0).UTC().Format("2006-01-02") }
