package bill

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Tag is one key and value of the bill's Metadata column: what customers sort
// their VMs by. JSON is the value as JSON: what was a number, true, false or null
// stays so, what was nested is its text, and a key without a value is true.
type Tag struct{ Key, Value, JSON string }

var errMetadata = errors.New("metadata is neither a JSON object nor a list with semicolons")

// ParseMetadata reads a cell of the Metadata column in the two forms that the
// portal's documents give it: a JSON object ("JSONB object", API reference), or
// key=value or key:value pairs between semicolons (invoice and billing FAQ).
// Values of the object that are no text are given as JSON writes them, null as
// "". Of a key that comes twice the last value counts. A blank cell has no tags.
func ParseMetadata(text string) ([]Tag, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, nil
	case text[0] == '{':
		return parseObject(text)
	default:
		return parseList(text)
	}
}

func parseObject(text string) ([]Tag, error) {
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, errMetadata
	}
	var tags []Tag
	for d.PeekKind() != '}' {
		key, err := d.ReadToken()
		if err != nil {
			return nil, errMetadata
		}
		name := key.String()
		raw, err := d.ReadValue()
		if err != nil {
			return nil, errMetadata
		}
		tags = set(tags, objectTag(name, raw))
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errMetadata
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errMetadata
	}
	return tags, nil
}

func objectTag(key string, raw jsontext.Value) Tag {
	switch raw.Kind() {
	case 'n':
		return Tag{key, "", "null"}
	case '"':
		text, _ := jsontext.AppendUnquote(nil, raw) // what is no text, half a surrogate, is U+FFFD in it
		return Tag{key, string(text), QuoteJSON(string(text))}
	case '{', '[':
		if err := raw.Compact(); err != nil {
			return Tag{key, "", "null"}
		}
		return Tag{key, string(raw), QuoteJSON(string(raw))}
	}
	return Tag{key, string(raw), string(raw)}
}

// QuoteJSON writes a text as JSON.
func QuoteJSON(text string) string {
	quoted, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\ufffd"))
	if err != nil {
		panic("bill: " + err.Error()) // the text is valid UTF-8
	}
	return string(quoted)
}

func parseList(text string) ([]Tag, error) {
	var tags []Tag
	pairs := 0
	for item := range strings.SplitSeq(text, ";") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		i := strings.IndexAny(item, "=:")
		if i < 0 {
			tags = set(tags, Tag{item, "", "true"})
			continue
		}
		value := strings.TrimSpace(item[i+1:])
		tags = set(tags, Tag{strings.TrimSpace(item[:i]), value, QuoteJSON(value)})
		pairs++
	}
	if pairs == 0 {
		return nil, errMetadata
	}
	return tags, nil
}

// set adds a tag, in place of an earlier one with its key.
func set(tags []Tag, t Tag) []Tag {
	if i := slices.IndexFunc(tags, func(o Tag) bool { return o.Key == t.Key }); i >= 0 {
		tags[i] = t
		return tags
	}
	return append(tags, t)
}

// tagCacheBytes bounds what a tagCache keeps: the metadata of some 20,000 VMs, about.
const tagCacheBytes = 8 << 20

// tagCache knows the values of the wanted keys for each distinct text of the
// Metadata column, so that a text is parsed once and not in each of its rows.
// Before it grows beyond its bound it forgets everything.
type tagCache struct {
	keys  []string // wanted
	known map[string]tagged
	bytes int
	last  tagged
	text  string // that last is of
}

// tagged is one text's values, in the order of the wanted keys; "" where the
// text has not the key.
type tagged struct {
	values []string
	bad    bool // the text has no known form
}

func newTagCache(keys []string) *tagCache {
	return &tagCache{keys: keys, known: map[string]tagged{}, last: tagged{values: make([]string, len(keys))}}
}

func (c *tagCache) of(text string) tagged {
	if text == c.text {
		return c.last
	}
	t, ok := c.known[text]
	if !ok {
		t = c.learn(text)
	}
	c.text, c.last = text, t
	return t
}

func (c *tagCache) learn(text string) tagged {
	tags, err := ParseMetadata(text)
	t := tagged{values: make([]string, len(c.keys)), bad: err != nil}
	for i, key := range c.keys {
		if at := slices.IndexFunc(tags, func(o Tag) bool { return o.Key == key }); at >= 0 {
			t.values[i] = strings.Clone(tags[at].Value) // not the whole text behind a short value
		}
	}
	const entry = 128 // a map's own cost, about
	size := entry + len(text) + 16*len(c.keys)
	for _, value := range t.values {
		size += len(value)
	}
	if c.bytes+size > tagCacheBytes {
		clear(c.known)
		c.bytes = 0
	}
	c.known[text] = t
	c.bytes += size
	return t
}
