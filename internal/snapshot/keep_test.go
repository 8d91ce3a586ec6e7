package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
)

// disk is a file that a test can make fail.
type disk struct {
	mu      sync.Mutex
	content []byte // nil when there is none
	writes  int
	fails   error // of Write
	stays   error // of Remove
	onWrite func()
}

func (d *disk) Read(read func(io.Reader) error) error {
	d.mu.Lock()
	content := d.content
	d.mu.Unlock()
	if content == nil {
		return fs.ErrNotExist
	}
	return read(bytes.NewReader(content))
}

func (d *disk) Write(write func(io.Writer) error) error {
	var content bytes.Buffer
	if err := write(&content); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails != nil {
		return d.fails
	}
	if d.onWrite != nil {
		d.onWrite()
	}
	d.writes++
	d.content = content.Bytes()
	return nil
}

func (d *disk) Remove() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stays != nil {
		return d.stays
	}
	d.content = nil
	return nil
}

// counter is a fake whose family is a counter of moves since a time.
type counter struct {
	*fake
	since time.Time
}

func (c counter) Families() []collector.Family {
	all := c.fake.Families()
	all[0].Type = collector.Counter
	all[0].Name += "_total"
	samples := all[0].Samples
	all[0].Samples = func(data any) []collector.Sample {
		s := samples(data)
		for i := range s {
			s[i].Created = c.since
		}
		return s
	}
	return all
}

// answers gives the same results in each round.
func answers(results ...collector.Result) *fake {
	return &fake{name: "a", collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
		return results, nil
	}}
}

func never(ctx context.Context, _ int, _ func(string) *collector.Part) ([]collector.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func memberOn(d *disk, c collector.Collector) snapshot.Member {
	return snapshot.Member{Name: "a", Collector: c, MinInterval: minInterval, MaxAge: maxAge, File: d, Fingerprint: []byte("settings")}
}

// restarted is a new process on what a killed one left.
func restarted(t *testing.T, m snapshot.Member) *bench {
	b := newBenchOf(t, m)
	b.Restore()
	return b
}

// TestRestartIsNoGap: what was exposed is exposed at once, whatever the portal does,
// with its own time; what is said of now is said of now.
func TestRestartIsNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		results := []collector.Result{good("1", 1), good("é \"2\"\n", 2), bad("3", &forbidden{})}
		results[1].Part.Unknown = map[string]int{"size": 2}
		twice := results[1].Part.Data.(*value)
		twice.labels = append(twice.labels, "1", twice.labels[0]) // in the other part too, and in this one
		before := newBenchOf(t, memberOn(d, answers(results...)))
		want := before.scrape(time.Second)
		if !strings.Contains(want, `{account="1"} 1`) || !strings.Contains(want, `{account="é \"2\"\n"} 2`) {
			t.Fatal(want)
		}
		taken := before.Status()[0]

		time.Sleep(20 * time.Minute)
		b := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		began := time.Now()
		b.want(b.scrape(10*time.Second), want, "first scrape")
		if took := time.Since(began); took != time.Second { // for a portal that is quick
			t.Errorf("the first scrape waited %s", took)
		}
		now := b.Status()[0]
		if now.Success || now.Attempts != 0 || !now.Running {
			t.Errorf("before the first round has ended: %+v", now)
		}
		if !now.LastSuccess.Equal(taken.LastSuccess) || !now.LastAttempt.Equal(taken.LastAttempt) || now.Duration != taken.Duration || !cmp.Equal(now.Forbidden, []string{"3"}) {
			t.Errorf("got %+v, want the times of %+v", now, taken)
		}
		if now.Series != taken.Series || !strings.Contains(metricsOf(b), `ukcloud_duplicate_series_dropped{collector="a"} 2`) ||
			!strings.Contains(metricsOf(b), `ukcloud_unknown_values{collector="a",field="size"} 2`) {
			t.Errorf("series %d, want %d\n%s", now.Series, taken.Series, metricsOf(b))
		}
		if parts := b.Parts("a"); len(parts) != 0 {
			t.Errorf("pages are given %v", parts)
		}
		if ready, waiting, _ := b.Ready(); ready || len(waiting) != 1 {
			t.Error("ready before the first round has ended")
		}
		if !strings.Contains(b.logs.String(), "Parts of the last run are served until the first round has ended") {
			t.Errorf("not told:\n%s", b.logs)
		}
		time.Sleep(maxAge - 20*time.Minute - 2*time.Second) // with what the old process was
		b.want(b.read(), want, "just before max_age")
		time.Sleep(time.Second)
		b.want(b.read(), "", "at max_age")
	})
}

