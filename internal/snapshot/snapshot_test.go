package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/portal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a collector of one family whose rounds a test scripts.
type fake struct {
	name    string
	rounds  atomic.Int64
	collect func(ctx context.Context, round int, previous func(string) *collector.Part) ([]collector.Result, error)
	streams func(ctx context.Context, round int, publish func(...collector.Result)) ([]collector.Result, error)
}

func (f *fake) Families() []collector.Family {
	return []collector.Family{{
		Name: "ukcloud_" + f.name, Help: "A fake.", Labels: []string{"account"},
		Samples: func(data any) []collector.Sample { return data.(sampler).samples() },
	}}
}

func (f *fake) Collect(ctx context.Context, previous func(string) *collector.Part, publish func(...collector.Result)) ([]collector.Result, error) {
	if f.streams != nil {
		return f.streams(ctx, int(f.rounds.Add(1)), publish)
	}
	return f.collect(ctx, int(f.rounds.Add(1)), previous)
}

type sampler interface{ samples() []collector.Sample }

// value is the data of a part with one series for each of its labels.
type value struct {
	n      int
	labels []string
}

func (v *value) samples() (samples []collector.Sample) {
	for _, l := range v.labels {
		samples = append(samples, collector.Sample{Labels: []string{l}, Value: float64(v.n)})
	}
	return samples
}

func partOf(data sampler) *collector.Part {
	return &collector.Part{Data: data, Unknown: map[string]int{"field": 0}}
}

func good(account string, n int) collector.Result {
	return collector.Result{Key: account, Account: account, Part: partOf(&value{n, []string{account}})}
}

func bad(account string, err error) collector.Result {
	return collector.Result{Key: account, Account: account, Err: err}
}

// counting gives one account whose value is the number of the round, after took.
func counting(name string, took time.Duration) *fake {
	return &fake{name: name, collect: func(ctx context.Context, round int, _ func(string) *collector.Part) ([]collector.Result, error) {
		select {
		case <-time.After(took):
			return []collector.Result{good("1", round)}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}

const (
	minInterval = time.Minute
	maxAge      = time.Hour
)

// bench is a cache under test with what it logged.
type bench struct {
	*snapshot.Cache
	t    *testing.T
	logs *logs
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBench(t *testing.T, collectors ...*fake) *bench {
	t.Helper()
	var members []snapshot.Member
	for _, c := range collectors {
		members = append(members, snapshot.Member{Name: c.name, Collector: c, MinInterval: minInterval, MaxAge: maxAge})
	}
	return newBenchOf(t, members...)
}

func newBenchOf(t *testing.T, members ...snapshot.Member) *bench {
	t.Helper()
	b := &bench{t: t, logs: new(logs)}
	b.Cache = snapshot.New(slog.New(slog.NewTextHandler(b.logs, nil)), members)
	t.Cleanup(func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
		if strings.Contains(b.logs.String(), "level=ERROR") { // what no test provokes
			t.Errorf("an error is logged:\n%s", b.logs)
		}
	})
	return b
}

// scripted is a collector with the same results in each round.
type scripted struct {
	families []collector.Family
	results  []collector.Result
}

func (s *scripted) Families() []collector.Family { return s.families }

func (s *scripted) Collect(context.Context, func(string) *collector.Part, func(...collector.Result)) ([]collector.Result, error) {
	return s.results, nil
}

var (
	text = exposition.Encoding{Format: exposition.Text}
	gzip = exposition.Encoding{Format: exposition.Text, Compression: exposition.Gzip}
)

// scrape waits up to timeout and returns the samples.
func (b *bench) scrape(timeout time.Duration) string {
	b.t.Helper()
	b.Refresh(context.Background(), time.Now().Add(timeout), b.Names())
	return b.read()
}

func (b *bench) read() string {
	b.t.Helper()
	pieces, err := b.Exposition(text, b.Names())
	if err != nil {
		b.t.Fatal(err)
	}
	return b.readOf(pieces)
}

// readOf returns the samples of what is not compressed.
func (b *bench) readOf(parts []exposition.Part) string {
	b.t.Helper()
	var out bytes.Buffer
	if _, err := (exposition.Stream{Parts: parts}).WriteTo(&out); err != nil {
		b.t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func (b *bench) want(got, want, when string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: got %q, want %q", when, got, want)
	}
}

func (b *bench) success(name string) bool {
	for _, s := range b.Status() {
		if s.Name == name {
			return s.Success
		}
	}
	b.t.Fatalf("no collector %s", name)
	return false
}

const one = "ukcloud_a{account=\"1\"} %d\n"

func TestScrapeWaitsForWhatIsDueAndOnlyThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", 2*time.Second))
		began := time.Now()
		b.want(b.scrape(10*time.Second), fmt.Sprintf(one, 1), "first scrape")
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the first scrape took %s, want the 2s of the refresh", took)
		}
		time.Sleep(minInterval / 2)
		began = time.Now()
		b.want(b.scrape(10*time.Second), fmt.Sprintf(one, 1), "a scrape within min_interval")
		if took := time.Since(began); took != 0 {
			t.Errorf("a scrape within min_interval took %s", took)
		}
		// Age counts from the start of a refresh: a scrape a minute after the
		// first one refreshes, although that one's refresh ended 2 s later.
		time.Sleep(minInterval/2 - 2*time.Second)
		b.want(b.scrape(10*time.Second), fmt.Sprintf(one, 2), "a scrape after min_interval")
	})
}

