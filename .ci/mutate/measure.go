package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// baseLimit is for the tests of the package as it is.
func baseLimit() cost { return cost{wall: 5 * time.Minute, processor: 5 * time.Minute} }

// limit is what a mutant may take where a good run takes base: not many times of what a slow
// package takes. A loop without end is found by the processor's time, so that a busy machine
// makes no mutant look noticed; what only waits has longer.
func (o options) limit(base cost) cost {
	return cost{wall: 2*base.wall + 6*o.grace, processor: 2*base.processor + o.grace}
}

// measurement is what became of a package's mutants.
type measurement struct {
	name        string // import path
	base, limit cost   // of the slowest of the good runs, and for a mutant
	mutants     []mutant
	outcomes    []outcome // of each mutant
}

// measure runs the tests once for each mutant of the package in dir, and writes what comes of it.
func measure(ctx context.Context, dir string, opts options, out io.Writer) (*measurement, error) {
	temp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	m, b, err := prepare(dir, temp, opts)
	if err != nil {
		return nil, err
	}
	if m.base, err = b.unchanged(ctx, opts.workers); err != nil {
		return nil, err
	}
	m.limit = opts.limit(m.base)
	m.begin(out)
	if len(m.mutants) == 0 {
		m.end(out)
		return m, nil
	}
	if err := b.reach(ctx, m.limit); err != nil {
		return nil, err
	}
	if err := m.run(ctx, b, opts.workers, out); err != nil {
		return nil, err
	}
	// A full disk or a port that is taken would have made every mutant look noticed.
	if _, err := b.unchanged(ctx, opts.workers); err != nil {
		return nil, err
	}
	m.end(out)
	return m, nil
}

// prepare finds the mutants and compiles them into a binary in temp.
func prepare(dir, temp string, opts options) (*measurement, *binary, error) {
	s, err := read(dir)
	if err != nil {
		return nil, nil, err
	}
	testDir := s.Dir
	if opts.tests != "" {
		if testDir, err = filepath.Abs(opts.tests); err != nil {
			return nil, nil, err
		}
	}
	all, texts := rewrite(s)
	b, err := compile(s, texts, testDir, temp)
	if err != nil {
		return nil, nil, err
	}
	b.args = []string{"-test.short", "-test.failfast", "-test.run=" + opts.run, "-test.skip=" + opts.skip}
	m := &measurement{name: s.ImportPath, mutants: opts.choose(all)}
	m.outcomes = make([]outcome, len(m.mutants))
	return m, b, nil
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
func (b *binary) reach(ctx context.Context, limit cost) error {
	end, err := b.run(ctx, -1, limit)
	if err == nil && end.outcome == lived {
		err = errors.New("the tests pass where every operator panics: they do not run this package")
	}
	return err
}

// unchanged runs the tests with no mutant on, as many beside each other as later, and
// returns the cost of the dearest.
func (b *binary) unchanged(ctx context.Context, workers int) (dearest cost, err error) {
	costs := make([]cost, workers)
	err = parallel(workers, workers, func(i int) error {
		end, err := b.run(ctx, 0, baseLimit())
		costs[i] = end.cost
		if err == nil && end.outcome != lived {
			err = fmt.Errorf("the tests fail without a mutant (%s):\n%s", end.outcome, end.output)
		}
		return err
	})
	for _, c := range costs {
		dearest = cost{max(dearest.wall, c.wall), max(dearest.processor, c.processor)}
	}
	return dearest, err
}

func (m *measurement) run(ctx context.Context, b *binary, workers int, out io.Writer) error {
	var mu sync.Mutex
	return parallel(workers, len(m.mutants), func(i int) error {
		end, err := b.run(ctx, m.mutants[i].id, m.limit)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		m.outcomes[i] = end.outcome
		m.mutants[i].tell(out, end.outcome)
		return nil
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