// TestRestartBeforeAQuickPortal: where the first round ends within a second, the first
// scrape has it.
func TestRestartBeforeAQuickPortal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		newBenchOf(t, memberOn(d, answers(good("1", 1)))).scrape(time.Second)
		b := restarted(t, memberOn(d, &fake{name: "a", collect: func(context.Context, int, func(string) *collector.Part) ([]collector.Result, error) {
			time.Sleep(900 * time.Millisecond)
			return []collector.Result{good("1", 7)}, nil
		}}))
		if got := b.scrape(10 * time.Second); !strings.Contains(got, `{account="1"} 7`) || !b.Status()[0].Success {
			t.Errorf("got %q, %+v", got, b.Status()[0])
		}
	})
}

// TestFirstRoundAfterARestart: what the portal gives takes the place of what was kept,
// which the collector never sees; what it does not give stays, over the next restart too.
func TestFirstRoundAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		newBenchOf(t, memberOn(d, answers(good("1", 1), good("2", 1)))).scrape(time.Second)
		time.Sleep(30 * time.Minute)
		collect := func(_ context.Context, round int, previous func(string) *collector.Part) ([]collector.Result, error) {
			if round == 1 && previous("1") != nil || previous("2") != nil {
				t.Error("the collector builds on a kept part")
			}
			return []collector.Result{good("1", 7), bad("2", errPortal)}, nil
		}
		b := restarted(t, memberOn(d, &fake{name: "a", collect: collect}))
		b.scrape(time.Second)
		synctest.Wait()
		const want = "ukcloud_a{account=\"1\"} 7\nukcloud_a{account=\"2\"} 1\n"
		b.want(b.scrape(time.Second), want, "after the first round")
		b = restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		b.want(b.scrape(time.Second), want, "after the second restart")
		time.Sleep(30 * time.Minute)
		b.want(b.read(), "ukcloud_a{account=\"1\"} 7\n", "when the part that was never renewed is too old")
	})
}

// TestWithoutKeptPartsTheFirstScrapeWaits: as long as it may, and no longer.
func TestWithoutKeptPartsTheFirstScrapeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := restarted(t, memberOn(new(disk), counting("a", 9*time.Second)))
		b.want(b.scrape(10*time.Second), fmt.Sprintf(one, 1), "first scrape")
		b = restarted(t, memberOn(new(disk), counting("a", time.Minute)))
		began := time.Now()
		b.want(b.scrape(10*time.Second), "", "first scrape of a slow portal")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("waited %s", took)
		}
	})
}

// TestKeptPartsThatDoNotFit are dropped, told once, and no reason not to start.
func TestKeptPartsThatDoNotFit(t *testing.T) {
	other := func(change func(*snapshot.Member)) func(*testing.T, *disk, *snapshot.Member) {
		return func(_ *testing.T, _ *disk, m *snapshot.Member) { change(m) }
	}
	tests := []struct {
		name   string
		change func(*testing.T, *disk, *snapshot.Member)
		said   string
	}{
		{"other settings or version", other(func(m *snapshot.Member) { m.Fingerprint = []byte("others") }), "other settings"},
		{"other type", other(func(m *snapshot.Member) { m.Collector = counter{fake: m.Collector.(*fake)} }), "other settings"},
		{"other name", other(func(m *snapshot.Member) { m.Collector.(*fake).name = "b" }), "other settings"},
		{"of a later format", func(_ *testing.T, d *disk, _ *snapshot.Member) {
			d.content = bytes.Replace(d.content, []byte(`"version":1`), []byte(`"version":2`), 1)
		}, "another version"},
		{"empty", func(_ *testing.T, d *disk, _ *snapshot.Member) { d.content = []byte{} }, "damaged: it ends too early"},
		{"something else", func(_ *testing.T, d *disk, _ *snapshot.Member) { d.content = []byte("{}\n") }, "damaged"},
		{"longer", func(_ *testing.T, d *disk, _ *snapshot.Member) { d.content = append(d.content, 0) }, "damaged"},
		{"from the future", func(t *testing.T, d *disk, m *snapshot.Member) {
			d.content = keptAt(t, *m, time.Now().Add(time.Hour))
		}, ""},
		{"too old", func(*testing.T, *disk, *snapshot.Member) { time.Sleep(maxAge) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := new(disk)
				newBenchOf(t, memberOn(d, answers(good("1", 1)))).scrape(time.Second)
				synctest.Wait()
				m := memberOn(d, counting("a", time.Second))
				tt.change(t, d, &m)
				b := restarted(t, m)
				b.want(b.read(), "", "at once")
				if d.content != nil {
					t.Error("the file is still there")
				}
				if n := strings.Count(b.logs.String(), "Parts of the last run are not used"); n != min(len(tt.said), 1) || !strings.Contains(b.logs.String(), tt.said) {
					t.Errorf("told %d times, want %q in:\n%s", n, tt.said, b.logs)
				}
				if strings.Contains(b.logs.String(), "cannot be removed") {
					t.Errorf("told that a file stays:\n%s", b.logs)
				}
				if got := b.scrape(10 * time.Second); got == "" {
					t.Error("the first scrape did not wait for the first round")
				}
			})
		})
	}
}

