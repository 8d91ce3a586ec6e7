package atomicfile_test

import (
	"errors"
	"io"
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

// TestWriteNames: an error says the name that was asked for, never that of the
// temporary file.
func TestWriteNames(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a directory": dir, "in none": filepath.Join(dir, "none", "bill.csv"), "in a file": filepath.Join(file, "bill.csv"),
	} {
		err := atomicfile.Write(path, func(io.Writer) error { return nil })
		if err == nil || !strings.HasPrefix(err.Error(), "write "+path+": ") {
			t.Errorf("%s: error %v, want it to be of %s", name, err, path)
		}
	}
}
