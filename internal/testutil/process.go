package testutil

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Need returns the paths of programs, and skips the test loudly where one of
// them is not installed.
func Need(t *testing.T, names ...string) []string {
	t.Helper()
	var paths []string
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%s IS NOT INSTALLED: %s IS NOT TESTED (Debian: apt-get install prometheus prometheus-alertmanager)",
				strings.ToUpper(name), strings.ToUpper(t.Name()))
		}
		paths = append(paths, path)
	}
	return paths
}

// FreeAddress returns an address on loopback on which nobody listens.
func FreeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// server is a process that serves HTTP.
type server struct {
	URL string
	log string // path of what it wrote

	command *exec.Cmd
	ended   chan error
}

// readyWithin bounds how long a server may take to start on a busy machine.
const readyWithin = 60 * time.Second

// start starts a program and waits until it says that it is ready.
func start(t *testing.T, address, program string, args ...string) *server {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), filepath.Base(program)+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	// Not CommandContext: the servers are asked to end, so that they close their files.
	s := &server{URL: "http://" + address, log: log.Name(), command: exec.Command(program, args...), ended: make(chan error, 1)}
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.command.Wait() }()
	t.Cleanup(func() { s.stop(t) })
	deadline := time.Now().Add(readyWithin)
	for !s.ready(t.Context()) {
		select {
		case err := <-s.ended:
			s.ended <- err
			t.Fatalf("%s ended: %v\n%s", program, err, s.output())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was not ready after %s\n%s", program, readyWithin, s.output())
		}
	}
	return s
}

func (s *server) ready(ctx context.Context) bool {
	status, _, err := Get(ctx, s.URL+"/-/ready")
	return err == nil && status == http.StatusOK
}

// stop ends the process, by its own id, and waits for it. It may be called twice.
func (s *server) stop(t *testing.T) {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.ended:
		s.ended <- err
	case <-time.After(30 * time.Second):
		_ = s.command.Process.Kill()
		err := <-s.ended
		s.ended <- err
		t.Errorf("%s did not end when asked to", s.command.Path)
	}
	if t.Failed() {
		t.Logf("%s\n%s", s.command.Path, s.output())
	}
}

func (s *server) output() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Promtool runs promtool and fails the test when it does.
func Promtool(t *testing.T, args ...string) {
	t.Helper()
	path := Need(t, "promtool")[0]
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Eventually asks until the answer is nil, and fails the test with the last
// error when it never was.
func Eventually(t *testing.T, within time.Duration, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", within, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(fmt.Errorf("%w: %w", t.Context().Err(), err))
		}
	}
}
