package csvparse_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/testutil/billgen"
)

// benchmarkFile is a file in memory: three days of 6,600 resources.
func benchmarkFile(b *testing.B) ([]byte, int) {
	b.Helper()
	const rows = 19_800
	file, err := io.ReadAll(billgen.Estate{Rows: rows, Resources: 6_600, Seed: 1}.Reader())
	if err != nil {
		b.Fatal(err)
	}
	return file, rows
}

func BenchmarkDecode(b *testing.B) {
	file, rows := benchmarkFile(b)
	benchmarks := []struct {
		name string
		opts []csvparse.Option
	}{
		{"columns of the metrics", []csvparse.Option{metricColumns()}},
		{"total of each VM, VDC, project, service", []csvparse.Option{csvparse.WithColumns(
			csvparse.ResourceID, csvparse.VDC, csvparse.ProjectID, csvparse.Service, csvparse.TotalPrice)}},
		{"all columns", nil},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				bill, err := csvparse.NewBilling(bytes.NewReader(file), bm.opts...)
				if err != nil {
					b.Fatal(err)
				}
				var row csvparse.BillingRow
				n := 0
				for err = bill.Decode(&row); err == nil; err = bill.Decode(&row) {
					n++
				}
				if err != io.EOF || n != rows {
					b.Fatalf("%d rows, then %v", n, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
}

func BenchmarkEncodingCSV(b *testing.B) {
	file, rows := benchmarkFile(b)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(file))
		r.ReuseRecord = true
		n := 0
		for {
			_, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != rows+1 {
			b.Fatalf("%d records", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}
