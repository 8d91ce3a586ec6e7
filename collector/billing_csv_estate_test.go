package collector_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// flaky is a portal's bills that do not come while down.
type flaky struct {
	collector.BillingAPI
	down  bool
	mu    sync.Mutex
	asked []string // periods
}

func (f *flaky) BillingCSV(ctx context.Context, period, org, etag string) (*portal.Stream, error) {
	f.mu.Lock()
	f.asked = append(f.asked, period)
	f.mu.Unlock()
	if f.down {
		return nil, errors.New("down")
	}
	return f.BillingAPI.BillingCSV(ctx, period, org, etag)
}

// walk is a collector on a simulated estate whose clock is walked.
type walk struct {
	*bench
	portal *simulator.Portal
	flaky  *flaky
	orgs   []string
	bills  map[string]simulator.Bill // as the portal has them, by org, period and day
	rounds int
	offset int // of London, in the round before
}

func newWalk(t *testing.T, start string) *walk {
	t.Helper()
	w := &walk{bills: map[string]simulator.Bill{}}
	var err error
	w.portal, err = simulator.New(simulator.Options{
		Seed: 3, VMs: 4, VOrgsPerAccount: 3, History: 60, SessionTTL: 10 * 365 * 24 * time.Hour,
		Now: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.portal.Close)
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTransport(testutil.Direct{Handler: w.portal}))
	if err != nil {
		t.Fatal(err)
	}
	w.bench = &bench{t: t}
	w.at(start)
	credentials, err := client.APICredentials(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	var all []string // one of them is empty and has no bill
	for _, c := range credentials {
		all = append(all, c.ServiceID)
		if w.truth(c.ServiceID, bill.MonthOf(w.now), w.now).Rows > 0 {
			w.orgs = append(w.orgs, c.ServiceID)
		}
	}
	w.flaky = &flaky{BillingAPI: client}
	services := &orgs{accounts: []portal.Account{{ID: "1"}}, services: map[string][]string{"1": all}}
	w.bench = newBench(t, w.flaky, services, start)
	w.settings.Tags = []string{"project"}
	w.restart()
	return w
}

// figures are an exposition's values by family and service, added up.
type figures map[string]money.Amount

func (w *walk) figures(text string) figures {
	sums := figures{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "ukcloud_billing_"), "{")
		_, rest, _ = strings.Cut(rest, `vorg="`)
		org, _, _ := strings.Cut(rest, `"`)
		amount, err := money.Parse(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
		if err != nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		sums[name+" "+org] += amount
		sums[name+" "+org+" series"]++
	}
	return sums
}

// truth is a bill as the portal has it at the clock's time.
func (w *walk) truth(org string, m bill.Month, now time.Time) simulator.Bill {
	key := fmt.Sprint(org, m, now.Add(-6*time.Hour).Format(time.DateOnly))
	b, ok := w.bills[key]
	if !ok {
		var err error
		if b, err = w.portal.Bill(org, m.String()); err != nil {
			w.t.Fatal(err)
		}
		w.bills[key] = b
	}
	return b
}

// step collects at the clock's time and compares every family that adds up to a
// month or a day with the portal's own bill as of then; asked is when the
// collector last got an answer.
func (w *walk) step(asked time.Time) {
	w.t.Helper()
	w.rounds++
	got := w.figures(w.round())
	month := bill.MonthOf(w.now)
	newest := asked.Add(-6 * time.Hour).Truncate(24 * time.Hour) // data through
	for _, org := range w.orgs {
		want := figures{
			"previous_month_cost_gbp " + org: w.truth(org, month.Previous(), asked).Total,
			"day_cost_gbp " + org: w.truth(org, bill.MonthOf(newest.Add(-time.Hour)), asked).
				Days[newest.Add(-time.Hour).Format(time.DateOnly)],
			"data_through_timestamp_seconds " + org:             money.Amount(newest.Unix()) * money.Pound,
			"data_through_timestamp_seconds " + org + " series": 1,
			"tie_out_difference_gbp " + org:                     0,
		}
		if bill.MonthOf(asked) == month {
			running := w.truth(org, month, asked)
			want["month_to_date_cost_gbp "+org] = running.Total
			want["vm_month_to_date_cost_gbp "+org] = running.Total
			want["tag_month_to_date_cost_gbp "+org] = running.Total
			want["rows "+org] = money.Amount(running.Rows) * money.Pound
			want["period_start_timestamp_seconds "+org] = money.Amount(month.Start().Unix()) * money.Pound
		} else {
			want["month_to_date_cost_gbp "+org+" series"] = 0
			want["period_start_timestamp_seconds "+org+" series"] = 0
		}
		for key, amount := range want {
			if got[key] != amount {
				w.t.Errorf("%s, answered %s: %s is %s, the portal's bill says %s",
					w.now.Format(time.DateTime), asked.Format(time.DateTime), key, got[key], amount)
			}
		}
		if got["previous_month_cost_gbp "+org] == 0 || got["day_cost_gbp "+org] == 0 {
			w.t.Errorf("%s: %s drops to nothing", w.now.Format(time.DateTime), org)
		}
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
}

// near reports whether a time is next to a month's end or to a clock change.
func near(t time.Time) bool {
	switch {
	case t.AddDate(0, 0, 1).Day() == 1:
		return t.Hour() >= 17
	case t.Day() == 1:
		return true
	case t.Day() == 2:
		return t.Hour() < 8
	}
	return (t.Month() == time.March || t.Month() == time.October) && t.Weekday() == time.Sunday && t.AddDate(0, 0, 7).Month() != t.Month()
}

// TestWalkThreeYears walks the clock over three years: hour by hour around each
// month's end and each clock change, else day by day.
func TestWalkThreeYears(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the bills of three years")
	}
	synctest.Test(t, walkThreeYears) // on the fake clock, the client's limit on its rate costs nothing
}

