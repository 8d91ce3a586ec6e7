package billing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestInOrder: however long each takes, what is taken has its order, and no more than
// allowed run at the same time.
func TestInOrder(t *testing.T) {
	for _, parallel := range []int{1, 2, 7, 100} {
		synctest.Test(t, func(t *testing.T) {
			const n, each = 20, 3 * ahead
			var running, most atomic.Int32
			var got []int
			err := inOrder(t.Context(), n, parallel, func(_ context.Context, i int, yield func(int) bool) {
				if now := running.Add(1); now > most.Load() {
					most.Store(now)
				}
				defer running.Add(-1)
				for k := range each {
					time.Sleep(time.Duration((n-i)%5+1) * time.Second)
					if !yield(i*each + k) {
						return
					}
				}
			}, func(_ int, values iter.Seq[int]) error {
				got = slices.AppendSeq(got, values)
				return nil
			})
			if err != nil || len(got) != n*each || !slices.IsSorted(got) {
				t.Errorf("%d at a time: %d values, error %v", parallel, len(got), err)
			}
			if int(most.Load()) != min(parallel, n) {
				t.Errorf("%d ran at the same time, want %d", most.Load(), min(parallel, n))
			}
		})
	}
}

// TestInOrderStops: after an error, and when the caller is interrupted, all that was
// begun has ended when it returns.
func TestInOrderStops(t *testing.T) {
	broken := errors.New("broken")
	ctx, interrupt := context.WithCancel(t.Context())
	var running atomic.Int32
	work := func(_ context.Context, i int, yield func(int) bool) {
		running.Add(1)
		defer running.Add(-1)
		for yield(i) {
		}
	}
	err := inOrder(ctx, 9, 3, work, func(i int, values iter.Seq[int]) error {
		for range values {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || running.Load() != 0 {
		t.Errorf("error %v, %d still run", err, running.Load())
	}
	err = inOrder(ctx, 9, 3, work, func(i int, values iter.Seq[int]) error {
		n := 0
		for range values {
			if n++; n == 10*ahead {
				interrupt()
			}
		}
		return nil
	})
	if err != nil || running.Load() != 0 {
		t.Errorf("interrupted: error %v, %d still run", err, running.Load())
	}
}

// TestParallelOutput: however many files are worked on at the same time, the output
// and the error are the same, byte for byte.
func TestParallelOutput(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	for _, month := range []string{"2018-01", "2018-02"} {
		b.must("fetch", "--period", month, "-o", dir)
	}
	org := b.services()[0].org
	for row, column := range []string{1: "TotalPrice", 3: "EventDate", 7: "ComputePricePerHour", 9: "UsageMinsWithinPeriod"} {
		if column != "" {
			if err := b.portal.SpoilRow(org, "2018-01", row, column, "7"); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.must("fetch", "--period", "2018-01", "--org", org, "-o", dir)
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil || len(files) != 12 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	cut := filepath.Join(dir, "billing_1-1-1-abcdef_2018-01.csv")
	text, err := os.ReadFile(files[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	broken := slices.Insert(slices.Clone(files), 5, cut)
	for _, args := range [][]string{
		append([]string{"summary", "--tag", "project"}, files...), append([]string{"summary", "--format", "json"}, broken...),
		append([]string{"verify"}, broken...), append([]string{"verify", "--format", "json"}, broken...),
		append([]string{"focus"}, files...), append([]string{"focus"}, broken...),
	} {
		want, wantErr := b.run(append(args, "--parallel", "1")...)
		for _, parallel := range []string{"2", "5", "100"} {
			got, err := b.run(append(args, "--parallel", parallel)...)
			if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s, %s at a time: %d bytes, error %v; one at a time %d bytes, error %v", args[0], parallel, len(got), err, len(want), wantErr)
			}
		}
		if len(want) == 0 && wantErr == nil {
			t.Errorf("%s says nothing", args[0])
		}
	}
}
