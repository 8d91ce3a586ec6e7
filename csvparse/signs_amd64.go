//go:build !purego

package csvparse

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vectors reports whether the processor has the instructions of signs_amd64.s, as most
// have.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// signs sets bit i for each b[i] of block bytes that is the sign.
func signs(b []byte, sign byte) uint64 {
	if !vectors {
		return signsPortable(b, sign)
	}
	return signsVector((*[block]byte)(b), sign)
}

// cutCommas looks at data from pos on for the first quote or line end, and returns
// where it stands, len(data) if there is none. It writes where the commas before it
// stand to cuts, as long as cuts have room for a whole block and perhaps some more,
// and returns how many commas these are.
func cutCommas(cuts []int32, data []byte, pos int) (n, stop int) {
	if !vectors || pos == len(data) || cap(data)-len(data) < block {
		return cutCommasPortable(cuts, data, pos)
	}
	return cutCommasVector(unsafe.SliceData(cuts), len(cuts)-block, unsafe.SliceData(data), pos, len(data))
}

// signsVector is signs.
//
//go:noescape
func signsVector(b *[block]byte, sign byte) uint64

// cutCommasVector is cutCommas for data[pos:end] with pos before end. A block is cut
// while no more than room commas have been, so there must be places for room + block
// cuts; and less than block bytes behind end are read, though not looked at.
//
//go:noescape
func cutCommasVector(cuts *int32, room int, data *byte, pos, end int) (n, stop int)
