// Package state keeps what must survive a restart: the vMotion events that have
// been counted, and what tickets and bills looked like before.
//
// It is one JSON document in one file. Each collector has a section of it and
// alone knows what stands there; see [Section]. Every save writes the whole
// document to a new file, syncs it, renames it over the old one and syncs the
// directory, so a crash leaves the old document or the new one.
package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"

	"ukcloud_exporter/internal/atomicfile"
)

// errClosed is what a save after Close gives: another process may own the
// directory by then.
var errClosed = errors.New("state is closed")

// Store is the open state. It is safe for concurrent use.
type Store struct {
	dir        string // "" keeps everything in memory
	fsys       filesystem
	logger     *slog.Logger
	metrics    *metrics
	registerer prometheus.Registerer
	lock       io.Closer

	mu       sync.Mutex
	closed   bool
	document document
	saved    []byte // what the file holds for certain; nil when it is not certain
	foreign  error  // why the file is not state of ours, while it stands in the way

	writing sync.RWMutex // held while a File is used, and for good by Close
}

// Open opens the state in directory dir, which it creates with mode 0700 when it
// is missing, and locks it against other processes until Close. With dir "" the
// state lives in memory only.
//
// A file that is torn, foreign or of a newer version is moved aside and named in
// the log, and the state starts empty. An error means that dir cannot be used:
// it is not a directory, not readable, or in use by another process.
//
// The state's own metrics are registered with registerer until Close; nil
// registers nothing.
func Open(dir string, logger *slog.Logger, registerer prometheus.Registerer) (*Store, error) {
	if dir == "" {
		return open(dir, nil, nil, logger, registerer)
	}
	if err := makeDirectory(dir); err != nil {
		return nil, fmt.Errorf("create state directory: %w", err)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	s, err := open(dir, lock, newOSFiles(), logger, registerer)
	if err != nil {
		return nil, firstError(err, lock.Close())
	}
	return s, nil
}

// open is Open on a directory that exists and is locked.
func open(dir string, lock io.Closer, fsys filesystem, logger *slog.Logger, registerer prometheus.Registerer) (*Store, error) {
	s := &Store{
		dir:        dir,
		fsys:       fsys,
		logger:     logger,
		metrics:    newMetrics(),
		registerer: registerer,
		lock:       lock,
		document:   newDocument(),
	}
	if dir != "" {
		if err := s.load(); err != nil {
			return nil, fmt.Errorf("read state: %w", err)
		}
	}
	if registerer != nil {
		if err := registerer.Register(s.metrics); err != nil {
			return nil, fmt.Errorf("register state metrics: %w", err)
		}
	}
	return s, nil
}

// load reads the file, or moves it aside. Its error is one of reading: what
// cannot be read is not proven to be bad, and must not be replaced.
func (s *Store) load() error {
	data, err := readFile(s.fsys, s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d, reason := decode(data)
	if reason == nil {
		s.document, s.saved = d, data
		return nil
	}
	s.foreign = reason
	if err := s.moveAside(); s.foreign != nil {
		s.logger.Warn("State file is not usable and cannot be moved aside; starting empty, nothing is saved until it can",
			"path", s.path(), "reason", reason, "err", err)
	}
	return nil
}

// moveAside renames a file that is not state of ours to a name that no file has;
// nobody else makes files here while the directory is locked. It syncs, so that
// no later rename to the old name can reach the disk before this one.
func (s *Store) moveAside() error {
	stamped := s.path() + ".unusable-" + time.Now().UTC().Format("20060102T150405Z")
	aside := stamped
	for i := 2; ; i++ {
		exists, err := s.fsys.Exists(aside)
		if err != nil {
			return err
		}
		if !exists {
			break
		}
		aside = fmt.Sprintf("%s-%d", stamped, i)
	}
	if err := s.fsys.Rename(s.path(), aside); err != nil {
		return err
	}
	s.logger.Warn("State file is not usable and was moved aside; starting empty",
		"path", s.path(), "moved_to", aside, "reason", s.foreign)
	s.foreign = nil
	return atomicfile.SyncDirectory(s.fsys, s.dir)
}

func (s *Store) path() string { return filepath.Join(s.dir, fileName) }

// update changes the document and saves it. When saving fails the change stays
// in memory, and the next save carries it.
func (s *Store) update(change func(*document)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	change(&s.document)
	if s.dir == "" {
		return nil
	}
	data, err := encode(s.document)
	if err == nil && !bytes.Equal(data, s.saved) {
		err = s.write(data)
	}
	if err != nil {
		s.metrics.failures.Inc()
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func (s *Store) write(data []byte) error {
	if s.foreign != nil {
		if err := s.moveAside(); err != nil {
			return err
		}
	}
	s.saved = nil
	if err := writeFile(s.fsys, s.dir, fileName, data); err != nil {
		return err
	}
	s.saved = data
	s.metrics.lastSave.Store(time.Now().UnixNano())
	return nil
}

// Close lets other processes use the directory. What was saved is on disk
// already; a save after Close fails.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.registerer != nil {
		s.registerer.Unregister(s.metrics)
	}
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// Section returns the part of the state that one collector owns. Sections that
// nobody asks for are kept as they are.
func (s *Store) Section(name string) Section { return Section{store: s, name: name} }

// Section is one collector's part of the state: any value that encodes as JSON.
// A money.Amount is written as decimal text in pounds, for example "12.34".
type Section struct {
	store *Store
	name  string
}

// Load decodes the section into the value that into points to, and reports whether
// there is one. On an error the value may be partly filled: start with a new one.
func (s Section) Load(into any) (found bool, err error) {
	s.store.mu.Lock()
	value, found := s.store.document.Sections[s.name]
	s.store.mu.Unlock()
	if !found {
		return false, nil
	}
	if err := json.Unmarshal(value, into, jsonOptions); err != nil {
		return false, fmt.Errorf("read state of %s: %w", s.name, err)
	}
	return true, nil
}

// Save replaces the section and has saved it durably when it returns nil. After
// an error of writing, the value stays in memory and the next save of any
// section carries it. A value that equals the last one costs no write.
func (s Section) Save(v any) error {
	value, err := json.Marshal(v, jsonOptions)
	if err != nil {
		s.store.metrics.failures.Inc()
		return fmt.Errorf("save state of %s: %w", s.name, err)
	}
	return s.store.update(func(d *document) { d.Sections[s.name] = jsontext.Value(value) })
}
