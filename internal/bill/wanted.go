package bill

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// wanted are the values of some keys in one text of the Metadata column, in the order of
// the keys; nil where the text has not the key.
type wanted struct {
	keys   []string
	values [][]byte // part of the text, mostly
	bad    bool     // the text has no known form
}

func newWanted(keys []string) *wanted {
	return &wanted{keys: keys, values: make([][]byte, len(keys))}
}

// find comes to what ParseMetadata comes to, without making what nobody wants. What
// most objects are made of it reads by itself, and leaves the others to ParseMetadata.
func (w *wanted) find(text []byte) {
	w.begin()
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
	case text[0] != '{':
		w.list(text)
	case !w.object(text):
		w.begin()
		w.parse(text)
	}
}

func (w *wanted) begin() {
	clear(w.values)
	w.bad = false
}

func (w *wanted) parse(text []byte) {
	tags, err := ParseMetadata(string(text))
	w.bad = err != nil
	for _, tag := range tags {
		w.set([]byte(tag.Key), []byte(tag.Value))
	}
}

func (w *wanted) list(text []byte) {
	w.bad = true
	for item := range items(text) {
		w.set(item.key, item.value)
		if item.pair {
			w.bad = false
		}
	}
	if w.bad {
		clear(w.values)
	}
}

// set takes note of a value: of a key that comes twice the last one counts.
func (w *wanted) set(key, value []byte) {
	for i := range w.keys {
		if w.keys[i] == string(key) {
			w.values[i] = value
		}
	}
}

func (w *wanted) object(text []byte) bool {
	return plainObject(text, func(key, value, _ []byte) bool { w.set(key, value); return true })
}

// plainObject reads a JSON object of texts, whole numbers, true, false and null, and tells
// of each of its pairs: the key, the value as in a Tag, and as it stands in the text. It
// returns false for one with anything else, for what is no object, and when each does.
func plainObject(text []byte, each func(key, value, raw []byte) bool) bool {
	rest := blanks(text[1:])
	if len(rest) > 0 && rest[0] == '}' {
		return len(rest) == 1
	}
	for {
		key, behind, ok := plainText(rest)
		if !ok {
			return false
		}
		rest = blanks(behind)
		if len(rest) == 0 || rest[0] != ':' {
			return false
		}
		begin := blanks(rest[1:])
		value, behind, ok := plainValue(begin)
		if !ok || !each(key, value, begin[:len(begin)-len(behind)]) {
			return false
		}
		rest = blanks(behind)
		switch {
		case len(rest) == 1 && rest[0] == '}':
			return true
		case len(rest) == 0 || rest[0] != ',':
			return false
		}
		rest = blanks(rest[1:])
	}
}

// blanks takes JSON's blanks off the front.
func blanks(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\n' || text[0] == '\r') {
		text = text[1:]
	}
	return text
}

// plainText reads a text in quotes, of characters that stand for themselves.
func plainText(text []byte) (inner, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return nil, nil, false
	}
	inner, rest = text[1:end+1], text[end+2:]
	return inner, rest, plainASCII(inner) || !slices.ContainsFunc(inner, special) && utf8.Valid(inner)
}

// special reports whether JSON has another form for a character.
func special(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// plainASCII reports whether all characters are ASCII and stand for themselves in JSON.
// It looks at eight at a time.
func plainASCII(text []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		w := binary.LittleEndian.Uint64(text)
		quote, slash := w^('"'*ones), w^('\\'*ones)
		if (w|(w-' '*ones)|(quote-ones)|(slash-ones))&high != 0 {
			return false
		}
	}
	for _, c := range text {
		if special(c) || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainValue reads a value that is as in ParseMetadata what it is in the text, or null.
func plainValue(text []byte) (value, rest []byte, ok bool) {
	if len(text) > 0 && text[0] == '"' {
		return plainText(text)
	}
	end := slices.IndexFunc(text, func(c byte) bool { return c == ',' || c == '}' || c <= ' ' })
	if end < 0 {
		return nil, nil, false
	}
	value, rest = text[:end], text[end:]
	switch string(value) {
	case "true", "false":
		return value, rest, true
	case "null":
		return nil, rest, true
	}
	whole := len(value) > 0 && (value[0] != '0' || len(value) == 1) &&
		!slices.ContainsFunc(value, func(c byte) bool { return c < '0' || c > '9' })
	return value, rest, whole
}
