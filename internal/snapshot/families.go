package snapshot

import (
	"fmt"
	"hash/maphash"
	"iter"
	"math"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// families makes metric families of parts: each family one group, whichever parts
// its samples come from. One without samples is left out.
//
// The structs are used again for the next family, because new ones would cost more
// than all the rest of a refresh.
type families struct {
	family   dto.MetricFamily
	metrics  []dto.Metric
	gauges   []dto.Gauge
	counters []dto.Counter
	values   []float64
	pairs    []dto.LabelPair
	labels   []*dto.LabelPair
	seen     *seen

	series     int
	duplicates int // samples that were dropped because their series was there
}

// of returns the families of parts. Each is good until the next one is made.
func (m *families) of(all []collector.Family, parts []*collector.Part) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		m.seen, m.series, m.duplicates = newSeen(), 0, 0
		for i := range all {
			if m.make(&all[i], parts); len(m.family.Metric) > 0 && !yield(&m.family) {
				return
			}
		}
	}
}

// make makes m.family.
func (m *families) make(f *collector.Family, parts []*collector.Part) {
	lists := make([][]collector.Sample, len(parts))
	n := 0
	for i, p := range parts {
		lists[i] = f.Samples(p.Data)
		n += len(lists[i])
	}
	// Room for all: what follows points into these slices.
	m.metrics, m.values = room(m.metrics, n), room(m.values, n)
	m.pairs, m.labels = room(m.pairs, n*len(f.Labels)), room(m.labels, n*len(f.Labels))
	kind := dto.MetricType_GAUGE
	switch f.Type {
	case collector.Gauge:
		m.gauges = room(m.gauges, n)
	case collector.Counter:
		kind = dto.MetricType_COUNTER
		m.counters = room(m.counters, n)
	}
	m.family.Name, m.family.Help, m.family.Type, m.family.Metric = &f.Name, &f.Help, &kind, m.family.Metric[:0]
	m.seen.next()
	for _, samples := range lists {
		for i := range samples {
			m.add(f, &samples[i])
		}
	}
}

// room returns an empty slice for n elements. What was in s may stand in it.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, 0, n)
	}
	return s[:0]
}

// next appends an element to s, which has room for it.
func next[T any](s *[]T) *T {
	*s = (*s)[:len(*s)+1]
	return &(*s)[len(*s)-1]
}

// add adds a sample to m.family. A sample whose series is there already is dropped,
// because one duplicate would make Prometheus refuse the whole scrape.
func (m *families) add(f *collector.Family, s *collector.Sample) {
	if len(s.Labels) != len(f.Labels) {
		panic(fmt.Sprintf("%s: a sample has %d label values, not %d", f.Name, len(s.Labels), len(f.Labels)))
	}
	first := len(m.labels)
	for i := range s.Labels {
		pair := next(&m.pairs)
		pair.Name, pair.Value = &f.Labels[i], &s.Labels[i]
		if value := exposition.Harmless(s.Labels[i]); value != s.Labels[i] {
			changed := value // on the heap only where it is needed
			pair.Value = &changed
		}
		m.labels = append(m.labels, pair)
	}
	labels := m.labels[first:len(m.labels):len(m.labels)]
	if !m.seen.add(labels) {
		m.labels, m.pairs = m.labels[:first], m.pairs[:first]
		m.duplicates++
		return
	}
	m.series++
	value := next(&m.values)
	*value = s.Value
	metric := next(&m.metrics)
	metric.Label, metric.Gauge, metric.Counter = labels, nil, nil
	switch f.Type {
	case collector.Gauge:
		metric.Gauge = next(&m.gauges)
		metric.Gauge.Value = value
	case collector.Counter:
		metric.Counter = next(&m.counters)
		metric.Counter.Value, metric.Counter.CreatedTimestamp = value, nil
		if !s.Created.IsZero() {
			metric.Counter.CreatedTimestamp = timestamppb.New(s.Created)
		}
	}
	m.family.Metric = append(m.family.Metric, metric)
}

// seen is the set of label sets of one family. Two hashes of 64 bits with seeds
// of this process stand for a label set: among 10 million series the chance
// that any two meet is below 10^-24, and no text has to be kept.
type seen struct {
	seeds  [2]maphash.Seed
	family uint32
	in     map[[2]uint64]uint32 // the last family in which the label set stood
	text   []byte               // of the present label set
}

func newSeen() *seen {
	return &seen{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		in:    map[[2]uint64]uint32{},
	}
}

// next begins a family.
func (s *seen) next() {
	if s.family == math.MaxUint32 {
		clear(s.in)
		s.family = 0
	}
	s.family++
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
