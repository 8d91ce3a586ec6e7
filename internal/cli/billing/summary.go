package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
)

// summary adds up bills.
type summary struct {
	env    Environment
	files  []string
	tags   []string
	format string

	parallel *int
}

func registerSummary(parent *kingpin.CmdClause, env Environment) Run {
	c := &summary{env: env}
	cmd := parent.Command("summary", "Add up bills by account, compute service, service, component, VDC and tag, exactly.")
	cmd.Flag("tag", "Also add up by this key of the Metadata column. Repeatable.").PlaceHolder("KEY").StringsVar(&c.tags)
	cmd.Flag("format", "table, json or csv.").Default("table").EnumVar(&c.format, "table", "json", "csv")
	c.parallel = parallelPartsFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func (c *summary) run(ctx context.Context, _ *slog.Logger) error {
	all, err := distinctInputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	defer unhurried()()
	c.tags = distinct(c.tags)
	bar := newProgress(c.env.Stderr, "summary", sizeOf(all), true)
	defer bar.clear()
	sum := newTotals(c.tags)
	type read struct {
		bill *bill.Bill
		err  error
	}
	err = inOrder(ctx, len(all), *c.parallel, func(ctx context.Context, i int, yield func(read) bool) {
		b, err := c.read(ctx, &all[i], bar, workersOf(*c.parallel, len(all)))
		yield(read{b, err})
	}, func(i int, values iter.Seq[read]) error {
		for file := range values {
			if file.err != nil {
				return all[i].errorOf(file.err)
			}
			if !sum.add(&all[i], file.bill) {
				return errors.New("a sum is out of range")
			}
		}
		return nil
	})
	bar.clear()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := sum.write(c.env.Stdout, c.format); err != nil {
		return err
	}
	for _, note := range oddities(sum.late, sum.unnamed) {
		fmt.Fprintln(c.env.Stderr, note)
	}
	return leftOut(sum.rejectedRows())
}

// oddities are what the user should know of money that is in the sums.
func oddities(late, unnamed bill.Tally) (notes []string) {
	if late.Rows > 0 {
		notes = append(notes, fmt.Sprintf("of days outside the month of their bill, and in its sum: %s, %s", count(late.Rows, "row"), late.Cost.Value))
	}
	if unnamed.Rows > 0 {
		notes = append(notes, fmt.Sprintf("of no resource, and in the sums: %s, %s", count(unnamed.Rows, "row"), unnamed.Cost.Value))
	}
	return notes
}

// leftOut is the error of a command that has left rows out.
func leftOut(rejected int64) error {
	if rejected == 0 {
		return nil
	}
	return exitstatus.Incomplete(fmt.Errorf("in no sum because they cannot be read: %s; see billing verify", count(rejected, "row")))
}

func distinct(texts []string) []string {
	var once []string
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

// read adds up a file.
func (c *summary) read(ctx context.Context, in *input, seen io.Writer, workers int) (*bill.Bill, error) {
	file, err := in.openParts(ctx, seen, workers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.close() }()
	return bill.ReadFile(file.File, bill.Options{Month: in.month, Tags: c.tags, Proven: file.proven})
}

// untilDone reads until the context ends: a signal stops a long file.
func untilDone(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(b)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// totals are what summary prints.
type totals struct {
	files         int
	rows          int64
	rejected      map[string]int64 // by reason
	first, last   string           // days, "" when there is none
	cost          bill.Sum         // the bill
	parts         bill.Sum         // of the seven parts, as written
	totalPrice    bill.Sum         // of the column
	late, unnamed bill.Tally

	accounts, vorgs, services, vdcs group
	components                      bill.Parts
	tags                            []group
	owners                          map[string]bool // whose bills they are
}

// group is one way of splitting the bill.
type group struct {
	kind  string // account, vorg, service, component, vdc or tag
	key   string // of a tag
	sums  map[lineKey]*bill.Sum
	lines []line // sums, the dearest first
}

// lineKey is what is added up under one name. Names of VDCs are the customer's own,
// so those of two compute services are two.
type lineKey struct{ account, vorg, name string }

type line struct {
	lineKey
	cost bill.Sum
}

func newTotals(tags []string) *totals {
	by := func(kind, key string) group { return group{kind: kind, key: key, sums: map[lineKey]*bill.Sum{}} }
	t := &totals{
		rejected: map[string]int64{}, owners: map[string]bool{},
		accounts: by("account", ""), vorgs: by("vorg", ""), services: by("service", ""), vdcs: by("vdc", ""),
	}
	for _, tag := range tags {
		t.tags = append(t.tags, by("tag", tag))
	}
	return t
}

// add adds a bill. It returns false when a sum is out of range.
func (t *totals) add(in *input, b *bill.Bill) bool {
	// Where nobody knows whose it is it is kept apart under the file's name.
	return t.addOf(in.org, cmp.Or(in.org, filepath.Base(in.name)), b)
}

// addOf adds a bill under a name for whose it is.
func (t *totals) addOf(org, vorg string, b *bill.Bill) bool {
	account := accountOf(org)
	t.owners[vorg] = true
	t.files++
	t.rows += b.Rows
	for reason, n := range b.Rejected {
		if n > 0 {
			t.rejected[string(reason)] += n
		}
	}
	t.period(b)
	ok := t.cost.Add(b.Cost)
	ok = t.parts.Add(b.Parts) && ok
	ok = t.totalPrice.Add(b.Total) && ok
	ok = addTally(&t.late, b.Late) && ok
	ok = addTally(&t.unnamed, b.Unnamed) && ok
	ok = t.accounts.add(lineKey{name: account}, b.Cost) && ok
	ok = t.vorgs.add(lineKey{account, "", vorg}, b.Cost) && ok
	for i := range b.Costs {
		c := &b.Costs[i]
		cost := c.Parts.Total()
		ok = t.services.add(lineKey{name: c.Service}, cost) && ok
		ok = t.vdcs.add(lineKey{account, vorg, c.VDC}, cost) && ok
		for i, part := range c.Parts {
			ok = t.components[i].Add(part) && ok
		}
	}
	for i, tag := range b.Tags {
		for _, value := range tag.Values {
			ok = t.tags[i].add(lineKey{name: value.Value}, value.Cost) && ok
		}
	}
	return ok
}

func addTally(t *bill.Tally, other bill.Tally) bool {
	t.Rows += other.Rows
	return t.Cost.Add(other.Cost)
}

// period takes note of a bill's days.
func (t *totals) period(b *bill.Bill) {
	if len(b.Days) == 0 {
		return
	}
	first, last := b.Days[0].Day.String(), b.Days[len(b.Days)-1].Day.String()
	if t.first == "" || first < t.first {
		t.first = first
	}
	t.last = max(t.last, last)
}

func (t *totals) rejectedRows() (rows int64) {
	for _, n := range t.rejected {
		rows += n
	}
	return rows
}

// groups are the ways of splitting the bill, in the order in which they are shown.
func (t *totals) groups() []group {
	components := group{kind: "component", sums: map[lineKey]*bill.Sum{}}
	for i, part := range t.components {
		if c := bill.Component(i); part.Valid && (c != bill.Other || part.Value != 0) {
			components.add(lineKey{name: c.String()}, part)
		}
	}
	all := []group{t.accounts, t.vorgs, t.services, components, t.vdcs}
	all = append(all, t.tags...)
	for i := range all {
		all[i].lines = all[i].dearestFirst()
	}
	return all
}

func (g *group) add(key lineKey, cost bill.Sum) bool {
	if g.sums[key] == nil {
		g.sums[key] = new(bill.Sum)
	}
	return g.sums[key].Add(cost)
}

func (g *group) dearestFirst() []line {
	lines := make([]line, 0, len(g.sums))
	for key, cost := range g.sums {
		lines = append(lines, line{key, *cost})
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(b.cost.Value, a.cost.Value), strings.Compare(a.name, b.name), strings.Compare(a.vorg, b.vorg))
	})
	return lines
}
