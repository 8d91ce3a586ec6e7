package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/config"
)

// demo is simulate and serve in one process: the exporter speaks to the
// simulated portal over loopback, as it would to the real one.
func (c *Commands) demo(cmd *kingpin.CmdClause) run {
	flags := addEstateFlags(cmd)
	options := serveFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
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
		"UKCLOUD_URL": "http://" + address + "/api", "UKCLOUD_EMAIL": DemoEmail, "UKCLOUD_PASSWORD": DemoPassword,
	}
	return func(name string) string { return values[strings.TrimSpace(name)] }
}
