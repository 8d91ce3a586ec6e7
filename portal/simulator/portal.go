package simulator

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Portal is a simulated portal. It is safe for concurrent use and starts no
// goroutine of its own. One that is used in a synctest bubble has to be made
// inside it.
type Portal struct {
	options  Options
	routes   []route
	users    []User // the first one is Options.Email
	estate   *estate
	london   *time.Location
	book     book
	sessions sessions
	edits    edits
	counters counters
	tags     validators
	floods   atomic.Int64 // answers that have to differ from all before
	clock    atomic.Pointer[func() time.Time]
	faults   atomic.Pointer[[]Fault]
	closed   chan struct{}
	close    func()
}

// New draws the estate. The error says which option makes no sense.
func New(options Options) (*Portal, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("simulated portal: %w", err)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return nil, fmt.Errorf("simulated portal: %w", err)
	}
	p := &Portal{options: o, routes: routes(), estate: newEstate(o), london: london, closed: make(chan struct{})}
	p.users = append([]User{{o.Email, o.Password, Administrator}}, o.Users...)
	p.book = newBook()
	p.close = sync.OnceFunc(func() { close(p.closed) })
	p.sessions.open, p.sessions.rejected = map[string]session{}, map[*User]int{}
	p.edits.backups = map[backupEdit]string{}
	p.edits.restated = map[billKey][]restatement{}
	p.edits.spoiled = map[billKey][]spoiledCell{}
	p.edits.billedOn = map[string]int64{}
	p.SetNow(o.Now)
	p.SetFaults(o.Faults...)
	return p, nil
}

// Email is the address of the portal's first login.
func (p *Portal) Email() string { return p.users[0].Email }

// SetNow sets the portal's clock.
func (p *Portal) SetNow(now func() time.Time) { p.clock.Store(&now) }

func (p *Portal) now() time.Time { return (*p.clock.Load())().UTC() }

// tick is the present hour. The live fields are computed once an hour, so that
// an answer and its validator hold until the next one.
func (p *Portal) tick() int64 { return tickOf(p.now()) }

func tickOf(now time.Time) int64 {
	t := now.Unix()
	return t - t%hour
}

// Close ends the requests that hang by a fault. The portal goes on to answer.
func (p *Portal) Close() { p.close() }

// counters count what was asked of the portal.
type counters struct {
	mu                 sync.Mutex
	requests           map[string]int
	logins, rejections int
	serial             int64
}

// count counts a request and returns its serial number.
func (c *counters) count(endpoint string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = map[string]int{}
	}
	c.requests[endpoint]++
	c.serial++
	return c.serial
}

func (c *counters) login(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch status {
	case http.StatusCreated:
		c.logins++
	case http.StatusUnauthorized:
		c.rejections++
	}
}

// Requests returns how often each endpoint was asked, by the names that faults
// have; "" is any path that the portal does not know.
func (p *Portal) Requests() map[string]int {
	p.counters.mu.Lock()
	defer p.counters.mu.Unlock()
	return maps.Clone(p.counters.requests)
}

// Logins returns the number of accepted logins.
func (p *Portal) Logins() int {
	p.counters.mu.Lock()
	defer p.counters.mu.Unlock()
	return p.counters.logins
}

// RejectedLogins returns the number of logins answered 401, also by a fault.
func (p *Portal) RejectedLogins() int {
	p.counters.mu.Lock()
	defer p.counters.mu.Unlock()
	return p.counters.rejections
}

// ServeHTTP answers everything under /api/, and shows a login page at /login,
// where the redirect fault leads.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, allowed := p.newCall(r)
	serial := p.counters.count(c.endpoint)
	p.stamp(w.Header(), serial)
	if !p.wait(r, p.options.Latency) {
		return
	}
	fault, kind := p.faultFor(c)
	if !p.wait(r, fault.Delay) {
		return
	}
	var a answer
	if kind.answer != nil {
		a = kind.answer(p, c)
	} else if a = p.answerCall(w.Header(), c, allowed); kind.alter != nil && a.status < 300 {
		a = kind.alter(p, c, a)
	}
	if c.endpoint == "authenticate" {
		p.counters.login(a.status)
	}
	p.options.Logger.LogAttrs(r.Context(), slog.LevelDebug, "Portal request", slog.String("method", r.Method),
		slog.String("endpoint", c.endpoint), slog.Int("status", a.status), slog.String("fault", fault.Kind))
	p.send(w, r, a, kind, serial)
}

// stamp sets the headers of every recorded answer.
func (p *Portal) stamp(h http.Header, serial int64) {
	d := p.estate.draw.of(topicRequest, serial)
	version := "1.102.0" // of April 2019, the reference's release
	if p.options.Era == Era2020 {
		version = "2.4.0"
	}
	h.Set("X-App-Name", "Portal")
	h.Set("X-App-Version", version)
	h.Set("X-Request-Id", d.uuid())
	h.Set("X-Runtime", fmt.Sprintf("0.%06d", d.within(2_000, 900_000)))
	if !p.options.KeepAlive {
		h.Set("Connection", "close")
	}
}

// wait waits for a time; false means that the client has gone.
func (p *Portal) wait(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.closed:
	case <-r.Context().Done():
		return false
	}
	return true
}
