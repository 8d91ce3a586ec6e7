package bill

import (
	"errors"
	"fmt"

	"ukcloud_exporter/csvparse"
)

// errRange is a sum beyond what a money.Amount holds, about 9.2 thousand million.
var errRange = errors.New("sum is out of range")

type costKey struct{ vdc, service string }

type dayKey struct {
	day     csvparse.Date
	service string
}

type usageKey struct{ service, power string }

// hours is a sum that is not known once it has been out of range: nobody loses a bill
// for its hours.
type hours struct {
	Sum
	unknown bool
}

func (h *hours) add(other Sum) { h.unknown = !h.Add(other) || h.unknown }

// sums adds up rows. Each of its groupings holds the whole bill, but for days, which
// does not hold late rows.
type sums struct {
	rows      int64
	cost      Sum // of all rows
	parts     Sum // of the seven parts, as written
	total     Sum // of the column TotalPrice
	late      Tally
	unnamed   Tally
	costs     map[costKey]*Parts
	days      map[dayKey]*Parts
	resources map[string]*Sum
	usage     map[usageKey]*hours
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
		resources: map[string]*Sum{}, usage: map[usageKey]*hours{},
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
func (s *sums) add(row *Row, tags tagged) error {
	s.rows++
	ok := s.cost.Add(row.Cost)
	ok = s.parts.Add(row.parts) && ok
	ok = s.total.add(row.Total.Amount, row.Total.Valid) && ok
	ok = at(s.costs, costKey{row.VDC, row.Service}).add(&row.Costs) && ok
	if row.Late {
		ok = s.late.add(1, row.Cost) && ok
	} else {
		ok = at(s.days, dayKey{row.EventDate, row.Service}).add(&row.Costs) && ok
	}
	if row.ResourceID == "" {
		ok = s.unnamed.add(1, row.Cost) && ok
	}
	ok = s.resource(row.ResourceID).Add(row.Cost) && ok
	if !row.PowerKnown {
		s.badPower++
	}
	at(s.usage, usageKey{row.Service, row.Power}).add(Sum(row.UsageHours))
	for i, values := range s.tags {
		ok = at(values, tags.values[i]).Add(row.Cost) && ok
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

// merge adds other sums of the same wanted tags.
func (s *sums) merge(other *sums) error {
	s.rows += other.rows
	s.badTags += other.badTags
	s.badPower += other.badPower
	ok := s.cost.Add(other.cost)
	ok = s.parts.Add(other.parts) && ok
	ok = s.total.Add(other.total) && ok
	ok = s.late.add(other.late.Rows, other.late.Cost) && ok
	ok = s.unnamed.add(other.unnamed.Rows, other.unnamed.Cost) && ok
	for key, parts := range other.costs {
		ok = at(s.costs, key).add(parts) && ok
	}
	for key, parts := range other.days {
		ok = at(s.days, key).add(parts) && ok
	}
	ok = mergeInto(s.resources, other.resources) && ok
	for key, h := range other.usage {
		sum := at(s.usage, key)
		sum.add(h.Sum)
		sum.unknown = sum.unknown || h.unknown
	}
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
		ok = at(groups, key).Add(*sum) && ok
	}
	return ok
}
