package cli

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/app"
)

func (c *Commands) serve(cmd *kingpin.CmdClause) run {
	options := serveFlags(cmd)
	memory := addMemoryFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
		log.Info("Starting", "version", version.Info())
		if c.env.Getenv("GOGC") == "" {
			// A refresh makes a burst of garbage beside a snapshot that lives long:
			// collecting it earlier costs little time, and much less memory.
			debug.SetGCPercent(20)
		}
		if err := memory.limit(log, c.env.Getenv, memlimit.FromCgroup); err != nil {
			return err
		}
		o := options()
		o.Load = c.load
		return app.Run(ctx, log, o)
	}
}

// serveFlags adds the flags of everything that serves metrics.
func serveFlags(cmd *kingpin.CmdClause) func() app.Options {
	o := app.Options{Web: kingpinflag.AddFlags(cmd, ":10048")}
	cmd.Flag("web.telemetry-path", "Path under which metrics are served.").Default("/metrics").StringVar(&o.MetricsPath)
	cmd.Flag("web.enable-lifecycle", "Serve POST /-/reload.").BoolVar(&o.Lifecycle)
	cmd.Flag("web.enable-pprof", "Serve profiles under /debug/pprof.").BoolVar(&o.Profiling)
	cmd.Flag("web.max-requests", "Maximum number of scrapes that wait at the same time, and of those that are read; 0 is no limit.").Default("256").IntVar(&o.MaxRequests)
	cmd.Flag("web.timeout-offset", "Time to subtract from the scraper's timeout.").Default("0.5s").DurationVar(&o.TimeoutOffset)
	given := map[string]*bool{}
	set := map[string]*bool{}
	for _, c := range collector.All() {
		name := c.Name
		set[name] = new(bool)
		given[name] = cmd.Flag("collector."+name, fmt.Sprintf("Run the %s collector, whatever the configuration says.", name)).IsSetByUser(set[name]).Bool()
	}
	return func() app.Options {
		o.Collectors = map[string]bool{}
		for name, isSet := range set {
			if *isSet {
				o.Collectors[name] = *given[name]
			}
		}
		return o
	}
}
