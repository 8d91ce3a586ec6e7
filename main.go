// Command ukcloud_exporter is a Prometheus exporter and billing collector for
// the UKCloud Portal API.
package main

import (
	"context"
	"embed"
	"io"
	"os"
	_ "time/tzdata" // the portal's wall clock is Europe/London, also in an empty container

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"ukcloud_exporter/internal/cli"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/cli/usage"
	"ukcloud_exporter/internal/completion"
	"ukcloud_exporter/internal/logging"
)

// files is what assets writes. It stands here because only a package above all of
// them can embed them.
//
//go:embed config.example.yml alerts/*.yml dashboards/*.json deploy/systemd/ukcloud_exporter.service deploy/systemd/ukcloud_exporter@.service deploy/systemd/config.yml deploy/systemd/default
var files embed.FS

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// exit is what a flag such as --help panics with instead of ending the process.
type exit int

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			status = int(r)
		default:
			panic(r)
		}
	}()
	app, commands := newApp(cli.Environment{Getenv: env, Stdin: stdin, Stdout: stdout, Stderr: stderr, Files: files})
	name, err := app.Parse(completion.Args(args))
	if err != nil {
		err = usage.Explain(app, args, err)
	} else {
		err = commands.Run(ctx, name)
	}
	if err != nil {
		logging.Fatal(stderr, app.Name, logging.FormatOf(args), err)
	}
	return exitstatus.Of(err)
}

// newApp declares the commands and their flags.
func newApp(env cli.Environment) (*kingpin.Application, *cli.Commands) {
	app := kingpin.New("ukcloud_exporter", "Prometheus exporter and billing collector for the UKCloud Portal API.")
	terminate := func(status int) { panic(exit(status)) }
	app.UsageWriter(env.Stdout).ErrorWriter(env.Stderr).Terminate(terminate)
	completion.AddFish(app, env.Stdout, terminate)
	app.Version(version.Print("ukcloud_exporter"))
	app.HelpFlag.Short('h')
	return app, cli.Register(app, env)
}
