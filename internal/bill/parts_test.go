package bill_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
)

// told is all that reading a file says.
type told struct {
	Bill     *bill.Bill
	Err      string
	Rejected []csvparse.RowError
}

func tell(text string, workers int, o bill.Options) told {
	var all told
	o.Rejected = func(row *csvparse.RowError) { all.Rejected = append(all.Rejected, *row) }
	b, err := bill.ReadFile(bill.File{
		From: func(offset int64) io.Reader { return strings.NewReader(text[offset:]) },
		Size: int64(len(text)), Workers: workers, Least: 1,
	}, o)
	all.Bill, all.Err = b, fmt.Sprint(err)
	return all
}

// sameForAll compares what several workers say of a file with what Read says.
func sameForAll(t *testing.T, text string, o bill.Options) {
	t.Helper()
	sameFor(t, text, o, 1, 2, 3, 4, 5, 6, 7)
}

func sameFor(t *testing.T, text string, o bill.Options, workers ...int) {
	t.Helper()
	var want told
	one := o
	one.Rejected = func(row *csvparse.RowError) { want.Rejected = append(want.Rejected, *row) }
	b, err := bill.Read(strings.NewReader(text), one)
	want.Bill, want.Err = b, fmt.Sprint(err)
	for _, workers := range workers {
		if diff := cmp.Diff(want, tell(text, workers, o)); diff != "" {
			t.Errorf("%d workers, %.600q (-one reader +they):\n%s", workers, text, diff)
		}
	}
}

// oddRows are rows that make a file hard to cut, and files hard to add up.
func oddRows() []string {
	row := func(c cells) string {
		_, text, _ := strings.Cut(billgen.CSV(vm.With(c)), "\n")
		return text
	}
	plain := row(cells{csvparse.Metadata: "project=1"})
	return []string{
		plain, row(cells{csvparse.EventDate: "2018-02-03"}), row(cells{csvparse.ResourceID: ""}),
		row(cells{csvparse.Metadata: "a\n" + plain + plain + "b"}), row(cells{csvparse.Metadata: "\"\r\n\",\n"}),
		row(cells{csvparse.Metadata: strings.Repeat("\n\",", 30)}),
		row(cells{csvparse.TotalPrice: "x"}), row(cells{csvparse.EventDate: "2018-02-30"}), row(cells{csvparse.UsageHours: "1e3"}),
		row(cells{csvparse.TotalPrice: "4000000000"}), row(cells{csvparse.TotalPrice: "-4000000000"}),
		row(cells{csvparse.UsageHours: "5000000000"}), row(cells{csvparse.UsageHours: "-5000000000"}),
		row(cells{csvparse.TotalPrice: "9223372036.854775807"}),
		strings.Replace(plain, ",", ",\"", 1), strings.Replace(plain, ",", ",a\"", 1), "1,2,3\n", "\n", "\r\n", "\"\n", "\"",
		strings.TrimSuffix(plain, "\n") + "\r\n", strings.TrimSuffix(plain, "\n"),
	}
}

// TestWorkersAgree: several workers say the same as one reader, of files that are put
// together at random from what makes them hard to cut.
func TestWorkersAgree(t *testing.T) {
	rows := oddRows()
	header := billgen.CSV()
	rng := rand.New(rand.NewPCG(5, 8))
	for range 120 {
		var body strings.Builder
		odd := rng.IntN(4)
		for range rng.IntN(40) {
			n := 0
			if rng.IntN(4) < odd {
				n = rng.IntN(len(rows))
			}
			body.WriteString(rows[n])
		}
		text := header + body.String()
		if rng.IntN(4) == 0 {
			text = "\ufeff" + text[:rng.IntN(len(text))]
		}
		o := bill.Options{Tags: []string{"project"}, Proven: rng.IntN(2) == 0, AllColumns: rng.IntN(2) == 0, TotalsOnly: rng.IntN(2) == 0}
		if rng.IntN(2) == 0 {
			o.Month = january
		}
		sameForAll(t, text, o)
		if t.Failed() {
			return
		}
	}
}

