package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/lake"
	"ukcloud_exporter/internal/testutil/billgen"
)

// bench is an archive whose temporary files a test can make fail.
type bench struct {
	*Archive
	t       *testing.T
	dir     string
	logs    bytes.Buffer
	metrics *Metrics
	open    atomic.Int32 // temporary files
}

// newBench starts an archive. wrap, if there is one, takes the place of each temporary
// file.
func newBench(t *testing.T, wrap func(file) file) *bench {
	t.Helper()
	return newBenchIn(t, t.TempDir(), wrap)
}

func newBenchIn(t *testing.T, dir string, wrap func(file) file) *bench {
	t.Helper()
	b := &bench{t: t, dir: dir, metrics: NewMetrics()}
	b.Archive = start(&Archive{
		dir: b.dir, version: "test", log: slog.New(slog.NewTextHandler(&b.logs, nil)), metrics: b.metrics,
		create: func(dir string) (file, error) {
			f, err := newTemporary(dir)
			if err != nil {
				return nil, err
			}
			b.open.Add(1)
			f = &counted{f, &b.open}
			if wrap != nil {
				f = wrap(f)
			}
			return f, nil
		},
	})
	return b
}

type counted struct {
	file
	open *atomic.Int32
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.file.Close()
}

// text is a bill of January 2018 that differs by its seed.
func text(t *testing.T, rows int, seed uint64) string {
	t.Helper()
	var out strings.Builder
	if _, err := io.Copy(&out, (billgen.Estate{Rows: rows, Resources: 5, Seed: seed}).Reader()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// put has a bill of January 2018 read and kept.
func (b *bench) put(vorg, text string) (sum string) {
	b.t.Helper()
	c := b.Copy("1", vorg, "2018-01")
	for rest := text; rest != ""; { // not in the pieces that it is written in
		n := min(len(rest), 40_000)
		if took, err := io.WriteString(c, rest[:n]); took != n || err != nil {
			b.t.Fatalf("%d of %d bytes taken, %v", took, n, err)
		}
		rest = rest[n:]
	}
	sum = c.Keep()
	if err := c.Close(); err != nil {
		b.t.Fatal(err)
	}
	return sum
}

func (b *bench) stop() {
	b.t.Helper()
	if err := b.Stop(b.t.Context()); err != nil {
		b.t.Error(err)
	}
	if n := b.open.Load(); n != 0 {
		b.t.Errorf("%d temporary files are open at the end", n)
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != ".lock" && !strings.HasPrefix(name, "billing_period=") {
			b.t.Errorf("%s is left", name)
		}
	}
}

// want compares what January 2018 has: the rows of each compute service.
func (b *bench) want(what, want string) {
	b.t.Helper()
	got, err := has(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	if got != want {
		b.t.Errorf("%s: the data set has %q, want %q; the log:\n%s", what, got, want, &b.logs)
	}
}

func has(dir string) (string, error) {
	set, err := lake.Open(dir, schema, format, "test")
	if err != nil {
		return "", err
	}
	months, err := set.Months()
	var all []string
	for _, m := range months {
		for _, f := range m.Files {
			all = append(all, fmt.Sprintf("%s:%d", f.VOrg, f.Rows))
		}
	}
	return strings.Join(all, " "), errors.Join(err, set.Close())
}

func (b *bench) failures(want float64) {
	b.t.Helper()
	if got := testutil.ToFloat64(b.metrics); got != want {
		b.t.Errorf("%v failures, want %v; the log:\n%s", got, want, &b.logs)
	}
}

// scripted is a temporary file of which some calls are a test's own.
type scripted struct {
	file
	read, write func() error
	close       func()
}

func (s *scripted) Read(b []byte) (int, error) {
	if s.read != nil {
		if err := s.read(); err != nil {
			return 0, err
		}
	}
	return s.file.Read(b)
}

func (s *scripted) Write(b []byte) (int, error) {
	if s.write != nil {
		if err := s.write(); err != nil {
			return 0, err
		}
	}
	return s.file.Write(b)
}

func (s *scripted) Close() error {
	if s.close != nil {
		s.close()
	}
	return s.file.Close()
}

// TestWritten: what comes in any pieces is written, once, and has its sum.
func TestWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		big := text(t, 400, 1)
		if len(big) < 4*chunkSize {
			t.Fatalf("%d bytes are no test", len(big))
		}
		sum := b.put("v", big)
		synctest.Wait()
		b.want("first", "v:400")
		if got := b.Sum("1", "v", "2018-01"); got != sum || len(sum) != 64 {
			t.Errorf("its sum is %q, want %q", got, sum)
		}
		for _, other := range [][3]string{{"2", "v", "2018-01"}, {"1", "w", "2018-01"}, {"1", "v", "2018-02"}, {"1", "v", "no month"}} {
			if got := b.Sum(other[0], other[1], other[2]); got != "" {
				t.Errorf("%v has the sum %s", other, got)
			}
		}
		place := filepath.Join(b.dir, "billing_period=2018-01")
		before, err := os.Stat(place)
		if err != nil {
			t.Fatal(err)
		}
		b.put("v", big)
		synctest.Wait()
		if after, err := os.Stat(place); err != nil || !os.SameFile(before, after) {
			t.Errorf("the same bill was written again, %v", err)
		}
		// Where nothing is to be written the data set is not opened: another may have it.
		set, err := lake.Open(b.dir, schema, format, "test")
		if err != nil {
			t.Fatal(err)
		}
		b.put("v", big)
		synctest.Wait()
		b.failures(0)
		if err := set.Close(); err != nil {
			t.Fatal(err)
		}
		// A bill that is not believed leaves nothing.
		c := b.Copy("1", "v", "2018-01")
		_, _ = io.WriteString(c, big[:1000])
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		b.Copy("1", "v", "no month").Keep()
		b.failures(1)
		b.stop()
	})
}

