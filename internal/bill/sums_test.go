package bill

import (
	"errors"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// TestSumsOutOfRange: each sum alone tells that it is, whether the last row comes to
// the others or from another worker. A file gives such rows only where its money
// without signs is in range.
func TestSumsOutOfRange(t *testing.T) {
	const most = 9_000_000_000 * money.Pound
	sum := func(a money.Amount) Sum { return Sum{a, true} }
	var parts Parts
	parts[csvparse.Compute] = sum(most)
	paid := func(id string, cost money.Amount, late bool) *Row {
		r := &Row{Cost: sum(cost), Late: late, PowerKnown: true}
		r.ResourceID = id
		return r
	}
	in := func(vdc string, late bool) *Row {
		r := &Row{Costs: parts, Late: late, PowerKnown: true}
		r.VDC, r.ResourceID = vdc, "x"
		return r
	}
	tagged := func(id, metadata string, cost money.Amount) *Row {
		r := paid(id, cost, false)
		r.tags = newTagCache([]string{"p"}).ofText(metadata)
		return r
	}
	total := &Row{PowerKnown: true}
	total.Total = csvparse.Money{Amount: most, Valid: true}
	tests := []struct {
		name       string
		totalsOnly bool
		rows       []*Row // only the last one goes out of range
	}{
		{"cost", true, []*Row{paid("x", most, false), paid("y", most, false)}},
		{"parts", true, []*Row{{parts: sum(most)}, {parts: sum(most)}}},
		{"total", true, []*Row{total, total}},
		{"late", true, []*Row{paid("x", most, true), paid("y", -most, false), paid("z", most, true)}},
		{"unnamed", true, []*Row{paid("", most, false), paid("y", -most, false), paid("", most, false)}},
		{"resource", false, []*Row{paid("x", most, false), paid("y", -most, false), paid("x", most, false)}},
		{"VDC", false, []*Row{in("a", true), in("a", true)}},
		{"day", false, []*Row{in("a", false), in("b", false)}},
		{"tag", false, []*Row{tagged("x", "p=1", most), tagged("y", "p=2", -most), tagged("z", "p=1", most)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{TotalsOnly: tt.totalsOnly, Tags: []string{"p"}}
			none := newTagCache(o.Tags).none
			add := func(rows ...*Row) (*sums, error) {
				s := newSums(&o)
				for i, row := range rows {
					row.Line = int64(i + 2)
					if row.tags == nil {
						row.tags = none
					}
					if err := s.add(row); err != nil {
						return s, err
					}
				}
				return s, nil
			}
			last := len(tt.rows) - 1
			first, err := add(tt.rows[:last]...)
			if err != nil {
				t.Fatal(err)
			}
			next, err := add(tt.rows[last])
			if err != nil {
				t.Fatal(err)
			}
			if err := first.merge(next); !errors.Is(err, errRange) {
				t.Errorf("merged: error %v", err)
			}
			if _, err := add(tt.rows...); !errors.Is(err, errRange) {
				t.Errorf("added: error %v", err)
			}
		})
	}
}

// TestMergeCounts: what is unknown in either of two parts of a file is in both.
func TestMergeCounts(t *testing.T) {
	o := Options{Tags: []string{"p"}}
	part := func(hours ...money.Amount) *sums {
		s, known := newSums(&o), newTagCache(o.Tags)
		for _, h := range hours {
			r := &Row{tags: known.ofText("of no form")}
			r.UsageHours = csvparse.Quantity{Value: h, Valid: true}
			if err := s.add(r); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	const most = 9_000_000_000 * money.One
	for _, tt := range []struct {
		name         string
		first, next  []money.Amount
		rows         int64
		hoursUnknown bool
	}{
		{"hours that are known", []money.Amount{1, 2}, []money.Amount{3}, 3, false},
		{"unknown in the first", []money.Amount{most, most}, []money.Amount{1}, 3, true},
		{"unknown in the next", []money.Amount{1}, []money.Amount{most, most}, 3, true},
		{"unknown together", []money.Amount{most}, []money.Amount{most}, 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := part(tt.first...)
			if err := s.merge(part(tt.next...)); err != nil {
				t.Fatal(err)
			}
			hours := s.usage[usageKey{}]
			if s.rows != tt.rows || int64(s.badTags) != tt.rows || int64(s.badPower) != tt.rows || hours.unknown != tt.hoursUnknown {
				t.Errorf("%d rows, %d bad tags, %d bad power states, %+v", s.rows, s.badTags, s.badPower, hours)
			}
			if !tt.hoursUnknown && hours.Value != 6 {
				t.Errorf("%d hours", hours.Value)
			}
		})
	}
}
