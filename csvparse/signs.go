package csvparse

// block is how many bytes are looked at together. Windows have as many spare bytes
// behind their end, and cuts as many spare places, so that a block that begins within
// them can be read and cut whole.
const block = 64

// newWindow makes a window of so many bytes, with the spare ones.
func newWindow(size int) []byte { return make([]byte, size, size+block) }

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
