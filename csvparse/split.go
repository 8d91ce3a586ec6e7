package csvparse

import (
	"bytes"
	"math/bits"
)

// ending is how the cutting of a record came to its end.
type ending uint8

const (
	unfinished ending = iota // data ends before the record
	whole
	faulty // a quote stands where none may be
)

// split cuts the record that data begins with into fields. It returns how long a whole
// record is with its line end, or how far a faulty one was looked at. Of a record that
// is not whole the fields are counted that have ended.
//
// The rules are those of RFC 4180 and of encoding/csv: a field is quoted when it
// begins with a quote; a doubled quote in it stands for one; only in quotes may a
// field hold commas, quotes and line ends; \r\n is a line end as \n is.
func (s *scanner) split(data []byte) (ending, int) {
	s.cuts[0], s.fields, s.begun, s.lines = -1, 0, 0, 1
	for {
		stop := s.cutPlain(data)
		switch {
		case stop == len(data):
			return unfinished, 0
		case data[stop] == '\n':
			end := stop
			if end > s.begun && data[end-1] == '\r' {
				end--
			}
			s.cut(end)
			return whole, stop + 1
		case stop > s.begun:
			return faulty, stop + 1
		}
		end := closingQuote(data, stop+1)
		if end < 0 || end+1 == len(data) {
			return unfinished, 0
		}
		s.lines += bytes.Count(data[stop:end], []byte{'\n'})
		switch behind := data[end+1:]; {
		case behind[0] == ',':
			s.cut(end + 1)
			s.begun = end + 2
		case behind[0] == '\n':
			s.cut(end + 1)
			return whole, end + 2
		case behind[0] == '\r' && len(behind) == 1:
			return unfinished, 0
		case behind[0] == '\r' && behind[1] == '\n':
			s.cut(end + 1)
			return whole, end + 3
		default:
			return faulty, end + 2
		}
	}
}

// shortText is how far a quote is looked for that ends a text without quotes.
const shortText = 48

// closingQuote returns the place of the quote that ends the field whose text begins
// at pos, -1 when it is not in data: the last one of the first odd number of quotes in
// a row, because two of them are one of the text.
//
// Texts that are quoted are short, or JSON, where every few bytes there is a doubled
// quote, so that blocks are looked at as a whole: adding the first bit of a row of
// quotes carries to the place behind its last one. A row that begins at an even place
// and whose carry lands on an odd one, or the other way round, is of an odd number.
func closingQuote(data []byte, pos int) int {
	if i := bytes.IndexByte(data[pos:min(pos+shortText, len(data))], '"'); i >= 0 && pos+i+1 < len(data) && data[pos+i+1] != '"' {
		return pos + i
	}
	const even, odd = 0x5555555555555555, 0xaaaaaaaaaaaaaaaa
	for pos < len(data) {
		quotes := signsAt(data, pos, '"')
		first := quotes &^ (quotes << 1)
		behindEven := (quotes + first&even) &^ quotes
		behindOdd := (quotes + first&odd) &^ quotes
		if behind := behindEven&odd | behindOdd&even; behind != 0 {
			return pos + bits.TrailingZeros64(behind) - 1
		}
		// Quotes at the end of the block may go on in the next one.
		size := block
		if open := bits.LeadingZeros64(^quotes); open < block {
			size -= open
		}
		pos += size
	}
	return -1
}

// cut ends a field before place.
func (s *scanner) cut(place int) {
	s.fields++
	if s.fields < len(s.cuts) {
		s.cuts[s.fields] = int32(place)
	}
}

// cutPlain cuts at the commas from begun on and returns where the first quote or line
// end stands, or the end of data.
func (s *scanner) cutPlain(data []byte) (stop int) {
	n, stop := cutCommas(s.cuts[min(s.fields+1, len(s.cuts)):], data, s.begun)
	if n == 0 {
		return stop
	}
	s.fields += n
	if s.fields <= len(s.cuts)-block {
		s.begun = int(s.cuts[s.fields]) + 1
	} else {
		s.begun += bytes.LastIndexByte(data[s.begun:stop], ',') + 1
	}
	return stop
}

// expect makes room for records of so many columns and one field more, to show the
// first of too many.
func (s *scanner) expect(columns int) { s.cuts = make([]int32, columns+2+block) }

// raw is field i as the file writes it, with its quotes. It lives until the next
// call of next.
func (s *scanner) raw(i int) []byte {
	return s.record[s.cuts[i]+1 : s.cuts[i+1]]
}

// unquote takes the quotes off a field. It writes over the field: raw afterwards
// gives nonsense.
func unquote(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '"') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i] == '"' || text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++ // the second of two quotes, or the \n of \r\n
		}
		text[n] = text[i]
		n++
	}
	return text[:n]
}
