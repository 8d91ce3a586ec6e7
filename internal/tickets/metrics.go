package tickets

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The reasons of ukcloud_alert_tickets_failures_total.
const (
	reasonWebhook      = "bad_webhook"
	reasonState        = "state_not_saved"
	reasonTemplate     = "template"
	reasonUnreachable  = "unreachable"
	reasonUnknown      = "outcome_unknown"
	reasonUnauthorized = "unauthorized"
	reasonForbidden    = "forbidden"
	reasonNotFound     = "not_found"
	reasonTooMany      = "too_many_requests"
	reasonServer       = "server_error"
	reasonBadAnswer    = "bad_answer"
	reasonApproval     = "waiting_for_approval"
	reasonRefused      = "refused"
	reasonBrake        = "max_new_per_hour"
)

func reasons() []string {
	return []string{
		reasonWebhook, reasonState, reasonTemplate, reasonUnreachable, reasonUnknown, reasonUnauthorized, reasonForbidden,
		reasonNotFound, reasonTooMany, reasonServer, reasonBadAnswer, reasonApproval, reasonRefused, reasonBrake,
	}
}

// Metrics are the metrics of the bridge that is attached, if one is; its counters go on
// with the next one.
type Metrics struct {
	created, notes, closed prometheus.Counter
	failures               *prometheus.CounterVec
	tickets, oldest        *prometheus.Desc

	mu     sync.Mutex
	bridge *Bridge
}

// NewMetrics returns the metrics.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "ukcloud_alert_tickets_" + name, Help: help})
	}
	m := &Metrics{
		created: counter("created_total", "Tickets that were opened for alerts."),
		notes:   counter("notes_total", "Notes that were added to tickets of alerts."),
		closed:  counter("closed_total", "Tickets of alerts that were closed."),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukcloud_alert_tickets_failures_total",
			Help: "What went wrong on the way from alerts to tickets; max_new_per_hour counts each group of alerts that was held back.",
		}, []string{"reason"}),
		tickets: prometheus.NewDesc("ukcloud_alert_tickets",
			"Groups of alerts by what is with their ticket: open, waiting for a change to be made, or failed, which the portal refused.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("ukcloud_alert_tickets_oldest_waiting_timestamp_seconds",
			"Since when the oldest change that is not made yet waits; absent when none does.", nil, nil),
	}
	for _, reason := range reasons() {
		m.failures.WithLabelValues(reason)
	}
	return m
}

func (m *Metrics) failed(reason string) { m.failures.WithLabelValues(reason).Inc() }

func (m *Metrics) attach(b *Bridge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bridge = b
}

// detach ends attach, unless another bridge has taken its place.
func (m *Metrics) detach(b *Bridge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bridge == b {
		m.bridge = nil
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range []prometheus.Collector{m.created, m.notes, m.closed, m.failures} {
		c.Describe(ch)
	}
	ch <- m.tickets
	ch <- m.oldest
}

// Collect implements prometheus.Collector: nothing without a bridge.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	b := m.bridge
	m.mu.Unlock()
	if b == nil {
		return
	}
	for _, c := range []prometheus.Collector{m.created, m.notes, m.closed, m.failures} {
		c.Collect(ch)
	}
	counts, oldest := b.counts()
	for _, state := range []State{Open, Waiting, Failed} {
		ch <- prometheus.MustNewConstMetric(m.tickets, prometheus.GaugeValue, float64(counts[state]), string(state))
	}
	if !oldest.IsZero() {
		ch <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, float64(oldest.UnixMilli())/1000)
	}
}

// State is how it stands with the ticket of a group.
type State string

// The states.
const (
	Open    State = "open"    // and nothing is to be done
	Waiting State = "waiting" // for a change to be made
	Failed  State = "failed"  // the portal refused the change; it is tried again now and then
	over    State = ""
)

func (g *group) state() State {
	switch {
	case !g.idle() && g.failed:
		return Failed
	case !g.idle():
		return Waiting
	case g.Ticket != nil && g.Ticket.Ended.IsZero():
		return Open
	}
	return over
}

func (b *Bridge) counts() (counts map[State]int, oldest time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts = map[State]int{}
	for _, g := range b.groups {
		counts[g.state()]++
		if !g.idle() && (oldest.IsZero() || g.Waiting.Before(oldest)) {
			oldest = g.Waiting
		}
	}
	return counts, oldest
}
