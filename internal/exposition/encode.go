package exposition

import (
	"fmt"
	"io"
	"iter"
	"time"
)

// Family is a metric family of gauges or counters.
type Family struct {
	Name, Help string // valid in the classic text format, as the labels
	Counter    bool
	Labels     []string // names
	// Samples gives the samples, the same ones each time. A Sample is used again for
	// the next one.
	Samples iter.Seq[*Sample]
}

// Sample is a sample of a family.
type Sample struct {
	Labels []string // values; where they are one fewer than the names, Last is the last
	Last   string
	Plain  bool // all of Labels are Plain
	Value  float64
	// Created is when a counter began to count; zero when that is not known.
	Created time.Time
}

// label returns the value of a label.
func (s *Sample) label(i int) string {
	if i == len(s.Labels) {
		return s.Last
	}
	return s.Labels[i]
}

// encoder writes families in one format.
type encoder interface {
	// measure takes a family's samples before begin, where the format wants it.
	measure(*Family)
	begin(*Family)
	sample(*Sample)
	// end ends a family. The error is of any write so far.
	end() error
	flush() error
}

// encoder returns an encoder that writes to out.
func (p *Press) encoder(out io.Writer, f Format) encoder {
	if f == Protobuf {
		e := p.protobuf.get()
		if e == nil {
			e = new(protobufEncoder)
		}
		e.out = out
		return e
	}
	e := p.text.get()
	if e == nil {
		e = new(textEncoder)
	}
	e.out, e.openMetrics = out, f == OpenMetrics
	return e
}

// keep keeps an encoder for the next one who needs it, without what it wrote.
func (p *Press) keep(e encoder) {
	switch e := e.(type) {
	case *protobufEncoder:
		e.forget()
		p.protobuf.put(e)
	case *textEncoder:
		e.forget()
		p.text.put(e)
	}
}

// Encode encodes families in several encodings at once and returns a piece for each.
// One without samples is left out.
func (p *Press) Encode(families iter.Seq[*Family], encodings ...Encoding) ([]*Piece, error) {
	pieces := make([]*Piece, len(encodings))
	compressors := make([]compressor, len(encodings))
	encoders := make([]encoder, len(encodings))
	for i, e := range encodings {
		pieces[i] = new(Piece)
		z, err := p.open(e.Compression, pieces[i], &pieces[i].checksum)
		if err != nil {
			return nil, err
		}
		compressors[i], encoders[i] = z, p.encoder(z, e.Format)
	}
	if err := encode(families, encoders...); err != nil {
		return nil, err
	}
	for i, e := range encodings {
		p.keep(encoders[i])
		if err := p.close(e.Compression, compressors[i], pieces[i]); err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// encode goes through families. Without encoders that is all it does.
func encode(families iter.Seq[*Family], encoders ...encoder) error {
	for f := range families {
		for _, e := range encoders {
			e.measure(f)
			e.begin(f)
		}
		for s := range f.Samples {
			for _, e := range encoders {
				e.sample(s)
			}
		}
		for _, e := range encoders {
			if err := e.end(); err != nil {
				return fmt.Errorf("encode %s: %w", f.Name, err)
			}
		}
	}
	for _, e := range encoders {
		if err := e.flush(); err != nil {
			return fmt.Errorf("encode: %w", err)
		}
	}
	return nil
}