// TestScrapeAMomentEarly: a scrape refreshes when it comes up to a twentieth of
// min_interval early, and a second at most.
func TestScrapeAMomentEarly(t *testing.T) {
	for _, tt := range []struct {
		interval, after time.Duration
		rounds          int
	}{
		{4 * time.Second, 3790 * time.Millisecond, 1},
		{4 * time.Second, 3800 * time.Millisecond, 2},
		{time.Hour, time.Hour - 1001*time.Millisecond, 1},
		{time.Hour, time.Hour - time.Second, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBenchOf(t, snapshot.Member{Name: "a", Collector: counting("a", 0), MinInterval: tt.interval, MaxAge: 4 * time.Hour})
			b.scrape(time.Second)
			time.Sleep(tt.after)
			b.want(b.scrape(time.Second), fmt.Sprintf(one, tt.rounds), fmt.Sprintf("%s after the first, min_interval %s", tt.after, tt.interval))
		})
	}
}

// TestOnlyTheNamedCollectors are refreshed and shown.
func TestOnlyTheNamedCollectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, second := counting("a", 0), counting("b", 0)
		b := newBench(t, a, second, counting("c", 0))
		b.Refresh(t.Context(), time.Now().Add(time.Second), []string{"b"})
		if a.rounds.Load() != 0 || second.rounds.Load() != 1 {
			t.Errorf("%d rounds of a, %d of b", a.rounds.Load(), second.rounds.Load())
		}
		pieces, err := b.Exposition(text, []string{"b"})
		if err != nil || len(pieces) != 1 {
			t.Fatalf("%d pieces, %v", len(pieces), err)
		}
		if only := b.readOf(pieces); only != "ukcloud_b{account=\"1\"} 1\n" {
			t.Errorf("shown: %q", only)
		}
	})
}

func TestRefreshOutlivesItsScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", 30*time.Second))
		began := time.Now()
		b.want(b.scrape(10*time.Second), "", "a scrape whose time is over")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the scrape took %s, want its 10s", took)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		b.want(b.read(), fmt.Sprintf(one, 1), "after the refresh has ended")

		// The last refresh took 30 s, so a scrape with 10 s does not wait.
		time.Sleep(minInterval)
		began = time.Now()
		b.want(b.scrape(10*time.Second), fmt.Sprintf(one, 1), "a scrape that cannot wait long enough")
		if took := time.Since(began); took != 0 {
			t.Errorf("the scrape waited %s for what cannot come", took)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		b.want(b.read(), fmt.Sprintf(one, 2), "after the second refresh")
	})
}

func TestScraperThatGoesAwayStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", 30*time.Second))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		b.Refresh(ctx, began.Add(time.Hour), b.Names())
		if took := time.Since(began); took != time.Second {
			t.Errorf("waited %s after the scraper had gone", took)
		}
	})
}

func TestManyScrapersShareOneRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := counting("a", time.Second)
		b := newBench(t, f)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { b.want(b.scrape(10*time.Second), fmt.Sprintf(one, 1), "a scrape among many") })
		}
		wg.Wait()
		if n := f.rounds.Load(); n != 1 {
			t.Errorf("100 scrapes caused %d rounds, want 1", n)
		}
	})
}

func TestOneRoundRunsAtStartAndThenNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := counting("a", time.Second)
		b := newBench(t, f)
		b.Start()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := f.rounds.Load(); n != 1 {
			t.Errorf("%d rounds while nobody scraped, want 1", n)
		}
	})
}

var errPortal = errors.New("the portal is down")

// failing fails in the rounds from and later, until to.
func failing(from, to int, with func() ([]collector.Result, error)) *fake {
	return &fake{name: "a", collect: func(_ context.Context, round int, _ func(string) *collector.Part) ([]collector.Result, error) {
		if round >= from && round < to {
			return with()
		}
		return []collector.Result{good("1", round)}, nil
	}}
}

func TestFailureKeepsTheSnapshotUntilMaxAge(t *testing.T) {
	failures := []struct {
		name string
		with func() ([]collector.Result, error)
	}{
		{"error", func() ([]collector.Result, error) { return nil, errPortal }},
		{"part", func() ([]collector.Result, error) { return []collector.Result{bad("1", errPortal)}, nil }},
		{"all forbidden", func() ([]collector.Result, error) {
			return []collector.Result{bad("1", &forbidden{})}, nil
		}},
		{"panic", func() ([]collector.Result, error) { panic("a bug") }},
	}
	for _, failure := range failures {
		t.Run(failure.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, failing(2, 62, failure.with))
				b.scrape(time.Second)
				for range 59 { // the first refresh is of minute 0, the last of these of minute 59
					time.Sleep(time.Minute)
					b.want(b.scrape(time.Second), fmt.Sprintf(one, 1), "while failing")
					if b.success("a") {
						t.Fatal("a failed refresh counts as success")
					}
				}
				if ready, _, _ := b.Ready(); !ready {
					t.Error("not ready although a part is young enough")
				}
				time.Sleep(time.Minute)
				b.want(b.scrape(time.Second), "", "past max_age")
				if ready, _, stale := b.Ready(); ready || !cmp.Equal(stale, []string{"a"}) {
					t.Errorf("ready %v, stale %v; want not ready, [a]", ready, stale)
				}
				time.Sleep(time.Minute)
				b.scrape(time.Second)
				time.Sleep(time.Minute)
				b.want(b.scrape(time.Second), fmt.Sprintf(one, 63), "healed")
				if !b.success("a") {
					t.Error("success is 0 after a good round")
				}
			})
		})
	}
}

// forbidden is as the portal client says it.
type forbidden struct{}

func (*forbidden) Error() string        { return "no permitted account found" }
func (*forbidden) Is(target error) bool { return target == portal.ErrForbidden }

func TestPartsMoveOnAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "a", collect: func(_ context.Context, round int, _ func(string) *collector.Part) ([]collector.Result, error) {
			switch round {
			case 2:
				return []collector.Result{good("1", round), bad("2", errPortal), bad("3", &forbidden{})}, nil
			case 4:
				return []collector.Result{good("2", round)}, nil
			default:
				return []collector.Result{good("1", round), good("2", round), bad("3", &forbidden{})}, nil
			}
		}}
		b := newBench(t, f)
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"1\"} 1\nukcloud_a{account=\"2\"} 1\n", "first round")
		if !b.success("a") {
			t.Error("a forbidden account fails the others")
		}
		time.Sleep(minInterval)
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"1\"} 2\nukcloud_a{account=\"2\"} 1\n", "account 2 failed")
		if b.success("a") {
			t.Error("a failed part counts as success")
		}
		time.Sleep(minInterval)
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"1\"} 3\nukcloud_a{account=\"2\"} 3\n", "account 2 back")
		time.Sleep(minInterval)
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"2\"} 4\n", "account 1 is no longer listed")
	})
}

