package loginguard

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/internal/atomicfile"
)

func login(password string) Login {
	return Login{URL: "https://portal.example.com/api", Email: "exporter@example.com", Password: password, Config: []byte("1")}
}

func quick(dir string) *Guard {
	g := New(dir)
	g.Rounds = 1
	return g
}

// try logs in with an outcome, if the guard lets it.
func try(t *testing.T, g *Guard, l Login, outcome Outcome) error {
	t.Helper()
	a, err := g.Begin(t.Context(), l)
	if err != nil {
		return err
	}
	if err := a.End(outcome); err != nil {
		t.Error(err)
	}
	return nil
}

// TestRules: what was tried, and when the next login may be. Each step is another
// process on the same directory, or another client with the same memory.
func TestRules(t *testing.T) {
	type step struct {
		wait    time.Duration
		outcome Outcome
		want    string // "" passes; else what the refusal says
	}
	const (
		rejected = "the portal rejected 1 login with these credentials; the next is tried after "
		never    = "; none is tried until they or the config change"
	)
	tests := []struct {
		name  string
		limit int
		steps []step
	}{
		{"rejected twice, an hour apart, then never", 0, []step{
			{0, Refused, ""}, {0, Refused, rejected + "2000-01-01T01:00:00Z"}, {time.Hour - time.Second, Refused, rejected},
			{time.Second, Refused, ""}, {0, Refused, "the portal rejected 2 logins with these credentials" + never}, {24 * 365 * time.Hour, Refused, never},
		}},
		{"a limit of one", 1, []step{{0, Refused, ""}, {2 * time.Hour, Refused, "the portal rejected 1 login with these credentials" + never}}},
		{"no answer counts as rejected", 0, []step{
			{0, Unknown, ""}, {0, Unknown, "of 1 login with them no answer was seen; the next is tried after 2000-01-01T01:00:00Z"},
			{time.Hour, Refused, ""}, {9 * time.Hour, Refused, "the portal rejected 1 login with these credentials and of 1 login with them no answer was seen" + never},
		}},
		{"an accepted login forgets", 0, []step{{0, Refused, ""}, {time.Hour, Accepted, ""}, {0, Refused, ""}, {time.Hour, Refused, ""}, {time.Hour, Refused, never}}},
		{"come again does not count", 0, []step{{0, Unsent, ""}, {0, Unsent, ""}, {0, Refused, ""}, {time.Hour, Unsent, ""}, {0, Refused, ""}, {time.Hour, Unsent, never}}},
		{"something else is tried for ever, with pauses up to an hour", 0, []step{
			{0, Failed, ""}, {59 * time.Second, Failed, "the portal answered 1 login by something else; the next is tried after 2000-01-01T00:01:00Z"},
			{time.Second, Failed, ""}, {4*time.Minute - 1, Failed, "answered 2 logins"}, {1, Failed, ""}, {16 * time.Minute, Failed, ""},
			{time.Hour - 1, Failed, "answered 4 logins"}, {1, Failed, ""}, {time.Hour, Failed, ""}, {time.Hour, Failed, ""}, {time.Hour, Accepted, ""}, {0, Failed, ""},
		}},
		{"something else does not hide a rejection", 0, []step{{0, Refused, ""}, {time.Hour, Failed, ""}, {time.Minute, Refused, rejected}, {59 * time.Minute, Refused, ""}, {time.Hour, Refused, never}}},
	}
	for _, test := range tests {
		for _, where := range []string{"memory", "directory"} {
			t.Run(test.name+", "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					dir := ""
					if where == "directory" {
						dir = t.TempDir()
					}
					g := quick(dir)
					for i, step := range test.steps {
						time.Sleep(step.wait)
						if dir != "" {
							g = quick(dir)
						}
						l := login("wrong")
						l.Limit = test.limit
						ahead, err := g.Suspended(l)
						if err != nil {
							t.Fatal(err)
						}
						err = try(t, g, l, step.outcome)
						var suspended *SuspendedError
						if errors.As(err, &suspended) != (ahead != nil) || ahead != nil && ahead.Error() != err.Error() {
							t.Errorf("step %d: told %v before, then %v", i, ahead, err)
						}
						if (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
							t.Errorf("step %d: %v, want %q", i, err, step.want)
						}
					}
				})
			})
		}
	}
}

