// Package money holds decimal numbers exactly: pounds sterling, and the hours,
// minutes and GiB that they are charged for.
//
// The portal writes them as decimal text: two places in compute_services and
// my_vm, more in the hourly prices of billing-csv. An Amount keeps nine places
// in an int64, so that adding a year of rows neither rounds nor drifts. A float
// appears only where a sample is written.
package money

import "strconv"

// Amount is a fixed-point number in billionths: of a pound where nothing else is
// said. Its range is about plus or minus 9.2 billion.
type Amount int64

// Scale is the number of decimal places that an Amount holds.
const Scale = 9

// One is the number 1: one pound, one hour, one GiB.
const One Amount = 1_000_000_000

// Pound is one pound sterling.
const Pound = One

// Add returns a+b, and false when the sum is out of range.
func (a Amount) Add(b Amount) (sum Amount, ok bool) {
	sum = a + b
	return sum, (sum < a) == (b < 0)
}

// Sub returns a-b, and false when the difference is out of range.
func (a Amount) Sub(b Amount) (difference Amount, ok bool) {
	difference = a - b
	return difference, (difference > a) == (b < 0)
}

// Float64 returns the float nearest to the number, for writing a sample and for
// nothing else.
func (a Amount) Float64() float64 {
	const exact = 1 << 53 // every integer up to here is a float, so that the quotient is rounded once
	if -exact <= a && a <= exact {
		return float64(a) / float64(One)
	}
	f, err := strconv.ParseFloat(a.String(), 64)
	if err != nil {
		panic("money: " + err.Error()) // String always writes a decimal number in range
	}
	return f
}

// String writes the number with as many places as it needs.
func (a Amount) String() string { return string(a.Append(nil)) }

// Append appends what String returns.
func (a Amount) Append(b []byte) []byte {
	n := uint64(a)
	if a < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/uint64(One), 10)
	frac := n % uint64(One)
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
