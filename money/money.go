// Package money holds sums of pounds sterling exactly.
//
// The portal writes money as decimal text: two places in compute_services and
// my_vm, more in the hourly prices of billing-csv. An Amount keeps nine places
// in an int64, so that adding a year of rows neither rounds nor drifts. A float
// appears only where a sample is written.
package money

import (
	"errors"
	"strconv"
)

// Amount is a sum in billionths of a pound (nano-GBP). Its range is about
// plus or minus 9.2 billion pounds.
type Amount int64

// Scale is the number of decimal places that an Amount holds.
const Scale = 9

// Pound is one pound sterling.
const Pound Amount = 1_000_000_000

// Errors that Parse returns. They name the fault, never the text.
var (
	ErrSyntax    = errors.New("not a decimal number")
	ErrPrecision = errors.New("more than 9 decimal places")
	ErrRange     = errors.New("out of range")
)

// Parse reads a plain decimal number: an optional sign, digits, and at most
// nine places after the point; zeros beyond the ninth place lose nothing and
// are allowed. Exponents, NaN, infinities, currency signs, thousands separators
// and surrounding blanks are ErrSyntax; a place that would be lost is
// ErrPrecision; a number beyond the range of an Amount is ErrRange.
func Parse[T ~string | ~[]byte](text T) (Amount, error) {
	i, negative := 0, false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		i = 1
	}
	var n uint64
	digits, places, point := 0, 0, false
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		d := c - '0'
		if d > 9 {
			return 0, ErrSyntax
		}
		digits++
		if point {
			if places == Scale {
				if d != 0 {
					return 0, lostPlace(text[i:])
				}
				continue
			}
			places++
		}
		if n > (1<<63-uint64(d))/10 {
			return 0, ErrRange
		}
		n = n*10 + uint64(d)
	}
	if digits == 0 {
		return 0, ErrSyntax
	}
	for ; places < Scale; places++ {
		if n > 1<<63/10 {
			return 0, ErrRange
		}
		n *= 10
	}
	if negative {
		return Amount(-int64(n)), nil // 1<<63 negates to itself, the least Amount
	}
	if n > 1<<63-1 {
		return 0, ErrRange
	}
	return Amount(n), nil
}

// lostPlace says ErrPrecision for a number with too many places, and ErrSyntax
// when what follows is not a number at all.
func lostPlace[T ~string | ~[]byte](rest T) error {
	for i := 0; i < len(rest); i++ {
		if rest[i]-'0' > 9 {
			return ErrSyntax
		}
	}
	return ErrPrecision
}

// Add returns a+b, and false when the sum is out of range.
func (a Amount) Add(b Amount) (sum Amount, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0) || b == 0
}

// Sub returns a-b, and false when the difference is out of range.
func (a Amount) Sub(b Amount) (difference Amount, ok bool) {
	difference = a - b
	return difference, (difference < a) == (b > 0) || b == 0
}

// Float64 returns the float nearest to the amount in pounds, for writing a
// sample and for nothing else.
func (a Amount) Float64() float64 {
	if whole := a / Pound; whole*Pound == a {
		return float64(whole)
	}
	f, err := strconv.ParseFloat(a.String(), 64)
	if err != nil {
		panic("money: " + err.Error()) // String always writes a decimal number in range
	}
	return f
}

// String writes the amount in pounds with as many places as it needs.
func (a Amount) String() string { return string(a.Append(nil)) }

// Append appends what String returns.
func (a Amount) Append(b []byte) []byte {
	n := uint64(a)
	if a < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/uint64(Pound), 10)
	frac := n % uint64(Pound)
	if frac == 0 {
		return b
	}
	var places [Scale]byte
	for i := Scale - 1; i >= 0; i-- {
		places[i] = byte('0' + frac%10)
		frac /= 10
	}
	last := Scale
	for places[last-1] == '0' {
		last--
	}
	b = append(b, '.')
	return append(b, places[:last]...)
}
