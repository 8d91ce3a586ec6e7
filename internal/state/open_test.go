package state

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestUnusableFiles(t *testing.T) {
	good := `{"format":"ukcloud_exporter state","version":1,"rejections":null,"sections":{"a":{"N":7},"unknown":[1,2]}}`
	tests := []struct {
		name, content string
		reason        string // "" is loaded
	}{
		{"good, with a section of nobody's", good, ""},
		{"no sections", `{"format":"ukcloud_exporter state","version":1,"sections":null}`, ""},
		{"empty", ``, "torn or not JSON: jsontext: unexpected EOF"},
		{"torn", good[:len(good)-9], "torn or not JSON: "},
		{"two documents", good + good, "torn or not JSON: "},
		{"binary", "\x00\xff\xfe", "torn or not JSON: "},
		{"foreign JSON", `{"name":"something else"}`, "not a state file of this program"},
		{"foreign list", `[]`, "torn or not JSON: "},
		{"no version", `{"format":"ukcloud_exporter state"}`, "not a state file of this program"},
		{"newer version", `{"format":"ukcloud_exporter state","version":2,"rejections":"other","news":1}`,
			"version 2 is newer than this program, which knows version 1"},
		{"unknown member", `{"format":"ukcloud_exporter state","version":1,"news":1}`, "damaged: "},
		{"wrong type", `{"format":"ukcloud_exporter state","version":1,"sections":[]}`, "damaged: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, fileName)
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			store, log := openLogged(t, dir)
			if err := store.Section("b").Save(1); err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			aside, err := filepath.Glob(path + ".unusable-*")
			if err != nil {
				t.Fatal(err)
			}
			if tt.reason == "" {
				if len(aside) > 0 || log.Len() > 0 {
					t.Errorf("moved aside %v, logged %s", aside, log)
				}
				checkUnknownKept(t, path, tt.content)
				return
			}
			if len(aside) != 1 {
				t.Fatalf("moved aside: %v", aside)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != tt.content {
				t.Errorf("moved aside %q, %v", kept, err)
			}
			for _, want := range []string{"level=WARN", "path=" + path, "moved_to=" + aside[0], tt.reason} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("%q is not in the log: %s", want, log)
				}
			}
		})
	}
}

// checkUnknownKept: a section that nobody asked for survives a save.
func checkUnknownKept(t *testing.T, path, before string) {
	t.Helper()
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const section = `"unknown":[1,2]`
	if strings.Contains(before, section) != strings.Contains(string(after), section) || !strings.Contains(string(after), `"b":1`) {
		t.Errorf("after the save: %s", after)
	}
}

// TestMovedAsideNeverOverwrites: the clock of the bubble stands still, so every
// file wants the same name.
func TestMovedAsideNeverOverwrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryFS()
		for _, content := range []string{"first", "second", "third"} {
			m.put(fileName, []byte(content))
			if _, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil); err != nil {
				t.Fatal(err)
			}
		}
		got := map[string]string{}
		for name, i := range m.live {
			got[name] = string(i.data)
		}
		want := map[string]string{
			"state.json.unusable-20000101T000000Z":   "first",
			"state.json.unusable-20000101T000000Z-2": "second",
			"state.json.unusable-20000101T000000Z-3": "third",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestMovedAsideOnDisk: the same with files of the disk.
func TestMovedAsideOnDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for _, content := range []string{"first", "second"} {
			if err := os.WriteFile(filepath.Join(dir, fileName), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := open(dir, nil, newOSFiles(), slog.New(slog.DiscardHandler), nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	for name, want := range map[string]string{
		"state.json.unusable-20000101T000000Z":   "first",
		"state.json.unusable-20000101T000000Z-2": "second",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestDirectoryThatCannotBeMade: a link to nowhere is there, and is no directory.
func TestDirectoryThatCannotBeMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Symlink("nowhere", dir); err != nil {
		t.Fatal(err)
	}
	if err := makeDirectory(dir); err == nil {
		t.Error("no error")
	}
}

// FuzzOpen puts any bytes into the file: it is loaded, or moved aside byte for
// byte, and the state works afterwards.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"format":"ukcloud_exporter state","version":1,"rejections":{"salt":"AQ==","fingerprint":"AgM=","count":2,"last":"2018-01-01T00:00:00Z"},"sections":{"a":{"N":7}}}`))
	f.Add([]byte(`{"format":"ukcloud_exporter state","version":1,"sections":null}`))
	f.Add([]byte(`{"format":"ukcloud_exporter state","version":2}`))
	f.Add([]byte(`{"format":"ukcloud_exporter state","version":1,"sections":{"a":"caf` + "\xe9" + `"}}`))
	f.Add([]byte(``))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newMemoryFS()
		m.put(fileName, data)
		store, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, loaded := m.live[fileName]
		if !loaded && !hasAside(m, data) {
			t.Fatal("neither loaded nor moved aside")
		}
		before := store.document.Rejections.Clone()
		_ = before.Compact()
		_, _ = store.Section("a").Load(&counters{})
		if err := store.Section("a").Save(counters{N: 1}); err != nil {
			t.Fatal(err)
		}
		again, err := open(m.dir, nil, m.restart(nothing), slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		var c counters
		if found, err := again.Section("a").Load(&c); !found || err != nil || c.N != 1 {
			t.Fatalf("after saving: %v, %v, %v", c, found, err)
		}
		if diff := cmp.Diff(string(before), string(again.document.Rejections)); diff != "" {
			t.Fatal(diff)
		}
	})
}
