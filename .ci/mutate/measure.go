package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// options say what is measured and how.
type options struct {
	only    *regexp.Regexp // of file:line:column
	every   int
	run     string // regular expressions of tests
	skip    string
	tests   string // the package whose tests run, "" for the package itself
	workers int
	grace   time.Duration
}

// baseLimit is the time for tests of the package as it is.
const baseLimit = 5 * time.Minute

// limit is the time for a mutant where a good run takes base: enough for one that is slow
// because others run beside it, and not many times of what a slow package takes.
func (o options) limit(base time.Duration) time.Duration { return 2*base + o.grace }

// measurement is what became of a package's mutants.
type measurement struct {
	name     string        // import path
	base     time.Duration // of the slowest of the good runs
	limit    time.Duration
	mutants  []mutant
	outcomes []outcome // of each mutant
}

// measure runs the tests once for each mutant of the package in dir.
func measure(ctx context.Context, dir string, opts options) (*measurement, error) {
	s, err := read(dir)
	if err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	all, texts := rewrite(s)
	testDir := s.Dir
	if opts.tests != "" {
		if testDir, err = filepath.Abs(opts.tests); err != nil {
			return nil, err
		}
	}
	b, err := compile(s, texts, testDir, temp)
	if err != nil {
		return nil, err
	}
	b.args = []string{"-test.short", "-test.failfast", "-test.run=" + opts.run, "-test.skip=" + opts.skip}
	m := &measurement{name: s.ImportPath, mutants: opts.choose(all)}
	m.outcomes = make([]outcome, len(m.mutants))
	if m.base, err = b.unchanged(ctx, opts.workers); err != nil {
		return nil, err
	}
	m.limit = opts.limit(m.base)
	if err := b.reach(ctx, m.limit); err != nil {
		return nil, err
	}
	if err := m.run(ctx, b, opts.workers); err != nil {
		return nil, err
	}
	// A full disk or a port that is taken would have made every mutant look noticed.
	_, err = b.unchanged(ctx, opts.workers)
	return m, err
}

// choose returns the mutants that are asked for.
func (o options) choose(all []mutant) []mutant {
	var chosen []mutant
	for i, m := range all {
		if i%o.every == 0 && o.only.MatchString(m.position()) {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// reach makes sure that the tests come by an operator, and fail where it panics.
func (b *binary) reach(ctx context.Context, limit time.Duration) error {
	result, _, err := b.run(ctx, -1, limit)
	if err == nil && result == lived {
		err = errors.New("the tests pass where every operator panics: they do not run this package")
	}
	return err
}

// unchanged runs the tests with no mutant on, as many beside each other as later, and
// returns the time of the slowest.
func (b *binary) unchanged(ctx context.Context, workers int) (time.Duration, error) {
	times := make([]time.Duration, workers)
	err := parallel(workers, workers, func(i int) error {
		start := time.Now()
		result, output, err := b.run(ctx, 0, baseLimit)
		times[i] = time.Since(start)
		if err == nil && result != lived {
			err = fmt.Errorf("the tests fail without a mutant (%s):\n%s", result, output)
		}
		return err
	})
	slowest := times[0]
	for _, t := range times {
		slowest = max(slowest, t)
	}
	return slowest, err
}

func (m *measurement) run(ctx context.Context, b *binary, workers int) error {
	return parallel(workers, len(m.mutants), func(i int) (err error) {
		m.outcomes[i], _, err = b.run(ctx, m.mutants[i].id, m.limit)
		return err
	})
}

// parallel calls do with 0 to n-1 and returns the first error; after one it calls no more.
func parallel(workers, n int, do func(i int) error) error {
	var (
		mu    sync.Mutex
		next  int
		first error
		wg    sync.WaitGroup
	)
	take := func(err error) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
		}
		next++
		return next - 1, first == nil && next <= n
	}
	for range workers {
		wg.Go(func() {
			for i, ok := take(nil); ok; i, ok = take(do(i)) {
			}
		})
	}
	wg.Wait()
	return first
}
