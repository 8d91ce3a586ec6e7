package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ukcloud_exporter/internal/filelock"
)

// lockDirectory keeps other processes out of dir until the result is closed or
// this process ends, however it ends. The lock file stays: removing it would let
// two processes lock two files of one name.
func lockDirectory(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	err = filelock.Try(f)
	if err == nil {
		// The pid only tells the next one whom to ask, so a full disk that
		// cannot take it is no reason not to start.
		if f.Truncate(0) == nil {
			_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		}
		return f, nil
	}
	if errors.Is(err, filelock.ErrLocked) {
		err = fmt.Errorf("state directory %s is in use by %s", dir, holder(f))
	} else {
		err = fmt.Errorf("lock state directory %s: %w", dir, err)
	}
	return nil, firstError(err, f.Close())
}

// holder names the process that holds the lock.
func holder(f io.Reader) string {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || convErr != nil {
		return "another process" // it has not written its pid yet
	}
	return "process " + strconv.Itoa(pid)
}
