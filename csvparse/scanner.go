package csvparse

import (
	"bytes"
	"errors"
	"io"
)

// scanner cuts a stream into records inside one window, which grows with the longest
// record up to most.
//
// Between calls:
//   - 0 <= start <= end <= len(window); window[start:end] has been read and is
//     still to be cut, window[:start] is spent.
//   - window[start] begins line number line or, while skipping, continues it.
//   - err is what the reader said behind window[:end], nil while it may have more.
//   - record is the last record with its line end, from line recordLine. It is part
//     of window[:start], so it and its fields live until the next call.
//   - fields is how many fields record has. Field i lies between cuts[i] and cuts[i+1]
//     in it, its quotes included; cuts[0] is -1. The last cuts, a block of them, are
//     spare and hold nothing of use.
//
// What comes out depends on the bytes alone, never on how the reader cuts them: a
// record is judged when it is there to its end, fills the window, or nothing more
// will come; and the first fault in it stays the first however much follows.
type scanner struct {
	reader   io.Reader
	window   []byte
	most     int // bytes of the longest record, with its line end
	trustEOF bool
	names    []string // the header, nil while it is read

	start, end int
	base       int64 // bytes of the file before window
	limit      int64 // where a part of the file ends: see Until
	err        error
	done       error // the error that ended the file; every later call returns it
	line       int64
	skipping   bool // window[start] is in the rest of a line that was rejected
	supplied   bool // the last line end is not the file's: see fill

	record     []byte
	recordLine int64
	cuts       []int32
	fields     int
	begun      int // where the last field that split has begun starts
	lines      int // line ends of a record that split has found whole
}

// readSize is what is asked of the reader at once: the part of the window that is
// in use then stays in the processor's cache.
const readSize = 64 << 10

// maxColumns is how many columns a header may have.
const maxColumns = 4096

var errBadReader = errors.New("the reader returned an impossible count")

func newScanner(r io.Reader, o options) *scanner {
	s := &scanner{reader: r, window: newWindow(o.first), most: o.most, trustEOF: o.trustEOF, line: 1}
	s.expect(maxColumns)
	return s
}

// next cuts the next record that is not blank. It returns io.EOF at the clean end;
// a *RowError for a record that is no row, and then goes on; a *StreamError for a
// stream that ends where no file does. The first and the last of these stay.
//
// Behind wrong quotes and too long rows it goes on with the line after the one that
// the record starts on, the best guess at where the next row is: a quote that is
// never closed costs its own row and not all rows up to the next quote.
func (s *scanner) next() error {
	for s.done == nil {
		if s.limit > 0 && !s.skipping && s.base+int64(s.start) >= s.limit {
			s.done = ErrPartEnd
			break
		}
		data := s.window[s.start:s.end]
		if s.skipping || blank(data) {
			s.skipLine(data)
			continue
		}
		switch end, size := s.split(data); {
		case end == whole:
			return s.take(data[:size])
		case end == faulty && bytes.IndexByte(data, '\n') >= 0:
			return s.reject(BadQuote, data[:size])
		}
		if !s.fill() {
			if err := s.stuck(); err != nil {
				return err
			}
		}
	}
	return s.done
}

// blank reports whether data begins with a line of nothing.
func blank(data []byte) bool {
	return len(data) > 0 && data[0] == '\n' || len(data) > 1 && data[0] == '\r' && data[1] == '\n'
}

// skipLine drops a line, or what of it has been read.
func (s *scanner) skipLine(data []byte) {
	eol := bytes.IndexByte(data, '\n')
	switch {
	case eol >= 0:
		s.skipping = false
		s.start += eol + 1
		s.line++
	case s.fill():
	case s.full():
		s.start = s.end
	default:
		s.ended()
	}
}

// full reports whether one record is as long as any may be and has not ended.
func (s *scanner) full() bool { return s.end-s.start == s.most }

