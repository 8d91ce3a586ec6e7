package state

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the two ukcloud_state families. The time of the last save is
// absent, not zero, before there was one.
type metrics struct {
	failures     prometheus.Counter
	lastSave     atomic.Int64 // Unix nanoseconds; 0 before the first save
	lastSaveDesc *prometheus.Desc
}

func newMetrics() *metrics {
	return &metrics{
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ukcloud_state_save_failures_total",
			Help: "Failed attempts to save the state since the program started.",
		}),
		lastSaveDesc: prometheus.NewDesc("ukcloud_state_last_save_timestamp_seconds",
			"Unix time at which the state file was last written; absent before the first time. State that has not changed is not written.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	m.failures.Describe(ch)
	ch <- m.lastSaveDesc
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.failures.Collect(ch)
	if t := m.lastSave.Load(); t != 0 {
		ch <- prometheus.MustNewConstMetric(m.lastSaveDesc, prometheus.GaugeValue, float64(t)/1e9)
	}
}
