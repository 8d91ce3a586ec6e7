package csvparse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"

	"ukcloud_exporter/money"
)

// Money is a cell of pounds. A blank cell is not relevant to the row (invoice
// evidence file): it is not Valid, and its Amount is 0.
type Money struct {
	Amount money.Amount
	Places uint8 // decimal places as written, at most money.Scale: what a price was rounded to
	Valid  bool
}

// Decimal is a number of hours, minutes, GiB or things, in thousand millionths.
type Decimal int64

// One is the Decimal 1.
const One Decimal = 1_000_000_000

// String writes the number with as many places as it needs.
func (d Decimal) String() string { return money.Amount(d).String() }

// Quantity is a cell of hours, minutes, GiB or a count. A blank cell is not Valid,
// and its Value is 0.
type Quantity struct {
	Value Decimal
	Valid bool
}

// powersOfTen holds 10 to the power of its index.
var powersOfTen = [money.Scale + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// parseDecimal reads a plain decimal number into thousand millionths, and how many
// places it is written with. It accepts exactly what money.Parse accepts, which
// decides every case that is not short and plain.
func parseDecimal(text []byte) (n int64, places uint8, fault Reason) {
	digits := text
	if len(text) > 0 && text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) > 18 { // more could overflow
		return parseSlowly(text)
	}
	var sum uint64
	point := len(digits)
	for i := 0; i < len(digits); i++ {
		if i+8 <= len(digits) {
			if eight, ok := parseEight(digits[i:]); ok {
				sum = sum*1e8 + eight
				i += 7
				continue
			}
		}
		d := uint64(digits[i] - '0')
		if d > 9 {
			if digits[i] != '.' || point < len(digits) {
				return parseSlowly(text)
			}
			point = i
			continue
		}
		sum = sum*10 + d
	}
	count, behind := len(digits), 0
	if point < len(digits) {
		count--
		behind = count - point
	}
	if count == 0 || behind > money.Scale {
		return parseSlowly(text)
	}
	hi, scaled := bits.Mul64(sum, powersOfTen[money.Scale-behind])
	if hi > 0 || scaled > math.MaxInt64 {
		return parseSlowly(text)
	}
	n = int64(scaled)
	if len(digits) < len(text) {
		n = -n
	}
	return n, uint8(behind), ""
}

// parseEight reads eight digits at once, and says whether they are digits.
func parseEight(text []byte) (n uint64, ok bool) {
	x := binary.LittleEndian.Uint64(text)
	// The high half of each byte is 3, and adding 6 to the low half leaves it so.
	const high, threes, sixes = 0xf0f0f0f0f0f0f0f0, 0x3030303030303030, 0x0606060606060606
	if x&high != threes || (x+sixes)&high != threes {
		return 0, false
	}
	x -= threes
	x = x*10 + x>>8 // two digits in every other byte
	const mask, low, high4 = 0x000000ff000000ff, 100 + 1000000<<32, 1 + 10000<<32
	return (x&mask*low + x>>16&mask*high4) >> 32, true
}

// parseSlowly lets money.Parse decide.
func parseSlowly(text []byte) (n int64, places uint8, fault Reason) {
	amount, err := money.Parse(text)
	switch {
	case err == nil:
		if i := bytes.IndexByte(text, '.'); i >= 0 {
			places = uint8(min(len(text)-i-1, money.Scale))
		}
		return int64(amount), places, ""
	case errors.Is(err, money.ErrPrecision):
		return 0, 0, Precision
	case errors.Is(err, money.ErrRange):
		return 0, 0, Overflow
	}
	return 0, 0, BadNumber
}

// set fills the cell from its text.
func (m *Money) set(text []byte) Reason {
	if len(text) == 0 {
		*m = Money{}
		return ""
	}
	n, places, fault := parseDecimal(text)
	*m = Money{Amount: money.Amount(n), Places: places, Valid: fault == ""}
	return fault
}

// set fills the cell from its text.
func (q *Quantity) set(text []byte) Reason {
	if len(text) == 0 {
		*q = Quantity{}
		return ""
	}
	n, _, fault := parseDecimal(text)
	*q = Quantity{Value: Decimal(n), Valid: fault == ""}
	return fault
}
