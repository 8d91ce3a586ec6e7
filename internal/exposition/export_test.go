package exposition

// CombineCRC is combineCRC for the fuzz test.
func CombineCRC(a, b uint32, n int64) uint32 { return combineCRC(a, b, n) }

// Held returns how many bytes the piece holds in memory, in how many blocks, and how
// many in the largest.
func (p *Piece) Held() (bytes, blocks, largest int) {
	for _, chunk := range p.chunks {
		bytes += cap(chunk)
		largest = max(largest, cap(chunk))
	}
	return bytes, len(p.chunks), largest
}

// Trim makes of a piece one that is kept.
func (p *Piece) Trim() { p.trim() }

// Remembered returns how many Descs are remembered. Nobody may gather meanwhile.
func (g *Gatherer) Remembered() int {
	memory := g.spare.get()
	defer g.spare.put(memory)
	return len(memory.byDesc)
}
