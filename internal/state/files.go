package state

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ukcloud_exporter/internal/atomicfile"
)

// The names in the state directory. The temporary name is always the same: the
// directory is locked, and what a killed process left behind is replaced.
const (
	fileName = "state.json"
	tempName = "state.json.tmp"
	lockName = "lock"
)

// filesystem is the file operations that loading and saving need, each of which a
// test can make fail.
type filesystem interface {
	atomicfile.FS
	Exists(name string) (bool, error)
}

// osFiles are the real operations. Only the owner may read the files.
type osFiles struct{ atomicfile.OS }

func newOSFiles() osFiles { return osFiles{atomicfile.OS{Mode: 0o600}} }

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
	return atomicfile.SyncDirectory(newOSFiles(), filepath.Dir(dir))
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
	return atomicfile.Replace(fsys, filepath.Join(dir, name), filepath.Join(dir, tempName), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
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
