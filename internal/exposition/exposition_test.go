package exposition_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"ukcloud_exporter/internal/exposition"
)

func gauges(name, help string, values ...float64) *dto.MetricFamily {
	f := &dto.MetricFamily{Name: &name, Help: &help, Type: dto.MetricType_GAUGE.Enum()}
	for _, v := range values {
		label, text := "value", fmt.Sprint(v)
		f.Metric = append(f.Metric, &dto.Metric{
			Label: []*dto.LabelPair{{Name: &label, Value: &text}}, Gauge: &dto.Gauge{Value: &v},
		})
	}
	return f
}

// moves is a counter that began to count at a known time.
func moves() *dto.MetricFamily {
	name, help, value := "ukcloud_moves_total", "Moves.", 7.0
	return &dto.MetricFamily{Name: &name, Help: &help, Type: dto.MetricType_COUNTER.Enum(), Metric: []*dto.Metric{{
		Counter: &dto.Counter{Value: &value, CreatedTimestamp: timestamppb.New(time.Unix(1_515_000_000, 0))},
	}}}
}

// encoded encodes families in one format, without compression.
func encoded(t *testing.T, format exposition.Format, families ...*dto.MetricFamily) string {
	t.Helper()
	pieces, err := new(exposition.Press).Encode(all(families...), exposition.Encoding{Format: format})
	if err != nil {
		t.Fatal(err)
	}
	var b, written strings.Builder
	if _, err := pieces[0].WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := write(&written, all(families...), format); err != nil || written.String() != b.String() {
		t.Errorf("written as it comes, format %d: %q, %v; want %q", format, written.String(), err, b.String())
	}
	return b.String()
}

func write(w io.Writer, families iter.Seq[*exposition.Family], format exposition.Format) error {
	_, err := (&exposition.Flow{Press: new(exposition.Press), Families: families, Encoding: exposition.Encoding{Format: format}}).WriteTo(w)
	return err
}

// all turns messages into families.
func all(families ...*dto.MetricFamily) iter.Seq[*exposition.Family] {
	return func(yield func(*exposition.Family) bool) {
		for _, f := range families {
			if !yield(familyOf(f)) {
				return
			}
		}
	}
}

func familyOf(f *dto.MetricFamily) *exposition.Family {
	family := &exposition.Family{Name: f.GetName(), Help: f.GetHelp(), Counter: f.GetType() == dto.MetricType_COUNTER}
	for _, l := range f.Metric[0].Label {
		family.Labels = append(family.Labels, l.GetName())
	}
	family.Samples = func(yield func(*exposition.Sample) bool) {
		for i, m := range f.Metric {
			s := exposition.Sample{Value: m.GetGauge().GetValue() + m.GetCounter().GetValue(), Plain: true}
			if created := m.GetCounter().GetCreatedTimestamp(); created != nil {
				s.Created = created.AsTime()
			}
			for _, l := range m.Label {
				s.Labels = append(s.Labels, l.GetValue())
				s.Plain = s.Plain && exposition.Plain(l.GetValue())
			}
			if i%2 == 1 && len(s.Labels) > 0 && s.Labels[len(s.Labels)-1] != "" { // both ways to give the last one
				s.Last, s.Labels = s.Labels[len(s.Labels)-1], s.Labels[:len(s.Labels)-1]
			}
			if !yield(&s) {
				return
			}
		}
	}
	return family
}

