package billing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/page"
	"ukcloud_exporter/internal/report"
	"ukcloud_exporter/money"
)

// reportRows is how many lines a table of the report has; the line "others" has the rest.
const reportRows = 30

// figures are what is to be seen first.
func (m *invoice) figures() []report.Figure {
	total := report.Figure{Name: "Total", Value: report.Money(m.all.cost).Text}
	change := report.Figure{Name: "Change since " + monthName(m.month.Previous()), Value: "not known"}
	if m.compared() {
		all := costs{m.all.cost, m.same.cost, m.before.cost}
		whole, equal := changeWords(all.change(), m.before.cost), changeWords(m.atEqualDays(all), m.scaled(m.before.cost))
		before := report.Money(m.before.cost).Text + " before"
		switch last, _ := m.lastDay(); {
		case m.daysNow == m.daysBefore:
			change.Value, change.More = whole, before
		case last == m.month.LastDay():
			change.Value, change.More = whole, before+"; at equal days "+equal
		default: // a month that goes on is always less than a whole one
			change.Name += ", at equal days"
			change.Value, change.More = equal, fmt.Sprintf("%s in all %d days, so %s", before, m.daysBefore, whole)
		}
		if len(m.onlyNow) > 0 {
			change.More += fmt.Sprintf(", of %d of %d compute services", len(m.same.owners), len(m.all.owners))
		}
	}
	verified := report.Figure{Name: "Arithmetic", Value: "adds up"}
	var failing, rejected int64
	bad := 0
	for _, f := range m.files {
		failing, rejected = failing+f.verified.Failing, rejected+f.verified.Rejected
		if !f.verified.OK {
			bad++
		}
	}
	if bad > 0 {
		verified.Value = "does not add up"
		verified.More = fmt.Sprintf("%s not right, %s not readable; see Verification", count(failing, "row"), count(rejected, "row"))
	}
	return []report.Figure{total, change, verified}
}

// changeWords is a change, and how much it is of what was before.
func changeWords(change, before bill.Sum) string {
	text := report.Change(change).Text
	if percent := report.Percent(change, before); percent != "" {
		text += " (" + percent + ")"
	}
	return text
}

// monthsSection is the months that were given, where there are more than are compared.
func (m *invoice) monthsSection() []report.Section {
	if len(m.months) < 3 {
		return nil
	}
	t := report.Table{Caption: "All that was given", Columns: []report.Column{{Title: "Month"}, {Title: "Files", Kind: report.Number}, {Title: "Cost", Kind: report.Number}, {Title: "Share", Kind: report.Bars}}}
	var most bill.Sum
	for _, month := range m.months {
		most.Value = max(most.Value, month.cost.Value)
	}
	for _, month := range m.months {
		t.Rows = append(t.Rows, []report.Cell{
			report.Text(monthName(month.month)), report.Text(fmt.Sprint(month.files)), report.Money(month.cost), report.Bar(month.cost, most),
		})
	}
	return []report.Section{{Title: "Month by month", Tables: []report.Table{t}}}
}

// chartSection draws the days of both months.
func (m *invoice) chartSection() report.Section {
	now, _ := m.byDay(m.month, m.all.owners)
	before, _ := m.byDay(m.month.Previous(), m.before.owners)
	s := report.Section{Title: "Day by day", Chart: page.NewChart(now, before)}
	if s.Chart == nil {
		s.Text = []string{"No day of the month costs anything."}
		return s
	}
	s.Chart.Words = fmt.Sprintf("Cost by day; the dearest day is %s. The table Days, near the end, has the same figures.", s.Chart.Most)
	s.Chart.Now = monthName(m.month)
	if m.compared() {
		s.Chart.Then = monthName(m.month.Previous())
	}
	return s
}

