package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// verify checks the arithmetic of bills.
type verify struct {
	env    Environment
	files  []string
	format string
}

func registerVerify(parent *kingpin.CmdClause, env Environment) Run {
	c := &verify{env: env}
	cmd := parent.Command("verify", "Check every row's and each file's arithmetic exactly; exit status 1 if anything does not add up.")
	cmd.Flag("format", "text, json or csv.").Default("text").EnumVar(&c.format, "text", "json", "csv")
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

// finding is one thing that is wrong with a file. Numbers are exact decimal text.
type finding struct {
	Line       int64  `json:"line,omitzero"` // in the file, 0 for the file as a whole
	Check      string `json:"check"`         // identity, or the reason why a row cannot be read
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
	report := newReport(c.env.Stdout, c.format)
	bar := newProgress(c.env.Stderr, "verify", sizeOf(all), true)
	bad := 0
	for _, in := range all {
		report.begin(in.name)
		result, err := c.file(ctx, &in, bar, func(f finding) {
			bar.clear()
			report.finding(f)
		})
		if err != nil {
			bar.clear()
			return err
		}
		bar.clear()
		report.end(result)
		if !result.OK {
			bad++
		}
	}
	bar.clear()
	if err := report.close(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("verify: of %s %d not right", count(int64(len(all)), "file"), bad)
	}
	return nil
}

// file checks one file to its end. An error is a file that cannot be read.
func (c *verify) file(ctx context.Context, in *input, bar io.Writer, found func(finding)) (v verified, err error) {
	hash := sha256.New()
	file, err := in.open(io.MultiWriter(hash, bar))
	if err != nil {
		return v, err
	}
	defer func() { _ = file.close() }()
	reader, err := csvparse.NewBilling(untilDone(ctx, file), csvparse.TrustEOF(file.proven))
	if err != nil {
		return v, fmt.Errorf("%s: %w", in.name, err)
	}
	builder := bill.NewBuilder(bill.Options{Month: in.month, Rejected: func(row *csvparse.RowError) {
		v.Rejected++
		found(finding{Line: row.Line, Check: string(row.Reason), Column: row.Field, Got: row.Value})
	}})
	for row, err := range reader.Rows() {
		if rejected, is := errors.AsType[*csvparse.RowError](err); is {
			builder.Reject(rejected)
			continue
		}
		if err != nil {
			return v, fmt.Errorf("%s: %w", in.name, err)
		}
		if err := builder.Add(row); err != nil {
			return v, fmt.Errorf("%s: %w", in.name, err)
		}
		v.row(row, found)
	}
	ties := v.total(builder.Bill(), found)
	v.checksum(in, hash.Sum(nil), found)
	v.OK = v.Failing == 0 && v.Rejected == 0 && ties && v.Checksum != "wrong"
	return v, nil
}

func (v *verified) row(row *csvparse.BillingRow, found func(finding)) {
	failing := false
	for f := range bill.Check(row) {
		failing = true
		found(finding{
			Line: row.Line, Check: f.Check, Column: f.Column.String(),
			Expected: f.Expected.String(), Got: f.Got.String(), Difference: f.Difference.String(), Tolerance: f.Tolerance.String(),
		})
	}
	if failing {
		v.Failing++
	}
}

// total checks that the parts of all rows come to the sum of TotalPrice.
func (v *verified) total(b *bill.Bill, found func(finding)) (ties bool) {
	v.Rows = b.Rows
	v.Parts, v.TotalPrice = b.Parts.Value.String(), b.Total.Value.String()
	difference, ok := b.Total.Value.Sub(b.Parts.Value)
	if ok && difference == 0 {
		return true
	}
	f := finding{
		Check: "file_total", Column: csvparse.TotalPrice.String(),
		Expected: v.Parts, Got: v.TotalPrice, Difference: difference.String(), Tolerance: "0",
	}
	if !ok {
		f.Difference = "out of range"
	}
	found(f)
	return false
}

// checksum compares with the file that fetch has put beside a bill.
func (v *verified) checksum(in *input, sum []byte, found func(finding)) {
	v.Checksum = "none"
	if in.standardIn != nil {
		return
	}
	want, exists := checksumOf(in.name)
	if !exists {
		return
	}
	if v.Checksum = "ok"; !strings.EqualFold(want, hex.EncodeToString(sum)) {
		v.Checksum = "wrong"
		found(finding{Check: "checksum", Expected: fmt.Sprintf("%.64s", want), Got: hex.EncodeToString(sum)})
	}
}