// TestNumbers: the text formats have no exponents, for people; the number is the
// same.
func TestNumbers(t *testing.T) {
	numbers := gauges("ukcloud_n", `Of "it" \ in pounds.`,
		0, 1, -1, 5, 61838.61, -0.000000001, 999_999, 1_000_000, 17179869184, -1234567.5, 9007199254740992, 1e20,
		1e21, 1.5e300, math.Inf(1), math.NaN())
	want := `# HELP ukcloud_n Of "it" \\ in pounds.
# TYPE ukcloud_n gauge
ukcloud_n{value="0"} 0
ukcloud_n{value="1"} 1
ukcloud_n{value="-1"} -1
ukcloud_n{value="5"} 5
ukcloud_n{value="61838.61"} 61838.61
ukcloud_n{value="-1e-09"} -0.000000001
ukcloud_n{value="999999"} 999999
ukcloud_n{value="1e+06"} 1000000
ukcloud_n{value="1.7179869184e+10"} 17179869184
ukcloud_n{value="-1.2345675e+06"} -1234567.5
ukcloud_n{value="9.007199254740992e+15"} 9007199254740992
ukcloud_n{value="1e+20"} 100000000000000000000
ukcloud_n{value="1e+21"} 1e+21
ukcloud_n{value="1.5e+300"} 1.5e+300
ukcloud_n{value="+Inf"} +Inf
ukcloud_n{value="NaN"} NaN
`
	if diff := cmp.Diff(want, encoded(t, exposition.Text, numbers)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	om := encoded(t, exposition.OpenMetrics, numbers)
	for _, line := range []string{`"5"} 5.0`, `"999999"} 999999.0`, `"1e+06"} 1000000.0`, `"-1.2345675e+06"} -1234567.5`, `"-1e-09"} -0.000000001`, `"1e+21"} 1e+21`, `"+Inf"} +Inf`} {
		if !strings.Contains(om, line+"\n") {
			t.Errorf("OpenMetrics has no %s:\n%s", line, om)
		}
	}
	for _, text := range []string{want, om + "# EOF\n"} {
		format := expfmt.FmtText
		if strings.HasSuffix(text, "# EOF\n") {
			format = expfmt.FmtOpenMetrics_1_0_0
		}
		got := decode(t, []byte(text), format)["ukcloud_n"]
		for i, m := range numbers.Metric {
			if value := got.Metric[i].GetGauge().GetValue(); value != m.GetGauge().GetValue() && !math.IsNaN(value) {
				t.Errorf("%v came back as %v", m.GetGauge().GetValue(), value)
			}
		}
	}
}

// TestCounters: OpenMetrics and protobuf say when a counter began.
func TestCounters(t *testing.T) {
	want := "# HELP ukcloud_moves Moves.\n# TYPE ukcloud_moves counter\nukcloud_moves_total 7.0\nukcloud_moves_created 1515000000.0\n"
	if diff := cmp.Diff(want, encoded(t, exposition.OpenMetrics, moves())); diff != "" {
		t.Errorf("OpenMetrics (-want +got):\n%s", diff)
	}
	if text := encoded(t, exposition.Text, moves()); strings.Contains(text, "created") {
		t.Errorf("text: %s", text)
	}
	got := decode(t, []byte(encoded(t, exposition.Protobuf, moves())), expfmt.FmtProtoDelim)
	if diff := cmp.Diff(moves(), got["ukcloud_moves_total"], protocmp.Transform()); diff != "" {
		t.Errorf("protobuf (-want +got):\n%s", diff)
	}
}

// TestEncodingsOfOnePass: several encodings of one pass are as those of a pass each.
func TestEncodingsOfOnePass(t *testing.T) {
	families := []*dto.MetricFamily{moves(), gauges("ukcloud_n", "N.", 1, 2_000_000)}
	var encodings []exposition.Encoding
	for _, f := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
		for _, c := range []exposition.Compression{exposition.Identity, exposition.Gzip, exposition.Zstd} {
			encodings = append(encodings, exposition.Encoding{Format: f, Compression: c})
		}
	}
	pieces, err := new(exposition.Press).Encode(all(families...), encodings...)
	if err != nil {
		t.Fatal(err)
	}
	press := new(exposition.Press)
	for i, e := range encodings {
		var b, flowed bytes.Buffer
		if _, err := (exposition.Stream{Compression: e.Compression, Parts: []exposition.Part{pieces[i]}}).WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		flow := &exposition.Flow{Press: press, Families: all(families...), Encoding: e} // behind a piece, as in an answer
		stream := exposition.Stream{Compression: e.Compression, Parts: []exposition.Part{pieces[i], flow}}
		measured, err := stream.WriteTo(io.Discard) // as for who must know the length before
		if n, err2 := stream.WriteTo(&flowed); err != nil || err2 != nil || n != int64(flowed.Len()) || n != measured {
			t.Fatal(n, flowed.Len(), measured, err, err2)
		}
		if _, known := stream.Size(); known {
			t.Error("the size of a flow is known")
		}
		for name, read := range readers(t, e.Compression) {
			got, err := read(flowed.Bytes())
			if want := encoded(t, e.Format, families...); err != nil || string(got) != want+want {
				t.Errorf("as a flow, format %d, %s: %q, %v; want %q twice", e.Format, name, got, err, want)
			}
		}
		for name, read := range readers(t, e.Compression) {
			got, err := read(b.Bytes())
			if want := encoded(t, e.Format, families...); err != nil || string(got) != want {
				t.Errorf("format %d, %s: %q, %v; want %q", e.Format, name, got, err, want)
			}
		}
	}
}

