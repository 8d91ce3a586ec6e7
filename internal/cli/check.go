package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sync/errgroup"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/archive"
	"ukcloud_exporter/internal/cli/billing"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/state"
	"ukcloud_exporter/portal"
)

func (c *Commands) check(cmd *kingpin.CmdClause) run {
	tryLogin := cmd.Flag("connect", "Also log in once, ping, and list the accounts and endpoints that the login may use.").Bool()
	force := cmd.Flag("force-login", billing.ForceLoginHelp).Bool()
	return func(ctx context.Context, log *slog.Logger) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		if err := state.Check(cfg.StateDir()); err != nil {
			return fmt.Errorf("state_dir: %w", err)
		}
		if billing, ok := cfg.Collector("billing_csv").(collector.BillingSettings); ok && billing.ExportDir != "" {
			if err := archive.Check(string(billing.ExportDir)); err != nil {
				return fmt.Errorf("collectors.billing_csv.export_dir: %w", err)
			}
		}
		fmt.Fprintln(c.env.Stdout, "configuration: ok")
		if !*tryLogin {
			return nil
		}
		client, closeAll, err := newClient(ctx, cfg, log, *force)
		if err != nil {
			return err
		}
		defer closeAll()
		return connect(ctx, c.env.Stdout, client, cfg.Accounts())
	}
}

// connect logs in once, pings, and lists the accounts and, for each, the endpoints
// that the login may use. Its error is what makes the exporter useless: no login, or
// no account; or, as one of exit status 2, that something is missing.
func connect(ctx context.Context, out io.Writer, client *portal.Client, only []string) error {
	if err := client.Login(ctx); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	fmt.Fprintf(out, "login: ok, the session lasts %s without a call\n", time.Until(client.Session().Expiry).Round(time.Second))
	if err := client.Ping(ctx); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	fmt.Fprintln(out, "ping: ok")
	inventory := inventory.New(client.Conditional(), only)
	accounts, err := accountsOf(ctx, inventory, only)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "accounts: %d\n\n", len(accounts))
	probes := loginProbes(client)
	for _, account := range accounts {
		probes = append(probes, accountProbes(client, inventory, account)...)
	}
	return try(ctx, out, probes)
}

// sideBySide is how many endpoints are asked at the same time.
const sideBySide = 4

// try asks all endpoints and prints each answer as soon as those before it are there.
func try(ctx context.Context, out io.Writer, probes []probe) error {
	answers := make([]chan error, len(probes))
	for i := range answers {
		answers[i] = make(chan error, 1)
	}
	var askers errgroup.Group
	askers.SetLimit(sideBySide)
	go func() {
		for i, probe := range probes { // in their order: the next to be printed is never the last to be asked
			askers.Go(func() error {
				answers[i] <- probe.try(ctx)
				return nil
			})
		}
	}()
	line := lines(out, probes)
	line("ACCOUNT", "NAME", "ENDPOINT", "RESULT")
	missing := 0
	for i, probe := range probes {
		err := <-answers[i]
		line(probe.account.ID, probe.account.Name, probe.endpoint, result(err))
		if err != nil && !probe.account.unused && !errors.Is(err, errNoService) {
			missing++
		}
	}
	if missing > 0 {
		return exitstatus.Incomplete(fmt.Errorf("%d of %d endpoints are forbidden or fail", missing, len(probes)))
	}
	return nil
}

// lines returns what prints a line of the table, whose columns are as wide as they
// must be for all probes.
func lines(out io.Writer, probes []probe) func(account, name, endpoint, result string) {
	account, name, endpoint := len("ACCOUNT"), len("NAME"), len("ENDPOINT")
	for _, p := range probes {
		account = max(account, utf8.RuneCountInString(p.account.ID))
		name = max(name, utf8.RuneCountInString(p.account.Name))
		endpoint = max(endpoint, len(p.endpoint))
	}
	return func(a, n, e, result string) {
		fmt.Fprintf(out, "%-*s  %-*s  %-*s  %s\n", account, a, name, n, endpoint, e, result)
	}
}