// TestWorkersOrder: what depends on the order of the rows is what one reader gives:
// sums that go out of range and come back, the first fault, the days of another month.
func TestWorkersOrder(t *testing.T) {
	for name, column := range map[string]csvparse.Column{"hours": csvparse.UsageHours, "money": csvparse.TotalPrice} {
		t.Run(name, func(t *testing.T) {
			for first := range 12 {
				var rows []cells
				for i := range 12 {
					value := "0"
					switch i {
					case first, first + 1:
						value = "5000000000"
					case first + 2, first + 3:
						value = "-5000000000"
					}
					rows = append(rows, vm.With(cells{column: value}))
				}
				sameForAll(t, billgen.CSV(rows...), bill.Options{Month: january})
			}
		})
	}
	t.Run("hours of two power states", func(t *testing.T) {
		most := cells{csvparse.UsageHours: "9223372036.854775807", csvparse.PowerState: "On"}
		for before := range 6 {
			rows := slices.Repeat([]cells{vm.With(cells{csvparse.PowerState: "Off"})}, 1+before)
			rows = append(rows, vm.With(most))
			for _, hours := range []string{"24", "-24", "24", "-24", "0", "0"} {
				rows = append(rows, vm.With(cells{csvparse.UsageHours: hours, csvparse.PowerState: "On"}))
			}
			sameForAll(t, billgen.CSV(rows...), bill.Options{Month: january})
		}
	})
	t.Run("another month", func(t *testing.T) {
		var up, down []cells
		for i := range 28 {
			up = append(up, vm.With(cells{csvparse.EventDate: fmt.Sprintf("2018-02-%02d", i+1)}))
			down = append(down, vm.With(cells{csvparse.EventDate: fmt.Sprintf("2018-02-%02d", 28-i)}))
		}
		sameForAll(t, billgen.CSV(up...), bill.Options{Month: january})
		sameForAll(t, billgen.CSV(down...), bill.Options{Month: january})
	})
	t.Run("another month, and behind it no row that can be read", func(t *testing.T) {
		rows := slices.Repeat([]cells{vm.With(cells{csvparse.EventDate: "2018-02-03"})}, 12)
		for i := range 24 {
			rows = append(rows, vm.With(cells{csvparse.TotalPrice: fmt.Sprint("x", i)}))
		}
		sameForAll(t, billgen.CSV(rows...), bill.Options{Month: january})
	})
	t.Run("no row that can be read", func(t *testing.T) {
		var rows []cells
		for i := range 30 {
			rows = append(rows, vm.With(cells{csvparse.TotalPrice: fmt.Sprint("x", i)}))
		}
		sameForAll(t, billgen.CSV(rows...), bill.Options{Month: january})
	})
}

// TestWorkersShare: of a usual file most is read by the other workers,
// and of one that is rejected row by row they keep no more than they may.
func TestWorkersShare(t *testing.T) {
	text := manyRows(40)
	bad, _, _ := strings.Cut(text, "\n")
	bad += "\n" + strings.Repeat("1,2,3\n", 3*bill.MostKept)
	for name, test := range map[string]struct {
		text  string
		least int
	}{"a usual file": {text, 40 * 31 / 2}, "nothing but bad rows": {bad, 0}} {
		t.Run(name, func(t *testing.T) {
			sameForAll(t, test.text, bill.Options{Month: january})
			head := &counter{}
			file := bill.File{
				From: func(offset int64) io.Reader { return strings.NewReader(test.text[offset:]) },
				Size: int64(len(test.text)), Workers: 4, Least: 1,
			}
			reader, err := bill.NewReader(file.From(0), bill.Options{})
			if err != nil {
				t.Fatal(err)
			}
			err = reader.Collect(head, func() bill.Collector { return &counter{} }, file)
			if err != nil && !errors.Is(err, bill.ErrNotReadable) {
				t.Fatal(err)
			}
			if head.joined < test.least {
				t.Errorf("%d rows were read by other workers, want at least %d", head.joined, test.least)
			}
		})
	}
}

