package bill_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
)

// manyRows is a bill of VMs over the days of a month, a day after the other.
func manyRows(vms int) string {
	var rows []cells
	for day := range 31 {
		for i := range vms {
			rows = append(rows, vm.With(cells{
				csvparse.EventDate: fmt.Sprintf("2018-01-%02d", day+1), csvparse.ResourceID: fmt.Sprintf("urn:vcloud:vm:%036d", i),
				csvparse.VDC: fmt.Sprintf("VDC %d", i%23), csvparse.Metadata: fmt.Sprintf("project=%d; owner=team-%d", i%40, i%7),
				csvparse.PowerState: []string{"On", "Off"}[i%2],
			}))
		}
	}
	return billgen.CSV(rows...)
}

// TestNoAllocationPerRow: once resources, services and tags have been seen a row
// costs no memory.
func TestNoAllocationPerRow(t *testing.T) {
	o := bill.Options{Tags: []string{"project", "owner"}}
	builder := bill.NewBuilder(o)
	reader, err := bill.NewReader(strings.NewReader(manyRows(50)), o)
	if err != nil {
		t.Fatal(err)
	}
	var rows []bill.Row
	for row, err := range reader.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *row)
	}
	add := func() {
		for i := range rows {
			if err := builder.Add(&rows[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	add()
	if n := testing.AllocsPerRun(5, add); n > 0 {
		t.Errorf("%v allocations for %d rows", n, len(rows))
	}
}

// TestReadAllocations: no allocation depends on how many rows a resource has.
func TestReadAllocations(t *testing.T) {
	allocations := func(text string) float64 {
		return testing.AllocsPerRun(3, func() {
			if _, err := bill.Read(strings.NewReader(text), bill.Options{Month: january, Tags: []string{"project"}}); err != nil {
				t.Fatal(err)
			}
		})
	}
	text := manyRows(20)
	_, rows, _ := strings.Cut(text, "\n")
	once, tenTimes := allocations(text), allocations(text+strings.Repeat(rows, 9))
	if tenTimes > once+10 {
		t.Errorf("%v allocations for 620 rows, %v for 6,200", once, tenTimes)
	}
}

func BenchmarkRead(b *testing.B) {
	text := manyRows(2000)
	for _, tags := range [][]string{nil, {"project", "owner"}} {
		b.Run(fmt.Sprintf("tags=%d", len(tags)), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bill.Read(strings.NewReader(text), bill.Options{Month: january, Tags: tags}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	const rows = 19_800 // three days
	file, err := io.ReadAll(billgen.Estate{Rows: rows, Resources: 6_600, Seed: 1}.Reader())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		reader, err := csvparse.NewBilling(bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		for row, err := range reader.Rows() {
			if err != nil {
				b.Fatal(err)
			}
			for failure := range bill.Check(row) {
				b.Fatal(row.Line, failure)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}