func TestUnchangedRoundKeepsWhatIsEncoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		same := good("1", 1)
		b := newBench(t, &fake{name: "a", collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
			return []collector.Result{same}, nil
		}})
		b.scrape(time.Second)
		first, err := b.Exposition(gzip, b.Names())
		if err != nil {
			t.Fatal(err)
		}
		for range 70 { // longer than max_age: a 304 confirms the part
			time.Sleep(minInterval)
			b.want(b.scrape(time.Second), fmt.Sprintf(one, 1), "unchanged")
		}
		last, err := b.Exposition(gzip, b.Names())
		if err != nil {
			t.Fatal(err)
		}
		if first[0] != last[0] {
			t.Error("an unchanged round was encoded anew")
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := failing(1, 2, func() ([]collector.Result, error) {
			return []collector.Result{bad("1", &portal.Error{StatusCode: 429, RetryAfter: 5 * time.Minute})}, nil
		})
		b := newBench(t, f)
		for range 5 {
			b.scrape(time.Second)
			time.Sleep(time.Minute)
		}
		if n := f.rounds.Load(); n != 1 {
			t.Fatalf("%d rounds within Retry-After, want 1", n)
		}
		b.want(b.scrape(time.Second), fmt.Sprintf(one, 2), "after Retry-After")
	})
}

// TestBackoff: of a collector that goes on failing the first three failures are followed
// by a try at the very next scrape, then the pauses double up to min_interval.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried []time.Time
		b := newBench(t, failing(1, 1000, func() ([]collector.Result, error) {
			tried = append(tried, time.Now())
			return nil, errPortal
		}))
		const tick = 250 * time.Millisecond // between scrapes
		for len(tried) < 13 {
			b.scrape(time.Millisecond)
			time.Sleep(tick)
		}
		want := []time.Duration{tick, tick, tick, 1, 2, 4, 8, 16, 32, 60, 60, 60}
		for i := range want {
			if want[i] < tick {
				want[i] *= time.Second
			}
			if got := tried[i+1].Sub(tried[i]); got != want[i] {
				t.Errorf("%s between failures %d and %d, want %s", got, i+1, i+2, want[i])
			}
		}
	})
}

// TestErrorOfAPart: what a part failed with is told with its name, also when a later part
// is well.
func TestErrorOfAPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, answers(bad("1", errors.New("timeout")), good("2", 1)))
		b.scrape(time.Second)
		if got := b.Status()[0].LastError; got != "timeout" {
			t.Errorf("the page says %q", got)
		}
		if log := b.logs.String(); !strings.Contains(log, `msg="Refresh of a part failed"`) || !strings.Contains(log, "part=1 ") {
			t.Errorf("logged:\n%s", log)
		}
	})
}

// TestWorksAgain: the end of failures is told once, and no first success is one.
func TestWorksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, failing(2, 4, func() ([]collector.Result, error) { return nil, errPortal }))
		for i, want := range []int{0, 0, 0, 1, 1} {
			b.scrape(time.Second)
			if n := strings.Count(b.logs.String(), "Refresh works again"); n != want {
				t.Errorf("told %d times after round %d, want %d", n, i+1, want)
			}
			time.Sleep(minInterval)
		}
	})
}

func TestLogNamesTheFlagOfAnEndpointThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, failing(1, 9, func() ([]collector.Result, error) {
			return nil, fmt.Errorf("list: %w", portal.ErrNotFound)
		}))
		b.scrape(time.Second)
		if !strings.Contains(b.logs.String(), "--no-collector.a") {
			t.Errorf("the log does not name the flag:\n%s", b.logs)
		}
	})
}

