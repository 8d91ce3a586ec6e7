//go:build unix

package billing

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"ukcloud_exporter/internal/testutil/billgen"
)

// BenchmarkTwoWorkers compares two workers with one on a bill of 200,000 rows, in
// three rounds in turn: medians of wall and processor time, and their ratios. The
// possible ratios are what the machine had to give in the same rounds: two readers that
// have nothing in common, of half the rows each, at the same time, to one of all rows.
func BenchmarkTwoWorkers(b *testing.B) {
	const rows = 200_000
	dir := b.TempDir()
	whole, half := generated(b, dir, rows), generated(b, dir, rows/2)
	for command, run := range map[string]func(in *input, workers int) (int64, error){
		"summary": func(in *input, workers int) (int64, error) {
			read, err := (&summary{}).read(b.Context(), in, io.Discard, workers)
			if err != nil {
				return 0, err
			}
			return read.Rows, nil
		},
		"verify": func(in *input, workers int) (int64, error) {
			c := &verify{env: Environment{Now: time.Now}}
			return c.file(b.Context(), in, io.Discard, workers, func(finding) {}).Rows, nil
		},
	} {
		must := func(in *input, workers int, want int64) {
			if got, err := run(in, workers); err != nil || got != want {
				b.Errorf("%d rows, error %v", got, err)
			}
		}
		b.Run(command, func(b *testing.B) {
			contenders := [...]func(){
				func() { must(whole, 1, rows) },
				func() { must(whole, 2, rows) },
				func() {
					var running sync.WaitGroup
					for range 2 {
						running.Go(func() { must(half, 1, rows/2) })
					}
					running.Wait()
				},
			}
			var wall, cpu [len(contenders)][]float64
			for b.Loop() {
				for range 3 {
					for i, contender := range contenders {
						begun, spent := time.Now(), processorTime(b)
						contender()
						wall[i] = append(wall[i], time.Since(begun).Seconds())
						cpu[i] = append(cpu[i], (processorTime(b) - spent).Seconds())
					}
				}
			}
			b.ReportMetric(median(wall[0]), "s-wall-one")
			b.ReportMetric(median(cpu[0]), "s-cpu-one")
			b.ReportMetric(median(wall[1])/median(wall[0]), "wall-ratio")
			b.ReportMetric(median(cpu[1])/median(cpu[0]), "cpu-ratio")
			b.ReportMetric(median(wall[2])/median(wall[0]), "possible-ratio")
			b.ReportMetric(median(cpu[2])/median(cpu[0]), "possible-cpu-ratio")
		})
	}
}

// generated is a bill of so many rows.
func generated(b *testing.B, dir string, rows int) *input {
	b.Helper()
	name := filepath.Join(dir, fmt.Sprintf("bill-%d.csv", rows))
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(file, (billgen.Estate{Rows: rows, Resources: 6_600, Seed: 1}).Reader()); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	all, err := inputs([]string{name}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return &all[0]
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