// TestParts: how many parts a file is cut into, and how many of them were cut where a row begins.
func TestParts(t *testing.T) {
	usual := billgen.CSV(slices.Repeat([]cells{vm}, 40)...)
	long := vm.With(cells{csvparse.Metadata: strings.Repeat("x", 5_000)})
	_, row, _ := strings.Cut(billgen.CSV(vm.With(cells{csvparse.Metadata: "project=1"})), "\n")
	quoted := vm.With(cells{csvparse.Metadata: "a\n" + strings.Repeat(row, 30) + "b"})
	for _, tt := range []struct {
		name          string
		text          string
		workers       int
		least         int
		parts, joined int
	}{
		{"any size is worth a worker", usual, 4, 0, 3, 3},
		{"just worth four", usual, 4, len(usual) / 4, 3, 3},
		{"just not worth four", usual, 4, len(usual)/4 + 1, 2, 2},
		{"worth one", usual, 4, len(usual), 0, 0},
		{"not worth one", usual, 4, len(usual) + 1, 0, 0},
		{"one worker", usual, 1, 0, 0, 0},
		{"fewer rows than workers", billgen.CSV(long, long, long), 8, 0, 2, 2},
		{"a row of what looks like rows", billgen.CSV(append([]cells{quoted}, slices.Repeat([]cells{vm}, 30)...)...), 4, 0, 3, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := bill.File{
				From: func(offset int64) io.Reader { return strings.NewReader(tt.text[offset:]) },
				Size: int64(len(tt.text)), Workers: tt.workers, Least: int64(tt.least),
			}
			reader, err := bill.NewReader(file.From(0), bill.Options{})
			if err != nil {
				t.Fatal(err)
			}
			head, parts := &counter{}, 0
			err = reader.Collect(head, func() bill.Collector { parts++; return &counter{} }, file)
			if err != nil || parts != tt.parts || head.joins != tt.joined {
				t.Errorf("%d parts, %d of them joined, %v; want %d and %d", parts, head.joins, err, tt.parts, tt.joined)
			}
		})
	}
}

// TestWorkersAndNames: a file is shared between workers where any number of names is
// allowed, and nowhere else: one reader alone knows on which line there are too many.
func TestWorkersAndNames(t *testing.T) {
	var rows []cells
	for i := range 400 {
		rows = append(rows, vm.With(cells{csvparse.ResourceID: fmt.Sprint("vm-", i)}))
	}
	text := billgen.CSV(rows...)
	for _, tt := range []struct {
		limit  int
		shared bool
		err    string
	}{
		{0, true, "<nil>"}, {402, false, "<nil>"}, // 400 resources, a place and a day
		{401, false, "line 401: too many different resources, VDCs, services and values of tags: more than 401"},
		{200, false, "line 200: too many different resources, VDCs, services and values of tags: more than 200"},
	} {
		var shared atomic.Bool
		_, err := bill.ReadFile(bill.File{
			From: func(offset int64) io.Reader {
				if offset > 0 {
					shared.Store(true)
				}
				return strings.NewReader(text[offset:])
			},
			Size: int64(len(text)), Workers: 4, Least: 1,
		}, bill.Options{Month: january, MaxNames: tt.limit})
		if fmt.Sprint(err) != tt.err || shared.Load() != tt.shared {
			t.Errorf("at most %d names: error %v, shared %t", tt.limit, err, shared.Load())
		}
	}
}

// counter counts rows, those that another worker has read, and such workers.
type counter struct{ rows, joined, joins int }

func (c *counter) Add(*bill.Row) error       { c.rows++; return nil }
func (c *counter) Reject(*csvparse.RowError) {}
func (c *counter) Full() bool                { return false }
func (c *counter) Join(next bill.Collector, _ int64) error {
	other := next.(*counter)
	c.rows, c.joined, c.joins = c.rows+other.rows, c.joined+other.rows, c.joins+1
	return nil
}

// FuzzWorkers looks for a file that several workers read otherwise than one does.
func FuzzWorkers(f *testing.F) {
	for i, row := range oddRows() {
		f.Add(oddRows()[0]+row+oddRows()[i/2]+row, i%2 == 0, uint8(i))
	}
	header := billgen.CSV()
	f.Fuzz(func(t *testing.T, body string, proven bool, workers uint8) {
		if len(body) > 8<<10 {
			return
		}
		sameFor(t, header+body, bill.Options{Month: january, Proven: proven}, 2+int(workers%6))
	})
}
