package state

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"ukcloud_exporter/internal/atomicfile"
)

// partsDir is where files stand beside the document.
const partsDir = "parts"

// File is a file beside the document, for what is too large to be written with every
// save and may be lost. The zero File, and one of a state in memory, is none.
type File struct {
	store *Store
	path  string
}

// File returns the file of a name, which must be one; ok is false for a state in memory.
func (s *Store) File(name string) (f File, ok bool) {
	return File{s, filepath.Join(s.dir, partsDir, name)}, s.dir != ""
}

// Read gives the content to read. The error is fs.ErrNotExist when there is none.
func (f File) Read(read func(io.Reader) error) error {
	return f.use(func() error {
		file, err := f.store.fsys.Open(f.path)
		if err != nil {
			return err
		}
		return firstError(read(file), file.Close())
	})
}

// Write replaces the content by what write writes: after nil it survives a power cut,
// after an error the old content or the new one stands there.
func (f File) Write(write func(io.Writer) error) error {
	err := f.use(func() error {
		if err := makeDirectory(filepath.Dir(f.path)); err != nil {
			return err
		}
		return atomicfile.Replace(f.store.fsys, f.path, f.path+".tmp", write)
	})
	if err != nil {
		f.store.metrics.failures.Inc()
	}
	return err
}

// Remove removes the content, if there is any, and what a killed process left of a
// write.
func (f File) Remove() error {
	return f.use(func() error {
		for _, name := range []string{f.path, f.path + ".tmp"} {
			if err := f.store.fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}

// use does something with the file while the directory is ours.
func (f File) use(do func() error) error {
	f.store.writing.RLock()
	defer f.store.writing.RUnlock()
	f.store.mu.Lock()
	closed := f.store.closed
	f.store.mu.Unlock()
	if closed {
		return errClosed
	}
	return do()
}