// TestAsTheLibrary: what is written is, but for exponents, what prometheus/common writes
// of the same families, whatever stands in their labels.
func TestAsTheLibrary(t *testing.T) {
	values := []string{"", "plain", `a"b`, `back\slash`, "two\nlines", "é£\u2028", `\`, `\n`, "\t\x7f", `"`, "a,b={c}"}
	random := rand.New(rand.NewPCG(1, 2))
	var families []*dto.MetricFamily
	for n := range 24 {
		kind, name, help := dto.MetricType_GAUGE, fmt.Sprintf("ukcloud_n%d", n), "Of "+values[n%len(values)]+"."
		if n%3 == 0 {
			kind, name = dto.MetricType_COUNTER, name+"_total"
		}
		f := &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
		labels := n % 4
		for range 1 + random.IntN(300) {
			m := new(dto.Metric)
			for i := range labels {
				label := "l" + strconv.Itoa(i)
				m.Label = append(m.Label, &dto.LabelPair{Name: &label, Value: &values[random.IntN(len(values))]})
			}
			value := []float64{0, 1, -1, 17, 2.5, -0.25, 123456.78, 99999, math.Inf(-1), math.Copysign(0, -1), 1 << 53}[random.IntN(11)]
			if kind == dto.MetricType_GAUGE {
				m.Gauge = &dto.Gauge{Value: &value}
			} else {
				m.Counter = &dto.Counter{Value: &value}
				if random.IntN(2) == 0 {
					m.Counter.CreatedTimestamp = timestamppb.New(time.Unix(1_515_000_000, random.Int64N(4)*250_000_000))
				}
			}
			f.Metric = append(f.Metric, m)
		}
		families = append(families, f)
	}
	for _, tt := range []struct {
		format exposition.Format
		by     expfmt.Format
	}{
		{exposition.Text, expfmt.FmtText}, {exposition.OpenMetrics, expfmt.FmtOpenMetrics_1_0_0}, {exposition.Protobuf, expfmt.FmtProtoDelim},
	} {
		t.Run(fmt.Sprint("format ", tt.format), func(t *testing.T) {
			for _, f := range families {
				var want bytes.Buffer
				encoder := expfmt.NewEncoder(&want, tt.by.WithEscapingScheme(model.NoEscaping), expfmt.WithCreatedLines())
				if err := encoder.Encode(f); err != nil {
					t.Fatal(err)
				}
				got := encoded(t, tt.format, f)
				if tt.format == exposition.Protobuf {
					if diff := cmp.Diff(f, decode(t, []byte(got), tt.by)[f.GetName()], protocmp.Transform()); diff != "" || len(got) != want.Len() {
						t.Fatalf("%d bytes, want %d; (-want +got):\n%s", len(got), want.Len(), diff)
					}
					continue
				}
				exponents := regexp.MustCompile(`(?m) -?[0-9.]+e\+[0-9]+$`)
				text := exponents.ReplaceAllStringFunc(want.String(), func(number string) string {
					value, err := strconv.ParseFloat(number[1:], 64)
					if err != nil {
						t.Fatal(err)
					}
					plain := " " + strconv.FormatFloat(value, 'f', -1, 64)
					if tt.format == exposition.OpenMetrics && !strings.Contains(plain, ".") {
						plain += ".0"
					}
					return plain
				})
				if diff := cmp.Diff(text, got); diff != "" {
					t.Fatalf("(-library +ours):\n%s", diff)
				}
			}
		})
	}
}

// TestFamiliesWithoutSamples: they are left out in every format.
func TestFamiliesWithoutSamples(t *testing.T) {
	none := &exposition.Family{Name: "ukcloud_none", Help: "None.", Samples: func(func(*exposition.Sample) bool) {}}
	for _, format := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
		var b strings.Builder
		if err := write(&b, slices.Values([]*exposition.Family{none}), format); err != nil || b.Len() > 0 {
			t.Errorf("format %d: %q, %v", format, b.String(), err)
		}
	}
}

// TestNothingIsHeldOfAFlow: an encoder that is used again does not hold what it wrote.
func TestNothingIsHeldOfAFlow(t *testing.T) {
	for _, format := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
		with := heapWithPress(t, format)
		if held := with - heap(); held > 600<<10 {
			t.Errorf("format %d: %d KiB are held", format, held>>10)
		}
	}
}

// heapWithPress is the heap while there is a press that has written long labels.
func heapWithPress(t *testing.T, format exposition.Format) int64 {
	t.Helper()
	large := func(yield func(*exposition.Sample) bool) {
		for range 3000 {
			yield(&exposition.Sample{Labels: []string{strings.Repeat("x", 8<<10)}})
		}
	}
	families := slices.Values([]*exposition.Family{{Name: "ukcloud_n", Help: "N.", Labels: []string{"l"}, Samples: large}})
	press := new(exposition.Press)
	if _, err := (&exposition.Flow{Press: press, Families: families, Encoding: exposition.Encoding{Format: format}}).WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	bytes := heap()
	runtime.KeepAlive(press)
	return bytes
}

