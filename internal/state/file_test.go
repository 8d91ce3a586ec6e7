package state

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func content(t *testing.T, f File) (string, error) {
	t.Helper()
	var data []byte
	err := f.Read(func(r io.Reader) (err error) {
		data, err = io.ReadAll(r)
		return err
	})
	return string(data), err
}

func put(f File, text string) error {
	return f.Write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func TestFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	registry := prometheus.NewRegistry()
	store, err := Open(dir, slog.New(slog.DiscardHandler), registry)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := store.File("builds")
	if _, err := content(t, f); !ok || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first write: %v, %v", ok, err)
	}
	for _, text := range []string{"first", "second"} {
		if err := put(f, text); err != nil {
			t.Fatal(err)
		}
		if got, err := content(t, f); got != text || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	failing := errors.New("failing")
	if err := f.Write(func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return failing }); !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
	if got, _ := content(t, f); got != "second" {
		t.Errorf("a failed write left %q", got)
	}
	if n := testutil.ToFloat64(store.metrics.failures); n != 1 {
		t.Errorf("%v failures are counted", n)
	}
	entries, err := os.ReadDir(filepath.Join(dir, partsDir))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]fs.FileMode{filepath.Join(dir, partsDir): 0o700, f.path: 0o600} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
			}
		}
	}
	for range 2 {
		if err := f.Remove(); err != nil {
			t.Error(err)
		}
	}
	if _, err := content(t, f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it was removed: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := put(f, "late"); !errors.Is(err, errClosed) {
		t.Errorf("after the directory was given to others: %v", err)
	}
}

// TestRemoveFile: what a killed process left of a write goes too, and what cannot be
// removed is told.
func TestRemoveFile(t *testing.T) {
	store, err := Open(filepath.Join(t.TempDir(), "state"), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := store.File("builds")
	if err := put(f, "first"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path+".tmp", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(f.path + "*"); err != nil || left != nil {
		t.Errorf("%q is left, %v", left, err)
	}
	if err := os.MkdirAll(filepath.Join(f.path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err == nil {
		t.Error("a directory in its place was removed")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHolder(t *testing.T) {
	for text, want := range map[string]string{"123\n": "process 123", "": "another process", "half a pid": "another process"} {
		if got := holder(strings.NewReader(text)); got != want {
			t.Errorf("%q is of %q, want %q", text, got, want)
		}
	}
	if got := holder(iotest.ErrReader(io.ErrUnexpectedEOF)); got != "another process" {
		t.Errorf("a file that cannot be read is of %q", got)
	}
}

func TestFileOfStateInMemory(t *testing.T) {
	store, err := Open("", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := store.File("builds"); ok {
		t.Error("there is a file")
	}
}
