package state

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The test binary runs itself as the other process; these tell it what to do.
const (
	childRole = "UKCLOUD_STATE_TEST_ROLE"
	childDir  = "UKCLOUD_STATE_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childRole) {
	case "write":
		writeForEver(os.Getenv(childDir))
	case "hold":
		holdUntilEOF(os.Getenv(childDir))
	}
	goleak.VerifyTestMain(m)
}

// fail ends the child with a message that the parent shows.
func fail(err error) {
	fmt.Println("child:", err)
	os.Exit(1)
}

// ledger is a section whose parts must agree: Counted is the sum of Events, and
// Filler makes the file long enough for a kill to hit the writing.
type ledger struct {
	Counted int            `json:"counted"`
	Events  map[string]int `json:"events"`
	Filler  string         `json:"filler"`
}

func (l *ledger) add() {
	if l.Events == nil {
		l.Events = map[string]int{}
	}
	l.Counted++
	l.Events[strconv.Itoa(l.Counted%7)]++
	l.Filler = strings.Repeat(strconv.Itoa(l.Counted)+" ", 8<<10)
}

func (l *ledger) consistent() bool {
	sum := 0
	for _, n := range l.Events {
		sum += n
	}
	return sum == l.Counted && (l.Counted == 0 || l.Filler == strings.Repeat(strconv.Itoa(l.Counted)+" ", 8<<10))
}

// writeForEver saves one more event and prints its number, until it is killed.
func writeForEver(dir string) {
	store, err := Open(dir, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		fail(err)
	}
	section := store.Section("vmotion_events")
	var l ledger
	if _, err := section.Load(&l); err != nil {
		fail(err)
	}
	for {
		l.add()
		if err := section.Save(l); err != nil {
			fail(err)
		}
		fmt.Println(l.Counted)
	}
}

func holdUntilEOF(dir string) {
	store, err := Open(dir, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		fail(err)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := store.Close(); err != nil {
		fail(err)
	}
	os.Exit(0)
}

func startChild(t *testing.T, role, dir string) (*exec.Cmd, io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stdin, bufio.NewScanner(stdout)
}

// TestKill kills a writing process 200 times, and carries on with what it left:
// every event that was acknowledged is there, once, and at most the one that was
// being written besides.
func TestKill(t *testing.T) {
	kills := 200
	if testing.Short() {
		kills = 20
	}
	dir := t.TempDir()
	for kill := range kills {
		cmd, _, progress := startChild(t, "write", dir)
		acked := 0
		wait := 1 + rand.IntN(4) // lines until the kill; the child runs on meanwhile
		for seen := 0; progress.Scan(); seen++ {
			n, err := strconv.Atoi(progress.Text())
			if err != nil {
				t.Fatal(progress.Text())
			}
			acked = n
			if seen == wait {
				spin(rand.IntN(20_000)) // anywhere within the next save
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
			t.Fatalf("child ended with %v", err)
		}
		var l ledger
		store, log := openLogged(t, dir)
		if _, err := store.Section("vmotion_events").Load(&l); err != nil {
			t.Fatal(err)
		}
		if !l.consistent() || l.Counted < acked || l.Counted > acked+1 {
			t.Fatalf("kill %d: %d events counted of %d acknowledged, consistent %v", kill, l.Counted, acked, l.consistent())
		}
		if log.Len() > 0 {
			t.Fatalf("kill %d: %s", kill, log)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != fileName && e.Name() != tempName && e.Name() != lockName {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

// spin burns a little time without giving the processor away.
func spin(n int) {
	for range n {
		_ = rand.Uint64()
	}
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	cmd, stdin, out := startChild(t, "hold", dir)
	if !out.Scan() || out.Text() != "open" {
		t.Fatalf("child said %q", out.Text())
	}
	_, err := Open(dir, slog.New(slog.DiscardHandler), nil)
	want := fmt.Sprintf("state directory %s is in use by process %d", dir, cmd.Process.Pid)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	store, _ := openLogged(t, dir)
	if err := store.Section("a").Save(counters{N: 1}); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
