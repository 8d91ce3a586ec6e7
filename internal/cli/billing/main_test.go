package billing

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
	"ukcloud_exporter/portal"
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

// now is the clock of the scripts, the commands' and the portal's.
var now = time.Date(2018, 3, 15, 12, 0, 0, 0, time.UTC)

// program is the program as far as its billing commands go. The portal is that
// of PORTAL_URL.
func program() {
	app := kingpin.New("ukcloud_exporter", "Test.").Terminate(os.Exit)
	commands := Register(app, Environment{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "1.2.3, revision test",
		Now: func() time.Time { return now },
		Portal: func(context.Context, *slog.Logger, bool) (*Portal, error) {
			client, err := portal.New(os.Getenv("PORTAL_URL"), func() (portal.Credentials, error) {
				return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
			})
			if err != nil {
				return nil, err
			}
			return &Portal{API: client.Conditional(), Accounts: strings.Fields(os.Getenv("ACCOUNTS")), Close: client.CloseIdleConnections}, nil
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

// simulated is a simulated portal with two accounts. Of the three compute
// services of each two have VMs.
func simulated() (*simulator.Portal, error) {
	return simulator.New(simulator.Options{
		Seed: 5, VMs: 6, VOrgsPerAccount: 3, Accounts: 2, Now: func() time.Time { return now },
	})
}

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scripts", UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			p, err := simulated()
			if err != nil {
				return err
			}
			server := httptest.NewServer(p)
			env.Defer(server.Close)
			env.Defer(p.Close)
			env.Setenv("PORTAL_URL", server.URL+"/api")
			env.Values["portal"] = p
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fault": setFaults, "spoil": spoil, "status": exitStatus},
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

// setFaults is the script command: fault [ENDPOINT=KIND[@ACCOUNT]]...
func setFaults(ts *testscript.TestScript, _ bool, args []string) {
	var faults []simulator.Fault
	for _, arg := range args {
		arg, account, _ := strings.Cut(arg, "@")
		fault, err := simulator.ParseFault(arg)
		ts.Check(err)
		fault.Account = account
		faults = append(faults, fault)
	}
	ts.Value("portal").(*simulator.Portal).SetFaults(faults...)
}

// spoil is the script command: spoil ORG PERIOD ROW COLUMN TEXT
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 5 {
		ts.Fatalf("usage: spoil ORG PERIOD ROW COLUMN TEXT")
	}
	var row int
	if _, err := fmt.Sscan(args[2], &row); err != nil {
		ts.Fatalf("row %q: %v", args[2], err)
	}
	ts.Check(ts.Value("portal").(*simulator.Portal).SpoilRow(args[0], args[1], row, args[3], args[4]))
}
