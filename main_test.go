package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"ukcloud_exporter/money"
)

// TestMain lets testscript run this test binary as the program, and looks for
// goroutines that tests left behind.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"ukcloud_exporter": main})
}

type leakChecked struct{ *testing.M }

func (c leakChecked) Run() int {
	code := c.M.Run()
	_ = os.RemoveAll(programDir)
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs testdata/*.txtar: commands, exit codes, messages.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

// process is a program that a test started. It is ended by its own pid.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	logs *lockedBuffer
	done chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startProcess(t testing.TB, name string, args ...string) *process {
	t.Helper()
	return startProcessWith(t, nil, name, args...)
}

// startProcessWith starts a process with more in its environment than the test's own.
func startProcessWith(t testing.TB, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), logs: new(lockedBuffer), done: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p.logs, p.logs
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.stop() })
	return p
}

// stop asks the process to end and returns how it did.
func (p *process) stop() error { return p.end(syscall.SIGTERM) }

func (p *process) end(signal os.Signal) error {
	_ = p.cmd.Process.Signal(signal)
	return p.ended()
}

// ended waits for the end that somebody asked for.
func (p *process) ended() error {
	select {
	case err := <-p.done:
		p.done <- err // for whoever asks again
		return err
	case <-time.After(40 * time.Second):
		_ = p.cmd.Process.Kill()
		return errors.New("did not end within 40 s of being asked to")
	}
}

// until polls until the condition holds; the bound is far beyond what it takes.
func (p *process) until(what string, holds func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		if holds() {
			return
		}
		select {
		case err := <-p.done:
			p.t.Fatalf("ended while waiting for %s: %v\n%s", what, err, p.logs)
		case <-time.After(50 * time.Millisecond):
		}
	}
	p.t.Fatalf("no %s within a minute:\n%s", what, p.logs)
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// processes is the beginning of a test that mostly waits for processes.
func processes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the built program")
	}
	t.Parallel()
}

// startDemo starts the program's own demo on a free port.
func startDemo(t *testing.T, args ...string) (p *process, address string) {
	t.Helper()
	p = startProcess(t, build(t), append([]string{"demo", "--web.listen-address=127.0.0.1:0"}, args...)...)
	p.until("listening address", func() bool {
		match := listening.FindStringSubmatch(p.logs.String())
		if match != nil {
			address = match[1]
		}
		return match != nil
	})
	p.until("readiness", func() bool {
		status, _ := get(t, "http://"+address+"/-/ready")
		return status == http.StatusOK
	})
	return p, address
}

// programDir is where the tests of this process build the program.
var programDir = filepath.Join(os.TempDir(), fmt.Sprint("ukcloud_exporter-test-", os.Getpid()))

var buildOnce = sync.OnceValues(func() (string, error) {
	if err := os.Mkdir(programDir, 0o700); err != nil {
		return "", err
	}
	program := filepath.Join(programDir, "ukcloud_exporter")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

// build returns the program as a user has it.
func build(t testing.TB) string {
	t.Helper()
	program, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func get(t testing.TB, address string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// login is the environment of a program that logs in to a simulated portal.
func login(portal string) []string {
	return []string{"UKCLOUD_URL=" + portal, "UKCLOUD_EMAIL=demo@example.com", "UKCLOUD_PASSWORD=demo"}
}

// TestInterrupted: Ctrl-C ends what runs until it is told to stop with status 0, also
// while a portal hangs; the demo says where to look.
func TestInterrupted(t *testing.T) {
	processes(t)
	tests := []struct {
		name, said string
		args       []string
	}{
		{"demo", `\nOpen (http://127\.0\.0\.1:\d+/)\n(?s:.*)2 accounts and 6 VMs(?s:.*)  curl http://127\.0\.0\.1:\d+/metrics\n`, []string{"demo", "--vms=6", "--web.listen-address=127.0.0.1:0"}},
		{"demo on all addresses", `\nOpen (http://localhost:\d+/)\n`, []string{"demo", "--vms=6", "--web.listen-address=:0"}},
		{"demo of a portal that hangs", `\nOpen (http://127\.0\.0\.1:\d+/)\n`, []string{"demo", "--fault=compute_services=hang", "--web.listen-address=127.0.0.1:0"}},
		{"simulate", `(http://127\.0\.0\.1:\d+/)api`, []string{"simulate", "--listen-address=127.0.0.1:0"}},
	}
	program := build(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, program, tt.args...)
			var match []string
			p.until("address to open", func() bool {
				match = regexp.MustCompile(tt.said).FindStringSubmatch(p.logs.String())
				return match != nil
			})
			p.until("page", func() bool {
				status, _ := get(t, match[1])
				return status != 0
			})
			if err := p.end(os.Interrupt); err != nil {
				t.Errorf("not status 0: %v\n%s", err, p.logs)
			}
			if logs := p.logs.String(); strings.Contains(logs, "error: ") {
				t.Errorf("an error was said:\n%s", logs)
			}
		})
	}
}

// TestCheckConnect: the exit status says whether all that the exporter needs is there.
func TestCheckConnect(t *testing.T) {
	processes(t)
	tests := []struct {
		name, path string
		simulate   []string
		status     int
		want       string
	}{
		{"all is well", "/api", nil, 0, "billing-csv           ok\n"},
		{"endpoint fails", "/api", []string{"--fault=vorgs=500"}, 2, "ukcloud_exporter: error: 2 of 20 endpoints are forbidden or fail\n"},
		{"account is forbidden", "/api", []string{"--fault=compute_services/50=403"}, 2, "compute_services      forbidden\n"},
		{"URL without /api", "", nil, 1, "ukcloud_exporter: error: log in: POST /api/authenticate: 404 Not Found: the portal's URL does not end in /api"},
	}
	program := build(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address := freePort(t)
			simulated := startProcess(t, program, append([]string{"simulate", "--vms=6", "--listen-address=" + address}, tt.simulate...)...)
			simulated.until("portal", func() bool {
				status, _ := get(t, "http://"+address+"/api/ping")
				return status != 0
			})
			check := exec.Command(program, "check", "--connect")
			check.Env = append(os.Environ(), login("http://"+address+tt.path)...)
			said, err := check.CombinedOutput()
			if status := check.ProcessState.ExitCode(); status != tt.status || !strings.Contains(string(said), tt.want) {
				t.Errorf("exit status %d (%v), want %d with %q:\n%s", status, err, tt.status, tt.want, said)
			}
		})
	}
}

// TestPrometheusScrapesDemo: a real Prometheus reads the demo, and its sum of the
// VMs' costs is that of the exposition.
func TestPrometheusScrapesDemo(t *testing.T) {
	processes(t)
	prometheus, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("NOT TESTED WITH A REAL PROMETHEUS: IT IS NOT INSTALLED (.ci/install)")
	}
	demo, exporter := startDemo(t)
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: ukcloud\n  static_configs: [{targets: [%q]}]\n", exporter)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freePort(t)
	server := startProcess(t, prometheus, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	server.until("up", func() bool { return query(t, address, `up{job="ukcloud"}`) == "1" })

	status, exposition := get(t, "http://"+exporter+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("scrape: %d", status)
	}
	for _, family := range []string{
		"ukcloud_vm_cost_month_to_date_gbp", "ukcloud_billing_previous_month_cost_gbp", "ukcloud_vms", "ukcloud_vm_info",
	} {
		want := sumOf(t, exposition, family)
		// Rounded to a penny by the query: a sum of floats is not exact.
		var got string
		server.until(family+" in Prometheus", func() bool {
			got = query(t, address, fmt.Sprintf("round(sum(%s), 0.01)", family))
			return got == want
		})
		t.Logf("%s: %s in the exposition and in Prometheus", family, want)
	}
	if err := server.stop(); err != nil {
		t.Errorf("prometheus: %v", err)
	}
	if err := demo.stop(); err != nil {
		t.Errorf("the demo did not end with status 0: %v\n%s", err, demo.logs)
	}
}

// TestStopDuringAScrape: a scrape that waits for a portal that hangs is answered
// when the daemon is asked to stop, and the daemon ends with status 0.
func TestStopDuringAScrape(t *testing.T) {
	processes(t)
	program := build(t)
	simulated, address := freePort(t), freePort(t)
	startProcess(t, program, "simulate", "--listen-address="+simulated, "--fault=compute_services=hang")
	exporter := startProcessWith(t, login("http://"+simulated+"/api"), program, "--web.listen-address="+address)
	exporter.until("health", func() bool {
		status, _ := get(t, "http://"+address+"/-/healthy")
		return status == http.StatusOK
	})
	type answer struct {
		status int
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+address+"/metrics", nil)
		if err != nil {
			answered <- answer{err: err}
			return
		}
		request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "600")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			answered <- answer{err: err}
			return
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		answered <- answer{response.StatusCode, err}
	}()
	exporter.until("a request to the portal", func() bool {
		_, body := get(t, "http://"+address+"/metrics?collect[]=builds")
		return strings.Contains(body, `ukcloud_collector_success{collector="builds"} 1`)
	})
	if err := exporter.stop(); err != nil {
		t.Errorf("did not end with status 0: %v\n%s", err, exporter.logs)
	}
	if a := <-answered; a.status != http.StatusOK || a.err != nil {
		t.Errorf("the waiting scrape: %d, %v", a.status, a.err)
	}
}

// query asks a Prometheus for one value, "" while there is none.
func query(t testing.TB, address, expression string) string {
	t.Helper()
	_, body := get(t, "http://"+address+"/api/v1/query?query="+url.QueryEscape(expression))
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if json.Unmarshal([]byte(body), &answer) != nil || len(answer.Data.Result) != 1 {
		return ""
	}
	value, _ := answer.Data.Result[0].Value[1].(string)
	return value
}

// sumOf adds up a family exactly and rounds to a penny.
func sumOf(t *testing.T, exposition, family string) string {
	t.Helper()
	var total money.Amount
	for line := range strings.Lines(exposition) {
		if !strings.HasPrefix(line, family+"{") {
			continue
		}
		amount, err := money.Parse(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		total += amount
	}
	if total == 0 {
		t.Fatalf("%s: nothing in the exposition", family)
	}
	penny := money.Pound / 100
	return ((total + penny/2) / penny * penny).String()
}
