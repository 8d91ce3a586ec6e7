package web

import (
	"net/http"
	"slices"
	"time"
)

// Limits of a request. Its body is there soon after its header, or never.
const (
	ReadTimeout = 10 * time.Second
	maxBody     = 4<<20 + 1 // one more than a webhook may have, so that its handler says so
)

// Bodies refuses the bodies of requests that have none to send, before one byte of it
// is read, and bounds those of the paths in accepted. It expects a server with
// ReadTimeout, which it ends where there is no body: an answer may take longer.
func Bodies(next http.Handler, accepted ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection := http.NewResponseController(w)
		switch {
		case r.ContentLength == 0:
			_ = connection.SetReadDeadline(time.Time{}) // where the connection knows none, there is none
		case slices.Contains(accepted, r.URL.Path):
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		default:
			_ = connection.SetReadDeadline(time.Now()) // so that the server does not wait for the body either
			w.Header().Set("Connection", "close")
			http.Error(w, "no body is expected here", http.StatusRequestEntityTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}
