package state

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The names in the state directory. The temporary name is always the same: the
// directory is locked, and what a killed process left behind is replaced.
const (
	fileName = "state.json"
	tempName = "state.json.tmp"
	lockName = "lock"
)

// filesystem is the file operations that loading and saving need, each of which a
// test can make fail. They are written here because a rename is durable only
// after a sync of the directory, which the known library for atomic writes
// (google/renameio v2.0.2) leaves out, and it has no place to inject faults.
type filesystem interface {
	Open(name string) (file, error)   // for reading, or a directory for Sync
	Create(name string) (file, error) // for writing, mode 0600, fails when it exists
	Exists(name string) (bool, error)
	Rename(from, to string) error
	Remove(name string) error
}

type file interface {
	io.ReadWriteCloser
	Sync() error
}

// osFiles are the real operations.
type osFiles struct{}

func (osFiles) Open(name string) (file, error) { return os.Open(name) }
func (osFiles) Create(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
func (osFiles) Rename(from, to string) error { return os.Rename(from, to) }
func (osFiles) Remove(name string) error     { return os.Remove(name) }
func (osFiles) Exists(name string) (bool, error) {
	_, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// makeDirectory makes dir when it is missing, durably.
func makeDirectory(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDirectory(osFiles{}, filepath.Dir(dir))
}

func readFile(fsys filesystem, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	return data, firstError(err, f.Close())
}

// writeFile replaces dir/name by data: after nil the new content survives a
// power cut, after an error the old content or the new one stands there.
func writeFile(fsys filesystem, dir, name string, data []byte) error {
	temp := filepath.Join(dir, tempName)
	if err := fsys.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := writeNew(fsys, temp, data)
	if err == nil {
		err = fsys.Rename(temp, filepath.Join(dir, name))
	}
	if err != nil {
		_ = fsys.Remove(temp) // for tidiness; the next save removes it too
		return err
	}
	return syncDirectory(fsys, dir)
}

// writeNew writes a new file. Without the sync a rename may reach the disk
// before the data, and a power cut in between leaves an empty file.
func writeNew(fsys filesystem, name string, data []byte) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return firstError(err, f.Close())
}

// syncDirectory makes the names in dir durable.
func syncDirectory(fsys filesystem, dir string) error {
	d, err := fsys.Open(dir)
	if err != nil {
		return err
	}
	return firstError(d.Sync(), d.Close())
}

// firstError is the one that caused the others, on one line.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
