package csvparse

import (
	"encoding/binary"
	"math/bits"
)

// block is how many bytes are looked at together. Windows have as many spare bytes
// behind their end, and cuts as many spare places, so that a block that begins within
// them can be read and cut whole.
const block = 64

// newWindow makes a window of so many bytes, with the spare ones.
func newWindow(size int) []byte { return make([]byte, size, size+block) }

// signsPortable is signs without instructions that only some processors have.
func signsPortable(b []byte, sign byte) (found uint64) {
	for i := 0; i < block; i += 8 {
		found |= eightSigns(b[i:], sign) << i
	}
	return found
}

// eightSigns sets bit i for each b[i] of eight bytes that is the sign.
//
// x has a zero byte where the sign is. Adding sevenBits to the low seven bits of each
// byte carries into its highest bit unless they are all zero, and never into the next
// byte, so that zeros has the highest bit of exactly the zero bytes; the product
// gathers these bits in its highest byte.
func eightSigns(b []byte, sign byte) uint64 {
	const (
		everyByte = 0x0101010101010101
		sevenBits = 0x7f7f7f7f7f7f7f7f
		gather    = 0x0102040810204080
	)
	x := binary.LittleEndian.Uint64(b) ^ everyByte*uint64(sign)
	zeros := ^(x&sevenBits + sevenBits | x | sevenBits)
	return zeros >> 7 * gather >> 56
}

// cutCommasPortable is cutCommas without such instructions.
func cutCommasPortable(cuts []int32, data []byte, pos int) (n, stop int) {
	for ; pos < len(data); pos += block {
		commas := signsAt(data, pos, ',')
		stops := signsAt(data, pos, '"') | signsAt(data, pos, '\n')
		commas &= stops ^ (stops - 1) // up to the first stop, all where there is none
		count := bits.OnesCount64(commas)
		for k := n; commas != 0 && k < len(cuts); k++ {
			cuts[k] = int32(pos + bits.TrailingZeros64(commas))
			commas &= commas - 1
		}
		n += count
		if stops != 0 {
			return n, pos + bits.TrailingZeros64(stops)
		}
	}
	return n, len(data)
}

// signsAt is signs for the block of data that begins at pos. Where there are no spare
// bytes behind data, it reads byte by byte.
func signsAt(data []byte, pos int, sign byte) uint64 {
	size := len(data) - pos
	if size >= block {
		return signs(data[pos:pos+block], sign)
	}
	if pos+block <= cap(data) {
		return signs(data[pos:pos+block], sign) & (1<<size - 1)
	}
	found := uint64(0)
	for i, c := range data[pos:] {
		if c == sign {
			found |= 1 << i
		}
	}
	return found
}
