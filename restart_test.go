package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/portal/simulator"
)

// heldPortal is a simulated portal that answers nothing while it is held.
type heldPortal struct {
	http.Handler
	held     atomic.Bool
	released chan struct{}
}

func (p *heldPortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.held.Load() {
		select {
		case <-p.released:
		case <-r.Context().Done():
			return
		}
	}
	p.Handler.ServeHTTP(w, r)
}

func (p *heldPortal) release() {
	p.held.Store(false)
	close(p.released)
}

// ofNow are the families that are about this process and not about the portal's data.
var ofNow = []string{
	"go_", "process_", "promhttp_", "ukcloud_api_", "ukcloud_session_", "ukcloud_up", "ukcloud_state_", "ukcloud_config_",
	"ukcloud_collector_success",
}

// ofData are the lines of an exposition that are about the portal's data, its times
// among them.
func ofData(exposition string) (lines []string) {
	for line := range strings.Lines(exposition) {
		name := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE ")
		if !slices.ContainsFunc(ofNow, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			lines = append(lines, line)
		}
	}
	return lines
}

// successes counts the collectors whose last round failed, or none has ended, and the
// others.
func successes(exposition string) (failed, good int) {
	for line := range strings.Lines(exposition) {
		switch {
		case !strings.HasPrefix(line, "ukcloud_collector_success{"):
		case strings.HasSuffix(line, " 0\n"):
			failed++
		default:
			good++
		}
	}
	return failed, good
}

// TestKillIsNoGap: after SIGKILL, with a portal that does not answer, the first scrape
// has all that the last one had, with its true times, and says of now what is true now.
func TestKillIsNoGap(t *testing.T) {
	processes(t)
	simulated, err := simulator.New(simulator.Options{Seed: 5, Accounts: 2, VMs: 12, Email: "a@example.com", Password: "p4ssw0rd-canary"})
	if err != nil {
		t.Fatal(err)
	}
	portal := &heldPortal{Handler: simulated, released: make(chan struct{})}
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	t.Cleanup(simulated.Close)
	config, dir := writeConfig(t, server.URL)
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("p4ssw0rd-canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := build(t)
	serve := func() (*process, string) {
		address := freePort(t)
		p := startProcess(t, program, "serve", "--config.file="+config, "--web.listen-address="+address)
		p.until("a listener", func() bool {
			status, _ := get(t, "http://"+address+"/-/healthy")
			return status == http.StatusOK
		})
		return p, "http://" + address
	}

	p, address := serve()
	p.until("readiness", func() bool {
		status, _ := get(t, address+"/-/ready")
		return status == http.StatusOK
	})
	_, before := get(t, address+"/metrics")
	kept := filepath.Join(dir, "state", "parts", "*")
	p.until("the parts of seven collectors on disk", func() bool {
		files, err := filepath.Glob(kept)
		return err == nil && len(files) == 7 && !strings.Contains(strings.Join(files, " "), ".tmp")
	})
	if err := p.end(syscall.SIGKILL); err == nil {
		t.Error("it ended well")
	}

	portal.held.Store(true)
	p, address = serve()
	_, after := get(t, address+"/metrics")
	if diff := cmp.Diff(ofData(before), ofData(after)); diff != "" {
		t.Errorf("the first scrape after a kill (- before it):\n%s\n%s", diff, p.logs)
	}
	if failed, good := successes(after); failed != 7 || good != 0 {
		t.Errorf("before a round has ended, %d collectors are good and %d not", good, failed)
	}
	if !strings.Contains(after, "\nukcloud_up 0\n") {
		t.Error("ukcloud_up is not 0 while nothing is answered")
	}

	portal.release()
	p.until("a good round", func() bool {
		_, body := get(t, address+"/metrics")
		failed, good := successes(body)
		return strings.Contains(body, "\nukcloud_up 1\n") && failed == 0 && good == 7
	})
	files, err := filepath.Glob(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
		for _, secret := range []string{"p4ssw0rd-canary", "a@example.com"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %s", name, secret)
			}
		}
	}
	if strings.Contains(p.logs.String(), "p4ssw0rd-canary") {
		t.Error("the log holds the password")
	}
}
