package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/config"
)

// demo is simulate and serve in one process: the exporter speaks to the
// simulated portal over loopback, as it would to the real one.
func (c *Commands) demo(cmd *kingpin.CmdClause) run {
	flags := addEstateFlags(cmd)
	tickets := cmd.Flag("tickets", "Make tickets in the simulated portal of the alerts that are posted to /alerts; docs/tickets.md shows how.").Bool()
	options := serveFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
		path, remove, err := demoConfig(*tickets)
		if err != nil {
			return err
		}
		defer remove()
		simulated, err := flags.newPortal(log)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen for the simulated portal: %w", err)
		}
		ctx, stop := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- servePortal(ctx, log, listener, simulated) }()
		o := options()
		o.Load = func() (*config.Config, error) { return config.Load(path, demoEnv(listener.Addr().String())) }
		err = app.Run(ctx, log, o)
		stop()
		if portalErr := <-served; err == nil {
			err = portalErr
		}
		return err
	}
}

// demoConfig writes what demo needs beside demoEnv: with tickets a configuration and a
// place for its state, which remove takes away.
func demoConfig(tickets bool) (path string, remove func(), err error) {
	if !tickets {
		return "", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "ukcloud_exporter-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a state directory: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "config.yml")
	if err := os.WriteFile(path, []byte("state_dir: state\ntickets:\n  service: My Service\n"), 0o600); err != nil {
		remove()
		return "", nil, fmt.Errorf("write a configuration: %w", err)
	}
	return path, remove, nil
}

// demoEnv is the environment of the exporter that demo runs.
func demoEnv(address string) func(string) string {
	values := map[string]string{
		"UKCLOUD_URL": "http://" + address + "/api", "UKCLOUD_EMAIL": DemoEmail, "UKCLOUD_PASSWORD": DemoPassword,
	}
	return func(name string) string { return values[strings.TrimSpace(name)] }
}