// heap is what is in use behind two collections: a sync.Pool lets go at the second.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestPortions: behind each other they are the whole message, and whoever stops early is
// asked no more.
func TestPortions(t *testing.T) {
	family := gauges("ukcloud_n", "N.", make([]float64, 700)...)
	f := familyOf(family)
	f.Labels = append([]string(nil), f.Labels...)
	got, sizes := new(dto.MetricFamily), []int(nil)
	for portion := range f.Portions() {
		sizes = append(sizes, len(portion.Metric))
		proto.Merge(got, portion)
	}
	if diff := cmp.Diff(family, got, protocmp.Transform()); diff != "" || !slices.Equal(sizes, []int{256, 256, 188}) {
		t.Errorf("portions of %d; (-want +got):\n%s", sizes, diff)
	}
	for range f.Portions() {
		break
	}
}

// TestPieceMemory: a piece that is kept holds hardly more than its bytes, in a few blocks none of which is
// large, whatever is written at once.
func TestPieceMemory(t *testing.T) {
	for _, size := range []int{1, 100, 5_000, 8_192, 100_000, 3_000_000} {
		for _, step := range []int{37, 4096, size} {
			piece, err := new(exposition.Press).Piece(exposition.Identity, func(w io.Writer) error {
				for left := size; left > 0; left -= step {
					if _, err := w.Write(make([]byte, min(left, step))); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			piece.Trim()
			held, blocks, largest := piece.Held()
			if piece.Size() != size || held > 2*size+64 || blocks > 8+size/(100<<10) || largest > 128<<10 {
				t.Errorf("%d bytes written %d at a time: %d bytes in memory in %d blocks, the largest of %d, size %d", size, step, held, blocks, largest, piece.Size())
			}
		}
	}
}

func TestHarmless(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"plain", `a"b\c` + "\nd", `a"b\c` + "\nd"},
		{"other alphabets", "é£\u2028", "é£\u2028"},
		{"NUL", "a\x00b", "a\ufffdb"},
		{"not UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"the first byte that is not ASCII", "a\x80b", "a\ufffdb"},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exposition.Harmless(tt.value); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	// Each label of each sample comes by here.
	if n := testing.AllocsPerRun(10, func() { _ = exposition.Harmless("an ordinary name of a VM, not short") }); n > 0 {
		t.Errorf("%.0f allocations for what is harmless", n)
	}
}

// TestEncodingsApart: each has a place of its own in an array of Encodings.
func TestEncodingsApart(t *testing.T) {
	seen := map[int]exposition.Encoding{}
	for _, format := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
		for _, compression := range []exposition.Compression{exposition.Identity, exposition.Gzip, exposition.Zstd} {
			e := exposition.Encoding{Format: format, Compression: compression}
			if other, ok := seen[e.Index()]; ok || e.Index() < 0 || e.Index() >= exposition.Encodings {
				t.Errorf("%v has the place %d of %d, as has %v", e, e.Index(), exposition.Encodings, other)
			}
			seen[e.Index()] = e
		}
	}
}

func TestEncodeErrorsAreReturned(t *testing.T) {
	for _, format := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
		for _, tt := range []struct {
			name   string
			values int
		}{{"what fits the buffer", 1}, {"more than that", 20_000}} {
			t.Run(fmt.Sprint(format, " ", tt.name), func(t *testing.T) {
				family := gauges("ukcloud_n", "N.", make([]float64, tt.values)...)
				if err := write(&failing{0}, all(family, family), format); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("%v, want %v", err, io.ErrClosedPipe)
				}
			})
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
				stream.Parts = append(stream.Parts, p)
			}
			var b bytes.Buffer
			size, known := stream.Size()
			if n, err := stream.WriteTo(&b); err != nil || n != int64(b.Len()) || size != b.Len() || !known {
				t.Fatalf("WriteTo = %d, %v; wrote %d, Size %d, %v", n, err, b.Len(), size, known)
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
		{"a weight above 1", "text/plain", "gzip;q=1.5, zstd;q=0.5", exposition.Text, exposition.Zstd, "text/plain"},
		{"a weight of 1", "text/plain", "gzip;q=1, zstd;q=0.9", exposition.Text, exposition.Gzip, "text/plain"},
		{"a weight below 0", "text/plain", "gzip;q=-1", exposition.Text, exposition.Identity, "text/plain"},
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
	stream := exposition.Stream{Compression: exposition.Gzip, Parts: []exposition.Part{piece}}
	for n := range 3 {
		if _, err := stream.WriteTo(&failing{n}); err == nil {
			t.Errorf("no error although write %d failed", n+1)
		}
	}
}
