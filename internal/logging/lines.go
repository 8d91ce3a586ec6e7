package logging

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// timeFormat is RFC 3339 with exactly three places, so that columns line up.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// reserved are the keys of the line itself. An attribute of that name gets a
// prefix, or the JSON object would keep only one of the two. "time" is among
// them because a line has one time, and that is ts.
var reserved = []string{"ts", "time", "level", "caller", "msg"}

// lines stands between slog-gokit and the go-kit logger that writes. slog-gokit
// puts the time under "time" somewhere behind the level, and passes values on
// that the writers would drop or print in clear.
type lines struct {
	next log.Logger
}

// Log writes ts, level, caller and msg, then the attributes in their order. The
// pairs before msg are slog-gokit's own; those behind it are the caller's.
func (l lines) Log(pairs ...any) error {
	own := make(map[any]any, 3)
	for len(pairs) > 1 && pairs[0] != slog.MessageKey {
		own[pairs[0]] = pairs[1]
		pairs = pairs[2:]
	}
	out := make([]any, 0, len(pairs)+6)
	if t, ok := own[slog.TimeKey].(time.Time); ok {
		out = append(out, "ts", t.UTC().Format(timeFormat))
	}
	out = append(out, "level", own[level.Key()])
	if caller, ok := own["caller"]; ok {
		out = append(out, "caller", caller)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		name := pairs[i]
		if i > 0 {
			name = key(fmt.Sprint(name))
		}
		out = append(out, name, value(pairs[i+1]))
	}
	return l.next.Log(out...)
}

// key keeps what both formats can hold; logfmt drops the whole line over a key
// of which nothing is left.
func key(name string) string {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r == '=' || r == '"' || r == 0x7f || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	switch {
	case name == "":
		return "_"
	case slices.Contains(reserved, name):
		return "logged_" + name
	}
	return name
}

// value turns what slog-gokit passes on into what both writers print alike.
// Numbers and booleans stay what they are in JSON.
func value(v any) any {
	attr, ok := v.(slog.Value)
	if !ok {
		return v
	}
	switch attr.Kind() {
	case slog.KindBool, slog.KindInt64, slog.KindUint64:
		return attr.Any()
	case slog.KindTime:
		return attr.Time().UTC().Format(timeFormat)
	case slog.KindFloat64:
		if f := attr.Float64(); f-f == 0 { // JSON has neither NaN nor infinity
			return f
		}
	case slog.KindAny:
		if attr.Any() == nil {
			return nil
		}
		return text(attr.Any())
	}
	return attr.String()
}

// text prints a value of any other type. A type that knows how to hide a part
// of itself is asked in its own way: (*url.URL).String has the password, and
// prometheus/common's Secret hides only from JSON and YAML, so %v would print
// it in clear.
func text(v any) (s string) {
	defer func() {
		if r := recover(); r != nil { // a nil pointer in an interface, mostly
			s = fmt.Sprintf("!PANIC(%T)", v)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case interface{ Redacted() string }:
		return v.Redacted()
	case fmt.Stringer:
		return v.String()
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("!UNPRINTABLE(%T)", v)
	}
	var plain string
	if json.Unmarshal(encoded, &plain) == nil {
		return plain
	}
	return string(encoded)
}
