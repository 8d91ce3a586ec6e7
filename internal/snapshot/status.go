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
func (c *Cache) Status() []Status {
	now := time.Now()
	all := make([]Status, len(c.runners))
	for i, r := range c.runners {
		s := r.current(now)
		forbidden := make([]string, len(s.forbidden))
		for j, account := range s.forbidden {
			forbidden[j] = harmless(account)
		}
		series, _ := s.body.counts()
		r.mu.Lock()
		running := r.refresh != nil
		r.mu.Unlock()
		all[i] = Status{
			Name: r.Name, Running: running, Attempts: s.attempts, Success: s.success, Fresh: len(s.parts) > 0,
			LastAttempt: s.lastAttempt, LastSuccess: s.lastSuccess, Duration: s.duration,
			MinInterval: r.MinInterval, MaxAge: r.MaxAge, Series: series,
			LastError: s.lastError, Forbidden: forbidden,
		}
	}
	return all
}

// Ready reports whether the first round has ended, and some collector holds data that
// is young enough or succeeded when it was tried last: to be stale because nobody
// scrapes is no unreadiness. waiting and stale name those that have not ended their
// first round, and those without young data.
func (c *Cache) Ready() (ready bool, waiting, stale []string) {
	good := len(c.runners) == 0
	for i, s := range c.Status() {
		switch {
		case s.Attempts == 0 && !c.runners[i].hasAdopted():
			waiting = append(waiting, s.Name)
		case s.Fresh:
			good = true
		default:
			stale = append(stale, s.Name)
			good = good || s.Success
		}
	}
	return good && len(waiting) == 0, waiting, stale
}