// TestFull: a bill for which there is no room is a failure of that bill alone, and comes
// with the next round.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := 3 // chunks
		b := newBench(t, func(f file) file {
			return &scripted{file: f, write: func() error {
				if room--; room < 0 {
					return &fs.PathError{Op: "write", Path: ".bill.1", Err: syscall.ENOSPC}
				}
				return nil
			}}
		})
		big, small := text(t, 400, 1), text(t, 40, 2)
		b.put("big", big)
		room = 1
		b.put("small", small)
		synctest.Wait()
		b.want("full", "small:40")
		b.failures(1)
		if log := b.logs.String(); !strings.Contains(log, "no space left on device") || !strings.Contains(log, "vorg=big period=2018-01") || !strings.Contains(log, "account=1") {
			t.Errorf("the log:\n%s", log)
		}
		room = 100
		b.put("big", big)
		synctest.Wait()
		b.want("with room", "big:400 small:40")
		b.failures(1)
		b.stop()
	})
}

// TestUnwritable: what stands in the way of the directory, or of the data set, is told and
// counted for each bill, and nothing else happens; once it is gone the bills come.
func TestUnwritable(t *testing.T) {
	for name, obstacle := range map[string]struct {
		place, want func(dir string) string
	}{
		"a file for a directory": {func(dir string) string { return dir }, func(string) string { return "not a directory" }},
		"a file for the month":   {func(dir string) string { return filepath.Join(dir, "billing_period=2018-01") }, func(string) string { return "put 2018-01 in place" }},
		"a directory for the lock": {func(dir string) string { return filepath.Join(dir, ".lock", "in") },
			func(dir string) string { return filepath.Join(dir, ".lock") + ": is a directory" }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				dir := b.dir
				if err := os.Remove(dir); err != nil {
					t.Fatal(err)
				}
				place := obstacle.place(dir)
				if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(place, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				b.put("v", text(t, 40, 1))
				synctest.Wait()
				b.failures(1)
				if log := b.logs.String(); !strings.Contains(log, obstacle.want(dir)) {
					t.Errorf("the log, want %s:\n%s", obstacle.want(dir), log)
				}
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(place); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				b.put("v", text(t, 40, 1))
				synctest.Wait()
				b.want("later", "v:40")
				b.failures(1)
				b.stop()
			})
		})
	}
}

// TestStopWhileWriting: a bill that is being written is as if it had not come, and what
// waits goes with it. That is no failure.
func TestStopWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := make(chan struct{})
		b := newBench(t, func(f file) file {
			return &scripted{file: f, read: func() error { <-disk; return nil }}
		})
		b.put("v", text(t, 400, 1))
		synctest.Wait() // it is being read for the data set
		b.put("waits", text(t, 40, 2))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop waits for a disk that hangs longer than it may: %v", err)
		}
		close(disk)
		b.stop()
		b.want("stopped", "")
		if got := testutil.CollectAndCount(b.metrics); got != 0 {
			t.Errorf("%d metrics after the end", got)
		}
		if log := b.logs.String(); strings.Contains(log, "ERROR") {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// TestReplacedWhileWaiting: of the bills of a compute service and month that wait, the
// newest is written; where the newest is what is there already, none.
func TestReplacedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, reads := make(chan struct{}), 0
		b := newBench(t, func(f file) file {
			return &scripted{file: f, read: func() error { reads++; <-disk; return nil }}
		})
		b.put("there", text(t, 40, 1))
		synctest.Wait()
		disk <- struct{}{}
		close(disk)
		synctest.Wait()
		b.want("first", "there:40")

		disk = make(chan struct{})
		b.put("busy", text(t, 41, 1))
		synctest.Wait()
		b.put("v", text(t, 42, 1))
		b.put("there", text(t, 43, 1))
		b.put("v", text(t, 44, 1))
		b.put("there", text(t, 40, 1)) // as before after all
		if n := b.open.Load(); n != 2 {
			t.Errorf("%d files, want those of the bill that is written and of the one that waits", n)
		}
		close(disk)
		synctest.Wait()
		b.want("then", "busy:41 there:40 v:44")
		b.failures(0)
		b.stop()
	})
}

