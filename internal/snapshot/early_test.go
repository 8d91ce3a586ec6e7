package snapshot_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
)

// waiting gives account 1 at once; account 2 hangs from the second round on.
func waiting(hang time.Duration) *fake {
	return &fake{name: "a", streams: func(ctx context.Context, round int, publish func(...collector.Result)) ([]collector.Result, error) {
		first, second := good("1", round), good("2", round)
		publish(first)
		if round > 1 {
			select {
			case <-time.After(hang):
				second = bad("2", errors.New("timeout"))
			case <-ctx.Done():
				second = bad("2", context.Cause(ctx))
			}
		}
		return []collector.Result{first, second}, nil
	}}
}

// TestPartsComeAsTheyCome: an account that hangs keeps no other back, round for round
// past max_age, and is gone itself then.
func TestPartsComeAsTheyCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, waiting(2*time.Minute))
		b.want(b.scrape(10*time.Second), "ukcloud_a{account=\"1\"} 1\nukcloud_a{account=\"2\"} 1\n", "first round")
		time.Sleep(minInterval)
		b.want(b.scrape(2*time.Second), "ukcloud_a{account=\"1\"} 1\nukcloud_a{account=\"2\"} 1\n", "a moment after the second began")
		b.want(b.scrape(8*time.Second), "ukcloud_a{account=\"1\"} 2\nukcloud_a{account=\"2\"} 1\n", "while account 2 hangs")
		if at := b.Parts("a")[0].At; time.Since(at) > 6*time.Second {
			t.Errorf("the part is as of %s, not of when it came", at)
		}
		for range 60 {
			time.Sleep(minInterval)
			b.scrape(10 * time.Second)
		}
		got := b.read()
		if !strings.HasPrefix(got, "ukcloud_a{account=\"1\"} ") || strings.Contains(got, `account="2"`) {
			t.Errorf("past max_age: %q", got)
		}
		if at := b.Parts("a")[0].At; time.Since(at) > 5*time.Minute {
			t.Errorf("account 1 is as of %s ago", time.Since(at))
		}
	})
}

// TestOverdueIsTold: a round that does not end is no success any more, the page and
// the log name what it waits for, once, and it ends at max_age.
func TestOverdueIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, waiting(1000*time.Hour))
		b.scrape(10 * time.Second)
		time.Sleep(minInterval)
		b.scrape(time.Second)
		time.Sleep(4 * time.Minute)
		if !b.success("a") {
			t.Error("no success before the round is overdue")
		}
		time.Sleep(time.Minute)
		if s := b.Status()[0]; s.Success || s.LastError != "not answered for 5m0s: 2" {
			t.Errorf("%+v", s)
		}
		if n := strings.Count(b.logs.String(), "A refresh is overdue"); n != 1 {
			t.Errorf("told %d times:\n%s", n, b.logs)
		}
		time.Sleep(maxAge)
		if s := b.Status()[0]; s.Running || s.Attempts != 2 || !strings.Contains(s.LastError, "the round has not ended within max_age of 1h") {
			t.Errorf("past max_age: %+v", s)
		}
		b.want(b.read(), "", "the parts of a round that came an hour ago")
	})
}

// TestOverdueNamesFive parts at most, and says nothing of parts where none is known.
func TestOverdueNamesFive(t *testing.T) {
	for parts, want := range map[int]string{
		0: "not answered for 5m0s",
		5: "not answered for 5m0s: 1, 2, 3, 4, 5",
		7: "not answered for 5m0s: 1, 2, 3, 4, 5, and 2 more",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &fake{name: "a", collect: func(ctx context.Context, round int, previous func(string) *collector.Part) (results []collector.Result, err error) {
				if round > 1 {
					return never(ctx, round, previous)
				}
				for i := range parts {
					results = append(results, good(strconv.Itoa(i+1), 1))
				}
				return results, nil
			}})
			b.scrape(time.Second)
			time.Sleep(minInterval)
			b.scrape(time.Second)
			time.Sleep(5 * time.Minute)
			if got := b.Status()[0].LastError; got != want {
				t.Errorf("of %d parts: %q, want %q", parts, got, want)
			}
		})
	}
}

