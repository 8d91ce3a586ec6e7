package promlint

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exposition is the labels of each metric that the exporter exposes.
type exposition map[string]map[string]bool

var (
	sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? `)
	label  = regexp.MustCompile(`([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"`)
)

// add takes an exposition in the text format.
func (e exposition) add(text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		if parts == nil {
			return fmt.Errorf("not a sample: %s", line)
		}
		if e[parts[1]] == nil {
			// Prometheus adds those of the target.
			e[parts[1]] = map[string]bool{"job": true, "instance": true}
		}
		for _, l := range label.FindAllStringSubmatch(parts[2], -1) {
			e[parts[1]][l[1]] = true
		}
	}
	return lines.Err()
}

// exposed is the golden exposition, and a scrape of the program itself for what
// is in no golden file: what the machine says, and what faults show.
func exposed(t *testing.T) exposition {
	t.Helper()
	all := exposition{}
	golden, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	core, err := os.ReadFile(coreFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{golden, core, scrapeProgram(t)} {
		if err := all.add(text); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// scrapeProgram runs the simulated portal, which refuses the builds and has neither
// my_vm nor tickets, and the exporter before it, which exports bills, and scrapes that: with an alert that
// waits for its ticket.
func scrapeProgram(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "ukcloud_exporter")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "../../.." // the repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	portal, exporter := freeAddress(t), freeAddress(t)
	config := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "portal: {url: 'http://%s/api', email: demo@example.com, password: demo}\nstate_dir: state\ntickets: {service: Demo}\ncollectors: {billing_csv: {export_dir: lake}}\n", portal), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, program, "simulate", "--listen-address="+portal, "--vms=20", "--fault=builds=403", "--fault=my_vm=503", "--fault=my_calls=503")
	run(t, program, "serve", "--config.file="+config, "--web.listen-address="+exporter)
	deadline := time.Now().Add(time.Minute)
	for told := false; ; {
		told = told || alert(t.Context(), "http://"+exporter+"/alerts") == nil
		text, err := get(t.Context(), "http://"+exporter+"/metrics")
		if err == nil && shown(text) {
			return text
		}
		if time.Now().After(deadline) {
			t.Fatalf("the exporter did not show %v within a minute: %v", rare, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// alert tells the exporter of one.
func alert(ctx context.Context, url string) error {
	const body = `{"version":"4","groupKey":"a","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"UKCloudBackupFailed"},"startsAt":"2018-03-15T00:00:00Z"}]}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// rare are metrics that are there only once something has happened.
var rare = []string{"ukcloud_account_forbidden{", "ukcloud_api_retries_total{", "ukcloud_state_last_save_timestamp_seconds ", "ukcloud_alert_tickets_oldest_waiting_timestamp_seconds ", "ukcloud_bill_export_failures_total "}

func shown(text []byte) bool {
	for _, metric := range rare {
		if !bytes.Contains(text, []byte("\n"+metric)) {
			return false
		}
	}
	return true
}

// run runs the program until the test ends.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	command := exec.Command(program, append(args, "--log.level=error")...) // it is asked to end
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return text, err
}
