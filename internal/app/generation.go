package app

import (
	"fmt"
	"log/slog"
	"reflect"

	"github.com/prometheus/common/version"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/state"
	"ukcloud_exporter/portal"
)

// entry says how one collector is made of the configuration.
type entry struct {
	name     string
	settings func(config.Collectors) config.Collector
	make     func(parts) collector.Collector
}

// parts are what collectors are made of.
type parts struct {
	config    config.Collectors
	client    *portal.Client
	directory *collector.Directory
	state     collector.State
	log       *slog.Logger
}

// entries lists the collectors in the order of the exposition.
func entries() []entry {
	return []entry{
		{"compute_services",
			func(c config.Collectors) config.Collector { return c.ComputeServices },
			func(p parts) collector.Collector { return collector.NewComputeServices(p.client, p.directory) }},
		{"my_vm",
			func(c config.Collectors) config.Collector { return c.MyVM },
			func(p parts) collector.Collector { return collector.NewMyVM(p.client, p.directory) }},
		{"my_calls",
			func(c config.Collectors) config.Collector { return c.MyCalls.Collector },
			func(p parts) collector.Collector {
				return collector.NewMyCalls(p.client, string(p.config.MyCalls.For), p.config.MyCalls.ClosedStatuses)
			}},
		{"vmotion_events",
			func(c config.Collectors) config.Collector { return c.VMotionEvents.Collector },
			func(p parts) collector.Collector {
				return collector.NewVMotionEvents(p.client, p.directory, p.state, p.config.VMotionEvents.PerVM)
			}},
		{"billing_csv",
			func(c config.Collectors) config.Collector { return c.BillingCSV.Collector },
			func(p parts) collector.Collector {
				return collector.NewBillingCSV(p.client, p.directory, p.state, p.log, collector.BillingOptions{
					VMLimit: p.config.BillingCSV.VMLimit, Tags: p.config.BillingCSV.Tags,
				})
			}},
		{"cloud_storage_report",
			func(c config.Collectors) config.Collector { return c.CloudStorageReport },
			func(p parts) collector.Collector { return collector.NewCloudStorageReport(p.client, p.directory) }},
		{"builds",
			func(c config.Collectors) config.Collector { return c.Builds },
			func(p parts) collector.Collector { return collector.NewBuilds(p.client, p.directory) }},
	}
}

// CollectorNames returns the names of all collectors, for flags.
func CollectorNames() []string { return collectorNames() }

func collectorNames() []string {
	var names []string
	for _, e := range entries() {
		names = append(names, e.name)
	}
	return names
}

// generation makes client and engine of a configuration, or the engine alone where
// there is a client that still fits.
func (d *Daemon) generation(cfg *config.Config, client *portal.Client) (*generation, error) {
	if client == nil {
		var err error
		if client, err = d.client(cfg); err != nil {
			return nil, err
		}
	}
	return &generation{config: cfg, client: client, engine: snapshot.New(d.log, d.members(cfg, client))}, nil
}

func (d *Daemon) client(cfg *config.Config) (*portal.Client, error) {
	options := []portal.Option{portal.WithRegisterer(d.registry), portal.WithRejectionStore(d.store)}
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
		portal.WithConfigDigest(cfg.Digest()), portal.WithUserAgent("ukcloud_exporter/" + version.Version),
	}
	client, err := portal.New(cfg.PortalURL(), cfg.Credentials, append(configured, options...)...)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	return client, nil
}

func (d *Daemon) members(cfg *config.Config, client *portal.Client) []snapshot.Member {
	enabled := func(e entry) bool {
		if flag, given := d.options.Collectors[e.name]; given {
			return flag
		}
		return e.settings(cfg.Collectors()).Enabled
	}
	listed := false
	for _, e := range entries() {
		listed = listed || e.name == "compute_services" && enabled(e)
	}
	directory := collector.NewDirectory(client, cfg.Accounts(), listed)
	var members []snapshot.Member
	for _, e := range entries() {
		if !enabled(e) {
			continue
		}
		settings := e.settings(cfg.Collectors())
		log := d.log.With("collector", e.name)
		members = append(members, snapshot.Member{
			Collector: e.make(parts{
				config: cfg.Collectors(), client: client, directory: directory, log: log,
				state: section{d.store.Section(e.name), log},
			}),
			MinInterval: settings.MinInterval, MaxAge: settings.MaxAge,
		})
	}
	return members
}

// section is a collector's part of the state.
type section struct {
	state.Section
	log *slog.Logger
}

// Load implements collector.State. What cannot be read is as if it were not
// there: a damaged memory must not stop a collector for ever.
func (s section) Load(into any) error {
	if _, err := s.Section.Load(into); err != nil {
		s.log.Error("State cannot be read; starting anew", "err", err)
		reflect.ValueOf(into).Elem().SetZero()
	}
	return nil
}

// Save implements collector.State.
func (s section) Save(v any) {
	if err := s.Section.Save(v); err != nil {
		s.log.Error("State cannot be saved; it is kept in memory until the next save", "err", err)
	}
}
