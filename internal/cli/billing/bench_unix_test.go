//go:build unix

package billing

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"ukcloud_exporter/internal/testutil/billgen"
)

// BenchmarkTwoWorkers compares two workers with one on a bill of 200,000 rows, in
// three rounds in turn: medians of wall and processor time, and their ratios.
// possible-ratio is what the machine had to give at that time: the wall time of work
// that two goroutines share to that of one, 0.5 where two processors are free.
func BenchmarkTwoWorkers(b *testing.B) {
	name := filepath.Join(b.TempDir(), "bill.csv")
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(file, (billgen.Estate{Rows: 200_000, Resources: 6_600, Seed: 1}).Reader()); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	for command, run := range map[string]func(in *input, workers int) error{
		"summary": func(in *input, workers int) error {
			_, err := (&summary{}).read(b.Context(), in, io.Discard, workers)
			return err
		},
		"verify": func(in *input, workers int) error {
			c := &verify{env: Environment{Now: time.Now}}
			if got := c.file(b.Context(), in, io.Discard, workers, func(finding) {}); got.Rows != 200_000 {
				b.Errorf("%d rows", got.Rows)
			}
			return nil
		},
	} {
		b.Run(command, func(b *testing.B) {
			all, err := inputs([]string{name}, nil)
			if err != nil {
				b.Fatal(err)
			}
			var wall, cpu, possible [2][]float64
			for b.Loop() {
				for range 3 {
					for i := range 2 {
						begun, spent := time.Now(), processorTime(b)
						if err := run(&all[0], i+1); err != nil {
							b.Fatal(err)
						}
						wall[i] = append(wall[i], time.Since(begun).Seconds())
						cpu[i] = append(cpu[i], (processorTime(b) - spent).Seconds())
						possible[i] = append(possible[i], shared(i+1).Seconds())
					}
				}
			}
			b.ReportMetric(median(wall[0]), "s-wall-one")
			b.ReportMetric(median(cpu[0]), "s-cpu-one")
			b.ReportMetric(median(wall[1])/median(wall[0]), "wall-ratio")
			b.ReportMetric(median(cpu[1])/median(cpu[0]), "cpu-ratio")
			b.ReportMetric(median(possible[1])/median(possible[0]), "possible-ratio")
		})
	}
}

// shared is the wall time of work without memory that so many goroutines share.
func shared(workers int) time.Duration {
	begun := time.Now()
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			x := uint64(1)
			for range 200_000_000 / workers {
				x = x*6364136223846793005 + 1
			}
			runtime.KeepAlive(x)
		})
	}
	running.Wait()
	return time.Since(begun)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// processorTime is what the process has used up.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