// TestWhatIsOneLogin: a change of anything that makes a login starts anew, and
// coming back to what was rejected does not.
func TestWhatIsOneLogin(t *testing.T) {
	g := quick(t.TempDir())
	first := login("a")
	if err := try(t, g, first, Refused); err != nil {
		t.Fatal(err)
	}
	others := map[string]Login{"password": first, "email": first, "URL": first, "config": first, "a letter from the email to the password": first}
	change := func(name string, f func(*Login)) { l := others[name]; f(&l); others[name] = l }
	change("password", func(l *Login) { l.Password = "b" })
	change("email", func(l *Login) { l.Email = "b" })
	change("URL", func(l *Login) { l.URL = "b" })
	change("config", func(l *Login) { l.Config = []byte("2") })
	change("a letter from the email to the password", func(l *Login) { l.Email, l.Password = "exporter@example.co", "ma" })
	for name, other := range others {
		if err := try(t, g, other, Refused); err != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for name, other := range others {
		if err := try(t, g, other, Refused); err == nil {
			t.Errorf("the other %s is tried again at once", name)
		}
	}
	if err := try(t, g, first, Refused); err == nil {
		t.Error("the first is tried again at once")
	}
}

// TestRecordIsBounded: the newest fingerprints are kept.
func TestRecordIsBounded(t *testing.T) {
	dir := t.TempDir()
	g := quick(dir)
	for i := range maxEntries + 10 {
		if err := try(t, g, login(fmt.Sprint(i)), Refused); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := quick(dir).load(); err != nil || len(b.Entries) != maxEntries {
		t.Errorf("%d entries, %v", len(b.Entries), err)
	}
	if err := try(t, g, login(fmt.Sprint(maxEntries+9)), Refused); err == nil {
		t.Error("the newest is tried again")
	}
}

// TestWrittenAhead: the record says what is not known before anything is sent.
func TestWrittenAhead(t *testing.T) {
	dir := t.TempDir()
	a, err := quick(dir).Begin(t.Context(), login("a"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || !strings.Contains(string(text), `"unanswered":1`) {
		t.Errorf("%s, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(dir, fileName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := a.End(Accepted); err != nil {
		t.Error(err)
	}
	text, err = os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || strings.Contains(string(text), "fingerprint") {
		t.Errorf("afterwards %s, %v", text, err)
	}
}

// TestFingerprint: what is stored is as slow to guess as it is meant to be, differs
// from installation to installation, and says nothing by itself.
func TestFingerprint(t *testing.T) {
	if rounds := New(t.TempDir()).Rounds; rounds < 100_000 {
		t.Errorf("%d rounds", rounds)
	}
	var texts [2]string
	for i := range texts {
		dir := t.TempDir()
		if err := try(t, New(dir), login("correct horse"), Refused); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, fileName))
		if err != nil || strings.Contains(string(text), "horse") || strings.Contains(string(text), "exporter@") {
			t.Errorf("%s, %v", text, err)
		}
		var d document
		if err := json.Unmarshal(text, &d); err != nil || len(d.Salt) != saltLength || len(d.Logins) != 1 || len(d.Logins[0].Fingerprint) != 32 {
			t.Fatalf("%s, %v", text, err)
		}
		texts[i] = string(d.Logins[0].Fingerprint)
	}
	if texts[0] == texts[1] {
		t.Error("two installations can be compared")
	}
}

// TestFingerprintIsMadeOnce: it is slow, so the same login does not make it again; another
// one does.
func TestFingerprintIsMadeOnce(t *testing.T) {
	var prints fingerprints
	of := func(password string) *byte {
		print, err := prints.of(login(password), []byte("salt"), 1)
		if err != nil {
			t.Fatal(err)
		}
		return &print[0]
	}
	first := of("a")
	if again := of("a"); again != first {
		t.Error("made again for the same login")
	}
	if other := of("b"); other == first {
		t.Error("kept for another login")
	}
}

// TestOlderCount: what stood in the state is taken over, once.
func TestOlderCount(t *testing.T) {
	salt := []byte("0123456789abcdef0123456789abcdef")
	var prints fingerprints
	print, err := prints.of(login("old"), salt, 1)
	if err != nil {
		t.Fatal(err)
	}
	old := func(count int, salt []byte, last time.Time) string {
		return fmt.Sprintf(`{"format":"ukcloud_exporter state","version":1,"rejections":{"salt":%q,"fingerprint":%q,"count":%d,"last":%q},"sections":{"a":{"N":7}}}`,
			base64.StdEncoding.EncodeToString(salt), base64.StdEncoding.EncodeToString(print), count, last.UTC().Format(time.RFC3339))
	}
	state := func(count int) string { return old(count, salt, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) }
	tests := []struct {
		name, state string
		entries     int // taken over
		want        string
	}{
		{"two", state(2), 1, "rejected 2 logins"},
		{"one, long ago", state(1), 1, ""},
		{"one, just now", old(1, salt, time.Now()), 1, "rejected 1 login"},
		{"a count of none", state(0), 0, ""},
		{"without what makes the fingerprint", old(2, nil, time.Now()), 0, ""},
		{"none", `{"format":"ukcloud_exporter state","version":1,"rejections":null,"sections":{}}`, 0, ""},
		{"no member", `{"format":"ukcloud_exporter state","version":1,"sections":{}}`, 0, ""},
		{"torn", state(2)[:60], 0, ""},
		{"torn behind it", strings.TrimSuffix(state(2), "}}}"), 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, stateName), []byte(test.state), 0o600); err != nil {
				t.Fatal(err)
			}
			if b, err := quick(dir).load(); err != nil || len(b.Entries) != test.entries {
				t.Errorf("%d entries, %v, want %d", len(b.Entries), err, test.entries)
			}
			err := try(t, quick(dir), login("old"), Refused)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if err := try(t, quick(dir), login("new"), Refused); err != nil {
				t.Errorf("other credentials: %v", err)
			}
			if err := try(t, quick(dir), login("old"), Refused); err == nil {
				t.Error("tried again at once")
			}
		})
	}
}

