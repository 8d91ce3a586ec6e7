package exposition_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"ukcloud_exporter/internal/exposition"
)

// gather returns copies of what is gathered.
func gather(t *testing.T, g *exposition.Gatherer, r exposition.Registry) ([]*dto.MetricFamily, error) {
	t.Helper()
	var copies []*dto.MetricFamily
	failed, err := g.Gather(r, func(families []*dto.MetricFamily) error {
		for _, f := range families {
			copies = append(copies, proto.Clone(f).(*dto.MetricFamily))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return copies, failed
}

// asTheRegistry compares with what the registry itself gathers.
func asTheRegistry(t *testing.T, g *exposition.Gatherer, r exposition.Registry) {
	t.Helper()
	got, failed := gather(t, g, r)
	want, err := r.Gather()
	if fmt.Sprint(failed) != fmt.Sprint(err) {
		t.Errorf("%v, want %v", failed, err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform(), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("not what the registry gathers (-want +got):\n%s", diff)
	}
}

type funcCollector func(chan<- prometheus.Metric)

func (funcCollector) Describe(chan<- *prometheus.Desc)      {}
func (f funcCollector) Collect(ch chan<- prometheus.Metric) { f(ch) }

// TestGather: the same as from the registry, in every type, while metrics come and go.
func TestGather(t *testing.T) {
	r := prometheus.NewRegistry()
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "calls_total", Help: "Calls."}, []string{"endpoint", "code"})
	state := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "state", Help: "State.", ConstLabels: prometheus.Labels{"a": "b"}}, []string{"z"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "took_seconds", Help: "Time.", Buckets: []float64{0.1, 1}, NativeHistogramBucketFactor: 1.1,
	}, []string{"endpoint"})
	sizes := prometheus.NewSummary(prometheus.SummaryOpts{Name: "sizes", Help: "Sizes.", Objectives: map[float64]float64{0.5: 0.05}})
	untyped := prometheus.NewDesc("untyped", "Of no type.", nil, nil)
	at := prometheus.NewDesc("at", "With a time.", nil, nil)
	many := 0
	several := prometheus.NewDesc("several", "More and fewer.", []string{"n"}, nil)
	r.MustRegister(calls, state, took, sizes, funcCollector(func(ch chan<- prometheus.Metric) {
		ch <- prometheus.MustNewConstMetric(untyped, prometheus.UntypedValue, 3)
		ch <- prometheus.NewMetricWithTimestamp(time.Unix(1_515_000_000, 0), prometheus.MustNewConstMetric(at, prometheus.GaugeValue, 1))
		for i := range many {
			ch <- prometheus.MustNewConstMetric(several, prometheus.GaugeValue, float64(i), fmt.Sprint(i))
		}
	}))
	var g exposition.Gatherer
	asTheRegistry(t, &g, r)
	for i := range 5 {
		calls.WithLabelValues("/b", "200").Inc()
		calls.WithLabelValues("/a", fmt.Sprint(200+i)).(prometheus.ExemplarAdder).AddWithExemplar(1, prometheus.Labels{"trace": fmt.Sprint(i)})
		state.WithLabelValues(fmt.Sprint(i % 3)).Set(float64(i))
		took.WithLabelValues("/a").Observe(float64(i) / 7)
		took.WithLabelValues(fmt.Sprint(i)).Observe(1)
		sizes.Observe(float64(i))
		many = []int{1, 100, 0, 7, 200}[i]
		if i == 3 {
			state.Reset()
			took.DeleteLabelValues("/a")
		}
		asTheRegistry(t, &g, r)
	}
}

// TestGatherNothing: an empty registry has no families.
func TestGatherNothing(t *testing.T) {
	asTheRegistry(t, new(exposition.Gatherer), prometheus.NewRegistry())
}

