package dashboards_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/archive"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/state"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/internal/web"
	"ukcloud_exporter/portal"
)

// exporter is the daemon without its socket: everything that makes a scrape, on
// the clock and before the portal that the test gives it.
type exporter struct {
	started time.Time
	store   *state.Store
	client  *portal.Client
	cache   *snapshot.Cache
	bridge  *tickets.Bridge
	archive *archive.Archive // nil without a directory for it
	scrape  http.Handler
}

// startExporter starts one. All that it does must happen in one synctest bubble.
// What it knows of tickets stays in ticketsDir, and the bills that it exports in exportDir,
// unless that is "".
func startExporter(t *testing.T, portalHandler http.Handler, ticketsDir, exportDir string) *exporter {
	t.Helper()
	path := testutil.WriteFile(t, t.TempDir(), "config.yml",
		"portal: {url: http://portal.test/api, email: demo@example.com, password: demo}\n"+
			"collectors: {billing_csv: {tags: [project, cost_centre]}}\n")
	cfg, err := config.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	log, registry := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	x := &exporter{started: time.Now()}
	if x.store, err = state.Open("", log, registry); err != nil {
		t.Fatal(err)
	}
	x.client, err = app.NewClient(cfg, log, portal.WithTransport(testutil.Direct{Handler: portalHandler}),
		portal.WithRegisterer(registry), portal.WithLoginGuard(portal.NewLoginGuard("")))
	if err != nil {
		t.Fatal(err)
	}
	exports := archive.NewMetrics()
	if exportDir != "" {
		x.archive = archive.New(exportDir, "test", log, exports)
	}
	x.cache = snapshot.New(log, x.members(cfg, log))
	settings, metrics := tickets.Defaults(), tickets.NewMetrics()
	settings.Service = "Demo Service"
	x.bridge, err = tickets.New(tickets.Options{Settings: settings, Portal: x.client, Log: log, Metrics: metrics, Dir: ticketsDir, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	reloaded := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ukcloud_config_last_reload_successful"})
	reloadedAt := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ukcloud_config_last_reload_success_timestamp_seconds"})
	reloaded.Set(1)
	reloadedAt.SetToCurrentTime()
	registry.MustRegister(metrics, exports, web.NewDropped(log), reloaded, reloadedAt,
		versioncollector.NewCollector("ukcloud_exporter"), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		snapshot.NewMetrics(func() *snapshot.Cache { return x.cache }, x.cache.Names()))
	x.scrape = &web.Scrape{Log: log, Cache: func() *snapshot.Cache { return x.cache }, Program: registry, TimeoutOffset: time.Second / 2}
	x.cache.Start()
	x.bridge.Start()
	return x
}

// members are all collectors as the configuration has them.
func (x *exporter) members(cfg *config.Config, log *slog.Logger) (all []snapshot.Member) {
	client := x.client.Conditional()
	deps := collector.Deps{Portal: client, Inventory: inventory.New(client, cfg.Accounts()), Log: log}
	if x.archive != nil {
		deps.Archive = x.archive
	}
	for _, c := range collector.All() {
		settings := cfg.Collector(c.Name)
		deps.State = x.store.Section(c.Name)
		all = append(all, snapshot.Member{
			Name: c.Name, Collector: c.New(deps, settings),
			MinInterval: settings.When().MinInterval, MaxAge: settings.When().MaxAge,
		})
	}
	return all
}

// get scrapes.
func (x *exporter) get(t *testing.T, target string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	w := httptest.NewRecorder()
	x.scrape.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func (x *exporter) stop(t *testing.T) {
	t.Helper()
	x.bridge.Stop()
	if err := x.cache.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if x.archive != nil {
		if err := x.archive.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	if err := x.store.Close(); err != nil {
		t.Error(err)
	}
}