// TestOverdueOfShortMaxAge: where data ages fast the round is overdue at half of that.
func TestOverdueOfShortMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBenchOf(t, snapshot.Member{Name: "a", Collector: waiting(1000 * time.Hour), MinInterval: minInterval, MaxAge: 6 * time.Minute})
		b.scrape(10 * time.Second)
		time.Sleep(minInterval)
		b.scrape(time.Second)
		time.Sleep(2*time.Minute + 55*time.Second)
		if !b.success("a") {
			t.Error("no success before half of max_age")
		}
		time.Sleep(5 * time.Second)
		if s := b.Status()[0]; s.Success || s.LastError != "not answered for 3m0s: 2" {
			t.Errorf("%+v", s)
		}
	})
}

// TestReadyWaitsForTheEndOfTheFirstRound: a part alone is no round.
func TestReadyWaitsForTheEndOfTheFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &fake{name: "a", streams: func(_ context.Context, _ int, publish func(...collector.Result)) ([]collector.Result, error) {
			publish(good("1", 1))
			time.Sleep(time.Minute)
			return []collector.Result{good("1", 1)}, nil
		}})
		b.want(b.scrape(10*time.Second), "ukcloud_a{account=\"1\"} 1\n", "before the first round has ended")
		if ready, _, _ := b.Ready(); ready {
			t.Error("ready before the first round has ended")
		}
		time.Sleep(time.Minute)
		if ready, _, _ := b.Ready(); !ready {
			t.Error("not ready after it")
		}
	})
}

// TestPublishedPanic: a part of which no samples can be had is not published early.
func TestPublishedPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &fake{name: "a", streams: func(_ context.Context, round int, publish func(...collector.Result)) ([]collector.Result, error) {
			r := good("1", round)
			if round == 2 {
				r.Part = partOf(exploding{})
			}
			publish(r)
			time.Sleep(20 * time.Second)
			return []collector.Result{r}, nil
		}})
		b.scrape(time.Minute)
		time.Sleep(minInterval)
		b.want(b.scrape(10*time.Second), "ukcloud_a{account=\"1\"} 1\n", "early")
		time.Sleep(time.Minute)
		b.want(b.read(), "ukcloud_a{account=\"1\"} 1\n", "after the round")
		if b.success("a") {
			t.Error("a panic counts as success")
		}
	})
}

// TestInsteadDropsWhatAResultStandsFor, before the round has ended.
func TestInsteadDropsWhatAResultStandsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &fake{name: "a", streams: func(_ context.Context, round int, publish func(...collector.Result)) ([]collector.Result, error) {
			if round == 1 {
				return []collector.Result{good("1", 1), good("2", 1)}, nil
			}
			second, third := good("2", 2), good("3", 2)
			second.Instead = []string{"1"}
			publish(third, second)
			time.Sleep(time.Minute)
			return []collector.Result{third, second}, nil
		}})
		b.scrape(time.Minute)
		time.Sleep(minInterval)
		b.want(b.scrape(10*time.Second), "ukcloud_a{account=\"2\"} 2\nukcloud_a{account=\"3\"} 2\n", "early")
	})
}

// TestFailedPartIsNotInTheWay: what is published beside a part that failed is shown,
// whichever comes first.
func TestFailedPartIsNotInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &fake{name: "a", streams: func(_ context.Context, round int, publish func(...collector.Result)) ([]collector.Result, error) {
			results := []collector.Result{bad("2", errPortal), good("1", round)}
			publish(results...)
			time.Sleep(20 * time.Second)
			return results, nil
		}})
		b.want(b.scrape(10*time.Second), "ukcloud_a{account=\"1\"} 1\n", "early")
	})
}

// TestTheEndOfARoundHasTheLastWord: a part that was published and then given otherwise is
// shown as it was given last.
func TestTheEndOfARoundHasTheLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &fake{name: "a", streams: func(_ context.Context, _ int, publish func(...collector.Result)) ([]collector.Result, error) {
			publish(good("1", 1))
			time.Sleep(20 * time.Second)
			return []collector.Result{good("1", 2)}, nil
		}})
		b.want(b.scrape(10*time.Second), "ukcloud_a{account=\"1\"} 1\n", "early")
		time.Sleep(20 * time.Second)
		b.want(b.read(), "ukcloud_a{account=\"1\"} 2\n", "at the end")
	})
}
