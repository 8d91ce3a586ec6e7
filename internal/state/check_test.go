package state

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestCheck: what Check refuses Open refuses, and nothing is left behind.
func TestCheck(t *testing.T) {
	tests := []struct {
		name, dir string
		prepare   func(t *testing.T, dir string)
		want      string // part of the error, "" for none
	}{
		{"memory", "", nil, ""},
		{"there", ".", nil, ""},
		{"can be made", "a/b", nil, ""},
		{"is a file", "file", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "file")) }, "not a directory"},
		{"below a file", "file/state", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "file")) }, "not a directory"},
		{"lock is a directory", ".", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, lockName), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is a directory"},
	}
	if runtime.GOOS == "linux" {
		tests = append(tests, tests[0])
		last := &tests[len(tests)-1]
		last.name, last.dir, last.want = "no file can be made", "/proc/self/state", "write to /proc/self: "
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			if tt.prepare != nil {
				tt.prepare(t, root)
			}
			dir := tt.dir
			if dir != "" && !filepath.IsAbs(dir) {
				dir = filepath.Join(root, dir)
			}
			before := tree(t, root)
			err := Check(dir)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), ".check-") {
				t.Errorf("%v names a temporary file", err)
			}
			if after := tree(t, root); after != before {
				t.Errorf("before %s, after %s", before, after)
			}
			store, openErr := Open(dir, slog.New(slog.DiscardHandler), nil)
			if (openErr != nil) != (err != nil) {
				t.Errorf("Check %v, Open %v", err, openErr)
			}
			if store != nil {
				if err := Check(dir); err != nil {
					t.Errorf("beside an open state: %v", err)
				}
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func write(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func tree(t *testing.T, root string) (names string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		names += name + "\n"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
