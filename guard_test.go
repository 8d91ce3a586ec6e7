package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// slowRejection is a portal that rejects every login after a while.
type slowRejection struct {
	*httptest.Server
	logins atomic.Int64
	after  atomic.Int64 // nanoseconds
}

func newSlowRejection(t *testing.T, after time.Duration) *slowRejection {
	p := &slowRejection{}
	p.after.Store(int64(after))
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/authenticate") {
			p.logins.Add(1)
			time.Sleep(time.Duration(p.after.Load()))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"401 Unauthorized"}`)
	}))
	t.Cleanup(p.Close)
	return p
}

func writeConfig(t *testing.T, portal string) (config, dir string) {
	t.Helper()
	dir = t.TempDir()
	config = filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("portal: {url: %q, email: a@example.com, password_file: password}\nstate_dir: state\n", portal+"/api")
	for name, content := range map[string]string{config: text, filepath.Join(dir, "password"): "wrong password\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config, dir
}

// TestRejectedLoginsOfAllProcesses: restarts by SIGTERM and SIGKILL during a slow
// rejection, and the commands beside the daemon, are one rejected login together.
func TestRejectedLoginsOfAllProcesses(t *testing.T) {
	processes(t)
	program := build(t)
	portal := newSlowRejection(t, 2*time.Second)
	config, dir := writeConfig(t, portal.URL)
	var daemon *process
	for restart := range 5 {
		daemon = startProcess(t, program, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
		daemon.until("address", func() bool { return listening.MatchString(daemon.logs.String()) })
		if restart == 0 {
			daemon.until("login", func() bool { return portal.logins.Load() == 1 })
		}
		switch restart {
		case 0, 2:
			if err := daemon.stop(); err != nil {
				t.Errorf("SIGTERM: %v\n%s", err, daemon.logs)
			}
		case 1, 3:
			if err := daemon.cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			<-daemon.done
			daemon.done <- nil // for stop
		}
	}
	for _, args := range [][]string{
		{"check", "--connect"}, {"billing", "fetch", "--period=2018-01", "-o", filepath.Join(dir, "bills")},
		{"billing", "backfill", "--from=2018-01", "--to=2018-01", "-o", filepath.Join(dir, "history")},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		out, err := exec.CommandContext(ctx, program, append(args, "--config.file="+config)...).CombinedOutput()
		cancel()
		if err == nil || !bytes.Contains(out, []byte("error: log in: logins suspended: the portal rejected 1 login with these credentials; the next is tried after 2")) ||
			!bytes.Contains(out, []byte("--force-login")) {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
	if n := portal.logins.Load(); n != 1 {
		t.Errorf("%d rejected logins", n)
	}
	portal.after.Store(0)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "check", "--connect", "--force-login", "--config.file="+config).CombinedOutput()
	if err == nil || portal.logins.Load() != 2 || !bytes.Contains(out, []byte("401 Unauthorized: login rejected")) {
		t.Errorf("forced: %v, %d logins, %s", err, portal.logins.Load(), out)
	}
	daemon.until("error", func() bool { return strings.Contains(daemon.logs.String(), "level=error") })
	if log := daemon.logs.String(); strings.Count(log, "level=error") != 1 || strings.Contains(log, "level=warn") || strings.Contains(log, "wrong password") {
		t.Errorf("the last daemon's log:\n%s", log)
	}
}

// TestOneErrorForOneRejection: the log says it once, with whose login it was, where
// the password comes from and what is next.
func TestOneErrorForOneRejection(t *testing.T) {
	processes(t)
	portal := newSlowRejection(t, 0)
	config, dir := writeConfig(t, portal.URL)
	daemon := startProcess(t, build(t), "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	var address string
	daemon.until("address", func() bool {
		if match := listening.FindStringSubmatch(daemon.logs.String()); match != nil {
			address = match[1]
		}
		return address != ""
	})
	for range 3 {
		if status, body := get(t, "http://"+address+"/metrics"); status != http.StatusOK || !strings.Contains(body, "ukcloud_session_logins_suspended 1") {
			t.Errorf("scrape: %d", status)
		}
	}
	var lines []string
	for line := range strings.Lines(daemon.logs.String()) {
		if !strings.Contains(line, "level=info") {
			lines = append(lines, line)
		}
	}
	want := []string{"level=error", "email=a@example.com", `password_from="portal.password_file (` + filepath.Join(dir, "password") + `)"`, `next="the next login is tried after 2`, "401 Unauthorized: login rejected"}
	for _, part := range want {
		if len(lines) != 1 || !strings.Contains(lines[0], part) {
			t.Fatalf("logged %q, want one line with %q", lines, part)
		}
	}
	_, page := get(t, "http://"+address+"/status")
	if strings.Count(page, "login rejected") != 1 || strings.Count(page, "no portal session") != 1 || strings.Count(page, "as above") != 7 {
		t.Errorf("the page:\n%s", page)
	}
}

