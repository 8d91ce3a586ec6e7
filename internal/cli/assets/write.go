package assets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ukcloud_exporter/internal/atomicfile"
)

// writeAll writes the files and says of each what became of it. It looks at all of
// them first: where one would be lost, none is written.
func writeAll(out io.Writer, dir string, files []file, force bool) error {
	done := make([]string, len(files))
	var lost []string
	for i, file := range files {
		path := filepath.Join(dir, filepath.FromSlash(file.name))
		there, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			done[i] = "written"
		case err != nil:
			return err
		case bytes.Equal(there, file.content):
			done[i] = "unchanged"
		default:
			done[i] = "replaced"
			lost = append(lost, path)
		}
	}
	switch {
	case force:
	case len(lost) == 1:
		return fmt.Errorf("nothing is written: %s is there with another content; --force replaces it", lost[0])
	case len(lost) > 1:
		return fmt.Errorf("nothing is written: %d files are there with another content; --force replaces them: %s", len(lost), strings.Join(lost, ", "))
	}
	for i, file := range files {
		path := filepath.Join(dir, filepath.FromSlash(file.name))
		if done[i] != "unchanged" {
			if err := writeOne(path, file.content); err != nil {
				return err
			}
		}
		fmt.Fprintf(out, "%-9s  %s\n", done[i], path)
	}
	return nil
}

func writeOne(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
