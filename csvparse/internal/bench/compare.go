//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"ukcloud_exporter/money"
)

// contender is one way to total the file.
type contender struct {
	name string
	argv []string // the columns and the file are appended
}

// compare generates the file, runs every contender once a round, and prints the
// medians and their ratios.
func compare(rows, rounds int, duckdb string, built programs) error {
	dir, err := os.MkdirTemp("", "csvparse-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "billing.csv")
	if err := writeFile(file, "mixed", rows); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	contenders := []contender{
		{"csvparse", []string{self, "csvparse"}},
		{"encoding/csv", []string{self, "encoding/csv"}},
	}
	if duckdb != "" {
		contenders = append(contenders, contender{"DuckDB", []string{"node", filepath.Join(duckdb, "duckdb.mjs")}})
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s, %s/%s, %d CPUs, %d rows, %.0f MB, %d rounds, medians of CPU seconds\n",
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		rows, float64(info.Size())/1e6, rounds)
	for _, columns := range []string{"total", "parts"} {
		if err := raceJobs(contenders, columns, file, rounds); err != nil {
			return err
		}
	}
	if built.now != "" {
		if err := raceCommands(self, built, dir, rows, rounds); err != nil {
			return err
		}
	}
	return memory(self, rows)
}

func writeFile(name, kind string, rows int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := generate(f, kind, rows); err != nil {
		return err
	}
	return f.Close()
}

// raceJobs runs the contenders in turn, and checks that all have the same totals.
func raceJobs(contenders []contender, columns, file string, rounds int) error {
	seconds := make([][]float64, len(contenders))
	var first []string
	for range rounds {
		for i, c := range contenders {
			argv := append(slices.Clone(c.argv), columns, file)
			out, err := exec.Command(argv[0], argv[1:]...).Output()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, withStderr(err))
			}
			cpu, _, lines, err := parse(out)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if first == nil {
				first = lines
			}
			if !slices.Equal(first, lines) {
				return fmt.Errorf("%s and %s have not the same totals", contenders[0].name, c.name)
			}
			seconds[i] = append(seconds[i], cpu)
		}
	}
	for i, c := range contenders {
		fmt.Printf("%-5s  %-12s  %.3f s", columns, c.name, median(seconds[i]))
		if i > 0 {
			ratios := make([]float64, rounds)
			for k := range ratios {
				ratios[k] = seconds[0][k] / seconds[i][k]
			}
			fmt.Printf("  csvparse takes %.2f of it (median of the rounds' ratios %.2f)",
				median(seconds[0])/median(seconds[i]), median(ratios))
		}
		fmt.Println()
	}
	fmt.Printf("%-5s  %d totals, the same to the last place\n", columns, len(first))
	return nil
}

// parse reads what a job prints, and writes its amounts all in one way.
func parse(out []byte) (cpu float64, peak int, lines []string, err error) {
	text := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if _, err := fmt.Sscanf(text[0], "cpu\t%g\t%d", &cpu, &peak); err != nil {
		return 0, 0, nil, fmt.Errorf("no CPU time and memory: %w", err)
	}
	for _, line := range text[1:] {
		cells := strings.Split(line, "\t")
		for i := 2; i < len(cells); i++ {
			amount, err := money.Parse(cells[i])
			if err != nil {
				return 0, 0, nil, err
			}
			cells[i] = amount.String()
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	slices.Sort(lines)
	return cpu, peak, lines, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// memory prints the peak memory of a process that totals a file from a pipe, and of
// one that totals a file ten times the size.
func memory(self string, rows int) error {
	for _, n := range []int{rows, 10 * rows} {
		generator := exec.Command(self, "generate", "mixed", strconv.Itoa(n))
		reader := exec.Command(self, "csvparse", "parts", "-")
		pipe, err := generator.StdoutPipe()
		if err != nil {
			return err
		}
		reader.Stdin = pipe
		if err := generator.Start(); err != nil {
			return err
		}
		out, err := reader.Output()
		if err := errors.Join(withStderr(err), generator.Wait()); err != nil {
			return err
		}
		_, peak, lines, err := parse(out)
		if err != nil {
			return err
		}
		fmt.Printf("peak memory of csvparse with %d rows, %d totals included: %.1f MiB\n", n, len(lines), float64(peak)/1024)
	}
	return nil
}
