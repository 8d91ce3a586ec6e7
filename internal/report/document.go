// Package report writes what a command has found out for people to read and sign: one
// HTML file that needs nothing besides itself, or Markdown.
package report

import (
	"math/big"
	"strings"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/page"
)

// Document is a report. Its texts are plain: writing it makes them harmless.
type Document struct {
	Title    string
	Intro    []string
	Figures  []Figure // what is to be seen first
	Sections []Section
}

// Figure is one number of the headline.
type Figure struct{ Name, Value, More string }

// Section is a part of the report under a heading.
type Section struct {
	Title  string
	Text   []string
	Chart  *page.Chart // nil for none
	Tables []Table
}

// Table is a table. The first cell of each row names it.
type Table struct {
	Caption string
	Columns []Column
	Rows    [][]Cell
}

// Column is a column of a table.
type Column struct {
	Title string
	Kind  Kind
}

// Kind is what a column holds.
type Kind uint8

// What a column holds.
const (
	Words  Kind = iota
	Number      // counts and money
	Bars        // drawn: only HTML has it
	Code        // checksums and exact figures, in letters of one width
)

// Cell is a cell of a table.
type Cell struct {
	Text  string
	Exact string // of money that Text has rounded, for programs
	Width uint64 // of a bar, of 1,000
	Less  bool   // the bar is of a credit
}

// Text is a cell of words that somebody typed: see page.Clean.
func Text(text string) Cell { return Cell{Text: page.Clean(text)} }

// Whole is a cell of words that is not cut, however long it is.
func Whole(text string) Cell { return Cell{Text: text} }

// Money is a cell of money; – where nothing is known.
func Money(s bill.Sum) Cell {
	if !s.Valid {
		return Cell{Text: "–"}
	}
	return Cell{Text: page.Pounds(s.Value), Exact: s.Value.String()}
}

// Change is a cell of a difference, with its sign if it is a penny or more.
func Change(s bill.Sum) Cell {
	c := Money(s)
	if s.Valid && s.Value > 0 && c.Text != page.Pounds(0) {
		c.Text = "+" + c.Text
	}
	return c
}

// Bar is a cell with a bar of a length that is to the longest as the sum to most.
func Bar(s, most bill.Sum) Cell {
	return Cell{Width: page.Share(s.Value, most.Value, 1000), Less: s.Value < 0}
}

// Percent returns how much a change is of what was before, to a tenth, with its sign;
// "" where there was nothing.
func Percent(change, before bill.Sum) string {
	if !change.Valid || !before.Valid || before.Value <= 0 {
		return ""
	}
	ratio := big.NewRat(int64(change.Value), int64(before.Value))
	text := ratio.Mul(ratio, big.NewRat(100, 1)).FloatString(1) + "%"
	digits := strings.TrimPrefix(text, "-")
	switch {
	case digits == "0.0%":
		return digits
	case digits != text:
		return "−" + digits
	}
	return "+" + text
}
