package app

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/internal/web"
)

// alertsPath is where Alertmanager posts.
const alertsPath = "/alerts"

// bridgeOf is the bridge of the present configuration, or nil.
func (d *Daemon) bridgeOf() *tickets.Bridge { return d.current.Load().tickets }

// server returns the HTTP server with all endpoints.
func (d *Daemon) server() *http.Server {
	estate := &web.Estate{Log: d.log, Cache: d.cache, MetricsPath: d.options.MetricsPath}
	status := &web.Status{
		Log: d.log, Cache: d.cache, Session: d.session, Daemon: d.inForce, Started: time.Now(),
		Tickets:     d.bridgeOf,
		MetricsPath: d.options.MetricsPath, Lifecycle: d.options.Lifecycle, Profiling: d.options.Profiling,
	}
	mux := http.NewServeMux()
	mux.Handle("/", estate.Handler())
	mux.Handle("/status", status.Handler())
	mux.Handle(d.options.MetricsPath, &web.Scrape{
		Log: d.log, Cache: d.cache, Program: d.registry,
		TimeoutOffset: d.options.TimeoutOffset, Places: web.NewPlaces(d.options.MaxRequests, d.dropped),
	})
	mux.Handle(alertsPath, web.Alerts(d.bridgeOf))
	mux.Handle("/-/healthy", web.Healthy())
	mux.Handle("/-/ready", web.Ready(d.cache))
	if d.options.Lifecycle {
		mux.Handle("/-/reload", web.Reload(d.requestReload))
	}
	if d.options.Profiling {
		addProfiles(mux)
	}
	return &http.Server{
		Handler:           web.Bodies(mux, alertsPath),
		ReadTimeout:       web.ReadTimeout,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}
}

// inForce is the configuration in force, for the status page.
func (d *Daemon) inForce() web.Daemon {
	g := d.current.Load()
	shown := web.Daemon{PortalURL: g.config.PortalURL(), Accounts: g.config.Accounts(), Reload: *d.reloaded.Load()}
	_, makesTickets := g.config.Tickets()
	for _, key := range g.config.InForce() {
		if !makesTickets && strings.HasPrefix(key.Path, "tickets.") {
			continue
		}
		if key.Path == "portal.email" {
			shown.Email = key.Default
		}
		shown.Settings = append(shown.Settings, web.Setting{Key: key.Path, Value: key.Default})
	}
	running := g.cache.Names()
	for _, name := range collectorNames() {
		if !slices.Contains(running, name) {
			shown.Disabled = append(shown.Disabled, name)
		}
	}
	return shown
}

func addProfiles(mux *http.ServeMux) {
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
}
