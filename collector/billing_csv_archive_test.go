package collector_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/archive"
	"ukcloud_exporter/internal/lake"
	"ukcloud_exporter/portal"
)

// archived is a bench whose bills are kept in dir.
type archived struct {
	*bench
	dir     string
	logs    *bytes.Buffer
	metrics *archive.Metrics
	stop    func()
}

func newArchived(t *testing.T, api *bills, orgs *orgs, dir, now string) *archived {
	t.Helper()
	a := &archived{bench: newBench(t, api, orgs, now), dir: dir, logs: new(bytes.Buffer), metrics: archive.NewMetrics()}
	a.start()
	t.Cleanup(func() { a.stop() })
	return a
}

// start is restart with an archive of its own.
func (a *archived) start() {
	a.t.Helper()
	if a.stop != nil {
		a.stop()
	}
	kept := archive.New(a.dir, "test", slog.New(slog.NewTextHandler(a.logs, nil)), a.metrics)
	a.stop = func() {
		if err := kept.Stop(a.t.Context()); err != nil && a.t.Context().Err() == nil {
			a.t.Error(err)
		}
	}
	a.archive = kept
	a.restart()
}

// collect is a round, and what is written because of it.
func (a *archived) collect() string {
	a.t.Helper()
	text := a.round()
	synctest.Wait()
	return text
}

// months says what the data set has: each month with its cost and its files, which
// must be there, and nothing beside.
func (a *archived) months() string {
	a.t.Helper()
	var out strings.Builder
	entries, err := os.ReadDir(a.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == ".lock" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(a.dir, entry.Name(), "_manifest.json"))
		if err != nil {
			a.t.Errorf("%s is in the data set: %v", entry.Name(), err)
			continue
		}
		var m lake.Manifest
		if err := json.Unmarshal(content, &m); err != nil {
			a.t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s", m.BillingPeriod, m.Cost)
		for _, f := range m.Files {
			if _, err := os.Stat(filepath.Join(a.dir, entry.Name(), f.Path)); err != nil {
				a.t.Error(err)
			}
			fmt.Fprintf(&out, " %s:%d", f.VOrg, f.Rows)
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (a *archived) want(what, want string) {
	a.t.Helper()
	if got := a.months(); got != want {
		a.t.Errorf("%s: the data set has\n%swant\n%s", what, got, want)
	}
}

// written identifies the directory of a month: another one when it was replaced.
func (a *archived) written(month string) fs.FileInfo {
	a.t.Helper()
	info, err := os.Stat(filepath.Join(a.dir, "billing_period="+month))
	if err != nil {
		a.t.Fatal(err)
	}
	return info
}

func (a *archived) failures(want float64) {
	a.t.Helper()
	if got := testutil.ToFloat64(a.metrics); got != want {
		a.t.Errorf("%v failures, want %v\n%s", got, want, a.logs)
	}
}

// TestExportDir: the data set follows the bill; what has not changed is not written
// again, also not after restarts and when a month is closed.
func TestExportDir(t *testing.T) {
	for _, tags := range []string{"with ETag", "without ETag"} {
		t.Run(tags, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &bills{noTags: tags == "without ETag", texts: map[string]string{
					org + " 2017-12": billText(billRow{"2017-12-31", "a", "100"}),
					org + " 2018-01": billText(billRow{"2018-01-02", "a", "1"}),
				}}
				a := newArchived(t, api, one(), filepath.Join(t.TempDir(), "made", "lake"), "2018-01-03 07:00")
				a.collect()
				a.want("first", "2017-12 100 11-1-1-abc:1\n2018-01 1 11-1-1-abc:1\n")
				december := a.written("2017-12")

				api.texts[org+" 2018-01"] = billText(billRow{"2018-01-02", "a", "1"}, billRow{"2018-01-03", "a", "2"})
				a.at("2018-01-04 07:00")
				a.collect()
				a.want("another day", "2017-12 100 11-1-1-abc:1\n2018-01 3 11-1-1-abc:2\n")

				january := a.written("2018-01")
				a.at("2018-01-05 07:00")
				a.collect() // December is closed now
				api.answers()
				a.collect()
				if asked := api.answers(); !slices.Equal(asked, []string{org + " 2018-01"}) {
					t.Errorf("asked for %q: December is closed and written", asked)
				}
				a.start()
				a.collect()
				if !os.SameFile(december, a.written("2017-12")) {
					t.Error("the closed month was written twice")
				}
				if !os.SameFile(january, a.written("2018-01")) {
					t.Error("a month that has not changed was written again")
				}

				api.texts[org+" 2017-12"] = billText(billRow{"2017-12-31", "a", "90"})
				a.start()
				a.collect()
				a.want("restated", "2017-12 90 11-1-1-abc:1\n2018-01 3 11-1-1-abc:2\n")
				a.failures(0)
			})
		})
	}
}

