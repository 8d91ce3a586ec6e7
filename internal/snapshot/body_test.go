package snapshot

import (
	"strings"
	"testing"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// TestBodyOfABug: a family that breaks when a body is looked at for the first time, as after
// a part has grown too old, is told to each who asks, and nothing else is.
func TestBodyOfABug(t *testing.T) {
	subjects := &collector.Subjects{
		Number: func(any) int { return 1 },
		Labels: func(_ any, _ int, values []string) []string { return append(values, "one") },
	}
	b := &body{press: new(exposition.Press), parts: []*collector.Part{{}}, families: []collector.Family{
		{Name: "ukcloud_a", Labels: []string{"vm"}, Subjects: subjects, Columns: []collector.Column{{Value: func(any, int) (float64, bool) { return 1, true }}}},
		{Name: "ukcloud_b", Samples: func(any) []collector.Sample { panic("a bug in a family") }},
	}}
	for range 3 {
		for _, e := range []exposition.Encoding{{Format: exposition.Text}, {Format: exposition.Text, Compression: exposition.Gzip}} {
			if _, err := b.part(e); err == nil || !strings.Contains(err.Error(), "a bug in a family") {
				t.Errorf("%s: %v", e.Compression, err)
			}
		}
	}
	if series, duplicates := b.counts(); series != 0 || duplicates != 0 {
		t.Errorf("%d series, %d duplicates", series, duplicates)
	}
}
