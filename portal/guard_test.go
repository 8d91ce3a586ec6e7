package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memoryStore is a RejectionStore that survives a client.
type memoryStore struct {
	mu    sync.Mutex
	kept  Rejections
	saves int
	err   error
}

func (s *memoryStore) Rejections() Rejections {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

func (s *memoryStore) SetRejections(r Rejections) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.err == nil {
		s.kept = r
	}
	return s.err
}

func rejectLogin(r *http.Request) *http.Response {
	return reply(r, 401, `{"error":"401 Unauthorized"}`)
}

// TestRejectedLogins follows one wrong password for a week.
func TestRejectedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		store := &memoryStore{}
		client := newTestClient(t, portal, WithRejectionStore(store))
		call := func(when string, want error, logins int) {
			t.Helper()
			if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", when, err, want)
			}
			portal.wantLogins(t, when, logins)
		}
		call("first", ErrLoginRejected, 1)
		if store.kept.Count != 1 || !store.kept.Last.Equal(time.Now()) {
			t.Errorf("stored %+v", store.kept)
		}
		if s := client.Session(); !s.Suspended || !s.SuspendedUntil.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("%+v", s)
		}
		call("at once", ErrLoginSuspended, 1)
		time.Sleep(time.Hour - time.Second)
		call("a second before the hour", ErrLoginSuspended, 1)
		time.Sleep(time.Second)
		if s := client.Session(); s.Suspended {
			t.Errorf("after the hour: %+v", s)
		}
		call("after an hour", ErrLoginRejected, 2)
		if s := client.Session(); !s.Suspended || !s.SuspendedUntil.IsZero() {
			t.Errorf("%+v", s)
		}
		for range 7 {
			time.Sleep(24 * time.Hour)
			call("days later", ErrLoginSuspended, 2)
		}
		portal.mu.Lock()
		portal.login = nil
		portal.mu.Unlock()
		call("the portal would accept, but nothing changed here", ErrLoginSuspended, 2)
	})
}

// TestRejectionsOutliveTheClient: a restart does not give new tries; other
// credentials or another config do.
func TestRejectionsOutliveTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		store := &memoryStore{}
		start := func(url, password string, digest string) error {
			client, err := New(url, func() (Credentials, error) {
				return Credentials{Email: testEmail, Password: NewSecret(password)}, nil
			}, WithTransport(portal), WithRejectionStore(store), WithConfigDigest([]byte(digest)))
			if err != nil {
				t.Fatal(err)
			}
			client.session.guard.rounds = 1
			return client.Login(t.Context())
		}
		steps := []struct {
			name, url, password, digest string
			wait                        time.Duration
			want                        error
			logins                      int
		}{
			{"first", testURL, "a", "1", 0, ErrLoginRejected, 1},
			{"restart", testURL, "a", "1", 0, ErrLoginSuspended, 1},
			{"after an hour", testURL, "a", "1", time.Hour, ErrLoginRejected, 2},
			{"restart", testURL, "a", "1", 0, ErrLoginSuspended, 2},
			{"restart a month later", testURL, "a", "1", 30 * 24 * time.Hour, ErrLoginSuspended, 2},
			{"new password", testURL, "b", "1", 0, ErrLoginRejected, 3},
			{"restart with it", testURL, "b", "1", 0, ErrLoginSuspended, 3},
			{"new config", testURL, "b", "2", 0, ErrLoginRejected, 4},
			{"restart with it", testURL, "b", "2", 0, ErrLoginSuspended, 4},
			{"another portal", "https://portal.example.org/api", "b", "2", 0, ErrLoginRejected, 5},
			{"restart with it", "https://portal.example.org/api", "b", "2", 0, ErrLoginSuspended, 5},
		}
		for _, step := range steps {
			time.Sleep(step.wait)
			if err := start(step.url, step.password, step.digest); !errors.Is(err, step.want) {
				t.Errorf("%s: %v, want %v", step.name, err, step.want)
			}
			portal.wantLogins(t, step.name, step.logins)
		}
		portal.login = nil
		if err := start(testURL, "c", "1"); err != nil {
			t.Error(err)
		}
		if store.kept.Count != 0 || store.kept.Fingerprint != nil {
			t.Errorf("an accepted login has left %+v", store.kept)
		}
		saves := store.saves
		if err := start(testURL, "c", "1"); err != nil || store.saves != saves {
			t.Errorf("%v; %d saves of nothing", err, store.saves-saves)
		}
	})
}

// TestRejectionIsSavedBeforeTheNextLogin: callers that wait for a login do not go
// on before its rejection is stored.
func TestRejectionIsSavedBeforeTheNextLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		store := &slowStore{}
		client := newTestClient(t, portal, WithRejectionStore(store))
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				_, _ = client.Conditional().Accounts(t.Context(), nil)
				if store.Rejections().Count != 1 {
					t.Error("a caller went on before the rejection was stored")
				}
			})
		}
		group.Wait()
		portal.wantLogins(t, "twenty callers", 1)
	})
}

type slowStore struct{ memoryStore }

