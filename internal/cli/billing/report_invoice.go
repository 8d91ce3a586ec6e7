package billing

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/page"
	"ukcloud_exporter/money"
)

// invoice is the newest month of some bills beside the month before.
type invoice struct {
	files  []*reportFile
	tags   []string
	month  bill.Month
	months []monthTotal // all that were given, the oldest first

	all    *totals // of the month
	same   *totals // of its compute services whose month before was given too
	before *totals // of those, the month before

	onlyNow, onlyBefore []string // compute services that only one of the months was given of

	resources map[resourceKey]*pair
	names     map[nameKey]int // how many resources have a name

	daysNow, daysBefore int64 // that the months have, the newest as far as it is billed
}

// nameKey is a name, which means something in its VDC alone.
type nameKey struct{ vorg, vdc, name string }

type monthTotal struct {
	month bill.Month
	files int
	cost  bill.Sum
}

// resourceKey is a resource of a compute service.
type resourceKey struct{ vorg, id string }

// pair is a resource in both months, nil where it has no row.
type pair struct {
	resourceKey
	now, before *resource
	comparable  bool // the month before was given of its compute service
}

var errNoMonth = errors.New("nobody knows of which month the report would be: no file has a row, or a name that says it")

var errTotalRange = errors.New("a sum is out of range")

func newInvoice(files []*reportFile, tags []string) (*invoice, error) {
	m := &invoice{
		files: files, tags: tags, all: newTotals(tags), same: newTotals(tags), before: newTotals(tags),
		resources: map[resourceKey]*pair{}, names: map[nameKey]int{},
	}
	for _, f := range files {
		if f.month == (bill.Month{}) && f.facts.newest != (csvparse.Date{}) {
			f.month = monthOf(f.facts.newest)
		}
		if f.month != (bill.Month{}) && (m.month == (bill.Month{}) || f.month.Compare(m.month) > 0) {
			m.month = f.month
		}
	}
	if m.month == (bill.Month{}) {
		return nil, errNoMonth
	}
	for _, f := range files {
		if f.month == (bill.Month{}) { // without a row: it changes nothing
			f.month = m.month
		}
	}
	if !m.addMonths() || !m.addTotals() {
		return nil, errTotalRange
	}
	return m, nil
}

func (m *invoice) addMonths() bool {
	ok := true
	sums := map[bill.Month]*monthTotal{}
	for _, f := range m.files {
		if sums[f.month] == nil {
			sums[f.month] = &monthTotal{month: f.month}
		}
		sums[f.month].files++
		ok = sums[f.month].cost.Add(f.bill.Cost) && ok
	}
	for _, sum := range sums {
		m.months = append(m.months, *sum)
	}
	slices.SortFunc(m.months, func(a, b monthTotal) int { return a.month.Compare(b.month) })
	return ok
}

// of are the files of a month.
func (m *invoice) of(month bill.Month) (files []*reportFile) {
	for _, f := range m.files {
		if f.month == month {
			files = append(files, f)
		}
	}
	return files
}

// owner is whose bill a file is, as summary names it.
func (f *reportFile) owner() string { return cmp.Or(f.org, filepath.Base(f.name)) }

// owners are whose bills files are. Where each month has one file whose name does not
// say it, both are taken for bills of one compute service.
func (m *invoice) owners(files []*reportFile) map[*reportFile]string {
	owners := map[*reportFile]string{}
	now, before := unnamed(m.of(m.month)), unnamed(m.of(m.month.Previous()))
	for _, f := range files {
		owners[f] = f.owner()
		if len(now) == 1 && len(before) == 1 && f == before[0] {
			owners[f] = now[0].owner()
		}
	}
	return owners
}

func unnamed(files []*reportFile) []*reportFile {
	return slices.DeleteFunc(files, func(f *reportFile) bool { return f.org != "" })
}

