package bill_test

import (
	"testing"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

// spend is what a service costs from one day to another, each day, and on weekends
// where weekend is not "".
type spend struct {
	service, from, to, cost, weekend string
}

func rowsOf(t *testing.T, spends []spend) (rows []cells) {
	t.Helper()
	for _, s := range spends {
		from, to := day(t, s.from).Time(), day(t, s.to).Time()
		for ; !from.After(to); from = from.AddDate(0, 0, 1) {
			cost := s.cost
			if weekday := from.Weekday(); s.weekend != "" && (weekday == time.Saturday || weekday == time.Sunday) {
				cost = s.weekend
			}
			rows = append(rows, cells{
				csvparse.EventDate: from.Format(time.DateOnly), csvparse.ResourceID: s.service, csvparse.Service: s.service,
				csvparse.ComputeTotal: cost, csvparse.TotalPrice: cost,
			})
		}
	}
	return rows
}

func day(t *testing.T, text string) csvparse.Date {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return bill.DateOf(at)
}

func TestForecast(t *testing.T) {
	const vms, fee = "VMware VM", "Support"
	tests := []struct {
		name    string
		current []spend
		before  []spend // nil: the bill is not known
		today   string
		want    string // "" when there is no forecast
	}{
		{"every day the same", []spend{{vms, "2018-01-01", "2018-01-09", "30", ""}}, nil, "2018-01-10", "930"},
		{"a charge of its own on the 1st", []spend{{vms, "2018-01-01", "2018-01-09", "30", ""}, {fee, "2018-01-01", "2018-01-01", "120", ""}}, nil, "2018-01-10", "1050"},
		{"the same service dearer on the 1st", []spend{{vms, "2018-01-01", "2018-01-01", "150", ""}, {vms, "2018-01-02", "2018-01-09", "30", ""}}, nil, "2018-01-10", "1050"},
		{"on the 4th, from three days", []spend{{vms, "2018-01-01", "2018-01-03", "30", ""}, {fee, "2018-01-01", "2018-01-01", "120", ""}}, nil, "2018-01-04", "1050"},
		{"on the 3rd, from two days", []spend{{vms, "2018-01-01", "2018-01-02", "30", ""}, {fee, "2018-01-01", "2018-01-01", "120", ""}}, nil, "2018-01-03", ""},
		{"on the 2nd, from the month before", []spend{{vms, "2018-01-01", "2018-01-01", "30", ""}, {fee, "2018-01-01", "2018-01-01", "120", ""}},
			[]spend{{vms, "2017-12-01", "2017-12-31", "30", ""}, {fee, "2017-12-01", "2017-12-01", "120", ""}}, "2018-01-02", "1050"},
		{"on the 1st, before anything is billed", []spend{}, []spend{{vms, "2017-12-01", "2017-12-31", "30", ""}}, "2018-01-01", "930"},
		{"on the last day, with all but it", []spend{{vms, "2018-01-01", "2018-01-30", "30", ""}, {fee, "2018-01-01", "2018-01-01", "120", ""}}, nil, "2018-01-31", "1050"},
		{"every day billed", []spend{{vms, "2018-01-01", "2018-01-31", "30", ""}, {fee, "2018-01-31", "2018-01-31", "120", ""}}, nil, "2018-02-01", "1050"},
		{"a charge that came once yesterday", []spend{{vms, "2018-01-01", "2018-01-09", "30", ""}, {fee, "2018-01-09", "2018-01-09", "120", ""}}, nil, "2018-01-10", "1050"},
		{"a credit that came once", []spend{{vms, "2018-01-01", "2018-01-09", "30", ""}, {vms, "2018-01-05", "2018-01-05", "-120", ""}}, nil, "2018-01-10", "810"},
		{"half of today is billed", []spend{{vms, "2018-01-01", "2018-01-09", "30", ""}, {vms, "2018-01-10", "2018-01-10", "15", ""}}, nil, "2018-01-10", "930"},
		{"a charge that came once today", []spend{{vms, "2018-01-01", "2018-01-09", "30", ""}, {fee, "2018-01-10", "2018-01-10", "120", ""}}, nil, "2018-01-10", "1020"},
		{"the portal is two days late", []spend{{vms, "2018-01-01", "2018-01-07", "30", ""}}, nil, "2018-01-10", "930"},
		// 23 working days and 8 weekend days.
		{"weekends are cheaper", []spend{{vms, "2018-01-01", "2018-01-17", "30", "10"}}, nil, "2018-01-18", "770"},
		{"weekends are cheaper, known from the month before", []spend{{vms, "2018-01-01", "2018-01-02", "30", "10"}}, []spend{{vms, "2017-12-01", "2017-12-31", "30", "10"}}, "2018-01-03", "770"},
		{"grew five days ago", []spend{{vms, "2018-01-01", "2018-01-10", "30", ""}, {vms, "2018-01-11", "2018-01-17", "50", ""}}, nil, "2018-01-18", "1310"}, // 300 + 7*50 + 10*50 + 4*40: two of four weekend days were dear
		{"a service that has ended", []spend{{vms, "2018-01-01", "2018-01-20", "30", ""}, {fee, "2018-01-01", "2018-01-10", "12", ""}}, nil, "2018-01-21", "1050"},
		{"a day that fell out", []spend{{vms, "2018-01-01", "2018-01-05", "30", ""}, {vms, "2018-01-07", "2018-01-09", "30", ""}}, nil, "2018-01-10", "900"},
		{"days without rows cost nothing", []spend{{vms, "2018-01-02", "2018-01-02", "30", ""}, {vms, "2018-01-09", "2018-01-09", "30", ""}, {vms, "2018-01-16", "2018-01-16", "30", ""}}, nil, "2018-01-17", "90"},
		{"began in the middle of the month", []spend{{vms, "2018-01-10", "2018-01-15", "30", ""}}, []spend{}, "2018-01-16", "660"},
		{"the newest complete day was cheap", []spend{{vms, "2018-01-01", "2018-01-08", "30", ""}, {vms, "2018-01-09", "2018-01-09", "10", ""}}, nil, "2018-01-10", "910"},
		{"evidence of 28 days ago", []spend{{vms, "2018-01-01", "2018-01-03", "30", ""}}, nil, "2018-01-29", "930"},
		{"evidence of 29 days ago", []spend{{vms, "2018-01-01", "2018-01-03", "30", ""}}, nil, "2018-01-30", ""},
		{"three weekend days are enough", []spend{{vms, "2018-01-07", "2018-01-14", "30", "10"}}, nil, "2018-01-15", "610"}, // 5*30 + 3*10 + 13*30 + 4*10
		{"the middle of five days", []spend{
			{vms, "2018-01-01", "2018-01-01", "10", ""}, {vms, "2018-01-02", "2018-01-02", "20", ""}, {vms, "2018-01-03", "2018-01-03", "30", ""},
			{vms, "2018-01-04", "2018-01-04", "40", ""}, {vms, "2018-01-05", "2018-01-05", "50", ""},
		}, nil, "2018-01-06", "930"}, // 150 + 26*30
		{"the mean of two odd ones in the middle", []spend{
			{vms, "2018-01-01", "2018-01-02", "0.000000001", ""}, {vms, "2018-01-03", "2018-01-04", "0.000000003", ""},
		}, nil, "2018-01-05", "0.000000062"}, // 8 + 27*2
		{"nothing is known", []spend{}, nil, "2018-01-10", ""},
		{"nothing was billed for a month", []spend{}, []spend{{vms, "2017-12-01", "2017-12-05", "30", ""}}, "2018-01-10", ""},
		{"nine places", []spend{{vms, "2018-01-01", "2018-01-03", "0.000000001", ""}}, nil, "2018-01-04", "0.000000031"},
		{"out of range", []spend{{vms, "2018-01-01", "2018-01-03", "900000000", ""}}, nil, "2018-01-04", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			current := read(t, billgen.CSV(rowsOf(t, tt.current)...), bill.Options{Month: january})
			var before *bill.Bill
			if tt.before != nil {
				before = read(t, billgen.CSV(rowsOf(t, tt.before)...), bill.Options{Month: january.Previous()})
			}
			got := bill.Forecast(current, before, day(t, tt.today))
			want := bill.Sum{}
			if tt.want != "" {
				want = bill.Sum{Value: gbp(t, tt.want), Valid: true}
			}
			if got != want {
				t.Errorf("forecast %s (%v), want %s", got.Value, got.Valid, tt.want)
			}
		})
	}
}