// TestHangs: a disk that does not answer holds a bill up for ten seconds, and others not
// at all; when it answers again everything goes on.
func TestHangs(t *testing.T) {
	for _, call := range []string{"write", "create", "close"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hangs := make(chan struct{})
				b := newBench(t, func(f file) file {
					s := &scripted{file: f}
					switch call {
					case "write":
						s.write = func() error { <-hangs; return nil }
					case "create":
						<-hangs
					case "close":
						s.close = func() { <-hangs }
					}
					return s
				})
				begun := time.Now()
				c := b.Copy("1", "v", "2018-01")
				_, _ = io.WriteString(c, text(t, 400, 1))
				if call != "close" {
					c.Keep()
				}
				_ = c.Close()
				if took := time.Since(begun); took != patience {
					t.Errorf("the bill took %s, want %s", took, patience)
				}
				begun = time.Now()
				for range 3 {
					b.put("w", text(t, 400, 2))
				}
				if sum := b.Sum("1", "v", "2018-01"); sum != "" {
					t.Errorf("the sum of what nobody can read is %s", sum)
				}
				if took := time.Since(begun); took != 0 {
					t.Errorf("the next bills took %s", took)
				}
				want := 4.0
				if call == "close" {
					want = 3 // the first was not to be kept
				}
				b.failures(want)
				if log := b.logs.String(); !strings.Contains(log, "the disk does not answer in time") {
					t.Errorf("the log:\n%s", log)
				}
				close(hangs)
				synctest.Wait()
				b.put("v", text(t, 400, 1))
				synctest.Wait()
				b.want("it answers again", "v:400")
				b.failures(want)
				if err := b.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestSlow: a disk that answers each call, and all too slowly, is given up likewise.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(f file) file {
			return &scripted{file: f, write: func() error { time.Sleep(3 * time.Second); return nil }}
		})
		begun := time.Now()
		b.put("v", text(t, 1000, 1))
		if took := time.Since(begun); took != patience {
			t.Errorf("the bill took %s, want %s", took, patience)
		}
		b.failures(1)
		time.Sleep(time.Minute)
		b.put("small", text(t, 40, 1))
		synctest.Wait()
		b.want("a small one", "small:40")
		if err := b.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestBroken: a panic while one bill is written is that bill's failure.
func TestBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		b := newBench(t, func(f file) file {
			return &scripted{file: f, read: func() error {
				if broken {
					panic("no such page")
				}
				return nil
			}}
		})
		b.put("v", text(t, 40, 1))
		synctest.Wait()
		b.failures(1)
		if log := b.logs.String(); !strings.Contains(log, "no such page") {
			t.Errorf("the log:\n%s", log)
		}
		broken = false
		b.put("v", text(t, 40, 1))
		synctest.Wait()
		b.want("mended", "v:40")
		b.stop()
	})
}

// TestCheck: the directory must be one that can be written, and hold nothing else.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if err := Check(filepath.Join(dir, "not", "yet")); err != nil {
		t.Errorf("a directory that is to be made: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("Check leaves %v, %v", entries, err)
	}
	set, err := lake.Open(dir, schema, lake.CSV, "test")
	if err != nil {
		t.Fatal(err)
	}
	source := lake.Source{Account: "1", VOrg: "v", Month: bill.Month{Year: 2018, Month: 1}, CSV: strings.NewReader(text(t, 40, 1)), Proven: true}
	if _, err := set.Evidence(source); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir); err == nil || !strings.Contains(err.Error(), "evidence as csv since 2018-01") {
		t.Errorf("a data set of CSV: %v", err)
	}
	if err := Check(filepath.Join(dir, ".lock")); err == nil {
		t.Error("a file is taken for a directory")
	}
}
