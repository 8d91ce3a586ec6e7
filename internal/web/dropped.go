package web

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// tellEvery is how often the log tells of dropped scrapes at most.
const tellEvery = time.Minute

// Dropped counts the scrapes that got no whole answer because of Places, and tells
// of them in the log: of the first at once, of those that follow once a minute.
type Dropped struct {
	log             *slog.Logger
	scrapes         *prometheus.CounterVec
	refused, cutOff prometheus.Counter

	mu     sync.Mutex
	untold struct{ refused, cutOff int }
	quiet  bool // a line was written within the last minute
}

// NewDropped returns counts of zero.
func NewDropped(log *slog.Logger) *Dropped {
	scrapes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ukcloud_scrapes_dropped_total",
		Help: "Scrapes without a whole answer because of --web.max-requests: refused with 503, or cut_off while they were read slowly.",
	}, []string{"reason"})
	return &Dropped{log: log, scrapes: scrapes, refused: scrapes.WithLabelValues("refused"), cutOff: scrapes.WithLabelValues("cut_off")}
}

// Describe implements prometheus.Collector.
func (d *Dropped) Describe(ch chan<- *prometheus.Desc) { d.scrapes.Describe(ch) }

// Collect implements prometheus.Collector.
func (d *Dropped) Collect(ch chan<- prometheus.Metric) { d.scrapes.Collect(ch) }

// refuse counts a scrape that found no place.
func (d *Dropped) refuse() { d.drop(d.refused, &d.untold.refused) }

// cut counts a scrape that lost its place to another.
func (d *Dropped) cut() { d.drop(d.cutOff, &d.untold.cutOff) }

func (d *Dropped) drop(counter prometheus.Counter, untold *int) {
	counter.Inc()
	d.mu.Lock()
	defer d.mu.Unlock()
	*untold++
	d.tell()
}

// tell writes a line, now or when the minute since the last one is over.
func (d *Dropped) tell() {
	if d.quiet {
		return
	}
	d.log.Warn("Scrapes were dropped: more are being read at the same time than --web.max-requests",
		"refused", d.untold.refused, "cut_off", d.untold.cutOff)
	d.untold.refused, d.untold.cutOff = 0, 0
	d.quiet = true
	time.AfterFunc(tellEvery, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.quiet = false
		if d.untold.refused+d.untold.cutOff > 0 {
			d.tell()
		}
	})
}
