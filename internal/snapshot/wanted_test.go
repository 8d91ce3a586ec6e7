package snapshot_test

import (
	"context"
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
	gzip := exposition.Encoding{Format: exposition.OpenMetrics, Compression: exposition.Gzip}
	tests := []struct {
		name   string
		before []exposition.Encoding // asked for
		pause  time.Duration         // until the round
		ask    exposition.Encoding
		ahead  bool
	}{
		{"asked for", []exposition.Encoding{text}, 2 * time.Minute, text, true},
		{"asked for among others", []exposition.Encoding{gzip, text}, 2 * time.Minute, gzip, true},
		{"asked for just lately enough", []exposition.Encoding{text}, 15*time.Minute - time.Second, text, true},
		{"asked for too long ago", []exposition.Encoding{text}, 15 * time.Minute, text, false},
		{"never asked for", []exposition.Encoding{text}, 2 * time.Minute, gzip, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var times atomic.Int64
				b := newBench(t, &fake{name: "a", collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
					return []collector.Result{{Key: "1", Account: "1", Part: partOf(&looked{&times})}}, nil
				}})
				pieces := func(e exposition.Encoding) {
					if _, err := b.Pieces(e, b.Names()); err != nil {
						t.Fatal(err)
					}
				}
				b.Refresh(t.Context(), time.Now().Add(time.Second), b.Names())
				for _, e := range tt.before {
					pieces(e)
				}
				time.Sleep(tt.pause)
				b.Refresh(t.Context(), time.Now().Add(time.Second), b.Names())
				before := times.Load()
				pieces(tt.ask)
				if ahead := times.Load() == before; ahead != tt.ahead {
					t.Errorf("made ahead: %v", ahead)
				}
			})
		})
	}
}