// stuck decides what to do when the record is not there to its end and cannot be read
// further. It returns nil when the file has ended.
func (s *scanner) stuck() error {
	data := s.window[s.start:s.end]
	if !s.full() {
		s.ended()
		return nil
	}
	if end, size := s.split(data); end == faulty {
		return s.reject(BadQuote, data[:size])
	}
	return s.reject(TooLong, data)
}

// ended notes how the file ends behind what has been read.
func (s *scanner) ended() {
	s.done = io.EOF
	if s.err != io.EOF || s.end > s.start || s.skipping && !s.trustEOF {
		s.done = s.broken()
	}
}

// fill reads more behind window[:end]. It reads until there is twice as much as
// before, so that a record that is cut again from its start costs no more than
// twice its length however small the reads are. It returns false when nothing was
// added: the record is as long as any may be, or the reader has said its last.
func (s *scanner) fill() bool {
	if s.start > 0 {
		s.base += int64(s.start)
		s.end = copy(s.window, s.window[s.start:s.end])
		s.start = 0
	}
	before := s.end
	target := min(max(2*before, 1), s.most)
	if target > len(s.window) {
		window := newWindow(target)
		copy(window, s.window[:before])
		s.window = window
	}
	for idle := 0; s.end < target && s.err == nil; {
		n, err := s.reader.Read(s.window[s.end:min(s.end+readSize, len(s.window))])
		if n < 0 || n > len(s.window)-s.end {
			n, err = 0, errBadReader
		}
		if idle++; n > 0 {
			idle = 0
		} else if err == nil && idle == 100 {
			err = io.ErrNoProgress
		}
		s.end += n
		s.err = err
	}
	if s.end > before {
		return true
	}
	// A last line without its end, from a reader that proves the end.
	if s.err == io.EOF && s.trustEOF && !s.supplied && 0 < s.end && s.end < len(s.window) && s.window[s.end-1] != '\n' {
		s.window[s.end] = '\n'
		s.end++
		s.supplied = true
		return true
	}
	return false
}

// take gives out the record, or rejects it when it has not the header's number of
// fields.
func (s *scanner) take(record []byte) error {
	s.record, s.recordLine = record, s.line
	s.start += len(record)
	s.line += int64(s.lines)
	if s.names == nil || s.fields == len(s.names) {
		return nil
	}
	if s.supplied && s.start == s.end && s.fields < len(s.names) {
		s.line = s.recordLine
		s.done = s.brokenAt(s.fields)
		return s.done
	}
	column := min(s.fields, len(s.names))
	e := &RowError{Line: s.recordLine, Column: column + 1, Field: s.name(column), Reason: WrongFieldCount}
	if column < s.fields {
		e.Value = shown(unquote(s.raw(column)))
	}
	return e
}

// reject drops the line that a record starts on. seen is the record as far as it
// was looked at, and the fault is in the field that was being cut.
func (s *scanner) reject(reason Reason, seen []byte) error {
	column := s.fields
	e := &RowError{
		Line: s.line, Column: column + 1, Field: s.name(column), Reason: reason, Value: shown(seen[s.begun:]),
	}
	eol := bytes.IndexByte(s.window[s.start:s.end], '\n')
	if eol < 0 {
		s.start, s.skipping = s.end, true
		return e
	}
	s.start += eol + 1
	s.line++
	return e
}

// bad rejects the record that was given out last, for a field of it.
func (s *scanner) bad(field int, reason Reason, text []byte) *RowError {
	return &RowError{
		Line: s.recordLine, Column: field + 1, Field: s.names[field], Reason: reason, Value: shown(text),
	}
}

// broken is the end of a stream inside a record, from which there is no return.
func (s *scanner) broken() error {
	data := s.window[s.start:s.end]
	column := 0
	if !s.skipping && len(data) > 0 {
		s.split(data)
		column = s.fields
	}
	return s.brokenAt(column)
}

func (s *scanner) brokenAt(column int) error {
	err := s.err
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &StreamError{Line: s.line, Column: column + 1, Field: s.name(column), Err: err}
}

// name is the header of a field, "" beyond the last one.
func (s *scanner) name(column int) string {
	if column < len(s.names) {
		return s.names[column]
	}
	return ""
}