// TestKeptPartsThatStay: a file that does not fit and cannot be removed is told, and no
// reason not to start.
func TestKeptPartsThatStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{content: []byte("{}\n"), stays: errors.New("read-only file system")}
		b := restarted(t, memberOn(d, counting("a", 0)))
		if log := b.logs.String(); strings.Count(log, `msg="Parts of the last run cannot be removed" collector=a err="read-only file system"`) != 1 {
			t.Errorf("logged:\n%s", log)
		}
		b.want(b.scrape(time.Second), fmt.Sprintf(one, 1), "first scrape")
	})
}

// TestAllOfAPartIsKept: every family, also one of more samples than are encoded at once.
func TestAllOfAPartIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := samples{"ukcloud_b": {sample(7, "x", "y")}, "ukcloud_c_total": {sample(8)}}
		for i := range 2500 {
			data["ukcloud_a"] = append(data["ukcloud_a"], sample(float64(i), fmt.Sprint(i)))
		}
		m := memberOn(new(disk), &scripted{
			families: []collector.Family{
				familyOf(collector.Gauge, "ukcloud_a", "vm"), familyOf(collector.Gauge, "ukcloud_none"),
				familyOf(collector.Gauge, "ukcloud_b", "vm", "state"), familyOf(collector.Counter, "ukcloud_c_total"),
			},
			results: []collector.Result{{Key: "1", Part: &collector.Part{Data: data}}},
		})
		want := newBenchOf(t, m).scrape(time.Second)
		synctest.Wait()
		if n := strings.Count(want, "\n"); n != 2502 {
			t.Fatalf("%d samples", n)
		}
		if diff := cmp.Diff(want, restarted(t, m).read()); diff != "" {
			t.Errorf("after a restart (-want +got):\n%s", diff)
		}
	})
}

// keptAt is what a process keeps whose clock shows at.
func keptAt(t *testing.T, m snapshot.Member, at time.Time) []byte {
	t.Helper()
	d := new(disk)
	m.File, m.Collector = d, answers(good("1", 1))
	b := newBenchOf(t, m)
	now := time.Now().UTC()
	b.scrape(time.Second)
	synctest.Wait()
	stamp := func(at time.Time) []byte { return []byte(at.UTC().Format("2006-01-02T15:04:05")) }
	if !bytes.Contains(d.content, stamp(now)) {
		t.Fatalf("no %s in %q", stamp(now), d.content)
	}
	return resum(bytes.ReplaceAll(d.content, stamp(now), stamp(at)))
}

// TestDamagedKeptParts: whatever byte is lost or changed, nothing is exposed that was
// not, and nothing fails.
func TestDamagedKeptParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		newBenchOf(t, memberOn(d, answers(good("1", 1), good("2", 2)))).scrape(time.Second)
		synctest.Wait()
		whole := slices.Clone(d.content)
		for i := range whole {
			for _, damaged := range [][]byte{whole[:i], flipped(whole, i)} {
				d.content = damaged
				b := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
				b.want(b.read(), "", fmt.Sprintf("byte %d of %d", i, len(whole)))
				if strings.Count(b.logs.String(), "not used") != 1 {
					t.Fatalf("byte %d:\n%s", i, b.logs)
				}
			}
		}
		d.content = whole
		b := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		if b.read() == "" {
			t.Error("the whole file is not used")
		}
	})
}

func flipped(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i] ^= 0x10
	return b
}

