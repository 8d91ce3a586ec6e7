package bill

import (
	"time"

	"ukcloud_exporter/csvparse"
)

// FirstWorkingDay returns the first working day of a month in England: the
// portal has the final bill of the month before on that day (invoice and billing
// FAQ). Of the bank holidays those are known that can lie before any working day
// of a month: New Year's Day with its substitute, Good Friday, Easter Monday and
// the early May bank holiday. A holiday that was proclaimed for one year only
// makes the day come too early by one, which the two fetches that must agree
// before a month is closed absorb.
func FirstWorkingDay(m Month) csvparse.Date {
	day := m.Start()
	for !working(day) {
		day = day.AddDate(0, 0, 1)
	}
	return DateOf(day)
}

func working(day time.Time) bool {
	switch day.Weekday() {
	case time.Saturday, time.Sunday:
		return false
	}
	easter := easterSunday(day.Year())
	return !newYear(day) && !day.Equal(easter.AddDate(0, 0, -2)) && !day.Equal(easter.AddDate(0, 0, 1)) && !earlyMay(day)
}

// newYear reports whether a weekday is 1 January, or the Monday that stands for it
// when it falls on a weekend.
func newYear(day time.Time) bool {
	if day.Month() != time.January {
		return false
	}
	return day.Day() == 1 || day.Weekday() == time.Monday && day.Day() <= 3
}

// earlyMay reports whether a weekday is the first Monday in May. In 1995 and 2020
// the holiday was moved to Friday 8 May.
func earlyMay(day time.Time) bool {
	if day.Year() == 1995 || day.Year() == 2020 {
		return false
	}
	return day.Month() == time.May && day.Weekday() == time.Monday && day.Day() <= 7
}

// easterSunday reckons the Sunday after the first full moon of spring as the
// Gregorian computus has it.
func easterSunday(year int) time.Time {
	golden := year % 19
	century := year / 100
	epact := (century - century/4 - (8*century+13)/25 + 19*golden + 15) % 30
	moon := epact - (epact/28)*(1-(29/(epact+1))*((21-golden)/11)) // days from 21 March to the full moon
	weekday := (year + year/4 + moon + 2 - century + century/4) % 7
	return time.Date(year, time.March, 28+moon-weekday, 0, 0, 0, 0, time.UTC)
}
