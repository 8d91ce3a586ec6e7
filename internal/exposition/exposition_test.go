package exposition_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/testing/protocmp"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
)

var (
	cost  = &exposition.Desc{Name: "ukcloud_cost_gbp", Help: `Cost of "it" \ in pounds.`, Labels: []string{"vm"}}
	moved = &exposition.Desc{Name: "ukcloud_moves_total", Help: "Moves.", Type: exposition.Counter, Labels: []string{"vm"}}
	empty = &exposition.Desc{Name: "ukcloud_nothing", Help: "No samples."}
	bare  = &exposition.Desc{Name: "ukcloud_bare", Help: "No labels."}
)

// nasty is a name as somebody could type it.
const nasty = "a\"b\\c\nd\x00e\xffé£\u2028"

func writeSome(w *exposition.Writer) {
	w.Family(cost)
	w.Money(exposition.LabelsOf("vm", "one"), 61_838_610_000_000)
	w.Money(exposition.LabelsOf("vm", nasty), -1)
	w.Money("", 3*money.Pound, "vm", strings.Repeat("x", 40))
	w.Family(empty)
	w.Family(moved)
	w.Int(exposition.LabelsOf("vm", "one"), 7, "user", `o"ne`)
	w.Sample(exposition.LabelsOf("vm", "two"), 0.1)
	w.Sample(exposition.LabelsOf("vm", "three"), math.Inf(1))
	w.Family(bare)
	w.Bool("", true)
}

