// Package testutil is what tests of several packages share: transports and a
// network in memory, real Prometheus and Alertmanager servers on loopback, and, in
// packages of their own, a portal with prepared answers and a generator of bills.
package testutil

import (
	"net/http"
	"net/http/httptest"
	"time"
)

// Direct is a transport that hands requests to a handler, without a network.
type Direct struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (d Direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	if r.Body == nil { // which a server's never is
		served := *r
		served.Body = http.NoBody
		d.ServeHTTP(recorder, &served)
	} else {
		d.ServeHTTP(recorder, r)
	}
	response := recorder.Result()
	response.Request = r
	if _, said := response.Header["Date"]; !said { // as net/http's server does
		response.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	if response.ContentLength < 0 { // as a server says it of a body that it holds whole
		response.ContentLength = int64(recorder.Body.Len())
	}
	return response, nil
}
