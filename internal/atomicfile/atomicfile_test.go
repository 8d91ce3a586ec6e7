package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ukcloud_exporter/internal/atomicfile"
)

// TestWrite: a file is replaced whole, and a failure leaves the old one and
// nothing beside it. Failures of each operation are the state's tests.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bill.csv")
	fails := errors.New("cut off")
	for _, step := range []struct {
		name, text string
		err        error
		want       string
	}{
		{"new", "one", nil, "one"},
		{"replaced", "two", nil, "two"},
		{"fails half way", "thr", fails, "two"},
	} {
		err := atomicfile.Write(path, func(w io.Writer) error {
			_, _ = io.WriteString(w, step.text)
			return step.err
		})
		if !errors.Is(err, step.err) {
			t.Errorf("%s: error %v, want %v", step.name, err, step.err)
		}
		got, err := os.ReadFile(path)
		if string(got) != step.want || err != nil {
			t.Errorf("%s: the file is %q, %v; want %q", step.name, got, err, step.want)
		}
		if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
			t.Errorf("%s: the directory holds %v, %v", step.name, entries, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := atomicfile.Write(filepath.Join(dir, "none", "bill.csv"), func(io.Writer) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is missing: %v", err)
	}
}

// TestErrorsNameTheFile: what cannot be written is named as the user named it.
func TestErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	closed := func(w io.Writer) error { // as a disk that fails
		_ = w.(io.Closer).Close()
		_, err := io.WriteString(w, "x")
		return fmt.Errorf("row 7: %w", err)
	}
	tests := []struct {
		name, path string
		write      func(io.Writer) error
		err        error
	}{
		{"no directory", filepath.Join(dir, "missing", "bill.csv"), func(io.Writer) error { return nil }, fs.ErrNotExist},
		{"a directory of that name", taken, func(io.Writer) error { return nil }, nil},
		{"fails while it is written", filepath.Join(dir, "bill.csv"), closed, fs.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := atomicfile.Write(tt.path, tt.write)
			if err == nil || tt.err != nil && !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if !strings.HasPrefix(err.Error(), "write "+tt.path+": ") || strings.Contains(err.Error(), "/.") {
				t.Errorf("error %v", err)
			}
		})
	}
}