// account is one that is collected, or that the login sees beside those.
type account struct {
	portal.Account
	unused bool // not configured: nothing of it is missed
}

// accountsOf returns the accounts that are collected, and those that the login sees
// beside them, with a name that says where the two differ.
func accountsOf(ctx context.Context, inventory *inventory.Inventory, only []string) ([]account, error) {
	chosen, err := inventory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	listed, _ := inventory.Listed(ctx) // what cannot be listed was configured
	var accounts []account
	for _, a := range listed {
		a.Name = strconv.Quote(a.Name)
		unused := len(only) > 0 && !slices.Contains(only, a.ID)
		if unused {
			a.Name += " (not configured)"
		}
		accounts = append(accounts, account{a, unused})
	}
	for _, c := range chosen {
		if !slices.ContainsFunc(accounts, func(a account) bool { return a.ID == c.ID }) {
			accounts = append(accounts, account{Account: portal.Account{ID: c.ID, Name: "(configured, not listed)"}})
		}
	}
	if len(accounts) == 0 {
		return nil, errors.New("the login sees no account, and none is configured")
	}
	return accounts, nil
}

// probe asks one endpoint once.
type probe struct {
	account  account // the zero value for what is asked for the login
	endpoint string
	try      func(context.Context) error
}

func loginProbes(c *portal.Client) []probe {
	return []probe{
		{account{}, "my_vm", func(ctx context.Context) error { return second(c.MyVM(ctx)) }},
		{account{}, "my_calls", func(ctx context.Context) error { return second(c.MyCalls(ctx, "account")) }},
	}
}

func accountProbes(c *portal.Client, inventory *inventory.Inventory, a account) []probe {
	service := func(ctx context.Context) string { // any one
		ids, err := inventory.Services(ctx, a.ID)
		if err != nil || len(ids) == 0 {
			return ""
		}
		return ids[0]
	}
	builds := func(kind portal.BuildKind) func(context.Context) error {
		return func(ctx context.Context) error { return second(c.Builds(ctx, a.ID, kind)) }
	}
	return []probe{
		{a, "compute_services", func(ctx context.Context) error {
			return second(inventory.Estate(ctx, a.ID, time.Now()))
		}},
		{a, "api_credentials", func(ctx context.Context) error {
			return second(c.APICredentials(ctx, a.ID))
		}},
		{a, "vorgs", func(ctx context.Context) error { return second(c.VOrgs(ctx, a.ID)) }},
		{a, "vmotion_events", func(ctx context.Context) error { return second(c.VMotionEvents(ctx, a.ID)) }},
		{a, "vorg-builds", builds(portal.BuildVOrg)},
		{a, "vdc-builds", builds(portal.BuildVDC)},
		{a, "edge-gateway-builds", builds(portal.BuildEdgeGateway)},
		{a, "billing-csv", func(ctx context.Context) error {
			return closing(service(ctx), func(service string) (*portal.Stream, error) {
				return c.BillingCSV(ctx, time.Now().UTC().Format("2006-01"), service, "")
			})
		}},
		{a, "cloud-storage-report", func(ctx context.Context) error {
			return closing(service(ctx), func(service string) (*portal.Stream, error) {
				return c.CloudStorageReport(ctx, time.Now().UTC().Format(time.DateOnly), service, "")
			})
		}},
	}
}

var errNoService = errors.New("not tried: no compute service is known")

// closing opens a report and does not read it.
func closing(service string, open func(service string) (*portal.Stream, error)) error {
	if service == "" {
		return errNoService
	}
	stream, err := open(service)
	if err != nil {
		return err
	}
	return stream.Close()
}

func second[T any](_ T, err error) error { return err }

func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, portal.ErrForbidden):
		return "forbidden"
	case errors.Is(err, portal.ErrNotFound):
		return "not found: the portal does not have it"
	default:
		return "failed: " + err.Error()
	}
}
