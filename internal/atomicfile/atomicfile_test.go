package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// faulty is the file system with one operation that fails.
type faulty struct {
	atomicfile.OS
	operation string
}

func (f faulty) Rename(from, to string) error {
	if f.operation == "rename" {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EIO}
	}
	return f.OS.Rename(from, to)
}

func (f faulty) Remove(name string) error {
	if f.operation == "remove" {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.EIO}
	}
	return f.OS.Remove(name)
}

func (f faulty) Open(name string) (atomicfile.File, error) {
	if f.operation == "open" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EIO}
	}
	return faultyDirectory{f.operation}, nil
}

type faultyDirectory struct{ operation string }

func (faultyDirectory) Read([]byte) (int, error)  { return 0, io.EOF }
func (faultyDirectory) Write([]byte) (int, error) { return 0, syscall.EISDIR }

func (f faultyDirectory) Sync() error {
	if f.operation == "sync" {
		return syscall.EIO
	}
	return nil
}

func (f faultyDirectory) Close() error {
	if f.operation == "close" {
		return syscall.EIO
	}
	return nil
}

// TestFaults: before the rename the old file stands, behind it the new one; the error
// says which file is meant.
func TestFaults(t *testing.T) {
	tests := []struct{ operation, file, err string }{
		{"", "new", ""},
		{"remove", "old", "write PATH: input/output error"}, // what a killed process left
		{"rename", "old", "write PATH: input/output error"},
		{"open", "new", "open DIRECTORY: input/output error"},
		{"sync", "new", "sync DIRECTORY: input/output error"},
		{"close", "new", "sync DIRECTORY: input/output error"},
	}
	for _, tt := range tests {
		t.Run(tt.operation, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "bill.csv")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := atomicfile.Replace(faulty{atomicfile.OS{Mode: 0o600}, tt.operation}, path, filepath.Join(dir, "temp"), func(w io.Writer) error {
				_, err := io.WriteString(w, "new")
				return err
			})
			want := strings.NewReplacer("PATH", path, "DIRECTORY", dir).Replace(tt.err)
			if got := fmt.Sprint(err); (err == nil) != (want == "") || err != nil && got != want {
				t.Errorf("error %v, want %q", err, want)
			}
			if content, err := os.ReadFile(path); string(content) != tt.file || err != nil {
				t.Errorf("the file is %q, %v; want %q", content, err, tt.file)
			}
		})
	}
}

// TestCheckDirectory: whether files can be made there is known without making one.
func TestCheckDirectory(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, dir, err string }{
		{"there", dir, ""},
		{"to be made", filepath.Join(dir, "not", "yet"), ""},
		{"a file", file, file + " is not a directory"},
		{"below a file", filepath.Join(file, "in"), "not a directory"},
		{"that cannot be made", filepath.Join(dir, strings.Repeat("x", 300), "in"), "file name too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := atomicfile.CheckDirectory(tt.dir)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}
