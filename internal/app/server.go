package app

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"ukcloud_exporter/internal/web"
)

// server returns the HTTP server with all endpoints.
func (d *Daemon) server() *http.Server {
	var slots chan struct{}
	if d.options.MaxRequests > 0 {
		slots = make(chan struct{}, d.options.MaxRequests)
	}
	status := &web.Status{
		Log: d.log, Cache: d.cache, Session: d.session,
		MetricsPath: d.options.MetricsPath, Lifecycle: d.options.Lifecycle, Profiling: d.options.Profiling,
	}
	mux := http.NewServeMux()
	mux.Handle("/", status.Handler())
	mux.Handle(d.options.MetricsPath, &web.Scrape{
		Log: d.log, Cache: d.cache, Program: d.registry,
		TimeoutOffset: d.options.TimeoutOffset, Slots: slots,
	})
	mux.Handle("/-/healthy", web.Healthy())
	mux.Handle("/-/ready", web.Ready(d.cache))
	if d.options.Lifecycle {
		mux.Handle("/-/reload", web.Reload(d.requestReload))
	}
	if d.options.Profiling {
		addProfiles(mux)
	}
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}
}

func addProfiles(mux *http.ServeMux) {
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
}
