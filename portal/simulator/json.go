package simulator

import (
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// stream writes a large JSON answer piece by piece through a small buffer.
type stream struct {
	w    io.Writer
	b    []byte
	err  error
	list []backup // reused from VM to VM
}

const streamBuffer = 32 << 10

// flushed writes the buffer out when it is nearly full. It returns false once
// the client has gone, so that loops can stop.
func (s *stream) flushed() bool {
	if len(s.b) > streamBuffer-4<<10 {
		s.flush()
	}
	return s.err == nil
}

func (s *stream) flush() {
	if s.err == nil && len(s.b) > 0 {
		_, s.err = s.w.Write(s.b)
	}
	s.b = s.b[:0]
}

func (s *stream) raw(text string) { s.b = append(s.b, text...) }

func (s *stream) str(text string) { s.b = appendJSONString(s.b, text) }

// field writes a name and a string value; the name holds its own punctuation.
func (s *stream) field(name, value string) {
	s.raw(name)
	s.str(value)
}

func (s *stream) number(name string, value int64) {
	s.raw(name)
	s.b = strconv.AppendInt(s.b, value, 10)
}

// wallClock writes a time as London's clocks show it, without saying so, and a
// zero time as null.
func (s *stream) wallClock(name string, t time.Time, london *time.Location) {
	s.raw(name)
	if t.IsZero() {
		s.raw("null")
		return
	}
	s.b = append(s.b, '"')
	s.b = t.In(london).AppendFormat(s.b, wallClockLayout)
	s.b = append(s.b, '"')
}

// appendJSONString appends a quoted JSON string.
func appendJSONString(b []byte, text string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
