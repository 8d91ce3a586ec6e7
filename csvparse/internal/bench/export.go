//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// raceExport compares billing export with DuckDB's own way from CSV to Parquet: the
// processor time of both, and the peak memory of the exporter. What both have written
// must come to the same, column by column.
func raceExport(exporter, duckdb string, rows, rounds int) error {
	dir, err := os.MkdirTemp("", "export-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "billing_1-1-1-abcdef_2018-01.csv")
	if err := writeFile(file, "mixed", rows); err != nil {
		return err
	}
	script := filepath.Join(duckdb, "parquet.mjs")
	set, theirs := filepath.Join(dir, "set"), filepath.Join(dir, "duckdb.parquet")
	var ours, duck, ratios, peaks []float64
	for range rounds {
		if err := os.RemoveAll(set); err != nil {
			return err
		}
		_, used, err := measure([]string{exporter, "billing", "export", "--format", "parquet", "--org-name", "1-1-1-abcdef=Bench", "-o", set, file}, true)
		if err != nil {
			return err
		}
		out, _, err := measure([]string{"node", script, "copy", file, theirs}, true)
		if err != nil {
			return err
		}
		var seconds float64
		if _, err := fmt.Sscanf(string(out), "cpu\t%g", &seconds); err != nil {
			return fmt.Errorf("DuckDB: no CPU time: %w", err)
		}
		ours, duck = append(ours, used.cpu.Seconds()), append(duck, seconds)
		ratios, peaks = append(ratios, used.cpu.Seconds()/seconds), append(peaks, used.peak)
	}
	if err := sameSums(script, set, theirs); err != nil {
		return err
	}
	fmt.Printf("export  %d rows: %.2f s of CPU, DuckDB COPY %.2f s, ratio %.2f (each round: %.2f); peak memory %.0f MiB (each round: %.0f)\n",
		rows, median(ours), median(duck), median(ratios), ratios, median(peaks), peaks)
	return nil
}

// sameSums asks DuckDB for the rows and the sums of all numbers in both files. Before
// the columns of the bill the data set has one of its own, and more behind them.
func sameSums(script, set, theirs string) error {
	const columns = "56"
	want, _, err := measure([]string{"node", script, "sums", theirs, "0", columns}, true)
	if err != nil {
		return err
	}
	got, _, err := measure([]string{"node", script, "sums", filepath.Join(set, "**", "*.parquet"), "1", columns}, true)
	if err != nil {
		return err
	}
	sums := strings.Fields(string(want))
	if string(got) != string(want) || len(sums) < 30 {
		return fmt.Errorf("the data set and DuckDB's file do not come to the same: %.300q and %.300q", got, want)
	}
	fmt.Printf("export  %d sums, the same to the last place\n", len(sums)-1)
	return nil
}
