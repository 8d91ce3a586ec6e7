package csvparse

import (
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	day := Date{2018, 1, 31}
	tests := []struct {
		text string
		want Date
	}{
		{"2018-01-31", day},
		{"31/01/2018", day},
		{"2018-01-31T00:00:00Z", day},
		{"2018-01-31 23:59:59", day},
		{"2018-01-31T12:30", day},
		{"2018-01-31T12:30:01.123456Z", day},
		{"2018-01-31T23:59:59.999", day},
		{"0001-01-01", Date{Year: 1, Month: 1, Day: 1}},
		{"0000-01-01", Date{}},
		{"2018-01-31 00:00:00 UTC", day},
		{"2018-01-31T00:00:00+00:00", day},
		{"2018-01-31 00:00:00+00", day},
		{"31/01/2018 00:00", day},
		{"2016-02-29", Date{2016, 2, 29}},
		{"2000-02-29", Date{2000, 2, 29}},

		{"", Date{}},
		{"2018-1-31", Date{}},
		{"2018-02-29", Date{}},
		{"1900-02-29", Date{}},
		{"2018-04-31", Date{}},
		{"2018-13-01", Date{}},
		{"2018-00-01", Date{}},
		{"2018-01-00", Date{}},
		{"0000-01-01", Date{}},
		{"01/31/2018", Date{}},
		{"2018/01/31", Date{}},
		{"20180131", Date{}},
		{"2018-01-3x", Date{}},
		{" 2018-01-31", Date{}},
		{"2018-01-31 ", Date{}},
		{"20a8-01-31", Date{}},
		{"2018-01-1/", Date{}},
		{"2018-01-0:", Date{}},
		{"2018-01/31", Date{}},
		{"2018/01-31", Date{}},
		{"31/01-2018", Date{}},
		{"31-01/2018", Date{}},
		{"2018-01-31T", Date{}},
		{"2018-01-31T24:00", Date{}},
		{"2018-01-31T12:60", Date{}},
		{"2018-01-31T12:30:", Date{}},
		{"2018-01-31T12:30:61", Date{}},
		{"2018-01-31T12:30:01.", Date{}},
		{"2018-01-31T12:30+01:00", Date{}}, // another day in UTC at midnight
		{"2018-01-31T12:30 BST", Date{}},
		{"31 January 2018", Date{}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			var got Date
			fault := got.set([]byte(test.text))
			if got != test.want || (fault == "") != (test.want != Date{}) {
				t.Errorf("got %v, %q; want %v", got, fault, test.want)
			}
		})
	}
	if got := day.String(); got != "2018-01-31" {
		t.Errorf("String() = %s", got)
	}
	if day.Compare(Date{2018, 2, 1}) >= 0 || day.Compare(day) != 0 || day.Compare(Date{2017, 12, 31}) <= 0 {
		t.Error("Compare is not the calendar's order")
	}
}

func FuzzDateAgreesWithTime(f *testing.F) {
	for _, seed := range []string{"2018-01-31", "2016-02-29T00:00:00Z", "31/12/1999 23:59", "2018-02-30", "2018-01-31T12:30:01.5Z", "31/12/1999  3:59"} {
		f.Add(seed)
	}
	layouts := []string{
		time.DateOnly, "02/01/2006",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04", "02/01/2006 15:04",
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got Date
		fault := got.set([]byte(text))
		if fault == "" && (got.String() != text[:10] && time.Time.Format(got.Time(), "02/01/2006") != text[:10]) {
			t.Fatalf("%q: %s", text, got)
		}
		for _, layout := range layouts {
			want, err := time.Parse(layout, text)
			if err != nil || want.Format(layout) != text || want.Year() == 0 {
				continue // time.Parse is more forgiving
			}
			if fault != "" || !got.Time().Equal(want.Truncate(24*time.Hour)) {
				t.Fatalf("%q: %s, %q; time.Parse has %s", text, got, fault, want)
			}
		}
	})
}
