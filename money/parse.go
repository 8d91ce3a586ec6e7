package money

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Errors that Parse returns. They name the fault, never the text.
var (
	ErrSyntax    = errors.New("not a decimal number")
	ErrPrecision = errors.New("more than 9 decimal places")
	ErrRange     = errors.New("out of range")
)

// Parse reads a decimal number: an optional sign, digits, at most nine places after
// the point, and perhaps an exponent, 1.5E-3, which some of the portal's databases
// write; zeros beyond the ninth place lose nothing and are allowed. NaN, infinities,
// currency signs, thousands separators and surrounding blanks are ErrSyntax; a place
// that would be lost is ErrPrecision; a number beyond the range of an Amount is
// ErrRange.
func Parse[T ~string | ~[]byte](text T) (Amount, error) {
	a, _, err := parse(text)
	return a, err
}

// parse also returns how many places the number is written with.
func parse[T ~string | ~[]byte](text T) (a Amount, places uint8, err error) {
	for i := len(text) - 1; i > 0; i-- {
		if text[i]|' ' == 'e' {
			return parseExponent(string(text[:i]), string(text[i+1:]))
		}
	}
	return parsePlain(text)
}

// parsePlain reads a number without an exponent.
func parsePlain[T ~string | ~[]byte](text T) (a Amount, places uint8, err error) {
	i, negative := 0, false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		i = 1
	}
	var n uint64
	behind, digits, point := 0, false, false
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		d := c - '0'
		if d > 9 {
			return 0, 0, ErrSyntax
		}
		digits = true
		if point {
			if behind == Scale {
				if d != 0 {
					return 0, 0, lostPlace(text[i:])
				}
				continue
			}
			behind++
		}
		if n > 1<<63/10 {
			return 0, 0, ErrRange
		}
		n = n*10 + uint64(d)
	}
	if !digits {
		return 0, 0, ErrSyntax
	}
	hi, scaled := bits.Mul64(n, powersOfTen[Scale-behind])
	switch {
	case hi > 0 || scaled > 1<<63 || scaled == 1<<63 && !negative:
		return 0, 0, ErrRange
	case negative:
		return Amount(-int64(scaled)), uint8(behind), nil // 1<<63 negates to itself, the least Amount
	}
	return Amount(scaled), uint8(behind), nil
}

// parseExponent writes a number with an exponent out in full and reads that.
func parseExponent(number, exponent string) (a Amount, places uint8, err error) {
	if _, _, err := parsePlain(number); err == ErrSyntax {
		return 0, 0, err
	}
	shift, err := strconv.Atoi(exponent)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, 0, ErrSyntax
	}
	sign := number[:len(number)-len(strings.TrimLeft(number, "+-"))]
	whole, fraction, _ := strings.Cut(number[len(sign):], ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return 0, 0, nil
	}
	behind := len(fraction) - len(digits) + len(significant) // places of the significant digits
	behind -= min(max(shift, -1<<20), 1<<20)
	switch {
	case behind > Scale:
		return 0, 0, ErrPrecision
	case len(significant)-behind > 20:
		return 0, 0, ErrRange
	case behind <= 0:
		return parsePlain(sign + significant + strings.Repeat("0", -behind))
	}
	significant = strings.Repeat("0", behind) + significant
	return parsePlain(sign + significant[:len(significant)-behind] + "." + significant[len(significant)-behind:])
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

// powersOfTen holds 10 to the power of its index.
var powersOfTen = [Scale + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// ParseCell is Parse for the cells of a file of millions: it reads short and plain
// numbers eight digits at a time and leaves the others to Parse. It also returns how
// many places the number is written with, at most Scale.
func ParseCell(text []byte) (a Amount, places uint8, err error) {
	if n := len(text); n > Scale && n < 2*Scale+2 && text[n-Scale-1] == '.' {
		if a, ok := parseNinePlaces(text[:n-Scale-1], text[n-Scale:]); ok {
			return a, Scale, nil
		}
	}
	digits := text
	if len(text) > 0 && text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) > 18 { // more could overflow
		return parse(text)
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
				return parse(text)
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
	if count == 0 || behind > Scale {
		return parse(text)
	}
	hi, scaled := bits.Mul64(sum, powersOfTen[Scale-behind])
	if hi > 0 || scaled > math.MaxInt64 {
		return parse(text)
	}
	a = Amount(scaled)
	if len(digits) < len(text) {
		a = -a
	}
	return a, uint8(behind), nil
}

// parseNinePlaces reads a whole number of at most nine digits, more could overflow, and nine
// places, as a database writes a column of prices. It leaves to others what has a sign.
func parseNinePlaces(whole, places []byte) (a Amount, ok bool) {
	eight, ok := parseEight(places[1:Scale])
	first := uint64(places[0] - '0')
	sum := uint64(0)
	for _, c := range whole {
		d := uint64(c - '0')
		ok = ok && d <= 9
		sum = sum*10 + d
	}
	return Amount((sum*10+first)*1e8 + eight), ok && first <= 9
}

// parseEight reads eight digits at once, and reports whether they are digits.
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
