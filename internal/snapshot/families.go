package snapshot

import (
	"fmt"
	"hash/maphash"
	"iter"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// families makes metric families of parts: each family one group, whichever parts
// its samples come from. One without samples is left out.
//
// The structs are used again, because new ones would cost more than all the rest of a
// refresh, and a family comes in portions, because the structs of 10,000 VMs are as
// large as all that is known of them.
type families struct {
	// whole: a family comes at once.
	whole bool

	portion dto.MetricFamily
	rows    []*row // those of the portion first
	seen    *seen

	series     int
	duplicates int // samples that were dropped because their series was there
}

// portionSize is how many samples of a family come at once.
const portionSize = 1024

// row is a sample with all that it consists of.
type row struct {
	metric  dto.Metric
	gauge   dto.Gauge
	counter dto.Counter
	pairs   []dto.LabelPair
	labels  []*dto.LabelPair
}

// of returns the families of parts. What it returns is good until the next one.
func (m *families) of(all []collector.Family, parts []*collector.Part) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		m.seen, m.series, m.duplicates = newSeen(), 0, 0
		for i := range all {
			f := &all[i]
			m.begin(f)
			for _, p := range parts {
				samples := samplesOf(f, p.Data)
				for j := range samples {
					m.add(f, &samples[j])
					if !m.whole && len(m.portion.Metric) == portionSize {
						if !yield(&m.portion) {
							return
						}
						m.portion.Metric = m.portion.Metric[:0]
					}
				}
			}
			if len(m.portion.Metric) > 0 && !yield(&m.portion) {
				return
			}
		}
	}
}

func (m *families) begin(f *collector.Family) {
	kind := dto.MetricType_GAUGE
	if f.Type == collector.Counter {
		kind = dto.MetricType_COUNTER
	}
	m.portion.Name, m.portion.Help, m.portion.Type, m.portion.Metric = &f.Name, &f.Help, &kind, m.portion.Metric[:0]
	m.seen.family++
}

// add adds a sample. One whose series is there already is dropped, because one
// duplicate would make Prometheus refuse the whole scrape.
func (m *families) add(f *collector.Family, s *collector.Sample) {
	if len(s.Labels) != len(f.Labels) {
		panic(fmt.Sprintf("%s: a sample has %d label values, not %d", f.Name, len(s.Labels), len(f.Labels)))
	}
	n := len(m.portion.Metric)
	if n == len(m.rows) {
		m.rows = append(m.rows, new(row))
	}
	r := m.rows[n]
	r.label(f.Labels, s.Labels)
	if !m.seen.add(r.labels) {
		m.duplicates++
		return
	}
	m.series++
	r.metric.Label, r.metric.Gauge, r.metric.Counter = r.labels, nil, nil
	switch f.Type {
	case collector.Gauge:
		r.gauge.Value = &s.Value
		r.metric.Gauge = &r.gauge
	case collector.Counter:
		r.counter.Value, r.counter.CreatedTimestamp = &s.Value, nil
		if !s.Created.IsZero() {
			r.counter.CreatedTimestamp = timestamppb.New(s.Created)
		}
		r.metric.Counter = &r.counter
	}
	m.portion.Metric = append(m.portion.Metric, &r.metric)
}

// label sets the row's labels.
func (r *row) label(names, values []string) {
	if len(r.pairs) < len(names) {
		r.pairs = make([]dto.LabelPair, len(names))
		r.labels = make([]*dto.LabelPair, 0, len(names))
	}
	r.labels = r.labels[:0]
	for i := range names {
		pair := &r.pairs[i]
		pair.Name, pair.Value = &names[i], &values[i]
		if value := exposition.Harmless(values[i]); value != values[i] {
			changed := value // on the heap only where it is needed
			pair.Value = &changed
		}
		r.labels = append(r.labels, pair)
	}
}

// seen is the set of label sets of one family. Two hashes of 64 bits with seeds
// of this process stand for a label set: among 10 million series the chance
// that any two meet is below 10^-24, and no text has to be kept.
type seen struct {
	seeds  [2]maphash.Seed
	family uint32               // the present one, counted from 1
	in     map[[2]uint64]uint32 // the last family in which the label set stood
	text   []byte               // of the present label set
}

func newSeen() *seen {
	return &seen{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		in:    map[[2]uint64]uint32{},
	}
}

// add reports whether the values are new in the family. No value holds a NUL.
func (s *seen) add(labels []*dto.LabelPair) bool {
	s.text = s.text[:0]
	for _, l := range labels {
		s.text = append(s.text, *l.Value...)
		s.text = append(s.text, 0)
	}
	key := [2]uint64{maphash.Bytes(s.seeds[0], s.text), maphash.Bytes(s.seeds[1], s.text)}
	if s.in[key] == s.family {
		return false
	}
	s.in[key] = s.family
	return true
}