// TestSecondSignal ends the process at once, whatever the first one waits for.
func TestSecondSignal(t *testing.T) {
	processes(t)
	portal := newSlowRejection(t, 8*time.Second)
	config, _ := writeConfig(t, portal.URL)
	daemon := startProcess(t, build(t), "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	daemon.until("login", func() bool { return portal.logins.Load() == 1 })
	if err := daemon.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	daemon.until("stopping", func() bool { return strings.Contains(daemon.logs.String(), "Stopping") })
	start := time.Now()
	if err := daemon.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := <-daemon.done
	daemon.done <- err
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("ended after %v", took)
	}
}

// TestPasswordPipe: a password file that nobody writes to holds up neither a reload
// nor the end.
func TestPasswordPipe(t *testing.T) {
	processes(t)
	portal := newSlowRejection(t, 0)
	config, dir := writeConfig(t, portal.URL)
	daemon := startProcess(t, build(t), "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	daemon.until("login", func() bool { return portal.logins.Load() == 1 })
	password := filepath.Join(dir, "password")
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(password, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := daemon.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	daemon.until("failed reload", func() bool {
		return strings.Contains(daemon.logs.String(), "portal.password_file: the file does not answer within 5s")
	})
	start := time.Now()
	if err := daemon.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("ended after %v", took)
	}
}

// TestSessionsThatDoNotLast: while a daemon pauses because logins are accepted and serve
// no call, neither the commands beside it nor its next start log in, unless forced.
func TestSessionsThatDoNotLast(t *testing.T) {
	processes(t)
	var logins atomic.Int64
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/authenticate") {
			logins.Add(1)
			http.SetCookie(w, &http.Cookie{Name: "session", Value: fmt.Sprint(logins.Load()), Path: "/elsewhere"})
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"expire_after":"900 seconds"}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"401 Unauthorized"}`)
	}))
	t.Cleanup(portal.Close)
	program := build(t)
	config, dir := writeConfig(t, portal.URL)
	serve := func() *process {
		return startProcess(t, program, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	}
	daemon := serve()
	daemon.until("pause", func() bool { return strings.Contains(daemon.logs.String(), "no call") })
	daemon.until("record of it", func() bool {
		data, err := os.ReadFile(filepath.Join(dir, "state", "logins.json"))
		return err == nil && bytes.Contains(data, []byte("paused_until"))
	})
	sent := logins.Load()
	for _, args := range [][]string{
		{"check", "--connect"}, {"portal", "vms"}, {"billing", "fetch", "--period=2018-01", "-o", filepath.Join(dir, "bills")},
	} {
		out, err := exec.CommandContext(t.Context(), program, append(args, "--config.file="+config)...).CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("their sessions did not last; the next is tried after 2")) || !bytes.Contains(out, []byte("--force-login tries all the same")) {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
	_ = daemon.end(syscall.SIGKILL)
	daemon = serve()
	daemon.until("refusal", func() bool { return strings.Contains(daemon.logs.String(), "login paused") })
	if n := logins.Load(); n != sent {
		t.Errorf("%d logins after the pause had begun", n-sent)
	}
	if out, err := exec.CommandContext(t.Context(), program, "check", "--connect", "--force-login", "--config.file="+config).CombinedOutput(); err == nil || logins.Load() == sent {
		t.Errorf("forced: %v, %s", err, out)
	}
}
