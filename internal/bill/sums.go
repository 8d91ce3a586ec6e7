package bill

import (
	"errors"
	"fmt"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// errRange is a sum beyond what a money.Amount holds, about 9.2 thousand million.
var errRange = errors.New("sum is out of range")

// Sum is an exact sum of cells of one kind: pounds without VAT, or hours. It is not
// Valid while all of them were blank: nothing is known then, which is not the same
// as nothing to pay.
type Sum struct {
	Value money.Amount
	Valid bool
}

// Add adds another sum of the same kind. It returns false when the result would be
// out of range, and s is then as it was.
func (s *Sum) Add(other Sum) bool { return s.add(other.Value, other.Valid) }

func (s *Sum) add(value money.Amount, valid bool) bool {
	if !valid {
		return true
	}
	sum, ok := s.Value.Add(value)
	if ok {
		s.Value, s.Valid = sum, true
	}
	return ok
}

// Parts are the sums of the bill's components, by csvparse.Component.
type Parts [csvparse.Components]Sum

// Total returns the sum of the parts. It is in range where the parts come from
// a Bill, which has added up all of them.
func (p *Parts) Total() (total Sum) {
	for _, part := range p {
		total.add(part.Value, part.Valid)
	}
	return total
}

func (p *Parts) add(other *Parts) bool {
	ok := true
	for i, part := range other {
		ok = p[i].add(part.Value, part.Valid) && ok
	}
	return ok
}

type costKey struct{ vdc, service string }

type dayKey struct {
	day     csvparse.Date
	service string
}

type usageKey struct{ service, power string }

// sums adds up rows. Each of its groupings holds the whole bill.
type sums struct {
	rows      int64
	parts     Sum // of all rows
	total     Sum // of the column TotalPrice
	costs     map[costKey]*Parts
	days      map[dayKey]*Parts
	resources map[string]*Sum
	usage     map[usageKey]*Sum
	tags      []map[string]*Sum // by the wanted keys, then by value
	badTags   int
	badPower  int

	// The row before is mostly of the same resource.
	lastID string
	last   *Sum
}

func newSums(tags int) *sums {
	s := &sums{
		costs: map[costKey]*Parts{}, days: map[dayKey]*Parts{},
		resources: map[string]*Sum{}, usage: map[usageKey]*Sum{},
		tags: make([]map[string]*Sum, tags),
	}
	for i := range s.tags {
		s.tags[i] = map[string]*Sum{}
	}
	return s
}

// at returns the group of a key, a new one where there is none.
func at[K comparable, V any](groups map[K]*V, key K) *V {
	group := groups[key]
	if group == nil {
		group = new(V)
		groups[key] = group
	}
	return group
}

// add adds a row. An error leaves sums that are of no use.
func (s *sums) add(row *csvparse.BillingRow, tags tagged) error {
	var parts Parts
	for i, part := range row.Parts {
		parts[i] = Sum{part.Amount, part.Valid}
	}
	var cost Sum
	for _, part := range parts {
		if !cost.add(part.Value, part.Valid) {
			return fmt.Errorf("line %d: parts of the row: %w", row.Line, errRange)
		}
	}
	s.rows++
	ok := s.parts.add(cost.Value, cost.Valid)
	ok = s.total.add(row.Total.Amount, row.Total.Valid) && ok
	ok = at(s.costs, costKey{row.VDC, row.Service}).add(&parts) && ok
	ok = at(s.days, dayKey{row.EventDate, row.Service}).add(&parts) && ok
	ok = s.resource(row.ResourceID).add(cost.Value, cost.Valid) && ok
	power, known := powerState(row.PowerState)
	if !known {
		s.badPower++
	}
	ok = at(s.usage, usageKey{row.Service, power}).add(row.UsageHours.Value, row.UsageHours.Valid) && ok
	for i, values := range s.tags {
		ok = at(values, tags.values[i]).add(cost.Value, cost.Valid) && ok
	}
	if tags.bad {
		s.badTags++
	}
	if !ok {
		return fmt.Errorf("line %d: %w", row.Line, errRange)
	}
	return nil
}

func (s *sums) resource(id string) *Sum {
	if s.last == nil || id != s.lastID {
		s.lastID, s.last = id, at(s.resources, id)
	}
	return s.last
}

// powerState gives the label's on and off; the documents have both On and on.
// It is blank for what has no power state. Another text is kept and not known.
func powerState(text string) (state string, known bool) {
	switch text {
	case "On", "on":
		return "on", true
	case "Off", "off":
		return "off", true
	case "":
		return "", true
	}
	text = strings.ToLower(text)
	return text, text == "on" || text == "off"
}

// merge adds other sums of the same wanted tags.
func (s *sums) merge(other *sums) error {
	s.rows += other.rows
	s.badTags += other.badTags
	s.badPower += other.badPower
	ok := s.parts.add(other.parts.Value, other.parts.Valid)
	ok = s.total.add(other.total.Value, other.total.Valid) && ok
	for key, parts := range other.costs {
		ok = at(s.costs, key).add(parts) && ok
	}
	for key, parts := range other.days {
		ok = at(s.days, key).add(parts) && ok
	}
	ok = mergeInto(s.resources, other.resources) && ok
	ok = mergeInto(s.usage, other.usage) && ok
	for i := range s.tags {
		ok = mergeInto(s.tags[i], other.tags[i]) && ok
	}
	if !ok {
		return errRange
	}
	return nil
}

func mergeInto[K comparable](groups, other map[K]*Sum) bool {
	ok := true
	for key, sum := range other {
		ok = at(groups, key).add(sum.Value, sum.Valid) && ok
	}
	return ok
}
