// Package filelock locks an open file for one process, on Unix and on Windows. The
// system drops the lock when the process ends, however it ends.
package filelock

import "errors"

// ErrLocked is Try's answer when another process holds the lock.
var ErrLocked = errors.New("locked by another process")
