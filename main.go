// Command ukcloud_exporter is a Prometheus exporter and billing collector for
// the UKCloud Portal API.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // the portal's wall clock is Europe/London, also in an empty container

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/cli"
	"ukcloud_exporter/internal/cli/billing"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/completion"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/health"
	"ukcloud_exporter/internal/logging"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// exit is what a flag such as --help panics with instead of ending the process.
type exit int

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			status = int(r)
		default:
			panic(r)
		}
	}()
	app, commands := newApp(env, stdin, stdout, stderr)
	name, err := app.Parse(completion.Args(args))
	if err == nil {
		log := logging.New(stderr, *commands.logging)
		err = commands.run[name](ctx, log)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: error: %s\n", app.Name, err)
		return exitstatus.Of(err)
	}
	return 0
}

// commands are the program's commands with the flags that they share.
type commands struct {
	configFile *string
	logging    *logging.Options
	env        func(string) string
	stdout     io.Writer
	run        map[string]func(context.Context, *slog.Logger) error
}

// newApp declares the commands and their flags.
func newApp(env func(string) string, stdin io.Reader, stdout, stderr io.Writer) (*kingpin.Application, *commands) {
	app := kingpin.New("ukcloud_exporter", "Prometheus exporter and billing collector for the UKCloud Portal API.")
	terminate := func(status int) { panic(exit(status)) }
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(terminate)
	completion.AddFish(app, stdout, terminate)
	app.Version(version.Print("ukcloud_exporter"))
	app.HelpFlag.Short('h')
	c := &commands{env: env, stdout: stdout, logging: logging.AddFlags(app)}
	c.configFile = app.Flag("config.file", "Path to the configuration file. Without one, UKCLOUD_URL, UKCLOUD_EMAIL and UKCLOUD_PASSWORD or UKCLOUD_PASSWORD_FILE are used.").String()
	c.run = map[string]func(context.Context, *slog.Logger) error{
		"serve":    c.serve(app.Command("serve", "Run the exporter (default).").Default()),
		"check":    c.check(app.Command("check", "Check the configuration and say what is wrong with it.")),
		"simulate": c.simulate(app.Command("simulate", "Run a simulated portal.")),
		"health":   health.Register(app.Command("health", "Ask a running exporter whether it serves; exits with 1 when it does not.")),
		"demo":     c.demo(app.Command("demo", "Run a simulated portal and the exporter in one process, without configuration.")),
	}
	maps.Copy(c.run, billing.Register(app, billing.Environment{
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Portal: c.portal,
	}))
	return app, c
}

// portal connects a billing command.
func (c *commands) portal(_ context.Context, log *slog.Logger) (*billing.Portal, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	client, closeAll, err := app.OneShot(cfg, log)
	if err != nil {
		return nil, err
	}
	return &billing.Portal{API: client, Accounts: cfg.Accounts(), Close: closeAll}, nil
}

func (c *commands) load() (*config.Config, error) { return config.Load(*c.configFile, c.env) }

func (c *commands) serve(cmd *kingpin.CmdClause) func(context.Context, *slog.Logger) error {
	options := serveFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
		log.Info("Starting", "version", version.Info())
		if c.env("GOGC") == "" {
			// A refresh makes a burst of garbage beside a snapshot that lives long:
			// collecting it earlier costs little time and a fifth less memory.
			debug.SetGCPercent(50)
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
	cmd.Flag("web.max-requests", "Maximum number of scrapes at the same time; 0 is no limit.").Default("256").IntVar(&o.MaxRequests)
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

func (c *commands) check(cmd *kingpin.CmdClause) func(context.Context, *slog.Logger) error {
	connect := cmd.Flag("connect", "Also log in once, ping, and list the accounts and endpoints that the login may use.").Bool()
	return func(ctx context.Context, log *slog.Logger) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		fmt.Fprintln(c.stdout, "configuration: ok")
		if !*connect {
			return nil
		}
		client, closeAll, err := app.OneShot(cfg, log)
		if err != nil {
			return err
		}
		defer closeAll()
		return cli.Connect(ctx, c.stdout, client, cfg.Accounts())
	}
}

func (c *commands) simulate(cmd *kingpin.CmdClause) func(context.Context, *slog.Logger) error {
	address := cmd.Flag("listen-address", "Address on which the simulated portal listens.").Default("127.0.0.1:10049").String()
	flags := cli.AddPortalFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
		ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
		defer stop()
		portal, err := flags.Portal(log)
		if err != nil {
			return err
		}
		listener, err := flags.Listen(*address)
		if err != nil {
			return err
		}
		return cli.Serve(ctx, log, listener, portal)
	}
}

// demo is simulate and serve in one process: the exporter speaks to the
// simulated portal over loopback, as it would to the real one.
func (c *commands) demo(cmd *kingpin.CmdClause) func(context.Context, *slog.Logger) error {
	flags := cli.AddFlags(cmd)
	options := serveFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
		simulated, err := flags.Portal(log)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen for the simulated portal: %w", err)
		}
		ctx, stop := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- cli.Serve(ctx, log, listener, simulated) }()
		o := options()
		o.Load = func() (*config.Config, error) { return config.Load("", demoEnv(listener.Addr().String())) }
		err = app.Run(ctx, log, o)
		stop()
		if portalErr := <-served; err == nil {
			err = portalErr
		}
		return err
	}
}

// demoEnv is the environment of the exporter that demo runs.
func demoEnv(address string) func(string) string {
	values := map[string]string{
		"UKCLOUD_URL": "http://" + address + "/api", "UKCLOUD_EMAIL": cli.Email, "UKCLOUD_PASSWORD": cli.Password,
	}
	return func(name string) string { return values[strings.TrimSpace(name)] }
}
