package state

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

// story is what one process does with the state: it notes what it was told is
// saved. Each round changes two sections.
type story struct {
	tried int // the last value that was given to a save
	acked int // the last value of which a save said nil
}

func (s *story) run(t *testing.T, m *memoryFS, rounds int) {
	t.Helper()
	store, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return // the fault hit the reading; nothing was touched
	}
	for range rounds {
		s.tried++
		if store.Section("vmotion_events").Save(counters{N: s.tried}) == nil {
			s.acked = s.tried
		}
		s.tried++
		if store.Section("builds").Save(counters{N: s.tried}) == nil {
			s.acked = s.tried
		}
	}
	if err := store.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

type counters struct{ N int }

// check opens what is left, which must be what was acknowledged last or
// something newer, and never a file that had to be moved aside.
func (s *story) check(t *testing.T, m *memoryFS) {
	t.Helper()
	var log bytes.Buffer
	store, err := open(m.dir, nil, m, slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var c, other counters
	if _, err := store.Section("vmotion_events").Load(&c); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Section("builds").Load(&other); err != nil {
		t.Fatal(err)
	}
	if got := max(c.N, other.N); got < s.acked || got > s.tried {
		t.Errorf("state %d, acknowledged %d, tried %d", got, s.acked, s.tried)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", &log)
	}
	for name := range m.live {
		if name != fileName && name != tempName {
			t.Errorf("left behind: %s", name)
		}
	}
}

// TestEveryOperationFails makes the Nth file operation fail, for every N until
// none does, on a state that is new and on one that exists.
func TestEveryOperationFails(t *testing.T) {
	for _, existing := range []bool{false, true} {
		for n := 1; ; n++ {
			m := newMemoryFS()
			var s story
			if existing {
				s.run(t, m, 1)
				m.operations = 0
			}
			m.failAt = n
			s.run(t, m, 2)
			if m.operations < n {
				if n < 30 {
					t.Fatalf("only %d operations were tried", n)
				}
				break
			}
			s.check(t, m.restart(everything))
			if t.Failed() {
				t.Fatalf("existing %v, operation %d", existing, n)
			}
		}
	}
}

// TestPowerCut cuts the power at the Nth file operation, for every N until the
// story ends first, and lets the disk keep all, some or none of what was not
// synced.
func TestPowerCut(t *testing.T) {
	for _, left := range []afterCut{everything, names, nothing} {
		for n := 1; ; n++ {
			m := newMemoryFS()
			var s story
			s.run(t, m, 1)
			m.operations, m.cutAt = 0, n
			s.run(t, m, 2)
			if m.operations < n {
				break
			}
			s.check(t, m.restart(left))
			if t.Failed() {
				t.Fatalf("power cut %d at operation %d", left, n)
			}
		}
	}
}

// TestFailedSaveIsCarried: what a failed save left in memory is written by the
// next save of another section.
func TestFailedSaveIsCarried(t *testing.T) {
	m := newMemoryFS()
	store, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	m.failAt = m.operations + 1
	if err := store.Section("a").Save(counters{N: 1}); err == nil || err.Error() != "save state: injected fault" {
		t.Fatalf("got %v, want the injected fault", err)
	}
	if err := store.Section("b").Save(counters{N: 2}); err != nil {
		t.Fatal(err)
	}
	again, err := open(m.dir, nil, m.restart(nothing), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"a": 1, "b": 2} {
		var c counters
		if found, err := again.Section(name).Load(&c); !found || err != nil || c.N != want {
			t.Errorf("section %s: %v %v %v, want %d", name, c.N, found, err, want)
		}
	}
}

// TestSameValueAfterFailureIsWritten: a failed save leaves the file in doubt, so
// that saving an old value again is not skipped as unchanged.
func TestSameValueAfterFailureIsWritten(t *testing.T) {
	m := newMemoryFS()
	store, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	section := store.Section("a")
	if err := section.Save(counters{N: 1}); err != nil {
		t.Fatal(err)
	}
	before := m.operations
	if err := section.Save(counters{N: 1}); err != nil || m.operations != before {
		t.Fatalf("an unchanged value cost %d operations, err %v", m.operations-before, err)
	}
	perSave := before - 1 // without the open that found no file
	m.failAt = before + perSave
	if err := section.Save(counters{N: 2}); err == nil {
		t.Fatal("the last operation of a save, closing the directory, did not fail")
	}
	if err := section.Save(counters{N: 1}); err != nil {
		t.Fatal(err)
	}
	again, err := open(m.dir, nil, m.restart(everything), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	var c counters
	if _, err := again.Section("a").Load(&c); err != nil || c.N != 1 {
		t.Errorf("got %d, %v, want 1", c.N, err)
	}
}

// TestForeignFileStaysWhenItCannotMove: the foreign file is never overwritten,
// whichever operation of moving it aside fails, and saving heals by itself.
func TestForeignFileStaysWhenItCannotMove(t *testing.T) {
	foreign := []byte("not ours")
	for n := 1; ; n++ {
		m := newMemoryFS()
		m.put(fileName, foreign)
		m.failAt = n
		var log bytes.Buffer
		store, err := open(m.dir, nil, m, slog.New(slog.NewTextHandler(&log, nil)), nil)
		if m.operations < n {
			if n < 6 {
				t.Fatalf("only %d operations were tried", n)
			}
			break
		}
		if err != nil { // reading failed
			if !bytes.Equal(m.live[fileName].data, foreign) {
				t.Fatalf("operation %d: the foreign file is gone", n)
			}
			continue
		}
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), filepath.Join(m.dir, fileName)) ||
			!strings.Contains(log.String(), "torn or not JSON") {
			t.Errorf("operation %d: logged %s", n, &log)
		}
		if err := store.Section("a").Save(counters{N: n}); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		if !hasAside(m, foreign) {
			t.Errorf("operation %d: the foreign file is lost: %v", n, m.live)
		}
		again, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		var saved counters
		if found, err := again.Section("a").Load(&saved); !found || err != nil || saved.N != n {
			t.Errorf("operation %d: loaded %v, %v, %v", n, saved, found, err)
		}
	}
}

// TestMovedAsideIsDurable: the move is on the disk before anything else is
// written under the old name.
func TestMovedAsideIsDurable(t *testing.T) {
	m := newMemoryFS()
	m.put(fileName, []byte("not ours"))
	if _, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), nil); err != nil {
		t.Fatal(err)
	}
	if !hasAside(m.restart(nothing), []byte("not ours")) {
		t.Error("a power cut after the start undoes the move")
	}
}

// hasAside reports whether a file moved aside holds exactly data.
func hasAside(m *memoryFS, data []byte) bool {
	for name, i := range m.live {
		if strings.HasPrefix(name, fileName+".unusable-") && bytes.Equal(i.data, data) {
			return true
		}
	}
	return false
}
