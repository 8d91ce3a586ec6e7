package exposition

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// chunkSize is the size of the blocks in which a Piece grows. One growing slice
// would hold the old and the new copy at once, twice the size of a plain body.
const chunkSize = 128 << 10

// firstChunk is enough for a collector of a small estate.
const firstChunk = 8 << 10

// Piece is a part of an answer in one encoding. Pieces of equal compression can
// be written behind each other; see Stream.
type Piece struct {
	checksum
	chunks [][]byte
	size   int // bytes in chunks
}

// checksum is what gzip wants to know of the bytes before compression.
type checksum struct {
	plain int64  // how many
	crc   uint32 // CRC-32
}

func (c *checksum) sum() checksum { return *c }

// Size returns the number of encoded bytes.
func (p *Piece) Size() int { return p.size }

// Write appends encoded bytes. It never fails.
func (p *Piece) Write(b []byte) (int, error) {
	n := len(b)
	p.size += n
	for len(b) > 0 {
		last := len(p.chunks) - 1
		if last < 0 || len(p.chunks[last]) == cap(p.chunks[last]) {
			p.chunks = append(p.chunks, p.chunk())
			last++
		}
		chunk := p.chunks[last]
		k := min(len(b), cap(chunk)-len(chunk))
		p.chunks[last] = append(chunk, b[:k]...)
		b = b[k:]
	}
	return n, nil
}

// chunk returns the next one: that of the piece before this one in the same memory, or
// a new one.
func (p *Piece) chunk() []byte {
	if n := len(p.chunks); n < cap(p.chunks) && p.chunks[:n+1][n] != nil {
		return p.chunks[:n+1][n][:0]
	}
	return make([]byte, 0, max(firstChunk, min(p.size, chunkSize)))
}

// WriteTo implements io.WriterTo.
func (p *Piece) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for _, chunk := range p.chunks {
		n, err := w.Write(chunk)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// trim gives back the unused end of the last chunk: most pieces are far smaller
// than one chunk.
func (p *Piece) trim() {
	if last := len(p.chunks) - 1; last >= 0 && len(p.chunks[last]) < cap(p.chunks[last])/2 {
		p.chunks[last] = append([]byte(nil), p.chunks[last]...)
	}
}

// compressor is what a Piece's plain bytes are written to.
type compressor interface {
	io.Writer
	// finish ends the piece.
	finish() error
}

// Press makes pieces. It keeps compressors and encoders for the next piece, because a
// new one costs half a megabyte; the zero value is ready.
type Press struct {
	flate    spare[flate.Writer]
	zstd     spare[zstd.Encoder]
	pieces   spare[Piece]
	text     spare[textEncoder]
	protobuf spare[protobufEncoder]
}

// Piece compresses what write writes. Reuse takes the piece back.
func (p *Press) Piece(c Compression, write func(io.Writer) error) (*Piece, error) {
	piece := p.pieces.get()
	if piece == nil {
		piece = new(Piece)
	}
	z, err := p.open(c, piece, &piece.checksum)
	if err != nil {
		return nil, err
	}
	if err := write(z); err != nil {
		return nil, err
	}
	return piece, p.finish(c, z)
}

// Reuse takes a piece that nobody reads any more, and its memory for another.
func (p *Press) Reuse(piece *Piece) {
	*piece = Piece{chunks: piece.chunks[:0]}
	p.pieces.put(piece)
}

// open returns the compressor that writes to out.
func (p *Press) open(c Compression, out io.Writer, sum *checksum) (compressor, error) {
	switch c {
	case Gzip:
		if f := p.flate.get(); f != nil {
			f.Reset(out)
			return &deflater{sum: sum, flate: f}, nil
		}
		f, err := flate.NewWriter(out, flate.BestSpeed)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", c, err)
		}
		return &deflater{sum: sum, flate: f}, nil
	case Zstd:
		if z := p.zstd.get(); z != nil {
			z.Reset(out)
			return &zstdFrame{z}, nil
		}
		// One thread and a small window: label sets repeat close to each other,
		// and the encoder's own memory counts against the daemon's.
		z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", c, err)
		}
		return &zstdFrame{z}, nil
	default:
		return identity{out}, nil
	}
}

// close completes a piece that is kept.
func (p *Press) close(c Compression, z compressor, piece *Piece) error {
	if err := p.finish(c, z); err != nil {
		return err
	}
	piece.trim()
	return nil
}

// finish completes the piece, and keeps the compressor without it for the next one.
func (p *Press) finish(c Compression, z compressor) error {
	if err := z.finish(); err != nil {
		return fmt.Errorf("encode %s: %w", c, err)
	}
	switch z := z.(type) {
	case *deflater:
		z.flate.Reset(nil)
		p.flate.put(z.flate)
	case *zstdFrame:
		z.Reset(nil)
		p.zstd.put(z.Encoder)
	}
	return nil
}

type identity struct{ io.Writer }

func (identity) finish() error { return nil }

// deflater writes a run of deflate blocks that ends on a byte boundary, is not
// marked final, and refers to nothing before it. Such runs can be joined to one
// gzip member: curl and some proxies stop at the end of the first member, so an
// answer may have no second one.
type deflater struct {
	sum   *checksum
	flate *flate.Writer
}

func (d *deflater) Write(b []byte) (int, error) {
	d.sum.plain += int64(len(b))
	d.sum.crc = crc32.Update(d.sum.crc, crc32.IEEETable, b)
	return d.flate.Write(b)
}

// finish flushes to a byte boundary. Close would mark the last block as final.
func (d *deflater) finish() error { return d.flate.Flush() }

// zstdFrame is one frame. Frames may follow each other (RFC 8878, 3.1).
type zstdFrame struct{ *zstd.Encoder }

func (z *zstdFrame) finish() error { return z.Close() }
