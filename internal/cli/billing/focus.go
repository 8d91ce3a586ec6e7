package billing

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/focus"
)

// toFocus writes bills in the form of the FinOps Open Cost and Usage Specification.
type toFocus struct {
	env            Environment
	files          []string
	whose          *whose
	version        *string
	output         *string
	skipUnreadable bool
	parallel       *int
}

func registerFocus(parent *kingpin.CmdClause, env Environment) Run {
	c := &toFocus{env: env}
	cmd := parent.Command("focus", "Convert bills to FOCUS CSV: a row for each part of a row of the bill that costs something, in GBP without VAT.")
	c.version = focusVersionFlag(cmd)
	c.whose = whoseFlags(cmd)
	cmd.Flag("skip-unreadable", "Put the file in place although rows of a bill cannot be read and are left out; the exit status is 2 all the same.").BoolVar(&c.skipUnreadable)
	c.output = outputFlag(cmd)
	c.parallel = parallelFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func focusVersionFlag(cmd *kingpin.CmdClause) *string {
	return cmd.Flag("focus-version", "Version of FOCUS: "+strings.Join(focus.Versions(), ", ")+".").Default(string(focus.Newest)).Enum(focus.Versions()...)
}

func (c *toFocus) run(ctx context.Context, _ *slog.Logger) error {
	all, err := distinctInputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	owners, err := c.whose.identify(all)
	if err != nil {
		return err
	}
	var out *focusTold
	err = writeOutput(c.env.Stdout, *c.output, func(w io.Writer) (err error) {
		if out, err = c.convert(ctx, all, owners, w); err != nil {
			return err
		}
		if out.Rejected > 0 && *c.output != "" && !c.skipUnreadable {
			return notWritten(*c.output, out.Rejected)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, note := range out.notes() {
		fmt.Fprintln(c.env.Stderr, note)
	}
	return leftOutOfOutput(out.Rejected)
}

// notWritten is the error of a command that puts nothing in place because rows cannot
// be said in it.
func notWritten(path string, rows int64) error {
	return exitstatus.Incomplete(fmt.Errorf("%s is not written, because %s of the bills cannot be read; see billing verify, or give --skip-unreadable",
		path, count(rows, "row")))
}

func leftOutOfOutput(rows int64) error {
	if rows == 0 {
		return nil
	}
	return exitstatus.Incomplete(fmt.Errorf("left out because they cannot be read: %s; see billing verify", count(rows, "row")))
}

// convert writes all files one after the other. What it returns is what was told of
// their rows.
func (c *toFocus) convert(ctx context.Context, all []input, owners []focus.Bill, w io.Writer) (*focusTold, error) {
	bar := newProgress(c.env.Stderr, "focus", sizeOf(all), true)
	defer bar.clear()
	buffered := bufio.NewWriterSize(w, chunkSize)
	_, _ = buffered.Write(focus.AppendHeader(nil, focus.Version(*c.version).Columns())) // into memory: no file is known to be one
	used := make(chan []byte, ahead)
	files := make([]focusTold, len(all))
	errs := make([]error, len(all))
	told := &focusTold{}
	err := inOrder(ctx, len(all), *c.parallel, func(ctx context.Context, i int, yield func([]byte) bool) {
		files[i], errs[i] = c.file(ctx, &all[i], owners[i], &chunks{yield, used}, bar)
	}, func(i int, values iter.Seq[[]byte]) error {
		for chunk := range values {
			if _, err := buffered.Write(chunk); err != nil {
				return err
			}
			select {
			case used <- chunk:
			default:
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

// chunkSize is how much of a file is handed on at once.
const chunkSize = 512 << 10

// chunks hands on what has been written, to who gives it back as used.
type chunks struct {
	yield func([]byte) bool
	used  <-chan []byte
}

// next hands a chunk on, and returns one to go on with. It fails when nobody takes it
// any more.
func (c *chunks) next(chunk []byte) ([]byte, error) {
	if !c.yield(chunk) {
		return nil, context.Canceled
	}
	select {
	case used := <-c.used:
		return used[:0], nil
	default:
		return make([]byte, 0, chunkSize+chunkSize/16), nil // a record is shorter than that, mostly
	}
}

// file converts one file.
func (c *toFocus) file(ctx context.Context, in *input, owner focus.Bill, out *chunks, seen io.Writer) (told focusTold, err error) {
	file, err := in.open(seen)
	if err != nil {
		return told, err
	}
	defer func() { _ = file.close() }()
	converter := focus.NewConverter(focus.Version(*c.version), owner)
	reader, err := bill.NewReader(untilDone(ctx, file), bill.Options{
		Month: in.month, AllColumns: true, Proven: file.proven,
		Rejected: func(*csvparse.RowError) { converter.Rejected++ },
	})
	if err != nil {
		return told, err
	}
	if missing := reader.Missing(); len(missing) > 0 {
		told.missing = append(told.missing, missingColumns(in.name, missing))
	}
	w := focus.NewCSV(converter.Columns())
	chunk := make([]byte, 0, chunkSize)
	for row, err := range reader.Rows() {
		if err != nil {
			return told, err
		}
		for record := range converter.Charges(row) {
			chunk = w.Append(chunk, record)
		}
		if len(chunk) >= chunkSize {
			if chunk, err = out.next(chunk); err != nil {
				return told, err
			}
		}
		if !converter.Tell(row) {
			return told, fmt.Errorf("line %d: sum is out of range", row.Line)
		}
	}
	told.Told = converter.Told
	_, err = out.next(chunk)
	return told, err
}

func missingColumns(name string, missing []csvparse.Column) string {
	return fmt.Sprintf("columns that %s has not: %s", name, columnNames(missing))
}

// focusTold is what the user should know of rows that are not as most are.
type focusTold struct {
	focus.Told
	missing  []string // of columns
	badTimes int64    // cells of times that cannot be read
}

func (t *focusTold) add(next *focusTold) bool {
	t.missing = append(t.missing, next.missing...)
	t.badTimes += next.badTimes
	return t.Told.Add(&next.Told)
}

// notes are what is told, line by line.
func (t *focusTold) notes() []string {
	notes := append(t.missing, oddities(t.Late, t.Unnamed)...)
	if t.Other.Rows > 0 {
		notes = append(notes, fmt.Sprintf("in TotalPrice and in no part, written as x_Component other: %s, %s; see billing verify",
			count(t.Other.Rows, "row"), t.Other.Cost.Value))
	}
	if t.NoTags > 0 {
		notes = append(notes, fmt.Sprintf("without tags because Metadata cannot be read: %s", count(t.NoTags, "row")))
	}
	if t.badTimes > 0 {
		notes = append(notes, fmt.Sprintf("null because they are no times: %s of StartTime and EndTime", count(t.badTimes, "cell")))
	}
	return notes
}
