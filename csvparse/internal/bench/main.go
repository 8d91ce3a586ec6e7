//go:build unix

// Bench measures csvparse against encoding/csv and DuckDB on one generated billing
// CSV: the same exact totals per VM, VDC, project and service, compared penny by
// penny, in CPU time of one interleaved run; then the commands summary and verify
// against plain programs of encoding/csv, and export against DuckDB. Run it by run.sh.
//
//	bench [-rows 200000] [-rounds 15] [-duckdb DIR] [-exporter PROGRAM]   the comparison
//	bench -exporter PROGRAM [-before PROGRAM] commands   that of summary, verify and focus alone
//	bench -duckdb DIR -exporter PROGRAM export        that of export alone
//	bench peak COMMAND...                             the peak memory of a command, in MiB
//	bench plain JOB FILE                              one plain program: summary, summary-tags, verify or numbers
//	bench generate KIND ROWS                          a file, to standard output: see estate
//	bench JOB COLUMNS FILE                            one job: csvparse or encoding/csv; total or parts; - is standard input
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"

	"ukcloud_exporter/internal/testutil/billgen"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rows := flags.Int("rows", 200_000, "rows of the generated file")
	rounds := flags.Int("rounds", 15, "rounds; each runs every job once")
	exporter := flags.String("exporter", "", "the program whose commands are measured; empty: csvparse alone")
	before := flags.String("before", "", "an older build of that program, to take turns with it; empty: none")
	exportRows := flags.Int("export-rows", 2_000_000, "rows of the file that is exported")
	exportRounds := flags.Int("export-rounds", 3, "rounds of export; 0: export is not measured")
	duckdb := flags.String("duckdb", "", "directory with duckdb.mjs and its node_modules; empty: without DuckDB")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch args := flags.Args(); {
	case len(args) == 0:
		if err := compare(*rows, *rounds, *duckdb, programs{*exporter, *before}); err != nil || *exporter == "" || *duckdb == "" || *exportRounds == 0 {
			return err
		}
		return raceExport(*exporter, *duckdb, *exportRows, *exportRounds)
	case len(args) == 1 && args[0] == "export":
		return raceExport(*exporter, *duckdb, *exportRows, *exportRounds)
	case len(args) == 1 && args[0] == "commands" && *exporter != "":
		return commandsAlone(*rows, *rounds, programs{*exporter, *before})
	case len(args) > 1 && args[0] == "peak":
		return peak(args[1:])
	case len(args) == 3 && args[0] == "plain":
		return plainJob(os.Stdout, args[1], args[2])
	case len(args) == 3 && args[0] == "generate":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return generate(os.Stdout, args[1], n)
	case len(args) == 3:
		return job(args[0], args[1], args[2])
	}
	return errors.New("unknown arguments: see -help")
}

// estate is what a file of a kind is of; as many days as the rows ask for.
//
//	mixed     6,600 resources, every column, some 730 bytes a row
//	short     the same without what most cells are for: some 110 bytes a row
//	long      the same with long names and twelve tags: some 1,570 bytes a row
//	NUMBER    mixed, of so many resources, each with a text of metadata of its own
func estate(kind string, rows int) (billgen.Estate, error) {
	e := billgen.Estate{Rows: rows, Resources: 6_600, Seed: 1}
	switch kind {
	case "mixed":
	case "short":
		e.Shape = billgen.Short
	case "long":
		e.Shape = billgen.Long
	default:
		texts, err := strconv.Atoi(kind)
		if err != nil || texts < 1 {
			return e, fmt.Errorf("no kind of file %q", kind)
		}
		e.Resources, e.Distinct = texts, true
	}
	return e, nil
}

// generate writes a file of a kind.
func generate(w io.Writer, kind string, rows int) error {
	e, err := estate(kind, rows)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := io.Copy(out, e.Reader()); err != nil {
		return err
	}
	return out.Flush()
}