// TestExportDirOfServices: compute services of two accounts stand in one month, and each
// is replaced by itself.
func TestExportDirOfServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &bills{texts: map[string]string{
			"1-1 2018-01": billText(billRow{"2018-01-09", "a", "1"}),
			"2-1 2018-01": billText(billRow{"2018-01-09", "b", "20"}),
			"2-2 2018-01": billText(billRow{"2018-01-09", "c", "300"}),
		}}
		estate := &orgs{
			accounts: []portal.Account{{ID: "1"}, {ID: "2"}},
			services: map[string][]string{"1": {"1-1"}, "2": {"2-1", "2-2"}},
		}
		a := newArchived(t, api, estate, t.TempDir(), "2018-01-10 07:00")
		const december = "2017-12 0 1-1:0 2-1:0 2-2:0\n"
		a.collect()
		a.want("all", december+"2018-01 321 1-1:1 2-1:1 2-2:1\n")
		api.texts["2-1 2018-01"] = billText(billRow{"2018-01-09", "b", "21"})
		a.collect()
		a.want("one dearer", december+"2018-01 322 1-1:1 2-1:1 2-2:1\n")
	})
}

// TestExportDirFails: a directory that cannot be written is told and counted, and
// changes nothing of what is exposed. What is missing comes as soon as it can, also a
// month that was closed in between.
func TestExportDirFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &bills{texts: map[string]string{
			org + " 2017-12": billText(billRow{"2017-12-31", "a", "100"}),
			org + " 2018-01": billText(billRow{"2018-01-02", "a", "1"}),
		}}
		plain := newBench(t, api, one(), "2018-01-03 07:00")
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		a := newArchived(t, api, one(), filepath.Join(file, "lake"), "2018-01-03 07:00")
		for i, now := range []string{"2018-01-03 07:00", "2018-01-04 07:00", "2018-01-05 07:00"} {
			plain.at(now)
			a.at(now)
			if got, want := a.collect(), plain.round(); got != want || len(a.errsOf()) > 0 {
				t.Errorf("%s: exposed\n%swant\n%s%v", now, got, want, a.errsOf())
			}
			a.failures(float64(2 * (i + 1)))
		}
		if log := a.logs.String(); !strings.Contains(log, "Bills cannot be exported") || !strings.Contains(log, "not a directory") {
			t.Errorf("the log:\n%s", log)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		a.collect()
		a.want("the directory is back", "2017-12 100 11-1-1-abc:1\n2018-01 1 11-1-1-abc:1\n")
		a.failures(6)
	})
}

