package billing

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
)

// focus writes bills in the form of the FinOps Open Cost and Usage Specification.
type focus struct {
	env                  Environment
	files                []string
	org, orgName         string
	account, accountName string
	output               string
}

func registerFocus(parent *kingpin.CmdClause, env Environment) Run {
	c := &focus{env: env}
	cmd := parent.Command("focus", "Convert bills to FOCUS 1.2 CSV: a row for each part of a row of the bill that costs something, in GBP without VAT.")
	cmd.Flag("org", "Compute service (SubAccountId). Default: what the file's name says.").StringVar(&c.org)
	cmd.Flag("org-name", "Its name (SubAccountName), which is not in the bill.").StringVar(&c.orgName)
	cmd.Flag("account", "Account (BillingAccountId). Default: the second part of the compute service's id.").StringVar(&c.account)
	cmd.Flag("account-name", "Its name (BillingAccountName), which is not in the bill.").StringVar(&c.accountName)
	cmd.Flag("output", "File to write. Default: standard output.").Short('o').PlaceHolder("FILE").StringVar(&c.output)
	cmd.Arg("FILE", "Billing CSVs with all 56 columns, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func (c *focus) run(ctx context.Context, _ *slog.Logger) error {
	all, err := inputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	for i := range all {
		if err := c.identify(&all[i]); err != nil {
			return err
		}
	}
	write := func(w io.Writer) error { return c.convert(ctx, all, w) }
	if c.output != "" {
		return atomicfile.Write(c.output, write)
	}
	return write(c.env.Stdout)
}

// identify finds out whose bill it is.
func (c *focus) identify(in *input) error {
	in.org = cmp.Or(in.org, c.org)
	if c.org != "" && in.org != c.org {
		return fmt.Errorf("%s is the bill of %s, not of %s", in.name, in.org, c.org)
	}
	if cmp.Or(c.account, accountOf(in.org)) == "" {
		return fmt.Errorf("%s: the name does not say whose bill it is: name it %s, or give --org", in.name,
			fileName("ORG", bill.Month{Year: 2018, Month: 1}))
	}
	return nil
}

func (c *focus) convert(ctx context.Context, all []input, w io.Writer) error {
	bar := newProgress(c.env.Stderr, "focus", sizeOf(all), true)
	defer bar.clear()
	buffered := bufio.NewWriterSize(w, 64<<10)
	columns := focusColumns()
	out := &focusWriter{csv: csv.NewWriter(buffered), columns: columns, record: make([]string, len(columns))}
	out.header()
	for _, in := range all {
		if err := c.file(ctx, &in, out, bar); err != nil {
			return err
		}
	}
	out.csv.Flush()
	if err := out.csv.Error(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	bar.clear()
	for _, note := range out.notes() {
		fmt.Fprintln(c.env.Stderr, note)
	}
	return nil
}

// file converts one file.
func (c *focus) file(ctx context.Context, in *input, out *focusWriter, seen io.Writer) error {
	file, err := in.open(seen)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	reader, err := csvparse.NewBilling(untilDone(ctx, file), csvparse.TrustEOF(file.proven))
	if err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	owner := focusBill{
		account: cmp.Or(c.account, accountOf(in.org)), accountName: c.accountName, org: in.org, orgName: c.orgName,
	}
	for row, err := range reader.Rows() {
		if _, is := errors.AsType[*csvparse.RowError](err); is {
			out.rejected++
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		if in.month != (bill.Month{}) && !in.month.Holds(row.EventDate) {
			out.rejected++
			continue
		}
		if err := out.row(&owner, row); err != nil {
			return fmt.Errorf("%s: line %d: %w", in.name, row.Line, err)
		}
	}
	return nil
}

// focusBill says whose bill a row is of.
type focusBill struct{ account, accountName, org, orgName string }

// focusWriter writes FOCUS rows.
type focusWriter struct {
	csv      *csv.Writer
	columns  []focusColumn
	record   []string
	metadata string // of the row before
	tags     string // of it
	readable bool

	rejected, noTags int64
	difference       bill.Sum // of TotalPrice and what was written
}

func (w *focusWriter) header() {
	for i, column := range w.columns {
		w.record[i] = column.id
	}
	_ = w.csv.Write(w.record) // convert has the error
}

func (w *focusWriter) row(owner *focusBill, row *csvparse.BillingRow) error {
	if row.Metadata != w.metadata || w.metadata == "" {
		w.metadata = row.Metadata
		w.tags, w.readable = tagsJSON(row.Metadata)
	}
	if !w.readable {
		w.noTags++
	}
	ok := w.difference.Add(bill.Sum{Value: row.Total.Amount, Valid: true})
	for _, part := range chargesOf(row) {
		charge := &focusCharge{bill: owner, row: row, tags: w.tags, charge: part}
		charge.price()
		for i, column := range w.columns {
			w.record[i] = column.value(charge)
		}
		_ = w.csv.Write(w.record) // convert has the error
		ok = w.difference.Add(bill.Sum{Value: -part.cost, Valid: true}) && ok
	}
	if !ok {
		return errors.New("sum is out of range")
	}
	return nil
}

// notes are what the user should know of rows that could not be written as they
// are.
func (w *focusWriter) notes() []string {
	var notes []string
	if w.rejected > 0 {
		notes = append(notes, fmt.Sprintf("left out because they cannot be read: %s; see billing verify", count(w.rejected, "row")))
	}
	if w.noTags > 0 {
		notes = append(notes, fmt.Sprintf("without tags because Metadata cannot be read: %s", count(w.noTags, "row")))
	}
	if w.difference.Value != 0 {
		notes = append(notes, fmt.Sprintf("the sum of TotalPrice is %s more than what was written; see billing verify", w.difference.Value))
	}
	return notes
}
