package loginguard

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"ukcloud_exporter/internal/atomicfile"
)

// files are the operations of the record: what root makes in somebody else's
// directory belongs to the directory's owner, so that a command run by root does not
// shut out the daemon.
type files struct{ atomicfile.OS }

// Create implements atomicfile.FS.
func (f files) Create(name string) (atomicfile.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if err != nil {
		return nil, err
	}
	if err := giveToOwner(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// maxFile bounds what is read: the record itself is a few KiB, the state that older
// counts stand in some MiB.
const maxFile = 64 << 20

func readFile(fsys atomicfile.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return data, err
}

// writeFile replaces the file. The lock keeps everybody else from the temporary
// name.
func writeFile(fsys atomicfile.FS, path string, data []byte) error {
	return atomicfile.Replace(fsys, path, path+".tmp", func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func makeDirectory(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.MkdirAll(dir, 0o700)
}
