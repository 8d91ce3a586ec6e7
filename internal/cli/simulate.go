package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/portal/simulator"
)

// The simulated portal's login, if no flag says otherwise.
const (
	DemoEmail    = "demo@example.com"
	DemoPassword = "demo"
)

func (c *Commands) simulate(cmd *kingpin.CmdClause) run {
	address := cmd.Flag("listen-address", "Address on which the simulated portal listens.").Default("127.0.0.1:10049").String()
	flags := addPortalFlags(cmd)
	return func(ctx context.Context, log *slog.Logger) error {
		ctx, stop := interruptible(ctx)
		defer stop()
		portal, err := flags.newPortal(log)
		if err != nil {
			return err
		}
		listener, err := flags.listen(*address)
		if err != nil {
			return err
		}
		return servePortal(ctx, log, listener, portal)
	}
}

// interruptible returns a context that SIGTERM and Ctrl-C end, from the first moment on:
// a command that runs until it is told to stop has then done what it should. A second
// signal ends the process at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// portalFlags are the flags of the portal that is simulated.
type portalFlags struct {
	seed       uint64
	accounts   int
	vms        int
	latency    time.Duration
	sessionTTL time.Duration
	era        string
	faults     []string

	// These are flags of simulate only.
	email, password string
	users           []string
	now             string
	buildDuration   time.Duration
	approvalDelay   time.Duration
	readOnly        bool
	tls             bool
	caFile          string
}

// addEstateFlags adds the flags of the estate to a command.
func addEstateFlags(cmd *kingpin.CmdClause) *portalFlags {
	f := &portalFlags{email: DemoEmail, password: DemoPassword}
	cmd.Flag("seed", "Seed of the simulated estate: the same seed and time give the same answers.").Default("1").Uint64Var(&f.seed)
	cmd.Flag("accounts", "Number of accounts.").Default("2").IntVar(&f.accounts)
	cmd.Flag("vms", "Number of VMs in all accounts together.").Default("200").IntVar(&f.vms)
	cmd.Flag("latency", "Time that every answer takes.").Default("0s").DurationVar(&f.latency)
	cmd.Flag("session-ttl", "How long a session lives after its last call.").Default("15m").DurationVar(&f.sessionTTL)
	cmd.Flag("era", "Year of the portal: in 2020 the money and hours of compute_services are zero. One of: [2018, 2020]").
		Default("2018").EnumVar(&f.era, "2018", "2020")
	cmd.Flag("fault", "Endpoint that answers with a fault, as ENDPOINT[/ACCOUNT]=KIND[@DELAY], for example compute_services=500; docs/portal-faults.md lists the kinds. Repeatable.").
		PlaceHolder("ENDPOINT=KIND").StringsVar(&f.faults)
	return f
}

// addPortalFlags adds the flags of the estate and of the portal around it.
func addPortalFlags(cmd *kingpin.CmdClause) *portalFlags {
	f := addEstateFlags(cmd)
	cmd.Flag("email", "Address of the login, an administrator.").Default(DemoEmail).StringVar(&f.email)
	cmd.Flag("password", "Password of the login.").Default(DemoPassword).StringVar(&f.password)
	cmd.Flag("user", "Another login. ROLE is administrator, read-only, billing-only or no-account. Repeatable.").
		PlaceHolder("EMAIL:PASSWORD:ROLE").StringsVar(&f.users)
	cmd.Flag("now", "Time at which the portal's clock starts, as 2018-01-15 or 2018-01-15T09:00:00Z; by default the present.").
		PlaceHolder("TIME").StringVar(&f.now)
	cmd.Flag("build-duration", "Time that a new vOrg, VDC or edge gateway takes to build.").Default("1m").DurationVar(&f.buildDuration)
	cmd.Flag("approval-delay", "Time in which a new ticket cannot be changed.").Default("1m").DurationVar(&f.approvalDelay)
	cmd.Flag("read-only", "Refuse every call that changes something.").BoolVar(&f.readOnly)
	cmd.Flag("tls", "Serve HTTPS, with a certificate made at start.").BoolVar(&f.tls)
	cmd.Flag("tls-ca-file", "File to write the certificate of the authority to that signs the server's, for clients to trust.").
		PlaceHolder("FILE").StringVar(&f.caFile)
	return f
}

// check refuses what simulator.Options takes for a value that was left out.
func (f *portalFlags) check() error {
	switch {
	case f.accounts < 1:
		return fmt.Errorf("--accounts: %d is not at least 1", f.accounts)
	case f.vms < 1:
		return fmt.Errorf("--vms: %d is not at least 1", f.vms)
	case f.sessionTTL < time.Second:
		return fmt.Errorf("--session-ttl: %v is not at least 1s", f.sessionTTL)
	case f.email == "":
		return errors.New("--email: is empty")
	case f.password == "":
		return errors.New("--password: is empty")
	}
	return nil
}

// newPortal makes the portal that the flags describe.
func (f *portalFlags) newPortal(log *slog.Logger) (*simulator.Portal, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
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
	var users []simulator.User
	for _, text := range f.users {
		user, err := simulator.ParseUser(text)
		if err != nil {
			return nil, fmt.Errorf("--user: %w", err)
		}
		users = append(users, user)
	}
	now, err := clock(f.now)
	if err != nil {
		return nil, fmt.Errorf("--now: %w", err)
	}
	return simulator.New(simulator.Options{
		Seed: f.seed, Accounts: f.accounts, VMs: f.vms, Latency: f.latency, SessionTTL: f.sessionTTL,
		Era: simulator.Era(era), Email: f.email, Password: f.password, Users: users, Now: now, ReadOnly: f.readOnly,
		BuildDuration: f.buildDuration, ApprovalDelay: f.approvalDelay, Faults: faults, Logger: log,
	})
}

// clock is one that starts at a time and runs; without a time it is the host's.
func clock(text string) (func() time.Time, error) {
	if text == "" {
		return time.Now, nil
	}
	start, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if start, err = time.Parse(time.DateOnly, text); err != nil {
			return nil, fmt.Errorf("%q is not a time like 2018-01-15 or 2018-01-15T09:00:00Z", text)
		}
	}
	began := time.Now()
	return func() time.Time { return start.Add(time.Since(began)) }, nil
}

// listen listens on an address, with TLS if the flags say so.
func (f *portalFlags) listen(address string) (net.Listener, error) {
	if f.caFile != "" && !f.tls {
		return nil, errors.New("--tls-ca-file: there is no --tls")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen-address: %w", err)
	}
	if !f.tls {
		return listener, nil
	}
	secured, err := secure(listener, f.caFile)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--tls: %w", err), listener.Close())
	}
	return secured, nil
}

// servePortal serves the portal on a listener until ctx ends.
func servePortal(ctx context.Context, log *slog.Logger, listener net.Listener, portal *simulator.Portal) error {
	server := &http.Server{
		Handler: portal, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		portal.Close() // requests that hang by a fault would hold up the shutdown
		stopped <- server.Shutdown(context.WithoutCancel(ctx))
	})()
	scheme := "http://"
	if _, secured := listener.(*tlsListener); secured {
		scheme = "https://"
	}
	log.Info("The simulated portal listens", "url", scheme+listener.Addr().String()+"/api", "email", portal.Email())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated portal: %w", err)
	}
	return <-stopped
}
