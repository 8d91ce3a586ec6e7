// Package atomicfile writes a file whole under its name, also after a loss of
// power, or not at all.
//
// It stands here because a rename is durable only after a sync of the directory,
// which the known library for atomic writes (google/renameio v2.0.2) leaves out,
// and that has no place to inject faults.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// FS is the file operations that a write needs, each of which a test can make fail.
type FS interface {
	Open(name string) (File, error)   // for reading, or a directory for Sync
	Create(name string) (File, error) // for writing, fails when it exists
	Rename(from, to string) error
	Remove(name string) error
}

// File is an open file or directory.
type File interface {
	io.ReadWriteCloser
	Sync() error
}

// OS is the real operations. New files have the mode.
type OS struct{ Mode fs.FileMode }

// Open implements FS.
func (OS) Open(name string) (File, error) { return os.Open(name) }

// Create implements FS.
func (o OS) Create(name string) (File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, o.Mode)
}

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (OS) Remove(name string) error { return os.Remove(name) }

// Write makes a file, readable by all who may look into its directory, of what
// write writes. Several processes may do so at once: the last one's file stays.
func Write(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &fs.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:8])
	return Replace(OS{0o644}, path, temp, write)
}

// Replace replaces path by what write writes: after nil the new content survives a
// power cut, after an error the old content or the new one stands there. temp is a
// name in the same directory that nobody else writes to; what a killed process
// left under it is removed.
//
// Errors name path and never temp, which nobody has heard of.
func Replace(fsys FS, path, temp string, write func(io.Writer) error) error {
	return withoutTemp(replace(fsys, path, temp, write), path, temp)
}

func withoutTemp(err error, path, temp string) error {
	if of, is := errors.AsType[*fs.PathError](err); is && of.Path == temp {
		return &fs.PathError{Op: "write", Path: path, Err: of.Err}
	}
	if of, is := errors.AsType[*os.LinkError](err); is && of.Old == temp {
		return &fs.PathError{Op: "write", Path: path, Err: of.Err}
	}
	return err
}

func replace(fsys FS, path, temp string, write func(io.Writer) error) error {
	if err := fsys.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := create(fsys, temp, write)
	if err == nil {
		err = fsys.Rename(temp, path)
	}
	if err != nil {
		_ = fsys.Remove(temp) // for tidiness; the error is the one before
		return err
	}
	return SyncDirectory(fsys, filepath.Dir(path))
}

// create writes a new file. Without the sync a rename may reach the disk before
// the data, and a power cut in between leaves an empty file.
func create(fsys FS, name string, write func(io.Writer) error) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// SyncDirectory makes the names in a directory durable. Windows has no such call,
// and its file system keeps a journal of names.
func SyncDirectory(fsys FS, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := fsys.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
