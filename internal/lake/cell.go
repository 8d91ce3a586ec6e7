package lake

import (
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// kind is what a column's cells are.
type kind uint8

const (
	text      kind = iota
	date           // a day, n days after 1970-01-01
	timestamp      // n milliseconds after it, UTC
	boolean        // n is 1 or 0
	integer        // n
	decimal        // n units of the ninth place
	exact          // text, a decimal number of up to the column's places
	tags           // a map of texts
)

// cell is one value. Which fields count is decided by its column's kind.
type cell struct {
	null bool
	n    int64
	text string
	tags []bill.Tag
}

// column is a column of a sheet.
type column struct {
	name   string
	kind   kind
	places int // of a decimal or exact
	// cell is the column's value in the row that is being written. It is nil in a
	// description.
	cell func() cell
}

// sheet is a table that is written row by row: each writes what the cells of its
// columns give at the moment.
type sheet struct{ columns []column }

// writer writes the rows of a sheet in one format.
type writer interface {
	// row writes what the cells hold now.
	row() error
	close() error
}

func amount(a money.Amount, valid bool) cell { return cell{null: !valid, n: int64(a)} }

// word is a text that is null where it is blank.
func word(s string) cell { return cell{null: s == "", text: s} }

func yes(b bool) cell {
	if b {
		return cell{n: 1}
	}
	return cell{}
}