// daysSection is the days of both months. Those of other months are one line more.
func (m *invoice) daysSection() report.Section {
	now, late := m.byDay(m.month, m.all.owners)
	before, lateBefore := m.byDay(m.month.Previous(), m.before.owners)
	columns := []report.Column{{Title: "Day"}, {Title: shortName(m.month), Kind: report.Number}}
	row := func(name string, now, before bill.Sum) []report.Cell {
		cells := []report.Cell{report.Text(name), report.Money(now)}
		if m.compared() {
			cells = append(cells, report.Money(before))
		}
		return cells
	}
	if m.compared() {
		columns = append(columns, report.Column{Title: shortName(m.month.Previous()), Kind: report.Number})
	}
	t := report.Table{Caption: "Cost by day (UTC)", Columns: columns}
	for i := range max(len(now), len(before)) {
		t.Rows = append(t.Rows, row(fmt.Sprint(i+1), dayAt(now, i), dayAt(before, i)))
	}
	if late.Valid || lateBefore.Valid {
		t.Rows = append(t.Rows, row("days of other months", late, lateBefore))
	}
	t.Rows = append(t.Rows, row("total", m.all.cost, m.before.cost))
	return report.Section{Title: "Days", Tables: []report.Table{t}}
}

func dayAt(days []bill.Sum, i int) bill.Sum {
	if i >= len(days) {
		return bill.Sum{}
	}
	return days[i]
}

// byDay adds up the days of a month's bills, from the 1st on, and apart from them the
// days of other months.
func (m *invoice) byDay(month bill.Month, owners map[string]bool) (days []bill.Sum, late bill.Sum) {
	files := m.of(month)
	names := m.owners(files)
	days = make([]bill.Sum, month.LastDay().Day)
	for _, f := range files {
		if !owners[names[f]] {
			continue
		}
		for day, cost := range f.facts.days {
			if month.Holds(day) {
				days[day.Day-1].Add(cost) // in range: all turnovers are
			} else {
				late.Add(cost)
			}
		}
	}
	return days, late
}

// groupSections are the ways of splitting the bill that summary has.
func (m *invoice) groupSections() []report.Section {
	sections := []report.Section{}
	for _, g := range m.all.groups() {
		title := "By " + strings.Replace(strings.Replace(g.kind, "vorg", "compute service", 1), "vdc", "VDC", 1)
		if g.kind == "tag" {
			title = "By tag " + page.Clean(g.key)
		}
		sections = append(sections, report.Section{Title: title, Tables: []report.Table{m.groupTable(g)}})
	}
	return sections
}

func (m *invoice) groupTable(g group) report.Table {
	lines := m.compare(g.kind, g.key)
	t := report.Table{Caption: "The dearest first", Columns: m.columns(report.Column{Title: "Name"})}
	t.Columns = append(t.Columns, report.Column{Title: "Share", Kind: report.Bars})
	var most bill.Sum
	for _, l := range lines {
		most.Value = max(most.Value, l.now.Value, -l.now.Value)
	}
	var others costs
	for i, l := range lines {
		if i >= reportRows {
			others.add(l.costs)
			continue
		}
		t.Rows = append(t.Rows, append(m.cells(m.groupName(g.kind, l.lineKey), l.costs), report.Bar(l.now, most)))
	}
	if n := len(lines) - reportRows; n > 0 {
		t.Rows = append(t.Rows, append(m.cells(othersName(n), others), report.Cell{}))
	}
	return t
}

func othersName(n int) string { return fmt.Sprintf("%d others", n) }

func (m *invoice) groupName(kind string, key lineKey) string {
	if kind == "component" {
		return componentName(key.name)
	}
	return m.shownOwner(key.name, key.vorg)
}

