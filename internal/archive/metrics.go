package archive

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of the archive, if there is one. They go on with the next.
type Metrics struct {
	archive  atomic.Pointer[Archive]
	failures prometheus.Counter
}

// NewMetrics returns the metrics.
func NewMetrics() *Metrics {
	return &Metrics{failures: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ukcloud_bill_export_failures_total",
		Help: "Failed attempts to write bills into collectors.billing_csv.export_dir since the program started; absent without that setting.",
	})}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) { m.failures.Describe(ch) }

// Collect implements prometheus.Collector: nothing without an archive.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	if m.archive.Load() != nil {
		m.failures.Collect(ch)
	}
}