func written(t *testing.T, format exposition.Format, write func(*exposition.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := exposition.NewWriter(&b, format)
	write(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestText(t *testing.T) {
	got := string(written(t, exposition.Text, func(w *exposition.Writer) {
		w.Family(cost)
		w.Money(exposition.LabelsOf("vm", "o\"n\\e\n"), 2_910_000_000)
		w.Family(empty)
		w.Family(bare)
		w.Int("", 5)
	}))
	want := `# HELP ukcloud_cost_gbp Cost of "it" \\ in pounds.
# TYPE ukcloud_cost_gbp gauge
ukcloud_cost_gbp{vm="o\"n\\e\n"} 2.91
# HELP ukcloud_bare No labels.
# TYPE ukcloud_bare gauge
ukcloud_bare 5
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFormatsAgree reads each format with prometheus/common's own decoder and
// expects the same families from all.
func TestFormatsAgree(t *testing.T) {
	formats := []struct {
		name   string
		format exposition.Format
		expfmt expfmt.Format
		end    string
	}{
		{"text", exposition.Text, expfmt.FmtText, ""},
		{"protobuf", exposition.Protobuf, expfmt.FmtProtoDelim, ""},
		{"OpenMetrics", exposition.OpenMetrics, expfmt.FmtOpenMetrics_1_0_0, "# EOF\n"},
	}
	var first map[string]*dto.MetricFamily
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			body := append(written(t, f.format, writeSome), f.end...)
			got := decode(t, body, f.expfmt)
			if first == nil {
				first = got
				if n := len(got); n != 3 {
					t.Fatalf("%d families, want 3: %v", n, got)
				}
				name := got[cost.Name].Metric[1].Label[0].GetValue()
				if want := "a\"b\\c\nd\ufffde\ufffdé£\u2028"; name != want {
					t.Errorf("label value %q, want %q", name, want)
				}
				return
			}
			if diff := cmp.Diff(first, got, protocmp.Transform()); diff != "" {
				t.Errorf("differs from text (-text +%s):\n%s", f.name, diff)
			}
		})
	}
}

// TestLongNames is not part of TestFormatsAgree: prometheus/common's OpenMetrics
// decoder takes minutes and gigabytes for one label value of this length.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("n\"", 5_000)
	for _, f := range []struct {
		format exposition.Format
		expfmt expfmt.Format
	}{{exposition.Text, expfmt.FmtText}, {exposition.Protobuf, expfmt.FmtProtoDelim}} {
		body := written(t, f.format, func(w *exposition.Writer) {
			w.Family(bare)
			w.Int("", 1, "name", long)
		})
		if got := decode(t, body, f.expfmt)[bare.Name].Metric[0].Label[0].GetValue(); got != long {
			t.Errorf("format %d: a name of 10,000 characters came back with %d", f.format, len(got))
		}
	}
}

func decode(t *testing.T, body []byte, format expfmt.Format) map[string]*dto.MetricFamily {
	t.Helper()
	decoder := expfmt.NewDecoder(bytes.NewReader(body), format.WithEscapingScheme(model.NoEscaping))
	families := map[string]*dto.MetricFamily{}
	for {
		family := new(dto.MetricFamily)
		err := decoder.Decode(family)
		if err == io.EOF {
			return families
		}
		if err != nil {
			t.Fatalf("decode: %v\n%s", err, body[:min(len(body), 2000)])
		}
		// OpenMetrics names a counter's family without _total.
		if name := family.GetName(); family.GetType() == dto.MetricType_COUNTER && !strings.HasSuffix(name, "_total") {
			name += "_total"
			family.Name = &name
		}
		families[family.GetName()] = family
	}
}

func TestDuplicatesAreDroppedAndCounted(t *testing.T) {
	write := func(w *exposition.Writer) {
		w.Family(cost)
		w.Int(exposition.LabelsOf("vm", "one"), 1)
		w.Int(exposition.LabelsOf("vm", "two"), 2)
		w.Int("", 3, "vm", "one")
		w.Family(moved) // the same labels in another family are another series
		w.Int(exposition.LabelsOf("vm", "one"), 1)
	}
	body := exposition.NewBody(write)
	if body.Series() != 3 || body.Duplicates() != 1 {
		t.Errorf("series %d, duplicates %d; want 3 and 1", body.Series(), body.Duplicates())
	}
	for _, format := range []exposition.Format{exposition.Text, exposition.Protobuf} {
		f := expfmt.FmtText
		if format == exposition.Protobuf {
			f = expfmt.FmtProtoDelim
		}
		got := decode(t, written(t, format, write), f)[cost.Name].Metric
		if len(got) != 2 || got[0].GetGauge().GetValue() != 1 {
			t.Errorf("format %d: %v; want the first of each", format, got)
		}
	}
}

// TestPiecesJoin reads joined pieces with several independent readers: Go's, and
// the programs zcat and gzip, which check the combined checksum and length.
func TestPiecesJoin(t *testing.T) {
	parts := []string{"", "first\n", strings.Repeat("the same again and again\n", 50_000), "", "last"}
	want := strings.Join(parts, "")
	press := new(exposition.Press) // one for all: a compressor that is used again starts anew
	for _, c := range []exposition.Compression{exposition.Identity, exposition.Gzip, exposition.Zstd} {
		t.Run(c.String(), func(t *testing.T) {
			stream := exposition.Stream{Compression: c}
			for _, part := range parts {
				p, err := press.Piece(c, func(w io.Writer) error {
					_, err := io.WriteString(w, part)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				stream.Pieces = append(stream.Pieces, p)
			}
			var b bytes.Buffer
			if n, err := stream.WriteTo(&b); err != nil || n != int64(b.Len()) || stream.Size() != b.Len() {
				t.Fatalf("WriteTo = %d, %v; wrote %d, Size %d", n, err, b.Len(), stream.Size())
			}
			for name, read := range readers(t, c) {
				got, err := read(b.Bytes())
				if err != nil || string(got) != want {
					t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
				}
			}
		})
	}
}

func readers(t *testing.T, c exposition.Compression) map[string]func([]byte) ([]byte, error) {
	t.Helper()
	switch c {
	case exposition.Gzip:
		return map[string]func([]byte) ([]byte, error){
			"compress/gzip, one member": func(b []byte) ([]byte, error) {
				r, err := gzip.NewReader(bytes.NewReader(b))
				if err != nil {
					return nil, err
				}
				r.Multistream(false)
				return io.ReadAll(r)
			},
			"zcat":      program("zcat"),
			"gzip -dcv": program("gzip", "-dc"),
		}
	case exposition.Zstd:
		return map[string]func([]byte) ([]byte, error){"klauspost/compress": func(b []byte) ([]byte, error) {
			d, err := zstd.NewReader(bytes.NewReader(b))
			if err != nil {
				return nil, err
			}
			defer d.Close()
			return io.ReadAll(d)
		}}
	default:
		return map[string]func([]byte) ([]byte, error){"as it is": func(b []byte) ([]byte, error) { return b, nil }}
	}
}

func program(name string, args ...string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		cmd := exec.Command(name, args...)
		cmd.Stdin = bytes.NewReader(b)
		return cmd.Output()
	}
}

func FuzzCombinedChecksum(f *testing.F) {
	f.Add([]byte("a"), []byte("b"))
	f.Add([]byte(""), []byte("only"))
	f.Add(bytes.Repeat([]byte{0}, 4096), []byte{1})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		want := crc32.ChecksumIEEE(append(append([]byte{}, a...), b...))
		got := exposition.CombineCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b)))
		if got != want {
			t.Fatalf("combined %08x, want %08x", got, want)
		}
	})
}

func FuzzLabelValues(f *testing.F) {
	f.Add(nasty, "x")
	f.Add(`\`, `"`)
	f.Add("", "\r\n\t")
	f.Fuzz(func(t *testing.T, a, b string) {
		write := func(w *exposition.Writer) {
			w.Family(bare)
			w.Int(exposition.LabelsOf("a", a, "b", b), 1)
		}
		want := map[string]string{"a": clean(a), "b": clean(b)}
		for _, f := range []struct {
			format exposition.Format
			expfmt expfmt.Format
		}{{exposition.Text, expfmt.FmtText}, {exposition.Protobuf, expfmt.FmtProtoDelim}} {
			got := map[string]string{}
			for _, l := range decode(t, written(t, f.format, write), f.expfmt)[bare.Name].Metric[0].Label {
				got[l.GetName()] = l.GetValue()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("format %d (-want +got):\n%s", f.format, diff)
			}
		}
	})
}

// clean replaces each byte that is not UTF-8, and NUL, by U+FFFD.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == 0 {
			r = '\ufffd'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestNegotiate(t *testing.T) {
	const prometheus2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
	tests := []struct {
		name, accept, encoding string
		format                 exposition.Format
		compression            exposition.Compression
		contentType            string
	}{
		{"curl", "*/*", "", exposition.Text, exposition.Identity, "text/plain; version=0.0.4"},
		{"no headers", "", "", exposition.Text, exposition.Identity, "text/plain; version=0.0.4"},
		{"Prometheus 2.42", prometheus2, "gzip", exposition.OpenMetrics, exposition.Gzip, "application/openmetrics-text; version=1.0.0"},
		{"Prometheus with native histograms", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.3", "gzip", exposition.Protobuf, exposition.Gzip, "application/vnd.google.protobuf"},
		{"OpenMetrics 2.0 is not spoken", "application/openmetrics-text;version=2.0.0,text/plain;q=0.5", "", exposition.Text, exposition.Identity, "text/plain"},
		{"zstd alone", "text/plain", "zstd", exposition.Text, exposition.Zstd, "text/plain"},
		{"gzip and zstd", "text/plain", "zstd, gzip", exposition.Text, exposition.Gzip, "text/plain"},
		{"zstd preferred", "text/plain", "gzip;q=0.5, zstd;q=0.9", exposition.Text, exposition.Zstd, "text/plain"},
		{"gzip refused", "text/plain", "gzip;q=0", exposition.Text, exposition.Identity, "text/plain"},
		{"anything", "text/plain", "*", exposition.Text, exposition.Gzip, "text/plain"},
		{"identity preferred", "text/plain", "identity, gzip;q=0.1", exposition.Text, exposition.Identity, "text/plain"},
		{"a browser", "text/html,application/xhtml+xml,*/*;q=0.8", "gzip, deflate, br, zstd", exposition.Text, exposition.Gzip, "text/plain"},
		{"a weight that is no number", "text/plain", "gzip;q=high", exposition.Text, exposition.Identity, "text/plain"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("Accept", test.accept)
			h.Set("Accept-Encoding", test.encoding)
			got := exposition.Negotiate(h)
			if got.Format != test.format || got.Compression != test.compression || !strings.HasPrefix(string(got.Expfmt), test.contentType) {
				t.Errorf("format %d, %s, %q; want %d, %s, %q", got.Format, got.Compression, got.Expfmt, test.format, test.compression, test.contentType)
			}
		})
	}
}

// failing fails at the n-th write.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	piece, err := new(exposition.Press).Piece(exposition.Gzip, func(w io.Writer) error {
		_, err := fmt.Fprint(w, "text")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	stream := exposition.Stream{Compression: exposition.Gzip, Pieces: []*exposition.Piece{piece}}
	for n := range 3 {
		if _, err := stream.WriteTo(&failing{n}); err == nil {
			t.Errorf("no error although write %d failed", n+1)
		}
	}
	w := exposition.NewWriter(&failing{0}, exposition.Text)
	writeSome(w)
	if w.Close() == nil {
		t.Error("Close returned no error although the output failed")
	}
}
