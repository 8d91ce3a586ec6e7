package tickets

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// TestPick: who has waited longest comes first; who may not be attended to yet tells
// when.
func TestPick(t *testing.T) {
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	wants := func(key string, since time.Duration) group {
		return group{Key: key, Alerts: []alert{firingSince("a", noon)}, Start: noon, Waiting: at(since)}
	}
	later := func(g group, until time.Duration) group { g.notBefore = at(until); return g }
	resolved := []alert{told(endedAt(firingSince("a", noon), noon))}
	said := group{Key: "said", Alerts: resolved, Ticket: &ticket{SaidResolved: true}, Waiting: noon}
	tests := []struct {
		name   string
		groups []group
		pause  time.Duration
		close  bool
		want   string // key, "" for none
		next   time.Duration
	}{
		{"none", nil, 0, true, "", sweepEvery},
		{"one", []group{wants("a", 0)}, 0, true, "a", 0},
		{"the longest", []group{wants("a", 3), wants("b", 1), wants("c", 2)}, 0, true, "b", 0},
		{"of those alike the first by key", []group{wants("c", 1), wants("b", 1), wants("a", 2)}, 0, true, "b", 0},
		{"one that failed waits", []group{later(wants("a", 0), time.Minute), later(wants("b", 0), time.Second)}, 0, true, "", time.Second},
		{"and lets others pass", []group{later(wants("a", 0), time.Minute), wants("b", 9)}, 0, true, "b", 0},
		{"its time has come", []group{later(wants("a", 0), 0)}, 0, true, "a", 0},
		{"all calls pause", []group{wants("a", 0), later(wants("b", 0), time.Second)}, time.Minute, true, "", time.Minute},
		{"to be closed", []group{said}, 0, true, "said", 0},
		{"to be closed, no longer asked for", []group{said}, 0, false, "", sweepEvery},
		{"the same, and it may be under way", []group{{Key: "said", Alerts: resolved, Ticket: said.Ticket, Waiting: noon, Intent: &intent{Kind: closing}}}, 0, false, "said", 0},
		{"nothing to do", []group{{Key: "a", Alerts: resolved, Changed: noon}}, 0, true, "", sweepEvery},
		{"the collective ticket waits a minute", []group{{Key: collectiveKey, Alerts: []alert{firingSince("a", noon)}, Waiting: noon}}, 0, true, "", collectiveWait},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for range 10 { // in whatever order the groups are kept
				b := newSilent(t, settings(func(s *Settings) { s.Close = test.close }))
				b.groups, b.pause.until = map[string]*group{}, at(test.pause)
				for _, g := range test.groups {
					b.groups[g.Key] = &g
				}
				got, next := b.pick(noon)
				key := ""
				if got != nil {
					key = got.Key
				}
				if key != test.want || !next.Equal(at(test.next)) {
					t.Fatalf("%q, next at %s, want %q, %s", key, next, test.want, at(test.next))
				}
			}
		})
	}
}

// TestBrake: those that have waited longest get the places that are left, all others the
// collective ticket.
func TestBrake(t *testing.T) {
	for range 10 {
		b := newSilent(t, settings(func(s *Settings) { s.MaxNewPerHour = 3 }))
		b.groups = map[string]*group{"has": {Key: "has", Start: noon}}
		for key, since := range map[string]time.Duration{"a": 9, "b": 2, "c": 1, "d": 2, "e": 9} {
			b.groups[key] = &group{Key: key, Alerts: []alert{firingSince("a", noon)}, Waiting: noon.Add(since)}
		}
		if err := b.brake(noon); err != nil {
			t.Fatal(err)
		}
		var places, covered []string
		for key, g := range b.groups {
			if !g.Start.IsZero() {
				places = append(places, key)
			}
			if !g.Covered.IsZero() {
				covered = append(covered, key)
			}
		}
		slices.Sort(places)
		slices.Sort(covered)
		if got := fmt.Sprint(places, covered); got != "[b c has] [a d e]" {
			t.Fatalf("places and covered: %s", got)
		}
	}
}

// stuckFS removes nothing of one name.
type stuckFS struct {
	filesystem
	name string
}

func (s stuckFS) Remove(name string) error {
	if filepath.Base(name) == s.name {
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("stuck")}
	}
	return s.filesystem.Remove(name)
}

