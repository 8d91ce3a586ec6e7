package lake_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parquet-go/parquet-go"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/internal/lake"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

var january = bill.Month{Year: 2018, Month: 1}

func bytesOf(t *testing.T, rows int, seed uint64) []byte {
	t.Helper()
	content, err := io.ReadAll(billgen.Estate{Rows: rows, Resources: 20, Seed: seed}.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func open(t *testing.T, dir string, format lake.Format) *lake.DataSet {
	t.Helper()
	set, err := lake.Open(dir, lake.EvidenceSchema, format, "test")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// put writes bills of January by their compute services and commits them.
func put(t *testing.T, dir string, format lake.Format, bills map[string][]byte) []lake.Change {
	t.Helper()
	set := open(t, dir, format)
	defer func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	}()
	for vorg, content := range bills {
		if _, err := set.Evidence(lake.Source{Account: "1", VOrg: vorg, Month: january, CSV: bytes.NewReader(content)}); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := set.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// finish puts the data set in its place and returns what check does.
func finish(t *testing.T, set *lake.DataSet, dir string) lake.Manifest {
	t.Helper()
	if _, err := set.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	return check(t, dir)
}

// check reads a month as any reader may: all files of the manifest are there, with its
// checksums, rows and sums, and no others.
func check(t *testing.T, dir string) lake.Manifest {
	t.Helper()
	month := filepath.Join(dir, "billing_period=2018-01")
	content, err := os.ReadFile(filepath.Join(month, "_manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m lake.Manifest
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	var rows int64
	var cost money.Amount
	var want []string
	for _, f := range m.Files {
		content, err := os.ReadFile(filepath.Join(month, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(content)) != f.Bytes {
			t.Errorf("%s is not what the manifest says", f.Path)
		}
		rows += f.Rows
		cost += money.Amount(f.Cost)
		want = append(want, filepath.Join(month, f.Path))
	}
	if rows != m.Rows || cost != money.Amount(m.Cost) {
		t.Errorf("the manifest's %d rows and %s are not those of its files, %d and %s", m.Rows, m.Cost, rows, cost)
	}
	slices.Sort(want)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*."+string(m.Format)))
	slices.Sort(files)
	if err != nil || !slices.Equal(files, want) {
		t.Errorf("files %v, want %v (%v)", files, want, err)
	}
	return m
}

// TestFailedBill: a bill that cannot be written leaves nothing in the month that others
// are put into.
func TestFailedBill(t *testing.T) {
	dir := t.TempDir()
	set := open(t, dir, lake.Parquet)
	whole := bytesOf(t, 300, 1)
	if _, err := set.Evidence(lake.Source{Account: "1", VOrg: "1-1-1-a", Month: january, CSV: bytes.NewReader(whole)}); err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), iotest.ErrReader(errors.New("broken")))
	if _, err := set.Evidence(lake.Source{Account: "1", VOrg: "1-1-2-b", Month: january, CSV: broken}); err == nil {
		t.Error("a broken stream was written")
	}
	if _, err := set.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, dir)
	if all, err := filepath.Glob(filepath.Join(dir, "*", "account=1", "*")); err != nil || len(all) != 1 {
		t.Errorf("%q is in the month, %v", all, err)
	}
	sum := sha256.Sum256(whole)
	for vorg, want := range map[string]string{"1-1-1-a": hex.EncodeToString(sum[:]), "1-1-2-b": ""} {
		if got, err := lake.CSVSum(dir, "1", vorg, january); got != want || err != nil {
			t.Errorf("%s: the CSV's sum is %q, %v, want %q", vorg, got, err, want)
		}
	}
}

// TestReplace: a run replaces the bills that it was given and no others, byte for byte
// the same each time, and leaves nothing aside.
func TestReplace(t *testing.T) {
	for _, format := range []lake.Format{lake.Parquet, lake.CSV} {
		t.Run(string(format), func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, format, map[string][]byte{"1-1-1-a": bytesOf(t, 300, 1), "1-1-2-b": bytesOf(t, 200, 2)})
			first := check(t, dir)
			same := put(t, dir, format, map[string][]byte{"1-1-1-a": bytesOf(t, 300, 1)})
			if again := check(t, dir); fmt.Sprint(again) != fmt.Sprint(first) {
				t.Errorf("the same again is %v, was %v", again, first)
			}
			if len(same) != 1 || len(same[0].Shrunk) != 0 {
				t.Errorf("of the same again shrank: %v", same)
			}
			changes := put(t, dir, format, map[string][]byte{"1-1-1-a": bytesOf(t, 250, 1), "1-1-3-c": bytesOf(t, 0, 3)})
			m := check(t, dir)
			if len(m.Files) != 3 || m.Rows != 450 || m.Files[1].SHA256 != first.Files[1].SHA256 {
				t.Errorf("replaced: %v", m)
			}
			if len(changes) != 1 || len(changes[0].Shrunk) != 1 || changes[0].Shrunk[0].Rows != 300 {
				t.Errorf("what shrank: %v", changes)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 2 {
				t.Errorf("left: %v, %v", entries, err)
			}
		})
	}
}

// TestParquet reads the file back, and compares every cell with the CSV of the same
// bill.
func TestParquet(t *testing.T) {
	content := bytesOf(t, 1500, 7) // more than one batch
	dirs := map[lake.Format]string{lake.Parquet: t.TempDir(), lake.CSV: t.TempDir()}
	for format, dir := range dirs {
		put(t, dir, format, map[string][]byte{"1-1-1-a": content})
	}
	path := func(format lake.Format) string {
		return filepath.Join(dirs[format], "billing_period=2018-01", check(t, dirs[format]).Files[0].Path)
	}
	text, err := os.ReadFile(path(lake.CSV))
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(records) != 1501 {
		t.Fatal(len(records), err)
	}
	rows := parquetRows(t, path(lake.Parquet))
	if len(rows) != 1500 {
		t.Fatalf("%d rows", len(rows))
	}
	cells := 0
	for i, row := range rows {
		for k, name := range records[0] {
			if name == "tags" || strings.HasSuffix(name, "_time") { // their own tests
				continue
			}
			if got, want := row[name], records[i+1][k]; got != want {
				t.Fatalf("row %d, %s: %q, want %q", i, name, got, want)
			}
			cells++
		}
	}
	if cells < 80_000 {
		t.Errorf("%d cells are no test", cells)
	}
}

// opened opens a file until the test ends.
func opened(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// parquetRows reads a file by the library's own reader, as text.
func parquetRows(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	reader := parquet.NewReader(opened(t, path))
	defer reader.Close()
	columns := reader.Schema().Columns()
	buffer := make([]parquet.Row, 100)
	for {
		n, err := reader.ReadRows(buffer)
		for _, row := range buffer[:n] {
			cells := map[string]string{}
			for _, value := range row {
				name := columns[value.Column()][0]
				leaf, _ := reader.Schema().Lookup(columns[value.Column()]...)
				cells[name] = textOf(value, leaf.Node.Type().String())
			}
			rows = append(rows, cells)
		}
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func textOf(value parquet.Value, kind string) string {
	switch {
	case value.IsNull():
		return ""
	case value.Kind() == parquet.FixedLenByteArray:
		var n int64
		for _, b := range value.ByteArray()[8:] {
			n = n<<8 | int64(b)
		}
		return money.Amount(n).String()
	case kind == "DATE":
		return bill.DateOf(january.Start().AddDate(0, 0, int(value.Int32())-17532)).String() // 2018-01-01 is day 17,532
	}
	return value.String()
}

// TestOneAtATime: a second export of the same directory is refused while one runs.
func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	set := open(t, dir, lake.Parquet)
	if _, err := lake.Open(dir, lake.EvidenceSchema, lake.Parquet, "test"); err == nil || !strings.Contains(err.Error(), "another export writes "+dir) {
		t.Errorf("the second: %v", err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, lake.Parquet).Close(); err != nil {
		t.Error(err)
	}
}

// TestRefused: what is not of this program, or of another kind, is not touched.
func TestRefused(t *testing.T) {
	mixed := t.TempDir()
	put(t, mixed, lake.Parquet, map[string][]byte{"1-1-1-a": bytesOf(t, 10, 1)})
	foreign := t.TempDir()
	if err := os.MkdirAll(filepath.Join(foreign, "billing_period=2018-01"), 0o755); err != nil {
		t.Fatal(err)
	}
	leaves := t.TempDir()
	put(t, leaves, lake.CSV, map[string][]byte{"1-1-1-a": bytesOf(t, 10, 1)})
	manifest := filepath.Join(leaves, "billing_period=2018-01", "_manifest.json")
	content, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, bytes.Replace(content, []byte("account=1/"), []byte("../../../"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, dir, want string }{
		{"another format", mixed, "holds evidence as parquet since 2018-01"},
		{"no manifest", foreign, "it is not of this program"},
		{"a path that leaves", leaves, "leaves the directory"},
	} {
		if _, err := lake.Open(tt.dir, lake.EvidenceSchema, lake.CSV, "test"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if left, err := filepath.Glob(filepath.Join(tt.dir, "_tmp.*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", tt.name, left, err)
		}
	}
}

// TestBeside: what stands beside the months and is none is left alone.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "notes"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "billing_period=2018-02"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, dir, lake.CSV, map[string][]byte{"1-1-1-a": bytesOf(t, 10, 1)})
	check(t, dir)
	set := open(t, dir, lake.CSV)
	defer set.Close()
	if months, err := set.Months(); err != nil || len(months) != 1 {
		t.Errorf("months %v, %v", months, err)
	}
}

// TestKilledBetween: a month that a killed process had moved away, and not replaced, is put
// back; where it was replaced, the new one stays.
func TestKilledBetween(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		t.Run(fmt.Sprint("replaced ", replaced), func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, lake.CSV, map[string][]byte{"1-1-1-a": bytesOf(t, 10, 1)})
			aside := filepath.Join(dir, "_tmp.killed")
			if err := os.MkdirAll(filepath.Join(aside, "before"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, "billing_period=2018-01"), filepath.Join(aside, "before", "billing_period=2018-01")); err != nil {
				t.Fatal(err)
			}
			want := int64(10)
			if replaced {
				other := t.TempDir()
				put(t, other, lake.CSV, map[string][]byte{"1-1-1-a": bytesOf(t, 20, 1)})
				if err := os.Rename(filepath.Join(other, "billing_period=2018-01"), filepath.Join(dir, "billing_period=2018-01")); err != nil {
					t.Fatal(err)
				}
				want = 20
			}
			// The month counts again when it is looked whether another format fits.
			if _, err := lake.Open(dir, lake.EvidenceSchema, lake.Parquet, "test"); err == nil || !strings.Contains(err.Error(), "holds evidence as csv") {
				t.Errorf("another format: %v", err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, "_tmp.*")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			if err := open(t, dir, lake.CSV).Close(); err != nil {
				t.Fatal(err)
			}
			if m := check(t, dir); m.Rows != want {
				t.Errorf("%d rows, want %d", m.Rows, want)
			}
		})
	}
}

// TestCheck: what Open would refuse is known before.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, lake.CSV, map[string][]byte{"1-1-1-a": bytesOf(t, 10, 1)})
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, dir string
		format    lake.Format
		want      string
	}{
		{"the same", dir, lake.CSV, ""},
		{"to be made", filepath.Join(dir, "not", "yet"), lake.CSV, ""},
		{"another format", dir, lake.Parquet, "holds evidence as csv since 2018-01"},
		{"a file", file, lake.CSV, "is not a directory"},
	} {
		if err := lake.Check(tt.dir, lake.EvidenceSchema, tt.format); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestCSVSum: "" is a bill that is not there, and what cannot be read is no such.
func TestCSVSum(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, lake.CSV, map[string][]byte{"1-1-1-a": bytesOf(t, 10, 1)})
	for _, tt := range []struct {
		account, vorg string
		month         bill.Month
	}{{"2", "1-1-1-a", january}, {"1", "1-1-2-b", january}, {"1", "1-1-1-a", january.Next()}} {
		if got, err := lake.CSVSum(dir, tt.account, tt.vorg, tt.month); got != "" || err != nil {
			t.Errorf("%v: %q, %v", tt, got, err)
		}
	}
	manifest := filepath.Join(dir, "billing_period=2018-01", "_manifest.json")
	if err := os.WriteFile(manifest, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := lake.CSVSum(dir, "1", "1-1-1-a", january); got != "" || err == nil || !strings.Contains(err.Error(), manifest) {
		t.Errorf("a damaged manifest: %q, %v", got, err)
	}
}

// TestHostileNames: an account or a compute service of any name stays one directory
// and one file below the data set.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	set := open(t, dir, lake.Parquet)
	names := []string{"..", "../../etc", "a/b", "", ".hidden", "_tmp", "x=y", "50%", "£", "a\nb", "C:\\x"}
	for i, name := range names {
		source := lake.Source{Account: name, VOrg: fmt.Sprintf("%s %d", name, i), Month: january, CSV: bytes.NewReader(bytesOf(t, 3, 1))}
		if _, err := set.Evidence(source); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := set.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	if m := check(t, dir); len(m.Files) != len(names) {
		t.Errorf("%d files, want %d", len(m.Files), len(names))
	}
}

// TestFailure: a bill that cannot be used, or that comes twice, leaves the data set as
// it was.
func TestFailure(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, lake.Parquet, map[string][]byte{"1-1-1-a": bytesOf(t, 50, 1)})
	before := check(t, dir)
	cut := bytesOf(t, 100, 1)
	for _, tt := range []struct {
		name    string
		content []byte
	}{{"cut off", cut[:len(cut)-20]}, {"no bill", []byte("<html>")}, {"another month", bytes.ReplaceAll(cut, []byte("2018-01-"), []byte("2017-03-"))}} {
		t.Run(tt.name, func(t *testing.T) {
			set := open(t, dir, lake.Parquet)
			_, err := set.Evidence(lake.Source{Account: "1", VOrg: "1-1-1-a", Month: january, CSV: bytes.NewReader(tt.content)})
			if err == nil || strings.Contains(err.Error(), "_tmp") {
				t.Errorf("error %v", err)
			}
			if err := set.Close(); err != nil {
				t.Error(err)
			}
			if after := check(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("the data set is %v, was %v", after, before)
			}
		})
	}
	set := open(t, dir, lake.Parquet)
	defer set.Close()
	for i := range 2 {
		_, err := set.Evidence(lake.Source{Account: "1", VOrg: "1-1-1-a", Month: january, CSV: bytes.NewReader(bytesOf(t, 5, 1))})
		if (err != nil) != (i == 1) {
			t.Errorf("time %d: %v", i+1, err)
		}
	}
}

// TestFocus: the charges add up to the bill, to the last place.
func TestFocus(t *testing.T) {
	dir := t.TempDir()
	set, err := lake.Open(dir, lake.FocusSchema(focus.Newest), lake.Parquet, "test")
	if err != nil {
		t.Fatal(err)
	}
	content := bytesOf(t, 400, 3)
	want, err := bill.Read(bytes.NewReader(content), bill.Options{Month: january})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := set.Focus(lake.Source{Account: "1", VOrg: "1-1-1-a", Month: january, CSV: bytes.NewReader(content)}, focus.Newest, focus.Bill{Account: "1", VOrg: "1-1-1-a", Month: january}); err != nil {
		t.Fatal(err)
	}
	m := finish(t, set, dir)
	if money.Amount(m.Cost) != want.Cost.Value || m.Files[0].BillRows != want.Rows || m.Rows <= m.Files[0].BillRows {
		t.Errorf("manifest %v, bill %v of %d rows", m, want.Cost.Value, want.Rows)
	}
	var cost money.Amount
	for _, row := range parquetRows(t, filepath.Join(dir, "billing_period=2018-01", m.Files[0].Path)) {
		billed, err := money.Parse(row["BilledCost"])
		if err != nil {
			t.Fatal(err)
		}
		cost += billed
		if row["SubAccountName"] != "1-1-1-a" || row["BillingAccountName"] != "1" || row["ServiceProviderName"] == "" {
			t.Fatalf("row %v", row)
		}
	}
	if cost != want.Cost.Value {
		t.Errorf("the charges come to %s, the bill to %s", cost, want.Cost.Value)
	}
}
