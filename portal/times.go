package portal

import (
	"time"
)

// The portal writes backup and ticket times as "dd/mm/yyyy HH:MM", UK wall clock
// without an offset. Two hours a year make that ambiguous:
//
//   - The hour that repeats in October is taken as its first occurrence, in
//     summer time. When that would put an end before its start, the end is taken as
//     the second.
//   - The hour that is missing in March is shifted forward: 01:30 is 02:30 summer
//     time.

// Moment is a point in time to the second, or none, in the least memory: an estate
// has hundreds of thousands of them. The zero value is none.
type Moment int64 // seconds since the zero time.Time, and one

// MomentOf returns at as a Moment, to the second.
func MomentOf(at time.Time) Moment { return Moment(at.Unix() - zeroTime + 1) }

const zeroTime = -62135596800 // time.Time{}.Unix()

// Unix is the moment in seconds since 1970, long before then for none.
func (m Moment) Unix() int64 { return int64(m) - 1 + zeroTime }

// Time returns the moment in UTC, absent for none.
func (m Moment) Time() Optional[time.Time] {
	if m == 0 {
		return Optional[time.Time]{}
	}
	return some(time.Unix(m.Unix(), 0).UTC())
}

// String is the moment as RFC 3339 writes it, "" for none.
func (m Moment) String() string {
	if m == 0 {
		return ""
	}
	return m.Time().Value.Format(time.RFC3339)
}

// wallClock is when a wall clock shows something. second is later than first only
// in the hour that repeats. The zero value is never.
type wallClock struct {
	first, second Moment
}

// notBefore chooses the occurrence of an end whose start is known.
func (w wallClock) notBefore(start Moment) Moment {
	if w.first < start {
		return w.second
	}
	return w.first
}

const wallClockLayout = "dd/mm/yyyy HH:MM"

// parseWallClock reads "dd/mm/yyyy HH:MM" in the zone of location.
func parseWallClock(text []byte, location *time.Location) (wallClock, bool) {
	at, ok := clockFace(text)
	if !ok {
		return wallClock{}, false
	}
	return resolve(at, location), true
}

// clockFace reads "dd/mm/yyyy HH:MM" as if it were UTC.
func clockFace(text []byte) (time.Time, bool) {
	if len(text) != len(wallClockLayout) || text[2] != '/' || text[5] != '/' || text[10] != ' ' || text[13] != ':' {
		return time.Time{}, false
	}
	day, month, year := digits(text[0:2]), digits(text[3:5]), digits(text[6:10])
	hour, minute := digits(text[11:13]), digits(text[14:16])
	if day < 1 || month < 1 || month > 12 || year < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return time.Time{}, false
	}
	at := time.Date(year, time.Month(month), day, hour, minute, 0, 0, time.UTC)
	return at, at.Day() == day // 31/02 has become March
}

// resolve finds the instants at which the clocks of location show wall. The
// offsets half a day before and after are the only ones there can be.
func resolve(wall time.Time, location *time.Location) wallClock {
	before := wall.Add(-offset(wall.Add(-12*time.Hour), location))
	after := wall.Add(-offset(wall.Add(12*time.Hour), location))
	beforeFits, afterFits := shows(before, wall, location), shows(after, wall, location)
	first, second := MomentOf(before), MomentOf(after)
	switch {
	case beforeFits && afterFits:
		return wallClock{first, second}
	case afterFits:
		return wallClock{second, second}
	}
	return wallClock{first, first} // fits, or nothing does: the hour that is missing
}

func offset(at time.Time, location *time.Location) time.Duration {
	_, seconds := at.In(location).Zone()
	return time.Duration(seconds) * time.Second
}

func shows(at, wall time.Time, location *time.Location) bool {
	return at.Add(offset(at, location)).Equal(wall)
}

// days reads wall clocks of the days that come again: all VMs have the same nights.
type days struct {
	london *time.Location
	kept   [64]keptDay
}

// keptDay is a day on which, as on those beside it, the clocks do not change.
type keptDay struct {
	text     [len("dd/mm/yyyy")]byte
	midnight Moment
}

func (d *days) wallClock(text []byte) (wallClock, bool) {
	if len(text) != len(wallClockLayout) {
		return wallClock{}, false
	}
	day := &d.kept[(text[0]<<4+text[1]+text[4])%byte(len(d.kept))]
	hour, minute := digits(text[11:13]), digits(text[14:16])
	if string(day.text[:]) != string(text[:10]) || text[10] != ' ' || text[13] != ':' || uint(hour) > 23 || uint(minute) > 59 {
		d.keep(day, text)
		return parseWallClock(text, d.london)
	}
	at := day.midnight + Moment(60*(60*hour+minute))
	return wallClock{at, at}, true
}

// keep keeps the day of text, if its clocks run as they should.
func (d *days) keep(day *keptDay, text []byte) {
	at, ok := clockFace(text)
	if !ok {
		return
	}
	midnight := at.Truncate(24 * time.Hour)
	midnight = midnight.Add(-offset(midnight, d.london))
	from, to := midnight.In(d.london).ZoneBounds()
	if !from.IsZero() && midnight.Sub(from) < 24*time.Hour || !to.IsZero() && to.Sub(midnight) < 48*time.Hour {
		return
	}
	day.text, day.midnight = [len(day.text)]byte(text), MomentOf(midnight)
}

// digits reads a number of ASCII digits, -1 if it is none.
func digits(text []byte) int {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// parseTime reads an instant: UK wall clock, in its first occurrence, or RFC 3339.
func parseTime(text []byte, location *time.Location) (time.Time, bool) {
	if wall, ok := parseWallClock(text, location); ok {
		return wall.first.Time().Value, true
	}
	at := instant(string(text))
	return at.Value, at.Valid
}

// instant parses an RFC 3339 time, whose offset the portal always sends.
func instant(text string) Optional[time.Time] {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Optional[time.Time]{}
	}
	return some(at.UTC())
}
