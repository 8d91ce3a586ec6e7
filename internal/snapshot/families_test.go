package snapshot_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/testing/protocmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/snapshot"
)

// nasty is a name as somebody could type it.
const nasty = "a\"b\\c\nd\x00e\xffé£\u2028"

// samples is the data of a part: samples by family.
type samples map[string][]collector.Sample

func familyOf(kind collector.Type, name string, labels ...string) collector.Family {
	return collector.Family{
		Name: name, Help: "Of a test.", Type: kind, Labels: labels,
		Samples: func(data any) []collector.Sample { return data.(samples)[name] },
	}
}

func sample(value float64, labels ...string) collector.Sample {
	return collector.Sample{Labels: labels, Value: value}
}

// expose returns what two parts expose in an encoding, and the cache that they are in.
func expose(t *testing.T, families []collector.Family, format exposition.Format, parts ...samples) string {
	t.Helper()
	f := &scripted{families: families}
	for i, p := range parts {
		f.results = append(f.results, collector.Result{Key: string(rune('a' + i)), Part: &collector.Part{Data: p}})
	}
	b := newBenchOf(t, snapshot.Member{Name: "a", Collector: f, MinInterval: time.Hour, MaxAge: time.Hour})
	b.Refresh(t.Context(), time.Now().Add(time.Minute), b.Names())
	pieces, err := b.Exposition(exposition.Encoding{Format: format}, b.Names())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := (exposition.Stream{Parts: pieces}).WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestFormatsAgree reads each format with prometheus/common's own decoder and
// expects the same families from all: each one group, whichever parts it is of.
func TestFormatsAgree(t *testing.T) {
	families := []collector.Family{
		familyOf(collector.Gauge, "ukcloud_cost_gbp", "vm", "state"), familyOf(collector.Gauge, "ukcloud_nothing"),
		familyOf(collector.Counter, "ukcloud_moves_total", "vm"), familyOf(collector.Gauge, "ukcloud_bare"),
	}
	first := samples{
		"ukcloud_cost_gbp": {sample(61838.61, "one", "on"), sample(-1, nasty, ""), sample(3e9, strings.Repeat("x", 40), "off")},
		"ukcloud_bare":     {sample(1)},
	}
	second := samples{
		"ukcloud_cost_gbp":    {sample(2, "two", "on")},
		"ukcloud_moves_total": {sample(7, `o"ne`), sample(0.1, "two")},
	}
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
	var text map[string]*dto.MetricFamily
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			got := decode(t, expose(t, families, f.format, first, second)+f.end, f.expfmt)
			if text == nil {
				text = got
				if len(got) != 3 || len(got["ukcloud_cost_gbp"].Metric) != 4 || len(got["ukcloud_moves_total"].Metric) != 2 {
					t.Fatalf("%v", got)
				}
				name := got["ukcloud_cost_gbp"].Metric[1].Label[0].GetValue()
				if want := "a\"b\\c\nd\ufffde\ufffdé£\u2028"; name != want {
					t.Errorf("label value %q, want %q", name, want)
				}
				return
			}
			if diff := cmp.Diff(text, got, protocmp.Transform()); diff != "" {
				t.Errorf("differs from text (-text +%s):\n%s", f.name, diff)
			}
		})
	}
}

// TestLongNames is not part of TestFormatsAgree: prometheus/common's OpenMetrics
// decoder takes minutes and gigabytes for one label value of this length.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("n\"", 5_000)
	families := []collector.Family{familyOf(collector.Gauge, "ukcloud_bare", "name")}
	for format, f := range map[exposition.Format]expfmt.Format{exposition.Text: expfmt.FmtText, exposition.Protobuf: expfmt.FmtProtoDelim} {
		got := decode(t, expose(t, families, format, samples{"ukcloud_bare": {sample(1, long)}}), f)
		if name := got["ukcloud_bare"].Metric[0].Label[0].GetValue(); name != long {
			t.Errorf("format %d: a name of 10,000 characters came back with %d", format, len(name))
		}
	}
}

