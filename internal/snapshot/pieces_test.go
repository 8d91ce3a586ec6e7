package snapshot_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
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

// TestLargePiecesAreKeptAlone: of data whose encodings are large one is kept, and made
// ahead: that which was asked for last when a round ends.
func TestLargePiecesAreKeptAlone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		bytes int // of random label values, hardly smaller when they are compressed
		kept  int
	}{{"small", 1 << 20, 2}, {"large", 10 << 20, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.NewChaCha8([32]byte{1})
				rounds := 0
				b := newBench(t, &fake{name: "a", collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
					rounds++
					v := &value{n: rounds}
					for range tt.bytes >> 13 {
						name := make([]byte, 6<<10)
						_, _ = random.Read(name) // never fails
						v.labels = append(v.labels, base64.StdEncoding.EncodeToString(name))
					}
					return []collector.Result{{Key: "1", Account: "1", Part: partOf(v)}}, nil
				}})
				zstd := exposition.Encoding{Format: exposition.Text, Compression: exposition.Zstd}
				ask := func(e exposition.Encoding) exposition.Part {
					parts, err := b.Exposition(e, b.Names())
					if err != nil {
						t.Fatal(err)
					}
					return parts[0]
				}
				b.Refresh(t.Context(), time.Now().Add(time.Minute), b.Names())
				first, second := ask(gzip), ask(zstd)
				if _, kept := second.(*exposition.Piece); kept != (tt.kept == 2) {
					t.Errorf("the second one is kept: %v", kept)
				}
				if ask(gzip) != first {
					t.Error("the first one is made anew")
				}
				ask(zstd)
				time.Sleep(2 * time.Minute)
				b.Refresh(t.Context(), time.Now().Add(time.Minute), b.Names())
				_, kept := ask(zstd).(*exposition.Piece)
				if _, first := ask(gzip).(*exposition.Piece); !kept || first != (tt.kept == 2) {
					t.Errorf("after a round the one that was asked for last is kept: %v, the other one: %v", kept, first)
				}
			})
		})
	}
}