// TestHonestSumOfNonsense: a file whose sum is right and whose samples cannot be read.
func TestHonestSumOfNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		newBenchOf(t, memberOn(d, answers(good("1", 1)))).scrape(time.Second)
		synctest.Wait()
		for old, changed := range map[string]string{
			`"size":`:          `"size":-`,
			`"at":"20`:         `"at":"xx`,
			`"parts":`:         `"parts":9`,
			"\x28\xb5\x2f\xfd": "\x28\xb5\x2f\xfe", // of a compressed frame
		} {
			content := bytes.Replace(d.content, []byte(old), []byte(changed), 1)
			if bytes.Equal(content, d.content) {
				t.Fatalf("no %q in %q", old, content)
			}
			b := restarted(t, memberOn(&disk{content: resum(content)}, &fake{name: "a", collect: never}))
			b.want(b.scrape(0), "", changed)
			if !strings.Contains(b.logs.String(), "not used") {
				t.Errorf("%s: not told:\n%s", changed, b.logs)
			}
		}
	})
}

// TestConfirmedPartsAreWrittenSeldom: a part that the portal confirms each minute costs
// a write in a twelfth of its age, and its time on disk is never far behind, nor ahead.
func TestConfirmedPartsAreWrittenSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		same := good("1", 1)
		b := newBenchOf(t, memberOn(d, answers(same)))
		for range 120 {
			b.scrape(time.Second)
			synctest.Wait()
			time.Sleep(minInterval)
		}
		if d.writes < 20 || d.writes > 25 {
			t.Errorf("%d writes in two hours", d.writes)
		}
		next := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		if age := time.Since(next.Status()[0].LastSuccess); age < minInterval || age > maxAge/12+minInterval {
			t.Errorf("the age on disk is %s", age)
		}
		if err := b.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		next = restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		if age := time.Since(next.Status()[0].LastSuccess); age != minInterval {
			t.Errorf("after an orderly end the age on disk is %s", age)
		}
	})
}

// TestChangingPartsAreWrittenInTime: at once after a pause, and at most twice a minute.
func TestChangingPartsAreWrittenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		m := memberOn(d, counting("a", time.Millisecond))
		m.MinInterval = time.Second
		b := newBenchOf(t, m)
		for range 600 {
			b.scrape(time.Second)
			synctest.Wait()
			time.Sleep(time.Second)
		}
		if d.writes < 18 || d.writes > 20 {
			t.Errorf("%d writes in ten minutes", d.writes)
		}
		time.Sleep(time.Minute)
		b.scrape(time.Second)
		synctest.Wait()
		next := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		next.want(next.read(), b.read(), "written at once")
	})
}

// TestWhenPartsAreWritten: new ones half a minute after the last ones, confirmed ones after
// a twelfth of max_age, and neither a moment before.
func TestWhenPartsAreWritten(t *testing.T) {
	same := good("1", 1)
	for _, tt := range []struct {
		name      string
		collector *fake
		after     time.Duration
		writes    int
	}{
		{"new", counting("a", 0), 30*time.Second - 1, 1},
		{"new", counting("a", 0), 30 * time.Second, 2},
		{"confirmed", answers(same), maxAge/12 - 1, 1},
		{"confirmed", answers(same), maxAge / 12, 2},
	} {
		t.Run(fmt.Sprintf("%s after %s", tt.name, tt.after), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := new(disk)
				m := memberOn(d, tt.collector)
				m.MinInterval = time.Second
				b := newBenchOf(t, m)
				b.scrape(time.Second)
				time.Sleep(tt.after)
				b.scrape(time.Second)
				synctest.Wait()
				if d.writes != tt.writes {
					t.Errorf("%d writes, want %d", d.writes, tt.writes)
				}
			})
		})
	}
}

// TestConfirmedBesideAFailure: a part that the portal confirms is kept with its new time,
// however long another one fails.
func TestConfirmedBesideAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		same := good("1", 1)
		b := newBenchOf(t, memberOn(d, &fake{name: "a", collect: func(_ context.Context, round int, _ func(string) *collector.Part) ([]collector.Result, error) {
			if round > 1 {
				return []collector.Result{same, bad("2", errPortal)}, nil
			}
			return []collector.Result{same, good("2", 1)}, nil
		}}))
		for range 59 {
			b.scrape(time.Second)
			synctest.Wait()
			time.Sleep(minInterval)
		}
		time.Sleep(2 * minInterval) // killed; started an hour and two minutes after the first round
		next := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		next.want(next.read(), fmt.Sprintf(one, 1), "after a kill")
	})
}

