package exposition

import (
	"io"
	"iter"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// protobufEncoder writes delimited messages. The length goes before a message, and
// the messages of 10,000 VMs are as large as all that is known of them: so a family is
// measured first and then written in portions, which behind each other are the same
// message.
type protobufEncoder struct {
	out       io.Writer
	portions  portions
	measuring bool
	size      int
	buffer    []byte
	err       error
}

// mostRows bounds the rows that are kept for the next time: those of a small estate.
const mostRows = 128

// forget keeps memory alone, of what was written nothing.
func (e *protobufEncoder) forget() {
	rows := e.portions.rows[:min(len(e.portions.rows), mostRows)] // copied below, or the others would be held by the array
	for _, r := range rows {
		clear(r.values)
		clear(r.labels[:cap(r.labels)])
	}
	*e = protobufEncoder{buffer: e.buffer[:0], portions: portions{rows: slices.Clone(rows)}}
	if cap(e.buffer) > 2*bufferSize {
		e.buffer = nil
	}
}

// measure implements encoder.
func (e *protobufEncoder) measure(f *Family) {
	e.size, e.measuring = 0, true
	e.portions.begin(f, e.portion)
	for s := range f.Samples {
		e.portions.add(s)
	}
	e.portions.end()
	e.measuring = false
}

// begin implements encoder.
func (e *protobufEncoder) begin(f *Family) {
	e.portions.begin(f, e.portion)
	if e.size > 0 {
		e.buffer = protowire.AppendVarint(e.buffer, uint64(e.size))
	}
}

// sample implements encoder.
func (e *protobufEncoder) sample(s *Sample) { e.portions.add(s) }

// end implements encoder.
func (e *protobufEncoder) end() error {
	e.portions.end()
	return e.err
}

// portion measures a portion or writes it. The first one has the family's head.
func (e *protobufEncoder) portion(f *dto.MetricFamily) {
	switch {
	case e.err != nil:
		return
	case e.measuring:
		e.size += proto.Size(f)
		return
	}
	e.buffer, e.err = proto.MarshalOptions{}.MarshalAppend(e.buffer, f)
	if e.err == nil {
		_, e.err = e.out.Write(e.buffer)
	}
	e.buffer = e.buffer[:0]
}

// flush implements encoder.
func (e *protobufEncoder) flush() error { return e.err }

// portionSize is how many samples are in a message at once.
const portionSize = 256

// Portions gives a family as messages of some samples each, of which only the first has
// the family's head but for its name. A message is used again for the next one.
func (f *Family) Portions() iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		var p portions
		more := true
		p.begin(f, func(portion *dto.MetricFamily) { more = more && yield(portion) })
		for s := range f.Samples {
			if p.add(s); !more {
				return
			}
		}
		p.end()
	}
}

// portions makes messages of samples. The structs are used again, because new ones
// would cost more than all the rest of a refresh.
type portions struct {
	each    func(*dto.MetricFamily)
	family  *Family
	message dto.MetricFamily
	rows    []*row // those of the message first
}

// row is a sample with all that it consists of.
type row struct {
	metric  dto.Metric
	gauge   dto.Gauge
	counter dto.Counter
	value   float64
	values  []string
	pairs   []dto.LabelPair
	labels  []*dto.LabelPair
}

func (p *portions) begin(f *Family, each func(*dto.MetricFamily)) {
	kind := dto.MetricType_GAUGE
	if f.Counter {
		kind = dto.MetricType_COUNTER
	}
	p.each, p.family = each, f
	p.message.Name, p.message.Help, p.message.Type, p.message.Metric = &f.Name, &f.Help, &kind, p.message.Metric[:0]
}

func (p *portions) add(s *Sample) {
	n := len(p.message.Metric)
	if n == len(p.rows) {
		p.rows = append(p.rows, new(row))
	}
	r := p.rows[n]
	r.label(p.family.Labels, s)
	r.value = s.Value
	r.metric.Label, r.metric.Gauge, r.metric.Counter = r.labels, nil, nil
	if p.family.Counter {
		r.counter.Value, r.counter.CreatedTimestamp = &r.value, nil
		if !s.Created.IsZero() {
			r.counter.CreatedTimestamp = timestamppb.New(s.Created)
		}
		r.metric.Counter = &r.counter
	} else {
		r.gauge.Value = &r.value
		r.metric.Gauge = &r.gauge
	}
	p.message.Metric = append(p.message.Metric, &r.metric)
	if len(p.message.Metric) == portionSize {
		p.end()
	}
}

// end gives what has not been given yet.
func (p *portions) end() {
	if len(p.message.Metric) == 0 {
		return
	}
	p.each(&p.message)
	p.message.Help, p.message.Type, p.message.Metric = nil, nil, p.message.Metric[:0]
	p.message.Name = nil
}

// label sets the row's labels.
func (r *row) label(names []string, s *Sample) {
	if len(r.pairs) < len(names) {
		r.values, r.pairs = make([]string, len(names)), make([]dto.LabelPair, len(names))
		r.labels = make([]*dto.LabelPair, 0, len(names))
	}
	r.labels = r.labels[:0]
	for i := range names {
		r.values[i] = s.label(i)
		if !s.Plain {
			r.values[i] = Harmless(r.values[i])
		}
		pair := &r.pairs[i]
		pair.Name, pair.Value = &names[i], &r.values[i]
		r.labels = append(r.labels, pair)
	}
}
