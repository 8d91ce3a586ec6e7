package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// metricsTransport counts every request sent, retries and logins among them, and
// times it up to the answer's header.
type metricsTransport struct {
	next    http.RoundTripper
	metrics *metrics
	session *session
}

func (t *metricsTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	endpoint := callOf(req).endpoint
	start := time.Now()
	resp, err := t.next.RoundTrip(req)
	t.metrics.durations.WithLabelValues(endpoint).Observe(time.Since(start).Seconds())
	code := "error"
	if err == nil {
		code = strconv.Itoa(resp.StatusCode)
		t.session.noteClock(resp)
	}
	t.metrics.requests.WithLabelValues(endpoint, code).Inc()
	if err == nil || !errors.Is(err, context.Canceled) { // a caller that left says nothing of the portal
		t.session.answered.Store(err == nil)
	}
	return resp, err
}