// TestSaidOnce: an error in which only a port or a time has changed is the same error,
// one without a session is the login's to tell, and neither log nor page gets what a
// terminal obeys.
func TestSaidOnce(t *testing.T) {
	tests := []struct {
		name     string
		err      func(round int) error
		warnings int
		page     string
	}{
		{"ports and times", func(round int) error {
			return fmt.Errorf("dial tcp 10.0.0.1:%d: refused at 12:00:%02d", 40000+round, round)
		}, 1, "dial tcp 10.0.0.1:40006: refused at 12:00:06"},
		{"three digits of a time, and an id", func(round int) error {
			return fmt.Errorf("request 8f3a1c2e-0000-4000-8000-00000000000%d took 1.%03ds from 10.0.0.1:%d", round, 100+round, 900+round)
		}, 1, "request 8f3a1c2e-0000-4000-8000-000000000006 took 1.106s from 10.0.0.1:906"},
		{"one of two", func(round int) error { return fmt.Errorf("error %c", 'a'+round%2) }, 2, "error a"},
		{"another status", func(round int) error { return fmt.Errorf("status %d", 500+round) }, 6, "status 506"},
		{"no session", func(int) error { return fmt.Errorf("list accounts: %w: logins are suspended", portal.ErrNoSession) },
			0, "no portal session: logins are suspended"},
		{"escapes", func(int) error { return errors.New("a\x1b[31mb\u009bc\x07d") }, 1, "a [31mb c d"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				round := 0
				b := newBench(t, failing(1, 1000, func() ([]collector.Result, error) { round++; return nil, test.err(round) }))
				for range 6 {
					b.scrape(time.Second)
					time.Sleep(2 * time.Minute)
				}
				if n := strings.Count(b.logs.String(), "level=WARN"); n != test.warnings || round != 6 {
					t.Errorf("%d warnings in %d rounds, want %d:\n%s", n, round, test.warnings, b.logs)
				}
				if got := b.Status()[0].LastError; got != test.page {
					t.Errorf("the page says %q, want %q", got, test.page)
				}
			})
		})
	}
}

// TestSixteenErrorsAreRemembered: of one part sixteen errors are known again; what comes
// beyond them is told each time.
func TestSixteenErrorsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const errs = 17
		round := 0
		b := newBench(t, failing(1, 1000, func() ([]collector.Result, error) {
			round++
			return nil, fmt.Errorf("error %c", 'a'+(round-1)%errs)
		}))
		for i, want := range []int{errs, errs + 1, errs + 2} { // the last of them again
			for range errs {
				b.scrape(time.Second)
				time.Sleep(2 * time.Minute)
			}
			if n := strings.Count(b.logs.String(), "level=WARN"); n != want {
				t.Errorf("%d warnings after each error came %d times, want %d", n, i+1, want)
			}
		}
	})
}

func TestReloadKeepsDataUntilItsOwnRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newBench(t, counting("a", 0))
		old.scrape(time.Second)
		sawPrevious := false
		next := newBench(t, &fake{name: "a", collect: func(_ context.Context, _ int, previous func(string) *collector.Part) ([]collector.Result, error) {
			sawPrevious = previous("1") != nil
			return []collector.Result{good("1", 100)}, nil
		}})
		next.Adopt(old.Cache)
		next.want(next.read(), fmt.Sprintf(one, 1), "before the first round")
		if ready, _, _ := next.Ready(); !ready {
			t.Error("not ready although the old data is there")
		}
		next.want(next.scrape(time.Second), fmt.Sprintf(one, 100), "after the first round")
		if sawPrevious {
			t.Error("a part of the old configuration was given to the new collector")
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &fake{name: "a", collect: func(_ context.Context, _ int, _ func(string) *collector.Part) ([]collector.Result, error) {
			time.Sleep(1500 * time.Millisecond)
			part := partOf(&value{7, []string{"1", "1", "2"}})
			return []collector.Result{{Key: "1", Account: "1", Part: part}, bad("736", &forbidden{})}, nil
		}})
		registry := prometheus.NewRegistry()
		registry.MustRegister(snapshot.NewMetrics(func() *snapshot.Cache { return b.Cache }, []string{"a", "b"}))
		before := `# HELP ukcloud_collector_enabled 1 if the collector is enabled, 0 if it is not.
# TYPE ukcloud_collector_enabled gauge
ukcloud_collector_enabled{collector="a"} 1
ukcloud_collector_enabled{collector="b"} 0
# HELP ukcloud_collector_max_age_seconds Age at which data of the collector disappears.
# TYPE ukcloud_collector_max_age_seconds gauge
ukcloud_collector_max_age_seconds{collector="a"} 3600
# HELP ukcloud_collector_series Series that the collector exposes now.
# TYPE ukcloud_collector_series gauge
ukcloud_collector_series{collector="a"} 0
# HELP ukcloud_collector_success 1 if the collector's last refresh succeeded, 0 if it failed or none has ended.
# TYPE ukcloud_collector_success gauge
ukcloud_collector_success{collector="a"} 0
# HELP ukcloud_duplicate_series_dropped Samples of the present snapshot that were dropped because their series was there already.
# TYPE ukcloud_duplicate_series_dropped gauge
ukcloud_duplicate_series_dropped{collector="a"} 0
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(before)); err != nil {
			t.Errorf("before the first round: %v", err)
		}
		b.scrape(10 * time.Second)
		after := `# HELP ukcloud_account_forbidden 1 for an account that the portal refuses to the login.
