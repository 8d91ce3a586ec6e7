//go:build unix

package archive

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// archiveInto tells a process which directory to write until it is killed.
const archiveInto = "ARCHIVE_TEST_INTO"

// TestMain also is the process that TestKilled kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(archiveInto); dir != "" {
		writeForEver(dir)
	}
	goleak.VerifyTestMain(m)
}

// writeForEver keeps bills of two compute services, each of a generation that has its own
// number of rows. It says when the first bills are there.
func writeForEver(dir string) {
	a := New(dir, "test", slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), NewMetrics())
	for generation := 0; ; generation++ {
		for _, vorg := range []string{"v", "w"} {
			t := &testing.T{}
			c := a.Copy("1", vorg, "2018-01")
			_, _ = c.Write([]byte(text(t, 100+generation%50, uint64(generation))))
			sum := c.Keep()
			_ = c.Close()
			for a.Sum("1", vorg, "2018-01") != sum {
				time.Sleep(time.Millisecond)
			}
		}
		if generation == 0 {
			fmt.Println("written")
		}
	}
}

// TestKilled kills processes that write: what they leave is whole, and nothing of what
// they wrote meanwhile stays behind the next start.
func TestKilled(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	aside := 0
	for range 15 {
		command := exec.CommandContext(t.Context(), program)
		command.Env = append(os.Environ(), archiveInto+"="+dir)
		command.Stderr = os.Stderr
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(100 * time.Millisecond)))) // the moment is what is tested
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait()
		left, err := filepath.Glob(filepath.Join(dir, "_tmp.*"))
		if err != nil {
			t.Fatal(err)
		}
		aside += len(left)
		got, err := has(dir) // as a reader, and as the next one, which clears up
		if err != nil {
			t.Fatal(err)
		}
		var v, w int
		if _, err := fmt.Sscanf(got, "v:%d w:%d", &v, &w); err != nil || v < 100 || w < 100 {
			t.Errorf("the data set has %q", got)
		}
		// A bill has a name for the moment between its making and the removal of its name.
		next := New(dir, "test", slog.New(slog.DiscardHandler), NewMetrics())
		if err := next.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, pattern := range []string{"_tmp.*", copyPattern} {
			if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
				t.Errorf("left: %s, %v", strings.Join(left, " "), err)
			}
		}
	}
	t.Logf("%d of 15 were killed while a month was aside", aside)
	if aside == 0 {
		t.Error("none was killed while it wrote: that is no test")
	}
}
