package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/report"
)

// monthReport writes a month's bills for whoever signs the invoice.
type monthReport struct {
	env         Environment
	files, tags []string
	format      string
	output      *string
	parallel    *int
}

func registerReport(parent *kingpin.CmdClause, env Environment) Run {
	c := &monthReport{env: env}
	cmd := parent.Command("report", "Write the newest month of the bills for people: what it cost, what changed since the month before, "+
		"and what does not add up; exit status 2 if anything does not.")
	cmd.Flag("tag", "Also add up by this key of the Metadata column. Repeatable.").PlaceHolder("KEY").StringsVar(&c.tags)
	cmd.Flag("format", "html, one file that prints, or md.").Default("html").EnumVar(&c.format, "html", "md")
	c.output = outputFlag(cmd)
	c.parallel = parallelFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs of the month and of the month before, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func (c *monthReport) run(ctx context.Context, _ *slog.Logger) error {
	all, err := distinctInputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	c.tags = distinct(c.tags)
	files, err := c.readAll(ctx, all)
	if err != nil {
		return err
	}
	m, err := newInvoice(files, c.tags)
	if err != nil {
		return err
	}
	write := m.document(c.env.Version).HTML
	if c.format == "md" {
		write = m.document(c.env.Version).Markdown
	}
	if err := writeOutput(c.env.Stdout, *c.output, write); err != nil {
		return err
	}
	return m.wrong()
}

// reportFile is all that the report says of one file.
type reportFile struct {
	*input
	bill     *bill.Bill
	facts    *facts
	verified verified
	findings []finding // those of the file as a whole, and the first findingLimit of rows
	found    int       // how many there are of rows
	sum      string    // SHA-256 of the file as it is
	err      error
}

// findingLimit is how many findings of a file's rows the report lists.
const findingLimit = 10_000

func (c *monthReport) readAll(ctx context.Context, all []input) ([]*reportFile, error) {
	bar := newProgress(c.env.Stderr, "report", sizeOf(all), true)
	defer bar.clear()
	var files []*reportFile
	err := inOrder(ctx, len(all), *c.parallel, func(ctx context.Context, i int, yield func(*reportFile) bool) {
		yield(c.read(ctx, &all[i], bar))
	}, func(i int, values iter.Seq[*reportFile]) error {
		for file := range values {
			if file.err != nil {
				return all[i].errorOf(file.err)
			}
			files = append(files, file)
		}
		return nil
	})
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return files, err
}

// read adds up a file and checks it as verify does.
func (c *monthReport) read(ctx context.Context, in *input, bar io.Writer) *reportFile {
	file := &reportFile{input: in, facts: newFacts(in.month)}
	hash := sha256.New()
	totals := bill.Options{Month: in.month, Tags: c.tags}
	check := &fileCheck{
		totals: totals, builder: bill.NewBuilder(totals), each: file.facts.add,
		found: func(f finding) {
			if f.Line > 0 {
				file.found++
			}
			if f.Line == 0 || file.found <= findingLimit {
				file.findings = append(file.findings, f)
			}
		},
	}
	if file.err = check.read(ctx, in, io.MultiWriter(bar, hash), 1); file.err != nil {
		return file
	}
	file.bill = check.builder.Bill()
	check.sum(file.bill)
	check.warn(file.bill, in.month, c.env.Now())
	check.OK = !check.wrong && check.Failing == 0 && check.Rejected == 0
	file.verified, file.sum = check.verified, hex.EncodeToString(hash.Sum(nil))
	return file
}

// wrong is the error of a report of bills that are not right.
func (m *invoice) wrong() error {
	bad, rejected := 0, int64(0)
	for _, f := range m.files {
		if rejected += f.verified.Rejected; !f.verified.OK {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	text := fmt.Sprintf("does not add up: %d of %s; the report names each row", bad, count(int64(len(m.files)), "file"))
	if rejected > 0 {
		text += fmt.Sprintf("; in no sum because they cannot be read: %s", count(rejected, "row"))
	}
	return exitstatus.Incomplete(errors.New(text))
}

// document is the whole report.
func (m *invoice) document(version string) *report.Document {
	d := &report.Document{Title: "Bill of " + monthName(m.month), Intro: m.intro(), Figures: m.figures()}
	d.Sections = append(d.Sections, m.monthsSection()...)
	d.Sections = append(d.Sections, m.chartSection())
	d.Sections = append(d.Sections, m.groupSections()...)
	d.Sections = append(d.Sections, m.resourceSections()...)
	d.Sections = append(d.Sections, m.rowSections()...)
	d.Sections = append(d.Sections, m.pricesSection(), m.verifySection(), m.daysSection(), m.exactSection(), m.filesSection(version))
	return d
}
