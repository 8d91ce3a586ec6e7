package csvparse_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/testutil/billgen"
)

func TestNoAllocationPerRow(t *testing.T) {
	const rows, resources = 4_000, 200
	file, err := io.ReadAll(billgen.Estate{Rows: rows, Resources: resources, Seed: 1}.Reader())
	if err != nil {
		t.Fatal(err)
	}
	// A time of day for each row would be a new text each day: they are not identifiers.
	var identifiers []csvparse.Column
	for c := csvparse.EventDate; c <= csvparse.TotalPrice; c++ {
		if c != csvparse.StartTime && c != csvparse.EndTime {
			identifiers = append(identifiers, c)
		}
	}
	for name, opts := range map[string][]csvparse.Option{
		"columns of the metrics":   {metricColumns()},
		"all columns but the time": {csvparse.WithColumns(identifiers...)},
	} {
		t.Run(name, func(t *testing.T) {
			bill, err := csvparse.NewBilling(bytes.NewReader(file), opts...)
			if err != nil {
				t.Fatal(err)
			}
			var row csvparse.BillingRow
			decode := func() {
				if err := bill.Decode(&row); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 * resources { // every resource once on and once off
				decode()
			}
			if n := testing.AllocsPerRun(3_000, decode); n != 0 {
				t.Errorf("%v allocations per row", n)
			}
		})
	}
}

func TestRowsDoNotAliasTheWindow(t *testing.T) {
	const rows = 400
	estate := billgen.Estate{Rows: rows, Resources: rows, Seed: 9}
	file, err := io.ReadAll(estate.Reader())
	if err != nil {
		t.Fatal(err)
	}
	// The window is a fraction of the file, so that it is written over many times.
	bill, err := csvparse.NewBilling(bytes.NewReader(file), csvparse.Window(4<<10))
	if err != nil {
		t.Fatal(err)
	}
	var kept []csvparse.BillingRow
	var then []string
	for row, err := range bill.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, *row)
		then = append(then, fmt.Sprintf("%+v", *row))
	}
	for i, row := range kept {
		if now := fmt.Sprintf("%+v", row); now != then[i] {
			t.Fatalf("row %d was %s and is %s", i, then[i], now)
		}
	}
	if len(kept) != rows {
		t.Errorf("%d rows, want %d", len(kept), rows)
	}
}

// Identifiers that are new on every row, which no estate has, cost no more memory
// than the interner's limit.
func TestInterningIsBounded(t *testing.T) {
	const rows = 300_000
	in := &endless{rows: rows}
	bill, err := csvparse.NewBilling(in, csvparse.WithColumns(csvparse.ResourceID, csvparse.Metadata))
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	var row csvparse.BillingRow
	var highest uint64
	for n := 1; ; n++ {
		err := bill.Decode(&row)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("urn:%d", n); row.ResourceID != want || row.Metadata != want+`,"`+strings.Repeat("m", 100) {
			t.Fatalf("row %d: %q, %q", n, row.ResourceID, row.Metadata)
		}
		if n%5_000 == 0 {
			highest = max(highest, heap())
		}
	}
	grown := int64(highest) - int64(before)
	t.Logf("the heap grew by %.1f MiB", float64(grown)/(1<<20))
	if grown > 15<<20 {
		t.Error("that is more than the interner says it keeps")
	}
	runtime.KeepAlive(bill)
}

// Of identifiers that come back in turn, and are a few more than there is room for, most
// are known when they come back.
func TestInterningForgetsFew(t *testing.T) {
	const room = 24_000 // pairs of texts that fit, about
	perRow := func(different int) float64 {
		file, err := io.ReadAll(&endless{rows: 3 * different, different: different})
		if err != nil {
			t.Fatal(err)
		}
		bill, err := csvparse.NewBilling(bytes.NewReader(file), csvparse.WithColumns(csvparse.ResourceID, csvparse.Metadata))
		if err != nil {
			t.Fatal(err)
		}
		decode := func(n int) {
			var row csvparse.BillingRow
			for range n {
				if err := bill.Decode(&row); err != nil {
					t.Fatal(err)
				}
			}
		}
		decode(2 * different)
		before := mallocs()
		decode(different)
		return float64(mallocs()-before) / float64(different)
	}
	for _, tt := range []struct {
		name      string
		different int
		most      float64 // allocations per row in the third round; a row that is new takes three
	}{
		{"half of the room", room / 2, 0.01},
		{"a sixth more than the room", room * 7 / 6, 1.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := perRow(tt.different); n > tt.most {
				t.Errorf("%.2f allocations per row, want at most %.2f", n, tt.most)
			}
		})
	}
}

func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// endless writes rows whose texts are all different, or come back in turn.
type endless struct {
	row, rows int
	different int // 0: all
	buf       []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.buf) == 0 {
		switch {
		case e.row == 0:
			e.buf = append(e.buf, "ResourceId,Metadata\n"...)
		case e.row > e.rows:
			return 0, io.EOF
		default:
			id := e.row
			if e.different > 0 {
				id %= e.different
			}
			e.buf = fmt.Appendf(e.buf[:0], "urn:%d,\"urn:%d,\"\"%s\"\n", id, id, strings.Repeat("m", 100))
		}
		e.row++
	}
	n := copy(p, e.buf)
	e.buf = e.buf[n:]
	return n, nil
}

// A file ten times the size takes no more memory.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	peak := func(rows int) uint64 {
		bill, err := csvparse.NewBilling(billgen.Estate{Rows: rows, Resources: 500, Seed: 1}.Reader())
		if err != nil {
			t.Fatal(err)
		}
		var row csvparse.BillingRow
		var highest uint64
		for n := 0; ; n++ {
			err := bill.Decode(&row)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if n%(rows/8) == rows/16 {
				highest = max(highest, heap())
			}
		}
		if row.Line != int64(rows)+1 {
			t.Fatalf("ended on line %d", row.Line)
		}
		return highest
	}
	small, large := peak(4_000), peak(40_000)
	if large > small+256<<10 {
		t.Errorf("%d KiB for a file, %d KiB for one ten times as long", small>>10, large>>10)
	}
}
