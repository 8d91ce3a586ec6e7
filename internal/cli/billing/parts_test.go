package billing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ukcloud_exporter/internal/testutil/billgen"
)

// bigBill is a bill that is big enough for two workers.
func bigBill(t *testing.T) []byte {
	t.Helper()
	text, err := io.ReadAll(billgen.Estate{Rows: 12_500, Resources: 1_100, Seed: 3}.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if len(text) < 2*leastPart {
		t.Fatalf("a bill of %d bytes is too small", len(text))
	}
	return text
}

// TestPartsOfOneFile: summary and verify say the same of one big file, byte for byte,
// whether one worker reads it or two.
func TestPartsOfOneFile(t *testing.T) {
	b := newBench(t)
	whole := bigBill(t)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	every := func(n int, change func(line []byte) []byte) []byte {
		var text []byte
		for i, line := range lines {
			if i > 0 && i%n == 0 {
				line = change(line)
			}
			text = append(text, line...)
		}
		return text
	}
	sum := func(text []byte) string {
		hash := sha256.Sum256(text)
		return hex.EncodeToString(hash[:])
	}
	for name, test := range map[string]struct {
		text     []byte
		checksum string
	}{
		"whole":                      {whole, ""},
		"with its checksum":          {whole, sum(whole)},
		"with a wrong checksum":      {whole, sum(whole[1:])},
		"cut off":                    {whole[:len(whole)-5], ""},
		"no last line end, proven":   {whole[:len(whole)-1], sum(whole[:len(whole)-1])},
		"no last line end, disputed": {whole[:len(whole)-1], sum(whole)},
		"rows that cannot be read": {every(501, func(line []byte) []byte {
			return append([]byte("x"), line...)
		}), ""},
		"rows that do not add up": {every(7, func(line []byte) []byte {
			return append([]byte("2018-02-05"), append(line[10:len(line)-1:len(line)-1], "1\n"...)...)
		}), ""},
		"lines within quotes": {every(5, func(line []byte) []byte {
			return bytes.Replace(line, []byte(`,"`), append(append([]byte(`,"`), bytes.Repeat(bytes.ReplaceAll(line, []byte(`"`), []byte(`""`)), 2)...), '\n'), 1)
		}), ""},
		"bad from the middle on": {append(bytes.Clone(whole), bytes.Repeat([]byte("1,2,3\n"), 20_000)...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "rows that cannot be read" {
				t.Skip("reads a big bill four times")
			}
			file := filepath.Join(t.TempDir(), "billing_1-1-1-abcdef_2018-01.csv")
			if err := os.WriteFile(file, test.text, 0o600); err != nil {
				t.Fatal(err)
			}
			if test.checksum != "" {
				if err := os.WriteFile(file+".sha256", []byte(test.checksum+"  x\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range [][]string{{"summary", "--tag", "project", file}, {"verify", "--format", "csv", file}} {
				want, wantErr := b.run(append(args, "--parallel", "1")...)
				got, err := b.run(append(args, "--parallel", "2")...)
				if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%s by two workers: %d bytes, error %v; by one %d bytes, error %v", args[0], len(got), err, len(want), wantErr)
				}
				if strings.TrimSpace(want) == "" && wantErr == nil {
					t.Errorf("%s says nothing", args[0])
				}
			}
		})
	}
}
