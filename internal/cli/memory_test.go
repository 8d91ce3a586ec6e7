package cli

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kingpin/v2"
)

// TestMemoryLimit: which limit the process gets, and what the log says of it.
func TestMemoryLimit(t *testing.T) {
	const (
		before = int64(1) << 50 // what is there when nothing is set
		mib    = 1 << 20
	)
	failed := func(err error) memlimit.Provider { return func() (uint64, error) { return 0, err } }
	tests := []struct {
		name        string
		args        []string
		environment string
		provider    memlimit.Provider
		want        int64
		said        string // in the log; "" is nothing above debug
		err         string
	}{
		{name: "nine tenths", provider: memlimit.Limit(200 * mib), want: 180 * mib, said: "level=INFO msg=\"The memory limit is that of the cgroup\" GOMEMLIMIT=188743680 ratio=0.9"},
		{name: "half", args: []string{"--auto-gomemlimit.ratio=0.5"}, provider: memlimit.Limit(200 * mib), want: 100 * mib, said: "GOMEMLIMIT=104857600 ratio=0.5"},
		{name: "all", args: []string{"--auto-gomemlimit.ratio=1"}, provider: memlimit.Limit(200 * mib), want: 200 * mib, said: "ratio=1"},
		{name: "beyond what Go can count", args: []string{"--auto-gomemlimit.ratio=1"}, provider: memlimit.Limit(math.MaxUint64), want: before},
		{name: "off", args: []string{"--no-auto-gomemlimit"}, provider: memlimit.Limit(200 * mib), want: before},
		{name: "environment", environment: "150MiB", provider: memlimit.Limit(200 * mib), want: before, said: "level=INFO msg=\"The memory limit is that of the environment\" GOMEMLIMIT=150MiB"},
		{name: "no limit", provider: failed(memlimit.ErrNoLimit), want: before},
		{name: "no cgroup", provider: failed(memlimit.ErrNoCgroup), want: before},
		{name: "another system", provider: failed(memlimit.ErrCgroupsNotSupported), want: before},
		{name: "unreadable", provider: failed(errors.New("memory.max: nonsense")), want: before, said: "level=WARN msg=\"The memory limit of the cgroup cannot be read, and none is set\" err=\"memory.max: nonsense\""},
		{name: "ratio of nothing", args: []string{"--auto-gomemlimit.ratio=0"}, provider: memlimit.Limit(200 * mib), want: before, err: "--auto-gomemlimit.ratio: 0 is not above 0 and at most 1"},
		{name: "ratio beyond all", args: []string{"--auto-gomemlimit.ratio=1.1"}, provider: memlimit.Limit(200 * mib), want: before, err: "--auto-gomemlimit.ratio: 1.1 is not"},
		{name: "no number", args: []string{"--auto-gomemlimit.ratio=NaN"}, provider: memlimit.Limit(200 * mib), want: before, err: "--auto-gomemlimit.ratio: NaN is not"},
	}
	was := debug.SetMemoryLimit(before)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			debug.SetMemoryLimit(before)
			app := kingpin.New("test", "")
			m := addMemoryFlags(app.Command("serve", "").Default())
			if _, err := app.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			err := m.limit(slog.New(slog.NewTextHandler(&log, nil)), func(name string) string {
				return map[string]string{"GOMEMLIMIT": test.environment}[name]
			}, test.provider)
			if (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if got := debug.SetMemoryLimit(-1); got != test.want {
				t.Errorf("the limit is %d, want %d", got, test.want)
			}
			if said := log.String(); (said == "") != (test.said == "") || !strings.Contains(said, test.said) {
				t.Errorf("said %q, want %q", said, test.said)
			}
		})
	}
}
