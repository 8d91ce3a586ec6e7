package dashboards_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/dashboards/internal/grafana"
	"ukcloud_exporter/internal/testutil"
)

// TestTableUnits: a table's own unit would be that of names and ids too, and show
// an account as a date. Its units are those of columns.
func TestTableUnits(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			if p.Type != "table" {
				continue
			}
			if p.FieldConfig.Defaults.Unit != "string" || p.FieldConfig.Defaults.Decimals != nil {
				t.Errorf("table %q has a unit for all that is in it", p.Title)
			}
			renamed, _, _ := p.organize()
			for label, title := range renamed {
				var unit, nothing string
				isValue := strings.HasPrefix(label, "Value")
				if has := p.override(title, "unit", &unit); has != isValue {
					t.Errorf("table %q, column %q: unit %q", p.Title, title, unit)
				}
				if !p.override(title, "noValue", &nothing) || nothing != "–" {
					t.Errorf("table %q, column %q writes %q in an empty cell", p.Title, title, nothing)
				}
			}
		}
	})
}

// TestTableWidths: at 1920 pixels every column of a table is on the screen, and a
// column of names is as wide as names are. Columns without a width share what is
// left.
func TestTableWidths(t *testing.T) {
	const (
		screen = 1920 - 64 // without the menu and the frame
		column = screen / 24
		name   = 150 // Grafana's least width of a column
	)
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			if p.Type != "table" {
				continue
			}
			renamed, _, _ := p.organize()
			taken, free, seen := 0, 0, map[string]bool{}
			for _, title := range renamed {
				if seen[title] {
					continue
				}
				seen[title] = true
				var width int
				if p.override(title, "custom.width", &width) {
					taken += width
				} else {
					free++
				}
			}
			if have := p.GridPos.W*column - taken; have < free*name {
				t.Errorf("table %q leaves %d pixels for %d columns of names", p.Title, have, free)
			}
		}
	})
}

// table is what Grafana shows of a table's answers: titles, rows, and the units of
// the columns.
func (p panel) table(answers map[string][]testutil.Series) grafana.Frame {
	var refs []string
	made := map[string][]grafana.Series{}
	for _, q := range p.Targets {
		refs = append(refs, q.RefID)
		for _, s := range answers[q.RefID] {
			made[q.RefID] = append(made[q.RefID], grafana.Series{Metric: s.Metric, Value: number(s.Value[1])})
		}
	}
	renamed, excluded, index := p.organize()
	frames := grafana.Frames(refs, made)
	if len(frames) == 0 {
		return grafana.Frame{}
	}
	return grafana.Organize(grafana.Merge(frames), excluded, index, renamed)
}

func number(v any) (f float64) {
	_, _ = fmt.Sscan(fmt.Sprint(v), &f)
	return f
}

// checkTable joins a table's answers as Grafana does: there must be a row for each
// series of the first column and no other, each told apart by what it shows, and
// every shown value must be of its column's unit.
func checkTable(t *testing.T, p panel, answers map[string][]testutil.Series) {
	t.Helper()
	for _, found := range answers {
		for _, s := range found {
			if s.Metric["__name__"] != "" {
				t.Errorf("table %q has the name of a family in a row, which keeps it from joining: %v", p.Title, s.Metric)
			}
		}
	}
	shown := p.table(answers)
	if rows, want := len(shown.Rows), len(answers["A"]); rows != want {
		t.Errorf("table %q has %d rows for %d things", p.Title, rows, want)
	}
	for _, field := range shown.Fields {
		var unit string
		var hidden bool
		if p.override(field, "custom.hidden", &hidden) && hidden {
			continue
		}
		p.override(field, "unit", &unit)
		for _, row := range shown.Rows {
			switch v := row[field].(type) {
			case float64:
				var decimals *int
				p.override(field, "decimals", &decimals)
				if _, err := grafana.Format(unit, decimals, v); err != nil {
					t.Errorf("table %q, column %q: %v", p.Title, field, err)
				}
			case string:
				if unit != "" {
					t.Errorf("table %q shows %s %q in unit %s", p.Title, field, v, unit)
				}
			}
		}
	}
	if i := slices.IndexFunc(shown.Fields, func(f string) bool { return strings.HasPrefix(f, "Value") }); i >= 0 {
		t.Errorf("table %q has a column %q", p.Title, shown.Fields[i])
	}
}
