package state

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"

	"ukcloud_exporter/internal/atomicfile"
)

var (
	errInjected = errors.New("injected fault")
	errPower    = errors.New("power cut")
)

// memoryFS is one directory of files that knows what a power cut would leave:
// what was written but not synced, and names that changed but whose directory
// was not synced, are in doubt. It can make one operation fail, or cut the power
// at it.
type memoryFS struct {
	dir     string
	live    map[string]*inode // by base name
	durable map[string]*inode

	operations int // so far
	failAt     int // the operation that fails, from 1; 0 is none
	cutAt      int // the operation from which on none works; 0 is none
}

type inode struct {
	data    []byte
	durable []byte
}

func newMemoryFS() *memoryFS {
	return &memoryFS{dir: "dir", live: map[string]*inode{}, durable: map[string]*inode{}}
}

// step counts an operation and reports whether it fails.
func (m *memoryFS) step() error {
	m.operations++
	if m.cutAt > 0 && m.operations >= m.cutAt {
		return errPower
	}
	if m.operations == m.failAt {
		return errInjected
	}
	return nil
}

// What a power cut leaves of what was not synced.
type afterCut int

const (
	everything afterCut = iota // the disk was quick
	names                      // renames, but not the data: the classic empty file
	nothing                    // neither
)

// restart is the directory as the next process finds it, without faults.
func (m *memoryFS) restart(left afterCut) *memoryFS {
	next := newMemoryFS()
	from := m.live
	if left == nothing {
		from = m.durable
	}
	for name, i := range from {
		data := i.data
		if left != everything {
			data = i.durable
		}
		next.live[name] = &inode{data: bytes.Clone(data), durable: bytes.Clone(data)}
	}
	next.durable = maps.Clone(next.live)
	return next
}

func (m *memoryFS) put(name string, data []byte) {
	i := &inode{data: data, durable: data}
	m.live[name], m.durable[name] = i, i
}

func (m *memoryFS) Open(name string) (atomicfile.File, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	if name == m.dir {
		return &memoryFile{fs: m}, nil
	}
	i, ok := m.live[filepath.Base(name)]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &memoryFile{fs: m, inode: i}, nil
}

func (m *memoryFS) Create(name string) (atomicfile.File, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	if _, ok := m.live[filepath.Base(name)]; ok {
		return nil, fs.ErrExist
	}
	i := &inode{}
	m.live[filepath.Base(name)] = i
	return &memoryFile{fs: m, inode: i}, nil
}

func (m *memoryFS) Exists(name string) (bool, error) {
	_, ok := m.live[filepath.Base(name)]
	return ok, m.step()
}

func (m *memoryFS) Rename(from, to string) error {
	if err := m.step(); err != nil {
		return err
	}
	i, ok := m.live[filepath.Base(from)]
	if !ok {
		return fs.ErrNotExist
	}
	delete(m.live, filepath.Base(from))
	m.live[filepath.Base(to)] = i
	return nil
}

func (m *memoryFS) Remove(name string) error {
	if err := m.step(); err != nil {
		return err
	}
	if _, ok := m.live[filepath.Base(name)]; !ok {
		return fs.ErrNotExist
	}
	delete(m.live, filepath.Base(name))
	return nil
}

// memoryFile is an open file, or the directory when inode is nil.
type memoryFile struct {
	fs     *memoryFS
	inode  *inode
	offset int
}

func (f *memoryFile) Read(p []byte) (int, error) {
	if err := f.fs.step(); err != nil {
		return 0, err
	}
	if f.offset == len(f.inode.data) {
		return 0, io.EOF
	}
	n := copy(p, f.inode.data[f.offset:])
	f.offset += n
	return n, nil
}

// Write stores the first half even when it fails, as a full disk does.
func (f *memoryFile) Write(p []byte) (int, error) {
	if err := f.fs.step(); err != nil {
		f.inode.data = append(f.inode.data, p[:len(p)/2]...)
		return len(p) / 2, err
	}
	f.inode.data = append(f.inode.data, p...)
	return len(p), nil
}

func (f *memoryFile) Sync() error {
	if err := f.fs.step(); err != nil {
		return err
	}
	if f.inode == nil {
		f.fs.durable = maps.Clone(f.fs.live)
	} else {
		f.inode.durable = bytes.Clone(f.inode.data)
	}
	return nil
}

func (f *memoryFile) Close() error { return f.fs.step() }
