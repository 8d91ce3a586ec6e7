package app

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/prometheus/common/version"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/archive"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/portal"
)

func collectorNames() []string {
	var names []string
	for _, c := range collector.All() {
		names = append(names, c.Name)
	}
	return names
}

// generation makes client and cache of a configuration, or the cache alone where
// there is a client that still fits.
func (d *Daemon) generation(cfg *config.Config, client *portal.Client) (*generation, error) {
	if client == nil {
		var err error
		if client, err = d.client(cfg); err != nil {
			return nil, err
		}
	}
	bridge, err := d.bridge(cfg, client)
	if err != nil {
		return nil, err
	}
	keeper := d.archive(cfg)
	return &generation{
		config: cfg, client: client, cache: snapshot.New(d.log, d.members(cfg, client, keeper)), tickets: bridge, archive: keeper,
	}, nil
}

// bridge makes the way from alerts to tickets, or nil where the configuration has none.
func (d *Daemon) bridge(cfg *config.Config, client *portal.Client) (*tickets.Bridge, error) {
	settings, wanted := cfg.Tickets()
	if !wanted {
		return nil, nil
	}
	options := tickets.Options{
		Settings: settings, Portal: client, Log: d.log.With("part", "tickets"), Metrics: d.tickets,
		Dir: filepath.Join(cfg.StateDir(), "tickets"), Timeout: cfg.PortalTimeout(),
	}
	if calls, ok := cfg.Collector("my_calls").(collector.MyCallsSettings); ok {
		options.Ended = calls.ClosedStatuses
	}
	return tickets.New(options)
}

// archive makes what keeps bills, or nil where the configuration has no directory for
// them.
func (d *Daemon) archive(cfg *config.Config) *archive.Archive {
	settings, ok := cfg.Collector("billing_csv").(collector.BillingSettings)
	if !ok || settings.ExportDir == "" {
		return nil
	}
	return archive.New(string(settings.ExportDir), version.Version, d.log.With("part", "export"), d.exports)
}

func (d *Daemon) client(cfg *config.Config) (*portal.Client, error) {
	options := []portal.Option{portal.WithRegisterer(d.registry), portal.WithLoginGuard(d.guard)}
	if d.options.Transport != nil {
		options = append(options, portal.WithTransport(d.options.Transport))
	}
	return NewClient(cfg, d.log, options...)
}

// NewClient makes the portal client that a configuration describes; options go
// before it.
func NewClient(cfg *config.Config, log *slog.Logger, options ...portal.Option) (*portal.Client, error) {
	transport, err := cfg.HTTPTransport()
	if err != nil {
		return nil, err
	}
	configured := []portal.Option{
		portal.WithTransport(transport), portal.WithTimeout(cfg.PortalTimeout()), portal.WithLogger(log),
		portal.WithConfigDigest(cfg.LoginDigest()), portal.WithRejectedLoginsLimit(cfg.RejectedLoginsLimit()),
		portal.WithSecrets(cfg.Secrets()...), portal.WithUserAgent("ukcloud_exporter/" + version.Version),
	}
	client, err := portal.New(cfg.PortalURL(), cfg.Credentials, append(configured, options...)...)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	return client, nil
}

// members makes the collectors that are enabled.
func (d *Daemon) members(cfg *config.Config, client *portal.Client, keeper *archive.Archive) []snapshot.Member {
	deps := collector.Deps{Portal: client.Conditional(), Inventory: inventory.New(client.Conditional(), cfg.Accounts())}
	if keeper != nil {
		deps.Archive = keeper
	}
	var members []snapshot.Member
	for _, c := range collector.All() {
		settings := cfg.Collector(c.Name)
		when := settings.When()
		if flag, given := d.options.Collectors[c.Name]; given {
			when.Enabled = flag
		}
		if !when.Enabled {
			continue
		}
		deps.Log, deps.State = d.log.With("collector", c.Name), d.store.Section(c.Name)
		m := snapshot.Member{
			Name: c.Name, Collector: c.New(deps, settings), MinInterval: when.MinInterval, MaxAge: when.MaxAge,
			Fingerprint: fmt.Appendf(nil, "%s %s %x", version.Version, version.GetRevision(), cfg.DataDigest(c.Name)),
		}
		if file, ok := d.store.File(c.Name); ok {
			m.File = file
		}
		members = append(members, m)
	}
	return members
}

// restore takes over what the last process kept, and removes what it kept of collectors
// that are switched off now.
func (d *Daemon) restore(g *generation) {
	g.cache.Restore()
	for _, name := range collectorNames() {
		file, ok := d.store.File(name)
		if !ok || slices.Contains(g.cache.Names(), name) {
			continue
		}
		if err := file.Remove(); err != nil {
			d.log.Warn("Parts of the last run cannot be removed", "collector", name, "err", err)
		}
	}
}
