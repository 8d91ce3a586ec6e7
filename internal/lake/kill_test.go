//go:build unix

package lake_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/internal/lake"
	"ukcloud_exporter/internal/testutil/billgen"
)

// What the process that is killed is told.
const (
	exportInto = "LAKE_TEST_EXPORT_INTO"
	exportSeed = "LAKE_TEST_SEED"
	exportAs   = "LAKE_TEST_FORMAT"
)

// rowsOf says how many rows the bills of a generation have, so that a reader knows of
// which one a file is.
func rowsOf(seed uint64) int { return 50 + int(seed%50) }

// exportAgain writes three bills of a month, all of one generation.
func exportAgain(dir, text string) error {
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return err
	}
	set, err := lake.Open(dir, lake.EvidenceSchema, lake.Format(os.Getenv(exportAs)), "test")
	if err != nil {
		return err
	}
	for i := range uint64(3) {
		source := lake.Source{
			Account: strconv.Itoa(int(i / 2)), VOrg: fmt.Sprintf("1-1-%d-a", i), Month: january,
			CSV: billgen.Estate{Rows: rowsOf(seed), Resources: 10, Seed: seed + i}.Reader(),
		}
		if _, err := set.Evidence(source); err != nil {
			return err
		}
	}
	if _, err := set.Commit(); err != nil {
		return err
	}
	return set.Close()
}

// TestKilled kills exports at random points: what a reader finds is always one whole
// generation of the month, and the next export works.
func TestKilled(t *testing.T) {
	// A hundred; most of them in the format that takes less time.
	t.Run("csv", func(t *testing.T) { kill(t, lake.CSV, 85) })
	t.Run("parquet", func(t *testing.T) { kill(t, lake.Parquet, 15) })
}

func kill(t *testing.T, format lake.Format, times int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := memory(t)
	export := func(seed int) *exec.Cmd {
		command := exec.CommandContext(t.Context(), program)
		command.Env = append(os.Environ(), exportInto+"="+dir, exportSeed+"="+strconv.Itoa(seed), exportAs+"="+string(format),
			"GORACE=atexit_sleep_ms=0")
		return command
	}
	began := time.Now()
	if out, err := export(0).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole := time.Since(began)
	rng := rand.New(rand.NewPCG(1, uint64(began.UnixNano())))
	killed, replaced, last := 0, 0, int64(rowsOf(0))
	patience := whole * 3 / 2 // so that some end by themselves, however busy the machine gets
	for seed := 1; seed <= times; seed++ {
		command := export(seed)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rng.Int64N(int64(patience))), func() { _ = command.Process.Kill() })
		if err := command.Wait(); err != nil {
			killed++
			patience += patience / 4
		} else {
			patience -= patience / 4
		}
		timer.Stop()
		m := check(t, dir)
		if len(m.Files) != 3 || m.Files[0].Rows != m.Files[1].Rows || m.Files[1].Rows != m.Files[2].Rows {
			t.Fatalf("after %d: %v", seed, m)
		}
		if m.Files[0].Rows != last {
			replaced, last = replaced+1, m.Files[0].Rows
		}
	}
	t.Logf("of %d exports %d were killed, %d put their month in place; a whole one takes %s", times, killed, replaced, whole)
	if killed < times/4 || replaced == 0 {
		t.Errorf("%d killed and %d in place are no test", killed, replaced)
	}
	if out, err := export(0).CombinedOutput(); err != nil {
		t.Fatalf("the last: %v: %s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "_tmp.*")); err != nil || len(left) > 0 || check(t, dir).Files[0].Rows != int64(rowsOf(0)) {
		t.Errorf("left: %s, %v", strings.Join(left, " "), err)
	}
}

// memory is a directory in memory where there is one: what a process leaves that is
// killed does not depend on the disk, and a hundred syncs of a disk take a minute.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "lake-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
