package portal

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// walker goes once through a value whose syntax the JSON library has checked: it
// looks for nothing that cannot be there. A text that it gives is good until the next.
type walker struct {
	json  []byte
	at    int
	plain bool // ASCII without escapes, so that a text ends at the next quote

	member  int    // where the name of the member that is read begins
	scratch []byte // reused, for texts with escapes and the like
}

// walk returns the reader's walker at the beginning of value.
func (r *reader) walk(value jsontext.Value) *walker {
	r.walker.json, r.walker.at, r.walker.plain = value, 0, isPlain(value)
	return &r.walker
}

// isPlain reports whether all of b is ASCII and nothing is escaped.
func isPlain(b []byte) bool {
	if bytes.IndexByte(b, '\\') >= 0 {
		return false
	}
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// kind is that of the next value.
func (w *walker) kind() jsontext.Kind {
	w.space()
	if w.at == len(w.json) {
		return jsontext.KindInvalid
	}
	if c := w.json[w.at]; c != '-' && (c < '0' || c > '9') {
		return jsontext.Kind(c)
	}
	return jsontext.KindNumber
}

func (w *walker) space() {
	for w.at < len(w.json) && w.json[w.at] <= ' ' {
		w.at++
	}
}

// open steps into an object or a list.
func (w *walker) open() {
	w.space()
	w.at++
}

// more reports whether the object or list goes on, and else steps out of it.
func (w *walker) more() bool {
	w.space()
	switch w.json[w.at] {
	case ',':
		w.at++
		w.space()
	case '}', ']':
		w.at++
		return false
	}
	return true
}

// name reads the name of a member, up to its value.
func (w *walker) name() []byte {
	w.member = w.at
	name := w.quoted()
	w.space()
	w.at++ // the colon
	return name
}

// count notes that the value of a member was left absent because of its kind.
func (w *walker) count(r *reader) {
	name := walker{json: w.json, at: w.member}
	r.malformed[string(name.quoted())]++
}

// quoted reads a text at its first quote.
func (w *walker) quoted() []byte {
	start := w.at
	if w.plain {
		text := w.json[start+1:]
		text = text[:bytes.IndexByte(text, '"')]
		w.at += len(text) + 2
		return text
	}
	for i := start + 1; ; i++ {
		switch c := w.json[i]; {
		case c == '"':
			w.at = i + 1
			return w.json[start+1 : i]
		case c == '\\' || c >= utf8.RuneSelf:
			w.at = w.endOfText(i)
			// What AppendUnquote can still find is invalid UTF-8, which it has then replaced.
			w.scratch, _ = jsontext.AppendUnquote(w.scratch[:0], w.json[start:w.at])
			return w.scratch
		}
	}
}

// endOfText is behind the text that i is in.
func (w *walker) endOfText(i int) int {
	if w.plain {
		return i + bytes.IndexByte(w.json[i:], '"') + 1
	}
	for ; w.json[i] != '"'; i++ {
		if w.json[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// scalar reads a value as text: nothing for null, "" and what is no scalar.
func (w *walker) scalar() (jsontext.Kind, []byte) {
	kind := w.kind()
	switch kind {
	case jsontext.KindString:
		return kind, w.quoted()
	case jsontext.KindBeginObject, jsontext.KindBeginArray, jsontext.KindNull:
		w.skip()
		return kind, nil
	}
	start := w.at
	w.skip()
	return kind, w.json[start:w.at]
}

// skip steps over a value.
func (w *walker) skip() {
	switch w.kind() {
	case jsontext.KindString:
		w.at = w.endOfText(w.at + 1)
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		w.skipNested()
	default:
		for w.at < len(w.json) && w.json[w.at] > ' ' && w.json[w.at] != ',' && w.json[w.at] != '}' && w.json[w.at] != ']' {
			w.at++
		}
	}
}

func (w *walker) skipNested() {
	for depth := 0; ; {
		switch w.json[w.at] {
		case '"':
			w.at = w.endOfText(w.at + 1)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		w.at++
		if depth == 0 {
			return
		}
	}
}

// members returns the members of an object that has been read, in its order.
func members(object jsontext.Value) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		if len(object) == 0 {
			return
		}
		w := walker{json: object}
		for w.open(); w.more(); {
			name := string(w.name())
			w.space()
			start := w.at
			w.skip()
			if !yield(name, object[start:w.at]) {
				return
			}
		}
	}
}

// text reads a text, which a number is too. What is neither is absent and counted.
func (w *walker) text(r *reader) string { return r.texts.of(w.characters(r)) }

// ownText reads a text that no other object has.
func (w *walker) ownText(r *reader) string { return string(w.characters(r)) }

// lasting reads a text that is good as long as the value that is walked through.
func (w *walker) lasting(r *reader) []byte {
	b := w.characters(r)
	if !w.plain {
		b = bytes.Clone(b)
	}
	return b
}

func (w *walker) characters(r *reader) []byte {
	switch kind, b := w.scalar(); kind {
	case jsontext.KindString, jsontext.KindNumber:
		return b
	case jsontext.KindNull:
	default:
		w.count(r)
	}
	return nil
}

// parsed reads a scalar that parse understands. What it does not is absent and counted.
func parsed[T any](w *walker, r *reader, parse func([]byte) (T, bool)) (value Optional[T]) {
	kind, b := w.scalar()
	nested := kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray
	if len(b) > 0 {
		value.Value, value.Valid = parse(b)
	}
	if nested || len(b) > 0 && !value.Valid {
		w.count(r)
		return Optional[T]{}
	}
	return value
}
