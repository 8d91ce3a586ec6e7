package bill

import (
	"bytes"
	"errors"
	"io"
	"iter"
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
	for item := range items([]byte(text)) {
		key, value := string(item.key), string(item.value)
		if !item.pair {
			tags = set(tags, Tag{key, "", "true"})
			continue
		}
		tags = set(tags, Tag{key, value, QuoteJSON(value)})
		pairs++
	}
	if pairs == 0 {
		return nil, errMetadata
	}
	return tags, nil
}

// mostPlainTags is how many tags are compared with each other, to see that none comes
// twice.
const mostPlainTags = 32

// AppendTags appends what ParseMetadata has as one JSON object without nesting, nothing
// where there is no tag. ok is false when the text has no known form.
func AppendTags(to, text []byte) (object []byte, ok bool) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return to, true
	}
	plain := plainTags{object: to}
	if text[0] == '{' && plainObject(text, plain.add) || text[0] != '{' && plain.list(text) {
		return plain.end(), true
	}
	tags, err := ParseMetadata(string(text))
	if err != nil || len(tags) == 0 {
		return to, err == nil
	}
	for i, tag := range tags {
		to = append(to, "{,"[min(i, 1)])
		to = append(to, QuoteJSON(tag.Key)...)
		to = append(to, ':')
		to = append(to, tag.JSON...)
	}
	return append(to, '}'), true
}

// plainTags is an object of tags that are written as they stand in the text.
type plainTags struct {
	object []byte
	keys   [mostPlainTags][]byte
	n      int
}

// add adds a tag. It returns false for a key that has come before, and for one too many.
func (p *plainTags) add(key, _, raw []byte) bool {
	if !p.key(key) {
		return false
	}
	p.object = append(p.object, raw...)
	return true
}

func (p *plainTags) key(key []byte) bool {
	if p.n == len(p.keys) {
		return false
	}
	for _, other := range p.keys[:p.n] {
		if string(other) == string(key) {
			return false
		}
	}
	p.keys[p.n] = key
	p.object = append(p.object, "{,"[min(p.n, 1)], '"')
	p.object = append(p.object, key...)
	p.object = append(p.object, '"', ':')
	p.n++
	return true
}

// list adds the pairs of a list. It returns false for one with anything else, and when
// a text is not as JSON writes it.
func (p *plainTags) list(text []byte) bool {
	for item := range items(text) {
		if !item.pair || !plainASCII(item.key) || !plainASCII(item.value) || !p.key(item.key) {
			return false
		}
		p.object = append(p.object, '"')
		p.object = append(p.object, item.value...)
		p.object = append(p.object, '"')
	}
	return p.n > 0
}

func (p *plainTags) end() []byte {
	if p.n == 0 {
		return p.object
	}
	return append(p.object, '}')
}

// item is what stands between two semicolons of a list: a pair, or a key alone.
type item struct {
	key, value []byte
	pair       bool
}

// items yields those of a list that are not blank.
func items(text []byte) iter.Seq[item] {
	return func(yield func(item) bool) {
		for more := true; more; {
			var between []byte
			between, text, more = bytes.Cut(text, []byte{';'})
			between = bytes.TrimSpace(between)
			if len(between) == 0 {
				continue
			}
			next := item{key: between}
			for i, c := range between {
				if c == '=' || c == ':' {
					next = item{bytes.TrimSpace(between[:i]), bytes.TrimSpace(between[i+1:]), true}
					break
				}
			}
			if !yield(next) {
				return
			}
		}
	}
}

// set adds a tag, in place of an earlier one with its key.
func set(tags []Tag, t Tag) []Tag {
	if i := slices.IndexFunc(tags, func(o Tag) bool { return o.Key == t.Key }); i >= 0 {
		tags[i] = t
		return tags
	}
	return append(tags, t)
}
