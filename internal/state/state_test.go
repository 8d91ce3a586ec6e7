package state

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ukcloud_exporter/money"
)

func openLogged(t *testing.T, dir string) (*Store, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	store, err := Open(dir, slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return store, &log
}

// baseline is shaped like what a collector keeps.
type baseline struct {
	Period  string                  `json:"period"`
	Amount  money.Amount            `json:"amount"`
	ByVOrg  map[string]money.Amount `json:"by_vorg"`
	Closed  bool                    `json:"closed"`
	Fetched []time.Time             `json:"fetched"`
}

func TestRoundTrip(t *testing.T) {
	want := baseline{
		Period:  "2018-01",
		Amount:  61_838_610_000_001,
		ByVOrg:  map[string]money.Amount{"1-1-1-9836cf": -12_500_000_000},
		Closed:  true,
		Fetched: []time.Time{time.Date(2018, 2, 3, 6, 0, 0, 0, time.UTC)},
	}
	for _, dir := range []string{"", t.TempDir()} {
		store, log := openLogged(t, dir)
		if err := store.Section("billing_csv").Save(want); err != nil {
			t.Fatal(err)
		}
		if dir != "" {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, fileName))
			if err != nil {
				t.Fatal(err)
			}
			text := `{"format":"ukcloud_exporter state","version":1,` +
				`"sections":{"billing_csv":{"period":"2018-01","amount":"61838.610000001","by_vorg":{"1-1-1-9836cf":"-12.5"},` +
				`"closed":true,"fetched":["2018-02-03T06:00:00Z"]}}}`
			if string(data) != text {
				t.Errorf("file is %s\nwant %s", data, text)
			}
			store, log = openLogged(t, dir)
		}
		var got baseline
		if found, err := store.Section("billing_csv").Load(&got); !found || err != nil {
			t.Fatal(found, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if found, err := store.Section("my_calls").Load(&got); found || err != nil {
			t.Errorf("a section that nobody saved: %v, %v", found, err)
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", log)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSectionErrors(t *testing.T) {
	registry := prometheus.NewRegistry()
	store, err := Open("", slog.New(slog.DiscardHandler), registry)
	if err != nil {
		t.Fatal(err)
	}
	s := store.Section("my_calls")
	if err := s.Save(func() {}); err == nil || !strings.HasPrefix(err.Error(), "save state of my_calls: ") {
		t.Errorf("saving a function: %v", err)
	}
	if err := s.Save(map[string]any{"N": "text"}); err != nil {
		t.Fatal(err)
	}
	var number struct{ N int }
	if found, err := s.Load(&number); found || err == nil || !strings.HasPrefix(err.Error(), "read state of my_calls: ") {
		t.Errorf("loading text into a number: %v, %v", found, err)
	}
	for _, value := range []any{
		map[string]any{"amount": 1.5}, map[string]any{"amount": "1e400"}, map[string]any{"amount": nil},
	} {
		if err := s.Save(value); err != nil {
			t.Fatal(err)
		}
		if found, err := s.Load(&baseline{}); found || err == nil {
			t.Errorf("%v was taken for money", value)
		}
	}
	if err := s.Save(map[string]string{"vm": "caf\xe9"}); err != nil {
		t.Errorf("a name that is not UTF-8: %v", err)
	}
	if got := testutil.ToFloat64(store.metrics.failures); got != 1 {
		t.Errorf("%v failures, want 1", got)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Save(1); err == nil || err.Error() != "state is closed" {
		t.Errorf("save after close: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "state")
	store, _ := openLogged(t, dir)
	if err := store.Section("a").Save(1); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for path, want := range map[string]fs.FileMode{
		dir:                          fs.ModeDir | 0o700,
		filepath.Join(dir, fileName): 0o600,
		filepath.Join(dir, lockName): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
	}
}

// TestWidePermissionsEnd: a file that was readable to others is replaced by one
// that is not, and so is what a killed process left under the temporary name.
func TestWidePermissionsEnd(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{fileName, tempName} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"format":"ukcloud_exporter state","version":1}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	store, _ := openLogged(t, dir)
	defer store.Close()
	if err := store.Section("a").Save(1); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, tempName)); !os.IsNotExist(err) {
		t.Errorf("temporary file: %v", err)
	}
}

func TestUnusableDirectory(t *testing.T) {
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(parent, "taken")
	if err := os.MkdirAll(filepath.Join(taken, fileName), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"below a file":              {filepath.Join(file, "state"), "create state directory: "},
		"is a file":                 {file, "lock state directory: "},
		"state file is a directory": {taken, "read state: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(tt.dir, slog.New(slog.DiscardHandler), nil)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.dir) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q and the directory", err, tt.want)
			}
		})
	}
	// The failed open has let go of the lock.
	if err := os.Remove(filepath.Join(taken, fileName)); err != nil {
		t.Fatal(err)
	}
	store, _ := openLogged(t, taken)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryFS()
		registry := prometheus.NewPedanticRegistry()
		store, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), registry)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want string) {
			t.Helper()
			if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
				t.Error(err)
			}
		}
		failures := `# HELP ukcloud_state_save_failures_total Failed attempts to save the state since the program started.
# TYPE ukcloud_state_save_failures_total counter
`
		lastSave := `# HELP ukcloud_state_last_save_timestamp_seconds Unix time at which the state file was last written; absent before the first time. State that has not changed is not written.
# TYPE ukcloud_state_last_save_timestamp_seconds gauge
`
		expect(failures + "ukcloud_state_save_failures_total 0\n")
		m.failAt = m.operations + 1
		if store.Section("a").Save(1) == nil {
			t.Fatal("the save did not fail")
		}
		expect(failures + "ukcloud_state_save_failures_total 1\n")
		time.Sleep(1500 * time.Millisecond) // of the bubble's clock
		if err := store.Section("a").Save(1); err != nil {
			t.Fatal(err)
		}
		expect(failures + "ukcloud_state_save_failures_total 1\n" + lastSave + "ukcloud_state_last_save_timestamp_seconds 9.466848015e+08\n")
		time.Sleep(time.Second)
		if err := store.Section("a").Save(1); err != nil {
			t.Fatal(err)
		}
		expect(failures + "ukcloud_state_save_failures_total 1\n" + lastSave + "ukcloud_state_last_save_timestamp_seconds 9.466848015e+08\n")
		if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		if _, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), registry); err == nil {
			t.Error("a second store registered the same metrics")
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := open(m.dir, nil, m, slog.New(slog.DiscardHandler), registry); err != nil {
			t.Errorf("after close: %v", err)
		}
	})
}
