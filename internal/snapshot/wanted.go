package snapshot

import (
	"sync/atomic"
	"time"

	"ukcloud_exporter/internal/exposition"
)

// wantedFor is how long an encoding that was asked for is made ahead, when a
// refresh ends, instead of by the next scrape that asks.
const wantedFor = 15 * time.Minute

// wanted remembers which encodings scrapers use. One that nobody has asked for
// is not made.
type wanted struct {
	asked [exposition.Encodings]atomic.Pointer[ask]
}

type ask struct {
	encoding exposition.Encoding
	at       atomic.Int64 // Unix seconds
}

func (w *wanted) note(e exposition.Encoding, now time.Time) {
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

func (w *wanted) recent(now time.Time) []exposition.Encoding {
	var recent []exposition.Encoding
	for i := range w.asked {
		if a := w.asked[i].Load(); a != nil && now.Unix()-a.at.Load() < int64(wantedFor/time.Second) {
			recent = append(recent, a.encoding)
		}
	}
	return recent
}