// TestSweep: every group that is over goes with its file, unless the file stays.
func TestSweep(t *testing.T) {
	for range 10 {
		var log strings.Builder
		dir := t.TempDir()
		b, err := newBridge(Options{Settings: settings(), Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: NewMetrics(), Dir: dir}, stuckFS{osFiles(), fileName("stuck")})
		if err != nil {
			t.Fatal(err)
		}
		b.groups = map[string]*group{}
		for _, key := range []string{"over-1", "over-2", "over-3", "stuck", "fires-1", "fires-2"} {
			g := &group{Key: key, Changed: noon}
			if strings.HasPrefix(key, "fires") {
				g.Alerts = []alert{told(firingSince("a", noon))}
			}
			b.groups[key] = g
			if err := b.save(g); err != nil {
				t.Fatal(err)
			}
		}
		b.sweep(noon.Add(100 * time.Hour))
		var keys []string
		for key := range b.groups {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		files, err := os.ReadDir(dir)
		if got := strings.Join(keys, " "); got != "fires-1 fires-2 stuck" || err != nil || len(files) != 3 {
			t.Fatalf("%s and %d files are left, %v", got, len(files), err)
		}
		if n := strings.Count(log.String(), "cannot be forgotten yet"); n != 1 || !strings.Contains(log.String(), "stuck") {
			t.Fatalf("said %d times:\n%s", n, &log)
		}
	}
}

// TestForgottenByAlertmanager: an alert that the end of its group does not name is over
// too, unless the list was cut; while the group fires nothing follows from it.
func TestForgottenByAlertmanager(t *testing.T) {
	tests := []struct {
		name   string
		change func(body string) string
		want   string
	}{
		{"all is over", func(body string) string { return body }, "Closed"},
		{"the list was cut", func(body string) string {
			return strings.Replace(body, `"truncatedAlerts":0`, `"truncatedAlerts":1`, 1)
		}, "Awaiting Review"},
		{"the group fires", func(body string) string {
			return strings.Replace(body, `"status":"resolved","truncatedAlerts"`, `"status":"firing","truncatedAlerts"`, 1)
		}, "Awaiting Review"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, simulator.Options{}, settings(), func(w *world) {
				begin := time.Now()
				w.deliver(about("1").with("web-01", begin, never).with("web-02", begin, never))
				w.rest()
				time.Sleep(time.Hour)
				if status, text := w.postBody(test.change(about("1").with("web-01", begin, time.Now()).body(t))); status != 200 {
					t.Fatal(text)
				}
				w.rest()
				if got := w.only(); got.Status != test.want {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// TestFingerprints: those of Alertmanager are kept; where it sends none, as before
// version 0.19, alerts are told apart by their labels.
func TestFingerprints(t *testing.T) {
	fingerprint := func(sent, labels string) string {
		t.Helper()
		m, err := parseWebhook(fmt.Appendf(nil, `{"version":"4","groupKey":"k","status":"firing","alerts":[{"status":"firing","fingerprint":%q,"startsAt":"2018-03-08T12:00:00Z","labels":%s}]}`, sent, labels))
		if err != nil {
			t.Fatal(err)
		}
		return m.Alerts[0].Fingerprint
	}
	if got := fingerprint("abc", `{"a":"1"}`); got != "abc" {
		t.Errorf("Alertmanager's became %q", got)
	}
	one, same, other := fingerprint("", `{"a":"1","b":"2"}`), fingerprint("", `{"b":"2","a":"1"}`), fingerprint("", `{"a":"1","b":"3"}`)
	if len(one) != 16 || same != one || other == one {
		t.Errorf("%q, %q, %q", one, same, other)
	}
}

// TestRecount: what the collective ticket stands for is looked at when it is time, and
// written down.
func TestRecount(t *testing.T) {
	tests := []struct {
		name    string
		recount time.Time
		covered bool
		want    bool
	}{
		{"never", time.Time{}, true, false},
		{"not yet", noon.Add(1), true, false},
		{"now", noon, true, true},
		{"for nothing", noon, false, false},
	}
	for _, test := range tests {
		b := newSilent(t, settings())
		g := &group{Key: "a", Alerts: []alert{told(firingSince("a", noon))}}
		if test.covered {
			g.Covered = noon
		}
		b.groups, b.recount = map[string]*group{"a": g}, test.recount
		if err := b.brake(noon); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(b.Dir, fileName(collectiveKey)))
		if got := b.groups[collectiveKey] != nil; got != test.want || (err == nil) != test.want {
			t.Errorf("%s: collective ticket %v, its file: %v", test.name, got, err)
		}
		if due := !test.recount.After(noon); due && !b.recount.IsZero() {
			t.Errorf("%s: looked at again %s", test.name, b.recount)
		}
	}
}
