package csvparse

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
)

// ending is how the cutting of a record came to its end.
type ending uint8

const (
	unfinished ending = iota // data ends before the record
	whole
	faulty // a quote stands where none may be
)

// split cuts the record that data begins with into fields. eol is the first line
// end in data, or len(data) when there is none. It returns how long a whole record
// is with its line end, or how far a faulty one was looked at. Of a record that is
// not whole the fields are counted that have ended.
//
// The rules are those of RFC 4180 and of encoding/csv: a field is quoted when it
// begins with a quote; a doubled quote in it stands for one; only in quotes may a
// field hold commas, quotes and line ends; \r\n is a line end as \n is.
func (s *scanner) split(data []byte, eol int) (ending, int) {
	s.cuts[0], s.fields = -1, 0
	pos := 0
	for {
		quote := eol
		if i := bytes.IndexByte(data[pos:eol], '"'); i >= 0 {
			quote = pos + i
		}
		pos = s.cutPlain(data, pos, quote)
		s.begun = pos
		if quote == eol && eol == len(data) {
			return unfinished, 0
		}
		if quote == eol {
			end := eol
			if end > pos && data[end-1] == '\r' {
				end--
			}
			s.cut(end)
			return whole, eol + 1
		}
		if quote > pos {
			return faulty, quote + 1
		}
		end := closingQuote(data, pos+1)
		if end < 0 || end+1 == len(data) {
			return unfinished, 0
		}
		switch behind := data[end+1:]; {
		case behind[0] == ',':
			s.cut(end + 1)
			pos = end + 2
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
		s.begun = pos
		if pos > eol { // the field held a line end
			eol = len(data)
			if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
				eol = pos + i
			}
		}
	}
}

// closingQuote returns the place of the quote that ends the field whose text begins
// at pos, -1 when it is not in data.
//
// Metadata is JSON, where every few bytes there is a doubled quote: a block whose
// quotes are all in twos is passed over at once.
func closingQuote(data []byte, pos int) int {
	for {
		if pos+block <= len(data) {
			b := data[pos : pos+block]
			quotes := signs(b, quotes8) | signs(b[8:], quotes8)<<8 | signs(b[16:], quotes8)<<16 | signs(b[24:], quotes8)<<24
			twos := quotes & (quotes >> 1)
			if twos&(twos<<1) == 0 && quotes == twos|twos<<1 {
				pos += block
				continue
			}
		}
		i := bytes.IndexByte(data[pos:], '"')
		if i < 0 {
			return -1
		}
		pos += i
		if pos+1 == len(data) || data[pos+1] != '"' {
			return pos
		}
		pos += 2
	}
}

// cut ends a field before place.
func (s *scanner) cut(place int) {
	s.fields++
	if s.fields < len(s.cuts) {
		s.cuts[s.fields] = int32(place)
	}
}

// block is how many bytes are looked at together.
const block = 32

// cutPlain cuts at the commas of data[pos:end], where no quote is, and returns where
// the field behind the last of them begins.
//
// Fields are short, about twelve bytes: a call of bytes.IndexByte for each costs more
// than looking at whole blocks. The commas of a block are only counted when they are
// all of columns that nobody wants.
func (s *scanner) cutPlain(data []byte, pos, end int) int {
	n, cuts, wanted := s.fields, s.cuts, s.wanted
	for i := pos; i < end; i += block {
		var commas uint32
		if i+block <= len(data) {
			b := data[i : i+block]
			commas = signs(b, commas8) | signs(b[8:], commas8)<<8 | signs(b[16:], commas8)<<16 | signs(b[24:], commas8)<<24
		} else {
			for k, c := range data[i:] {
				if c == ',' {
					commas |= 1 << k
				}
			}
		}
		if end-i < block {
			commas &= 1<<(end-i) - 1
		}
		if commas == 0 {
			continue
		}
		pos = i + bits.Len32(commas)
		behind := n + bits.OnesCount32(commas)
		if n < len(wanted) && behind >= int(wanted[n]) {
			for k := n + 1; commas != 0 && k < len(cuts); k++ {
				cuts[k] = int32(i + bits.TrailingZeros32(commas))
				commas &= commas - 1
			}
		}
		n = behind
	}
	s.fields = n
	return pos
}

// want chooses the fields that are cut from now on, in records of so many columns.
// One field more than that is always cut, to show the first of too many.
func (s *scanner) want(columns int, fields []int) {
	s.cuts = make([]int32, columns+2)
	wanted := make([]bool, columns+2)
	for _, f := range append(fields, columns) {
		wanted[f], wanted[f+1] = true, true // where it starts and where it ends
	}
	s.wanted = make([]int32, columns+2)
	next := int32(math.MaxInt32)
	for n := len(wanted) - 1; n >= 0; n-- {
		if s.wanted[n] = next; wanted[n] {
			next = int32(n)
		}
	}
}

// A sign in each of eight bytes.
const (
	commas8 = 0x2c2c2c2c2c2c2c2c
	quotes8 = 0x2222222222222222
)

// signs sets bit i for each b[i] of eight bytes that is the sign.
//
// x has a zero byte where the sign is. Adding sevenBits to the low seven bits of each
// byte carries into its highest bit unless they are all zero, and never into the next
// byte, so that zeros has the highest bit of exactly the zero bytes; the product
// gathers these bits in its highest byte.
func signs(b []byte, sign8 uint64) uint32 {
	const (
		sevenBits = 0x7f7f7f7f7f7f7f7f
		gather    = 0x0102040810204080
	)
	x := binary.LittleEndian.Uint64(b) ^ sign8
	zeros := ^(x&sevenBits + sevenBits | x | sevenBits)
	return uint32(zeros >> 7 * gather >> 56)
}

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
