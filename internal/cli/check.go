// Package check is `ukcloud_exporter check --connect`: what the login may use.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"ukcloud_exporter/portal"
)

// Connect logs in once, pings, and lists the accounts and, for each, the
// endpoints that the login may use. Its error is what makes the exporter
// useless: no login, or no account.
func Connect(ctx context.Context, out io.Writer, client *portal.Client, only []string) error {
	if err := client.Login(ctx); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	fmt.Fprintf(out, "login: ok, the session lasts %s without a call\n", time.Until(client.Session().Expiry).Round(time.Second))
	if err := client.Ping(ctx); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	fmt.Fprintln(out, "ping: ok")
	accounts, err := accountsOf(ctx, client, only)
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
		for _, probe := range accountProbes(client, account.ID) {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", account.ID, account.Name, probe.endpoint, result(probe.try(ctx)))
		}
	}
	return table.Flush()
}

// accountsOf returns the accounts that the login sees and those that are
// configured, with a name that says where they differ. A login that may not list
// accounts can still be told their ids, as for the daemon.
func accountsOf(ctx context.Context, client *portal.Client, only []string) ([]portal.Account, error) {
	var accounts []portal.Account
	answer, err := client.Accounts(ctx, nil)
	switch {
	case err == nil:
		for _, a := range answer.Value {
			a.Name = strconv.Quote(a.Name)
			if len(only) > 0 && !slices.Contains(only, a.ID) {
				a.Name += " (not configured)"
			}
			accounts = append(accounts, a)
		}
	case len(only) == 0 || !(errors.Is(err, portal.ErrForbidden) || errors.Is(err, portal.ErrNotFound)):
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	for _, id := range only {
		if !slices.ContainsFunc(accounts, func(a portal.Account) bool { return a.ID == id }) {
			accounts = append(accounts, portal.Account{ID: id, Name: "(configured, not listed)"})
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
		{"my_vm", func(ctx context.Context) error { return second(c.MyVM(ctx, nil)) }},
		{"my_calls", func(ctx context.Context) error { return second(c.MyCalls(ctx, "account", nil)) }},
	}
}

func accountProbes(c *portal.Client, account string) []probe {
	service := ""
	builds := func(kind portal.BuildKind) func(context.Context) error {
		return func(ctx context.Context) error { return second(c.Builds(ctx, account, kind, nil)) }
	}
	return []probe{
		{"compute_services", func(ctx context.Context) error {
			return second(c.ComputeServices(ctx, account, nil))
		}},
		{"api_credentials", func(ctx context.Context) error {
			answer, err := c.APICredentials(ctx, account, nil)
			if err == nil && len(answer.Value) > 0 {
				service = answer.Value[0].ServiceID
			}
			return err
		}},
		{"vorgs", func(ctx context.Context) error { return second(c.VOrgs(ctx, account, nil)) }},
		{"vmotion_events", func(ctx context.Context) error { return second(c.VMotionEvents(ctx, account, nil)) }},
		{"vorg-builds", builds(portal.BuildVOrg)},
		{"vdc-builds", builds(portal.BuildVDC)},
		{"edge-gateway-builds", builds(portal.BuildEdgeGateway)},
		{"billing-csv", func(ctx context.Context) error {
			return closing(service, func() (*portal.Stream, error) {
				return c.BillingCSV(ctx, time.Now().UTC().Format("2006-01"), service, "")
			})
		}},
		{"cloud-storage-report", func(ctx context.Context) error {
			return closing(service, func() (*portal.Stream, error) {
				return c.CloudStorageReport(ctx, time.Now().UTC().Format(time.DateOnly), service, "")
			})
		}},
	}
}

var errNoService = errors.New("not tried: no compute service is known")

// closing opens a report and does not read it.
func closing(service string, open func() (*portal.Stream, error)) error {
	if service == "" {
		return errNoService
	}
	stream, err := open()
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
