package simulator

import "time"

// pattern is when a VM is switched on. The recorded answer had three quarters
// of the VMs always on, one in eight always off, and most others in one of a
// few nightly rhythms.
type pattern int

const (
	alwaysOn    pattern = iota
	alwaysOff           // its storage is still charged
	workingDays         // on for some hours from Monday to Friday
	daily               // on for some hours each day
	oneGap              // on, but for one gap a month
	oneRun              // off, but for one run a month
	winter              // on from January to April: the year's end
)

// patternFrequency is in thousandths. The VMs with hours of their own are off
// in the afternoon more often than not, so that 79 % are on at the time of day
// at which the real answer was recorded.
var patternFrequency = []weighted[pattern]{
	{765, alwaysOn}, {115, alwaysOff}, {60, workingDays}, {25, daily}, {15, oneGap}, {10, oneRun}, {10, winter},
}

func pickPattern(d draw) pattern { return pick(d.of(topicPower, 0), patternFrequency) }

// segment is a time in which a VM is in one power state.
type segment struct {
	from, to int64
	on       bool
}

// segments appends the power states of one UTC day (given by its first
// second), cut to the VM's life and to until, oldest first.
func (m *machine) segments(segments []segment, dayStart, until int64) []segment {
	base, from, to := m.dayPlan(dayStart)
	from = min(max(from, dayStart), dayStart+day)
	to = min(max(to, from), dayStart+day)
	for _, s := range [...]segment{{dayStart, from, base}, {from, to, !base}, {to, dayStart + day, base}} {
		s.from, s.to = max(s.from, m.created), min(s.to, m.deleted, until)
		if s.from < s.to {
			segments = append(segments, s)
		}
	}
	return segments
}

// dayPlan says what state a VM is in for a day, and from when to when it is in
// the other one (never, if from equals to).
func (m *machine) dayPlan(dayStart int64) (on bool, from, to int64) {
	switch m.pattern {
	case alwaysOn:
		return true, 0, 0
	case alwaysOff:
		return false, 0, 0
	case workingDays:
		if weekday := (dayStart/day + 4) % 7; weekday == 0 || weekday == 6 {
			return false, 0, 0
		}
		from, to = m.hoursOn(dayStart)
		return false, from, to
	case daily:
		from, to = m.hoursOn(dayStart)
		return false, from, to
	case oneGap, oneRun:
		from, to = m.episode(dayStart)
		return m.pattern == oneGap, from, to
	default: // winter
		return time.Unix(dayStart, 0).UTC().Month() <= time.April, 0, 0
	}
}

// hoursOn are the hours of the day in which a VM with a rhythm is on. Three in
// four VMs switch on the hour, the others at odd minutes.
func (m *machine) hoursOn(dayStart int64) (from, to int64) {
	d := m.draw.of(topicPowerHours, 0)
	start, length := int64(d.within(5, 8)), int64(d.of(topicPowerHours, 1).within(5, 7))
	if d.of(topicPowerHours, 2).permille(200) { // office hours
		start, length = 7, 12
	}
	from, to = dayStart+start*hour, dayStart+(start+length)*hour
	if d.of(topicPowerHours, 3).permille(250) {
		from += int64(d.of(topicPowerHours, 4).within(1, 29)) * 60
		to -= int64(d.of(topicPowerHours, 5).within(1, 29)) * 60
	}
	return from, to
}

// episode is the one gap or run of the month that a day belongs to: it starts
// in the first 20 days and lasts up to four days.
func (m *machine) episode(dayStart int64) (from, to int64) {
	year, month, _ := time.Unix(dayStart, 0).UTC().Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix()
	d := m.draw.of(topicEpisode, first)
	from = first + int64(d.below(20*24*60))*60
	return from, from + int64(d.of(topicEpisode, 1).within(30, 4*24*60))*60
}

// onAt reports whether a VM is on at a moment of its life.
func (m *machine) onAt(t int64) bool {
	base, from, to := m.dayPlan(t - t%day)
	return base != (from <= t && t < to)
}
