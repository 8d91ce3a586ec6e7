package csvparse

import (
	"bytes"
	"errors"
	"io"
)

// table is the documented columns of one kind of file.
type table struct {
	names   []string       // in their documented order
	aliases map[string]int // folded names that are not the folding of names
}

// header is the first record of a file, matched with its table.
type header struct {
	table  table
	names  []string // as the file spells them
	line   int64
	places []int // where in the file each documented column stands, -1: nowhere
}

// match finds each documented column by its name. Names that the documents do not
// have are accepted and ignored; a documented name that comes twice is an error,
// because nobody can say which of the two is meant.
//
// A column is never taken by its place alone, not even in a file of 56 columns: a
// third spelling and a different column look the same there, and only the first
// may be read as money. A refused file leaves the last good month published and
// an error that names the header; a wrong guess would publish a wrong bill.
func (t table) match(names []string, line int64) (*header, error) {
	h := &header{table: t, names: names, line: line, places: make([]int, len(t.names))}
	known := make(map[string]int, len(t.names)+len(t.aliases))
	for i, name := range t.names {
		known[fold(name)] = i
		h.places[i] = -1
	}
	for name, i := range t.aliases {
		known[name] = i
	}
	for place, name := range names {
		i, ok := known[fold(name)]
		if !ok {
			continue
		}
		if h.places[i] >= 0 {
			return nil, &HeaderError{
				Line: line, Column: place + 1, Field: t.names[i], Reason: DoubledColumn,
				Value: shown([]byte(name)), First: h.places[i] + 1,
			}
		}
		h.places[i] = place
	}
	return h, nil
}

// need returns where the documented column i stands.
func (h *header) need(i int) (int, error) {
	if h.places[i] >= 0 {
		return h.places[i], nil
	}
	err := &HeaderError{Line: h.line, Column: i + 1, Field: h.table.names[i], Reason: MissingColumn}
	if i < len(h.names) {
		err.Value = shown([]byte(h.names[i]))
	}
	return 0, err
}

// missing returns the documented columns that are nowhere.
func (h *header) missing() (columns []Column) {
	for i, place := range h.places {
		if place < 0 {
			columns = append(columns, Column(i))
		}
	}
	return columns
}

// sniffed is how much of a file is looked at to see that it is no CSV.
const sniffed = 4 << 10

// readHeader reads the first record of a file and matches it with its table.
func readHeader(s *scanner, t table) (*header, error) {
	for s.end < sniffed && s.fill() {
	}
	text := s.window[:min(s.end, sniffed)]
	if reason, ok := wideEncoding(text); ok {
		return nil, &HeaderError{Line: 1, Column: 1, Reason: reason, Value: shown(text)}
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(text, bom) {
		s.start = len(bom)
		text = text[s.start:]
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	if reason, ok := sniff(text); ok {
		return nil, &HeaderError{Line: 1, Column: 1, Reason: reason, Value: shown(text)}
	}
	err := s.next()
	var fault *RowError
	switch {
	case err == io.EOF:
		return nil, &HeaderError{Line: 1, Column: 1, Reason: EmptyFile}
	case errors.As(err, &fault):
		return nil, &HeaderError{Line: fault.Line, Column: fault.Column, Reason: fault.Reason, Value: fault.Value}
	case err != nil:
		return nil, err
	case s.fields > maxColumns:
		return nil, &HeaderError{Line: s.recordLine, Column: maxColumns + 1, Reason: TooLong}
	}
	names := make([]string, s.fields)
	for i := range names {
		names[i] = string(unquote(s.raw(i)))
	}
	s.names = names
	return t.match(names, s.recordLine)
}

// sniff recognises what is not CSV at all by its first sign. No documented header
// begins with one of these.
func sniff(text []byte) (Reason, bool) {
	if len(text) > 0 {
		switch text[0] {
		case '<':
			return HTML, true
		case '{', '[':
			return JSON, true
		}
	}
	return "", false
}

// wideEncoding recognises text of two or four bytes a character, by its byte order
// mark or by the zeros that its first character, which is an ASCII one, is made of.
func wideEncoding(text []byte) (Reason, bool) {
	zero := func(i int) bool { return i < len(text) && text[i] == 0 }
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(text, []byte{0, 0, 0xfe, 0xff}),
		zero(0) && zero(1) && zero(2), zero(1) && zero(2) && zero(3):
		return UTF32, true
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}), zero(0), zero(1):
		return UTF16, true
	}
	return "", false
}