// componentName is a component for people.
func componentName(name string) string {
	switch name {
	case csvparse.GPU.String():
		return "GPU"
	case csvparse.StorageTier1.String():
		return "Tier 1 storage"
	case csvparse.StorageTier2.String():
		return "Tier 2 storage"
	case csvparse.StorageGeo.String():
		return "Geo-resilient storage"
	case bill.Other.String():
		return "Other: stands in TotalPrice alone"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// columns are some columns, then the month's cost, and what it is compared with.
func (m *invoice) columns(first ...report.Column) []report.Column {
	columns := append(first, report.Column{Title: shortName(m.month), Kind: report.Number})
	if m.compared() {
		columns = append(columns, report.Column{Title: shortName(m.month.Previous()), Kind: report.Number}, report.Column{Title: "Change", Kind: report.Number})
		if m.daysNow != m.daysBefore {
			columns = append(columns, report.Column{Title: "At equal days", Kind: report.Number})
		}
	}
	return columns
}

func (m *invoice) cells(name string, c costs) []report.Cell {
	cells := []report.Cell{report.Whole(name), report.Money(c.now)}
	if m.compared() {
		cells = append(cells, report.Money(c.before), report.Change(c.change()))
		if m.daysNow != m.daysBefore {
			cells = append(cells, report.Change(m.atEqualDays(c)))
		}
	}
	return cells
}

// resourceSections are those about single VMs and other resources.
func (m *invoice) resourceSections() []report.Section {
	byCost := func(a, b *pair) int { return cmp.Compare(b.now.cost.Value, a.now.cost.Value) }
	dearest := m.choose(func(p *pair) bool { return p.now != nil }, byCost)
	sections := []report.Section{m.resourceSection("Dearest VMs and other resources", "No row is of a resource.", dearest)}
	if m.compared() {
		magnitude := func(p *pair) money.Amount { // in pence: what the rounding of the days makes is no change
			const penny = money.Pound / 100
			change := m.atEqualDays(p.costs()).Value
			return (max(change, -change) + penny/2) / penny
		}
		changed := m.choose(func(p *pair) bool {
			return p.comparable && p.now.inMonth(m.month) && p.before.inMonth(m.month.Previous()) && magnitude(p) != 0
		}, func(a, b *pair) int { return cmp.Compare(magnitude(b), magnitude(a)) })
		arrived := m.choose(m.isNew, byCost)
		gone := m.choose(m.isGone, func(a, b *pair) int { return cmp.Compare(b.before.cost.Value, a.before.cost.Value) })
		sections = append(sections,
			m.resourceSection("Largest changes", "Nothing that was there in both months costs more or less a day.", changed),
			m.resourceSection("New", "Nothing is new.", arrived), m.resourceSection("Gone", "Nothing is gone.", gone))
	}
	return append(sections, m.offSection())
}

func (m *invoice) resourceSection(title, empty string, pairs []*pair) report.Section {
	if len(pairs) == 0 {
		return report.Section{Title: title, Text: []string{empty}}
	}
	t := report.Table{
		Caption: shownOf(len(pairs)),
		Columns: m.columns(report.Column{Title: "Name"}, report.Column{Title: "VDC"}, report.Column{Title: "Service"}),
	}
	var others costs
	for i, p := range pairs {
		if i >= reportRows {
			others.add(p.costs())
			continue
		}
		t.Rows = append(t.Rows, m.resourceCells(m.label(p), m.shownOwner(p.either().vdc, p.vorg), p.either().service, p.costs()))
	}
	if n := len(pairs) - reportRows; n > 0 {
		t.Rows = append(t.Rows, m.resourceCells(othersName(n), "", "", others))
	}
	return report.Section{Title: title, Tables: []report.Table{t}}
}

func (m *invoice) resourceCells(name, vdc, service string, c costs) []report.Cell {
	cells := m.cells(name, c)
	return append([]report.Cell{cells[0], report.Whole(vdc), report.Text(service)}, cells[1:]...)
}

func shownOf(n int) string {
	if n > reportRows {
		return fmt.Sprintf("The first %d of %d", reportRows, n)
	}
	return fmt.Sprintf("All %d", n)
}

// offSection is what is paid for although it is powered off.
func (m *invoice) offSection() report.Section {
	off := m.choose(func(p *pair) bool { return p.now != nil && p.now.off.Value > 0 },
		func(a, b *pair) int { return cmp.Compare(b.now.off.Value, a.now.off.Value) })
	s := report.Section{Title: "Powered off but paid for"}
	if len(off) == 0 {
		s.Text = []string{"Nothing that is powered off costs anything."}
		return s
	}
	t := report.Table{Caption: shownOf(len(off)), Columns: []report.Column{
		{Title: "Name"}, {Title: "VDC"}, {Title: "Hours off", Kind: report.Number}, {Title: "Cost while off", Kind: report.Number}, {Title: "Cost of all", Kind: report.Number},
	}}
	var total, others, othersAll bill.Sum
	for i, p := range off {
		total.Add(p.now.off)
		if i >= reportRows {
			others.Add(p.now.off)
			othersAll.Add(p.now.cost)
			continue
		}
		hours := "–"
		if p.now.offHours.Valid {
			hours = p.now.offHours.Value.String()
		}
		t.Rows = append(t.Rows, []report.Cell{
			report.Whole(m.label(p)), report.Whole(m.shownOwner(p.now.vdc, p.vorg)), report.Text(hours), report.Money(p.now.off), report.Money(p.now.cost),
		})
	}
	if n := len(off) - reportRows; n > 0 {
		t.Rows = append(t.Rows, []report.Cell{report.Text(othersName(n)), {}, {}, report.Money(others), report.Money(othersAll)})
	}
	s.Text = []string{fmt.Sprintf("%s cost %s while powered off.", count(int64(len(off)), "resource"), page.Pounds(total.Value))}
	s.Tables = []report.Table{t}
	return s
}

// rowSections are those about single rows of the month's bills.
func (m *invoice) rowSections() []report.Section {
	return []report.Section{
		m.rowSection("Credits", "No row costs less than nothing.", func(f *reportFile) []*noted { return []*noted{&f.facts.credits} }),
		m.rowSection("Late rows", "No row is of a day of another month.", (*reportFile).late),
		m.rowSection("Charges of no resource", "No row that costs something is without a resource.", func(f *reportFile) []*noted { return []*noted{&f.facts.unnamed} }),
	}
}

// late are the rows of other months' days, by month.
func (f *reportFile) late() (late []*noted) {
	for _, month := range slices.SortedFunc(maps.Keys(f.facts.outside), bill.Month.Compare) {
		if month != f.month {
			late = append(late, f.facts.outside[month])
		}
	}
	return late
}

func (m *invoice) rowSection(title, empty string, of func(*reportFile) []*noted) report.Section {
	t := report.Table{Columns: []report.Column{
		{Title: "Row"}, {Title: "Day"}, {Title: "Resource"}, {Title: "Service"}, {Title: "Cost", Kind: report.Number},
	}}
	var all bill.Tally
	for _, f := range m.of(m.month) {
		for _, rows := range of(f) {
			addTally(&all, rows.tally)
			for _, r := range rows.rows {
				t.Rows = append(t.Rows, []report.Cell{
					report.Whole(m.place(f, r.line)), report.Text(r.day.String()), report.Text(cmp.Or(r.name, "(none)")), report.Text(r.service), report.Money(r.cost),
				})
			}
		}
	}
	if all.Rows == 0 {
		return report.Section{Title: title, Text: []string{empty}}
	}
	if left := all.Rows - int64(len(t.Rows)); left > 0 {
		t.Caption = fmt.Sprintf("The first %d of each file; %d more are in the sum", rowLimit, left)
	} else {
		t.Caption = "All of them, in the order of the files"
	}
	return report.Section{
		Title: title, Tables: []report.Table{t},
		Text: []string{fmt.Sprintf("%s, %s, all in the total.", count(all.Rows, "row"), report.Money(all.Cost).Text)},
	}
}

// place is a line of a file, of which several may be meant.
func (m *invoice) place(f *reportFile, line int64) string {
	if len(m.files) == 1 {
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("%s:%d", page.Visible(f.name), line)
}
