package csvparse

import (
	"errors"

	"ukcloud_exporter/money"
)

// Money is a cell of pounds. A blank cell is not relevant to the row (invoice
// evidence file): it is not Valid, and its Amount is 0.
type Money struct {
	Amount money.Amount
	Places uint8 // decimal places as written, at most money.Scale: what a price was rounded to
	Valid  bool
}

// Quantity is a cell of hours, minutes, GiB or a count. A blank cell is not Valid,
// and its Value is 0.
type Quantity struct {
	Value money.Amount
	Valid bool
}

// set fills the cell from its text.
func (m *Money) set(text []byte) Reason {
	switch string(text) {
	case "":
		*m = Money{}
		return ""
	case "0.000000000": // most cells: what a row does not have costs nothing
		*m = Money{Places: money.Scale, Valid: true}
		return ""
	}
	amount, places, err := money.ParseCell(text)
	*m = Money{Amount: amount, Places: places, Valid: err == nil}
	if err != nil {
		return reasonOf(err)
	}
	return ""
}

// set fills the cell from its text.
func (q *Quantity) set(text []byte) Reason {
	switch string(text) {
	case "":
		*q = Quantity{}
		return ""
	case "0", "0.000": // most cells
		*q = Quantity{Valid: true}
		return ""
	}
	value, _, err := money.ParseCell(text)
	*q = Quantity{Value: value, Valid: err == nil}
	if err != nil {
		return reasonOf(err)
	}
	return ""
}

// reasonOf names what is wrong with a number.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, money.ErrPrecision):
		return Precision
	case errors.Is(err, money.ErrRange):
		return Overflow
	}
	return BadNumber
}
