package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"ukcloud_exporter/internal/spelling"
)

// field is one key of a mapping.
type field struct {
	key, doc string
	value    reflect.Value
}

// fields are the keys of a struct; those of an embedded struct are its own.
func fields(v reflect.Value) []field {
	var out []field
	if s, ok := v.Interface().(sections); ok {
		for _, section := range s.all {
			out = append(out, field{key: section.name, value: section.settings})
		}
		return out
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			out = append(out, fields(v.Field(i))...)
			continue
		}
		out = append(out, field{key: f.Tag.Get("key"), doc: f.Tag.Get("doc"), value: v.Field(i)})
	}
	return out
}

// document parses the file to its one top mapping, or reports why there is none.
func (l *loader) document(data []byte) *yaml.Node {
	if line := badText(data); line > 0 {
		l.report(line, "", "is not UTF-8 text without control characters")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && isNull(doc.Content[0]) {
		l.report(1, "", "the file is empty")
		return nil
	}
	if err == nil {
		err = d.Decode(&second)
	}
	switch {
	case err == nil:
		l.report(second.Line, "", "a second YAML document is not supported")
		return nil
	case !errors.Is(err, io.EOF):
		l.syntax(err, data)
		return nil
	}
	return doc.Content[0]
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == tagNull }

// badText returns the line of the first byte that YAML does not allow, because
// the decoder's own error has no line; 0 is none.
func badText(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return 1 + bytes.Count(data[:i], []byte("\n"))
		}
		i += size
	}
	return 0
}

var (
	syntaxLine    = regexp.MustCompile(`^line (\d+): `)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	// parserFault matches the faults whose line the decoder counts from 0,
	// unlike those of its scanner.
	parserFault = regexp.MustCompile(`^did not find expected (<|node content|'-'|key$|',' or)`)
)

// syntax turns the decoder's error into a problem. Its texts are fixed but for
// those that quote an anchor's name, and a password may begin with * or &.
func (l *loader) syntax(err error, data []byte) {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := syntaxLine.FindStringSubmatch(reason); m != nil {
		line, _ = strconv.Atoi(m[1])
		reason = reason[len(m[0]):]
		if parserFault.MatchString(reason) {
			line++
		}
	}
	if m := unknownAnchor.FindStringSubmatch(reason); m != nil {
		line = 1 + bytes.Count(data[:max(0, bytes.Index(data, []byte("*"+m[1])))], []byte("\n"))
		reason = "an alias without its anchor; text that begins with * needs quotes"
	}
	l.report(line, "", "not valid YAML: "+reason)
}

// read fills v from a node and notes the line of each key.
//
// The decoder's own KnownFields would do for less code, but its errors quote keys and
// values, where a password may stand, and it takes 0123 for text.
func (l *loader) read(v reflect.Value, n *yaml.Node, path string) {
	l.lines[path] = n.Line
	if reason := unsupported(n); reason != "" {
		l.addAt(n.Line, path, reason)
		return
	}
	if s, ok := scalarOf(v.Type()); ok {
		l.readScalar(v, s, n, path)
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			l.addAt(n.Line, path, "is not a list")
			return
		}
		list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
		for i, item := range n.Content {
			l.read(list.Index(i), item, fmt.Sprintf("%s[%d]", path, i))
		}
		v.Set(list)
	default: // a struct or a map of headers
		if n.Kind != yaml.MappingNode {
			if !isNull(n) { // a section with nothing in it is one that was left out
				l.addAt(n.Line, path, "is not a section with keys")
			}
			return
		}
		l.readMapping(v, n, path)
	}
}

func (l *loader) readScalar(v reflect.Value, s scalar, n *yaml.Node, path string) {
	switch {
	case n.Kind != yaml.ScalarNode:
		l.addAt(n.Line, path, "is not a single value ("+s.name+")")
	case isNull(n):
		l.addAt(n.Line, path, "has no value ("+s.name+")")
	default:
		value, reason := s.read(n)
		if reason != "" {
			l.addAt(n.Line, path, reason)
			return
		}
		if p, ok := value.(filePath); ok {
			value = l.inDirectory(p)
		}
		v.Set(reflect.ValueOf(value).Convert(v.Type()))
	}
}

// inDirectory makes a path relative to the directory of the file.
func (l *loader) inDirectory(p filePath) filePath {
	if p == "" || filepath.IsAbs(string(p)) {
		return p
	}
	return filePath(filepath.Join(filepath.Dir(l.file), string(p)))
}

// unsupported names the parts of YAML that a configuration does without, and
// that a password may look like.
func unsupported(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return "uses an anchor or alias, which is not supported; text that begins with & or * needs quotes"
	case n.Style&yaml.TaggedStyle != 0:
		return "uses a YAML tag, which is not supported; text that begins with ! needs quotes"
	}
	return ""
}

// readMapping reads the keys of a section, each at most once.
func (l *loader) readMapping(v reflect.Value, n *yaml.Node, path string) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge":
			l.report(key.Line, path, "merges another mapping, which is not supported")
			continue
		case key.Kind != yaml.ScalarNode || key.ShortTag() != tagText || unsupported(key) != "":
			l.report(key.Line, path, "has a key that is not plain text")
			continue
		case first[key.Value] != 0:
			l.report(key.Line, keyPath(path, key, value, nil), fmt.Sprintf("is given twice, first in line %d", first[key.Value]))
			continue
		}
		first[key.Value] = key.Line
		if v.Kind() == reflect.Map {
			l.readHeader(v, key, value, path)
		} else {
			l.readField(v, key, value, path)
		}
	}
}

func (l *loader) readField(v reflect.Value, key, value *yaml.Node, path string) {
	var known []string
	for _, f := range fields(v) {
		if f.key == key.Value {
			at := join(path, f.key)
			l.read(f.value, value, at)
			l.lines[at] = key.Line
			return
		}
		known = append(known, f.key)
	}
	at := keyPath(path, key, value, known)
	reason := "unknown key"
	if r, ok := refused[join(path, key.Value)]; ok {
		at, reason = join(path, key.Value), r
	} else if meant := spelling.Closest(key.Value, known); meant != "" {
		reason += fmt.Sprintf(", did you mean %q?", meant)
	}
	l.report(key.Line, at, reason)
}

// headerName is a token of HTTP.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (l *loader) readHeader(v reflect.Value, key, value *yaml.Node, path string) {
	if !headerName.MatchString(key.Value) {
		l.report(key.Line, path, "has a key that is not a header's name")
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	element := reflect.New(v.Type().Elem()).Elem()
	l.read(element, value, join(path, key.Value))
	v.SetMapIndex(reflect.ValueOf(key.Value), element)
}

var plainKey = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// keyPath is the path of a key that may not be one of ours. A text that neither
// looks like a key with a value nor comes near to a known one is not named: in
// {password, hunter2} the password is a key.
func keyPath(path string, key, value *yaml.Node, known []string) string {
	if plainKey.MatchString(key.Value) && !isNull(value) || spelling.Closest(key.Value, known) != "" {
		return join(path, key.Value)
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
