package bill

import (
	"math/big"
	"math/bits"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// exactPlaces is how many decimal places an Exact has: nine for each of the three
// factors of a price times a quantity times hours, and one for half of a last place.
const exactPlaces = 3*money.Scale + 1

// Exact is a decimal number of any size with 28 places: what the identities are
// computed in, because a product of three cells fits no machine word. The zero
// Exact is 0.
type Exact struct{ units big.Int }

// exact returns the product of numbers of nine places each.
func exact(factors ...*big.Int) *Exact {
	e := new(Exact)
	e.units.Set(powerOfTen(exactPlaces - money.Scale*len(factors)))
	for _, f := range factors {
		e.units.Mul(&e.units, f)
	}
	return e
}

// halfPlace returns half a unit of a decimal place, times numbers of nine places.
func halfPlace(place uint8, factors ...*big.Int) *Exact {
	e := new(Exact)
	e.units.Set(powerOfTen(exactPlaces - 1 - int(place) - money.Scale*len(factors)))
	e.units.Mul(&e.units, big.NewInt(5))
	for _, f := range factors {
		e.units.Mul(&e.units, f)
	}
	e.units.Abs(&e.units)
	return e
}

func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// Rat returns the number as a fraction.
func (e *Exact) Rat() *big.Rat {
	return new(big.Rat).SetFrac(&e.units, powerOfTen(exactPlaces))
}

// String writes the number with as many places as it needs; nil is "blank".
func (e *Exact) String() string {
	if e == nil {
		return "blank"
	}
	digits := new(big.Int).Abs(&e.units).String()
	if missing := exactPlaces + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, places := digits[:len(digits)-exactPlaces], digits[len(digits)-exactPlaces:]
	text := whole
	if places = strings.TrimRight(places, "0"); places != "" {
		text += "." + places
	}
	if e.units.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// MarshalText writes what String returns.
func (e *Exact) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// quantity is what a price is multiplied with: of, or of less something, and never
// below zero. The documents do not say what happens below zero; nothing is charged
// for less than nothing.
type quantity struct {
	of, less *csvparse.Quantity // less may be nil
}

func (q quantity) valid() bool { return q.of.Valid && (q.less == nil || q.less.Valid) }

// small returns the quantity when it fits a word.
func (q quantity) small() (int64, bool) {
	if q.less == nil {
		return max(int64(q.of.Value), 0), true
	}
	n, ok := q.of.Value.Sub(q.less.Value)
	return max(int64(n), 0), ok
}

func (q quantity) big() *big.Int {
	n := bigOf(q.of.Value)
	if q.less != nil {
		n.Sub(n, bigOf(q.less.Value))
	}
	if n.Sign() < 0 {
		n.SetInt64(0)
	}
	return n
}

func bigOf(a money.Amount) *big.Int { return big.NewInt(int64(a)) }

// isProduct reports whether product is exactly the product of the factors, all of them
// with nine places. It may say false of numbers that are negative or so large or so
// fine that an intermediate result fits no word.
func isProduct(product int64, factors ...int64) bool {
	sum := uint64(money.One)
	for _, f := range factors {
		if f < 0 {
			return false
		}
		if whole := uint64(f) / uint64(money.One); whole*uint64(money.One) == uint64(f) { // as most hours are
			hi, lo := bits.Mul64(sum, whole)
			if hi > 0 {
				return false
			}
			sum = lo
			continue
		}
		hi, lo := bits.Mul64(sum, uint64(f))
		if hi >= uint64(money.One) {
			return false
		}
		var rest uint64
		if sum, rest = bits.Div64(hi, lo, uint64(money.One)); rest != 0 {
			return false
		}
	}
	return product >= 0 && sum == uint64(product)
}
