package csvparse_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"ukcloud_exporter/csvparse"
)

// fewColumns are the columns that most tests read, and fewHeader is their header:
// one column of each kind, and two that nobody reads.
func fewColumns() csvparse.Option {
	return csvparse.WithColumns(csvparse.EventDate, csvparse.ResourceID, csvparse.Metadata, csvparse.UsageHours, csvparse.TotalPrice)
}

// metricColumns are those that the bill's metrics are made of.
func metricColumns() csvparse.Option {
	return csvparse.WithColumns(csvparse.EventDate, csvparse.ProjectID, csvparse.VDC, csvparse.ResourceID,
		csvparse.Service, csvparse.Metadata, csvparse.PowerState, csvparse.UsageHours,
		csvparse.ComputeTotal, csvparse.GPUTotal, csvparse.Tier1Total, csvparse.Tier2Total, csvparse.GeoTotal,
		csvparse.ProtectionTotal, csvparse.LicenceTotal, csvparse.TotalPrice)
}

// headers are the documented headers in the API reference's spelling.
func headers() []string {
	var names []string
	for _, c := range csvparse.Columns() {
		names = append(names, c.String())
	}
	return names
}

const fewHeader = "EventDate,Extra,ResourceId,Metadata,UsageHoursWithinPeriod,vDC,TotalPrice\n"

// read reads a file to its end and writes down what came: rows, rejected rows, and
// how it ended.
func read(t testing.TB, in io.Reader, opts ...csvparse.Option) []string {
	t.Helper()
	bill, err := csvparse.NewBilling(in, opts...)
	if err != nil {
		return []string{"header: " + describe(t, err)}
	}
	var out []string
	for row, err := range bill.Rows() {
		if err != nil {
			out = append(out, describe(t, err))
			continue
		}
		out = append(out, fmt.Sprintf("%d %s %q %q %s £%s",
			row.Line, row.EventDate, row.ResourceID, row.Metadata, quantity(row.UsageHours), cost(row.Total)))
	}
	if err := bill.Decode(new(csvparse.BillingRow)); err != io.EOF && len(out) > 0 && describe(t, err) != out[len(out)-1] {
		t.Errorf("the end is not the end: %v", err)
	}
	return out
}

func quantity(q csvparse.Quantity) string {
	if !q.Valid {
		return "blank"
	}
	return q.Value.String()
}

func cost(m csvparse.Money) string {
	if !m.Valid {
		return "blank"
	}
	return m.Amount.String()
}

// describe writes an error so that all it knows can be compared.
func describe(t testing.TB, err error) string {
	t.Helper()
	var (
		row    *csvparse.RowError
		stream *csvparse.StreamError
		header *csvparse.HeaderError
	)
	switch {
	case errors.As(err, &row):
		return fmt.Sprintf("%d rejected: %d %s %s \"%s\"", row.Line, row.Column, row.Field, row.Reason, row.Value)
	case errors.As(err, &stream):
		return fmt.Sprintf("%d broken: %d %s %v", stream.Line, stream.Column, stream.Field, stream.Err)
	case errors.As(err, &header):
		return fmt.Sprintf("%d refused: %d %s %s \"%s\" %d", header.Line, header.Column, header.Field, header.Reason, header.Value, header.First)
	}
	t.Fatalf("an error of another kind: %v", err)
	return ""
}
