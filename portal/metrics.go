package portal

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the ukcloud_api_*, ukcloud_session_* and ukcloud_up families, one
// Collector so that they are registered as a whole. The session behind the
// gauges changes when a reload makes a new Client; the counters go on.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	retries   *prometheus.CounterVec

	logins        prometheus.Counter
	loginFailures prometheus.Counter

	expiry, suspended, up *prometheus.Desc

	session atomic.Pointer[session]
}

func newMetrics() *metrics {
	return &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukcloud_api_requests_total",
			Help: "Requests sent to the portal, retries and logins among them, by route template and HTTP status; code is error where no answer came.",
		}, []string{"endpoint", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ukcloud_api_request_duration_seconds",
			Help: "Time from sending a request to the portal to the header of its answer, by route template.",
			// The portal took about a minute for the VMs of one large account.
			Buckets:                     []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120},
			NativeHistogramBucketFactor: 1.1,
			// Bounds what a long-lived process keeps.
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"endpoint"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukcloud_api_retries_total",
			Help: "Requests sent again, by route template and reason: the HTTP status, or connection where no answer came.",
		}, []string{"endpoint", "reason"}),
		logins: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ukcloud_session_logins_total",
			Help: "Logins tried, whether they succeeded or not.",
		}),
		loginFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ukcloud_session_login_failures_total",
			Help: "Logins that failed for any reason: rejected, unreachable portal, unreadable password file, or accepted and then serving no call.",
		}),
		expiry: prometheus.NewDesc("ukcloud_session_expiry_timestamp_seconds",
			"When the portal session ends unless a call is made before; absent while there is no session.", nil, nil),
		suspended: prometheus.NewDesc("ukcloud_session_logins_suspended",
			"1 while no login is tried because the portal rejected the credentials, or gave no answer to them, and one more try could lock the account.", nil, nil),
		up: prometheus.NewDesc("ukcloud_up",
			"1 when the last request to the portal was answered and the session is good.", nil, nil),
	}
}

// register puts the metrics on r and returns those that count: on a reload those
// of the client before, now with the session of the new one.
func (m *metrics) register(r prometheus.Registerer) (*metrics, error) {
	err := r.Register(m)
	if err == nil {
		return m, nil
	}
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(*metrics); ok {
			return existing, nil
		}
	}
	return nil, fmt.Errorf("register the portal client's metrics: %w", err)
}

func (m *metrics) parts() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.durations, m.retries, m.logins, m.loginFailures}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, part := range m.parts() {
		part.Describe(descriptions)
	}
	descriptions <- m.expiry
	descriptions <- m.suspended
	descriptions <- m.up
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(samples chan<- prometheus.Metric) {
	for _, part := range m.parts() {
		part.Collect(samples)
	}
	s := m.session.Load()
	if s == nil {
		return
	}
	status := s.status(time.Now())
	if status.LoggedIn {
		samples <- gauge(m.expiry, float64(status.Expiry.UnixMilli())/1000)
	}
	samples <- gauge(m.suspended, boolean(status.Suspended))
	samples <- gauge(m.up, boolean(s.answered.Load() && s.good()))
}

func gauge(description *prometheus.Desc, value float64) prometheus.Metric {
	return prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value)
}

func boolean(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
