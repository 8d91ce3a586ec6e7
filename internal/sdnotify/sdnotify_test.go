package sdnotify

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// systemd is the end of the socket that the service manager holds.
func systemd(t *testing.T) func() string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		message := make([]byte, 100)
		n, err := conn.Read(message)
		if err != nil {
			t.Fatal(err)
		}
		return string(message[:n])
	}
}

// TestStates: a server that listens is ready, and not before.
func TestStates(t *testing.T) {
	heard := systemd(t)
	var log bytes.Buffer
	s := New(slog.New(slog.NewTextHandler(&log, nil)))
	server := &http.Server{BaseContext: s.Listening, ReadHeaderTimeout: time.Second}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if got := heard(); got != "READY=1" {
		t.Errorf("systemd hears %q", got)
	}
	s.Alive()
	if got := heard(); got != "WATCHDOG=1" {
		t.Errorf("systemd hears %q", got)
	}
	s.Stopping()
	if got := heard(); got != "STOPPING=1" {
		t.Errorf("systemd hears %q", got)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-served
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}

func TestWatchdog(t *testing.T) {
	tests := []struct {
		name, usec, pid string
		every           time.Duration // 0 is never
		logged          string
	}{
		{name: "twice in the time that systemd waits", usec: "60000000", every: 30 * time.Second},
		{name: "not started by systemd"},
		{name: "another process is meant", usec: "60000000", pid: "1"},
		{name: "nonsense", usec: "soon", logged: "WATCHDOG_USEC"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("WATCHDOG_USEC", tt.usec)
			t.Setenv("WATCHDOG_PID", tt.pid)
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				start := time.Now()
				s := New(slog.New(slog.NewTextHandler(&log, nil)))
				var ticked time.Duration
				select {
				case at := <-s.Watchdog:
					ticked = at.Sub(start)
				case <-time.After(time.Hour):
				}
				if ticked != tt.every {
					t.Errorf("the watchdog ticks after %s, want %s", ticked, tt.every)
				}
				if !strings.Contains(log.String(), tt.logged) || tt.logged == "" && log.Len() > 0 {
					t.Errorf("logged %q", &log)
				}
			})
		})
	}
}

// TestNobodyListens: without systemd nothing is said, and a socket that has gone is
// a line in the log.
func TestNobodyListens(t *testing.T) {
	var log bytes.Buffer
	s := New(slog.New(slog.NewTextHandler(&log, nil)))
	t.Setenv("NOTIFY_SOCKET", "")
	s.Alive()
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	s.Alive()
	if !strings.Contains(log.String(), "Cannot tell systemd") {
		t.Errorf("logged %q", &log)
	}
}
