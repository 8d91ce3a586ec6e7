package tickets

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

var killStep = flag.Int("kill-step", 7, "in TestKill9, kill at every so many of the points")

// What the parent tells the child.
const (
	childEnv    = "TICKETS_TEST_CHILD" // the point at which it kills itself
	childDir    = "TICKETS_TEST_DIR"
	childPortal = "TICKETS_TEST_PORTAL"
)

const childTimeout = 250 * time.Millisecond

// child is a process with a bridge that kills itself at a point of its life, by SIGKILL.
func child() {
	diesAt, err := strconv.Atoi(os.Getenv(childEnv))
	if err != nil {
		panic(err)
	}
	client, err := portal.New(os.Getenv(childPortal)+"/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: email, Password: portal.NewSecret(password)}, nil
	}, portal.WithTimeout(20*childTimeout)) // a slow machine is no slow portal
	if err != nil {
		panic(err)
	}
	life := &life{diesAt: diesAt, kill: true}
	s := Defaults()
	s.Service = "My Service"
	b, err := newBridge(Options{
		Settings: s, Portal: life.api(client), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Metrics: NewMetrics(),
		Dir: os.Getenv(childDir), Timeout: childTimeout, Ended: []string{"Closed", "Resolved", "Cancelled"},
	}, life.files())
	if err != nil {
		panic(err)
	}
	b.Start()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/alerts", b)
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		counts, _ := b.counts()
		fmt.Fprint(w, counts[Waiting]+counts[Failed])
	})
	mux.HandleFunc("/points", func(w http.ResponseWriter, _ *http.Request) {
		life.mu.Lock()
		defer life.mu.Unlock()
		fmt.Fprint(w, life.points)
	})
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, mux))
}

// killed is a bridge in a process that dies, before a simulated portal in this one.
type killed struct {
	t           *testing.T
	portal, dir string
	command     *exec.Cmd
	url         string
	errors      *logBuffer
}

func (k *killed) start(diesAt int) {
	k.t.Helper()
	k.command = exec.Command(os.Args[0])
	k.command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", childEnv, diesAt), childDir+"="+k.dir, childPortal+"="+k.portal)
	k.command.Stderr = k.errors
	out, err := k.command.StdoutPipe()
	if err == nil {
		err = k.command.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil { // it died before it listened
		k.wait()
		if diesAt == 0 {
			k.t.Fatalf("the child: %v\n%s", err, k.errors)
		}
		k.start(0)
		return
	}
	k.url = "http://" + strings.TrimSpace(address)
}

func (k *killed) wait() { _ = k.command.Wait() }

func (k *killed) stop() {
	_ = k.command.Process.Kill()
	k.wait()
}

// ask returns an error where the process is dead.
func (k *killed) ask(method, path, body string) (int, string, error) {
	request, err := http.NewRequestWithContext(k.t.Context(), method, k.url+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// deliver sends a webhook until it is taken, and waits until there is nothing to do.
func (k *killed) deliver(m *message) {
	k.t.Helper()
	deadline := time.Now().Add(time.Minute)
	taken := false
	for time.Now().Before(deadline) {
		if !taken {
			status, _, err := k.ask(http.MethodPost, "/alerts", m.body(k.t))
			if taken = err == nil && status == http.StatusOK; err != nil {
				k.wait()
				k.start(0)
			}
			continue
		}
		switch _, busy, err := k.ask(http.MethodGet, "/busy", ""); {
		case err != nil:
			k.wait()
			k.start(0)
		case busy == "0":
			return
		default:
			time.Sleep(10 * time.Millisecond)
		}
	}
	k.t.Fatalf("never at rest\n%s", k.errors)
}

// TestKill9 is TestKilledAnywhere in earnest: a process of its own that dies by SIGKILL,
// real files and a real network.
func TestKill9(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	points, kills := 1, 0
	for at := 0; at <= points; at++ {
		if at > 0 {
			at = min(at+*killStep-1, points)
		}
		simulated, err := simulator.New(simulator.Options{Seed: 7, Email: email, Password: password, Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(simulated)
		k := &killed{t: t, portal: server.URL, dir: t.TempDir() + "/tickets", errors: new(logBuffer)}
		k.start(at)
		g, never := about("1"), time.Time{}
		begin := noon
		k.deliver(g.with("web-01", begin, never))
		k.deliver(g.with("web-01", begin, never).with("web-02", begin.Add(time.Minute), never))
		k.deliver(g.with("web-01", begin, never).with("web-02", begin.Add(time.Minute), never))
		end := begin.Add(time.Hour)
		k.deliver(g.with("web-01", begin, end).with("web-02", begin.Add(time.Minute), end))
		again := end.Add(time.Hour)
		k.deliver(g.with("web-01", again, never))
		k.deliver(g.with("web-01", again, again.Add(time.Hour)))
		if at == 0 {
			_, text, err := k.ask(http.MethodGet, "/points", "")
			if err != nil {
				t.Fatal(err)
			}
			if points, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
		} else {
			kills++
		}
		k.stop()
		w := &world{t: t, portal: simulated, logs: k.errors, wire: testutil.Direct{Handler: simulated}}
		w.checkNights(fmt.Sprintf("killed at point %d", at))
		server.Close()
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills at %d points", kills, points)
}
