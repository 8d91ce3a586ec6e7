// Package cli is the program's commands, each in a file of its own, with their
// flags. The billing commands stand in a package below.
package cli

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"maps"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"ukcloud_exporter/internal/cli/assets"
	"ukcloud_exporter/internal/cli/billing"
	portalcmd "ukcloud_exporter/internal/cli/portal"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/health"
	"ukcloud_exporter/internal/logging"
)

// Environment is what the process gives the commands.
type Environment struct {
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Files          fs.FS // what assets writes, by its path in the repository
}

// Commands are the program's commands with the flags that they share.
type Commands struct {
	env        Environment
	configFile *string
	logging    *logging.Options
	run        map[string]run
}

// run runs a command. Its error is one line for the user.
type run = func(context.Context, *slog.Logger) error

// Register adds the commands and their flags to app.
func Register(app *kingpin.Application, env Environment) *Commands {
	c := &Commands{env: env, logging: logging.AddFlags(app)}
	c.configFile = app.Flag("config.file", "Path to the configuration file. Without one, UKCLOUD_URL, UKCLOUD_EMAIL and UKCLOUD_PASSWORD or UKCLOUD_PASSWORD_FILE are used.").String()
	c.run = map[string]run{
		"serve":    c.serve(app.Command("serve", "Run the exporter (default).").Default()),
		"check":    c.check(app.Command("check", "Check the configuration and say what is wrong with it.")),
		"simulate": c.simulate(app.Command("simulate", "Run a simulated portal.")),
		"health":   health.Register(app.Command("health", "Ask a running exporter whether it serves; exits with 1 when it does not.")),
		"demo":     c.demo(app.Command("demo", "Run a simulated portal and the exporter in one process, without configuration.")),
	}
	maps.Copy(c.run, billing.Register(app, billing.Environment{
		Stdin: env.Stdin, Stdout: env.Stdout, Stderr: env.Stderr, Portal: c.portal,
		Version: cmp.Or(version.Version, "unreleased") + ", revision " + version.GetRevision(),
	}))
	maps.Copy(c.run, portalcmd.Register(app, portalcmd.Environment{
		Stdin: env.Stdin, Stdout: env.Stdout, Stderr: env.Stderr, Portal: c.portalClient,
	}))
	maps.Copy(c.run, assets.Register(app, assets.Environment{Stdout: env.Stdout, Files: env.Files}))
	return c
}

// Run runs a command by the name that app.Parse gave.
func (c *Commands) Run(ctx context.Context, name string) error {
	return c.run[name](ctx, logging.New(c.env.Stderr, *c.logging))
}

func (c *Commands) load() (*config.Config, error) { return config.Load(*c.configFile, c.env.Getenv) }

// portal connects a billing command.
func (c *Commands) portal(ctx context.Context, log *slog.Logger, forceLogin bool) (*billing.Portal, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	client, closeAll, err := newClient(ctx, cfg, log, forceLogin)
	if err != nil {
		return nil, err
	}
	return &billing.Portal{API: client.Conditional(), Accounts: cfg.Accounts(), Close: closeAll}, nil
}

// portalClient connects a portal command.
func (c *Commands) portalClient(ctx context.Context, log *slog.Logger, forceLogin bool) (*portalcmd.Portal, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	client, closeAll, err := newClient(ctx, cfg, log, forceLogin)
	if err != nil {
		return nil, err
	}
	return &portalcmd.Portal{Client: client, URL: cfg.PortalURL(), Accounts: cfg.Accounts(), Close: closeAll}, nil
}
