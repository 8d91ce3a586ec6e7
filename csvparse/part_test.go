package csvparse_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/testutil/billgen"
)

// readParts reads a file as several workers would: from each offset's guess on by a
// reader of its own, wherever the reader before has come to exactly that place. It
// returns what came, and how many guesses were right.
func readParts(t testing.TB, file string, offsets []int64, opts ...csvparse.Option) (out []string, right int) {
	t.Helper()
	bill, err := csvparse.NewBilling(strings.NewReader(file), opts...)
	if err != nil {
		return []string{"header: " + describe(t, err)}, 0
	}
	first := bill
	for _, offset := range append(offsets, 0) {
		guess := int64(0)
		if offset > 0 {
			var ok bool
			if guess, ok = first.Guess(strings.NewReader(file[offset:]), offset); !ok {
				continue
			}
		}
		bill.Until(guess)
		for row, err := range bill.Rows() {
			switch {
			case err == nil:
				out = append(out, fmt.Sprintf("%d %s %q %q %s £%s",
					row.Line, row.EventDate, row.ResourceID, row.Metadata, quantity(row.UsageHours), cost(row.Total)))
			case !errors.Is(err, csvparse.ErrPartEnd):
				out = append(out, describe(t, err))
			}
		}
		if bill.Decode(new(csvparse.BillingRow)) != csvparse.ErrPartEnd {
			return out, right
		}
		if at := bill.Next(); at.Offset == guess {
			right++
			bill = first.From(strings.NewReader(file[guess:]), at)
		}
	}
	return out, right
}

// TestPartsAgreeWithOneReader: wherever a file is cut, its parts have the rows, lines
// and errors that one reader gives.
func TestPartsAgreeWithOneReader(t *testing.T) {
	right, cuts := 0, 200
	if testing.Short() {
		cuts = 20
	}
	for _, seed := range billingSeeds() {
		for _, start := range []string{"", "\ufeff"} {
			file := start + fewHeader + seed
			for _, trusted := range []bool{false, true} {
				opts := []csvparse.Option{fewColumns(), csvparse.Window(fuzzWindow), csvparse.TrustEOF(trusted)}
				want := read(t, strings.NewReader(file), opts...)
				step := max(1, len(file)/cuts)
				for offset := 1; offset < len(file); offset += step {
					got, n := readParts(t, file, []int64{int64(offset)}, opts...)
					right += n
					if !slices.Equal(got, want) {
						t.Errorf("%.300q cut at %d:\ngot  %q\nwant %q", file, offset, got, want)
					}
				}
			}
		}
	}
	if right == 0 {
		t.Error("no guess was right")
	}
}

// TestNextStaysInFile: behind a last line without its end the next place is the end of
// the file, not one behind it, and the last line is guessed at where it begins.
func TestNextStaysInFile(t *testing.T) {
	_, row, _ := strings.Cut(strings.TrimSuffix(billgen.CSV(billgen.Row{csvparse.EventDate: "2018-01-05"}), "\n"), "\n")
	text := billgen.CSV() + row + "\n" + row
	bill, err := csvparse.NewBilling(strings.NewReader(text), csvparse.WithColumns(csvparse.EventDate), csvparse.TrustEOF(true))
	if err != nil {
		t.Fatal(err)
	}
	last := int64(len(text) - len(row))
	if guess, ok := bill.Guess(strings.NewReader(text[last-3:]), last-3); !ok || guess != last {
		t.Errorf("guess %d, %t, want %d", guess, ok, last)
	}
	bill.Until(last + 1)
	for range bill.Rows() {
	}
	if err := bill.Decode(new(csvparse.BillingRow)); err != csvparse.ErrPartEnd {
		t.Fatal(err)
	}
	if next := bill.Next(); next != (csvparse.Place{Offset: int64(len(text)), Line: 4}) {
		t.Errorf("next is %+v of %d bytes", next, len(text))
	}
}

// TestRowByRow: a part may end behind every row, wherever a guess came from.
func TestRowByRow(t *testing.T) {
	var rows []billgen.Row
	for day := range 3 {
		rows = append(rows, billgen.Row{csvparse.EventDate: fmt.Sprintf("2018-01-%02d", day+1), csvparse.Metadata: "a\nb"})
	}
	text := billgen.CSV(rows...)
	bill, err := csvparse.NewBilling(strings.NewReader(text), csvparse.WithColumns(csvparse.EventDate))
	if err != nil {
		t.Fatal(err)
	}
	at := csvparse.Place{Offset: int64(strings.IndexByte(text, '\n')) + 1, Line: 2}
	length := (int64(len(text)) - at.Offset) / 3
	for day := range 3 {
		if guess, ok := bill.Guess(strings.NewReader(text[at.Offset-1:]), at.Offset-1); !ok || guess != at.Offset {
			t.Errorf("guess %d, %t, want %d", guess, ok, at.Offset)
		}
		bill.Until(at.Offset + 1)
		var row csvparse.BillingRow
		if err := bill.Decode(&row); err != nil || int(row.EventDate.Day) != day+1 || row.Line != at.Line {
			t.Fatalf("line %d, %s, error %v", row.Line, row.EventDate, err)
		}
		at = csvparse.Place{Offset: at.Offset + length, Line: at.Line + 2}
		if next := bill.Next(); next != at {
			t.Errorf("behind a row, next is %+v, want %+v", next, at)
		}
		if day < 2 {
			if err := bill.Decode(&row); err != csvparse.ErrPartEnd {
				t.Fatalf("error %v at the end of the part", err)
			}
		}
		if next := bill.Next(); next != at {
			t.Errorf("at the end of a part, next is %+v, want %+v", next, at)
		}
	}
	bill.Until(0)
	if err := bill.Decode(new(csvparse.BillingRow)); err != io.EOF {
		t.Errorf("error %v at the end of the file", err)
	}
	if _, ok := bill.Guess(strings.NewReader(text[at.Offset-1:]), at.Offset-1); ok {
		t.Error("a row is guessed at the end of the file")
	}
}

func FuzzParts(f *testing.F) {
	for i, seed := range billingSeeds() {
		f.Add(seed, i%2 == 0, uint64(i))
	}
	f.Fuzz(func(t *testing.T, body string, trusted bool, seed uint64) {
		if len(body) > 8*fuzzWindow {
			return
		}
		file := fewHeader + body
		opts := []csvparse.Option{fewColumns(), csvparse.Window(fuzzWindow), csvparse.TrustEOF(trusted)}
		want := read(t, strings.NewReader(file), opts...)
		rng := rand.New(rand.NewPCG(seed, 3))
		for n := range 6 {
			var offsets []int64
			for range n + 1 {
				offsets = append(offsets, 1+rng.Int64N(int64(len(file))-1))
			}
			slices.Sort(offsets)
			if got, _ := readParts(t, file, offsets, opts...); !slices.Equal(got, want) {
				t.Errorf("cut at %d:\ngot  %q\nwant %q", offsets, got, want)
			}
		}
	})
}
