package billing

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"ukcloud_exporter/collector"
)

// spool holds what backfill writes until it can be merged: each family may come
// once only, so the last month must be known before the first line can go out.
type spool struct {
	file  *os.File
	ends  []int64 // of what was added
	whole int64
}

func newSpool() (*spool, error) {
	file, err := namelessFile()
	if err != nil {
		return nil, err
	}
	return &spool{file: file}, nil
}

func (s *spool) close() { _ = s.file.Close() }

// add adds what write writes. What was written before an error is written over.
func (s *spool) add(write func(io.Writer) error) error {
	if _, err := s.file.Seek(s.whole, io.SeekStart); err != nil {
		return err
	}
	if err := write(s.file); err != nil {
		return err
	}
	end, err := s.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	s.whole = end
	s.ends = append(s.ends, end)
	return nil
}

// merge writes all that was added as one: each family once, with the samples in
// the order in which they were added, which is that of each series' time.
func (s *spool) merge(out io.Writer) error {
	w := bufio.NewWriter(out)
	for _, f := range collector.DatedBillingFamilies() {
		described := false
		start := int64(0)
		for _, end := range s.ends {
			if err := copyFamily(w, io.NewSectionReader(s.file, start, end-start), f.Name, &described); err != nil {
				return err
			}
			start = end
		}
	}
	fmt.Fprintln(w, "# EOF")
	return w.Flush()
}

// copyFamily copies the samples of one family, and what describes it if nothing
// before did.
func copyFamily(w *bufio.Writer, from io.Reader, name string, described *bool) error {
	sample := []byte(name + "{")
	comments := [][]byte{[]byte("# HELP " + name + " "), []byte("# TYPE " + name + " ")}
	describes := false
	r := bufio.NewReader(from)
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
			return err
		}
	}
}