func (s *slowStore) SetRejections(r Rejections) error {
	time.Sleep(time.Minute)
	return s.memoryStore.SetRejections(r)
}

// TestRejectionsThatCannotBeSaved go on in memory, and are logged.
func TestRejectionsThatCannotBeSaved(t *testing.T) {
	for _, panics := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			portal := newGate()
			portal.login = rejectLogin
			var store RejectionStore = &memoryStore{err: errors.New("disk full")}
			if panics {
				store = panickingStore{}
			}
			var log bytes.Buffer
			client := newTestClient(t, portal, WithRejectionStore(store), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			for range 10 {
				_ = client.Login(t.Context())
				time.Sleep(3 * time.Hour)
			}
			portal.wantLogins(t, "thirty hours", 2)
			if !panics && !strings.Contains(log.String(), "disk full") {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

type panickingStore struct{}

func (panickingStore) Rejections() Rejections         { return Rejections{} }
func (panickingStore) SetRejections(Rejections) error { panic("store") }

// TestRejectionFromTheFuture: a clock that was years ahead does not suspend logins
// for years.
func TestRejectionFromTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = rejectLogin
		store := &memoryStore{}
		client := newTestClient(t, portal, WithRejectionStore(store))
		_ = client.Login(t.Context())
		store.kept.Last = time.Now().AddDate(20, 0, 0)
		client = newTestClient(t, portal, WithRejectionStore(store))
		if err := client.Login(t.Context()); !errors.Is(err, ErrLoginSuspended) {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(time.Hour)
		if err := client.Login(t.Context()); !errors.Is(err, ErrLoginRejected) {
			t.Errorf("after an hour: %v", err)
		}
		portal.wantLogins(t, "in the end", 2)
	})
}

// TestSuspensionEndsWithTheCredentials, even before a login with new ones succeeds.
func TestSuspensionEndsWithTheCredentials(t *testing.T) {
	portal := newGate()
	portal.login = rejectLogin
	password := "old"
	client, err := New(testURL, func() (Credentials, error) {
		return Credentials{Email: testEmail, Password: NewSecret(password)}, nil
	}, WithTransport(portal))
	if err != nil {
		t.Fatal(err)
	}
	client.session.guard.rounds = 1
	_ = client.Login(t.Context())
	if !client.Session().Suspended {
		t.Fatal("not suspended")
	}
	password = "new"
	portal.login = func(r *http.Request) *http.Response { return reply(r, 500, "") }
	_ = client.Login(t.Context())
	if client.Session().Suspended {
		t.Error("still suspended")
	}
	portal.wantLogins(t, "in the end", 2)
}

// TestOtherFailuresAreNoRejections.
func TestOtherFailuresAreNoRejections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.login = func(r *http.Request) *http.Response { return reply(r, 503, "") }
		store := &memoryStore{}
		client := newTestClient(t, portal, WithRejectionStore(store))
		for range 100 {
			if err := client.Login(t.Context()); errors.Is(err, ErrLoginSuspended) || errors.Is(err, ErrLoginRejected) {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if store.saves != 0 {
			t.Errorf("%d saves", store.saves)
		}
	})
}

// TestFingerprint: what is stored is as slow to guess as it is meant to be, differs
// from client to client, and says nothing by itself.
func TestFingerprint(t *testing.T) {
	credentials, _ := goodCredentials()
	store := &memoryStore{}
	g := newGuard(testURL, []byte("digest"), store, slog.New(slog.DiscardHandler))
	if g.rounds < 100_000 {
		t.Errorf("%d rounds", g.rounds)
	}
	g.reject(credentials, midnight2000)
	first := store.kept
	if len(first.Salt) != saltLength || len(first.Fingerprint) != 32 || first.Count != 1 {
		t.Errorf("%+v", first)
	}
	other := newGuard(testURL, []byte("digest"), store, slog.New(slog.DiscardHandler))
	if err := other.allow(credentials, midnight2000); !errors.Is(err, ErrLoginSuspended) {
		t.Errorf("another process: %v", err)
	}
	store.kept = Rejections{}
	third := newGuard(testURL, []byte("digest"), store, slog.New(slog.DiscardHandler))
	third.reject(credentials, midnight2000)
	if bytes.Equal(first.Salt, store.kept.Salt) || bytes.Equal(first.Fingerprint, store.kept.Fingerprint) {
		t.Error("two installations can be compared")
	}
	text, err := json.Marshal(first)
	if err != nil || !strings.HasPrefix(string(text), `{"salt":"`) || strings.Contains(string(text), testPassword) {
		t.Errorf("%s, %v", text, err)
	}
	var back Rejections
	if err := json.Unmarshal(text, &back); err != nil || !bytes.Equal(back.Fingerprint, first.Fingerprint) || !back.Last.Equal(first.Last) {
		t.Errorf("%+v, %v", back, err)
	}
	moved := Credentials{Email: credentials.Email + credentials.Password.Reveal()[:1], Password: NewSecret(credentials.Password.Reveal()[1:])}
	if err := other.allow(moved, midnight2000); err != nil {
		t.Errorf("a letter moved from the password to the email: %v", err)
	}
}