// TestExportDirNeedsAnother: a data set of another schema is left as it is.
func TestExportDirNeedsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		month := filepath.Join(dir, "billing_period=2016-01")
		if err := os.Mkdir(month, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(month, "_manifest.json"), []byte(`{"billing_period":"2016-01","schema":"focus-1.4","format":"csv","cost_gbp":"0"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := archive.Check(dir); err == nil || !strings.Contains(err.Error(), "focus-1.4 as csv") {
			t.Errorf("Check: %v", err)
		}
		api := &bills{texts: map[string]string{org + " 2018-01": billText(billRow{"2018-01-09", "a", "1"})}}
		a := newArchived(t, api, one(), dir, "2018-01-10 07:00")
		a.collect()
		a.want("of another schema", "2016-01 0\n")
		if !strings.Contains(a.logs.String(), "into another directory") || len(a.errsOf()) > 0 {
			t.Errorf("%v, the log:\n%s", a.errsOf(), a.logs)
		}
	})
}

// TestExportDirBelieves: a bill that nothing proves whole is written when it is taken.
func TestExportDirBelieves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const january = org + " 2018-01"
		whole := billText(billRow{"2018-01-08", "a", "1"}, billRow{"2018-01-09", "a", "2"})
		api := &bills{unproven: true, texts: map[string]string{
			january: whole, org + " 2017-12": billText(billRow{"2017-12-31", "a", "100"}),
		}}
		a := newArchived(t, api, one(), t.TempDir(), "2018-01-10 07:00")
		const december = "2017-12 100 11-1-1-abc:1\n"
		a.collect()
		a.want("whole", december+"2018-01 3 11-1-1-abc:2\n")
		api.texts[january] = billText(billRow{"2018-01-08", "a", "1"})
		a.collect()
		if len(a.errsOf()) == 0 {
			t.Error("a bill with fewer rows was believed at once")
		}
		a.want("cut", december+"2018-01 3 11-1-1-abc:2\n")
		a.collect()
		a.want("the same again", december+"2018-01 1 11-1-1-abc:1\n")
		if !strings.Contains(a.logs.String(), "fewer rows than before") {
			t.Errorf("the log:\n%s", a.logs)
		}
	})
}

// TestClosingReadsForTheArchive: a bill of the month before that is read whole for an
// archive, which has lost it, counts as read, as without one; and one that is closed stays
// as it is.
func TestClosingReadsForTheArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const december = org + " 2017-12"
		api := &bills{texts: map[string]string{december: billText(billRow{"2017-12-31", "a", "100"})}}
		a := newArchived(t, api, one(), t.TempDir(), "2018-01-02 07:00")
		steps := []struct{ now, cost, restated string }{
			{"2018-01-02 07:00", "", ""},
			{"2018-01-03 07:00", "", "0"}, // baseline
			{"2018-01-04 07:00", "", "0"}, // agrees: closed
			{"2018-01-05 07:00", "120", "20"},
			{"2018-01-06 07:00", "130", "30"},
		}
		for _, step := range steps {
			a.at(step.now)
			if step.cost != "" {
				api.texts[december] = billText(billRow{"2017-12-31", "a", step.cost})
			}
			api.answers()
			if err := os.RemoveAll(filepath.Join(a.dir, "billing_period=2017-12")); err != nil {
				t.Fatal(err)
			}
			held := a.held
			a.start() // an archive that has not the bill, with the parts of before
			a.held = held
			want := ""
			if step.restated != "" {
				want = `restatement_gbp{account="1",vorg="11-1-1-abc"} ` + step.restated + "\n"
			}
			if got := only(a.collect(), "restatement"); got != want {
				t.Errorf("%s: %q, want %q", step.now, got, want)
			}
		}
	})
}

// lost is an archive that loses every bill at once.
type lost struct{}

func (lost) Sum(string, string, string) string              { return "" }
func (lost) Copy(string, string, string) collector.BillCopy { return lostCopy{} }

type lostCopy struct{}

func (lostCopy) Write(b []byte) (int, error) { return len(b), nil }
func (lostCopy) Close() error                { return nil }
func (lostCopy) Keep() string                { return "a sum" }

// TestLostBillsAreReadAgain: whole, and once in a round; where the portal does not give
// them, that is the round's error, and what is held stays.
func TestLostBillsAreReadAgain(t *testing.T) {
	const december, january = org + " 2017-12", org + " 2018-01"
	api := &bills{texts: map[string]string{january: billText(billRow{"2018-01-02", "a", "1"})}, errs: map[string]error{}}
	b := newBench(t, api, one(), "2018-01-03 07:00")
	b.archive = lost{}
	b.restart()
	before := b.round()
	for range 2 {
		api.answers()
		api.served = 0
		if got := b.round(); got != before || len(b.errsOf()) > 0 {
			t.Errorf("exposed\n%s%v", got, b.errsOf())
		}
		if asked := api.answers(); !slices.Equal(asked, []string{december, january}) || api.served != 2 {
			t.Errorf("asked for %q, %d were read", asked, api.served)
		}
	}
	api.errs[january] = errors.New("500")
	if got := b.round(); got != before {
		t.Errorf("without an answer:\n%s", got)
	}
	if errs := b.errsOf(); len(errs) != 1 || !strings.Contains(errs["1/11-1-1-abc/2018-01"], "500") {
		t.Errorf("errors %q", errs)
	}
}