func (m *invoice) addTotals() bool {
	now, before := m.of(m.month), m.of(m.month.Previous())
	ownersNow, ownersBefore := m.owners(now), m.owners(before)
	has := func(owners map[*reportFile]string, owner string) bool {
		for _, o := range owners {
			if o == owner {
				return true
			}
		}
		return false
	}
	ok := true
	for _, f := range now {
		owner := ownersNow[f]
		comparable := has(ownersBefore, owner)
		ok = m.all.addOf(f.org, owner, f.bill) && ok
		if comparable {
			ok = m.same.addOf(f.org, owner, f.bill) && ok
		} else {
			m.onlyNow = append(m.onlyNow, owner)
		}
		for _, r := range f.facts.resources {
			m.pair(owner, r.id, comparable).add(func(p *pair) **resource { return &p.now }, r)
		}
	}
	for _, f := range before {
		owner := ownersBefore[f]
		if !has(ownersNow, owner) {
			m.onlyBefore = append(m.onlyBefore, owner)
			continue
		}
		ok = m.before.addOf(f.org, owner, f.bill) && ok
		for _, r := range f.facts.resources {
			m.pair(owner, r.id, true).add(func(p *pair) **resource { return &p.before }, r)
		}
	}
	for _, p := range m.resources {
		m.names[p.name()]++
	}
	m.daysNow, m.daysBefore = int64(m.month.LastDay().Day), int64(m.month.Previous().LastDay().Day)
	if last, known := m.lastDay(); known {
		m.daysNow = int64(last.Day)
	}
	return ok
}

func (m *invoice) pair(vorg, id string, comparable bool) *pair {
	key := resourceKey{vorg, id}
	if m.resources[key] == nil {
		m.resources[key] = &pair{resourceKey: key, comparable: comparable}
	}
	return m.resources[key]
}

func (p *pair) add(month func(*pair) **resource, r *resource) {
	if at := month(p); *at == nil {
		*at = r
	} else {
		(*at).merge(r)
	}
}

// either is the resource in the month, or in the one before.
func (p *pair) either() *resource {
	if p.now != nil {
		return p.now
	}
	return p.before
}

func (p *pair) name() nameKey { return nameKey{p.vorg, p.either().vdc, p.either().name} }

// inMonth reports whether a resource has a row of a day of the month or later: late
// rows alone are of one that is gone.
func (r *resource) inMonth(month bill.Month) bool {
	return r != nil && r.newest.Compare(bill.DateOf(month.Start())) >= 0
}

// isNew reports whether the resource was not there in the month before.
func (m *invoice) isNew(p *pair) bool {
	return p.comparable && p.now.inMonth(m.month) && !p.before.inMonth(m.month.Previous())
}

// isGone reports whether the resource was there in the month before only.
func (m *invoice) isGone(p *pair) bool {
	return p.comparable && !p.now.inMonth(m.month) && p.before.inMonth(m.month.Previous())
}

// costs are what the resource cost in both months.
func (p *pair) costs() (c costs) {
	if p.now != nil {
		c.now = p.now.cost
	}
	if p.before != nil {
		c.before = p.before.cost
	}
	if p.comparable {
		c.same = c.now
	}
	return c
}

// costs are what something cost in both months. same is the part of now that before is
// comparable with.
type costs struct{ now, same, before bill.Sum }

func (c *costs) add(other costs) {
	c.now.Add(other.now)
	c.same.Add(other.same)
	c.before.Add(other.before)
}

func (c costs) change() bill.Sum { return changeOf(c.same, c.before) }

// atEqualDays is how much of the change is none of the months' lengths: what was before is
// taken for as many days as the month has. It is rounded to the last place.
func (m *invoice) atEqualDays(c costs) bill.Sum {
	before := m.scaled(c.before)
	if c.before.Valid && !before.Valid {
		return bill.Sum{}
	}
	return changeOf(c.same, before)
}

// scaled is what was before for as many days as the month has, or not Valid where that
// is out of range.
func (m *invoice) scaled(before bill.Sum) bill.Sum {
	scaled := big.NewInt(int64(before.Value))
	scaled.Mul(scaled, big.NewInt(m.daysNow))
	scaled.Quo(scaled, big.NewInt(m.daysBefore))
	if !scaled.IsInt64() {
		return bill.Sum{}
	}
	return bill.Sum{Value: money.Amount(scaled.Int64()), Valid: before.Valid}
}

// changeOf is now less before. Of what one of the months does not have, it is all of
// the other's.
func changeOf(now, before bill.Sum) bill.Sum {
	change, ok := now.Value.Sub(before.Value)
	return bill.Sum{Value: change, Valid: ok && (now.Valid || before.Valid)}
}

// choose returns the resources that are wanted, in an order that depends on nothing but
// what is in the bills.
func (m *invoice) choose(want func(*pair) bool, less func(a, b *pair) int) []*pair {
	var chosen []*pair
	for _, p := range m.resources {
		if want(p) {
			chosen = append(chosen, p)
		}
	}
	slices.SortFunc(chosen, func(a, b *pair) int {
		return cmp.Or(less(a, b), strings.Compare(a.either().name, b.either().name), strings.Compare(a.vorg, b.vorg), strings.Compare(a.id, b.id))
	})
	return chosen
}

