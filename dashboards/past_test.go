package dashboards_test

import (
	"bufio"
	"fmt"
	"math"
	"testing"
	"time"

	"ukcloud_exporter/dashboards/internal/grafana"
	"ukcloud_exporter/internal/testutil"
)

// The past of a bill is looked at from three zones, shortly after each of the two
// clock changes. It is backfilled up to some weeks ago, one sample at the end of
// each day; after that it is what an exporter showed, which has each day from 06:00
// UTC of the next.

const day = 24 * time.Hour

// dayPounds is what a day costs: each day something else.
func dayPounds(d time.Time) float64 { return 100 + float64(d.Unix()/86400%97) }

func monthStart(d time.Time) time.Time {
	return time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// monthPounds is what the days from a month's start up to a moment cost.
func monthPounds(from, to time.Time) (sum float64) {
	for d := from; d.Before(to); d = d.Add(day) {
		sum += dayPounds(d)
	}
	return sum
}

const ofBill = target1 + `,account="1",vorg="1-1-1-abc"`

// writeDay writes what a bill that has the month through a moment shows: two
// services, one with a tenth of the cost.
func writeDay(out *bufio.Writer, t, through time.Time) {
	last := through.Add(-day) // the newest complete day
	start := monthStart(last)
	sample := func(name, more string, value float64) {
		fmt.Fprintf(out, "%s{%s%s} %v %d\n", name, ofBill, more, value, t.Unix())
	}
	sample("ukcloud_billing_period_start_timestamp_seconds", "", float64(start.Unix()))
	sample("ukcloud_billing_data_through_timestamp_seconds", "", float64(through.Unix()))
	previous := monthPounds(monthStart(start.Add(-day)), start)
	for service, share := range map[string]float64{"VM": 0.9, "Disk": 0.1} {
		more := fmt.Sprintf(`,service=%q,component="compute"`, service)
		sample("ukcloud_billing_day_cost_gbp", more, share*dayPounds(last))
		more += `,vdc_name="Live"`
		sample("ukcloud_billing_month_to_date_cost_gbp", more, share*monthPounds(start, through))
		sample("ukcloud_billing_previous_month_cost_gbp", more, share*previous)
	}
}

// writeLive writes what an exporter shows, which has each day from a minute after
// 06:00 of the next.
func writeLive(out *bufio.Writer, from, to time.Time) {
	for t := from; !t.After(to); t = t.Add(5 * time.Minute) {
		writeDay(out, t, t.Add(-6*time.Hour-time.Minute).Truncate(day))
	}
}

// writeBill writes a year of bills.
func writeBill(out *bufio.Writer, now time.Time, liveFor time.Duration) {
	live := now.Add(-liveFor).Truncate(day)
	for d := now.AddDate(-1, -3, 0).Truncate(day); !d.After(live); d = d.Add(day) {
		writeDay(out, d, d)
	}
	writeLive(out, live.Add(5*time.Minute), now)
	for t := now.Add(-day).Truncate(time.Hour); t.Before(now); t = t.Add(time.Hour) {
		fmt.Fprintf(out, "ukcloud_vdc_info{%s,vdc=\"urn:vdc:1\",vdc_name=\"Live\"} 1 %d\n", ofBill, t.Unix())
		fmt.Fprintf(out, "ukcloud:budget_month_gbp{account=\"1\"} 6200 %d\n", t.Unix())
	}
}

var (
	zones = []string{"Europe/London", "Europe/Berlin", "America/New_York", "UTC", "Australia/Brisbane", "Pacific/Honolulu"}
	nows  = []time.Time{
		time.Date(2018, 4, 12, 15, 20, 0, 0, time.UTC),  // after the clocks went forward
		time.Date(2018, 11, 14, 15, 20, 0, 0, time.UTC), // after they went back
		time.Date(2018, 7, 31, 23, 40, 0, 0, time.UTC),  // in summer, on a month's last evening
		time.Date(2018, 3, 1, 9, 0, 0, 0, time.UTC),     // a month's first morning
	}
)

// TestPast: each day, month and curve stands where it belongs, with nothing left
// out and nothing twice, wherever it is looked at from.
func TestPast(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	for _, now := range nows {
		h := newHistory(t)
		h.add(t, func(out *bufio.Writer) { writeBill(out, now, 20*day) })
		prometheus := h.start(t)
		for _, name := range zones {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(now.Format("2006-01-02")+" "+name, func(t *testing.T) {
				p := past{prometheus, now, zone}
				p.days(t)
				p.curves(t)
				p.months(t, "Month by month, by VDC", "Live · 1")
				p.months(t, "Shape by component, month by month", "compute")
			})
		}
	}
}

// TestSameDay: the headline is compared with last month as it was when its bill
// had as many days, be that backfilled or seen; without history, with a share of
// the whole.
func TestSameDay(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	for _, test := range []struct {
		name    string
		now     time.Time
		liveFor time.Duration
		history bool
	}{
		{"backfilled", nows[0], 20 * day, true},
		{"seen", nows[0], 45 * day, true},
		{"seen, before the day's bill", nows[0].Add(-10 * time.Hour), 45 * day, true},
		{"backfilled, before the day's bill", nows[0].Add(-10 * time.Hour), 3 * day, true},
		{"last evening of a month", nows[2], 20 * day, true},
		{"first morning of a month", nows[3], 20 * day, true},
		{"nothing but today", nows[0], 6 * time.Hour, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHistory(t)
			h.add(t, func(out *bufio.Writer) {
				if test.history {
					writeBill(out, test.now, test.liveFor)
				} else {
					writeLive(out, test.now.Add(-test.liveFor), test.now)
				}
			})
			prometheus := h.start(t)
			through := past{now: test.now}.newest()
			start := monthStart(through.Add(-day))
			elapsed, before := through.Sub(start), monthStart(start.Add(-day))
			want := monthPounds(start, through) - monthPounds(before, before.Add(elapsed))
			if !test.history {
				want = monthPounds(start, through) - monthPounds(before, start)*elapsed.Hours()/start.Sub(before).Hours()
			}
			panel := find(t, "ukcloud-cost", "Against the same day of last month")
			found, err := prometheus.Query(t.Context(), everything().Interpolate(panel.Targets[0].Expr), test.now)
			if err != nil || len(found) != 1 || math.Abs(number(found[0].Value[1])-want) > 1e-6 {
				t.Errorf("the change is %v, not %v: %v", found, want, err)
			}
		})
	}
}

