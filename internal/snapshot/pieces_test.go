package snapshot_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/exposition"
)

// TestFewEncodingsAreKept: whoever asks for all encodings there are is answered, and four
// of them are kept, those that were asked for last.
func TestFewEncodingsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", 0))
		b.scrape(time.Second)
		var all []exposition.Encoding
		for _, format := range []exposition.Format{exposition.Text, exposition.OpenMetrics, exposition.Protobuf} {
			for _, compression := range []exposition.Compression{exposition.Identity, exposition.Gzip, exposition.Zstd} {
				all = append(all, exposition.Encoding{Format: format, Compression: compression})
			}
		}
		ask := func(e exposition.Encoding) *exposition.Piece {
			pieces, err := b.Pieces(e, b.Names())
			if err != nil {
				t.Fatal(err)
			}
			return pieces[0]
		}
		first := map[exposition.Encoding]*exposition.Piece{}
		for _, e := range all {
			first[e] = ask(e)
		}
		for i := len(all) - 1; i >= 0; i-- { // the last ones are kept, the others made anew
			again := ask(all[i])
			if kept := again == first[all[i]]; kept != (i >= len(all)-4) {
				t.Errorf("%+v: kept %v", all[i], kept)
			}
			var old, now bytes.Buffer
			_, _ = exposition.Stream{Compression: all[i].Compression, Pieces: []*exposition.Piece{first[all[i]]}}.WriteTo(&old)
			_, _ = exposition.Stream{Compression: all[i].Compression, Pieces: []*exposition.Piece{again}}.WriteTo(&now)
			if !bytes.Equal(old.Bytes(), now.Bytes()) {
				t.Errorf("%+v: another answer", all[i])
			}
		}
	})
}
