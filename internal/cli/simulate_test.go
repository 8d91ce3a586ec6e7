package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// parsed are the flags of a command line.
func parsed(t *testing.T, args ...string) *portalFlags {
	t.Helper()
	app := kingpin.New("test", "")
	flags := addPortalFlags(app.Command("simulate", ""))
	if _, err := app.Parse(append([]string{"simulate"}, args...)); err != nil {
		t.Fatal(err)
	}
	return flags
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	tests := []struct {
		name, want string
		args       []string
	}{
		{"no account", "--accounts: 0 is not at least 1", []string{"--accounts=0"}},
		{"no VM", "--vms: 0 is not at least 1", []string{"--vms=0"}},
		{"negative", "--vms: -5 is not at least 1", []string{"--vms=-5"}},
		{"no session", "--session-ttl: 0s is not at least 1s", []string{"--session-ttl=0s"}},
		{"no address", "--email: is empty", []string{"--email="}},
		{"no password", "--password: is empty", []string{"--password="}},
		{"user without a role", `--user: user "a@example.com": want EMAIL:PASSWORD:ROLE`, []string{"--user=a@example.com:geheim"}},
		{"user of no role", `--user: user "a@example.com": unknown role: valid are administrator, read-only, billing-only, no-account`, []string{"--user=a@example.com:geheim:king"}},
		{"user twice", `simulated portal: user "a@example.com" is there twice`, []string{"--user=a@example.com:geheim:read-only", "--user=a@example.com:geheim:read-only"}},
		{"time", `--now: "yesterday" is not a time like 2018-01-15 or 2018-01-15T09:00:00Z`, []string{"--now=yesterday"}},
		{"build duration", `simulated portal: build duration -1s is negative`, []string{"--build-duration=-1s"}},
		{"approval delay", `simulated portal: approval delay -1s is negative`, []string{"--approval-delay=-1s"}},
		{"fault", `--fault: fault "ping": want ENDPOINT=KIND`, []string{"--fault=ping"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parsed(t, test.args...).newPortal(slog.New(slog.DiscardHandler)); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
	if err := parsed(t, "--accounts=1", "--vms=1", "--session-ttl=1s").check(); err != nil {
		t.Errorf("the least that makes sense: %v", err)
	}
	if _, err := parsed(t, "--tls-ca-file=x").listen("127.0.0.1:0"); err == nil || err.Error() != "--tls-ca-file: there is no --tls" {
		t.Errorf("a CA file without TLS: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "missing", "ca.pem")
	if _, err := parsed(t, "--tls", "--tls-ca-file="+missing).listen("127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("a CA file that cannot be written: %v", err)
	}
}

// logText is a log that is read while it is written.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve runs a command line until the test ends and returns the base URL and log.
func serve(t *testing.T, args ...string) (base string, logged *logText) {
	t.Helper()
	flags := parsed(t, args...)
	logged = new(logText)
	log := slog.New(slog.NewTextHandler(logged, nil))
	portal, err := flags.newPortal(log)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := flags.listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- servePortal(ctx, log, listener, portal) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), logged
}

func post(client *http.Client, url, body string) (*http.Response, error) {
	answer, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer, answer.Body.Close()
}

func TestTLSWithTheAuthorityOfTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	address, logged := serve(t, "--tls", "--tls-ca-file="+file, "--email=a@example.com", "--password=geheim", "--user=b@example.com:auchgeheim:no-account")
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), "KEY") {
		t.Fatalf("%v: %s", err, text)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		answer, err := post(client, "https://"+host+":"+port+"/api/authenticate", `{"email":"a@example.com","password":"geheim"}`)
		if err != nil || answer.StatusCode != http.StatusCreated || answer.ProtoMajor != 1 {
			t.Fatalf("%s: %+v, %v", host, answer, err)
		}
		for _, cookie := range answer.Header.Values("Set-Cookie") {
			if !strings.HasSuffix(cookie, "; secure") {
				t.Errorf("cookie %s", cookie)
			}
		}
	}
	if answer, err := post(client, "https://"+address+"/api/authenticate", `{"email":"b@example.com","password":"auchgeheim"}`); err != nil || answer.StatusCode != http.StatusCreated {
		t.Errorf("the other user: %+v, %v", answer, err)
	}
	untrusting := &http.Transport{}
	defer untrusting.CloseIdleConnections()
	if _, err := post(&http.Client{Transport: untrusting}, "https://"+address+"/api/authenticate", "{}"); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("a client that does not trust the authority: %v", err)
	}
	if line := logged.String(); !strings.Contains(line, "https://"+address+"/api") || strings.Contains(line, "geheim") {
		t.Errorf("log %s", line)
	}
}

func TestTheClockStartsAtNowAndRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now, err := clock("2018-01-15T09:00:00Z")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		if got := now().UTC().Format(time.RFC3339); got != "2018-01-15T09:01:30Z" {
			t.Errorf("90 s later: %s", got)
		}
	})
	if now, err := clock("2018-01-15"); err != nil || now().Format(time.DateOnly) != "2018-01-15" {
		t.Errorf("a date alone: %v", err)
	}
}

// TestFlagsReachThePortal: approval and build take their time, and read-only refuses.
func TestFlagsReachThePortal(t *testing.T) {
	const incident = `{"incident":{"problem_area":"compute","service":"s","classification":"Other incident","summary":"s","further_details":"d"}}`
	tests := []struct {
		name string
		args []string
		open int
	}{
		{"by default", nil, http.StatusCreated},
		{"read only", []string{"--read-only"}, http.StatusForbidden},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			address, _ := serve(t, test.args...)
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			login, err := post(client, "http://"+address+"/api/authenticate", `{"email":"demo@example.com","password":"demo"}`)
			if err != nil {
				t.Fatal(err)
			}
			send := func(method, path, body string) int {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/api/"+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Cookie", login.Header.Get("Set-Cookie"))
				answer, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				return answer.StatusCode
			}
			if got := send("POST", "my_calls", incident); got != test.open {
				t.Errorf("open a ticket: %d", got)
			}
			if test.open == http.StatusCreated && send("PUT", "my_calls/INC10001/close", "") != http.StatusUnprocessableEntity {
				t.Error("a ticket can be changed before a minute has gone")
			}
		})
	}
}
