package csvparse_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/testutil/billgen"
)

// wholeFiles are files of several shapes, by name.
func wholeFiles(t testing.TB) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, name := range []string{"testdata/reference.csv", "testdata/evidence.csv"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for name, estate := range map[string]billgen.Estate{
		"generated":              {Rows: 6, Resources: 4, Seed: 3},
		"generated, CRLF":        {Rows: 6, Resources: 4, Seed: 5, CRLF: true, Evidence: true},
		"generated, header only": {},
	} {
		text, err := io.ReadAll(estate.Reader())
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}

// drain reads all rows and returns what ended the reading; a rejected row is a
// failure.
func drain(t *testing.T, in io.Reader, opts ...csvparse.Option) (rows int, err error) {
	t.Helper()
	bill, err := csvparse.NewBilling(in, opts...)
	if err != nil {
		return 0, err
	}
	var row csvparse.BillingRow
	for err = bill.Decode(&row); err == nil; err = bill.Decode(&row) {
		rows++
	}
	var rejected *csvparse.RowError
	if errors.As(err, &rejected) {
		t.Fatalf("a row of a good file was rejected: %v", rejected)
	}
	return rows, err
}

// A file that is cut off is never taken for a whole one: at every byte when the
// reader notices, and when nobody does at every byte but those behind a line end,
// where the file is a shorter whole file.
func TestTruncationAtEveryByte(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 11
	}
	for name, text := range wholeFiles(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := drain(t, strings.NewReader(text)); err != io.EOF {
				t.Fatalf("the whole file: %v", err)
			}
			for cut := 0; cut < len(text); cut += step {
				noticed := io.MultiReader(strings.NewReader(text[:cut]), failing{io.ErrUnexpectedEOF})
				if _, err := drain(t, noticed, csvparse.Window(8<<10)); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("cut off at byte %d, noticed by the reader: %v", cut, err)
				}
				_, err := drain(t, strings.NewReader(text[:cut]), csvparse.Window(8<<10))
				if atRowEnd(text, cut) {
					if err != io.EOF {
						t.Fatalf("cut off behind a row, at byte %d: %v", cut, err)
					}
				} else if !isTruncation(err) {
					t.Fatalf("cut off at byte %d: %v", cut, err)
				}
			}
		})
	}
}

// atRowEnd reports whether text[:cut] ends with a whole row: with a line end that is
// not in quotes and not before the header.
func atRowEnd(text string, cut int) bool {
	head := text[:cut]
	return strings.HasSuffix(head, "\n") && strings.Count(head, `"`)%2 == 0
}

// isTruncation reports whether err says that the file is not whole, and where.
func isTruncation(err error) bool {
	var (
		stream *csvparse.StreamError
		header *csvparse.HeaderError
	)
	switch {
	case errors.As(err, &stream):
		return errors.Is(err, io.ErrUnexpectedEOF) && stream.Line > 0 && stream.Column > 0
	case errors.As(err, &header): // there is nothing of the file
		return header.Reason == csvparse.EmptyFile
	}
	return false
}

// With TrustEOF the reader proves its end: the last line end may be missing, and
// nothing else may.
func TestTrustEOF(t *testing.T) {
	const text = fewHeader + good + "\n" + good
	tests := []struct {
		name string
		text string
		want string // how it ends
		rows int
	}{
		{"no line end behind the last row", text, "EOF", 2},
		{"half a line end", text + "\r", "EOF", 2},
		{"a header alone, without line end", strings.TrimSpace(fewHeader), "EOF", 0},
		{"a last row with too few fields", strings.TrimSuffix(text, ",1.5"), "line 3, column 7 (TotalPrice): the CSV ends in the middle of this line: it was cut off, or its last line end is missing", 1},
		{"a last row that ends in quotes", fewHeader + "2018-01-31,,urn:1,\"a,24,,1.5", "line 2, column 4 (Metadata): the CSV ends in the middle of this line: it was cut off, or its last line end is missing", 0},
		{"a last row that ends behind quotes", fewHeader + "2018-01-31,,urn:1,,24,,\"1.5\"", "EOF", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, in := range cuttings(test.text) {
				rows, err := drain(t, in, fewColumns(), csvparse.TrustEOF(true))
				if err.Error() != test.want || rows != test.rows {
					t.Errorf("%s: %d rows, then %v; want %d, then %s", name, rows, err, test.rows, test.want)
				}
			}
		})
	}
	t.Run("a reader that notices is still believed", func(t *testing.T) {
		in := io.MultiReader(strings.NewReader(text), failing{io.ErrUnexpectedEOF})
		if rows, err := drain(t, in, fewColumns(), csvparse.TrustEOF(true)); rows != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d rows, then %v", rows, err)
		}
	})
}

// Rows that are there are given out before the error that follows them.
func TestReadErrorBehindRows(t *testing.T) {
	broken := errors.New("connection reset")
	in := io.MultiReader(strings.NewReader(fewHeader+good+"\n"+good+"\n2018-01-31,,u"), failing{broken})
	rows, err := drain(t, in, fewColumns())
	var stream *csvparse.StreamError
	if rows != 2 || !errors.As(err, &stream) || !errors.Is(err, broken) || stream.Line != 4 || stream.Column != 3 {
		t.Errorf("%d rows, then %v; want 2, then line 4, column 3, %v", rows, err, broken)
	}
}
