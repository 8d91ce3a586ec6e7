package billing

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
)

// focus writes bills in the form of the FinOps Open Cost and Usage Specification.
type focus struct {
	env                  Environment
	files                []string
	org, orgName         string
	account, accountName string
	output               string
	skipUnreadable       bool
	parallel             *int
}

func registerFocus(parent *kingpin.CmdClause, env Environment) Run {
	c := &focus{env: env}
	cmd := parent.Command("focus", "Convert bills to FOCUS 1.2 CSV: a row for each part of a row of the bill that costs something, in GBP without VAT.")
	cmd.Flag("org", "Compute service (SubAccountId). Default: what the file's name says.").StringVar(&c.org)
	cmd.Flag("org-name", "Its name (SubAccountName), which is not in the bill.").StringVar(&c.orgName)
	cmd.Flag("account", "Account (BillingAccountId). Default: the second part of the compute service's id.").StringVar(&c.account)
	cmd.Flag("account-name", "Its name (BillingAccountName), which is not in the bill.").StringVar(&c.accountName)
	cmd.Flag("skip-unreadable", "Put the file in place although rows of a bill cannot be read and are left out; the exit status is 2 all the same.").BoolVar(&c.skipUnreadable)
	cmd.Flag("output", "File to write. Default: standard output.").Short('o').PlaceHolder("FILE").StringVar(&c.output)
	c.parallel = parallelFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func (c *focus) run(ctx context.Context, _ *slog.Logger) error {
	all, err := distinctInputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	for i := range all {
		if err := c.identify(&all[i]); err != nil {
			return err
		}
	}
	if err := c.checkNames(all); err != nil {
		return err
	}
	var out *focusTold
	write := func(w io.Writer) (err error) {
		if out, err = c.convert(ctx, all, w); err != nil {
			return err
		}
		if out.rejected > 0 && c.output != "" && !c.skipUnreadable {
			return exitstatus.Incomplete(fmt.Errorf("%s is not written, because %s of the bills cannot be read; see billing verify, or give --skip-unreadable",
				c.output, count(out.rejected, "row")))
		}
		return nil
	}
	if c.output != "" {
		err = atomicfile.Write(c.output, write)
	} else {
		err = write(c.env.Stdout)
	}
	if err != nil {
		return err
	}
	for _, note := range out.notes() {
		fmt.Fprintln(c.env.Stderr, note)
	}
	if out.rejected > 0 {
		return exitstatus.Incomplete(fmt.Errorf("left out because they cannot be read: %s; see billing verify", count(out.rejected, "row")))
	}
	return nil
}

// checkNames refuses one name for several accounts or compute services.
func (c *focus) checkNames(all []input) error {
	orgs, accounts := map[string]bool{}, map[string]bool{}
	for _, in := range all {
		orgs[in.org], accounts[cmp.Or(c.account, accountOf(in.org))] = true, true
	}
	if c.orgName != "" && len(orgs) > 1 {
		return fmt.Errorf("--org-name is one name, and the bills are of %d compute services", len(orgs))
	}
	if c.accountName != "" && len(accounts) > 1 {
		return fmt.Errorf("--account-name is one name, and the bills are of %d accounts", len(accounts))
	}
	return nil
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

// convert writes all files one after the other. What it returns is what was told of
// their rows.
func (c *focus) convert(ctx context.Context, all []input, w io.Writer) (*focusTold, error) {
	bar := newProgress(c.env.Stderr, "focus", sizeOf(all), true)
	defer bar.clear()
	buffered := bufio.NewWriterSize(w, 64<<10)
	header := newFocusWriter(struct{ io.Writer }{buffered}) // else its Flush is also that of buffered, before a file is known to be one
	header.header()
	header.csv.Flush()
	files := make([]focusTold, len(all))
	errs := make([]error, len(all))
	told := &focusTold{}
	err := inOrder(ctx, len(all), *c.parallel, func(ctx context.Context, i int, yield func([]byte) bool) {
		out := newFocusWriter(chunks(yield))
		if errs[i] = c.file(ctx, &all[i], out, bar); errs[i] == nil {
			out.csv.Flush()
			errs[i] = out.csv.Error()
		}
		files[i] = out.focusTold
	}, func(i int, values iter.Seq[[]byte]) error {
		for chunk := range values {
			if _, err := buffered.Write(chunk); err != nil {
				return err
			}
		}
		if errs[i] != nil {
			return all[i].errorOf(errs[i])
		}
		if !told.add(&files[i]) {
			return errors.New("sum is out of range")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return told, buffered.Flush()
}

// chunks hands on what is written to it. It fails when nobody takes it any more.
type chunks func([]byte) bool

func (c chunks) Write(b []byte) (int, error) {
	if !c(bytes.Clone(b)) {
		return 0, context.Canceled
	}
	return len(b), nil
}

// file converts one file.
func (c *focus) file(ctx context.Context, in *input, out *focusWriter, seen io.Writer) error {
	file, err := in.open(seen)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	reader, err := bill.NewReader(untilDone(ctx, file), bill.Options{
		Month: in.month, AllColumns: true, Proven: file.proven,
		Rejected: func(*csvparse.RowError) { out.rejected++ },
	})
	if err != nil {
		return err
	}
	if missing := reader.Missing(); len(missing) > 0 {
		out.missing = append(out.missing, fmt.Sprintf("columns that %s has not: %s", in.name, columnNames(missing)))
	}
	owner := focusBill{
		account: cmp.Or(c.account, accountOf(in.org)), accountName: c.accountName, org: in.org, orgName: c.orgName, month: in.month,
	}
	for row, err := range reader.Rows() {
		if err != nil {
			return err
		}
		if !out.row(&owner, row) {
			return fmt.Errorf("line %d: sum is out of range", row.Line)
		}
	}
	return nil
}

// focusBill says whose bill a row is of, and of which month, if that is known.
type focusBill struct {
	account, accountName, org, orgName string
	month                              bill.Month
}

// focusTold is what the user should know of rows that are not as most are.
type focusTold struct {
	missing          []string // of columns
	rejected, noTags int64
	late, unnamed    bill.Tally
	other            bill.Tally // money in TotalPrice alone
}

// add adds what was told of the next file. It returns false when a sum is out of range.
func (t *focusTold) add(next *focusTold) bool {
	t.missing = append(t.missing, next.missing...)
	t.rejected += next.rejected
	t.noTags += next.noTags
	ok := addTally(&t.late, next.late)
	ok = addTally(&t.unnamed, next.unnamed) && ok
	return addTally(&t.other, next.other) && ok
}

// focusWriter writes FOCUS rows.
type focusWriter struct {
	focusTold
	csv      *csv.Writer
	columns  []focusColumn
	record   []string
	metadata string // of the row before
	tags     string // of it
	readable bool
}

func newFocusWriter(w io.Writer) *focusWriter {
	columns := focusColumns()
	return &focusWriter{csv: csv.NewWriter(bufio.NewWriterSize(w, 64<<10)), columns: columns, record: make([]string, len(columns))}
}

func (w *focusWriter) header() {
	for i, column := range w.columns {
		w.record[i] = column.id
	}
	_ = w.csv.Write(w.record) // convert has the error
}

// row writes the charges of a row. It returns false when a sum is out of range.
func (w *focusWriter) row(owner *focusBill, row *bill.Row) bool {
	if row.Metadata != w.metadata || w.metadata == "" {
		w.metadata = row.Metadata
		w.tags, w.readable = tagsJSON(row.Metadata)
	}
	if !w.readable {
		w.noTags++
	}
	for _, part := range chargesOf(row) {
		charge := &focusCharge{bill: owner, row: row, tags: w.tags, charge: part}
		charge.price()
		for i, column := range w.columns {
			w.record[i] = column.value(charge)
		}
		_ = w.csv.Write(w.record) // convert has the error
	}
	ok := true
	if row.Late {
		ok = addTally(&w.late, bill.Tally{Rows: 1, Cost: row.Cost})
	}
	if row.ResourceID == "" {
		ok = addTally(&w.unnamed, bill.Tally{Rows: 1, Cost: row.Cost}) && ok
	}
	if other := row.Costs[bill.Other]; other.Valid {
		ok = addTally(&w.other, bill.Tally{Rows: 1, Cost: other}) && ok
	}
	return ok
}

// notes are what is told, line by line.
func (t *focusTold) notes() []string {
	notes := append(t.missing, oddities(t.late, t.unnamed)...)
	if t.other.Rows > 0 {
		notes = append(notes, fmt.Sprintf("in TotalPrice and in no part, written as x_Component other: %s, %s; see billing verify",
			count(t.other.Rows, "row"), t.other.Cost.Value))
	}
	if t.noTags > 0 {
		notes = append(notes, fmt.Sprintf("without tags because Metadata cannot be read: %s", count(t.noTags, "row")))
	}
	return notes
}
