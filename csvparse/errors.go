package csvparse

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Reason names what is wrong with a row or a header. The set is closed and safe
// as a label.
type Reason string

// Why a row is rejected. The row's money is in no total.
const (
	BadNumber       Reason = "bad_number"        // not a decimal number: letters, NaN, separators, blanks around it
	Precision       Reason = "precision"         // more than nine places that are not zero
	Overflow        Reason = "overflow"          // beyond about 9.2 thousand million
	BadDate         Reason = "bad_date"          // not a date of the calendar in one of the known forms
	WrongFieldCount Reason = "wrong_field_count" // more or fewer fields than the header
	BadQuote        Reason = "bad_quote"         // a quote inside a field, or text behind a closing quote
	TooLong         Reason = "too_long"          // more than 1 MiB
)

// Why a header is refused. Nothing of the file can be read.
const (
	EmptyFile     Reason = "empty_file"     // not even a header
	HTML          Reason = "html"           // a page, as an expired session gives one
	JSON          Reason = "json"           // an error object of the portal
	UTF16         Reason = "utf16"          // not UTF-8, with or without a byte order mark
	UTF32         Reason = "utf32"          // likewise
	MissingColumn Reason = "missing_column" // a wanted column is not there
	DoubledColumn Reason = "doubled_column" // a known column is there twice
)

// RowReasons returns every reason that a RowError may have.
func RowReasons() []Reason {
	return []Reason{BadNumber, Precision, Overflow, BadDate, WrongFieldCount, BadQuote, TooLong}
}

// RowError is one row that is rejected; the rows behind it can still be read.
type RowError struct {
	Line   int64  // line in the file where the row starts, from 1
	Column int    // field of the row, from 1
	Field  string // the header of the column, "" beyond the last one
	Reason Reason
	Value  string // what stands there, escaped and cut to 32 bytes
}

func (e *RowError) Error() string {
	return fmt.Sprintf("line %d, %s: %s: \"%s\"", e.Line, place(e.Column, e.Field), e.Reason, e.Value)
}

// HeaderError is a file that has not the columns that are wanted.
type HeaderError struct {
	Line   int64
	Column int    // field of the header, from 1; of a missing column its documented place
	Field  string // the column in the API reference's spelling
	Reason Reason
	Value  string // what stands there, escaped and cut to 32 bytes
	First  int    // of a doubled column the first place, else 0
}

func (e *HeaderError) Error() string {
	switch e.Reason {
	case MissingColumn:
		return fmt.Sprintf("header on line %d: no column %s; its documented place %d holds \"%s\"", e.Line, e.Field, e.Column, e.Value)
	case DoubledColumn:
		return fmt.Sprintf("header on line %d: column %d \"%s\" is %s, as column %d is already", e.Line, e.Column, e.Value, e.Field, e.First)
	case EmptyFile:
		return "no header: the file is empty"
	case UTF16, UTF32:
		return fmt.Sprintf("the file is in %s, not in UTF-8", map[Reason]string{UTF16: "UTF-16", UTF32: "UTF-32"}[e.Reason])
	case HTML, JSON:
		return fmt.Sprintf("not CSV but %s: \"%s\"", e.Reason, e.Value)
	}
	return fmt.Sprintf("header on line %d, column %d: %s: \"%s\"", e.Line, e.Column, e.Reason, e.Value)
}

// StreamError is the end of a stream that is not the end of the file: nothing
// read from it makes a whole month. Err is io.ErrUnexpectedEOF when the file is
// cut off, else what the reader said.
type StreamError struct {
	Line   int64  // line in the file where the unfinished row starts, from 1
	Column int    // the field that was being read, from 1
	Field  string // its header, "" in the header itself
	Err    error
}

func (e *StreamError) Error() string {
	reason := e.Err.Error()
	if errors.Is(e.Err, io.ErrUnexpectedEOF) {
		reason = "the CSV ends in the middle of this line: it was cut off, or its last line end is missing"
	}
	return fmt.Sprintf("line %d, %s: %s", e.Line, place(e.Column, e.Field), reason)
}

// Unwrap returns what the reader said.
func (e *StreamError) Unwrap() error { return e.Err }

func place(column int, field string) string {
	if field == "" {
		return fmt.Sprintf("column %d", column)
	}
	return fmt.Sprintf("column %d (%s)", column, escaped(field))
}

// maxShown is how much of a value an error shows, in bytes after escaping.
const maxShown = 32

// shown escapes what is not printable and cuts what is too long, so that a log
// line stays one short line whatever the file holds.
func shown(value []byte) string {
	out := make([]byte, 0, maxShown)
	for len(value) > 0 {
		_, size := utf8.DecodeRune(value)
		next := escaped(string(value[:size]))
		if len(out)+len(next) > maxShown {
			break
		}
		out = append(out, next...)
		value = value[size:]
	}
	return string(out)
}

func escaped(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
