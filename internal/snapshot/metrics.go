package snapshot

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Metrics exposes the state of the collectors, anew at each scrape. The cache is
// asked for each time, because a reload replaces it.
type Metrics struct {
	cache func() *Cache
	all   []string                    // every collector that the program has, also disabled ones
	label map[string][]*dto.LabelPair // collector="…" of each: made anew they were a fifth of what a scrape allocates

	enabled, success, duration, attempt, lastSuccess, maxAge, series *prometheus.Desc
	forbidden, duplicates, unknown                                   *prometheus.Desc
}

// NewMetrics returns the metrics of the cache that cache returns. all names
// every collector that there is.
func NewMetrics(cache func() *Cache, all []string) *Metrics {
	label := map[string][]*dto.LabelPair{}
	for _, name := range all {
		label[name] = prometheus.MakeLabelPairs(prometheus.NewDesc("x", "", []string{"collector"}, nil), []string{name})
	}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("ukcloud_"+name, help, labels, nil)
	}
	return &Metrics{
		cache: cache, all: all, label: label,
		enabled:     desc("collector_enabled", "1 if the collector is enabled, 0 if it is not.", "collector"),
		success:     desc("collector_success", "1 if the collector's last refresh succeeded, 0 if it failed or none has ended.", "collector"),
		duration:    desc("collector_duration_seconds", "Duration of the collector's last refresh.", "collector"),
		attempt:     desc("collector_last_attempt_timestamp_seconds", "When the collector's last refresh ended.", "collector"),
		lastSuccess: desc("collector_last_success_timestamp_seconds", "When the collector's last refresh that succeeded ended.", "collector"),
		maxAge:      desc("collector_max_age_seconds", "Age at which data of the collector disappears.", "collector"),
		series:      desc("collector_series", "Series that the collector exposes now.", "collector"),
		forbidden:   desc("account_forbidden", "1 for an account that the portal refuses to the login.", "account", "collector"),
		duplicates:  desc("duplicate_series_dropped", "Samples of the present snapshot that were dropped because their series was there already.", "collector"),
		unknown:     desc("unknown_values", "Values in the present snapshot that the API reference does not list, by the portal's field.", "collector", "field"),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.enabled, m.success, m.duration, m.attempt, m.lastSuccess, m.maxAge, m.series,
		m.forbidden, m.duplicates, m.unknown,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	cache := m.cache()
	now := time.Now()
	for _, name := range m.all {
		r := cache.runner(name)
		ch <- &ofCollector{m.enabled, m.label[name], number(r != nil)}
		if r != nil {
			m.collect(ch, r, r.current(now))
		}
	}
}

func (m *Metrics) collect(ch chan<- prometheus.Metric, r *runner, s *snapshot) {
	name := r.Name
	say := func(d *prometheus.Desc, value float64) { ch <- &ofCollector{d, m.label[name], value} }
	series, duplicates := s.body.counts()
	say(m.success, number(s.success))
	say(m.maxAge, r.MaxAge.Seconds())
	say(m.series, float64(series))
	say(m.duplicates, float64(duplicates))
	if !s.lastAttempt.IsZero() {
		say(m.duration, s.duration.Seconds())
		say(m.attempt, unix(s.lastAttempt))
	}
	if !s.lastSuccess.IsZero() {
		say(m.lastSuccess, unix(s.lastSuccess))
	}
	for _, account := range s.forbidden {
		ch <- gauge(m.forbidden, 1, account, name)
	}
	unknown := s.unknown()
	for _, field := range slices.Sorted(maps.Keys(unknown)) {
		ch <- gauge(m.unknown, float64(unknown[field]), name, field)
	}
}

// ofCollector is a gauge with the label collector alone.
type ofCollector struct {
	desc  *prometheus.Desc
	label []*dto.LabelPair
	value float64
}

// Desc implements prometheus.Metric.
func (g *ofCollector) Desc() *prometheus.Desc { return g.desc }

// Write implements prometheus.Metric.
func (g *ofCollector) Write(m *dto.Metric) error {
	m.Label, m.Gauge = g.label, &dto.Gauge{Value: &g.value}
	return nil
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
