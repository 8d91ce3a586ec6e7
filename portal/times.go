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

// wallClock is a wall clock time as UTC. second is later than first only in the
// hour that repeats.
type wallClock struct {
	first, second time.Time
}

// parseWallClock reads "dd/mm/yyyy HH:MM" in the zone of location.
func parseWallClock(text []byte, location *time.Location) (wallClock, bool) {
	const layout = "dd/mm/yyyy HH:MM"
	if len(text) != len(layout) || text[2] != '/' || text[5] != '/' || text[10] != ' ' || text[13] != ':' {
		return wallClock{}, false
	}
	day, month, year := digits(text[0:2]), digits(text[3:5]), digits(text[6:10])
	hour, minute := digits(text[11:13]), digits(text[14:16])
	if day < 1 || month < 1 || month > 12 || year < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return wallClock{}, false
	}
	wall := time.Date(year, time.Month(month), day, hour, minute, 0, 0, time.UTC)
	if wall.Day() != day { // 31/02 has become March
		return wallClock{}, false
	}
	return resolve(wall, location), true
}

// resolve finds the instants at which the clocks of location show wall. The
// offsets half a day before and after are the only ones there can be.
func resolve(wall time.Time, location *time.Location) wallClock {
	before := wall.Add(-offset(wall.Add(-12*time.Hour), location))
	after := wall.Add(-offset(wall.Add(12*time.Hour), location))
	beforeFits, afterFits := shows(before, wall, location), shows(after, wall, location)
	switch {
	case beforeFits && afterFits:
		return wallClock{first: before, second: after}
	case afterFits:
		return wallClock{first: after, second: after}
	}
	return wallClock{first: before, second: before} // fits, or nothing does: the hour that is missing
}

func offset(at time.Time, location *time.Location) time.Duration {
	_, seconds := at.In(location).Zone()
	return time.Duration(seconds) * time.Second
}

func shows(at, wall time.Time, location *time.Location) bool {
	return at.Add(offset(at, location)).Equal(wall)
}

// notBefore chooses the occurrence of an end whose start is known.
func (w wallClock) notBefore(start Optional[time.Time]) time.Time {
	if start.Valid && w.first.Before(start.Value) {
		return w.second
	}
	return w.first
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
		return wall.first, true
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