// label names a resource, with its id where it has no name of its own.
func (m *invoice) label(p *pair) string {
	r := p.either()
	switch {
	case r.name == "":
		return page.Clean(r.id)
	case m.names[p.name()] > 1:
		return page.Clean(r.name) + " (" + page.Clean(r.id) + ")"
	}
	return page.Clean(r.name)
}

// compared reports whether the month before is known of anything.
func (m *invoice) compared() bool { return len(m.before.owners) > 0 }

func monthName(m bill.Month) string { return m.Start().Format("January 2006") }

func shortName(m bill.Month) string { return m.Start().Format("Jan 2006") }

// compared is one line of a group in both months.
type compared struct {
	lineKey
	costs
}

// compare joins the lines of a group by their names, the dearest of the month first.
func (m *invoice) compare(kind, key string) []compared {
	find := func(t *totals) map[lineKey]bill.Sum {
		lines := map[lineKey]bill.Sum{}
		for _, g := range t.groups() {
			if g.kind == kind && g.key == key {
				for _, l := range g.lines {
					lines[l.lineKey] = l.cost
				}
			}
		}
		return lines
	}
	all, same, before := find(m.all), find(m.same), find(m.before)
	keys := map[lineKey]bool{}
	for key := range all {
		keys[key] = true
	}
	for key := range before {
		keys[key] = true
	}
	var lines []compared
	for key := range keys {
		lines = append(lines, compared{key, costs{all[key], same[key], before[key]}})
	}
	slices.SortFunc(lines, func(a, b compared) int {
		return cmp.Or(cmp.Compare(b.now.Value, a.now.Value), cmp.Compare(b.before.Value, a.before.Value),
			strings.Compare(a.name, b.name), strings.Compare(a.vorg, b.vorg), strings.Compare(a.account, b.account))
	})
	return lines
}

// shownOwner is whose something is, where the bills are of several.
func (m *invoice) shownOwner(name, vorg string) string {
	name = page.Clean(cmp.Or(name, "(none)"))
	if vorg != "" && len(m.all.owners) > 1 {
		name += " of " + page.Clean(vorg)
	}
	return name
}

func names(owners []string) string {
	shown := make([]string, len(owners))
	for i, owner := range owners {
		shown[i] = page.Clean(owner)
	}
	slices.Sort(shown)
	return strings.Join(shown, ", ")
}

// intro says what the report is of, and what to bear in mind.
func (m *invoice) intro() []string {
	t := m.all
	intro := []string{fmt.Sprintf("%s in %s%s. GBP without VAT, each figure to the penny; the exact sums stand at the end.",
		count(t.rows, "row"), count(int64(t.files), "file"), m.days())}
	if last, known := m.lastDay(); !known || last != m.month.LastDay() {
		intro = append(intro, fmt.Sprintf("The month is not complete: %s.", through(last, known)))
	}
	if m.compared() && m.daysNow != m.daysBefore {
		intro = append(intro, fmt.Sprintf("At equal days: the change if %s had come to %d/%d of what it did, which is as many days as %s is billed for.",
			monthName(m.month.Previous()), m.daysNow, m.daysBefore, monthName(m.month)))
	}
	switch {
	case len(m.of(m.month.Previous())) == 0:
		intro = append(intro, "No bill of "+monthName(m.month.Previous())+" was given, so nothing is compared.")
	case len(m.onlyNow) > 0:
		intro = append(intro, "Not compared, because only this month's bill was given: "+names(m.onlyNow)+".")
	}
	if len(m.onlyBefore) > 0 {
		intro = append(intro, "Not in the comparison, because this month's bill was not given: "+names(m.onlyBefore)+".")
	}
	return intro
}

func (m *invoice) days() string {
	if m.all.first == "" {
		return ""
	}
	return fmt.Sprintf(", %s to %s (UTC)", m.all.first, m.all.last)
}

// lastDay is the newest day of the month with rows.
func (m *invoice) lastDay() (last csvparse.Date, known bool) {
	for _, f := range m.of(m.month) {
		day, has := f.bill.NewestDayBefore(bill.DateOf(m.month.Next().Start()))
		if has && m.month.Holds(day) && (!known || day.Compare(last) > 0) {
			last, known = day, true
		}
	}
	return last, known
}
