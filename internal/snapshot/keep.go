package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"ukcloud_exporter/collector"
)

// File is where parts outlive the process. What is read from it may be lost.
type File interface {
	// Read gives the content to read; the error is fs.ErrNotExist when there is none.
	Read(read func(io.Reader) error) error
	// Write replaces the content by what write writes, whole or not at all.
	Write(write func(io.Writer) error) error
	// Remove removes the content.
	Remove() error
}

// keepInterval is how long a file stays as it is at least, however often the parts
// change.
const keepInterval = 30 * time.Second

// onDisk is what a runner knows of its file.
type onDisk struct {
	mu     sync.Mutex // held while the file is written
	tried  time.Time  // when it was written last, or could not be
	newest time.Time  // time of its newest part
	failed bool       // and it has been told
}

// keep writes the parts of s to the member's file, where they are not there already: at
// once a new part, after a while a new time of an old one, which the portal may
// confirm each minute. So a restart may show a part as older than it is, and never as
// younger. now is at the end, when all that is missing is written.
func (r *runner) keep(s *snapshot, now bool) {
	if r.File == nil {
		return
	}
	r.onDisk.mu.Lock()
	defer r.onDisk.mu.Unlock()
	if !r.due(s, now) {
		return
	}
	r.onDisk.tried = time.Now()
	if err := r.File.Write(func(w io.Writer) error { return r.write(w, s) }); err != nil {
		if !r.onDisk.failed {
			r.log.Warn("Keeping the parts for a restart failed", "err", err)
		}
		r.onDisk.failed = true
		if r.counts {
			_ = r.File.Remove() // an old counter would be seen to fall; the error is the one before
		}
		return
	}
	if r.onDisk.failed {
		r.log.Info("Keeping the parts for a restart works again")
	}
	r.onDisk.failed = false
	r.onDisk.newest = s.newestPart()
	s.body.onDisk.Store(true)
}

// due reports whether s is to be written.
func (r *runner) due(s *snapshot, now bool) bool {
	age := time.Since(r.onDisk.tried)
	confirmed := s.newestPart().After(r.onDisk.newest)
	switch {
	case !s.body.onDisk.Load():
		return now || r.counts || age >= keepInterval
	case confirmed:
		return now || age >= r.MaxAge/12
	}
	return false
}

// newestPart is the time of the newest of the parts that are kept.
func (s *snapshot) newestPart() (newest time.Time) {
	for _, p := range s.parts {
		if !p.foreign && p.At.After(newest) {
			newest = p.At
		}
	}
	return newest
}

// write writes the file. A panic of a family is an error.
func (r *runner) write(out io.Writer, s *snapshot) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = collector.PanicError(p)
		}
	}()
	var parts heldParts
	for _, p := range s.parts {
		if !p.foreign {
			parts = append(parts, p)
		}
	}
	w, err := newKeptWriter(out)
	if err != nil {
		return err
	}
	if err := w.line(keptHead{
		Format: keptFormat, Version: keptVersion, Fingerprint: r.fingerprint,
		LastAttempt: s.lastAttempt.UTC(), LastSuccess: s.lastSuccess.UTC(), Duration: int64(s.duration), Forbidden: s.forbidden,
		Parts: len(parts),
	}); err != nil {
		return err
	}
	for _, p := range parts {
		if err := w.part(r.families, p); err != nil {
			return fmt.Errorf("part %s: %w", p.Key, err)
		}
	}
	return w.end()
}

// restore takes the parts that an earlier process kept and that are young enough. They
// are exposed like those of an earlier configuration. What cannot be used is removed
// and told, and no reason not to start.
func (r *runner) restore(now time.Time) {
	if r.File == nil {
		return
	}
	s := *r.newest.Load()
	err := r.File.Read(func(in io.Reader) error {
		head, parts, err := readKept(in, r.fingerprint)
		if err != nil {
			return err
		}
		s.hold(parts.before(now), now, r.MaxAge)
		if len(s.parts) == 0 {
			return nil
		}
		s.forbidden, s.duration = head.Forbidden, time.Duration(max(head.Duration, 0))
		s.lastAttempt, s.lastSuccess = notAfter(head.LastAttempt, now), notAfter(head.LastSuccess, now)
		s.body = r.body(s.parts)
		return s.body.try()
	})
	switch {
	case err == nil && len(s.parts) > 0:
		s.body.onDisk.Store(true)
		r.onDisk.newest = s.newestPart()
		r.newest.Store(&s)
		r.log.Info("Parts of the last run are served until the first round has ended", "parts", len(s.parts), "newest", r.onDisk.newest)
		return
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, errKeptMisfit):
		r.log.Info("Parts of the last run are not used", "reason", err)
	case err != nil:
		r.log.Warn("Parts of the last run are not used", "err", err)
	}
	if err := r.File.Remove(); err != nil {
		r.log.Warn("Parts of the last run cannot be removed", "err", err)
	}
}

// before leaves out the parts of times to come: the clock was wrong, or is.
func (p heldParts) before(now time.Time) (before heldParts) {
	for _, h := range p {
		if !h.At.After(now) {
			before = append(before, h)
		}
	}
	return before
}

func notAfter(at, now time.Time) time.Time {
	if at.After(now) {
		return time.Time{}
	}
	return at
}

// try makes all samples once; the error says why they cannot be had.
func (b *body) try() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errKeptDamaged, p)
		}
	}()
	return b.prepare()
}
