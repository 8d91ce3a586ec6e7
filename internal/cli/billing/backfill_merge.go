package billing

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"ukcloud_exporter/collector"
)

// merge writes the backfill files as one: each family once, with the samples of
// all files in their order, which is that of each series' time.
func merge(out io.Writer, paths []string) error {
	w := bufio.NewWriter(out)
	for _, f := range collector.DatedBillingFamilies() {
		described := false
		for _, path := range paths {
			if err := copyFamily(w, path, f.Name, &described); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(w, "# EOF")
	return w.Flush()
}

// copyFamily copies the samples of one family, and what describes it if no earlier
// file did.
func copyFamily(w *bufio.Writer, path, name string, described *bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	sample := []byte(name + "{")
	comments := [][]byte{[]byte("# HELP " + name + " "), []byte("# TYPE " + name + " ")}
	describes := false
	r := bufio.NewReader(file)
	for {
		line, err := r.ReadBytes('\n')
		for _, comment := range comments {
			if bytes.HasPrefix(line, comment) && !*described {
				describes = true
				_, _ = w.Write(line) // Flush returns what failed
			}
		}
		if bytes.HasPrefix(line, sample) {
			_, _ = w.Write(line)
		}
		if err == io.EOF {
			*described = *described || describes
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
}
