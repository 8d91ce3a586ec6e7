package snapshot

import "time"

// Status is a collector for people.
type Status struct {
	Name        string
	Running     bool // a refresh runs now
	Attempts    int
	Success     bool
	Fresh       bool // it holds a part younger than MaxAge
	LastAttempt time.Time
	LastSuccess time.Time
	Duration    time.Duration
	MinInterval time.Duration
	MaxAge      time.Duration
	Series      int
	LastError   string
	Forbidden   []string
}

// Status returns the collectors, in order.
func (e *Engine) Status() []Status {
	now := time.Now()
	all := make([]Status, len(e.runners))
	for i, r := range e.runners {
		v := r.current(now)
		r.mu.Lock()
		running := r.flight != nil
		r.mu.Unlock()
		all[i] = Status{
			Name: r.name(), Running: running, Attempts: v.attempts, Success: v.success, Fresh: len(v.parts) > 0,
			LastAttempt: v.lastAttempt, LastSuccess: v.lastSuccess, Duration: v.duration,
			MinInterval: r.MinInterval, MaxAge: r.MaxAge, Series: v.body.Series(),
			LastError: v.lastError, Forbidden: v.forbidden,
		}
	}
	return all
}

// Ready tells whether the first round has ended and some collector holds data
// that is young enough; waiting and stale name those of which it is not so.
func (e *Engine) Ready() (ready bool, waiting, stale []string) {
	fresh := 0
	for _, s := range e.Status() {
		switch {
		case s.Attempts == 0 && !s.Fresh:
			waiting = append(waiting, s.Name)
		case s.Fresh:
			fresh++
		default:
			stale = append(stale, s.Name)
		}
	}
	return len(waiting) == 0 && (fresh > 0 || len(e.runners) == 0), waiting, stale
}
