package billing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/internal/lake"
)

// export writes bills as a data set for query engines.
type export struct {
	env            Environment
	files          []string
	format, schema string
	output         string
	version        *string
	whose          *whose
	month          bill.Month
	skipUnreadable bool
	parallel       *int
}

func registerExport(parent *kingpin.CmdClause, env Environment) Run {
	c := &export{env: env}
	cmd := parent.Command("export", "Write bills as a data set for DuckDB, ClickHouse, Trino, Spark and others, partitioned by month and account; "+
		"exactly the bills that are given are replaced, each month whole or not at all.")
	cmd.Flag("format", "parquet or csv.").Default("parquet").EnumVar(&c.format, "parquet", "csv")
	cmd.Flag("schema", "evidence, the bill's own columns, or focus.").Default(lake.EvidenceSchema).EnumVar(&c.schema, lake.EvidenceSchema, "focus")
	c.version = focusVersionFlag(cmd)
	cmd.Flag("output", "Directory of the data set; it is made when it is missing.").Short('o').Required().PlaceHolder("DIR").StringVar(&c.output)
	c.whose = whoseFlags(cmd)
	cmd.Flag("period", "Month of a bill whose name does not say it, for example 2018-01.").PlaceHolder("MONTH").SetValue(monthValue{&c.month})
	cmd.Flag("skip-unreadable", "Put the months in place although rows of a bill cannot be read and are left out; the exit status is 2 all the same.").BoolVar(&c.skipUnreadable)
	c.parallel = parallelFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func (c *export) run(ctx context.Context, _ *slog.Logger) error {
	all, err := distinctInputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	owners, err := c.whose.identify(all)
	if err != nil {
		return err
	}
	if err := c.months(all, owners); err != nil {
		return err
	}
	defer frugal()()
	set, err := lake.Open(c.output, c.schemaName(), lake.Format(c.format), c.env.Version)
	if err != nil {
		return err
	}
	rejected, err := c.write(ctx, set, all, owners)
	return errors.Join(err, set.Close(), leftOutOfOutput(rejected))
}

// months sees to it that each bill has a month, and is given once.
func (c *export) months(all []input, owners []focus.Bill) error {
	for i := range all {
		switch {
		case all[i].month == (bill.Month{}) && c.month == (bill.Month{}):
			return fmt.Errorf("%s: the name does not say of which month it is: give --period", all[i].name)
		case all[i].month == (bill.Month{}):
			all[i].month = c.month
		case c.month != (bill.Month{}) && c.month != all[i].month:
			return fmt.Errorf("%s is the bill of %s, not of %s", all[i].name, all[i].month, c.month)
		}
		owners[i].Month = all[i].month
		for k := range all[:i] {
			if owners[k].VOrg == owners[i].VOrg && owners[k].Month == owners[i].Month {
				return fmt.Errorf("%s and %s are both the bill of %s in %s", all[k].name, all[i].name, owners[i].VOrg, owners[i].Month)
			}
		}
	}
	return nil
}

func (c *export) schemaName() string {
	if c.schema == lake.EvidenceSchema {
		return lake.EvidenceSchema
	}
	return lake.FocusSchema(focus.Version(*c.version))
}

// write writes all bills aside and puts their months in place. It returns how many
// rows are left out of what was put in place.
func (c *export) write(ctx context.Context, set *lake.DataSet, all []input, owners []focus.Bill) (rejected int64, err error) {
	bar := newProgress(c.env.Stderr, "export", sizeOf(all), true)
	defer bar.clear()
	told, err := c.stage(ctx, set, all, owners, bar)
	bar.clear()
	if err != nil {
		return 0, err
	}
	for _, note := range told.notes() {
		fmt.Fprintln(c.env.Stderr, note)
	}
	if told.Rejected > 0 && !c.skipUnreadable {
		return 0, notWritten("the data set in "+c.output, told.Rejected)
	}
	changes, err := set.Commit()
	for _, change := range changes {
		fmt.Fprintf(c.env.Stdout, "%s: %s, %s, %s\n", change.BillingPeriod, count(int64(len(change.Files)), "file"), count(change.Rows, "row"), change.Cost)
		for _, before := range change.Shrunk {
			fmt.Fprintf(c.env.Stderr, "%s of %s had %s before, and has fewer now\n", change.BillingPeriod, before.VOrg, count(before.Rows, "row"))
		}
	}
	return told.Rejected, err
}

// stage writes all bills aside, several at the same time.
func (c *export) stage(ctx context.Context, set *lake.DataSet, all []input, owners []focus.Bill, bar progress) (*focusTold, error) {
	type written struct {
		told focusTold
		err  error
	}
	told := &focusTold{}
	err := inOrder(ctx, len(all), *c.parallel, func(ctx context.Context, i int, yield func(written) bool) {
		one, err := c.file(ctx, set, &all[i], owners[i], bar)
		yield(written{one, err})
	}, func(i int, values iter.Seq[written]) error {
		for file := range values {
			if file.err != nil {
				return all[i].errorOf(file.err)
			}
			if !told.add(&file.told) {
				return errors.New("sum is out of range")
			}
		}
		return nil
	})
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return told, err
}

func (c *export) file(ctx context.Context, set *lake.DataSet, in *input, owner focus.Bill, bar progress) (one focusTold, err error) {
	file, err := in.open(bar)
	if err != nil {
		return one, err
	}
	defer func() { _ = file.close() }()
	source := lake.Source{Account: owner.Account, VOrg: owner.VOrg, Month: owner.Month, CSV: untilDone(ctx, file), Proven: file.proven}
	var told lake.Told
	if c.schema == lake.EvidenceSchema {
		told, err = set.Evidence(source)
		one.Rejected, one.Late, one.NoTags, one.badTimes = told.Rejected, told.Late, told.BadTags, told.BadTimes
	} else {
		told, one.Told, err = set.Focus(source, focus.Version(*c.version), owner)
	}
	if len(told.Missing) > 0 {
		one.missing = append(one.missing, missingColumns(in.name, told.Missing))
	}
	return one, err
}
