//go:build unix

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// plainJob runs one of the plain programs, and prints what it came to.
func plainJob(w io.Writer, name, file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	var lines []string
	switch name {
	case "summary":
		lines, err = plainSummary(in, nil)
	case "summary-tags":
		lines, err = plainSummary(in, wantedTags)
	case "verify":
		lines, err = plainVerify(in)
	case "numbers":
		lines, err = plainNumbers(in)
	default:
		err = fmt.Errorf("no job %q", name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// wantedTags are the keys that are added up by.
var wantedTags = []string{"project", "owner"}

// command is one of the exporter's that is compared with a plain program.
type command struct {
	name  string
	args  []string // the file is appended
	plain string   // the job
	lines func(out []byte) ([]string, error)
}

func commands() []command {
	tags := []string{"billing", "summary", "--format", "json"}
	for _, key := range wantedTags {
		tags = append(tags, "--tag", key)
	}
	return []command{
		{"summary", []string{"billing", "summary", "--format", "json"}, "summary", summaryLines},
		{"summary, two tags", tags, "summary-tags", summaryLines},
		{"verify", []string{"billing", "verify", "--format", "json"}, "verify", verifyLines},
	}
}

// summaryLines takes out of the JSON of billing summary what the plain program prints.
func summaryLines(out []byte) (lines []string, err error) {
	var summary struct {
		Rows       int
		NoResource struct{ Cost string } `json:"no_resource"`
		FirstDay   string                `json:"first_day"`
		LastDay    string                `json:"last_day"`
		Total      string
		Groups     []struct {
			Group, Tag string
			Costs      []struct {
				Name string
				Cost string
			}
		}
	}
	if err := json.Unmarshal(out, &summary); err != nil {
		return nil, err
	}
	days := plainDays{summary.Rows, summary.FirstDay, summary.LastDay}
	lines = []string{fmt.Sprintf("total\t\t\t%s", summary.Total), fmt.Sprintf("of no resource\t%s", cmp.Or(summary.NoResource.Cost, "0")), days.String()}
	for _, group := range summary.Groups {
		if group.Group == "account" || group.Group == "vorg" { // of whose bill it is
			continue
		}
		for _, line := range group.Costs {
			lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s", group.Group, group.Tag, line.Name, line.Cost))
		}
	}
	return lines, nil
}

// verifyLines does so with the JSON of billing verify.
func verifyLines(out []byte) (lines []string, err error) {
	var report struct {
		Files []struct {
			Findings []struct {
				Line    int64
				Check   string
				Warning bool
			}
			Result struct {
				Rows       int
				Failing    int64  `json:"rows_failing"`
				FirstDay   string `json:"first_day"`
				LastDay    string `json:"last_day"`
				Parts      string
				TotalPrice string `json:"total_price"`
			}
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return nil, err
	}
	if len(report.Files) != 1 {
		return nil, fmt.Errorf("%d files", len(report.Files))
	}
	for _, f := range report.Files[0].Findings {
		if !f.Warning {
			lines = append(lines, fmt.Sprintf("%d\t%s", f.Line, f.Check))
		}
	}
	r := report.Files[0].Result
	days := plainDays{r.Rows, r.FirstDay, r.LastDay}
	return append(lines, days.String(), fmt.Sprintf("failing\t%d", r.Failing), "parts\t"+r.Parts, "total_price\t"+r.TotalPrice), nil
}

// raceCommands compares summary and verify, with one worker and with two, with plain
// programs of encoding/csv, in turn.
func raceCommands(self, exporter, dir, file string, rows, rounds int) error {
	half := filepath.Join(dir, "half.csv")
	if err := writeFile(half, "mixed", rows/2); err != nil {
		return err
	}
	for _, c := range commands() {
		if err := raceCommand(self, exporter, file, half, c, rounds); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// timed are the costs of one contender, a value for each round.
type timed struct{ cpu, wall []float64 }

func (t *timed) add(c cost) {
	t.cpu, t.wall = append(t.cpu, c.cpu.Seconds()), append(t.wall, c.wall.Seconds())
}

func raceCommand(self, exporter, file, half string, c command, rounds int) error {
	ours := func(workers, file string) []string {
		return append(append([]string{exporter}, c.args...), "--parallel", workers, file)
	}
	var one, two, plain, numbers, possible timed
	contenders := []struct {
		argv  []string
		times *timed
		lines func([]byte) ([]string, error)
	}{
		{ours("1", file), &one, c.lines},
		{ours("2", file), &two, c.lines},
		{[]string{self, "plain", c.plain, file}, &plain, plainLines},
	}
	var want []string
	for range rounds {
		for _, contender := range contenders {
			out, used, err := measure(contender.argv...)
			if err != nil {
				return err
			}
			lines, err := contender.lines(out)
			if err != nil {
				return err
			}
			slices.Sort(lines)
			if want == nil {
				want = lines
			}
			if !slices.Equal(want, lines) {
				return fmt.Errorf("%q have not come to the same as %q", contender.argv, contenders[0].argv)
			}
			contender.times.add(used)
		}
		_, used, err := measure(self, "plain", "numbers", file)
		if err != nil {
			return err
		}
		numbers.add(used)
		if used, err = atOnce(ours("1", half)); err != nil {
			return err
		}
		possible.add(used)
	}
	fmt.Printf("%-18s  %.3f s of CPU, plain encoding/csv %.3f s, ratio %.2f; encoding/csv that only reads all numbers %.3f s\n",
		c.name, median(one.cpu), median(plain.cpu), ratio(one.cpu, plain.cpu), median(numbers.cpu))
	fmt.Printf("%-18s  two workers: CPU %.2f of one, wall %.2f of one; possible, two processes of half the file each: CPU %.2f, wall %.2f\n",
		c.name, ratio(two.cpu, one.cpu), ratio(two.wall, one.wall), ratio(possible.cpu, one.cpu), ratio(possible.wall, one.wall))
	fmt.Printf("%-18s  %d lines, the same to the last place\n", c.name, len(want))
	return nil
}

func plainLines(out []byte) ([]string, error) {
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"), nil
}

// ratio is the median of the rounds' ratios.
func ratio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

// atOnce runs two processes at the same time. The wall time is that of the slower one.
func atOnce(argv []string) (both cost, err error) {
	var used [2]cost
	var failed [2]error
	var running sync.WaitGroup
	for i := range used {
		running.Go(func() { _, used[i], failed[i] = measure(argv...) })
	}
	running.Wait()
	return cost{cpu: used[0].cpu + used[1].cpu, wall: max(used[0].wall, used[1].wall)}, errors.Join(failed[:]...)
}