// TestKeptCounterNeverFalls: a counter is on disk before anybody sees it, and an old one
// is not left there when it cannot be.
func TestKeptCounterNeverFalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		since := time.Now().Add(-time.Hour)
		counts := counter{counting("a", 0), since}
		m := memberOn(d, counts)
		m.MinInterval = time.Second
		b := newBenchOf(t, m)
		seen := ""
		d.onWrite = func() {
			if got := b.read(); got != seen {
				t.Errorf("%q is seen before it is written", got)
			}
		}
		for i := range 5 {
			seen = b.scrape(time.Second)
			b.want(seen, fmt.Sprintf("ukcloud_a_total{account=\"1\"} %d\n", i+1), "a scrape")
			next := restarted(t, memberOn(d, counter{&fake{name: "a", collect: never}, since}))
			next.want(next.read(), seen, "after a kill")
			if got := openMetrics(t, next); !strings.Contains(got, fmt.Sprintf("ukcloud_a_created{account=\"1\"} %d", since.Unix())) {
				t.Errorf("the time of creation is lost:\n%s", got)
			}
			time.Sleep(time.Second)
		}
		d.fails = errors.New("no space left on device")
		b.scrape(time.Second)
		next := restarted(t, memberOn(d, counter{&fake{name: "a", collect: never}, since}))
		next.want(next.read(), "", "after a kill with a full disk")
	})
}

// TestFullDisk: told once, then again when it works; nothing else changes.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{fails: errors.New("no space left on device")}
		b := newBenchOf(t, memberOn(d, counting("a", 0)))
		for i := range 10 {
			b.want(b.scrape(time.Second), fmt.Sprintf(one, i+1), "while the disk is full")
			synctest.Wait()
			time.Sleep(minInterval)
		}
		if n := strings.Count(b.logs.String(), "no space left"); n != 1 {
			t.Errorf("told %d times:\n%s", n, b.logs)
		}
		d.fails = nil
		b.scrape(time.Second)
		synctest.Wait()
		if !strings.Contains(b.logs.String(), "works again") || d.content == nil {
			t.Errorf("not written when it could be:\n%s", b.logs)
		}
	})
}

// TestPartsOfOtherSettingsAreNotKept: a reload shows them until its first round has
// ended, but a restart must not take them for its own.
func TestPartsOfOtherSettingsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		old := newBenchOf(t, memberOn(d, answers(good("1", 1), good("2", 1))))
		old.scrape(time.Second)
		reload := func(from *bench, fingerprint string, c collector.Collector) (*bench, snapshot.Member) {
			if err := from.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			m := memberOn(d, c)
			m.Fingerprint = []byte(fingerprint)
			b := newBenchOf(t, m)
			b.Adopt(from.Cache)
			b.scrape(time.Second)
			synctest.Wait()
			return b, m
		}
		half := answers(good("1", 2), bad("2", errPortal))
		b, m := reload(old, "settings", half)
		b.want(b.read(), "ukcloud_a{account=\"1\"} 2\nukcloud_a{account=\"2\"} 1\n", "reloaded with the same settings")
		m.Collector = &fake{name: "a", collect: never}
		next := restarted(t, m)
		next.want(next.read(), b.read(), "after a restart then")

		b, m = reload(b, "others", half)
		b.want(b.read(), "ukcloud_a{account=\"1\"} 2\nukcloud_a{account=\"2\"} 1\n", "reloaded with other settings")
		m.Collector = &fake{name: "a", collect: never}
		next = restarted(t, m)
		next.want(next.read(), "ukcloud_a{account=\"1\"} 2\n", "after a restart then")
	})
}

// monthly is data that means something else from a time on.
type monthly struct {
	value
	until time.Time
}

func (m *monthly) Until() time.Time { return m.until }

// TestKeptPartThatMeansSomethingElse disappears, however young it is.
func TestKeptPartThatMeansSomethingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		month := good("1", 1)
		month.Part.Data = &monthly{value{1, []string{"1"}}, time.Now().Add(10 * time.Minute)}
		newBenchOf(t, memberOn(d, answers(month, good("2", 2)))).scrape(time.Second)
		synctest.Wait()
		b := restarted(t, memberOn(d, &fake{name: "a", collect: never}))
		b.want(b.read(), "ukcloud_a{account=\"1\"} 1\nukcloud_a{account=\"2\"} 2\n", "before")
		time.Sleep(10 * time.Minute)
		b.want(b.read(), "ukcloud_a{account=\"2\"} 2\n", "after")
	})
}
