// Package simulate is `ukcloud_exporter simulate`: the simulated portal behind a
// listener, with its flags.
package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/portal/simulator"
)

// The simulated portal's only login.
const (
	Email    = "demo@example.com"
	Password = "demo"
)

// Flags are the flags of the estate that is simulated.
type Flags struct {
	seed       uint64
	accounts   int
	vms        int
	latency    time.Duration
	sessionTTL time.Duration
	era        string
	faults     []string
}

// AddFlags adds the flags to a command.
func AddFlags(cmd *kingpin.CmdClause) *Flags {
	f := new(Flags)
	cmd.Flag("seed", "Seed of the simulated estate: the same seed and time give the same answers.").Default("1").Uint64Var(&f.seed)
	cmd.Flag("accounts", "Number of accounts.").Default("2").IntVar(&f.accounts)
	cmd.Flag("vms", "Number of VMs in all accounts together.").Default("200").IntVar(&f.vms)
	cmd.Flag("latency", "Time that every answer takes.").Default("0s").DurationVar(&f.latency)
	cmd.Flag("session-ttl", "How long a session lives after its last call.").Default("15m").DurationVar(&f.sessionTTL)
	cmd.Flag("era", "Year of the portal: in 2020 the money and hours of compute_services are zero. One of: [2018, 2020]").
		Default("2018").EnumVar(&f.era, "2018", "2020")
	cmd.Flag("fault", "Endpoint that answers with a fault, as ENDPOINT=KIND, for example compute_services=500. Repeatable.").
		PlaceHolder("ENDPOINT=KIND").StringsVar(&f.faults)
	return f
}

// Portal makes the portal that the flags describe.
func (f *Flags) Portal(log *slog.Logger) (*simulator.Portal, error) {
	era, err := strconv.Atoi(f.era)
	if err != nil {
		return nil, fmt.Errorf("--era: %w", err)
	}
	var faults []simulator.Fault
	for _, text := range f.faults {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		faults = append(faults, fault)
	}
	return simulator.New(simulator.Options{
		Seed: f.seed, Accounts: f.accounts, VMs: f.vms, Latency: f.latency, SessionTTL: f.sessionTTL,
		Era: simulator.Era(era), Email: Email, Password: Password, Faults: faults, Logger: log,
	})
}

// Serve serves the portal on a listener until ctx ends.
func Serve(ctx context.Context, log *slog.Logger, listener net.Listener, portal *simulator.Portal) error {
	server := &http.Server{
		Handler: portal, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		portal.Close() // requests that hang by a fault would hold up the shutdown
		stopped <- server.Shutdown(context.WithoutCancel(ctx))
	})()
	log.Info("The simulated portal listens", "url", "http://"+listener.Addr().String()+"/api", "email", Email, "password", Password)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated portal: %w", err)
	}
	return <-stopped
}
