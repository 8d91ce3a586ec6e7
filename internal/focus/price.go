package focus

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"ukcloud_exporter/money"
)

// figures are the numbers of a charge as texts.
type figures struct {
	cost, unit, quantity, consumed, listPrice, listCost string
}

// price fills in quantity and prices. FOCUS wants the list price times the
// quantity to be the list cost, exactly, so that is their product; what is billed
// may differ by the rounding of the file. Where the bill has no such factors, or
// they explain the cost to no better than a penny, the charge is one unit at its
// cost. The texts are made in scratch, which is returned to be used again.
func (c *charge) price(scratch []byte) (figures, []byte) {
	buf := c.cost.Append(scratch[:0])
	ofCost := len(buf)
	known := c.factors.n > 0 && c.unitPrice.Valid && c.unitPrice.Amount >= 0
	for _, f := range c.factors.all() {
		known = known && f.Valid
	}
	ok := false
	var ofQuantity, ofPrice int
	if known {
		buf, ofQuantity, ofPrice, ok = c.explain(buf)
	}
	text := string(buf)
	cost := text[:ofCost]
	if ok {
		quantity := text[ofCost:ofQuantity]
		return figures{cost, c.unit, quantity, quantity, text[ofQuantity:ofPrice], text[ofPrice:]}, buf
	}
	if c.cost < 0 { // a list price is not negative
		return figures{cost, "Units", "-1", "1", strings.TrimPrefix(cost, "-"), cost}, buf
	}
	return figures{cost, "Units", "1", "1", cost, cost}, buf
}

// explain appends quantity, unit price and list cost, and returns where the first two
// end. ok is false where they do not explain the cost.
func (c *charge) explain(buf []byte) (texts []byte, ofQuantity, ofPrice int, ok bool) {
	quantity, fits := decimal{n: 1}, true
	for _, f := range c.factors.all() {
		quantity, fits = quantity.times(f.Value, fits)
	}
	cost, fits := quantity.times(c.unitPrice.Amount, fits)
	if !fits || c.cost > math.MaxInt64/2 || c.cost < math.MinInt64/2 {
		return c.explainBig(buf)
	}
	if quantity.n == 0 || !cost.nearly(c.cost) {
		return buf, 0, 0, false
	}
	buf = quantity.append(buf)
	ofQuantity = len(buf)
	buf = c.unitPrice.Amount.Append(buf)
	ofPrice = len(buf)
	return cost.append(buf), ofQuantity, ofPrice, true
}

// explainBig is explain for numbers of any size.
func (c *charge) explainBig(buf []byte) (texts []byte, ofQuantity, ofPrice int, ok bool) {
	quantity := big.NewInt(1)
	for _, f := range c.factors.all() {
		quantity.Mul(quantity, big.NewInt(int64(f.Value)))
	}
	places := money.Scale * c.factors.n
	cost := new(big.Int).Mul(quantity, big.NewInt(int64(c.unitPrice.Amount)))
	if quantity.Sign() <= 0 || !nearly(cost, places+money.Scale, c.cost) {
		return buf, 0, 0, false
	}
	buf = append(buf, decimalText(quantity, places)...)
	ofQuantity = len(buf)
	buf = c.unitPrice.Amount.Append(buf)
	ofPrice = len(buf)
	return append(buf, decimalText(cost, places+money.Scale)...), ofQuantity, ofPrice, true
}

// nearly reports whether a number with so many places is a cost, give or take a
// penny.
func nearly(n *big.Int, places int, cost money.Amount) bool {
	scale := powerOfTen(places - money.Scale)
	difference := new(big.Int).Mul(big.NewInt(int64(cost)), scale)
	difference.Sub(difference, n)
	penny := new(big.Int).Mul(big.NewInt(int64(money.Pound/100)), scale)
	return difference.CmpAbs(penny) <= 0
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// decimalText writes a number that is not negative and has so many places.
func decimalText(n *big.Int, places int) string {
	digits := n.String()
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// decimal is a number that is not negative and fits a word, as most do.
type decimal struct {
	n      uint64
	places int
}

// times multiplies with an amount. ok is false, and stays so, where that is not a
// decimal.
func (d decimal) times(a money.Amount, ok bool) (decimal, bool) {
	if !ok || a < 0 {
		return d, false
	}
	n, places := uint64(a), money.Scale
	for places > 0 && n%1000 == 0 { // most quantities are whole numbers
		n, places = n/1000, places-3
	}
	hi, lo := bits.Mul64(d.n, n)
	return decimal{lo, d.places + places}, hi == 0
}

// nearly is nearly for a decimal, and a cost that is no more than half of what an Amount
// holds.
func (d decimal) nearly(cost money.Amount) bool {
	n, rest := d.n, uint64(0)
	for p := d.places; p < money.Scale; p++ {
		hi, lo := bits.Mul64(n, 10)
		if hi > 0 {
			return false // far beyond any cost
		}
		n = lo
	}
	if d.places > money.Scale {
		scale := uint64(1)
		for p := d.places; p > money.Scale; p-- {
			scale *= 10 // at most 10 to the 18th
		}
		n, rest = n/scale, n%scale
	}
	if n > math.MaxInt64 {
		return false
	}
	const penny = int64(money.Pound / 100)
	lower, higher := int64(cost)-penny, int64(cost)+penny
	return int64(n) >= lower && (int64(n) < higher || int64(n) == higher && rest == 0)
}

// append writes the number without zeros at its end.
func (d decimal) append(buf []byte) []byte {
	n, places := d.n, d.places
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	begin := len(buf)
	buf = strconv.AppendUint(buf, n, 10)
	if places == 0 {
		return buf
	}
	for len(buf)-begin <= places { // a zero before the point, and behind it
		buf = append(buf, 0)
		copy(buf[begin+1:], buf[begin:])
		buf[begin] = '0'
	}
	point := len(buf) - places
	buf = append(buf, 0)
	copy(buf[point+1:], buf[point:])
	buf[point] = '.'
	return buf
}