func decode(t *testing.T, body string, format expfmt.Format) map[string]*dto.MetricFamily {
	t.Helper()
	decoder := expfmt.NewDecoder(bytes.NewReader([]byte(body)), format.WithEscapingScheme(model.NoEscaping))
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

// TestDuplicatesAreDroppedAndCounted: of one series the first is kept, also where
// two names become the same when they are made harmless; in another family the same
// labels are another series.
func TestDuplicatesAreDroppedAndCounted(t *testing.T) {
	families := []collector.Family{
		familyOf(collector.Gauge, "ukcloud_a", "vm", "state"), familyOf(collector.Gauge, "ukcloud_b", "vm", "state"),
	}
	text, duplicates, err := snapshot.Text(families,
		&collector.Part{Data: samples{
			"ukcloud_a": {sample(1, "one", "x"), sample(2, "one", "x"), sample(3, "on", "ex"), sample(4, "\xff", "")},
			"ukcloud_b": {sample(5, "one", "x")},
		}},
		&collector.Part{Data: samples{"ukcloud_a": {sample(6, "\x00", ""), sample(7, "two", "x")}}})
	want := `# HELP ukcloud_a Of a test.
# TYPE ukcloud_a gauge
ukcloud_a{vm="one",state="x"} 1
ukcloud_a{vm="on",state="ex"} 3
ukcloud_a{vm="` + "\ufffd" + `",state=""} 4
ukcloud_a{vm="two",state="x"} 7
# HELP ukcloud_b Of a test.
# TYPE ukcloud_b gauge
ukcloud_b{vm="one",state="x"} 5
`
	if diff := cmp.Diff(want, text); err != nil || duplicates != 2 || diff != "" {
		t.Errorf("%d duplicates, %v (-want +got):\n%s", duplicates, err, diff)
	}
}

// TestManySamples: a family of more samples than are encoded at once is one family in
// every format, with duplicates found across all of it.
func TestManySamples(t *testing.T) {
	families := []collector.Family{
		familyOf(collector.Gauge, "ukcloud_a", "vm"), familyOf(collector.Counter, "ukcloud_b_total", "vm"),
	}
	many := samples{}
	for i := range 1500 {
		many["ukcloud_a"] = append(many["ukcloud_a"], sample(float64(i), fmt.Sprint(i)))
		many["ukcloud_b_total"] = append(many["ukcloud_b_total"], sample(float64(i), fmt.Sprint(i)))
	}
	many["ukcloud_a"] = append(many["ukcloud_a"], sample(-1, "0"))
	last := samples{"ukcloud_a": {sample(7, "last")}}
	// prometheus/common's decoder of OpenMetrics takes too long for this.
	text := expose(t, families, exposition.OpenMetrics, many, last)
	if a, b := strings.Count(text, "\nukcloud_a{"), strings.Count(text, "\nukcloud_b_total{"); a != 1501 || b != 1500 || strings.Count(text, "# ") != 4 {
		t.Errorf("OpenMetrics has %d and %d samples, %d comments", a, b, strings.Count(text, "# "))
	}
	for format, f := range map[exposition.Format]expfmt.Format{exposition.Text: expfmt.FmtText, exposition.Protobuf: expfmt.FmtProtoDelim} {
		got := decode(t, expose(t, families, format, many, last), f)
		if len(got) != 2 || len(got["ukcloud_a"].Metric) != 1501 || len(got["ukcloud_b_total"].Metric) != 1500 {
			t.Fatalf("format %d: %d families, %d and %d samples", format, len(got), len(got["ukcloud_a"].Metric), len(got["ukcloud_b_total"].Metric))
		}
		for i, m := range got["ukcloud_a"].Metric[:1500] {
			if m.Label[0].GetValue() != fmt.Sprint(i) || m.GetGauge().GetValue() != float64(i) {
				t.Fatalf("format %d: sample %d is %v", format, i, m)
			}
		}
	}
}

// TestCreated: when a counter began is part of the formats that can say it.
func TestCreated(t *testing.T) {
	families := []collector.Family{familyOf(collector.Counter, "ukcloud_moves_total", "vm")}
	moves := samples{"ukcloud_moves_total": {
		{Labels: []string{"one"}, Value: 7, Created: time.Unix(1_515_000_000, 0)}, sample(8, "two"),
	}}
	want := `# HELP ukcloud_moves Of a test. Cached, refreshed at most every 1h.
# TYPE ukcloud_moves counter
ukcloud_moves_total{vm="one"} 7.0
ukcloud_moves_created{vm="one"} 1515000000.0
ukcloud_moves_total{vm="two"} 8.0
`
	if diff := cmp.Diff(want, expose(t, families, exposition.OpenMetrics, moves)); diff != "" {
		t.Errorf("OpenMetrics (-want +got):\n%s", diff)
	}
	protobuf := decode(t, expose(t, families, exposition.Protobuf, moves), expfmt.FmtProtoDelim)["ukcloud_moves_total"].Metric
	if at := protobuf[0].Counter.CreatedTimestamp; at.GetSeconds() != 1_515_000_000 || protobuf[1].Counter.CreatedTimestamp != nil {
		t.Errorf("protobuf: %v", protobuf)
	}
}

func FuzzLabelValues(f *testing.F) {
	f.Add(nasty, "x")
	f.Add(`\`, `"`)
	f.Add("", "\r\n\t")
	families := []collector.Family{familyOf(collector.Gauge, "ukcloud_bare", "a", "b")}
	f.Fuzz(func(t *testing.T, a, b string) {
		want := map[string]string{"a": clean(a), "b": clean(b)}
		for format, f := range map[exposition.Format]expfmt.Format{exposition.Text: expfmt.FmtText, exposition.Protobuf: expfmt.FmtProtoDelim} {
			got := map[string]string{}
			for _, l := range decode(t, expose(t, families, format, samples{"ukcloud_bare": {sample(1, a, b)}}), f)["ukcloud_bare"].Metric[0].Label {
				got[l.GetName()] = l.GetValue()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("format %d (-want +got):\n%s", format, diff)
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
