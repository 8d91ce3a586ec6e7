package focus_test

import (
	"bytes"
	"io"
	"testing"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/internal/testutil/billgen"
)

// BenchmarkCharges converts three days of 6,600 resources: what the charges of a row
// cost, apart from reading it.
func BenchmarkCharges(b *testing.B) {
	file, err := io.ReadAll(billgen.Estate{Rows: 19_800, Resources: 6_600, Seed: 1}.Reader())
	if err != nil {
		b.Fatal(err)
	}
	reader, err := bill.NewReader(bytes.NewReader(file), bill.Options{AllColumns: true})
	if err != nil {
		b.Fatal(err)
	}
	var rows []bill.Row
	for row, err := range reader.Rows() {
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, *row)
	}
	b.ReportAllocs()
	charges, written := 0, 0
	for b.Loop() {
		c := focus.NewConverter(focus.Newest, focus.Bill{Account: "1", VOrg: "1-1-1-abcdef"})
		w := focus.NewCSV(c.Columns())
		var out []byte
		for i := range rows {
			out = out[:0]
			for record := range c.Charges(&rows[i]) {
				out = w.Append(out, record)
				charges++
			}
			written += len(out)
		}
	}
	b.SetBytes(int64(written / b.N))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(charges), "ns/charge")
}