// past is the past as somebody sees it.
type past struct {
	prometheus *testutil.Prometheus
	now        time.Time
	zone       *time.Location
}

// shown is what a panel's graph has: the value of each series on each date of the
// viewer's zone.
func (p past) shown(t *testing.T, title string) map[string]map[string]float64 {
	t.Helper()
	panel := find(t, "ukcloud-cost", title)
	if panel.Interval != "1d" || panel.TimeFrom == "" {
		t.Fatalf("%q has steps of %s in a range of %s", title, panel.Interval, panel.TimeFrom)
	}
	from, err := grafana.Ago(p.now.In(p.zone), panel.TimeFrom)
	if err != nil {
		t.Fatal(err)
	}
	span := p.now.Sub(from)
	from, to := grafana.Align(from, p.now, day, p.zone)
	shown := map[string]map[string]float64{}
	for _, q := range panel.Targets {
		found, err := p.prometheus.QueryRange(t.Context(), grafana.Intervals(everything().Interpolate(q.Expr), day, span, time.Minute), from, to, day)
		if err != nil {
			t.Fatalf("%v\n%s", err, q.Expr)
		}
		for _, s := range found {
			name := legendOf(q, s.Metric)
			if shown[name] == nil {
				shown[name] = map[string]float64{}
			}
			for _, v := range s.Values {
				// A step before a clock change is an hour off midnight.
				date := time.Unix(int64(number(v[0])), 0).In(p.zone).Add(2 * time.Hour).Format("2006-01-02")
				if _, twice := shown[name][date]; twice {
					t.Errorf("%q, %s has %s twice", title, name, date)
				}
				shown[name][date] = number(v[1])
			}
		}
	}
	return shown
}

