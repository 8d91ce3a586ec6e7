package exposition

import (
	"encoding/binary"
	"io"
	"iter"
)

// Part is a part of an answer: a *Piece, or a *Flow.
type Part interface {
	io.WriterTo
	sum() checksum // of what WriteTo has written
}

// Flow is a part that is encoded while it is written. Nothing of it is held.
type Flow struct {
	Press    *Press
	Families iter.Seq[*Family]
	Encoding Encoding

	checksum
}

// WriteTo implements io.WriterTo. The error is of a write.
func (f *Flow) WriteTo(w io.Writer) (int64, error) {
	f.checksum = checksum{}
	counting := &counter{Writer: w}
	z, err := f.Press.open(f.Encoding.Compression, counting, &f.checksum)
	if err != nil {
		return 0, err
	}
	e := f.Press.encoder(z, f.Encoding.Format)
	if err = encode(f.Families, e); err == nil {
		f.Press.keep(e) // not after an error: HTTP/2 may still be writing its buffer
		err = f.Press.finish(f.Encoding.Compression, z)
	}
	return counting.n, err
}

// counter counts what is written.
type counter struct {
	io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n += int64(n)
	return n, err
}

// Stream is one answer: parts of one compression behind each other.
type Stream struct {
	Compression Compression
	Parts       []Part
}

// gzipHeader: deflate, no name, no time, unknown system (RFC 1952, 2.3.1).
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// finalBlock is an empty last block with fixed codes: bits 1, 01 and 0000000.
const finalBlock = "\x03\x00"

const gzipTrailerSize = 8

// Size returns the number of bytes that WriteTo writes. It is known when all parts are
// pieces.
func (s Stream) Size() (size int, known bool) {
	for _, part := range s.Parts {
		p, ok := part.(*Piece)
		if !ok {
			return 0, false
		}
		size += p.size
	}
	if s.Compression == Gzip {
		size += len(gzipHeader) + len(finalBlock) + gzipTrailerSize
	}
	return size, true
}

// WriteTo implements io.WriterTo. The pieces of a gzip answer become one member:
// one header, the runs of blocks, an empty last block, and the checksum of the
// whole, combined from the checksums of the pieces.
func (s Stream) WriteTo(w io.Writer) (int64, error) {
	if s.Compression != Gzip {
		return s.writeParts(w)
	}
	head, err := io.WriteString(w, gzipHeader)
	if err != nil {
		return int64(head), err
	}
	body, err := s.writeParts(w)
	total := int64(head) + body
	if err != nil {
		return total, err
	}
	var crc uint32
	var plain int64
	for _, part := range s.Parts {
		p := part.sum()
		crc = combineCRC(crc, p.crc, p.plain)
		plain += p.plain
	}
	tail := binary.LittleEndian.AppendUint32([]byte(finalBlock), crc)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(plain)) // modulo 2^32, as the format says
	n, err := w.Write(tail)
	return total + int64(n), err
}

func (s Stream) writeParts(w io.Writer) (int64, error) {
	var total int64
	for _, p := range s.Parts {
		n, err := p.WriteTo(w)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
