package exposition

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Gatherer gathers what a registry's own Gather gathers, in memory that it uses again:
// two fifths of what a scrape allocated were that one's channels, maps and messages.
// The zero value is ready.
type Gatherer struct {
	spare spare[gathering]
}

// Registry is a *prometheus.Registry.
type Registry interface {
	prometheus.Gatherer
	prometheus.Collector
}

// Gather calls use with the registry's families, which are gone when it returns. The
// first error is of what could not be gathered and is not among them, the second is
// that of use.
func (g *Gatherer) Gather(r Registry, use func([]*dto.MetricFamily) error) (gathering, using error) {
	memory := g.spare.get()
	if memory == nil {
		memory = newGathering()
	}
	families, err := memory.gather(r)
	if err != nil { // the registry leaves out what is wrong, and nothing else
		families, err = r.Gather()
	}
	using = use(families)
	g.spare.put(memory)
	return err, using
}

// gathering is the memory of one gathering after the other.
type gathering struct {
	metrics  []prometheus.Metric
	byName   map[string]*family
	byDesc   map[*prometheus.Desc]*family
	families []*dto.MetricFamily
}

// family is one whose metrics are written again and again: those behind the end of
// Metric are of an earlier time.
type family struct{ dto.MetricFamily }

// mostDescs bounds what is remembered where a collector makes its Descs anew.
const mostDescs = 1000

func newGathering() *gathering {
	return &gathering{byName: map[string]*family{}, byDesc: map[*prometheus.Desc]*family{}}
}

// gather returns the families sorted by name, each with its metrics sorted by their
// labels. It ends at the first thing that is wrong.
func (g *gathering) gather(c prometheus.Collector) ([]*dto.MetricFamily, error) {
	defer func() { clear(g.metrics) }()
	if err := g.collect(c); err != nil {
		return nil, err
	}
	for _, f := range g.byName {
		f.Metric = f.Metric[:0]
	}
	for _, m := range g.metrics {
		f, err := g.family(m)
		if err != nil {
			return nil, err
		}
		if err := f.add(m); err != nil {
			return nil, err
		}
	}
	g.families = g.families[:0]
	for _, f := range g.byName {
		if len(f.Metric) == 0 {
			continue
		}
		if err := f.sort(); err != nil {
			return nil, err
		}
		g.families = append(g.families, &f.MetricFamily)
	}
	slices.SortFunc(g.families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return g.families, nil
}

// collect takes all metrics before any is looked at, so that no collector waits for us.
func (g *gathering) collect(c prometheus.Collector) (err error) {
	ch := make(chan prometheus.Metric, 64)
	go func() {
		defer close(ch)
		defer func() {
			if reason := recover(); reason != nil {
				err = fmt.Errorf("a collector panicked: %v", reason)
			}
		}()
		c.Collect(ch)
	}()
	g.metrics = g.metrics[:0]
	for m := range ch {
		g.metrics = append(g.metrics, m)
	}
	return err
}

// family returns the family that a metric belongs to.
func (g *gathering) family(m prometheus.Metric) (*family, error) {
	if f, ok := g.byDesc[m.Desc()]; ok {
		return f, nil
	}
	head, err := headOf(m)
	if err != nil {
		return nil, err
	}
	f, ok := g.byName[head.GetName()]
	if !ok {
		f = new(family)
		f.Name, f.Help, f.Unit, f.Type = head.Name, head.Help, head.Unit, head.Type
		g.byName[f.GetName()] = f
	}
	if f.GetHelp() != head.GetHelp() {
		return nil, errors.New(f.GetName() + " has two helps")
	}
	if len(g.byDesc) == mostDescs {
		clear(g.byDesc)
	}
	g.byDesc[m.Desc()] = f
	return f, nil
}

// headOf learns name, help, unit and type, which a Desc keeps to itself, from a
// registry of nothing else.
func headOf(m prometheus.Metric) (*dto.MetricFamily, error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(single{m}); err != nil {
		return nil, err
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, err
	}
	return families[0], nil
}

// single is a collector of one metric.
type single struct{ metric prometheus.Metric }

func (single) Describe(chan<- *prometheus.Desc)      {}
func (s single) Collect(ch chan<- prometheus.Metric) { ch <- s.metric }

// add writes a metric.
func (f *family) add(m prometheus.Metric) error {
	n := len(f.Metric)
	if n < cap(f.Metric) && f.Metric[:n+1][n] != nil {
		f.Metric = f.Metric[:n+1]
		f.Metric[n].Reset()
	} else {
		f.Metric = append(f.Metric, new(dto.Metric))
	}
	if err := m.Write(f.Metric[n]); err != nil {
		return err
	}
	if !f.fits(f.Metric[n]) {
		return fmt.Errorf("%s has a metric that is no %s", f.GetName(), f.GetType())
	}
	return nil
}

// fits reports whether a metric is of the family's type.
func (f *family) fits(m *dto.Metric) bool {
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		return m.Counter != nil
	case dto.MetricType_GAUGE:
		return m.Gauge != nil
	case dto.MetricType_SUMMARY:
		return m.Summary != nil
	case dto.MetricType_HISTOGRAM:
		return m.Histogram != nil
	default:
		return m.Untyped != nil
	}
}

// sort sorts by the values of labels, whose names are the same.
func (f *family) sort() error {
	slices.SortFunc(f.Metric, compareLabels)
	for i := range len(f.Metric) - 1 {
		if compareLabels(f.Metric[i], f.Metric[i+1]) == 0 {
			return errors.New(f.GetName() + " has a metric twice")
		}
	}
	return nil
}

func compareLabels(a, b *dto.Metric) int {
	return slices.CompareFunc(a.Label, b.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetValue(), b.GetValue()) })
}
