package csvparse

import (
	"errors"
	"io"
	"slices"
)

// Place is where a record may begin: what follows depends on nothing before it but
// the header.
type Place struct {
	Offset int64 // bytes of the file before it
	Line   int64 // its line in the file, from 1
}

// ErrPartEnd is what Decode returns at the end of the part that Until has set.
var ErrPartEnd = errors.New("the part of the file that is to be read has ended")

// From returns a reader of the same columns that goes on at a place, where r begins:
// where Next says that a record begins, the rows and errors are those of one reader
// for the whole file.
func (b *Billing) From(r io.Reader, at Place) *Billing {
	s := *b.scanner
	s.reader, s.window, s.base, s.line, s.limit = r, newWindow(len(b.scanner.window)), at.Offset, at.Line, 0
	s.start, s.end, s.err, s.done, s.skipping, s.supplied = 0, 0, nil, nil, false, false
	s.record, s.cuts = nil, make([]int32, len(b.scanner.cuts))
	return &Billing{scanner: &s, plan: slices.Clone(b.plan), raw: b.raw, missing: b.missing, texts: newInterner(b.texts.columns)}
}

// Until ends reading at the first record end at or behind an offset, and with offset
// 1 at the next one; 0 is the end of the file. Decode returns ErrPartEnd there, until
// it is set anew.
func (b *Billing) Until(offset int64) {
	b.scanner.limit = offset
	if b.scanner.done == ErrPartEnd {
		b.scanner.done = nil
	}
}

// Next is where the next record begins, and only known when Decode has returned
// ErrPartEnd or a row.
func (b *Billing) Next() Place {
	s := b.scanner
	offset := s.base + int64(s.start)
	if s.supplied && s.start == s.end {
		offset-- // the last line end is not the file's
	}
	return Place{offset, s.line}
}

// guesses is how many lines are tried before a guess is given up.
const guesses = 1000

// Guess looks from an offset on, where r begins, for a line that begins with a record
// of as many fields as the header. It need not be a record of the file: it may
// stand within quotes. Who has read the file up to there knows.
func (b *Billing) Guess(r io.Reader, offset int64) (guess int64, ok bool) {
	part := b.From(r, Place{offset, 1})
	part.scanner.skipping = true
	for range guesses {
		err := part.scanner.next()
		if err == nil {
			return part.scanner.base + int64(part.scanner.start-len(part.scanner.record)), true
		}
		if _, rejected := errors.AsType[*RowError](err); !rejected {
			break
		}
	}
	return 0, false
}
