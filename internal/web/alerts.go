package web

import (
	"net/http"

	"ukcloud_exporter/internal/tickets"
)

// Alerts answers POST /alerts, Alertmanager's webhook; 404 where alerts become no
// tickets.
func Alerts(bridge func() *tickets.Bridge) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := bridge()
		if b == nil {
			http.NotFound(w, r)
			return
		}
		b.ServeHTTP(w, r)
	})
}
