package csvparse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// signsPortable is signs without instructions that only some processors have.
func signsPortable(b []byte, sign byte) (found uint64) {
	const gather = 0x0102040810204080 // the lowest bits of eight bytes in the highest byte
	for i := 0; i < block; i += 8 {
		found |= eightSigns(binary.LittleEndian.Uint64(b[i:]), sign) >> 7 * gather >> 56 << i
	}
	return found
}

// ahead is how far a stop is looked for at once.
const ahead = 512

// cutCommasPortable is cutCommas without such instructions. It has use for the last
// places of cuts too.
func cutCommasPortable(cuts []int32, data []byte, pos int) (n, stop int) {
	for pos < len(data) {
		end := min(pos+ahead, len(data))
		stop = end
		for _, sign := range []byte{'"', '\n'} {
			if i := bytes.IndexByte(data[pos:stop], sign); i >= 0 {
				stop = pos + i
			}
		}
		n += cutPortable(cuts[min(n, len(cuts)):], data, pos, stop)
		if stop < end {
			return n, stop
		}
		pos = end
	}
	return n, pos
}

// cutPortable writes where the commas of data[pos:end] stand, and returns how many.
func cutPortable(cuts []int32, data []byte, pos, end int) (n int) {
	for ; pos+8 <= end; pos += 8 {
		commas := eightSigns(binary.LittleEndian.Uint64(data[pos:]), ',')
		behind := n + bits.OnesCount64(commas)
		for ; commas != 0 && n < len(cuts); n++ {
			cuts[n] = int32(pos + bits.TrailingZeros64(commas)/8)
			commas &= commas - 1
		}
		n = behind
	}
	for ; pos < end; pos++ {
		if data[pos] != ',' {
			continue
		}
		if n < len(cuts) {
			cuts[n] = int32(pos)
		}
		n++
	}
	return n
}

// eightSigns sets the highest bit of each of eight bytes that is the sign.
//
// x has a zero byte where the sign is. Adding sevenBits to the low seven bits of each
// byte carries into its highest bit unless they are all zero, and never into the next
// byte, so that what is left has the highest bit of exactly the zero bytes.
func eightSigns(x uint64, sign byte) uint64 {
	const (
		everyByte = 0x0101010101010101
		sevenBits = 0x7f7f7f7f7f7f7f7f
	)
	x ^= everyByte * uint64(sign)
	return ^(x&sevenBits + sevenBits | x | sevenBits)
}
