package exposition

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Encode encodes metric families in several encodings at once and returns a piece
// for each. A family is done with when the next one is asked for, which may use its
// memory again. It may come in portions, one after the other, unless an encoding wants
// it Whole. Names must be valid in the classic text format.
func (p *Press) Encode(families iter.Seq[*dto.MetricFamily], encodings ...Encoding) ([]*Piece, error) {
	pieces := make([]*Piece, len(encodings))
	compressors := make([]compressor, len(encodings))
	encoders := make([]*encoder, len(encodings))
	for i, e := range encodings {
		pieces[i] = new(Piece)
		z, err := p.open(e.Compression, pieces[i])
		if err != nil {
			return nil, err
		}
		compressors[i], encoders[i] = z, newEncoder(z, e.Format)
	}
	last := ""
	for f := range families {
		for _, e := range encoders {
			if err := e.encode(f, f.GetName() == last); err != nil {
				return nil, fmt.Errorf("encode %s: %w", f.GetName(), err)
			}
		}
		last = f.GetName()
	}
	for i, e := range encodings {
		if err := encoders[i].buffer.Flush(); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		if err := p.close(e.Compression, compressors[i], pieces[i]); err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// Whole reports whether a family must be encoded at once: in protobuf its length goes
// before it.
func (e Encoding) Whole() bool { return e.Format == Protobuf }

// bufferSize is how much text goes to the compressor at once.
const bufferSize = 64 << 10

// encoder is an expfmt.Encoder with a buffer of text behind it.
type encoder struct {
	expfmt.Encoder
	format Format
	buffer *bufio.Writer
	behind *skipper // behind the buffer
}

func newEncoder(out io.Writer, f Format) *encoder {
	e := &encoder{format: f, behind: &skipper{Writer: out}}
	e.buffer = bufio.NewWriterSize(e.behind, bufferSize)
	switch f {
	case OpenMetrics:
		e.Encoder = expfmt.NewEncoder(plainNumbers{e.buffer, ".0"}, expfmt.FmtOpenMetrics_1_0_0.WithEscapingScheme(model.NoEscaping),
			expfmt.WithCreatedLines())
	case Protobuf:
		e.Encoder = expfmt.NewEncoder(e.buffer, expfmt.FmtProtoDelim.WithEscapingScheme(model.NoEscaping))
	default:
		e.Encoder = expfmt.NewEncoder(plainNumbers{e.buffer, ""}, expfmt.FmtText.WithEscapingScheme(model.NoEscaping))
	}
	return e
}

// encode encodes a family, or more of the last one, whose head is there already.
func (e *encoder) encode(f *dto.MetricFamily, more bool) error {
	if !more {
		return e.Encode(f)
	}
	if err := e.buffer.Flush(); err != nil {
		return err
	}
	name := f.GetName()
	if e.format == OpenMetrics && f.GetType() == dto.MetricType_COUNTER {
		name = strings.TrimSuffix(name, "_total")
	}
	e.behind.skip = len("# TYPE ") + len(name) + len(" ") + len(f.GetType().String()) + len("\n")
	help := f.Help
	f.Help = nil
	err := e.Encode(f)
	f.Help = help
	return err
}

// skipper leaves out the first bytes of what it is given.
type skipper struct {
	io.Writer
	skip int
}

// Write implements io.Writer.
func (s *skipper) Write(b []byte) (int, error) {
	n := min(s.skip, len(b))
	s.skip -= n
	written, err := s.Writer.Write(b[n:])
	return n + written, err
}

// plainNumbers writes numbers without an exponent: bytes, times and pounds are read
// by people too. expfmt hands numbers to Write, which beside them gets escape
// sequences only; all else goes through WriteString and WriteByte.
type plainNumbers struct {
	*bufio.Writer
	whole string // behind a whole number
}

// Write implements io.Writer.
func (w plainNumbers) Write(b []byte) (int, error) {
	if bytes.IndexByte(b, 'e') <= 0 {
		return w.Writer.Write(b)
	}
	value, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(value) >= 1e21 {
		return w.Writer.Write(b)
	}
	plain := strconv.AppendFloat(w.AvailableBuffer(), value, 'f', -1, 64)
	if value == math.Trunc(value) {
		plain = append(plain, w.whole...)
	}
	if _, err := w.Writer.Write(plain); err != nil {
		return 0, err
	}
	return len(b), nil
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
