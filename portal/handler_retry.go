package portal

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	maxRetries = 2
	retryBase  = 200 * time.Millisecond
)

// retryTransport sends an idempotent request again when the portal gave no
// answer, or one of those that time heals. It never sees a login, and it has done
// its work before the caller gets the body.
type retryTransport struct {
	next    http.RoundTripper
	metrics *metrics
	jitter  jitter
}

func (t *retryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	call := callOf(req)
	for {
		resp, err := t.next.RoundTrip(req)
		reason := retryReason(req.Context(), resp, err)
		if reason == "" || call.retries == maxRetries || req.Method != http.MethodGet {
			return resp, err
		}
		wait := t.jitter(retryBase << call.retries)
		if resp != nil {
			wait += retryAfter(resp)
		}
		if deadline, ok := req.Context().Deadline(); ok && time.Until(deadline) <= wait {
			return resp, err // the caller learns of Retry-After from the Error
		}
		call.retries++
		t.metrics.retries.WithLabelValues(call.endpoint, reason).Inc()
		if resp != nil {
			_ = resp.Body.Close()
		}
		if err := sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// retryReason is the reason label of a retry, "" when there must be none.
func retryReason(ctx context.Context, resp *http.Response, err error) string {
	switch {
	case err != nil && (ctx.Err() != nil || err == errRateDeadline):
		return ""
	case err != nil:
		return "connection"
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return strconv.Itoa(resp.StatusCode)
	}
	return ""
}

// jitter returns a random time from 0 to most ("full jitter"), so that many
// exporters that failed together do not come back together.
type jitter func(most time.Duration) time.Duration

func fullJitter(most time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(most) + 1))
}
