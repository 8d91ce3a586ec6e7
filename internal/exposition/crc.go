package exposition

import "hash/crc32"

// combineCRC returns the CRC-32 of a followed by b, given the CRC-32 of each and
// the number of bytes of b.
//
// A CRC is a remainder modulo a polynomial P over GF(2), so appending n bytes
// multiplies the remainder of a by x^(8n) mod P. The power is found by repeated
// squaring: about 2 log2(n) products, whatever the size of the answer.
func combineCRC(a, b uint32, n int64) uint32 {
	return mulModP(a, xPowModP(8*uint64(n))) ^ b
}

// In the reflected bit order of CRC-32 the highest bit is the coefficient of x^0.
const (
	one uint32 = 1 << 31
	x   uint32 = 1 << 30
)

// mulModP multiplies two polynomials modulo P.
func mulModP(a, b uint32) uint32 {
	var product uint32
	for bit := one; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		// b = b * x mod P
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}

// xPowModP returns x^n mod P.
func xPowModP(n uint64) uint32 {
	power, square := one, x
	for ; n != 0; n >>= 1 {
		if n&1 != 0 {
			power = mulModP(power, square)
		}
		square = mulModP(square, square)
	}
	return power
}
