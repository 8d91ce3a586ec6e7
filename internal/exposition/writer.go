package exposition

import (
	"hash/maphash"
	"io"
	"math"
	"strconv"

	"ukcloud_exporter/money"
)

// flushAt bounds what a Writer holds of a text format. One family in protobuf
// is held whole, because its length goes before it.
const flushAt = 64 << 10

// Writer writes families in one format. A series that was already written in
// the present family is dropped and counted, because one duplicate would make
// Prometheus refuse the whole scrape.
type Writer struct {
	format Format
	out    io.Writer
	err    error
	buf    []byte
	desc   *Desc
	begun  bool   // the present family has a sample
	labels []byte // label text of the present sample
	seen   seen

	series, duplicates int
}

// NewWriter returns a Writer to out. Call Close at the end.
func NewWriter(out io.Writer, format Format) *Writer {
	return &Writer{format: format, out: out, seen: newSeen()}
}

// Family begins a family. One without samples leaves no trace in the output.
// All samples of a family follow each other: it may be begun only once.
func (w *Writer) Family(d *Desc) {
	w.endFamily()
	w.desc = d
	w.seen.next()
}

// Sample writes one sample; pairs are label names and values behind those of l.
func (w *Writer) Sample(l Labels, value float64, pairs ...string) {
	if w.admit(l, pairs) {
		w.sample(value, strconv.AppendFloat(w.number(), value, 'g', -1, 64))
	}
}

// Bool writes a sample of 1 or 0.
func (w *Writer) Bool(l Labels, value bool, pairs ...string) {
	n := int64(0)
	if value {
		n = 1
	}
	w.Int(l, n, pairs...)
}

// Int writes a sample with a whole number.
func (w *Writer) Int(l Labels, value int64, pairs ...string) {
	if w.admit(l, pairs) {
		w.sample(float64(value), strconv.AppendInt(w.number(), value, 10))
	}
}

// Money writes a sample in pounds. In the text formats it is the exact decimal
// number, which never was a float.
func (w *Writer) Money(l Labels, value money.Amount, pairs ...string) {
	if w.admit(l, pairs) {
		var f float64
		if w.format == Protobuf {
			f = value.Float64()
		}
		w.sample(f, value.Append(w.number()))
	}
}

// number returns the buffer to which the text formats append the number:
// the output itself, behind name and labels. Protobuf has no use for it.
func (w *Writer) number() []byte {
	switch w.format {
	case Text, OpenMetrics:
		w.buf = append(w.buf, w.desc.Name...)
		if len(w.labels) > 0 {
			w.buf = append(w.buf, '{')
			w.buf = append(w.buf, w.labels...)
			w.buf = append(w.buf, '}')
		}
		w.buf = append(w.buf, ' ')
		return w.buf
	default:
		return w.labels[len(w.labels):]
	}
}

// sample ends a sample whose number is already appended to the text.
func (w *Writer) sample(value float64, text []byte) {
	switch w.format {
	case Text:
		w.buf = append(text, '\n')
	case OpenMetrics:
		w.buf = append(asOpenMetricsFloat(text, len(w.buf)), '\n')
	case Protobuf:
		w.buf = appendMetric(w.buf, w.desc.Type, Labels(w.labels), value)
	}
	if w.format != Protobuf && len(w.buf) >= flushAt {
		w.flush()
	}
}

// asOpenMetricsFloat makes a float of a whole number, as expfmt does and as
// OpenMetrics recommends; number starts at text[from:].
func asOpenMetricsFloat(text []byte, from int) []byte {
	for _, c := range text[from:] {
		if c != '-' && (c < '0' || c > '9') {
			return text
		}
	}
	return append(text, '.', '0')
}

// admit notes the series and tells whether it is the first of its kind in the
// family. It leaves the label text in w.labels and the family's head in the output.
func (w *Writer) admit(l Labels, pairs []string) bool {
	w.labels = appendPairs(append(w.labels[:0], l...), pairs)
	if !w.seen.add(w.labels) {
		w.duplicates++
		return false
	}
	w.series++
	if !w.begun {
		w.begun = true
		w.buf = w.format.appendHead(w.buf, w.desc)
	}
	return true
}

func (w *Writer) endFamily() {
	if w.begun && w.format == Protobuf {
		w.buf = delimit(w.buf)
		w.flush()
	}
	w.begun = false
}

func (w *Writer) flush() {
	if w.err == nil && w.format != None {
		_, w.err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// Close writes what is left and returns the first error of the output.
func (w *Writer) Close() error {
	w.endFamily()
	w.flush()
	return w.err
}

// seen is the set of label sets of one family. Two hashes of 64 bits with seeds
// of this process stand for a label set: among 10 million series the chance
// that any two meet is below 10^-24, and no text has to be kept.
type seen struct {
	seeds  [2]maphash.Seed
	family uint32
	in     map[[2]uint64]uint32 // the last family in which the label set stood
}

func newSeen() seen {
	return seen{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		in:    map[[2]uint64]uint32{},
	}
}

func (s *seen) next() {
	if s.family == math.MaxUint32 {
		clear(s.in)
		s.family = 0
	}
	s.family++
}

func (s *seen) add(labels []byte) bool {
	key := [2]uint64{maphash.Bytes(s.seeds[0], labels), maphash.Bytes(s.seeds[1], labels)}
	if s.in[key] == s.family {
		return false
	}
	s.in[key] = s.family
	return true
}
