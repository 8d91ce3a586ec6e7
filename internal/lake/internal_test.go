package lake

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestReplaceInTwo: where two directories cannot change places the old month makes room
// for the new one.
func TestReplaceInTwo(t *testing.T) {
	dir := t.TempDir()
	d := &DataSet{dir: dir, aside: filepath.Join(dir, asideName+"1")}
	aside, place := filepath.Join(d.aside, "billing_period=2018-01"), filepath.Join(dir, "billing_period=2018-01")
	for name, text := range map[string]string{aside: "new", place: "old"} {
		if err := os.MkdirAll(name, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(name, text), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.replaceInTwo(aside, place); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(place)
	if err != nil || len(entries) != 1 || entries[0].Name() != "new" {
		t.Errorf("in its place: %v, %v", entries, err)
	}
	if _, err := os.Stat(filepath.Join(d.aside, beforeName, "billing_period=2018-01", "old")); err != nil {
		t.Errorf("the old one is not aside: %v", err)
	}
	if err := d.replaceInTwo(aside, filepath.Join(dir, "missing")); err == nil {
		t.Error("what is not there was replaced")
	}
}

// TestLinkCopies where a file cannot have a second name.
func TestLinkCopies(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for name, text := range map[string]string{from: "new", to: "in the way of a link"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := link(from, to); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(to); string(content) != "new" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	if err := link(filepath.Join(dir, "missing"), to); err == nil {
		t.Error("what is not there was copied")
	}
}

// TestTagParserForgets some of what it keeps, not all, before that exceeds its bound.
func TestTagParserForgets(t *testing.T) {
	var p tagParser
	long := strings.Repeat("x", 10<<10)
	room := tagBytes / cost(long)
	for round := range 3 {
		known := 0
		for i := range room + room/4 { // in turn, as a bill has them
			text := fmt.Sprintf(`{"n":%d,"long":"%s"}`, i, long)
			if _, is := p.known[text]; is {
				known++
			}
			for range 2 { // read, and known
				if tags, ok := p.of(text); !ok || len(tags) != 2 || tags[0].Value != fmt.Sprint(i) {
					t.Fatalf("%d: %v, %v", i, tags, ok)
				}
			}
			if bytes := len(p.known) * cost(text); p.bytes > tagBytes || bytes < p.bytes-p.bytes/100 || bytes > p.bytes+p.bytes/100 {
				t.Fatalf("%d bytes of %d texts, bound %d", p.bytes, len(p.known), tagBytes)
			}
		}
		if round > 0 && known < room/4 {
			t.Errorf("round %d: %d of %d texts are known, there is room for %d", round, known, room+room/4, room)
		}
	}
	if tags, ok := p.of(strings.Repeat("x", 3*tagBytes) + "=1"); !ok || len(tags) != 1 || len(p.known) > 1 {
		t.Errorf("a text beyond all bounds: %d tags, %v, %d texts kept", len(tags), ok, len(p.known))
	}
}

// BenchmarkTagParser is what a text costs in turn with others.
func BenchmarkTagParser(b *testing.B) {
	for _, texts := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(texts), func(b *testing.B) {
			all := make([]string, texts)
			for i := range all {
				all[i] = fmt.Sprintf(`{"vm":"vm-%06d","project":"p%d","owner":"someone@example.com","cost-centre":"%d"}`, i, i%50, i%17)
			}
			var p tagParser
			for _, text := range all {
				p.of(text)
			}
			i := 0
			for b.Loop() {
				p.of(all[i])
				i = (i + 1) % texts
			}
		})
	}
}

// TestEscape: what stands in names of files and directories is letters, digits and a few
// signs, which do not come first where that would hide the file.
func TestEscape(t *testing.T) {
	for name, want := range map[string]string{
		"azAZ09-_.": "azAZ09-_.",
		"_a":        "%5Fa",
		".a":        "%2Ea",
		"-a":        "-a",
		"/:@[`{":    "%2F%3A%40%5B%60%7B", // the neighbours of digits and letters
		"£ ":        "%C2%A3%20",
		"":          "",
	} {
		if got := escape(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestUnscaled: decimal numbers as whole numbers of the last place, in two's complement.
func TestUnscaled(t *testing.T) {
	const zeros, ones = "000000000000000000000000", "ffffffffffffffffffffffff"
	nines := strings.Repeat("9", precision)
	for _, tt := range []struct {
		number string
		places int
		want   string // in hexadecimal digits, or of the error
	}{
		{"0", 2, zeros + "00000000"},
		{"1.5", 2, zeros + "00000096"},
		{"-1.5", 2, ones + "ffffff6a"},
		{"-0.01", 2, ones + "ffffffff"},
		{"7", 0, zeros + "00000007"},
		{"1.234", 2, "1.234 has more than 2 places"},
		{nines, 0, "4b3b4ca85a86c47a098a223fffffffff"},
		{"-" + nines, 0, "b4c4b357a5793b85f675ddc000000001"},
		{nines, 1, "more than 38 digits with its 1 places"},
		{"1e5", 2, `"1e5" is no decimal number`},
	} {
		got, err := unscaled(tt.number, tt.places)
		if text := fmt.Sprintf("%x", got); err == nil && text != tt.want || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s of %d places: %s, %v; want %s", tt.number, tt.places, text, err, tt.want)
		}
	}
}

// TestRowGroups: rows are written in groups, so that no file takes more memory than one.
func TestRowGroups(t *testing.T) {
	for rows, want := range map[int]string{3 * batch: "[1536]", rowGroup: "[65536]", 2*rowGroup + 1: "[65536 65536 1]"} {
		var n int64
		var file bytes.Buffer
		w, err := newParquetWriter(&file, &sheet{columns: []column{{name: "n", kind: integer, cell: func() cell { return cell{n: n} }}}}, "test")
		if err != nil {
			t.Fatal(err)
		}
		for n = range int64(rows) {
			if err := w.row(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
		read, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		var groups []int64
		for _, g := range read.RowGroups() {
			groups = append(groups, g.NumRows())
		}
		if got := fmt.Sprint(groups); got != want {
			t.Errorf("%d rows: groups of %s, want %s", rows, got, want)
		}
	}
}
