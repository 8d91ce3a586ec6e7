package billing

import (
	"fmt"
	"strings"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/page"
	"ukcloud_exporter/internal/report"
)

// verifySection is what verify says of all files.
func (m *invoice) verifySection() report.Section {
	s := report.Section{Title: "Verification", Text: []string{
		"Every row of all files was checked exactly: that TotalPrice is the sum of its parts, that each part is price times quantity times hours, " +
			"minutes 60 times hours, chargeable storage used plus snapshots less included; and each file as a whole.",
	}}
	files := report.Table{Caption: "Files", Columns: []report.Column{
		{Title: "File"}, {Title: "Result"}, {Title: "Rows", Kind: report.Number}, {Title: "Not right", Kind: report.Number},
		{Title: "Not readable", Kind: report.Number}, {Title: "Checksum beside it"}, {Title: "Cost", Kind: report.Number},
	}}
	wrong := report.Table{Caption: "What does not add up, and rows that are in no sum because they cannot be read", Columns: []report.Column{
		{Title: "Row"}, {Title: "Check"}, {Title: "Column"}, {Title: "Is", Kind: report.Number}, {Title: "Expected", Kind: report.Number},
		{Title: "Difference", Kind: report.Number}, {Title: "Tolerance", Kind: report.Number},
	}}
	warnings := report.Table{Caption: "What is right and may surprise", Columns: []report.Column{{Title: "File"}, {Title: "Kind"}, {Title: "What"}}}
	for _, f := range m.files {
		result := "adds up"
		if !f.verified.OK {
			result = "does not add up"
		}
		files.Rows = append(files.Rows, []report.Cell{
			report.Whole(f.name), report.Text(result), report.Text(fmt.Sprint(f.verified.Rows)), report.Text(fmt.Sprint(f.verified.Failing)),
			report.Text(fmt.Sprint(f.verified.Rejected)), report.Text(f.verified.Checksum), report.Money(f.bill.Cost),
		})
		for _, found := range f.findings {
			if found.Warning {
				warnings.Rows = append(warnings.Rows, []report.Cell{report.Whole(f.name), report.Text(found.Check), report.Whole(found.Got)})
				continue
			}
			place := page.Visible(f.name)
			if found.Line > 0 {
				place = m.place(f, found.Line)
			}
			wrong.Rows = append(wrong.Rows, []report.Cell{
				report.Whole(place), report.Text(found.Check), report.Text(found.Column), report.Text(found.Got), report.Text(found.Expected),
				report.Text(found.Difference), report.Text(found.Tolerance),
			})
		}
		if left := f.found - findingLimit; left > 0 {
			s.Text = append(s.Text, fmt.Sprintf("Of %s only the first %d findings stand here; billing verify has %d more.", page.Visible(f.name), findingLimit, left))
		}
	}
	if len(wrong.Rows) == 0 {
		s.Text = append(s.Text, "All of them add up.")
	}
	s.Tables = []report.Table{files}
	for _, t := range []report.Table{wrong, warnings} {
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	return s
}

// exactSection is what summary says of the month's files, to the last place.
func (m *invoice) exactSection() report.Section {
	t := report.Table{Caption: "Pounds, to the last place; the names are those of billing summary", Columns: []report.Column{
		{Title: "Of"}, {Title: "Name"}, {Title: "Sum", Kind: report.Number},
	}}
	add := func(of, name string, cost bill.Sum) {
		t.Rows = append(t.Rows, []report.Cell{report.Whole(of), report.Whole(name), {Text: exactly(cost), Exact: amount(cost)}})
	}
	add("total", "", m.all.cost)
	add("parts", "", m.all.parts)
	add("TotalPrice", "", m.all.totalPrice)
	for _, g := range m.all.groups() {
		of := strings.TrimSpace(strings.Replace(g.kind, "vorg", "compute service", 1) + " " + page.Clean(g.key))
		for _, l := range g.lines {
			add(of, m.shownOwner(l.name, l.vorg), l.cost)
		}
	}
	if m.compared() {
		add("total of "+monthName(m.month.Previous()), "as far as it is compared", m.before.cost)
	}
	return report.Section{Title: "Exact sums", Tables: []report.Table{t}}
}

// exactly writes a sum with all its places.
func exactly(s bill.Sum) string { return decimal(s, max(2, placesOf(s.Value))) }

// filesSection is what the report was made from, and by what.
func (m *invoice) filesSection(version string) report.Section {
	t := report.Table{Caption: "SHA-256 of the files as they are, as sha256sum writes it", Columns: []report.Column{
		{Title: "File"}, {Title: "Month"}, {Title: "Compute service"}, {Title: "SHA-256", Kind: report.Code},
	}}
	for _, f := range m.files {
		t.Rows = append(t.Rows, []report.Cell{report.Whole(f.name), report.Text(f.month.String()), report.Text(page.Clean(f.owner())), report.Text(f.sum)})
	}
	return report.Section{Title: "Files", Tables: []report.Table{t}, Text: []string{"Made by ukcloud_exporter, version " + page.Clean(version) + "."}}
}