// TestForecastOfLateRows: they are in the month's bill and in no day of it.
func TestForecastOfLateRows(t *testing.T) {
	rows := rowsOf(t, []spend{{"VMware VM", "2018-01-01", "2018-01-09", "30", ""}})
	rows = append(rows, rows[0].With(cells{csvparse.EventDate: "2017-12-31", csvparse.ComputeTotal: "120", csvparse.TotalPrice: "120"}))
	got := bill.Forecast(read(t, billgen.CSV(rows...), bill.Options{Month: january}), nil, day(t, "2018-01-10"))
	if got.Value != 1050*money.Pound || !got.Valid {
		t.Errorf("forecast %+v, want 1050", got)
	}
}

// TestForecastOutOfRange: where what a day costs is out of range, there is none. No
// file gives such a bill.
func TestForecastOutOfRange(t *testing.T) {
	cost := func(pounds int64) (parts bill.Parts) {
		parts[0] = bill.Sum{Value: money.Amount(pounds) * money.Pound, Valid: true}
		return parts
	}
	of := func(m bill.Month, from string, days int, pounds func(date time.Time) int64) *bill.Bill {
		b := &bill.Bill{Month: m}
		for i := range days {
			date := day(t, from).Time().AddDate(0, 0, i)
			for _, service := range []string{"A", "B"} {
				b.Days = append(b.Days, bill.DayCost{Day: bill.DateOf(date), Service: service, Parts: cost(pounds(date))})
			}
		}
		return b
	}
	isWeekend := func(date time.Time) bool { return date.Weekday() == time.Saturday || date.Weekday() == time.Sunday }
	most := func(when func(time.Time) bool) func(time.Time) int64 {
		return func(date time.Time) int64 {
			if when(date) {
				return 9_000_000_000
			}
			return 1
		}
	}
	december := func(when func(time.Time) bool) *bill.Bill {
		return of(january.Previous(), "2017-12-01", 31, most(when))
	}
	tests := []struct {
		name            string
		current, before *bill.Bill
		want            int64 // pounds; 0: none
	}{
		{"in range", of(january, "2018-01-01", 9, func(time.Time) int64 { return 1 }), nil, 62},
		{"working days", &bill.Bill{Month: january}, december(func(d time.Time) bool { return !isWeekend(d) }), 0},
		{"weekends", &bill.Bill{Month: january}, december(isWeekend), 0},
		{"one day", of(january, "2018-01-01", 9, most(func(d time.Time) bool { return d.Day() == 5 })), nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := bill.Sum{Value: money.Amount(tt.want) * money.Pound, Valid: tt.want != 0}
			today := "2018-01-10"
			if tt.before != nil {
				today = "2018-01-01"
			}
			if got := bill.Forecast(tt.current, tt.before, day(t, today)); got != want {
				t.Errorf("forecast %+v, want %+v", got, want)
			}
		})
	}
}
