package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ukcloud_exporter/internal/atomicfile"
)

// Check returns why [Open] could not keep its state in directory dir, "" being memory.
// It neither locks dir nor leaves anything behind, so that it may be asked beside a
// daemon; a directory that is missing must be one that can be made.
func Check(dir string) error {
	if dir == "" {
		return nil
	}
	for _, name := range []string{lockName, fileName} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
		if err == nil {
			err = f.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return atomicfile.CheckDirectory(dir)
}
