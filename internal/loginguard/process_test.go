package loginguard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary runs itself as the process that logs in; these tell it where.
const (
	childDir = "UKCLOUD_LOGINGUARD_TEST_DIR"
	childURL = "UKCLOUD_LOGINGUARD_TEST_URL"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(logInAsChild(dir, os.Getenv(childURL)))
	}
	goleak.VerifyTestMain(m)
}

// The steps of a login. The child says each and goes on when it is told.
var steps = []string{"start", "recorded", "sent", "answered", "ended"}

// logInAsChild logs in once with a password that the portal rejects. Exit status 3
// says that the guard did not let it.
func logInAsChild(dir, url string) int {
	stdin := bufio.NewReader(os.Stdin)
	step := func(name string) {
		fmt.Println(name)
		_, _ = stdin.ReadString('\n')
	}
	g := New(dir)
	g.Rounds = 1
	step("start")
	a, err := g.Begin(context.Background(), Login{URL: url, Password: "wrong"})
	if err != nil {
		fmt.Println(err)
		return 3
	}
	step("recorded")
	resp, err := http.Post(url, "application/json", strings.NewReader("{}")) // the portal says "sent"
	if err != nil {
		return 4
	}
	_ = resp.Body.Close()
	step("answered")
	if err := a.End(Refused); err != nil {
		return 5
	}
	step("ended")
	return 0
}

// child is such a process.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Scanner
}

func startChild(t *testing.T, dir, url string) *child {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(binary)}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir, childURL+"="+url)
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdout = bufio.NewScanner(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// runTo lets the child go on up to a step, and kills it there. It returns what the
// child said last.
func (c *child) runTo(t *testing.T, last string, sent <-chan struct{}) string {
	t.Helper()
	said := ""
	for c.stdout.Scan() {
		said = c.stdout.Text()
		if said == last {
			break
		}
		if _, err := io.WriteString(c.stdin, "\n"); err != nil {
			break // it has ended
		}
		if said == "recorded" && last == "sent" {
			<-sent
			break
		}
	}
	_ = c.cmd.Process.Kill() // it may have ended
	_ = c.cmd.Wait()         // killed, or the guard's refusal
	return said
}

// rejecting is a portal that rejects every login; while hold is not nil it sends no
// answer, and tells of each login.
type rejecting struct {
	*httptest.Server
	mu     sync.Mutex
	logins int
}

func newRejecting(t *testing.T, hold chan struct{}) *rejecting {
	r := &rejecting{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.logins++
		r.mu.Unlock()
		if hold != nil {
			_, _ = io.Copy(io.Discard, req.Body) // net/http notices a client that goes away only then
			hold <- struct{}{}
			<-req.Context().Done()
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *rejecting) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logins
}

// anHourLater moves the record an hour back.
func anHourLater(t *testing.T, dir string) {
	t.Helper()
	g := quick(dir)
	b, err := g.load()
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Entries) == 0 {
		return
	}
	for i := range b.Entries {
		b.Entries[i].Last = b.Entries[i].Last.Add(-time.Hour)
	}
	if err := g.save(b); err != nil {
		t.Fatal(err)
	}
}

// TestKilledAtEveryStep starts six processes, one after the other, and kills each
// with SIGKILL at the same step: no more than two logins reach the portal, though an
// hour passes after each, and only one when none does.
func TestKilledAtEveryStep(t *testing.T) {
	for _, last := range steps {
		for _, pass := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, hours pass: %v", last, pass), func(t *testing.T) {
				var hold chan struct{}
				if last == "sent" {
					hold = make(chan struct{}, 10)
				}
				portal, dir := newRejecting(t, hold), t.TempDir()
				var said []string
				for range 6 {
					said = append(said, startChild(t, dir, portal.URL).runTo(t, last, hold))
					if pass {
						anHourLater(t, dir)
					}
				}
				most := 1
				if pass {
					most = 2
				}
				if slices.Index(steps, last) < slices.Index(steps, "sent") {
					most = 0
				}
				if got := portal.count(); got != most {
					t.Errorf("%d logins reached the portal, want %d; the processes said %q", got, most, said)
				}
			})
		}
	}
}

// TestTwoProcessesAtOnce: of several that log in at once with one state directory,
// one does.
func TestTwoProcessesAtOnce(t *testing.T) {
	portal, dir := newRejecting(t, nil), t.TempDir()
	var children []*child
	for range 4 {
		c := startChild(t, dir, portal.URL)
		if !c.stdout.Scan() || c.stdout.Text() != "start" {
			t.Fatalf("it said %q", c.stdout.Text())
		}
		children = append(children, c)
	}
	for _, c := range children { // all at the same door
		if _, err := io.WriteString(c.stdin, strings.Repeat("\n", len(steps))); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for _, c := range children {
		for c.stdout.Scan() { // to its end
		}
		var status *exec.ExitError
		switch err := c.cmd.Wait(); {
		case err == nil:
		case errors.As(err, &status) && status.ExitCode() == 3:
			refused++
		default:
			t.Error(err)
		}
	}
	if portal.count() != 1 || refused != 3 {
		t.Errorf("%d logins, %d refused by the guard", portal.count(), refused)
	}
}
