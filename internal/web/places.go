package web

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// slowReader is how long an answer may take to be read before its place is given to
// another scrape.
const slowReader = 5 * time.Second

// placeWait is how long a scrape waits for a place to write.
const placeWait = time.Second

// Places bounds the scrapes that wait for the portal and, apart from them, those that
// write. Who finds no place to wait takes what there is, and who finds none to write
// gets that of the slowest reader: neither a portal that hangs nor readers that
// do not read keep Prometheus out. What that costs others is in Dropped.
type Places struct {
	dropped *Dropped
	waiting chan struct{}
	writing chan struct{}

	mu      sync.Mutex
	writers []*writer // the oldest first
}

// writer is a scrape that is being read.
type writer struct {
	since      time.Time
	connection *http.ResponseController
	cut        bool
}

// NewPlaces returns n places to wait and n to write; 0 is no bound.
func NewPlaces(n int, dropped *Dropped) *Places {
	if n <= 0 {
		return nil
	}
	return &Places{dropped: dropped, waiting: make(chan struct{}, n), writing: make(chan struct{}, n)}
}

// wait takes a place to wait, if there is one.
func (p *Places) wait() (leave func(), ok bool) {
	if p == nil {
		return func() {}, true
	}
	select {
	case p.waiting <- struct{}{}:
		return func() { <-p.waiting }, true
	default:
		return nil, false
	}
}

// write takes a place to write, and gives the answer its time. Where the connection
// knows no deadline, there is none.
func (p *Places) write(ctx context.Context, connection *http.ResponseController) (leave func(), ok bool) {
	if p == nil {
		_ = connection.SetWriteDeadline(time.Now().Add(writeTimeout))
		return func() { _ = connection.SetWriteDeadline(time.Time{}) }, true // not for what it is used for next
	}
	select {
	case p.writing <- struct{}{}:
	default:
		p.cutSlowest()
		timer := time.NewTimer(placeWait)
		defer timer.Stop()
		select {
		case p.writing <- struct{}{}:
		case <-timer.C:
			p.dropped.refuse()
			return nil, false
		case <-ctx.Done(): // the scraper waits for less than that
			p.dropped.refuse()
			return nil, false
		}
	}
	w := &writer{since: time.Now(), connection: connection}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writers = append(p.writers, w)
	_ = connection.SetWriteDeadline(w.since.Add(writeTimeout))
	return func() { p.leave(w) }, true
}

// cutSlowest ends the answer that is being read for longest, if that is long.
func (p *Places) cutSlowest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.writers {
		if time.Since(w.since) < slowReader {
			return
		}
		if !w.cut {
			w.cut = true
			p.dropped.cut()
			_ = w.connection.SetWriteDeadline(time.Now())
			return
		}
	}
}

func (p *Places) leave(w *writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.writers {
		if p.writers[i] == w {
			p.writers = append(p.writers[:i], p.writers[i+1:]...)
			break
		}
	}
	if !w.cut {
		_ = w.connection.SetWriteDeadline(time.Time{})
	}
	<-p.writing
}
