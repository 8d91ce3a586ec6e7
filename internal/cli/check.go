package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/cli/billing"
	"ukcloud_exporter/internal/inventory"
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

// connect logs in once, pings, and lists the accounts and, for each, the
// endpoints that the login may use. Its error is what makes the exporter
// useless: no login, or no account.
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
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tNAME\tENDPOINT\tRESULT")
	for _, probe := range loginProbes(client) {
		fmt.Fprintf(table, "\t\t%s\t%s\n", probe.endpoint, result(probe.try(ctx)))
	}
	for _, account := range accounts {
		for _, probe := range accountProbes(client, inventory, account.ID) {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", account.ID, account.Name, probe.endpoint, result(probe.try(ctx)))
		}
	}
	return table.Flush()
}

// accountsOf returns the accounts that are collected, and those that the login sees
// beside them, with a name that says where the two differ.
func accountsOf(ctx context.Context, inventory *inventory.Inventory, only []string) ([]portal.Account, error) {
	chosen, err := inventory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	listed, _ := inventory.Listed(ctx) // what cannot be listed was configured
	var accounts []portal.Account
	for _, a := range listed {
		a.Name = strconv.Quote(a.Name)
		if len(only) > 0 && !slices.Contains(only, a.ID) {
			a.Name += " (not configured)"
		}
		accounts = append(accounts, a)
	}
	for _, c := range chosen {
		if !slices.ContainsFunc(accounts, func(a portal.Account) bool { return a.ID == c.ID }) {
			accounts = append(accounts, portal.Account{ID: c.ID, Name: "(configured, not listed)"})
		}
	}
	if len(accounts) == 0 {
		return nil, errors.New("the login sees no account, and none is configured")
	}
	return accounts, nil
}

// probe asks one endpoint once.
type probe struct {
	endpoint string
	try      func(context.Context) error
}

func loginProbes(c *portal.Client) []probe {
	return []probe{
		{"my_vm", func(ctx context.Context) error { return second(c.MyVM(ctx)) }},
		{"my_calls", func(ctx context.Context) error { return second(c.MyCalls(ctx, "account")) }},
	}
}

func accountProbes(c *portal.Client, inventory *inventory.Inventory, account string) []probe {
	service := func(ctx context.Context) string { // any one
		ids, err := inventory.Services(ctx, account)
		if err != nil || len(ids) == 0 {
			return ""
		}
		return ids[0]
	}
	builds := func(kind portal.BuildKind) func(context.Context) error {
		return func(ctx context.Context) error { return second(c.Builds(ctx, account, kind)) }
	}
	return []probe{
		{"compute_services", func(ctx context.Context) error {
			return second(inventory.Estate(ctx, account, time.Now()))
		}},
		{"api_credentials", func(ctx context.Context) error {
			return second(c.APICredentials(ctx, account))
		}},
		{"vorgs", func(ctx context.Context) error { return second(c.VOrgs(ctx, account)) }},
		{"vmotion_events", func(ctx context.Context) error { return second(c.VMotionEvents(ctx, account)) }},
		{"vorg-builds", builds(portal.BuildVOrg)},
		{"vdc-builds", builds(portal.BuildVDC)},
		{"edge-gateway-builds", builds(portal.BuildEdgeGateway)},
		{"billing-csv", func(ctx context.Context) error {
			return closing(service(ctx), func(service string) (*portal.Stream, error) {
				return c.BillingCSV(ctx, time.Now().UTC().Format("2006-01"), service, "")
			})
		}},
		{"cloud-storage-report", func(ctx context.Context) error {
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
