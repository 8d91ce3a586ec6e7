package billing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// verify checks the arithmetic of bills.
type verify struct {
	env    Environment
	files  []string
	format string

	parallel *int
}

func registerVerify(parent *kingpin.CmdClause, env Environment) Run {
	c := &verify{env: env}
	cmd := parent.Command("verify", "Check every row's and each file's arithmetic exactly; exit status 1 if anything does not add up. "+
		"Warnings are of what is right and may surprise: late rows, days that are missing.")
	cmd.Flag("format", "text, json or csv.").Default("text").EnumVar(&c.format, "text", "json", "csv")
	c.parallel = parallelPartsFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

// finding is one thing to know of a file. Numbers are exact decimal text.
type finding struct {
	Line       int64  `json:"line,omitzero"`    // in the file, 0 for the file as a whole
	Check      string `json:"check"`            // identity, or the reason why a row cannot be read
	Warning    bool   `json:"warning,omitzero"` // the file is right all the same
	Column     string `json:"column,omitzero"`
	Expected   string `json:"expected,omitzero"`
	Got        string `json:"got"`
	Difference string `json:"difference,omitzero"`
	Tolerance  string `json:"tolerance,omitzero"`
}

// verified is what was found in one file.
type verified struct {
	Rows       int64  `json:"rows"`
	Failing    int64  `json:"rows_failing"`
	Rejected   int64  `json:"rows_rejected"`
	Late       int64  `json:"rows_late"`
	FirstDay   string `json:"first_day,omitzero"`
	LastDay    string `json:"last_day,omitzero"`
	Cost       string `json:"cost"`
	Parts      string `json:"parts"`
	TotalPrice string `json:"total_price"`
	Checksum   string `json:"checksum"` // ok, wrong, or none beside the file
	OK         bool   `json:"ok"`
}

func (c *verify) run(ctx context.Context, _ *slog.Logger) error {
	all, err := inputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	defer unhurried()()
	report := newReport(c.env.Stdout, c.format)
	bar := newProgress(c.env.Stderr, "verify", sizeOf(all), true)
	defer bar.clear()
	bad := 0
	results := make([]verified, len(all))
	err = inOrder(ctx, len(all), *c.parallel, func(ctx context.Context, i int, yield func(finding) bool) {
		results[i] = c.file(ctx, &all[i], bar, workersOf(*c.parallel, len(all)), func(f finding) { yield(f) }) // a reader of an ended context ends
	}, func(i int, values iter.Seq[finding]) error {
		report.begin(all[i].name)
		for f := range values {
			bar.clear()
			report.finding(f)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		bar.clear()
		report.end(results[i])
		if !results[i].OK {
			bad++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := report.close(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("verify: %d of %s cannot be read or does not add up", bad, count(int64(len(all)), "file"))
	}
	return nil
}

// file checks one file to its end, or as far as it can be read.
func (c *verify) file(ctx context.Context, in *input, bar io.Writer, workers int, found func(finding)) verified {
	check := &fileCheck{found: found, totals: bill.Options{Month: in.month, TotalsOnly: true}}
	check.builder = bill.NewBuilder(check.totals)
	err := check.read(ctx, in, bar, workers)
	wrong, isChecksum := errors.AsType[*checksumError](err)
	switch {
	case isChecksum:
		check.Checksum = "wrong"
		found(finding{Check: "checksum", Expected: fmt.Sprintf("%.64s", wrong.want), Got: wrong.got})
	case err != nil:
		found(finding{Check: checkOf(err), Got: ofFile(err).Error()})
	}
	b := check.builder.Bill()
	check.sum(b)
	if err == nil {
		check.warn(b, in.month, c.env.Now())
	}
	check.OK = err == nil && !check.wrong && check.Failing == 0 && check.Rejected == 0
	return check.verified
}

// checkOf names why a file cannot be checked to its end.
func checkOf(err error) string {
	switch {
	case errors.Is(err, bill.ErrNotReadable):
		return "not_readable"
	case errors.Is(err, bill.ErrOtherMonth):
		return "other_month"
	}
	return "unreadable"
}

// fileCheck is a file that is being checked.
type fileCheck struct {
	verified
	found   func(finding)
	totals  bill.Options // what is added up
	builder *bill.Builder
	each    func(*bill.Row) // nil, or told of each row in the bill, by one reader
	wrong   bool            // the file as a whole
	kept    []finding       // of a part of the file, to be told when its turn comes
}

func (c *fileCheck) read(ctx context.Context, in *input, bar io.Writer, workers int) error {
	c.Checksum = "none"
	file, err := in.openParts(ctx, bar, workers)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	if file.checksum {
		c.Checksum = "ok"
	}
	reader, err := bill.NewReader(file.From(0), bill.Options{
		Month: in.month, Tags: c.totals.Tags, Checked: true, AllColumns: c.each != nil, Proven: file.proven,
	})
	if err != nil {
		return err
	}
	if missing := reader.Missing(); len(missing) > 0 {
		c.found(finding{Check: "missing_columns", Warning: true, Got: "what needs them is not checked: " + columnNames(missing)})
	}
	return reader.Collect(c, func() bill.Collector {
		part := &fileCheck{builder: bill.NewBuilder(c.totals)}
		part.found = func(f finding) { part.kept = append(part.kept, f) }
		return part
	}, file.File)
}

// Add checks a row of the bill.
func (c *fileCheck) Add(row *bill.Row) error {
	if err := c.builder.Add(row); err != nil {
		return err
	}
	c.row(row)
	if c.each != nil {
		c.each(row)
	}
	return nil
}

// Reject tells of a row that cannot be read.
func (c *fileCheck) Reject(row *csvparse.RowError) {
	c.Rejected++
	c.builder.Reject(row)
	c.found(finding{Line: row.Line, Check: string(row.Reason), Column: row.Field, Got: row.Value})
}

// Full reports that too much of a part is waiting to be told.
func (c *fileCheck) Full() bool { return len(c.kept) >= bill.MostKept }

// Join tells what was found in the next part of the file.
func (c *fileCheck) Join(next bill.Collector, lines int64) error {
	part := next.(*fileCheck)
	c.Rejected += part.Rejected
	c.Failing += part.Failing
	for _, f := range part.kept {
		f.Line += lines
		c.found(f)
	}
	return c.builder.Join(part.builder, lines)
}

func (c *fileCheck) row(row *bill.Row) {
	failing := len(row.Doubtful) > 0
	for _, cell := range row.Doubtful {
		c.found(finding{Line: cell.Line, Check: string(cell.Reason), Column: cell.Field, Got: cell.Value})
	}
	for f := range bill.Check(&row.BillingRow) {
		failing = true
		c.found(finding{
			Line: row.Line, Check: f.Check, Column: f.Column.String(),
			Expected: f.Expected.String(), Got: f.Got.String(), Difference: f.Difference.String(), Tolerance: f.Tolerance.String(),
		})
	}
	if failing {
		c.Failing++
	}
}

// sum checks that the parts of all rows come to the sum of TotalPrice.
func (c *fileCheck) sum(b *bill.Bill) {
	c.Rows, c.Late = b.Rows, b.Late.Rows
	c.Cost, c.Parts, c.TotalPrice = b.Cost.Value.String(), b.Parts.Value.String(), b.Total.Value.String()
	if len(b.Days) > 0 {
		c.FirstDay, c.LastDay = b.Days[0].Day.String(), b.Days[len(b.Days)-1].Day.String()
	}
	difference, ok := b.Total.Value.Sub(b.Parts.Value)
	if ok && difference == 0 {
		return
	}
	f := finding{
		Check: "file_total", Column: csvparse.TotalPrice.String(),
		Expected: c.Parts, Got: c.TotalPrice, Difference: difference.String(), Tolerance: "0",
	}
	if !ok {
		f.Difference = "out of range"
	}
	c.wrong = true
	c.found(f)
}

// warn says what is right and may surprise.
func (c *fileCheck) warn(b *bill.Bill, m bill.Month, now time.Time) {
	warn := func(check, format string, values ...any) {
		c.found(finding{Check: check, Warning: true, Got: fmt.Sprintf(format, values...)})
	}
	if b.Late.Rows > 0 {
		warn("late_rows", "of days outside the month: %s, %s", count(b.Late.Rows, "row"), b.Late.Cost.Value)
	}
	if b.Unnamed.Rows > 0 {
		warn("no_resource", "without a ResourceId: %s, %s", count(b.Unnamed.Rows, "row"), b.Unnamed.Cost.Value)
	}
	if m == (bill.Month{}) && len(b.Days) > 0 { // the name does not say it: the newest row's
		m = bill.MonthOf(b.Days[len(b.Days)-1].Day.Time())
	}
	last, known := b.NewestDayBefore(bill.DateOf(m.Next().Start()))
	switch {
	case m == (bill.Month{}):
	case m.Start().After(now):
		warn("month_runs", "%s has not begun; %s", m, through(last, known))
	case m.Next().Start().After(now):
		warn("month_runs", "%s still runs; %s", m, through(last, known))
	case known && last != m.LastDay():
		warn("missing_days", "days are missing at the end of %s: %s", m, through(last, known))
	case !known:
		warn("missing_days", "%s has no row", m)
	}
}

func columnNames(columns []csvparse.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.String()
	}
	return strings.Join(names, ", ")
}

// through says up to when a bill is known.
func through(last csvparse.Date, known bool) string {
	if !known {
		return "it has no row yet"
	}
	return "the last day with rows is " + last.String()
}
