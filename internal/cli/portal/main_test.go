package portal

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"ukcloud_exporter/internal/cli/exitstatus"
	api "ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// checked looks for goroutines that are left when all tests have passed.
type checked struct{ *testing.M }

func (m checked) Run() int {
	status := m.M.Run()
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return status
}

func TestMain(m *testing.M) {
	testscript.Main(checked{m}, map[string]func(){"ukcloud_exporter": program})
}

// program is the program as far as its portal commands go. The portal is that of
// PORTAL_URL.
func program() {
	app := kingpin.New("ukcloud_exporter", "Test.").Terminate(os.Exit)
	commands := Register(app, Environment{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Portal: func(context.Context, *slog.Logger, bool) (*Portal, error) {
			email := "demo@example.com"
			if user := os.Getenv("PORTAL_USER"); user != "" {
				email = user
			}
			client, err := api.New(os.Getenv("PORTAL_URL"), func() (api.Credentials, error) {
				return api.Credentials{Email: email, Password: api.NewSecret("demo")}, nil
			})
			if err != nil {
				return nil, err
			}
			return &Portal{
				Client: client, URL: "https://portal.example.com/api", Accounts: strings.Fields(os.Getenv("ACCOUNTS")), Close: client.CloseIdleConnections,
			}, nil
		},
	})
	name, err := app.Parse(os.Args[1:])
	if err == nil {
		err = commands[name](context.Background(), slog.New(slog.DiscardHandler))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "ukcloud_exporter: error: %s\n", err)
		os.Exit(exitstatus.Of(err))
	}
}

// now is the portal's clock.
var now = time.Date(2018, 3, 15, 12, 0, 0, 0, time.UTC)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestScripts runs the commands against a simulated portal whose builds take no
// time. BUILD_PORTAL is another, with an account more, where they never end.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			users := []simulator.User{{Email: "reader@example.com", Password: "demo", Role: simulator.ReadOnly}}
			for name, options := range map[string]simulator.Options{
				"PORTAL_URL": {Seed: 5, VMs: 3, VOrgsPerAccount: 2, Users: users},
				"SLOW_URL":   {Seed: 5, VMs: 4, VOrgsPerAccount: 2, Accounts: 2, BuildDuration: 24 * time.Hour, ApprovalDelay: time.Hour},
			} {
				options.Now = func() time.Time { return now }
				p, err := simulator.New(options)
				if err != nil {
					return err
				}
				server := httptest.NewServer(p)
				env.Defer(server.Close)
				env.Defer(p.Close)
				env.Setenv(name, server.URL+"/api")
				env.Values[name] = p
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fault": setFaults, "status": exitStatus},
	})
}

// exitStatus is the script command: status STATUS ARGUMENT... It runs the program,
// which must end with the status.
func exitStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: status STATUS ARGUMENT...")
	}
	err := ts.Exec("ukcloud_exporter", args[1:]...)
	got := 0
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// setFaults is the script command: fault URL [ENDPOINT=KIND[@ACCOUNT]]...
func setFaults(ts *testscript.TestScript, _ bool, args []string) {
	var faults []simulator.Fault
	for _, arg := range args[1:] {
		arg, account, _ := strings.Cut(arg, "@")
		fault, err := simulator.ParseFault(arg)
		ts.Check(err)
		fault.Account = account
		faults = append(faults, fault)
	}
	ts.Value(args[0]).(*simulator.Portal).SetFaults(faults...)
}
