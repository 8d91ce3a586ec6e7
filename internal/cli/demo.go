package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

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
		ctx, stop := interruptible(ctx)
		defer stop()
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
		// The portal goes last: the exporter stops in peace.
		portalCtx, stopPortal := context.WithCancel(context.WithoutCancel(ctx))
		served := make(chan error, 1)
		go func() { served <- servePortal(portalCtx, log, listener, simulated) }()
		o := options()
		o.Load = func() (*config.Config, error) { return config.Load(path, demoEnv(listener.Addr().String())) }
		o.Listening = welcome(c.env.Stdout, flags, listener.Addr().String(), o.MetricsPath)
		err = app.Run(ctx, log, o)
		stopPortal()
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

// welcome returns what tells a person, at the first listener, where to look, at what,
// and what to try next.
func welcome(out io.Writer, flags *portalFlags, portal, metricsPath string) func(net.Listener) {
	var once sync.Once
	return func(l net.Listener) {
		once.Do(func() {
			base := address(l)
			fmt.Fprintf(out, `
Open %[1]s/

  /        what the simulated estate costs
  /status  how the exporter does
  %[2]s what Prometheus scrapes

It simulates the UKCloud Portal with %[3]d accounts and %[4]d VMs, their bills, tickets,
builds and vMotion events. Nothing of it is real, and nothing leaves this machine.

Try next
  curl %[1]s%[5]s
  ukcloud_exporter demo --fault=compute_services=500   how a failure looks
  ukcloud_exporter demo --accounts=5 --vms=2000        a larger estate
  UKCLOUD_URL=http://%[6]s/api UKCLOUD_EMAIL=%[7]s UKCLOUD_PASSWORD=%[8]s ukcloud_exporter portal vms

Ctrl-C ends it.

`, base, fmt.Sprintf("%-8s", metricsPath), flags.accounts, flags.vms, metricsPath, portal, DemoEmail, DemoPassword)
		})
	}
}

// address is how a browser on this machine reaches a listener.
func address(l net.Listener) string {
	scheme := "https"
	if _, plain := l.(*net.TCPListener); plain {
		scheme = "http"
	}
	host := l.Addr().String()
	if tcp, is := l.Addr().(*net.TCPAddr); is && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return scheme + "://" + host
}

// demoEnv is the environment of the exporter that demo runs.
func demoEnv(address string) func(string) string {
	values := map[string]string{
		"UKCLOUD_URL": "http://" + address + "/api", "UKCLOUD_EMAIL": DemoEmail, "UKCLOUD_PASSWORD": DemoPassword,
	}
	return func(name string) string { return values[strings.TrimSpace(name)] }
}
