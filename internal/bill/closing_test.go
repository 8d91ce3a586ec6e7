package bill_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

// TestClosings: the first working day after January 2018 is 1 February.
func TestClosings(t *testing.T) {
	type read struct {
		day                string
		rows               int64
		parts, total, cost string
	}
	first := read{"2018-02-02", 3, "10", "12", "12"}
	on := func(r read, day string) read { r.day = day; return r }
	known := func(day string, r read, closed bool) *bill.Closing {
		return &bill.Closing{
			Period: "2018-01", Baseline: gbp(t, "12"), Closed: closed,
			Last: bill.ClosingRead{Day: day, Rows: r.rows, Parts: gbp(t, r.parts), Total: gbp(t, r.total)},
		}
	}
	rows, parts, total, cost := first, first, first, first
	rows.rows, parts.parts, total.total, cost.cost = 4, "10.000000001", "12.000000001", "13"
	tests := []struct {
		name   string
		reads  []read
		want   *bill.Closing // nil: nothing is known
		change string        // of the last read's bill since the baseline
	}{
		{"before the first working day", []read{on(first, "2018-01-31")}, nil, ""},
		{"on the first working day", []read{on(first, "2018-02-01")}, nil, ""},
		{"on the day after it", []read{first}, known("2018-02-02", first, false), "0"},
		{"twice on one day", []read{first, first}, known("2018-02-02", first, false), "0"},
		{"on two days", []read{first, on(first, "2018-02-03")}, known("2018-02-02", first, true), "0"},
		{"other rows on the second day", []read{first, on(rows, "2018-02-03")}, known("2018-02-03", rows, false), "0"},
		{"other parts on the second day", []read{first, on(parts, "2018-02-03")}, known("2018-02-03", parts, false), "0"},
		{"another total on the second day", []read{first, on(total, "2018-02-03")}, known("2018-02-03", total, false), "0"},
		{"dearer since the baseline", []read{first, on(cost, "2018-02-02")}, known("2018-02-02", first, false), "1"},
		{"other rows, and the same on the third day", []read{first, on(rows, "2018-02-03"), on(rows, "2018-02-04")}, known("2018-02-03", rows, true), "0"},
		{"other rows, and the first ones again", []read{first, on(rows, "2018-02-03"), on(first, "2018-02-04")}, known("2018-02-04", first, false), "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			closings := bill.Closings{}
			var change bill.Sum
			for _, r := range tt.reads {
				sum := func(text string) bill.Sum { return bill.Sum{Value: gbp(t, text), Valid: true} }
				b := &bill.Bill{Month: january, Rows: r.rows, Parts: sum(r.parts), Total: sum(r.total), Cost: sum(r.cost)}
				closings.Follow("1", b, day(t, r.day))
				change = closings.Restatement("1", b)
			}
			want := bill.Closings{}
			if tt.want != nil {
				want["1"] = tt.want
			}
			if diff := cmp.Diff(want, closings); diff != "" {
				t.Errorf("what is known (-want +got):\n%s", diff)
			}
			wantChange := bill.Sum{}
			if tt.change != "" {
				wantChange = bill.Sum{Value: gbp(t, tt.change), Valid: true}
			}
			if change != wantChange {
				t.Errorf("change %+v, want %+v", change, wantChange)
			}
			if closed := closings.Closed("1", january); closed != (tt.want != nil && tt.want.Closed) {
				t.Errorf("closed %t", closed)
			}
			if closings.Closed("1", january.Next()) || closings.Closed("2", january) {
				t.Error("another month, or another service, is closed")
			}
		})
	}
}

// TestClosingsOfAMonthBefore: of the month that was followed before, nothing counts.
func TestClosingsOfAMonthBefore(t *testing.T) {
	of := func(m bill.Month) *bill.Closing { return &bill.Closing{Period: m.String(), Baseline: 5, Closed: true} }
	closings := bill.Closings{"1": of(january), "2": of(january.Previous()), "3": of(january.Next())}
	before := &bill.Bill{Month: january, Cost: bill.Sum{Value: 7, Valid: true}}
	if change := closings.Restatement("2", before); change.Valid {
		t.Errorf("change %+v since the bill of another month", change)
	}
	closings.Keep(january)
	if diff := cmp.Diff(bill.Closings{"1": of(january)}, closings); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// TestRestatementOutOfRange is none.
func TestRestatementOutOfRange(t *testing.T) {
	closings := bill.Closings{"1": {Period: january.String(), Baseline: -9_000_000_000 * money.Pound}}
	b := &bill.Bill{Month: january, Cost: bill.Sum{Value: 9_000_000_000 * money.Pound, Valid: true}}
	if change := closings.Restatement("1", b); change.Valid {
		t.Errorf("change %+v", change)
	}
}

// TestUntil: the role of a bill ends with the running month, whichever of the two
// it is of.
func TestUntil(t *testing.T) {
	end := time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range []bill.Standing{
		{Role: bill.CurrentMonth, Bill: &bill.Bill{Month: january}},
		{Role: bill.PreviousMonth, Bill: &bill.Bill{Month: january.Previous()}},
	} {
		if got := s.Until(); !got.Equal(end) {
			t.Errorf("role %d of %s ends at %s, want %s", s.Role, s.Bill.Month, got, end)
		}
	}
}

// TestDayOf: what is asked of a bill about a day with rows, between such days, before
// and after them.
func TestDayOf(t *testing.T) {
	row := func(day, service string) cells {
		return vm.With(cells{csvparse.EventDate: day, csvparse.Service: service})
	}
	b := read(t, billgen.CSV(row("2018-01-05", "A"), row("2018-01-05", "B"), row("2018-01-07", "A")), bill.Options{Month: january})
	for _, tt := range []struct {
		day, newest string
		services    int
	}{
		{"2018-01-04", "", 0}, {"2018-01-05", "", 2}, {"2018-01-06", "2018-01-05", 0}, {"2018-01-07", "2018-01-05", 1}, {"2018-01-08", "2018-01-07", 0},
	} {
		if got := b.On(day(t, tt.day)); len(got) != tt.services {
			t.Errorf("%s: %d services, want %d", tt.day, len(got), tt.services)
		}
		newest, ok := b.NewestDayBefore(day(t, tt.day))
		if ok != (tt.newest != "") || ok && newest.String() != tt.newest {
			t.Errorf("before %s the newest day is %s, %t, want %q", tt.day, newest, ok, tt.newest)
		}
	}
}
