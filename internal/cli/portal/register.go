// Package portal is the commands below ukcloud_exporter portal, which show what the
// portal has and order changes of it.
package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/cli/billing"
	"ukcloud_exporter/internal/cli/exitstatus"
	api "ukcloud_exporter/portal"
)

// Environment is what the program gives these commands.
type Environment struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Portal makes a client of the configuration. It is called at most once.
	Portal func(ctx context.Context, log *slog.Logger, forceLogin bool) (*Portal, error)
}

// Portal is a portal with a login.
type Portal struct {
	Client   *api.Client
	URL      string   // for people
	Accounts []string // configured account ids; empty = all that the login sees
	Close    func()   // may be nil
}

// Run runs a command. Its error is for the user; package exitstatus says which exit
// status it is.
type Run = func(ctx context.Context, log *slog.Logger) error

// Register adds the command portal to app and returns what runs its commands, by
// the name that app.Parse gives: "portal accounts" and so on.
func Register(app *kingpin.Application, env Environment) map[string]Run {
	parent := app.Command("portal", "Show what the portal has, and order changes of it.")
	r := &registrar{env: env, runs: map[string]Run{}}
	r.lists(parent)
	r.tickets(parent.Command("ticket", "Open and change support tickets."))
	r.create(parent.Command("create", "Order what self-service builds."))
	return r.runs
}

// registrar adds commands.
type registrar struct {
	env    Environment
	format string
	runs   map[string]Run
}

// formatFlag adds the flag of every command that prints something.
func (r *registrar) formatFlag(clause *kingpin.CmdClause) {
	clause.Flag("format", "How to print: table, json or csv.").Default("table").EnumVar(&r.format, "table", "json", "csv")
}

// command is one command while it runs.
type command struct {
	*Portal
	env    Environment
	format string
}

// add notes what runs a command.
func (r *registrar) add(clause *kingpin.CmdClause, run func(context.Context, *command) error) {
	force := clause.Flag("force-login", billing.ForceLoginHelp).Bool()
	r.runs[clause.FullCommand()] = func(ctx context.Context, log *slog.Logger) error {
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop) // a second signal ends the program
		p, err := r.env.Portal(ctx, log, *force)
		if err != nil {
			return err
		}
		if p.Close != nil {
			defer p.Close()
		}
		return run(ctx, &command{Portal: p, env: r.env, format: r.format})
	}
}

// accounts returns the accounts that were asked for, else those that are
// configured, else all that the login sees. One that is not listed is kept: asking
// for it shows the portal's own refusal.
func (c *command) accounts(ctx context.Context, asked []string) ([]api.Account, error) {
	if len(asked) == 0 {
		asked = c.Accounts
	}
	all, err := c.Client.Accounts(ctx)
	switch {
	case err != nil && (len(asked) == 0 || !errors.Is(err, api.ErrForbidden) && !errors.Is(err, api.ErrNotFound)):
		return nil, fmt.Errorf("list accounts: %w", err)
	case len(asked) == 0:
		return all, nil
	}
	var chosen []api.Account
	for _, id := range asked {
		account := api.Account{ID: id}
		if i := slices.IndexFunc(all, func(a api.Account) bool { return a.ID == id }); i >= 0 {
			account = all[i]
		}
		chosen = append(chosen, account)
	}
	return chosen, nil
}

// theAccount returns the one account that something is ordered in.
func (c *command) theAccount(ctx context.Context, asked string) (api.Account, error) {
	var list []string
	if asked != "" {
		list = []string{asked}
	}
	accounts, err := c.accounts(ctx, list)
	if err != nil {
		return api.Account{}, err
	}
	if len(accounts) != 1 {
		ids := make([]string, len(accounts))
		for i, a := range accounts {
			ids[i] = a.ID
		}
		return api.Account{}, fmt.Errorf("the login sees %d accounts (%s): say which by --account", len(accounts), strings.Join(ids, ", "))
	}
	return accounts[0], nil
}

// failed says each failure on a line of its own and makes one error of them. Where
// something was shown all the same, it is what was left out.
func (c *command) failed(failures []error, shown int) (err error) {
	switch len(failures) {
	case 0:
		return nil
	case 1:
		err = failures[0]
	default:
		for _, failure := range failures {
			_, _ = fmt.Fprintln(c.env.Stderr, failure)
		}
		err = fmt.Errorf("%d parts are missing", len(failures))
	}
	if shown > 0 {
		return exitstatus.Incomplete(err)
	}
	return err
}