// TestGatherWhatIsWrong: what is wrong costs nothing else, then and later.
func TestGatherWhatIsWrong(t *testing.T) {
	a := prometheus.NewDesc("a", "A.", []string{"l"}, nil)
	gauge := func(d *prometheus.Desc, label string) prometheus.Metric {
		return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1, label)
	}
	tests := []struct {
		name    string
		collect func(chan<- prometheus.Metric)
		want    string
	}{
		{"a panic", func(chan<- prometheus.Metric) { panic("out of order") }, "out of order"},
		{"the same metric twice", func(ch chan<- prometheus.Metric) { ch <- gauge(a, "x"); ch <- gauge(a, "x") }, "collected before"},
		{"another type", func(ch chan<- prometheus.Metric) {
			ch <- gauge(a, "x")
			ch <- prometheus.MustNewConstMetric(a, prometheus.CounterValue, 1, "y")
		}, "should be a Gauge"},
		{"another help", func(ch chan<- prometheus.Metric) {
			ch <- gauge(a, "x")
			ch <- gauge(prometheus.NewDesc("a", "Another.", []string{"l"}, nil), "y")
		}, "has help"},
		{"no metric of a known family", func(ch chan<- prometheus.Metric) {
			ch <- gauge(a, "x")
			ch <- prometheus.NewInvalidMetric(a, errors.New("it is broken"))
		}, "it is broken"},
		{"no metric of an unknown family", func(ch chan<- prometheus.Metric) {
			ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(errors.New("it is broken")), errors.New("it is broken"))
		}, "it is broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			good := prometheus.NewGauge(prometheus.GaugeOpts{Name: "good", Help: "Good."})
			wrong := false
			r := prometheus.NewRegistry()
			r.MustRegister(good, funcCollector(func(ch chan<- prometheus.Metric) {
				if wrong {
					tt.collect(ch)
				} else {
					ch <- gauge(a, "x")
				}
			}))
			var g exposition.Gatherer
			for round := range 4 {
				good.Set(float64(round))
				wrong = round%2 == 1
				got, failed := gather(t, &g, r)
				if wrong != (failed != nil) || wrong && !strings.Contains(failed.Error(), tt.want) {
					t.Errorf("round %d: %v", round, failed)
				}
				if n := len(got); n == 0 || got[n-1].GetName() != "good" || got[n-1].Metric[0].Gauge.GetValue() != float64(round) {
					t.Errorf("round %d: %v", round, got)
				}
			}
		})
	}
}

// TestGatherNewDescs: a collector that makes its Descs anew is no leak, and no failure.
func TestGatherNewDescs(t *testing.T) {
	r := prometheus.NewRegistry()
	r.MustRegister(funcCollector(func(ch chan<- prometheus.Metric) {
		for i := range 300 {
			ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("new", "Anew.", []string{"n"}, nil), prometheus.GaugeValue, 1, fmt.Sprint(i))
		}
	}))
	var g exposition.Gatherer
	for range 5 {
		if got, failed := gather(t, &g, r); failed != nil || len(got) != 1 || len(got[0].Metric) != 300 {
			t.Fatal(got, failed)
		}
	}
	if n := g.Remembered(); n > 1000 || n < 300 {
		t.Errorf("%d Descs are remembered", n)
	}
}

// TestGatherAtTheSameTime: gatherings at the same time have nothing in common, and
// neither have the pieces that are made of them.
func TestGatherAtTheSameTime(t *testing.T) {
	r := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "calls_total", Help: "Calls."}, []string{"n"})
	r.MustRegister(counter)
	for i := range 100 {
		counter.WithLabelValues(fmt.Sprint(i)).Inc()
	}
	var g exposition.Gatherer
	var press exposition.Press
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			c := exposition.Compression(i % 3)
			for range 20 {
				var lines int
				piece, err := press.Piece(c, func(w io.Writer) error {
					_, err := g.Gather(r, func(families []*dto.MetricFamily) error {
						lines = len(families[0].Metric)
						_, err := io.WriteString(w, strings.Repeat(families[0].GetName()+"\n", lines))
						return err
					})
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				var b strings.Builder
				if _, err := (exposition.Stream{Compression: c, Parts: []exposition.Part{piece}}).WriteTo(&b); err != nil || lines != 100 {
					t.Error(err, lines)
				}
				if plain := strings.Repeat("calls_total\n", 100); c == exposition.Identity && b.String() != plain {
					t.Errorf("%q", b.String())
				}
				press.Reuse(piece)
			}
		})
	}
	group.Wait()
}

// TestReusedPiece: a piece in the memory of an earlier one is like one in its own.
func TestReusedPiece(t *testing.T) {
	for _, c := range []exposition.Compression{exposition.Identity, exposition.Gzip, exposition.Zstd} {
		t.Run(c.String(), func(t *testing.T) {
			var press exposition.Press
			for _, n := range []int{10_000, 10, 0, 50_000, 10_000} {
				var text strings.Builder
				for i := range n {
					fmt.Fprintln(&text, i*i, n)
				}
				write := func(w io.Writer) error {
					_, err := io.WriteString(w, text.String())
					return err
				}
				reused, err := press.Piece(c, write)
				if err != nil {
					t.Fatal(err)
				}
				own, err := new(exposition.Press).Piece(c, write)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := written(t, c, reused), written(t, c, own); got != want {
					t.Errorf("%d lines: %d bytes, want %d", n, len(got), len(want))
				}
				press.Reuse(reused)
			}
		})
	}
}

func written(t *testing.T, c exposition.Compression, p *exposition.Piece) string {
	t.Helper()
	var b strings.Builder
	s := exposition.Stream{Compression: c, Parts: []exposition.Part{p}}
	size, known := s.Size()
	if n, err := s.WriteTo(&b); err != nil || int(n) != size || b.Len() != size || !known {
		t.Fatal(n, size, known, b.Len(), err)
	}
	return b.String()
}
