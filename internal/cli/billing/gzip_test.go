package billing

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"ukcloud_exporter/internal/testutil/billgen"
)

func compressed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestGzipFiles: every command that reads files tells what is wrong with a compressed one
// by the file's name, and not as a bill that was cut off in some line.
func TestGzipFiles(t *testing.T) {
	var text strings.Builder
	if _, err := io.Copy(&text, (billgen.Estate{Rows: 40, Resources: 4, Seed: 1}).Reader()); err != nil {
		t.Fatal(err)
	}
	whole := compressed(t, text.String())
	damaged := []byte(whole)
	damaged[len(damaged)-6] ^= 1 // of the checksum
	half := strings.Index(text.String(), "\n") + 1
	for _, file := range []struct{ name, content, want string }{
		{"whole", whole, ""},
		{"two in one", compressed(t, text.String()[:half]) + compressed(t, text.String()[half:]), ""},
		{"a line behind it", whole + "\n", "is followed by something else: bytes are behind its end"},
		{"zeros behind it", whole + strings.Repeat("\x00", 512), "is followed by something else: bytes are behind its end"},
		{"the plain file behind it", whole + text.String(), "is followed by something else: bytes are behind its end"},
		{"half of another behind it", whole + whole[:len(whole)/2], "was cut off"},
		{"a beginning behind it", whole + whole[:3], "was cut off"},
		{"cut", whole[:len(whole)/2], "was cut off"},
		{"cut in its checksum", whole[:len(whole)-3], "was cut off"},
		{"its header alone", whole[:8], "was cut off within its header"},
		{"another checksum", string(damaged), "is damaged: gzip: invalid checksum"},
		{"another method", whole[:2] + "\x00" + whole[3:], "is damaged: gzip: invalid header"},
	} {
		t.Run(file.name, func(t *testing.T) {
			b := newBench(t)
			b.now = time.Date(2018, 3, 10, 12, 0, 0, 0, time.UTC)
			path := filepath.Join(t.TempDir(), "billing_1-1-1-9836cf_2018-01.csv.gz")
			if err := os.WriteFile(path, []byte(file.content), 0o600); err != nil {
				t.Fatal(err)
			}
			want := path + ": the gzip file " + file.want
			for _, args := range [][]string{
				{"summary", path}, {"verify", path}, {"report", path}, {"focus", "--org-name", "Demo", path},
				{"export", "-o", filepath.Join(t.TempDir(), "lake"), path},
				{"backfill", "--from", "2018-01", "-o", t.TempDir(), path},
			} {
				out, err := b.run(args...)
				said := strings.ReplaceAll(out+b.stderr.String(), path+": unreadable: ", path+": ") // what verify finds
				if err != nil {
					said += err.Error()
				}
				if strings.Contains(said, "gzip") != (file.want != "") || file.want != "" && (err == nil || !strings.Contains(said, want)) || strings.Contains(said, "in the middle of this line") {
					t.Errorf("%s says %v:\n%s\nwant %s", args[0], err, said, want)
				}
			}
		})
	}
}

// TestGzipReader: how the file comes makes no difference, and what cannot be read is no
// fault of gzip.
func TestGzipReader(t *testing.T) {
	in := input{name: "-", standardIn: iotest.OneByteReader(strings.NewReader(compressed(t, "a") + compressed(t, "") + compressed(t, "bc")))}
	file, err := in.open(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(iotest.OneByteReader(file)); string(got) != "abc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	in.standardIn = io.MultiReader(strings.NewReader(compressed(t, "a")), iotest.ErrReader(os.ErrDeadlineExceeded))
	if file, err = in.open(io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(file); err != os.ErrDeadlineExceeded {
		t.Errorf("%v is not what the reader said", err)
	}
}