// TestUnusableRecord: nothing is tried, and the file stays.
func TestUnusableRecord(t *testing.T) {
	tests := map[string]string{
		"empty": "", "torn": `{"format":"ukcloud_exporter lo`, "foreign": `{"name":"x"}`,
		"newer":          `{"format":"ukcloud_exporter logins","version":2,"salt":"AQ==","logins":null}`,
		"more behind it": `{"format":"ukcloud_exporter logins","version":1,"salt":"AQ==","logins":null},`,
		"another format": `{"format":"ukcloud_exporter state","version":1,"salt":"AQ==","logins":null}`,
		"no version":     `{"format":"ukcloud_exporter logins","salt":"AQ==","logins":null}`,
		"no salt":        `{"format":"ukcloud_exporter logins","version":1,"logins":null}`,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, fileName)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := try(t, quick(dir), login("a"), Refused)
			if err == nil || !strings.HasPrefix(err.Error(), "the login cannot be recorded, so it is not tried: ") || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
			if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
				t.Errorf("now it is %q, %v", kept, err)
			}
			forced := login("a")
			forced.Force = true
			if err := try(t, quick(dir), forced, Refused); err != nil {
				t.Errorf("forced: %v", err)
			}
		})
	}
}

// TestForce: who knows better is let through, and it counts.
func TestForce(t *testing.T) {
	g := quick(t.TempDir())
	forced := login("a")
	forced.Force = true
	for range 3 {
		if err := try(t, g, forced, Refused); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(t, g, login("a"), Refused); err == nil || !strings.Contains(err.Error(), "rejected 3 logins") {
		t.Errorf("got %v", err)
	}
	if err := try(t, g, forced, Accepted); err != nil {
		t.Fatal(err)
	}
	if err := try(t, g, login("a"), Accepted); err != nil {
		t.Errorf("after one that was accepted: %v", err)
	}
}

// TestClockThatWasAhead does not suspend logins for years, and does not give more
// tries either.
func TestClockThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		g := quick(dir)
		time.Sleep(20 * 365 * 24 * time.Hour)
		if err := try(t, g, login("a"), Refused); err != nil {
			t.Fatal(err)
		}
		b, err := g.load()
		if err != nil {
			t.Fatal(err)
		}
		b.Entries[0].Last = time.Now().AddDate(20, 0, 0)
		if err := g.save(b); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := try(t, quick(dir), login("a"), Refused); err == nil {
				t.Error("tried at once")
			}
			time.Sleep(20 * time.Minute)
		}
		if err := try(t, quick(dir), login("a"), Refused); err != nil {
			t.Errorf("after an hour: %v", err)
		}
		time.Sleep(time.Hour)
		if err := try(t, quick(dir), login("a"), Refused); err == nil {
			t.Error("a third try")
		}
	})
}

// TestOneAtATime: a login waits for another's outcome, and no longer than it may.
func TestOneAtATime(t *testing.T) {
	for _, where := range []string{"one process", "two processes"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				first := quick(dir)
				second := first
				if where == "two processes" { // another open file is another holder of the lock
					second = quick(dir)
				}
				a, err := first.Begin(t.Context(), login("a"))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := second.Begin(ctx, login("a")); err == nil || time.Since(start) != time.Second {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				done := make(chan error)
				go func() {
					b, err := second.Begin(t.Context(), login("a"))
					if err == nil {
						err = b.End(Accepted)
					}
					done <- err
				}()
				time.Sleep(10 * time.Second)
				if err := a.End(Accepted); err != nil {
					t.Error(err)
				}
				if err := <-done; err != nil {
					t.Errorf("the second: %v", err)
				}
				if waited := time.Since(start); waited > 11*time.Second+lockPoll {
					t.Errorf("it waited %v", waited)
				}
			})
		})
	}
}

