// Package exposition writes metric families straight from a collector's data.
//
// A family is a Desc and a loop that hands samples to a Writer. The same loop
// serves every format (text, OpenMetrics, protobuf) and every compression; what
// comes out is kept as a Piece. Pieces of several collectors are joined into one
// answer without being encoded again.
package exposition

import (
	"strings"
	"unicode/utf8"
)

// Type is the type of a metric family.
type Type uint8

// The types that the portal's data needs.
const (
	Gauge Type = iota
	Counter
)

// String returns the word of the TYPE line.
func (t Type) String() string {
	if t == Counter {
		return "counter"
	}
	return "gauge"
}

// Desc describes one metric family.
type Desc struct {
	Name   string
	Help   string
	Type   Type
	Labels []string // names, in the order in which they are written
}

// Labels is a label set as the text formats write it, escaped and without
// braces. It is made once for a VM and used by all of the VM's families.
type Labels string

// LabelsOf returns the label set of name, value, name, value, ….
func LabelsOf(pairs ...string) Labels {
	return Labels(appendPairs(make([]byte, 0, 16*len(pairs)), pairs))
}

func appendPairs(b []byte, pairs []string) []byte {
	for i := 0; i+1 < len(pairs); i += 2 {
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(b, pairs[i]...)
		b = append(b, '=', '"')
		b = appendEscaped(b, pairs[i+1])
		b = append(b, '"')
	}
	return b
}

// appendEscaped appends a label value. Bytes that are not UTF-8, which
// Prometheus refuses, and NUL, which ends its text lexer, become U+FFFD: a name
// that somebody typed must not cost the whole scrape.
func appendEscaped(b []byte, value string) []byte {
	if plain(value) {
		return append(b, value...)
	}
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == '\\':
			b = append(b, '\\', '\\')
		case r == '"':
			b = append(b, '\\', '"')
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == 0, r == utf8.RuneError:
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = append(b, value[i:i+size]...)
		}
		i += size
	}
	return b
}

func plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c == '\\' || c == '"' || c == '\n' || c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// each calls yield with every name and unescaped value of the label set.
func (l Labels) each(yield func(name, value string)) {
	text := string(l)
	for text != "" {
		name, rest, _ := strings.Cut(text, `="`)
		end, escaped := 0, false
		for rest[end] != '"' {
			if rest[end] == '\\' {
				escaped = true
				end++
			}
			end++
		}
		value := rest[:end]
		if escaped {
			value = unescape(value)
		}
		yield(name, value)
		text = strings.TrimPrefix(rest[end+1:], ",")
	}
}

func unescape(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '\\' {
			i++
			c = value[i]
			if c == 'n' {
				c = '\n'
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
