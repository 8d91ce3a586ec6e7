package snapshot

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"ukcloud_exporter/internal/exposition"
)

// wantedFor is how long an encoding that was asked for is made ahead, when a
// refresh ends, instead of by the next scrape that asks.
const wantedFor = 15 * time.Minute

// wanted remembers which encodings scrapers use of one collector. One that nobody has
// asked for is not made, and plain text never ahead: it is many times as large, and
// written to who asks as it is made.
type wanted struct {
	asked [exposition.Encodings]atomic.Pointer[ask]
}

type ask struct {
	encoding exposition.Encoding
	at       atomic.Int64 // Unix seconds
}

func (w *wanted) note(e exposition.Encoding, now time.Time) {
	if e.Compression == exposition.Identity {
		return
	}
	slot := &w.asked[e.Index()]
	a := slot.Load()
	if a == nil {
		slot.CompareAndSwap(nil, &ask{encoding: e})
		a = slot.Load()
	}
	if at := now.Unix(); a.at.Load() != at {
		a.at.Store(at)
	}
}

// recent returns the encodings that were asked for lately, the last of them last, and no
// more than most.
func (w *wanted) recent(now time.Time, most int) []exposition.Encoding {
	var recent []exposition.Encoding
	for i := range w.asked {
		if a := w.asked[i].Load(); a != nil && now.Unix()-a.at.Load() < int64(wantedFor/time.Second) {
			recent = append(recent, a.encoding)
		}
	}
	slices.SortFunc(recent, func(a, b exposition.Encoding) int {
		return cmp.Compare(w.asked[a.Index()].Load().at.Load(), w.asked[b.Index()].Load().at.Load())
	})
	return recent[max(0, len(recent)-most):]
}
