package cli

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/portal/simulator"
)

// command runs a command line as the program does, with a configuration file of that
// text, in whose directory DIR stands for a new one.
func command(t *testing.T, url, text string, args ...string) (stdout string, err error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yml")
	text = strings.NewReplacer("URL", url, "DIR", dir).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	var out strings.Builder
	err = start(t.Context(), t, &out, append([]string{"--config.file=" + path}, args...)...)
	return out.String(), err
}

// start runs a command line in this process, with an empty environment.
func start(ctx context.Context, t *testing.T, stdout io.Writer, args ...string) error {
	t.Helper()
	app := kingpin.New("ukcloud_exporter", "").Terminate(nil)
	commands := Register(app, Environment{
		Getenv: func(string) string { return "" }, Stdin: strings.NewReader(""), Stdout: stdout, Stderr: new(logText), Files: fstest.MapFS{},
	})
	name, err := app.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	return commands.Run(ctx, name)
}

func TestCommands(t *testing.T) {
	p, err := simulator.New(simulator.Options{Seed: 5, VMs: 3, Now: func() time.Time { return time.Date(2018, 3, 15, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	const (
		good  = "portal:\n  url: URL/api\n  email: demo@example.com\n  password: demo\n"
		wrong = "portal:\n  url: URL/api\n  email: demo@example.com\n  password: another\n"
	)
	tests := []struct {
		name, config string
		args         []string
		want         string // in what is printed
		err          string // in the error
	}{
		{"check", good, []string{"check"}, "configuration: ok\n", ""},
		{"check without logging in", wrong, []string{"check"}, "configuration: ok\n", ""},
		{"check of a bad key", good + "nonsense: 1\n", []string{"check"}, "", "nonsense"},
		{"check of a state_dir that is a file", good + "state_dir: DIR/config.yml\n", []string{"check"}, "", "state_dir: "},
		{"check of an export_dir", good + "collectors:\n  billing_csv:\n    export_dir: DIR/lake\n", []string{"check"}, "configuration: ok\n", ""},
		{"check of an export_dir that is a file", good + "collectors:\n  billing_csv:\n    export_dir: DIR/config.yml\n", []string{"check"}, "", "collectors.billing_csv.export_dir: "},
		{"check --connect", good, []string{"check", "--connect"}, "login: ok, ", ""},
		{"check --connect with a wrong password", wrong, []string{"check", "--connect"}, "configuration: ok\n", "log in: "},
		{"serve with a ratio that is none", good, []string{"serve", "--auto-gomemlimit.ratio=2"}, "", "--auto-gomemlimit.ratio: "},
		{"simulate at no time", good, []string{"simulate", "--now=yesterday"}, "", "--now: "},
		{"simulate on no address", good, []string{"simulate", "--listen-address=127.0.0.1:none"}, "", "--listen-address: "},
		{"a portal command", good, []string{"portal", "accounts"}, "Example Development Team", ""},
		{"a portal command with a wrong password", wrong, []string{"portal", "accounts"}, "", "log in: "},
		{"a portal command with a bad key", good + "nonsense: 1\n", []string{"portal", "accounts"}, "", "nonsense"},
		{"a billing command", good, []string{"billing", "fetch", "--period=2018-02", "--output=DIR/bills"}, "", ""},
		{"a billing command with a wrong password", wrong, []string{"billing", "fetch", "--period=2018-02", "--output=DIR/bills"}, "", "log in: "},
		{"a billing command with a bad key", good + "nonsense: 1\n", []string{"billing", "fetch", "--period=2018-02", "--output=DIR/bills"}, "", "nonsense"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := command(t, server.URL, tt.config, tt.args...)
			if !strings.Contains(out, tt.want) {
				t.Errorf("printed %q, want %q in it", out, tt.want)
			}
			switch {
			case err == nil && tt.err != "", err != nil && tt.err == "", err != nil && !strings.Contains(err.Error(), tt.err):
				t.Errorf("error %v, want %q", err, tt.err)
			case err != nil && strings.Contains(err.Error(), "another"):
				t.Errorf("the error has the password: %v", err)
			}
		})
	}
}

// stopWriter calls stop when a text has been written to it.
type stopWriter struct {
	logText
	text string
	stop func()
}

func (w *stopWriter) Write(b []byte) (int, error) {
	n, err := w.logText.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.stop()
	}
	return n, err
}

// TestDemoEnds: both servers of a demo run until it is told to end, also with tickets,
// whose directory goes with it.
func TestDemoEnds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, args := range [][]string{{}, {"--tickets"}} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out := &stopWriter{text: "/metrics", stop: cancel}
		err := start(ctx, t, out, append([]string{"demo", "--vms=2", "--web.listen-address=127.0.0.1:0"}, args...)...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
		}
		if !strings.Contains(out.String(), "http://127.0.0.1:") {
			t.Errorf("%q: printed %q", args, out.String())
		}
		if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
			t.Errorf("%q: left %v, %v", args, left, err)
		}
	}
}

// at is a listener of an address.
type at struct {
	net.Listener
	addr net.Addr
}

func (l at) Addr() net.Addr { return l.addr }

// TestAddress: what a browser on this machine can open.
func TestAddress(t *testing.T) {
	tests := []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 10048}, "https://127.0.0.1:10048"},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 10048}, "https://localhost:10048"},
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 10048}, "https://localhost:10048"},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 10048}, "https://[::1]:10048"},
		{&net.UnixAddr{Name: "/run/exporter.sock", Net: "unix"}, "https:///run/exporter.sock"},
	}
	for _, tt := range tests {
		if got := address(at{addr: tt.addr}); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.addr, got, tt.want)
		}
	}
}
