// Package billing is the commands below ukcloud_exporter billing: fetch,
// summary, report, verify, backfill, focus and export.
package billing

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/inventory"
)

// Environment is what the program gives its billing commands.
type Environment struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Portal makes a client of the configuration. It is called at most once, and
	// only by a command that asks the portal.
	Portal func(ctx context.Context, log *slog.Logger, forceLogin bool) (*Portal, error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Version is the program's, for the end of a report.
	Version string
}

// ForceLoginHelp is the help of --force-login.
const ForceLoginHelp = "Log in although logins are suspended after rejected ones: each try may be the one that locks the account."

// API is what the commands ask of the portal.
type API interface {
	collector.BillingAPI
	inventory.API
}

// Portal is a portal with a login.
type Portal struct {
	API      API
	Accounts []string // configured account ids; empty = all that the login sees
	Close    func()   // may be nil
}

// Run runs a command. Its error is one line for the user; package exitstatus says
// which exit status it is.
type Run = func(ctx context.Context, log *slog.Logger) error

// Register adds the command billing to app and returns what runs its commands, by
// the name that app.Parse gives: "billing fetch" and so on.
func Register(app *kingpin.Application, env Environment) map[string]Run {
	if env.Now == nil {
		env.Now = time.Now
	}
	parent := app.Command("billing", "Fetch, add up, check and convert billing CSVs, exactly.")
	return map[string]Run{
		"billing fetch":    interruptible(registerFetch(parent, env)),
		"billing summary":  interruptible(registerSummary(parent, env)),
		"billing report":   interruptible(registerReport(parent, env)),
		"billing verify":   interruptible(registerVerify(parent, env)),
		"billing backfill": interruptible(registerBackfill(parent, env)),
		"billing focus":    interruptible(registerFocus(parent, env)),
		"billing export":   interruptible(registerExport(parent, env)),
	}
}

// interruptible ends the context at the first signal, so that no half file is
// left; a second signal ends the program as ever.
func interruptible(run Run) Run {
	return func(ctx context.Context, log *slog.Logger) error {
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop)
		return run(ctx, log)
	}
}

// monthValue is a flag that is a month, written 2018-01.
type monthValue struct{ month *bill.Month }

// Set implements kingpin.Value.
func (v monthValue) Set(text string) (err error) {
	*v.month, err = bill.ParseMonth(text)
	return err
}

// String implements kingpin.Value.
func (v monthValue) String() string {
	if v.month == nil || *v.month == (bill.Month{}) {
		return ""
	}
	return v.month.String()
}
