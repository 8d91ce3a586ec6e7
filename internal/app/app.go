// Package app is the daemon behind `ukcloud_exporter serve`: it wires configuration,
// portal client, collectors, their snapshots and HTTP endpoints, reloads, and stops
// in order.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"ukcloud_exporter/internal/archive"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/sdnotify"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/state"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/internal/web"
	"ukcloud_exporter/portal"
)

// stopTimeout bounds how long running scrapes and refreshes may take to end.
const stopTimeout = 20 * time.Second

// Options are what the command line says.
type Options struct {
	// Load reads the configuration, at start and at each reload.
	Load func() (*config.Config, error)
	// Collectors holds the --[no-]collector.NAME flags that were given.
	Collectors map[string]bool

	Web           *toolkit.FlagConfig
	MetricsPath   string
	Lifecycle     bool
	Profiling     bool
	MaxRequests   int // scrapes at the same time; 0 is no bound
	TimeoutOffset time.Duration

	// Listening, unless nil, is called with each listener that is about to be served.
	Listening func(net.Listener)

	// Transport replaces the one that the configuration describes; for tests.
	Transport http.RoundTripper
}

// check refuses flags that would break what they are for.
func (o *Options) check() error {
	p := o.MetricsPath
	plain := !strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r == '{' || r == '}' || r > '~' })
	if !plain || !strings.HasPrefix(p, "/") || p == "/" || p == "/status" || p == alertsPath || path.Clean(p) != p ||
		strings.HasPrefix(p, "/-/") || strings.HasPrefix(p, "/debug/pprof") {
		return fmt.Errorf("--web.telemetry-path: %q is not a path such as /metrics that no other page has", p)
	}
	if o.TimeoutOffset < 0 {
		return fmt.Errorf("--web.timeout-offset: %s is negative, and every scrape would be late", o.TimeoutOffset)
	}
	return nil
}

// Daemon is a running exporter.
type Daemon struct {
	options  Options
	log      *slog.Logger
	registry *prometheus.Registry
	store    *state.Store
	guard    *portal.LoginGuard
	reloads  chan chan error
	tickets  *tickets.Metrics
	exports  *archive.Metrics
	dropped  *web.Dropped
	// current is replaced by a reload, which one goroutine owns.
	current atomic.Pointer[generation]

	reloadSuccess, reloadTime prometheus.Gauge
	reloaded                  atomic.Pointer[web.Reloaded] // the same for people
}

// generation is everything that one configuration made.
type generation struct {
	config *config.Config
	client *portal.Client
	cache  *snapshot.Cache

	tickets *tickets.Bridge  // nil where the configuration has no such section
	archive *archive.Archive // nil where the configuration has no directory for it
}

// Run serves until ctx ends or the process is asked to stop, and returns what
// kept it from serving.
func Run(ctx context.Context, log *slog.Logger, options Options) error {
	d, err := start(log, options)
	if err != nil {
		return err
	}
	return d.serve(ctx)
}

// start makes a daemon whose first round is about to begin. stop ends it.
func start(log *slog.Logger, options Options) (*Daemon, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	cfg, err := options.Load()
	if err != nil {
		return nil, err
	}
	d := &Daemon{options: options, log: log, registry: prometheus.NewRegistry(), reloads: make(chan chan error)}
	if d.store, err = state.Open(cfg.StateDir(), log, d.registry); err != nil {
		return nil, err
	}
	d.guard = portal.NewLoginGuard(cfg.StateDir())
	d.register()
	g, err := d.generation(cfg, nil)
	if err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	d.restore(g)
	d.become(g)
	return d, nil
}

func (d *Daemon) register() {
	d.reloadSuccess = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ukcloud_config_last_reload_successful",
		Help: "1 if the last reading of the configuration succeeded, 0 if it failed and an older one is in use.",
	})
	d.reloadTime = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ukcloud_config_last_reload_success_timestamp_seconds",
		Help: "When the configuration in use was read.",
	})
	d.tickets, d.exports, d.dropped = tickets.NewMetrics(), archive.NewMetrics(), web.NewDropped(d.log)
	d.registry.MustRegister(
		d.tickets, d.exports, d.dropped,
		d.reloadSuccess, d.reloadTime,
		versioncollector.NewCollector("ukcloud_exporter"),
		collectors.NewGoCollector(),
		processCollector(),
		snapshot.NewMetrics(d.cache, collectorNames()),
	)
}

func (d *Daemon) cache() *snapshot.Cache { return d.current.Load().cache }

func (d *Daemon) session() portal.SessionStatus { return d.current.Load().client.Session() }

// become makes g the current generation and starts its first round.
func (d *Daemon) become(g *generation) {
	old := d.current.Swap(g)
	g.cache.Start()
	if g.tickets != nil && (old == nil || old.tickets != g.tickets) {
		g.tickets.Start()
	}
	d.reloadSuccess.Set(1)
	d.reloadTime.SetToCurrentTime()
	d.reloaded.Store(&web.Reloaded{At: time.Now()})
}

// serve listens until ctx ends or SIGTERM or SIGINT arrives, then lets running
// scrapes finish.
func (d *Daemon) serve(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, whatever waits here
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	server := d.server()
	service := sdnotify.New(d.log)
	server.BaseContext = func(l net.Listener) context.Context {
		if d.options.Listening != nil {
			d.options.Listening(l)
		}
		return service.Listening(l)
	}
	failed := make(chan error, 1)
	go func() { failed <- toolkit.ListenAndServe(server, d.options.Web, d.log) }()
	for {
		select {
		case <-service.Watchdog:
			service.Alive()
		case <-hangup:
			_ = d.reload() // logged and counted there
		case done := <-d.reloads:
			done <- d.reload()
		case err := <-failed:
			return errors.Join(fmt.Errorf("serve: %w", err), d.stop())
		case <-ctx.Done():
			stop() // before it is said: AfterFunc may come later
			service.Stopping()
			d.log.Info("Stopping")
			return errors.Join(d.shutdown(server, failed), d.stop())
		}
	}
}

// shutdown lets running scrapes finish with the data that there is, and reloads
// that wait fail.
func (d *Daemon) shutdown(server *http.Server, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	d.cache().Drain()
	done := make(chan error, 1)
	go func() { done <- server.Shutdown(ctx) }()
	for {
		select {
		case waiting := <-d.reloads:
			waiting <- errors.New("the daemon is stopping")
		case err := <-done:
			if err != nil {
				return fmt.Errorf("finish running scrapes: %w", err)
			}
			if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve: %w", err)
			}
			return nil
		}
	}
}

// stop ends the refreshes and closes the state. What collectors must keep they
// have saved themselves, before they published it.
func (d *Daemon) stop() error {
	err := d.current.Load().stop(nil)
	if closeErr := d.store.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close the state: %w", closeErr))
	}
	return err
}

// stop ends the refreshes of a generation, and its logins unless next goes on with
// the client.
func (g *generation) stop(next *portal.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := g.cache.Stop(ctx)
	if g.tickets != nil {
		g.tickets.Stop()
	}
	if g.archive != nil {
		err = errors.Join(err, g.archive.Stop(ctx))
	}
	if g.client != next {
		g.client.Close(ctx)
	}
	if err != nil {
		return fmt.Errorf("end the running refreshes: %w", err)
	}
	return nil
}
