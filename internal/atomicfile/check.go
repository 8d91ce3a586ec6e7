package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckDirectory returns why files could not be made in a directory. One that is
// missing must be one that can be made. Nothing is left behind.
func CheckDirectory(dir string) error {
	existing, err := nearestDirectory(dir)
	if err != nil {
		return err
	}
	probe, err := os.MkdirTemp(existing, ".check-")
	if err == nil {
		err = os.Remove(probe)
	}
	if err != nil {
		return fmt.Errorf("write to %s: %w", existing, reason(err))
	}
	return nil
}

// nearestDirectory is dir, or the nearest above it that exists.
func nearestDirectory(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is not a directory", dir)
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir:
			return "", err
		}
		dir = filepath.Dir(dir)
	}
}

// reason is an error without the name of the file, which is a temporary one.
func reason(err error) error {
	if of, is := errors.AsType[*fs.PathError](err); is {
		return of.Err
	}
	return err
}