// drawn is the end of the newest day that graphs have: at noon UTC all do.
func (p past) drawn() time.Time { return p.now.Add(-12 * time.Hour).Truncate(day) }

// newest is the end of the newest complete day of the bill.
func (p past) newest() time.Time { return p.now.Add(-6*time.Hour - time.Minute).Truncate(day) }

func (p past) days(t *testing.T) {
	t.Helper()
	shown := p.shown(t, "Day by day, all VDCs")
	for d := p.drawn().Add(-29 * day); d.Before(p.drawn()); d = d.Add(day) {
		date := d.Format("2006-01-02")
		for name, share := range map[string]float64{"VM": 0.9, "Disk": 0.1} {
			if got, want := shown[name][date], share*dayPounds(d); math.Abs(got-want) > 1e-6 {
				t.Errorf("%s of %s costs %v, not %v", name, date, got, want)
			}
		}
	}
	if n := len(shown["VM"]); n < 29 || n > 32 || len(shown) != 2 {
		t.Errorf("there are %d days and %d services", n, len(shown))
	}
}

func (p past) curves(t *testing.T) {
	t.Helper()
	shown := p.shown(t, "The month so far, all VDCs")
	for d := p.drawn().Add(-28 * day); d.Before(p.drawn()); d = d.Add(day) {
		date := d.Format("2006-01-02")
		if got, want := shown["this month"][date], monthPounds(monthStart(d), d.Add(day)); math.Abs(got-want) > 1e-6 {
			t.Errorf("by %s the month had cost %v, not %v", date, got, want)
		}
		before := monthStart(monthStart(d).Add(-day))
		same := before.AddDate(0, 0, d.Day()-1)
		got, there := shown["the month before"][date]
		if same.Month() != before.Month() { // it had no such day
			if there {
				t.Errorf("the month before has a day %s", date)
			}
			continue
		}
		if want := monthPounds(before, same.Add(day)); math.Abs(got-want) > 1e-6 {
			t.Errorf("by %s the month before had cost %v, not %v", date, got, want)
		}
		days := monthStart(d).AddDate(0, 1, -1).Day()
		if got, want := shown["budget"][date], 6200*float64(d.Day())/float64(days); math.Abs(got-want) > 1e-6 {
			t.Errorf("the budget by %s is %v, not %v", date, got, want)
		}
	}
}

// months are twelve whole ones, each at its own beginning.
func (p past) months(t *testing.T, title, name string) {
	t.Helper()
	shown := p.shown(t, title)
	last := monthStart(monthStart(p.newest().Add(-day)).Add(-day)) // the newest that is over
	for i := range 12 {
		m := last.AddDate(0, -i, 0)
		if got, want := shown[name][m.Format("2006-01-02")], monthPounds(m, m.AddDate(0, 1, 0)); math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %s cost %v, not %v", title, m.Format("2006-01"), got, want)
		}
	}
	if n := len(shown[name]); n < 12 || n > 13 || len(shown) != 1 {
		t.Errorf("%s: there are %d bars of %d series: %v", title, n, len(shown), shown)
	}
}

// find is a panel by its title.
func find(t *testing.T, uid, title string) panel {
	t.Helper()
	for _, d := range load(t) {
		for _, p := range d.panels() {
			if d.UID == uid && p.Title == title {
				return p
			}
		}
	}
	t.Fatalf("%s has no panel %q", uid, title)
	return panel{}
}
