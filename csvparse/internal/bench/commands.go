//go:build unix

package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"ukcloud_exporter/money"
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

// programs are the exporter, and one that was built earlier, "" for none.
type programs struct{ now, before string }

// command is one of the exporter's that is compared with a plain program.
type command struct {
	name  string
	args  []string // the file is appended
	plain string   // the job
	files []string // kinds
	// lines is what the command has printed, as the plain program prints it. It is nil
	// for a command that writes more than is to be held.
	lines func(out []byte) ([]string, error)
	parts bool // the command cuts a file
}

func commands() []command {
	tags := []string{"billing", "summary", "--format", "json"}
	for _, key := range wantedTags {
		tags = append(tags, "--tag", key)
	}
	kinds := []string{"mixed", "short", "long"}
	return []command{
		{"summary", []string{"billing", "summary", "--format", "json"}, "summary", kinds, summaryLines, true},
		{"summary, two tags", tags, "summary-tags", []string{"mixed", "1000", "10000", "100000"}, summaryLines, true},
		{"verify", []string{"billing", "verify", "--format", "json"}, "verify", kinds, verifyLines, true},
		{"focus", []string{"billing", "focus", "--org", "1-1-1-abcdef"}, "summary", kinds, nil, false},
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

// commandsAlone measures nothing but the commands.
func commandsAlone(rows, rounds int, built programs) error {
	dir, err := os.MkdirTemp("", "commands-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return raceCommands(self, built, dir, rows, rounds)
}

// raceCommands compares the commands, with one worker and with two, with plain programs of
// encoding/csv, in turn, on files of several kinds.
func raceCommands(self string, built programs, dir string, rows, rounds int) error {
	for _, c := range commands() {
		for _, kind := range c.files {
			files := [...]string{filepath.Join(dir, kind+".csv"), filepath.Join(dir, kind+"-half.csv")}
			for i, name := range files {
				if err := writeFile(name, kind, rows/(i+1)); err != nil {
					return err
				}
			}
			r := race{self: self, built: built, file: files[0], half: files[1], command: c, kind: kind}
			if err := errors.Join(r.run(rounds), os.Remove(files[0]), os.Remove(files[1])); err != nil {
				return fmt.Errorf("%s of %s: %w", c.name, kind, err)
			}
		}
	}
	return peaks(self, built, dir, rows)
}

// timed are the costs of one contender, a value for each round.
type timed struct{ cpu, wall []float64 }

func (t *timed) add(c cost) {
	t.cpu, t.wall = append(t.cpu, c.cpu.Seconds()), append(t.wall, c.wall.Seconds())
}

// race is a command on a file.
type race struct {
	self       string
	built      programs
	file, half string
	command    command
	kind       string

	one, two, plain, numbers, possible, before, beforeTwo timed
	want                                                  []string // lines
}

// ours is the command with so many workers.
func (r *race) ours(program, workers, file string) []string {
	return append(append([]string{program}, r.command.args...), "--parallel", workers, file)
}

func (r *race) run(rounds int) error {
	type contender struct {
		argv  []string
		times *timed
		lines func([]byte) ([]string, error)
	}
	c := &r.command
	contenders := []contender{
		{[]string{r.self, "plain", c.plain, r.file}, &r.plain, plainLines},
		{r.ours(r.built.now, "1", r.file), &r.one, c.lines},
	}
	if c.parts {
		contenders = append(contenders, contender{r.ours(r.built.now, "2", r.file), &r.two, c.lines})
	}
	if r.built.before != "" {
		contenders = append(contenders, contender{r.ours(r.built.before, "1", r.file), &r.before, c.lines})
		if c.parts {
			contenders = append(contenders, contender{r.ours(r.built.before, "2", r.file), &r.beforeTwo, c.lines})
		}
	}
	for range rounds {
		for _, contender := range contenders {
			out, used, err := measure(contender.argv, contender.lines != nil)
			if err != nil {
				return err
			}
			contender.times.add(used)
			if contender.lines == nil {
				continue
			}
			lines, err := contender.lines(out)
			if err != nil {
				return err
			}
			slices.Sort(lines)
			if r.want == nil {
				r.want = lines
			}
			if !slices.Equal(r.want, lines) {
				return fmt.Errorf("%q have not come to the same as %q", contender.argv, contenders[0].argv)
			}
		}
		_, used, err := measure([]string{r.self, "plain", "numbers", r.file}, true)
		if err != nil {
			return err
		}
		r.numbers.add(used)
		if c.parts {
			if used, err = atOnce(r.ours(r.built.now, "1", r.half)); err != nil {
				return err
			}
			r.possible.add(used)
		}
	}
	if c.lines == nil {
		if err := r.billed(); err != nil {
			return err
		}
	}
	r.print()
	return nil
}

// billed checks that the charges come to the plain program's total.
func (r *race) billed() error {
	command := exec.Command(r.built.now, r.ours("", "1", r.file)[1:]...)
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	charges, total, err := sumBilled(out)
	_, _ = io.Copy(io.Discard, out)
	if err := errors.Join(err, command.Wait()); err != nil {
		return err
	}
	if !slices.Contains(r.want, fmt.Sprintf("total\t\t\t%s", total)) {
		return fmt.Errorf("%d charges come to %s, and the plain program to something else", charges, total)
	}
	fmt.Printf("%-24s  %d charges come to the total, to the last place\n", r.title(), charges)
	return nil
}

func (r *race) title() string { return r.command.name + ", " + r.kind }

func (r *race) print() {
	fmt.Printf("%-24s  %.3f s of CPU, plain encoding/csv %.3f s, ratio %.2f; encoding/csv that only reads all numbers %.3f s\n",
		r.title(), median(r.one.cpu), median(r.plain.cpu), ratio(r.one.cpu, r.plain.cpu), median(r.numbers.cpu))
	if r.built.before != "" {
		fmt.Printf("%-24s  before %.3f s of CPU, ratio %.2f\n", r.title(), median(r.before.cpu), ratio(r.before.cpu, r.plain.cpu))
	}
	if !r.command.parts {
		return
	}
	fmt.Printf("%-24s  two workers: CPU %.2f of one, wall %.2f of one; possible, two processes of half the file each: CPU %.2f, wall %.2f\n",
		r.title(), ratio(r.two.cpu, r.one.cpu), ratio(r.two.wall, r.one.wall), ratio(r.possible.cpu, r.one.cpu), ratio(r.possible.wall, r.one.wall))
	if r.built.before != "" {
		fmt.Printf("%-24s  before, two workers: CPU %.2f of one, wall %.2f of one\n",
			r.title(), ratio(r.beforeTwo.cpu, r.before.cpu), ratio(r.beforeTwo.wall, r.before.wall))
	}
	fmt.Printf("%-24s  %d lines, the same to the last place\n", r.title(), len(r.want))
}

// peaks prints the peak memory of the commands with one worker.
func peaks(self string, built programs, dir string, rows int) error {
	for _, c := range commands() {
		for _, kind := range c.files {
			for _, n := range []int{rows, 10 * rows} {
				if n > rows && kind != "mixed" {
					continue
				}
				file := filepath.Join(dir, "peak.csv")
				if err := writeFile(file, kind, n); err != nil {
					return err
				}
				r := race{command: c}
				text := fmt.Sprintf("%s, %s, %d rows: peak memory", c.name, kind, n)
				for _, program := range []string{built.now, built.before} {
					if program == "" {
						continue
					}
					out, _, err := measure(append([]string{self, "peak"}, r.ours(program, "1", file)...), true)
					if err != nil {
						return err
					}
					text += fmt.Sprintf(" %s MiB,", bytes.TrimSpace(out))
				}
				fmt.Println(strings.TrimSuffix(text, ","))
				if err := os.Remove(file); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// peak runs a command as the child of a process that is small: the kernel reckons a
// child's peak from that of its parent.
func peak(argv []string) error {
	_, used, err := measure(argv, false)
	if err != nil {
		return err
	}
	fmt.Printf("%.1f\n", used.peak)
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
		running.Go(func() { _, used[i], failed[i] = measure(argv, true) })
	}
	running.Wait()
	return cost{cpu: used[0].cpu + used[1].cpu, wall: max(used[0].wall, used[1].wall)}, errors.Join(failed[:]...)
}

// sumBilled adds up the charges of FOCUS.
func sumBilled(in io.Reader) (charges int, total money.Amount, err error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return 0, 0, err
	}
	place := slices.Index(header, "BilledCost")
	if place < 0 {
		return 0, 0, errors.New("no column BilledCost")
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return charges, total, nil
		}
		if err != nil {
			return charges, 0, err
		}
		cost, err := money.Parse(record[place])
		if err != nil {
			return charges, 0, err
		}
		var ok bool
		if total, ok = total.Add(cost); !ok {
			return charges, 0, errSum
		}
		charges++
	}
}
