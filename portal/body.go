package portal

import (
	"errors"
	"fmt"
	"io"
)

// errTooLarge stands in every error of an answer that has more than it may, which
// then says how much that is.
var errTooLarge = errors.New("answer too large")

// tooLarge says what an answer has more than size bytes of.
func tooLarge(size int, of string) error {
	if size < 1<<20 {
		return fmt.Errorf("%w: more than %d KiB%s", errTooLarge, size>>10, of)
	}
	return fmt.Errorf("%w: more than %d MiB%s", errTooLarge, size>>20, of)
}

// bodyReader reads an answer within its bounds. It remembers what broke the body:
// the JSON library tells a body that breaks in the middle of a value from broken
// JSON at some places only.
type bodyReader struct {
	in   io.Reader
	left int // bytes of maxAnswer

	part, parts int  // the budget of what is read now: bytes left, and all
	object      bool // that is one object

	more [1]byte // what would be too much
	next error   // what the next read gives
	end  error   // what a read gave, io.EOF for a good end
}

func newBodyReader(in io.Reader, limit int) *bodyReader {
	return &bodyReader{in: in, left: maxAnswer, part: limit, parts: limit}
}

// allow begins the budget of an object.
func (r *bodyReader) allow(bytes int) { r.part, r.parts, r.object = bytes, bytes, true }

// Read gives an error only where nothing was read before it, so that end is what
// the bytes so far are followed by.
func (r *bodyReader) Read(p []byte) (n int, err error) {
	if r.next == nil {
		most := min(r.left, r.part)
		if most == 0 { // only now is anything too much: what was read ahead is of the next object
			p = r.more[:]
		}
		n, r.next = r.in.Read(p[:min(len(p), max(most, 1))])
		if most == 0 && n > 0 {
			n, r.next = 0, r.tooLarge()
		}
		r.left, r.part = r.left-n, r.part-n
		if n > 0 || r.next == nil {
			return n, nil
		}
	}
	r.end = r.next
	return 0, r.end
}

// tooLarge says which bound was reached.
func (r *bodyReader) tooLarge() error {
	switch {
	case r.left == 0:
		return tooLarge(maxAnswer, "")
	case r.object:
		return tooLarge(r.parts, " in one object")
	default:
		return tooLarge(r.parts, "")
	}
}

// broken is what broke the body, nil while nothing has.
func (r *bodyReader) broken() error {
	if r.end == io.EOF { //nolint:errorlint // wrapped it is no good end
		return nil
	}
	return r.end
}

// sticky is a body that goes on giving its first error.
type sticky struct {
	io.ReadCloser
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.ReadCloser.Read(p)
	}
	return n, s.err
}
