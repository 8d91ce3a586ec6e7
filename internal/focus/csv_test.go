package focus_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"ukcloud_exporter/internal/focus"
)

// written compares CSV with encoding/csv, twice, because the second time texts are known.
func written(t *testing.T, records ...[]string) {
	t.Helper()
	var want strings.Builder
	out := csv.NewWriter(&want)
	w := focus.NewCSV(make([]focus.Column, len(records[0])))
	var got []byte
	for range 2 {
		for _, record := range records {
			if err := out.Write(record); err != nil {
				t.Fatal(err)
			}
			got = w.Append(got, record)
		}
	}
	if out.Flush(); string(got) != want.String() {
		t.Errorf("got  %q\nwant %q", got, want.String())
	}
}

// TestHeader is that of encoding/csv too.
func TestHeader(t *testing.T) {
	for _, version := range focus.Versions() {
		var names []string
		columns := focus.Version(version).Columns()
		for _, c := range columns {
			names = append(names, c.ID)
		}
		var want strings.Builder
		out := csv.NewWriter(&want)
		_ = out.Write(names) // into memory
		if out.Flush(); string(focus.AppendHeader(nil, columns)) != want.String() {
			t.Errorf("%s: %q, want %q", version, focus.AppendHeader(nil, columns), want.String())
		}
	}
}

func oddCells() []string {
	cells := []string{
		"", " ", "x", " x", "x ", "\tx", ",", `"`, `""`, `a"b`, `"a`, `a"`, "a,b", "a\nb", "a\rb", "a\r\nb", "\n", `\.`, `\.x`, "\u00a0x", "\u2003x", "£", "\xff", "\xa0x", "\x85", "#x", "'x",
	}
	for _, cell := range cells[:len(cells):len(cells)] {
		cells = append(cells, cell+strings.Repeat("z", 20), cell+strings.Repeat("z", 28), strings.Repeat("z", 20)+cell)
	}
	return cells
}

func TestCSV(t *testing.T) {
	cells := oddCells()
	for i, cell := range cells {
		written(t, []string{cell, cells[len(cells)-1-i]}, []string{cells[(i+1)%len(cells)], cell})
		written(t, []string{cell}, []string{cells[len(cells)-1-i]})
	}
	written(t, cells)
}

func FuzzCSV(f *testing.F) {
	for _, cell := range oddCells() {
		f.Add(cell, "x"+cell)
	}
	f.Fuzz(func(t *testing.T, a, b string) { written(t, []string{a, b}, []string{b, a}, []string{a + b, a}) })
}
