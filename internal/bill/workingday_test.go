package bill

import (
	"testing"
	"time"
)

func TestFirstWorkingDay(t *testing.T) {
	tests := []struct{ name, month, want string }{
		{"New Year's Day on a Monday", "2018-01", "2018-01-02"},
		{"New Year's Day on a Sunday, kept on the Monday", "2017-01", "2017-01-03"},
		{"New Year's Day on a Saturday, kept on the Monday", "2022-01", "2022-01-04"},
		{"New Year's Day on a Friday", "2021-01", "2021-01-04"},
		{"New Year's Day on a Thursday", "2015-01", "2015-01-02"},
		{"Easter Day on the first", "2018-04", "2018-04-03"},
		{"Easter Monday on the first", "2013-04", "2013-04-02"},
		{"Good Friday on the first", "1994-04", "1994-04-05"},
		{"Good Friday on the second", "2021-04", "2021-04-01"},
		{"early May bank holiday on the first", "2017-05", "2017-05-02"},
		{"early May bank holiday behind a weekend", "2021-05", "2021-05-04"},
		{"early May bank holiday behind a Sunday", "2016-05", "2016-05-03"},
		{"early May bank holiday on the eighth for once", "2020-05", "2020-05-01"},
		{"early May bank holiday on the eighth, the first being a Monday", "1995-05", "1995-05-01"},
		{"a Saturday", "2018-09", "2018-09-03"},
		{"a Sunday", "2018-07", "2018-07-02"},
		{"a Monday without a holiday", "2018-10", "2018-10-01"},
		{"a Monday in August", "2016-08", "2016-08-01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseMonth(tt.month)
			if err != nil {
				t.Fatal(err)
			}
			if got := FirstWorkingDay(m).String(); got != tt.want {
				t.Errorf("first working day of %s is %s, want %s", tt.month, got, tt.want)
			}
		})
	}
}

// TestWorking: also of days that no month begins with.
func TestWorking(t *testing.T) {
	for text, want := range map[string]bool{
		"2018-05-07": false, "2018-05-14": true, "2018-05-08": true, "2018-06-04": true, "2018-03-30": false, "2018-04-02": false,
		"2018-03-29": true, "2018-04-03": true, "2018-01-08": true, "2022-01-03": false, "2021-01-04": true, "2018-01-06": false, "2018-01-07": false,
	} {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		if working(day) != want {
			t.Errorf("%s is a working day: %t", text, !want)
		}
	}
}

func TestEasterSunday(t *testing.T) {
	for _, want := range []string{
		"1886-04-25", "1954-04-18", "1981-04-19", "2008-03-23", "2011-04-24", "2014-04-20", "2015-04-05", "2016-03-27", "2017-04-16", "2018-04-01",
		"2019-04-21", "2020-04-12", "2021-04-04", "2022-04-17", "2023-04-09", "2024-03-31", "2025-04-20", "2038-04-25",
		"2049-04-18", "2076-04-19",
	} {
		day, err := time.Parse(time.DateOnly, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := easterSunday(day.Year()); !got.Equal(day) {
			t.Errorf("Easter in %d is %s, want %s", day.Year(), got.Format(time.DateOnly), want)
		}
	}
}

func TestMonth(t *testing.T) {
	for _, tt := range []struct{ month, previous, next string }{
		{"2018-01", "2017-12", "2018-02"}, {"2018-12", "2018-11", "2019-01"}, {"2018-03", "2018-02", "2018-04"},
	} {
		m, err := ParseMonth(tt.month)
		if err != nil {
			t.Fatal(err)
		}
		if m.String() != tt.month || m.Previous().String() != tt.previous || m.Next().String() != tt.next {
			t.Errorf("%s: got %s, previous %s, next %s", tt.month, m, m.Previous(), m.Next())
		}
		if m.Compare(m.Next()) != -1 || m.Compare(m) != 0 || m.Next().Compare(m) != 1 {
			t.Errorf("%s does not compare", m)
		}
	}
	for _, bad := range []string{"", "2018", "2018-13", "2018-1", "2018-01-01", "Jan 2018"} {
		if _, err := ParseMonth(bad); err == nil {
			t.Errorf("period %q was read", bad)
		}
	}
	summer := time.Date(2018, 7, 1, 0, 30, 0, 0, time.FixedZone("BST", 3600))
	if got := MonthOf(summer).String(); got != "2018-06" {
		t.Errorf("half past midnight of 1 July in London is in %s, want 2018-06 (UTC)", got)
	}
	if got := EndOf(DateOf(summer)).Format(time.RFC3339); got != "2018-07-01T00:00:00Z" {
		t.Errorf("the day ends at %s", got)
	}
}
