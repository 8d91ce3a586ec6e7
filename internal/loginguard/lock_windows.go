package loginguard

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks the file name, which it makes when it is missing, against every
// other open of it. It returns nil, nil while somebody else holds the lock.
func tryLock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return nil, f.Close()
	}
	return nil, errors.Join(&os.PathError{Op: "lock", Path: name, Err: err}, f.Close())
}

// giveToOwner: files inherit the directory's access list here.
func giveToOwner(*os.File) error { return nil }
