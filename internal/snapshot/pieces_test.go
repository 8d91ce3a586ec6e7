package snapshot_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/exposition"
)

// TestFewEncodingsAreKept: whoever asks for all encodings there are is answered, and two
// of them are kept, those that were asked for last; of plain text nothing.
func TestFewEncodingsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", 0))
		b.scrape(time.Second)
		var all []exposition.Encoding
		for _, compression := range []exposition.Compression{exposition.Identity, exposition.Gzip, exposition.Zstd} {
			for _, format := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
				all = append(all, exposition.Encoding{Format: format, Compression: compression})
			}
		}
		answer := func(e exposition.Encoding, parts []exposition.Part) string {
			var b bytes.Buffer
			if _, err := (exposition.Stream{Compression: e.Compression, Parts: parts}).WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		ask := func(e exposition.Encoding) []exposition.Part {
			parts, err := b.Exposition(e, b.Names())
			if err != nil {
				t.Fatal(err)
			}
			return parts
		}
		first := map[exposition.Encoding][]exposition.Part{}
		for _, e := range all {
			first[e] = ask(e)
		}
		for i := len(all) - 1; i >= 0; i-- { // the last ones are kept, the others made anew
			again := ask(all[i])
			piece, _ := again[0].(*exposition.Piece)
			before, _ := first[all[i]][0].(*exposition.Piece)
			if kept := piece != nil && piece == before; kept != (i >= len(all)-2) {
				t.Errorf("%+v: kept %v", all[i], kept)
			}
			if (piece == nil) != (all[i].Compression == exposition.Identity) {
				t.Errorf("%+v: a piece %v", all[i], piece != nil)
			}
			if answer(all[i], first[all[i]]) != answer(all[i], again) {
				t.Errorf("%+v: another answer", all[i])
			}
		}
	})
}
