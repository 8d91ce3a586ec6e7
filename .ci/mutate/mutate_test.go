package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func measureSample(t *testing.T, dir string, change func(*options)) (m *measurement, written string, err error) {
	t.Helper()
	opts := options{only: regexp.MustCompile(""), every: 1, workers: 2, grace: 500 * time.Millisecond}
	if change != nil {
		change(&opts)
	}
	var out strings.Builder
	m, err = measure(t.Context(), dir, opts, &out)
	return m, out.String(), err
}

// lines is each mutant with what became of it.
func (m *measurement) lines() string {
	var b strings.Builder
	for i, mutant := range m.mutants {
		fmt.Fprintf(&b, "%s: %s %s %s\n", m.outcomes[i], mutant.kind, mutant.position(), mutant.text)
	}
	return b.String()
}

func TestSample(t *testing.T) {
	m, written, err := measureSample(t, "testdata/sample", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.lines(); got != sampleMutants {
		t.Errorf("got\n%swant\n%s", got, sampleMutants)
	}
	head, list, _ := strings.Cut(written, "\n")
	if !strings.HasPrefix(head, "ukcloud_exporter/mutate/testdata/sample: 41 mutants; the tests take ") {
		t.Errorf("it begins with %q", head)
	}
	// Two run at a time, and are told of as they end.
	lines := strings.SplitAfter(list, "\n")
	slices.Sort(lines[:strings.Count(sampleReport, "sample.go:")])
	if got := strings.Join(lines, ""); got != sampleReport {
		t.Errorf("got\n%swant\n%s", got, sampleReport)
	}
}

func TestChoose(t *testing.T) {
	var all []mutant
	for line := range 5 {
		all = append(all, mutant{file: "a.go", line: line + 1, column: 7}, mutant{file: "b.go", line: line + 1, column: 7})
	}
	for _, test := range []struct {
		only  string
		every int
		want  string
	}{
		{"", 1, "a.go:1:7 b.go:1:7 a.go:2:7 b.go:2:7 a.go:3:7 b.go:3:7 a.go:4:7 b.go:4:7 a.go:5:7 b.go:5:7"},
		{"", 4, "a.go:1:7 a.go:3:7 a.go:5:7"},
		{"^b", 1, "b.go:1:7 b.go:2:7 b.go:3:7 b.go:4:7 b.go:5:7"},
		{":[12]:7$", 3, "a.go:1:7 b.go:2:7"},
	} {
		var got []string
		for _, m := range (options{only: regexp.MustCompile(test.only), every: test.every}).choose(all) {
			got = append(got, m.position())
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%q, each %d: %s, want %s", test.only, test.every, got, test.want)
		}
	}
}

// TestOtherTests: which tests run can be chosen.
func TestOtherTests(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*options)
		want   string
	}{
		"all":         {func(*options) {}, "noticed: boundary beside.go:4:38 n > 0\nnoticed: negation beside.go:4:38 n > 0\n"},
		"one":         {func(o *options) { o.run = "Sign" }, "lived: boundary beside.go:4:38 n > 0\nnoticed: negation beside.go:4:38 n > 0\n"},
		"all but one": {func(o *options) { o.skip = "Zero" }, "lived: boundary beside.go:4:38 n > 0\nnoticed: negation beside.go:4:38 n > 0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := measureSample(t, "testdata/beside", func(o *options) {
				o.tests = "testdata/elsewhere"
				test.change(o)
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := m.lines(); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// TestNoMutants: a package without operators has tests all the same.
func TestNoMutants(t *testing.T) {
	_, written, err := measureSample(t, "testdata/beside", func(o *options) { o.only = regexp.MustCompile("no such file") })
	if err != nil || !strings.HasPrefix(written, "ukcloud_exporter/mutate/testdata/beside: 0 mutants;") || !strings.HasSuffix(written, "\n  all  none\n") {
		t.Errorf("%v, %q", err, written)
	}
}

// TestWhatMeansNothing: figures are refused where they would say nothing of the tests.
func TestWhatMeansNothing(t *testing.T) {
	for dir, want := range map[string]string{
		"failing": "the tests fail without a mutant (noticed):\n--- FAIL: TestPositive",
		"beside":  "the tests pass where every operator panics: they do not run this package",
		"none":    "there are no tests",
		"named":   "the rewritten package does not compile: exit status 1\n",
		"missing": "",
	} {
		t.Run(dir, func(t *testing.T) {
			m, _, err := measureSample(t, "testdata/"+dir, nil)
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v and the error %v, want the error %q", m, err, want)
			}
			if dir == "named" && !strings.Contains(err.Error(), "named.go:6:") {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

func TestParallel(t *testing.T) {
	var calls atomic.Int64
	if err := parallel(3, 100, func(int) error { calls.Add(1); return nil }); err != nil || calls.Load() != 100 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	failed := errors.New("failed")
	calls.Store(0)
	err := parallel(2, 100, func(i int) error {
		if calls.Add(1); i == 10 {
			return failed
		}
		return nil
	})
	if !errors.Is(err, failed) || calls.Load() == 100 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

const sampleMutants = `noticed: arithmetic sample.go:10:28 1<<bits - 1
noticed: arithmetic sample.go:11:19 a*b + a/b - a%b
noticed: arithmetic sample.go:11:13 a*b + a/b
noticed: arithmetic sample.go:11:10 a*b
noticed: arithmetic sample.go:11:16 a/b
noticed: arithmetic sample.go:11:22 a%b
noticed: arithmetic sample.go:11:29 -m * 2
noticed: negative sample.go:11:26 -m
lived: boundary sample.go:16:7 n < 0
noticed: negation sample.go:16:7 n < 0
noticed: negative sample.go:17:10 -1
noticed: logical sample.go:25:20 points >= 90 && // the best
lived: boundary sample.go:25:14 points >= 90
noticed: negation sample.go:25:14 points >= 90
noticed: logical sample.go:28:20 points <= 10 ||
lived: boundary sample.go:28:14 points <= 10
noticed: negation sample.go:28:14 points <= 10
noticed: negation sample.go:29:10 points == 13
noticed: boundary sample.go:38:16 i < len(values)
noticed: negation sample.go:38:16 i < len(values)
noticed: increment sample.go:38:32 i++
noticed: increment sample.go:39:27 byValue[values[i]%shift]++
noticed: arithmetic sample.go:39:20 values[i]%shift
noticed: assignment sample.go:40:9 total += values[i]
noticed: boundary sample.go:42:26 left > 0
noticed: negation sample.go:42:26 left > 0
out of time: assignment sample.go:42:36 left -= 2
noticed: increment sample.go:43:8 total--
noticed: assignment sample.go:45:8 total *= 4
noticed: assignment sample.go:46:8 total /= 2
noticed: assignment sample.go:47:8 total %= 100
lived: loop sample.go:57:4 continue
noticed: increment sample.go:59:9 found++
noticed: loop sample.go:60:4 break
noticed: negation sample.go:62:8 v != wanted
noticed: loop sample.go:63:4 continue
noticed: loop sample.go:65:3 break
noticed: negation sample.go:68:12 found != 1
noticed: arithmetic sample.go:77:56 size/64
lived: boundary sample.go:80:44 a+b > "c"
lived: negation sample.go:80:44 a+b > "c"
`

const sampleReport = `  lived        boundary    sample.go:16:7  n < 0
  lived        boundary    sample.go:25:14  points >= 90
  lived        boundary    sample.go:28:14  points <= 10
  lived        boundary    sample.go:80:44  a+b > "c"
  lived        loop        sample.go:57:4  continue
  lived        negation    sample.go:80:44  a+b > "c"
  out of time  assignment  sample.go:42:36  left -= 2
  sample.go  35 of 41  85.4 %  1 ran out of time
  all        35 of 41  85.4 %  1 ran out of time
`
