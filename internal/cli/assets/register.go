// Package assets is the commands below ukcloud_exporter assets: they list and write
// what the program carries for others to read: rules for Prometheus, dashboards for
// Grafana, units for systemd and the example of a configuration.
package assets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"
)

// Environment is what the program gives these commands.
type Environment struct {
	Stdout io.Writer
	// Files has the sources by their paths in the repository.
	Files fs.FS
}

// Register adds the command assets to app and returns what runs its commands, by
// the name that app.Parse gives.
func Register(app *kingpin.Application, env Environment) map[string]func(context.Context, *slog.Logger) error {
	parent := app.Command("assets", "Write the rules, dashboards and units that belong to this version.")
	list := parent.Command("list", "List what assets write writes.")
	write := parent.Command("write", "Write rules, dashboards, units and the example of a configuration into a directory. Where a file of another content is there, nothing is written.")
	dir := write.Arg("dir", "Directory; it is made where it is missing.").Required().String()
	var f flags
	write.Flag("runbook-url", "Where people find the files of this repository, for example https://git.example.com/ukcloud_exporter/blob/main: alerts and dashboards link to docs/runbooks below it.").StringVar(&f.runbookURL)
	write.Flag("dashboard-url", "Where people find Grafana, for example https://grafana.example.com: alerts link to its dashboards.").StringVar(&f.dashboardURL)
	write.Flag("label", "NAME=VALUE, a label for every alert, for the routes of Alertmanager; repeatable. job=VALUE is no label, because alerts have the job of their exporter: it is the Job with which the dashboards open.").PlaceHolder("NAME=VALUE").StringsVar(&f.labels)
	write.Flag("budget", "ACCOUNT=POUNDS, what an account may cost in a month without VAT; repeatable. Makes alerts/budget.yml instead of the example.").PlaceHolder("ACCOUNT=POUNDS").StringsVar(&f.budgets)
	write.Flag("datasource", "Name or uid of the Prometheus in Grafana with which the dashboards open; without it Grafana takes its default.").StringVar(&f.datasource)
	force := write.Flag("force", "Replace files of another content.").Bool()
	return map[string]func(context.Context, *slog.Logger) error{
		list.FullCommand(): func(context.Context, *slog.Logger) error {
			files, err := render(env.Files, values{})
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
			for _, file := range files {
				fmt.Fprintf(table, "%s\t%s\n", file.name, file.use)
			}
			return table.Flush()
		},
		write.FullCommand(): func(context.Context, *slog.Logger) error {
			if *dir == "" { // a variable of a script that is not set
				return errors.New("the directory is empty text")
			}
			v, err := f.read(env.Files)
			if err != nil {
				return err
			}
			files, err := render(env.Files, v)
			if err != nil {
				return err
			}
			return writeAll(env.Stdout, *dir, files, *force)
		},
	}
}