# TYPE ukcloud_account_forbidden gauge
ukcloud_account_forbidden{account="736",collector="a"} 1
# HELP ukcloud_collector_duration_seconds Duration of the collector's last refresh.
# TYPE ukcloud_collector_duration_seconds gauge
ukcloud_collector_duration_seconds{collector="a"} 1.5
# HELP ukcloud_collector_enabled 1 if the collector is enabled, 0 if it is not.
# TYPE ukcloud_collector_enabled gauge
ukcloud_collector_enabled{collector="a"} 1
ukcloud_collector_enabled{collector="b"} 0
# HELP ukcloud_collector_last_attempt_timestamp_seconds When the collector's last refresh ended.
# TYPE ukcloud_collector_last_attempt_timestamp_seconds gauge
ukcloud_collector_last_attempt_timestamp_seconds{collector="a"} 946684801.5
# HELP ukcloud_collector_last_success_timestamp_seconds When the collector's last refresh that succeeded ended.
# TYPE ukcloud_collector_last_success_timestamp_seconds gauge
ukcloud_collector_last_success_timestamp_seconds{collector="a"} 946684801.5
# HELP ukcloud_collector_max_age_seconds Age at which data of the collector disappears.
# TYPE ukcloud_collector_max_age_seconds gauge
ukcloud_collector_max_age_seconds{collector="a"} 3600
# HELP ukcloud_collector_series Series that the collector exposes now.
# TYPE ukcloud_collector_series gauge
ukcloud_collector_series{collector="a"} 2
# HELP ukcloud_collector_success 1 if the collector's last refresh succeeded, 0 if it failed or none has ended.
# TYPE ukcloud_collector_success gauge
ukcloud_collector_success{collector="a"} 1
# HELP ukcloud_duplicate_series_dropped Samples of the present snapshot that were dropped because their series was there already.
# TYPE ukcloud_duplicate_series_dropped gauge
ukcloud_duplicate_series_dropped{collector="a"} 1
# HELP ukcloud_unknown_values Values in the present snapshot that the API reference does not list, by the portal's field.
# TYPE ukcloud_unknown_values gauge
ukcloud_unknown_values{collector="a",field="field"} 0
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(after)); err != nil {
			t.Errorf("after the first round: %v", err)
		}
	})
}

// exploding is data of which no samples can be had.
type exploding struct{}

func (exploding) samples() []collector.Sample { panic("a bug in a family") }

func TestPanicInAFamilyIsTheCollectorsFailure(t *testing.T) {
	for _, data := range []sampler{exploding{}, mislabelled{}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, failing(2, 3, func() ([]collector.Result, error) {
				return []collector.Result{{Key: "1", Account: "1", Part: partOf(data)}}, nil
			}))
			b.want(b.scrape(time.Second), fmt.Sprintf(one, 1), "before")
			time.Sleep(minInterval)
			b.want(b.scrape(time.Second), fmt.Sprintf(one, 1), "a part that panics")
			if b.success("a") {
				t.Error("a panic counts as success")
			}
			time.Sleep(minInterval)
			b.want(b.scrape(time.Second), fmt.Sprintf(one, 3), "healed")
		})
	}
}

// mislabelled has a sample with another number of labels than its family.
type mislabelled struct{}

func (mislabelled) samples() []collector.Sample {
	return []collector.Sample{{Labels: []string{"1", "2"}, Value: 1}}
}

