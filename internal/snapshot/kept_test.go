package snapshot_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/snapshot"
)

// resum makes the sum at the end of a file right.
func resum(content []byte) []byte {
	body := content[:len(content)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

// metricsOf are the program's own metrics of a cache.
func metricsOf(b *bench) string {
	b.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(snapshot.NewMetrics(func() *snapshot.Cache { return b.Cache }, []string{"a"}))
	families, err := registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			b.t.Fatal(err)
		}
	}
	return out.String()
}

func openMetrics(t *testing.T, b *bench) string {
	t.Helper()
	pieces, err := b.Exposition(exposition.Encoding{Format: exposition.OpenMetrics}, b.Names())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := (exposition.Stream{Parts: pieces}).WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
