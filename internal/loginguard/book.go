package loginguard

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

// The names in the state directory. stateName is where an older program kept the
// count.
const (
	fileName  = "logins.json"
	lockName  = "logins.lock"
	stateName = "state.json"
)

// The file's own marks.
const (
	format  = "ukcloud_exporter logins"
	version = 1
)

// maxEntries bounds the record: the credentials used longest ago are forgotten
// first.
const maxEntries = 32

// book is the record. Invariant: at most maxEntries entries, no two with the same
// fingerprint, each with something counted, the newest last.
type book struct {
	Salt    []byte
	Entries []entry
}

// entry is what came of the logins with one pair of credentials since one was
// accepted.
type entry struct {
	Fingerprint []byte    `json:"fingerprint"`
	Refused     int       `json:"refused,omitzero"`
	Unanswered  int       `json:"unanswered,omitzero"`
	Failed      int       `json:"failed,omitzero"` // and answered by something else
	Last        time.Time `json:"last"`
	// Paused is until when none is tried because the last ones were accepted and their
	// sessions did not last.
	Paused time.Time `json:"paused_until,omitzero"`
}

// suspended reports whether, and until when, the entry keeps a login from being
// tried.
func (e entry) suspended(now time.Time, limit int) *SuspendedError {
	s := &SuspendedError{Refused: e.Refused, Unanswered: e.Unanswered, Failed: e.Failed}
	switch counted := e.Refused + e.Unanswered; {
	case counted >= limit:
		return s
	case counted > 0:
		s.Until = e.Last.Add(rejectionPause)
	case e.Failed > 0:
		s.Until = e.Last.Add(min(failurePause<<min(2*(e.Failed-1), 10), rejectionPause))
	}
	if e.paused(now) && e.Paused.After(s.Until) {
		s.Fruitless, s.Until = true, e.Paused
	}
	if !now.Before(s.Until) {
		return nil
	}
	return s
}

// paused reports whether Paused is still to come, and is not of a clock that was ahead.
func (e entry) paused(now time.Time) bool {
	return now.Before(e.Paused) && e.Paused.Sub(now) <= rejectionPause
}

func (e entry) equal(o entry) bool {
	return e.Paused.Equal(o.Paused) && e.Refused == o.Refused && e.Unanswered == o.Unanswered && e.Failed == o.Failed && e.Last.Equal(o.Last)
}

func (e entry) empty() bool {
	return e.Refused == 0 && e.Unanswered == 0 && e.Failed == 0 && e.Paused.IsZero()
}

// find returns the entry of a fingerprint, an empty one if there is none.
func (b book) find(fingerprint []byte) entry {
	for _, e := range b.Entries {
		if bytes.Equal(e.Fingerprint, fingerprint) {
			return e
		}
	}
	return entry{Fingerprint: fingerprint}
}

// with returns the book with e as the newest entry, or without it when it is empty.
func (b book) with(e entry) book {
	entries := slices.DeleteFunc(slices.Clone(b.Entries), func(old entry) bool {
		return bytes.Equal(old.Fingerprint, e.Fingerprint)
	})
	if !e.empty() {
		entries = append(entries, e)
	}
	b.Entries = entries[max(0, len(entries)-maxEntries):]
	return b
}

// document is the file.
type document struct {
	Format  string  `json:"format"`
	Version int     `json:"version"`
	Salt    []byte  `json:"salt"`
	Logins  []entry `json:"logins"`
}

// load returns the record with what is owed to it.
func (g *Guard) load() (book, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.memory
	if g.dir != "" {
		var err error
		if b, err = g.read(); err != nil {
			return book{}, err
		}
	}
	for _, c := range g.owed {
		if b.find(c.from.Fingerprint).equal(c.from) {
			b = b.with(c.to)
		}
	}
	return b, nil
}

// save makes b the record, durably.
func (g *Guard) save(b book) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dir == "" {
		g.memory = b
	} else {
		data, err := json.Marshal(document{Format: format, Version: version, Salt: b.Salt, Logins: b.Entries}, json.Deterministic(true))
		if err == nil {
			err = writeFile(g.fsys, filepath.Join(g.dir, fileName), data)
		}
		if err != nil {
			return err
		}
	}
	g.owed = nil
	return nil
}

// read reads the file. A damaged one is an error: to begin anew would be to forget
// what it is there for.
func (g *Guard) read() (book, error) {
	path := filepath.Join(g.dir, fileName)
	data, err := readFile(g.fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return g.legacy()
	}
	if err != nil {
		return book{}, err
	}
	var d document
	err = json.Unmarshal(data, &d)
	switch {
	case err != nil || d.Format != format || d.Version < 1 || len(d.Salt) == 0:
		return book{}, fmt.Errorf("%s is not a record of logins; delete it if the portal's account is not about to be locked", path)
	case d.Version > version:
		return book{}, fmt.Errorf("%s is of version %d, newer than this program, which knows version %d", path, d.Version, version)
	}
	return book{Salt: d.Salt, Entries: d.Logins}, nil
}

// legacy is the count that stood in the state until this package had a file of its
// own. The fingerprints are made alike.
func (g *Guard) legacy() (book, error) {
	data, err := readFile(g.fsys, filepath.Join(g.dir, stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return book{}, nil
	}
	if err != nil {
		return book{}, err
	}
	var state struct {
		Rejections struct {
			Salt        []byte    `json:"salt"`
			Fingerprint []byte    `json:"fingerprint"`
			Count       int       `json:"count"`
			Last        time.Time `json:"last"`
		} `json:"rejections"`
	}
	old := &state.Rejections
	if json.Unmarshal(data, &state) != nil || old.Count < 1 || len(old.Salt) == 0 {
		return book{}, nil //nolint:nilerr // the state's own reader says what is wrong with it
	}
	return book{Salt: old.Salt, Entries: []entry{{Fingerprint: old.Fingerprint, Refused: old.Count, Last: old.Last}}}, nil
}
