package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/web"
)

// hanging is a collector whose round does not end.
type hanging struct{ still }

func (hanging) Collect(ctx context.Context, _ func(string) *collector.Part, _ func(...collector.Result)) ([]collector.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestLongestWait: no scraper waits longer than two minutes, whatever it says.
func TestLongestWait(t *testing.T) {
	for timeout, want := range map[string]time.Duration{"10": 10 * time.Second, "86000": 2 * time.Minute, "1e300": 2 * time.Minute, "+Inf": 2 * time.Minute, "NaN": 10 * time.Second, "-1": 10 * time.Second} {
		t.Run(timeout, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := snapshot.New(slog.New(slog.DiscardHandler), []snapshot.Member{
					{Name: "builds", Collector: hanging{still{"builds"}}, MinInterval: time.Hour, MaxAge: 100 * time.Hour},
				})
				defer func() { _ = c.Stop(context.Background()) }()
				scrape := &web.Scrape{Log: slog.New(slog.DiscardHandler), Cache: func() *snapshot.Cache { return c }, Program: prometheus.NewRegistry()}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
				r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
				began := time.Now()
				scrape.ServeHTTP(httptest.NewRecorder(), r)
				if took := time.Since(began); took != want {
					t.Errorf("waited %s, want %s", took, want)
				}
			})
		})
	}
}
