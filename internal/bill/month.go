package bill

import (
	"fmt"
	"time"

	"ukcloud_exporter/csvparse"
)

// Month is a calendar month in UTC, as all months of the bill are. It is
// comparable; the zero Month is none.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf returns the month that a moment is in.
func MonthOf(t time.Time) Month {
	t = t.UTC()
	return Month{t.Year(), t.Month()}
}

// ParseMonth reads a period as the portal writes it, for example 2018-01.
func ParseMonth(period string) (Month, error) {
	t, err := time.Parse("2006-01", period)
	if err != nil {
		return Month{}, fmt.Errorf("period %q is not of the form 2018-01", period)
	}
	return MonthOf(t), nil
}

// Start returns the month's first moment.
func (m Month) Start() time.Time { return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC) }

// Next returns the month after m.
func (m Month) Next() Month { return MonthOf(m.Start().AddDate(0, 1, 0)) }

// Previous returns the month before m.
func (m Month) Previous() Month { return MonthOf(m.Start().AddDate(0, -1, 0)) }

// Compare returns -1, 0 or +1 as m is before, equal to or after n.
func (m Month) Compare(n Month) int { return m.Start().Compare(n.Start()) }

// LastDay returns the month's last day.
func (m Month) LastDay() csvparse.Date { return DateOf(m.Next().Start().AddDate(0, 0, -1)) }

// Holds reports whether a day is in the month.
func (m Month) Holds(d csvparse.Date) bool {
	return int(d.Year) == m.Year && time.Month(d.Month) == m.Month
}

// String writes the month as the portal's period, for example 2018-01.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// DateOf returns the UTC day that a moment is in.
func DateOf(t time.Time) csvparse.Date {
	t = t.UTC()
	return csvparse.Date{Year: int16(t.Year()), Month: uint8(t.Month()), Day: uint8(t.Day())}
}

// EndOf returns the end of a day, 00:00 UTC of the day after: through when the
// bill is known when its newest day is d.
func EndOf(d csvparse.Date) time.Time { return d.Time().AddDate(0, 0, 1) }
