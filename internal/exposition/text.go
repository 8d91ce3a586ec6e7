package exposition

import (
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// bufferSize is how much text goes to the compressor at once.
const bufferSize = 64 << 10

// textEncoder writes the classic text format and OpenMetrics 1.0 as prometheus/common
// does (the tests compare them), in two thirds less time: what a family's lines
// have in common is put together once, and label values that are Plain are copied. It
// writes numbers without an exponent: bytes, times and pounds are read by people too.
type textEncoder struct {
	out         io.Writer
	openMetrics bool
	buffer      []byte
	err         error

	family *Family
	headed bool     // the present one
	before []string // what stands before each label's value
	behind string   // and behind the last
}

// forget keeps memory alone.
func (e *textEncoder) forget() {
	clear(e.before)
	*e = textEncoder{buffer: e.buffer[:0], before: e.before[:0]}
	if cap(e.buffer) > 2*bufferSize { // some line was very long
		e.buffer = nil
	}
}

// measure implements encoder.
func (*textEncoder) measure(*Family) {}

// begin implements encoder.
func (e *textEncoder) begin(f *Family) {
	e.family, e.headed = f, false
	e.before = e.before[:0]
	before := f.Name + "{"
	for _, name := range f.Labels {
		e.before = append(e.before, before+name+`="`)
		before = `",`
	}
	e.behind = `"} `
	if len(f.Labels) == 0 {
		e.before, e.behind = append(e.before, f.Name), " "
	}
}

// helpEscapes are what both formats escape in a HELP line.
var helpEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

// head writes the lines that stand once for a family.
func (e *textEncoder) head() {
	name, kind := e.family.Name, "gauge"
	help := helpEscapes.Replace(e.family.Help)
	if e.family.Counter {
		kind = "counter"
	}
	if e.openMetrics {
		help = strings.ReplaceAll(help, `"`, `\"`)
		if e.family.Counter {
			name = strings.TrimSuffix(name, "_total")
		}
	}
	e.buffer = append(e.buffer, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample implements encoder.
func (e *textEncoder) sample(s *Sample) {
	if !e.headed {
		e.head()
		e.headed = true
	}
	b := append(e.buffer, e.before[0]...)
	b = append(e.labels(b, s), e.behind...)
	b = e.number(b, s.Value)
	b = append(b, '\n')
	if e.openMetrics && e.family.Counter && !s.Created.IsZero() {
		b = append(b, strings.TrimSuffix(e.family.Name, "_total")+"_created"...)
		b = append(b, e.before[0][len(e.family.Name):]...)
		b = append(e.labels(b, s), e.behind...)
		b = e.number(b, float64(s.Created.UnixNano())/1e9)
		b = append(b, '\n')
	}
	e.buffer = b
	if len(b) >= bufferSize {
		e.write()
	}
}

// labels appends the values, from the first one on.
func (e *textEncoder) labels(b []byte, s *Sample) []byte {
	for i, value := range s.Labels {
		if i > 0 {
			b = append(b, e.before[i]...)
		}
		if s.Plain {
			b = append(b, value...)
		} else {
			b = appendEscaped(b, value)
		}
	}
	if n := len(s.Labels); n < len(e.family.Labels) {
		if n > 0 {
			b = append(b, e.before[n]...)
		}
		b = appendEscaped(b, s.Last)
	}
	return b
}

// number appends a value.
func (e *textEncoder) number(b []byte, value float64) []byte {
	const exact = 1 << 53
	switch size := math.Abs(value); {
	case size < exact && value == math.Trunc(value):
		b = strconv.AppendInt(b, int64(value), 10)
	case size < exact: // with a fraction
		return strconv.AppendFloat(b, value, 'f', -1, 64)
	case size < 1e21:
		b = strconv.AppendFloat(b, value, 'f', -1, 64)
	default: // NaN and the infinities among them
		return strconv.AppendFloat(b, value, 'g', -1, 64)
	}
	if e.openMetrics {
		b = append(b, ".0"...)
	}
	return b
}

func (e *textEncoder) write() {
	if e.err == nil {
		_, e.err = e.out.Write(e.buffer)
	}
	e.buffer = e.buffer[:0]
}

// end implements encoder.
func (e *textEncoder) end() error { return e.err }

// flush implements encoder.
func (e *textEncoder) flush() error {
	if len(e.buffer) > 0 {
		e.write()
	}
	return e.err
}

// Plain reports whether a label value is written as it is: it needs no escape
// sequence, and is Harmless.
func Plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c == 0 || c == '\n' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendEscaped appends a label value.
func appendEscaped(b []byte, value string) []byte {
	if Plain(value) {
		return append(b, value...)
	}
	value = Harmless(value)
	for i := range len(value) {
		switch c := value[i]; c {
		case '\n':
			b = append(b, `\n`...)
		case '"', '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return b
}

// Harmless returns a label value without bytes that are not UTF-8, which Prometheus
// refuses, and NUL, which ends its text lexer: each becomes U+FFFD. A name that
// somebody typed must not cost the whole scrape.
func Harmless(value string) string {
	for i := range len(value) {
		if c := value[i]; c == 0 || c >= utf8.RuneSelf {
			runes := []rune(value) // each byte that is not UTF-8 becomes U+FFFD
			for i, r := range runes {
				if r == 0 {
					runes[i] = utf8.RuneError
				}
			}
			return string(runes)
		}
	}
	return value
}
