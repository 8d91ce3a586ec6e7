package snapshot_test

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// looked is data that counts how often its samples are made, once for each encoding of
// a pass.
type looked struct{ times *atomic.Int64 }

func (l *looked) samples() []collector.Sample {
	l.times.Add(1)
	return []collector.Sample{{Labels: []string{"1"}, Value: 1}}
}

// TestWantedEncodingsAreMadeAhead: when a round ends its data is encoded as scrapers have
// asked for it lately, so that none of them waits for that; and not as nobody has.
func TestWantedEncodingsAreMadeAhead(t *testing.T) {
	zstd := exposition.Encoding{Format: exposition.OpenMetrics, Compression: exposition.Zstd}
	tests := []struct {
		name   string
		before []exposition.Encoding // asked for
		pause  time.Duration         // until the round
		ask    exposition.Encoding
		ahead  bool
	}{
		{"asked for", []exposition.Encoding{gzip}, 2 * time.Minute, gzip, true},
		{"asked for among others", []exposition.Encoding{zstd, text, gzip}, 2 * time.Minute, zstd, true},
		{"asked for just lately enough", []exposition.Encoding{gzip}, 15*time.Minute - time.Second, gzip, true},
		{"asked for too long ago", []exposition.Encoding{gzip}, 15 * time.Minute, gzip, false},
		{"never asked for", []exposition.Encoding{gzip}, 2 * time.Minute, zstd, false},
		{"plain text is never", []exposition.Encoding{text}, 2 * time.Minute, text, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var times atomic.Int64
				b := newBench(t, &fake{name: "a", collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
					return []collector.Result{{Key: "1", Account: "1", Part: partOf(&looked{&times})}}, nil
				}})
				read := func(e exposition.Encoding) {
					parts, err := b.Exposition(e, b.Names())
					if err != nil {
						t.Fatal(err)
					}
					if _, err := (exposition.Stream{Compression: e.Compression, Parts: parts}).WriteTo(io.Discard); err != nil {
						t.Fatal(err)
					}
				}
				b.Refresh(t.Context(), time.Now().Add(time.Second), b.Names())
				for _, e := range tt.before {
					read(e)
				}
				time.Sleep(tt.pause)
				b.Refresh(t.Context(), time.Now().Add(time.Second), b.Names())
				before := times.Load()
				read(tt.ask)
				if ahead := times.Load() == before; ahead != tt.ahead {
					t.Errorf("made ahead: %v", ahead)
				}
			})
		})
	}
}

// TestWantedOfOneCollector: who asks for one collector alone makes no work for others.
func TestWantedOfOneCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times [2]atomic.Int64
		member := func(name string, times *atomic.Int64) *fake {
			return &fake{name: name, collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
				return []collector.Result{{Key: "1", Account: "1", Part: partOf(&looked{times})}}, nil
			}}
		}
		b := newBench(t, member("a", &times[0]), member("b", &times[1]))
		b.Refresh(t.Context(), time.Now().Add(time.Second), b.Names())
		if _, err := b.Exposition(gzip, []string{"a"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		b.Refresh(t.Context(), time.Now().Add(time.Second), b.Names())
		for i, name := range []string{"a", "b"} {
			before := times[i].Load()
			if _, err := b.Exposition(gzip, []string{name}); err != nil {
				t.Fatal(err)
			}
			if ahead := times[i].Load() == before; ahead != (name == "a") {
				t.Errorf("%s made ahead: %v", name, ahead)
			}
		}
	})
}
