package archive

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// patience is how long one bill waits for the disk, all that is done for it together.
const patience = 10 * time.Second

var errHangs = errors.New("the disk does not answer in time")

// disk is the file system as the collector may use it: that of a server that has gone
// (NFS) answers no call, and the bill is read for the metrics first.
type disk struct {
	hanging atomic.Int32 // calls that were given up and have not returned
}

// do waits for f as long as wait, and not at all while an earlier call hangs. After an
// error f may still run: what it writes to is no longer the caller's.
func (d *disk) do(wait time.Duration, f func()) error {
	if d.hanging.Load() > 0 {
		return errHangs
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		d.hanging.Add(1)
		go func() {
			<-done
			d.hanging.Add(-1)
		}()
		return errHangs
	}
}

// file holds a bill, and is gone when it is closed, or forgotten.
type file interface {
	io.ReadWriteSeeker
	io.Closer
}

// temporary is a file without a name where the system has such.
type temporary struct{ *os.File }

// newTemporary makes a file in dir, which is made where it is missing.
func newTemporary(dir string) (file, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, copyPattern)
	if err != nil {
		return nil, err
	}
	// From here on the system removes the file when it is closed, also when the process is killed;
	// where it cannot, Close does.
	_ = os.Remove(f.Name())
	return temporary{f}, nil
}

// Close implements io.Closer.
func (t temporary) Close() error {
	err := t.File.Close()
	_ = os.Remove(t.Name())
	return err
}
