package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"ukcloud_exporter/internal/snapshot"
)

// Healthy answers GET /-/healthy: the process serves.
func Healthy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ukcloud_exporter is healthy.")
	})
}

// Ready answers GET /-/ready: 503 until the first round has ended, and while what was
// tried last failed and no collector holds data younger than its max_age. The body
// names the stale ones. Where all are stale, whatever the reason, the probe starts a
// round as a scrape would: behind a Service nobody else may ever do it.
func Ready(current func() *snapshot.Cache) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cache := current()
		ready, waiting, stale := cache.Ready()
		if names := cache.Names(); len(names) > 0 && len(stale) == len(names) {
			cache.Refresh(r.Context(), time.Now(), names)
		}
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "ukcloud_exporter is not ready.")
		} else {
			fmt.Fprintln(w, "ukcloud_exporter is ready.")
		}
		if len(waiting) > 0 {
			fmt.Fprintln(w, "first round not ended:", strings.Join(waiting, ", "))
		}
		if len(stale) > 0 {
			fmt.Fprintln(w, "stale:", strings.Join(stale, ", "))
		}
	})
}

// Reload answers POST /-/reload. A configuration that cannot be used answers 500
// with the reason, and the old one stays.
func Reload(reload func() error) http.Handler {
	sameSite := http.NewCrossOriginProtection() // by Sec-Fetch-Site and Origin, which browsers send
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost && r.Method != http.MethodPut {
			w.Header().Set("Allow", "POST, PUT")
			http.Error(w, "only POST and PUT", http.StatusMethodNotAllowed)
			return
		}
		if err := sameSite.Check(r); err != nil {
			http.Error(w, "refused: the request comes from a page of another site", http.StatusForbidden)
			return
		}
		if err := reload(); err != nil {
			http.Error(w, "failed to reload config: "+harmless(err.Error()), http.StatusInternalServerError)
		}
	})
}

// harmless is a text without what a terminal obeys.
func harmless(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' {
			return ' '
		}
		return c
	}, text)
}
