package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// exposition is everything that a registry gathers, as text.
func exposition(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// samples are the lines of an exposition without comments and buckets.
func samples(t *testing.T, registry *prometheus.Registry) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(exposition(t, registry)) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket{") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		portal := newGate()
		client := newTestClient(t, portal, WithRegisterer(registry))
		exactJitter(client)
		want := func(when string, lines ...string) {
			t.Helper()
			if diff := cmp.Diff(lines, samples(t, registry)); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
		}
		want("before the first call",
			`ukcloud_session_login_failures_total 0`,
			`ukcloud_session_logins_suspended 0`,
			`ukcloud_session_logins_total 0`,
			`ukcloud_up 0`)
		portal.latency, portal.loginFor = time.Second, 2*time.Second
		mustCall(t, client)
		want("after a call",
			`ukcloud_api_request_duration_seconds_sum{endpoint="/api/accounts"} 1`,
			`ukcloud_api_request_duration_seconds_count{endpoint="/api/accounts"} 1`,
			`ukcloud_api_request_duration_seconds_sum{endpoint="/api/authenticate"} 2`,
			`ukcloud_api_request_duration_seconds_count{endpoint="/api/authenticate"} 1`,
			`ukcloud_api_requests_total{code="200",endpoint="/api/accounts"} 1`,
			`ukcloud_api_requests_total{code="201",endpoint="/api/authenticate"} 1`,
			`ukcloud_session_expiry_timestamp_seconds 9.46685703e+08`,
			`ukcloud_session_login_failures_total 0`,
			`ukcloud_session_logins_suspended 0`,
			`ukcloud_session_logins_total 1`,
			`ukcloud_up 1`)
		portal.good = func(r *http.Request) *http.Response { return reply(r, 503, "") }
		_, _ = client.Conditional().VOrgs(t.Context(), "17", nil)
		portal.login = rejectLogin
		portal.end()
		_, _ = client.Conditional().VOrgs(t.Context(), "17", nil)
		if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
			t.Errorf("lint: %v, %v", problems, err)
		}
		want("after trouble",
			`ukcloud_api_request_duration_seconds_sum{endpoint="/api/accounts"} 1`,
			`ukcloud_api_request_duration_seconds_count{endpoint="/api/accounts"} 1`,
			`ukcloud_api_request_duration_seconds_sum{endpoint="/api/accounts/:account_id/vorgs"} 4`,
			`ukcloud_api_request_duration_seconds_count{endpoint="/api/accounts/:account_id/vorgs"} 4`,
			`ukcloud_api_request_duration_seconds_sum{endpoint="/api/authenticate"} 4`,
			`ukcloud_api_request_duration_seconds_count{endpoint="/api/authenticate"} 2`,
			`ukcloud_api_requests_total{code="200",endpoint="/api/accounts"} 1`,
			`ukcloud_api_requests_total{code="201",endpoint="/api/authenticate"} 1`,
			`ukcloud_api_requests_total{code="401",endpoint="/api/accounts/:account_id/vorgs"} 1`,
			`ukcloud_api_requests_total{code="401",endpoint="/api/authenticate"} 1`,
			`ukcloud_api_requests_total{code="503",endpoint="/api/accounts/:account_id/vorgs"} 3`,
			`ukcloud_api_retries_total{endpoint="/api/accounts/:account_id/vorgs",reason="503"} 2`,
			`ukcloud_session_login_failures_total 1`,
			`ukcloud_session_logins_suspended 1`,
			`ukcloud_session_logins_total 2`,
			`ukcloud_up 0`)
		if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, ErrLoginSuspended) {
			t.Error(err)
		}
		if got := testutil.ToFloat64(client.session.metrics.logins); got != 2 {
			t.Errorf("a suspended login is counted: %v", got)
		}
	})
}

// TestUp: answered and good, whatever the answer; idle time takes nothing away.
func TestUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		portal := newGate()
		var fail error
		client := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if fail != nil {
				return nil, fail
			}
			return portal.RoundTrip(r)
		}), WithRegisterer(registry))
		up := func(when string, want bool) {
			t.Helper()
			if got := strings.Contains(exposition(t, registry), "\nukcloud_up 1\n"); got != want {
				t.Errorf("%s: up is %v", when, got)
			}
		}
		up("at first", false)
		mustCall(t, client)
		up("after a call", true)
		time.Sleep(24 * time.Hour)
		up("a day later", true)
		portal.good = func(r *http.Request) *http.Response { return reply(r, 404, "") }
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		up("an answer that is an error", true)
		fail = errors.New("connection refused")
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		up("no answer", false)
		fail = nil
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		up("answered again", true)
		fail = context.Canceled
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		up("a caller that has left", true)
		fail = nil
		portal.login = func(r *http.Request) *http.Response { return reply(r, 500, "") }
		portal.end()
		_, _ = client.Conditional().Accounts(t.Context(), nil)
		up("a login that fails", false)
	})
}

// TestMetricsOverAReload: counters go on, gauges are those of the new client.
func TestMetricsOverAReload(t *testing.T) {
	registry := prometheus.NewRegistry()
	first := newTestClient(t, newGate(), WithRegisterer(registry))
	mustCall(t, first)
	second := newTestClient(t, newGate(), WithRegisterer(registry))
	text := exposition(t, registry)
	if !contains(text, "ukcloud_session_logins_total 1\n") || !contains(text, "ukcloud_up 0\n") {
		t.Error(text)
	}
	mustCall(t, second)
	text = exposition(t, registry)
	if !contains(text, "ukcloud_session_logins_total 2\n") || !contains(text, "ukcloud_up 1\n") {
		t.Error(text)
	}
	registry = prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "ukcloud_up", Help: "1 when the last request to the portal was answered and the session is good."}))
	if _, err := New(testURL, goodCredentials, WithRegisterer(registry)); err == nil {
		t.Error("a foreign metric of the same name: no error")
	}
}

func TestHistogramIsNativeToo(t *testing.T) {
	registry := prometheus.NewRegistry()
	mustCall(t, newTestClient(t, newGate(), WithRegisterer(registry)))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ukcloud_api_request_duration_seconds" {
			continue
		}
		h := family.GetMetric()[0].GetHistogram()
		if h.Schema == nil || len(h.GetBucket()) == 0 {
			t.Errorf("schema %v, %d classic buckets", h.Schema, len(h.GetBucket()))
		}
		return
	}
	t.Error("no histogram")
}
