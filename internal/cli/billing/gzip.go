package billing

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// gzipMagic is how a file that is compressed begins.
const gzipMagic = "\x1f\x8b"

// gzipReader decompresses a file, which may be several that were written one behind the
// other, as gzip does. gzip.Reader takes what follows for the beginning of another one,
// and when it is short for one that was cut off: here it is told as what it is.
type gzipReader struct {
	from *bufio.Reader
	one  *gzip.Reader
}

func newGzipReader(from *bufio.Reader) (*gzipReader, error) {
	one, err := gzip.NewReader(from)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, &gzipError{"was cut off within its header"}
		}
		return nil, ofGzip(err)
	}
	one.Multistream(false)
	return &gzipReader{from, one}, nil
}

// Read implements io.Reader.
func (g *gzipReader) Read(b []byte) (int, error) {
	n, err := g.one.Read(b)
	if err != io.EOF {
		return n, ofGzip(err)
	}
	return n, g.next()
}

// next goes on with what follows. It returns io.EOF where nothing does.
func (g *gzipReader) next() error {
	first, err := g.from.Peek(len(gzipMagic))
	if len(first) == 0 {
		return err
	}
	if string(first) != gzipMagic {
		return &gzipError{"is followed by something else: bytes are behind its end"}
	}
	err = g.one.Reset(g.from)
	g.one.Multistream(false)
	return ofGzip(err)
}

// gzipError is a file that gzip has not written so.
type gzipError struct{ reason string }

func (e *gzipError) Error() string { return "the gzip file " + e.reason }

// ofGzip says what is wrong with a file in place of the errors that decompressing gives.
func ofGzip(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &gzipError{"was cut off"}
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return &gzipError{fmt.Sprintf("is damaged: %s", err)}
	}
	return err
}