func walkThreeYears(t *testing.T) {
	w := newWalk(t, "2016-01-02 07:00")
	end := time.Date(2019, 1, 20, 7, 0, 0, 0, time.UTC)
	months, changes := map[bill.Month]bool{}, 0
	for !w.now.After(end) {
		w.flaky.asked = nil
		w.step(w.now)
		w.closedIsNotAsked()
		months[bill.MonthOf(w.now)] = true
		switch {
		case near(w.now):
			w.now = w.now.Add(time.Hour)
			if _, offset := w.now.In(london(t)).Zone(); offset != w.offset {
				w.offset = offset
				changes++
			}
		case w.now.AddDate(0, 0, 1).Day() == 1:
			w.now = w.now.Truncate(24 * time.Hour).Add(17 * time.Hour)
		default:
			w.now = w.now.Truncate(24 * time.Hour).Add(31 * time.Hour)
			if near(w.now) { // a clock change is at night
				w.now = w.now.Truncate(24 * time.Hour)
			}
		}
	}
	if len(months) != 37 || w.rounds < 36*30 || changes != 6 {
		t.Errorf("%d rounds in %d months over %d clock changes are no walk over three years", w.rounds, len(months), changes)
	}
}

func london(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// closedIsNotAsked: what was read on the first and the second day after the first
// working day is not asked for from the third day on.
func (w *walk) closedIsNotAsked() {
	w.t.Helper()
	month := bill.MonthOf(w.now)
	closed := bill.FirstWorkingDay(month).Time().AddDate(0, 0, 3)
	for _, period := range w.flaky.asked {
		if period != month.String() && !w.now.Before(closed) {
			w.t.Fatalf("%s: %s is asked for", w.now.Format(time.DateTime), period)
		}
	}
}

// TestWalkWithFailures walks over every month's end of three years while the
// portal gives no bill from the evening before until noon.
func TestWalkWithFailures(t *testing.T) { synctest.Test(t, walkWithFailures) } // on the fake clock, the client's limit on its rate costs nothing

func walkWithFailures(t *testing.T) {
	w := newWalk(t, "2016-01-31 17:00")
	for m := (bill.Month{Year: 2016, Month: 2}); m.Year < 2019; m = m.Next() {
		asked := m.Start().Add(-7 * time.Hour)
		w.now = asked
		w.flaky.down = false
		w.step(asked)
		w.flaky.down = true
		for hour := range 18 {
			w.now = asked.Add(time.Duration(hour+1) * time.Hour)
			w.step(asked)
		}
		w.flaky.down = false
		w.now = asked.Add(19 * time.Hour)
		w.step(w.now)
	}
}

// TestWalkRestated: what the portal changes in a month after its first working
// day shows as a restatement, also over a restart and also once it is closed.
func TestWalkRestated(t *testing.T) { synctest.Test(t, walkRestated) } // on the fake clock, the client's limit on its rate costs nothing

func walkRestated(t *testing.T) {
	w := newWalk(t, "2018-06-30 12:00")
	org := w.orgs[0]
	restatement := func() string {
		t.Helper()
		value, ok := w.figures(w.round())["restatement_gbp "+org]
		if !ok {
			return ""
		}
		return value.String()
	}
	restate := func(amount money.Amount) {
		t.Helper()
		if err := w.portal.RestatePreviousMonth(org, amount); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		at, want string
		restate  money.Amount
		restart  bool
	}{
		{at: "2018-06-30 12:00", want: "0"}, // of May
		{at: "2018-07-01 07:00"},
		{at: "2018-07-02 07:00", restate: 3 * money.Pound}, // Monday, the first working day
		{at: "2018-07-03 07:00", want: "0"},
		{at: "2018-07-03 13:00", want: "12.345678901", restate: 12_345_678_901},
		{at: "2018-07-04 07:00", want: "12.345678901", restart: true},
		{at: "2018-07-05 07:00", want: "12.345678901", restate: -money.Pound}, // closed: not asked for
		{at: "2018-07-06 07:00", want: "11.345678901", restart: true},
		{at: "2018-08-01 07:00"},
		{at: "2018-08-02 07:00", want: "0"},
	} {
		w.at(step.at)
		if step.restate != 0 {
			restate(step.restate)
		}
		if step.restart {
			w.restart()
		}
		if got := restatement(); got != step.want {
			t.Errorf("%s: restatement is %q, want %q", step.at, got, step.want)
		}
	}
}