// TestParts: what pages read of a collector are its parts, with their age and until
// they are too old.
func TestParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		b := newBench(t, failing(2, 1000, func() ([]collector.Result, error) { return nil, errPortal }))
		b.scrape(time.Second)
		time.Sleep(minInterval)
		b.scrape(time.Second)
		parts := b.Parts("a")
		if len(parts) != 1 || parts[0].Key != "1" || !parts[0].At.Equal(began) || parts[0].Part.Data.(*value).n != 1 {
			t.Errorf("%+v", parts)
		}
		time.Sleep(maxAge)
		if parts := b.Parts("a"); len(parts) != 0 {
			t.Errorf("past max_age: %+v", parts)
		}
		if parts := b.Parts("b"); parts != nil {
			t.Errorf("of a collector that is not there: %+v", parts)
		}
	})
}

func TestDrainEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", time.Hour))
		began := time.Now()
		time.AfterFunc(time.Second, b.Drain)
		b.want(b.scrape(time.Hour-time.Second), "", "drained")
		if took := time.Since(began); took != time.Second {
			t.Errorf("waited %s, want until Drain", took)
		}
	})
}

// TestStopIsNoFailure: a round that is stopped in the middle says nothing of the portal,
// and one that has what it asked for is taken.
func TestStopIsNoFailure(t *testing.T) {
	tests := []struct {
		name    string
		stopped func(context.Context) ([]collector.Result, error)
		n       int // shown then
	}{
		{"an error", func(ctx context.Context) ([]collector.Result, error) { return nil, ctx.Err() }, 1},
		{"a part's error", func(ctx context.Context) ([]collector.Result, error) {
			return []collector.Result{bad("1", ctx.Err())}, nil
		}, 1},
		{"one of two parts'", func(ctx context.Context) ([]collector.Result, error) {
			return []collector.Result{good("1", 2), bad("2", ctx.Err())}, nil
		}, 1},
		{"whole", func(context.Context) ([]collector.Result, error) { return []collector.Result{good("1", 2)}, nil }, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &fake{name: "a", collect: func(ctx context.Context, round int, _ func(string) *collector.Part) ([]collector.Result, error) {
					if round == 1 {
						return []collector.Result{good("1", round)}, nil
					}
					<-ctx.Done()
					return tt.stopped(ctx)
				}})
				b.scrape(10 * time.Second)
				time.Sleep(minInterval)
				b.scrape(time.Second) // its refresh goes on
				if err := b.Stop(context.Background()); err != nil {
					t.Fatal(err)
				}
				b.want(b.read(), fmt.Sprintf(one, tt.n), "stopped")
				if s := b.Status()[0]; !s.Success || s.LastError != "" || strings.Contains(b.logs.String(), "WARN") {
					t.Errorf("a refresh that was stopped counts as failed: %+v\n%s", s, b.logs)
				}
			})
		})
	}
}

// TestStaleButWell: whoever does not scrape lets the data grow old, which is no fault of
// a collector that succeeded when it was tried last.
func TestStaleButWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, counting("a", 0), counting("b", 0))
		b.scrape(time.Second)
		time.Sleep(2 * maxAge)
		if ready, waiting, stale := b.Ready(); !ready || len(waiting) != 0 || !cmp.Equal(stale, []string{"a", "b"}) {
			t.Errorf("ready %v, waiting %v, stale %v", ready, waiting, stale)
		}
	})
}

// TestFailuresAreTriedLessAndLess: at once three times, then with growing pauses up
// to min_interval, and each failure is a warning once.
func TestFailuresAreTriedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := failing(1, 1000, func() ([]collector.Result, error) { return nil, errPortal })
		b := newBench(t, f)
		var rounds []int64
		for range 6 {
			for range 60 {
				b.scrape(time.Second)
				time.Sleep(time.Second)
			}
			rounds = append(rounds, f.rounds.Load())
		}
		if rounds[0] > 10 || rounds[5]-rounds[2] > 4 {
			t.Errorf("rounds after each minute of a scrape a second: %v", rounds)
		}
		if n := strings.Count(b.logs.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings of one failure", n)
		}
	})
}