// faultyFS makes the Nth operation fail.
type faultyFS struct {
	atomicfile.FS
	operations, failAt int
}

var errInjected = errors.New("injected fault")

func (f *faultyFS) step() error {
	f.operations++
	if f.operations == f.failAt {
		return errInjected
	}
	return nil
}

func (f *faultyFS) Open(name string) (atomicfile.File, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(name)
	return faultyFile{file, f}, err
}

func (f *faultyFS) Create(name string) (atomicfile.File, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	return faultyFile{file, f}, err
}

func (f *faultyFS) Rename(from, to string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

type faultyFile struct {
	atomicfile.File
	fs *faultyFS
}

// badEnd is a file that says all it has, and fails where it should end.
type badEnd struct {
	atomicfile.FS
	read, closed error
}

func (f badEnd) Open(name string) (atomicfile.File, error) {
	file, err := f.FS.Open(name)
	return badEndFile{file, f}, err
}

type badEndFile struct {
	atomicfile.File
	of badEnd
}

func (f badEndFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil && f.of.read != nil {
		err = f.of.read
	}
	return n, err
}

func (f badEndFile) Close() error { return errors.Join(f.File.Close(), f.of.closed) }

// TestRecordThatCannotBeRead: what a file said before it failed is not taken for all
// of it, be it the record or an older count.
func TestRecordThatCannotBeRead(t *testing.T) {
	for _, name := range []string{fileName, stateName} {
		dir := t.TempDir()
		content := `{"format":"ukcloud_exporter logins","version":1,"salt":"AQ==","logins":null}`
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		real := files{atomicfile.OS{Mode: 0o600}}
		for what, fsys := range map[string]badEnd{"read": {FS: real, read: errInjected}, "close": {FS: real, closed: errInjected}} {
			g := newGuard(dir, fsys)
			if _, err := g.Begin(t.Context(), login("a")); !errors.Is(err, errInjected) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

// TestOwedToAnotherRecord: what could not be written is written later, but not over
// what another process has written meanwhile.
func TestOwedToAnotherRecord(t *testing.T) {
	at := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	from := entry{Fingerprint: []byte{1}, Refused: 1, Unanswered: 1, Failed: 1, Last: at, Paused: at}
	tests := map[string]func(*entry){
		"refused":    func(e *entry) { e.Refused++ },
		"unanswered": func(e *entry) { e.Unanswered++ },
		"failed":     func(e *entry) { e.Failed++ },
		"last":       func(e *entry) { e.Last = at.Add(time.Hour) },
		"paused":     func(e *entry) { e.Paused = at.Add(time.Hour) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			g, owing := quick(dir), quick(dir)
			owing.owe(from, entry{Fingerprint: from.Fingerprint})
			if err := g.save(book{Salt: []byte{1}, Entries: []entry{from}}); err != nil {
				t.Fatal(err)
			}
			if b, err := owing.load(); err != nil || len(b.Entries) != 0 {
				t.Errorf("what is owed is not reckoned: %v, %v", b.Entries, err)
			}
			other := from
			change(&other)
			if err := g.save(book{Salt: []byte{1}, Entries: []entry{other}}); err != nil {
				t.Fatal(err)
			}
			if b, err := owing.load(); err != nil || len(b.Entries) != 1 || !b.Entries[0].equal(other) {
				t.Errorf("another's record is lost: %v, %v", b.Entries, err)
			}
		})
	}
}

func (f faultyFile) Write(p []byte) (int, error) {
	if err := f.fs.step(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f faultyFile) Sync() error {
	if err := f.fs.step(); err != nil {
		return err
	}
	return f.File.Sync()
}

// TestEveryOperationFails: whichever operation on the disk fails, no more than two
// rejected logins pass, now and after a restart; and a login that was accepted is
// no rejection once the disk works again.
func TestEveryOperationFails(t *testing.T) {
	for _, outcome := range []Outcome{Refused, Unknown, Failed, Accepted} {
		for n := 1; ; n++ {
			faults := &faultyFS{FS: files{atomicfile.OS{Mode: 0o600}}, failAt: n}
			more := true
			synctest.Test(t, func(t *testing.T) { more = everyOperation(t, faults, outcome) })
			if t.Failed() {
				t.Fatalf("outcome %d, operation %d", outcome, n)
			}
			if !more {
				if n < 12 {
					t.Fatalf("only %d operations were tried", n)
				}
				break
			}
		}
	}
}

func everyOperation(t *testing.T, faults *faultyFS, outcome Outcome) (more bool) {
	dir := t.TempDir()
	g := newGuard(dir, faults)
	g.Rounds = 1
	passed := 0
	for range 4 {
		a, err := g.Begin(t.Context(), login("a"))
		if err == nil {
			passed++
			_ = a.End(outcome) // fails, perhaps
		}
		if outcome == Accepted && err != nil && !errors.Is(err, errInjected) {
			t.Errorf("after a failure of the disk: %v", err)
		}
		time.Sleep(time.Hour)
	}
	g = quick(dir)
	for range 2 {
		if a, err := g.Begin(t.Context(), login("a")); err == nil {
			passed++
			_ = a.End(outcome)
		}
		time.Sleep(time.Hour)
	}
	switch {
	case outcome == Accepted && passed < 5, outcome == Failed && passed < 4:
		t.Errorf("%d logins passed", passed)
	case outcome != Accepted && outcome != Failed && (passed > 2 || passed == 0):
		t.Errorf("%d logins passed", passed)
	}
	return faults.operations >= faults.failAt
}

// TestNoDirectory: a directory that is missing is made; one that cannot be is an
// error.
func TestNoDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	if err := try(t, quick(dir), login("a"), Refused); err != nil {
		t.Error(err)
	}
	if err := try(t, quick(dir), login("a"), Refused); err == nil {
		t.Error("tried again")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := try(t, quick(filepath.Join(file, "state")), login("a"), Refused); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("got %v", err)
	}
}

// TestDocument is the file as it is written.
func TestDocument(t *testing.T) {
	dir := t.TempDir()
	g := quick(dir)
	want := book{Salt: []byte{1}, Entries: []entry{
		{Fingerprint: []byte{2}, Refused: 1, Last: time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Fingerprint: []byte{3}, Unanswered: 1, Failed: 2, Last: time.Date(2018, 1, 2, 0, 0, 0, 0, time.UTC)},
	}}
	if err := g.save(want); err != nil {
		t.Fatal(err)
	}
	const text = `{"format":"ukcloud_exporter logins","version":1,"salt":"AQ==","logins":[` +
		`{"fingerprint":"Ag==","refused":1,"last":"2018-01-01T00:00:00Z"},{"fingerprint":"Aw==","unanswered":1,"failed":2,"last":"2018-01-02T00:00:00Z"}]}`
	if got, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || string(got) != text {
		t.Errorf("%s, %v, want\n%s", got, err, text)
	}
	got, err := quick(dir).load()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestPause: logins that were accepted and did not last pause for every process, until
// the pause is over or taken back; other credentials and a clock that was ahead do not.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, dir := range []string{"", t.TempDir()} {
			g := quick(dir)
			next := func() *Guard { // another process
				if dir == "" {
					return g
				}
				return quick(dir)
			}
			pause := func(d time.Duration) {
				t.Helper()
				until := time.Time{}
				if d != 0 {
					until = time.Now().Add(d)
				}
				if err := next().Pause(t.Context(), login("a"), until); err != nil {
					t.Fatal(err)
				}
			}
			passes := func(when string, want bool, l Login) {
				t.Helper()
				err := try(t, next(), l, Accepted)
				if suspended, is := errors.AsType[*SuspendedError](err); (err == nil) != want || err != nil && (!is || !suspended.Fruitless) {
					t.Errorf("%s: %v", when, err)
				}
			}
			pause(30 * time.Minute)
			passes("paused", false, login("a"))
			passes("other credentials", true, login("b"))
			forced := login("a")
			forced.Force = true
			passes("forced", true, forced)
			passes("after one that was forced and may not have lasted", false, login("a"))
			if s, err := next().Suspended(login("a")); err != nil || s == nil || !strings.Contains(s.Error(), "their sessions did not last; the next is tried after 2000-01-0") {
				t.Errorf("%v, %v", s, err)
			}
			pause(0)
			passes("taken back", true, login("a"))
			pause(30 * time.Minute)
			time.Sleep(30 * time.Minute)
			passes("over", true, login("a"))
			pause(time.Hour) // the longest there is
			passes("paused for an hour", false, login("a"))
			pause(30 * time.Hour)
			passes("a clock that was ahead", true, login("a"))
			time.Sleep(24 * time.Hour)
		}
	})
}
