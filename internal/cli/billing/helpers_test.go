package billing

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// bench runs commands on a simulated portal.
type bench struct {
	stderr   bytes.Buffer // of the newest run
	t        *testing.T
	portal   *simulator.Portal
	client   *portal.Client
	now      time.Time
	asked    []string   // "org period" of the bills that were asked for
	mu       sync.Mutex // over asked
	unproven bool       // nothing proves the end of a bill
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: now}
	b.simulate(simulator.Options{Seed: 5, VMs: 6, VOrgsPerAccount: 3, Accounts: 2})
	return b
}

// simulate puts another portal in the place of the bench's.
func (b *bench) simulate(o simulator.Options) {
	b.t.Helper()
	o.SessionTTL, o.Now = time.Hour, func() time.Time { return b.now }
	var err error
	b.portal, err = simulator.New(o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(b.portal.Close)
	b.client, err = portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTransport(testutil.Direct{Handler: b.portal}))
	if err != nil {
		b.t.Fatal(err)
	}
}

// asking notes which bills are asked for.
type asking struct {
	portal.Conditional
	bench *bench
}

func (a asking) BillingCSV(ctx context.Context, period, org, etag string) (*portal.Stream, error) {
	a.bench.mu.Lock()
	a.bench.asked = append(a.bench.asked, org+" "+period)
	a.bench.mu.Unlock()
	stream, err := a.Client.BillingCSV(ctx, period, org, etag)
	if err == nil && a.bench.unproven {
		stream.Proven = false
	}
	return stream, err
}

// run runs a command and returns what it prints.
func (b *bench) run(args ...string) (string, error) {
	b.t.Helper()
	b.asked = nil
	b.stderr.Reset()
	var stdout bytes.Buffer
	app := kingpin.New("test", "").Terminate(func(int) { b.t.Fatal("the command line ends the program") })
	commands := Register(app, Environment{
		Stdin: bytes.NewReader(nil), Stdout: &stdout, Stderr: &b.stderr, Now: func() time.Time { return b.now },
		Portal: func(context.Context, *slog.Logger, bool) (*Portal, error) {
			return &Portal{API: asking{b.client.Conditional(), b}}, nil
		},
	})
	name, err := app.Parse(append([]string{"billing"}, args...))
	if err != nil {
		b.t.Fatal(err)
	}
	err = commands[name](b.t.Context(), slog.New(slog.DiscardHandler))
	return stdout.String(), err
}

func (b *bench) must(args ...string) string {
	b.t.Helper()
	out, err := b.run(args...)
	if err != nil {
		b.t.Fatalf("%q: %v", args, err)
	}
	return out
}

// services are those of the estate that have bills.
func (b *bench) services() []service {
	b.t.Helper()
	all, _, err := services(b.t.Context(), &Portal{API: b.client.Conditional()}, "")
	if err != nil {
		b.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(s service) bool {
		bill, err := b.portal.Bill(s.org, "2018-01")
		if err != nil {
			b.t.Fatal(err)
		}
		return bill.Rows == 0
	})
}
