package snapshot

import (
	"errors"
	"io"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"ukcloud_exporter/collector"
)

// TestKeptTooLarge: a file ends with an error before it is larger than may be read.
func TestKeptTooLarge(t *testing.T) {
	w, err := newKeptWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	w.written = keptMost - 3
	if err := w.write([]byte("abc")); err != nil {
		t.Errorf("the last bytes: %v", err)
	}
	if err := w.write([]byte("d")); !errors.Is(err, errKeptTooLarge) {
		t.Errorf("one more: %v", err)
	}
}

// TestSampleOf: what lies on disk is a sample only where it is of the family's type and
// labels.
func TestSampleOf(t *testing.T) {
	pair := func(name string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: proto.String("x")} }
	gauge, counter := &dto.Gauge{Value: proto.Float64(7)}, &dto.Counter{Value: proto.Float64(7)}
	tests := []struct {
		name   string
		kind   collector.Type
		metric *dto.Metric
		good   bool
	}{
		{"gauge", collector.Gauge, &dto.Metric{Label: []*dto.LabelPair{pair("vm")}, Gauge: gauge}, true},
		{"counter", collector.Counter, &dto.Metric{Label: []*dto.LabelPair{pair("vm")}, Counter: counter}, true},
		{"a counter of a gauge", collector.Gauge, &dto.Metric{Label: []*dto.LabelPair{pair("vm")}, Counter: counter}, false},
		{"a gauge of a counter", collector.Counter, &dto.Metric{Label: []*dto.LabelPair{pair("vm")}, Gauge: gauge}, false},
		{"no value of a gauge", collector.Gauge, &dto.Metric{Label: []*dto.LabelPair{pair("vm")}}, false},
		{"no value of a counter", collector.Counter, &dto.Metric{Label: []*dto.LabelPair{pair("vm")}}, false},
		{"another label", collector.Gauge, &dto.Metric{Label: []*dto.LabelPair{pair("vdc")}, Gauge: gauge}, false},
		{"no label", collector.Gauge, &dto.Metric{Gauge: gauge}, false},
		{"two labels", collector.Gauge, &dto.Metric{Label: []*dto.LabelPair{pair("vm"), pair("vdc")}, Gauge: gauge}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sampleOf(&collector.Family{Name: "ukcloud_a", Type: tt.kind, Labels: []string{"vm"}}, tt.metric)
			if (err == nil) != tt.good || tt.good && (s.Value != 7 || s.Labels[0] != "x") {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}
