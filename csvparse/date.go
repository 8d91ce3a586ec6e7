package csvparse

import "time"

// Date is a day of the calendar, in UTC as all dates of the billing CSV are. It is
// comparable and a map key; the zero Date is no day.
type Date struct {
	Year       int16
	Month, Day uint8
}

// Time returns the first moment of the day.
func (d Date) Time() time.Time {
	return time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, 0, 0, 0, time.UTC)
}

// Compare returns -1, 0 or +1 as d is before, equal to or after e.
func (d Date) Compare(e Date) int { return d.Time().Compare(e.Time()) }

// String writes the date as YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// set reads YYYY-MM-DD or DD/MM/YYYY, alone or with a time of day behind a T
// or a blank. The portal's documents show no EventDate; these are the forms of all
// its other dates. A zone must be UTC, because a date of another zone would be
// another day.
func (d *Date) set(text []byte) Reason {
	if len(text) < 10 {
		return BadDate
	}
	var year, month, day []byte
	switch {
	case text[4] == '-' && text[7] == '-':
		year, month, day = text[:4], text[5:7], text[8:10]
	case text[2] == '/' && text[5] == '/':
		day, month, year = text[:2], text[3:5], text[6:10]
	default:
		return BadDate
	}
	y, m, n := digits(year), digits(month), digits(day)
	if y < 1 || m < 1 || m > 12 || n < 1 || n > daysIn(y, m) || !timeOfDay(text[10:]) {
		return BadDate
	}
	*d = Date{Year: int16(y), Month: uint8(m), Day: uint8(n)}
	return ""
}

// timeOfDay checks what follows a date: nothing, or HH:MM, HH:MM:SS or HH:MM:SS.fff
// and perhaps a sign of UTC.
func timeOfDay(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	if text[0] != 'T' && text[0] != ' ' || len(text) < 6 || text[3] != ':' {
		return false
	}
	if !below(text[1:3], 24) || !below(text[4:6], 60) {
		return false
	}
	text = text[6:]
	if len(text) > 0 && text[0] == ':' {
		if len(text) < 3 || !below(text[1:3], 60) {
			return false
		}
		text = text[3:]
		if len(text) > 0 && text[0] == '.' {
			n := 1
			for n < len(text) && text[n]-'0' <= 9 {
				n++
			}
			if n == 1 {
				return false
			}
			text = text[n:]
		}
	}
	switch string(text) {
	case "", "Z", " UTC", "+00:00", "+0000", "+00":
		return true
	}
	return false
}

// below reports whether text is a number less than limit.
func below(text []byte, limit int) bool {
	n := digits(text)
	return 0 <= n && n < limit
}

// digits reads decimal digits, -1 when one is none.
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

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
