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
	totalsOnly bool
	seen       csvparse.Date // of the last row, where totals are all that is wanted

	rows      int64
	cost      Sum // of all rows
	parts     Sum // of the seven parts, as written
	total     Sum // of the column TotalPrice
	late      Tally
	unnamed   Tally
	costs     map[costKey]*Parts
	days      map[dayKey]*Parts
	resources map[string]*resource
	last      *resource // of the last row
	groups    map[place]*group
	usage     map[usageKey]*hours
	tags      []map[string]*Sum // by the wanted keys, then by value
	badTags   int
	badPower  int
}

// resource is what a resource cost, and where its last row went: its next one mostly
// goes there too, without being looked up. Nor is the resource that came after it,
// which mostly does so again.
type resource struct {
	Sum
	id     string
	next   *resource
	group  *group
	tagged *tagged // of the last row
	tags   []*Sum  // of it, by the wanted keys
}

// place is what says into which sums a row goes.
type place struct{ vdc, service, power string }

// group is the sums that rows of one place go into.
type group struct {
	place
	costs    *Parts
	hours    *hours
	day      csvparse.Date // of the last row
	dayParts *Parts        // of that day, nil before there is one
}

func newSums(o *Options) *sums {
	s := &sums{
		totalsOnly: o.TotalsOnly, tags: make([]map[string]*Sum, len(o.Tags)),
		costs: map[costKey]*Parts{}, days: map[dayKey]*Parts{},
		resources: map[string]*resource{}, groups: map[place]*group{}, usage: map[usageKey]*hours{},
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
func (s *sums) add(row *Row) error {
	s.rows++
	ok := s.cost.Add(row.Cost)
	ok = s.parts.Add(row.parts) && ok
	ok = s.total.add(row.Total.Amount, row.Total.Valid) && ok
	if row.Late {
		ok = s.late.add(1, row.Cost) && ok
	}
	if row.ResourceID == "" {
		ok = s.unnamed.add(1, row.Cost) && ok
	}
	if !row.PowerKnown {
		s.badPower++
	}
	if s.totalsOnly {
		s.see(row)
	} else {
		ok = s.split(row) && ok
	}
	if !ok {
		return fmt.Errorf("line %d: %w", row.Line, errRange)
	}
	return nil
}

// see takes note of a row's day.
func (s *sums) see(row *Row) {
	if day := row.EventDate; !row.Late && day != s.seen {
		s.seen = day
		at(s.days, dayKey{day: day})
	}
}

// split adds a row to all groupings. It returns false when a sum is out of range.
func (s *sums) split(row *Row) bool {
	of := s.resource(row.ResourceID)
	ok := of.Add(row.Cost)
	group := s.group(of, row)
	ok = group.costs.Add(&row.Costs) && ok
	group.hours.add(Sum(row.UsageHours))
	if !row.Late {
		if group.dayParts == nil || group.day != row.EventDate {
			group.day, group.dayParts = row.EventDate, at(s.days, dayKey{row.EventDate, row.Service})
		}
		ok = group.dayParts.Add(&row.Costs) && ok
	}
	if len(s.tags) > 0 {
		s.tag(of, row.tags)
		for _, sum := range of.tags {
			ok = sum.Add(row.Cost) && ok
		}
		if row.tags.bad {
			s.badTags++
		}
	}
	return ok
}

// names is how many sums there are: what a bill takes to hold.
func (s *sums) names() int {
	n := len(s.resources) + len(s.groups) + len(s.days)
	for _, values := range s.tags {
		n += len(values)
	}
	return n
}

// resource returns the sum of a resource.
func (s *sums) resource(id string) *resource {
	if s.last != nil && s.last.next != nil && s.last.next.id == id {
		s.last = s.last.next
		return s.last
	}
	of := at(s.resources, id)
	of.id = id
	if s.last != nil {
		s.last.next = of
	}
	s.last = of
	return of
}

// tag finds the sums of the tags of a resource's row.
func (s *sums) tag(of *resource, tags *tagged) {
	if of.tagged == tags {
		return
	}
	of.tagged = tags
	if of.tags == nil {
		of.tags = make([]*Sum, len(s.tags))
	}
	for i, values := range s.tags {
		of.tags[i] = at(values, tags.values[i])
	}
}

// group returns the sums that a row of a resource goes into.
func (s *sums) group(of *resource, row *Row) *group {
	here := place{row.VDC, row.Service, row.Power}
	if of.group == nil || of.group.place != here {
		of.group = at(s.groups, here)
		if of.group.costs == nil {
			of.group.place = here
			of.group.costs = at(s.costs, costKey{here.vdc, here.service})
			of.group.hours = at(s.usage, usageKey{here.service, here.power})
		}
	}
	return of.group
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
		ok = at(s.costs, key).Add(parts) && ok
	}
	for key, parts := range other.days {
		ok = at(s.days, key).Add(parts) && ok
	}
	for id, of := range other.resources {
		ok = at(s.resources, id).Add(of.Sum) && ok
	}
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
