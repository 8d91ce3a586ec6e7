package billing

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal/simulator"
)

// sample is a line of OpenMetrics.
type sample struct {
	family, labels string
	at             int64
	value          money.Amount
}

// samplesOf reads a file and checks its form: families by name, each once; series
// by labels, each once; times ascending; the end.
func samplesOf(t *testing.T, path string) []sample {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	body, found := strings.CutSuffix(string(text), "# EOF\n")
	if !found {
		t.Fatalf("%s does not end", path)
	}
	var all []sample
	family := ""
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name = strings.TrimSuffix(name, " gauge")
			if name <= family {
				t.Errorf("%s: family %s behind %s", path, name, family)
			}
			family = name
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		open, end := strings.IndexByte(line, '{'), strings.LastIndexByte(line, '}')
		value, at, _ := strings.Cut(line[end+2:], " ")
		s := sample{family: line[:open], labels: line[open+1 : end]}
		if s.value, err = money.Parse(value); err != nil {
			t.Fatalf("%s: %s: %v", path, line, err)
		}
		if s.at, err = strconv.ParseInt(at, 10, 64); err != nil {
			t.Fatalf("%s: %s: %v", path, line, err)
		}
		if s.family != family {
			t.Fatalf("%s: %s stands in family %s", path, line, family)
		}
		if n := len(all); n > 0 && all[n-1].family == family && (all[n-1].labels > s.labels || all[n-1].labels == s.labels && all[n-1].at >= s.at) {
			t.Errorf("%s: out of order: %s", path, line)
		}
		all = append(all, s)
	}
	return all
}

// daily adds up a family by time.
func daily(all []sample, family string) map[int64]money.Amount {
	sums := map[int64]money.Amount{}
	for _, s := range all {
		if s.family == "ukcloud_billing_"+family {
			sums[s.at] += s.value
		}
	}
	return sums
}

// toDate is what a bill of the portal says the daily sums should be.
func toDate(t *testing.T, truth simulator.Bill) (sums, days map[int64]money.Amount) {
	t.Helper()
	sums, days = map[int64]money.Amount{}, map[int64]money.Amount{}
	var sum money.Amount
	for _, day := range slices.Sorted(func(yield func(string) bool) {
		for day := range truth.Days {
			if !yield(day) {
				return
			}
		}
	}) {
		start, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		sum += truth.Days[day]
		at := bill.EndOf(bill.DateOf(start)).Unix()
		sums[at], days[at] = sum, truth.Days[day]
	}
	return sums, days
}

// TestBackfill: in two years of an estate every family has each day what the
// portal's own bill says, from the portal and from files.
func TestBackfill(t *testing.T) {
	if testing.Short() {
		t.Skip("writes two years of an estate")
	}
	b := newBench(t)
	past, bills, again := t.TempDir(), t.TempDir(), t.TempDir()
	b.must("backfill", "--from", "2016-04", "--to", "2018-03", "--tag", "project", "--vm-limit", "3", "-o", past)
	if n := len(b.asked); n != 6*25 {
		t.Errorf("%d bills were asked for, want each of 25 months once", n)
	}
	for _, s := range b.services() {
		for m := (bill.Month{Year: 2016, Month: 4}); m.Compare(bill.MonthOf(now)) <= 0; m = m.Next() {
			b.compare(filepath.Join(past, fmt.Sprintf("backfill_%s_%s.om", s.org, m)), s, m)
		}
	}
	files := []string{"backfill", "--from", "2017-11", "--tag", "project", "--vm-limit", "3", "-o", again}
	for _, m := range []string{"2017-10", "2017-11", "2017-12", "2018-01", "2018-02", "2018-03"} {
		b.must("fetch", "--period", m, "-o", bills)
		names, err := filepath.Glob(filepath.Join(bills, "*_"+m+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, names...)
	}
	b.must(files...)
	made, err := filepath.Glob(filepath.Join(again, "*.om"))
	if err != nil || len(made) != 6*5 {
		t.Fatalf("%d files, error %v, want five months of six services", len(made), err)
	}
	for _, file := range made {
		name := filepath.Base(file)
		if diff := cmp.Diff(samplesOf(t, filepath.Join(past, name)), samplesOf(t, file), cmp.AllowUnexported(sample{})); diff != "" {
			t.Errorf("%s (-from the portal +from files):\n%s", name, diff)
		}
	}
}

func (b *bench) compare(path string, s service, m bill.Month) {
	b.t.Helper()
	truth, err := b.portal.Bill(s.org, m.String())
	if err != nil {
		b.t.Fatal(err)
	}
	before, err := b.portal.Bill(s.org, m.Previous().String())
	if err != nil {
		b.t.Fatal(err)
	}
	sums, days := toDate(b.t, truth)
	previous, start, through := map[int64]money.Amount{}, map[int64]money.Amount{}, map[int64]money.Amount{}
	for at := range sums {
		previous[at] = before.Total
		start[at] = money.Amount(m.Start().Unix()) * money.Pound
		through[at] = money.Amount(at) * money.Pound
	}
	got := samplesOf(b.t, path)
	for family, want := range map[string]map[int64]money.Amount{
		"month_to_date_cost_gbp": sums, "vm_month_to_date_cost_gbp": sums, "tag_month_to_date_cost_gbp": sums,
		"day_cost_gbp": days, "previous_month_cost_gbp": previous,
		"period_start_timestamp_seconds": start, "data_through_timestamp_seconds": through,
	} {
		if diff := cmp.Diff(want, daily(got, family)); diff != "" {
			b.t.Errorf("%s: %s (-bill +file):\n%s", path, family, diff)
		}
	}
	var seconds money.Amount
	for _, hours := range truth.Hours {
		seconds += money.Amount(hours*3600) * money.Pound
	}
	if usage := daily(got, "usage_seconds")[m.Next().Start().Unix()]; m.Compare(bill.MonthOf(b.now)) < 0 && usage != seconds {
		b.t.Errorf("%s: usage at the month's end is %s seconds, want %s", path, usage, seconds)
	}
	for _, sample := range got {
		want := fmt.Sprintf(`account="%s",vorg="%s"`, s.account, s.org)
		if !strings.HasPrefix(sample.labels, want) {
			b.t.Fatalf("%s: labels %s", path, sample.labels)
		}
	}
}

// TestBackfillResumes: a month is final when it was written after the first
// working day of the next one; other months are written again.
func TestBackfillResumes(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	org := b.services()[0].org
	args := []string{"backfill", "--from", "2018-01", "--to", "2018-03", "--org", org, "-o", dir}
	written := func(month, day string) {
		t.Helper()
		at, err := time.Parse("2006-01-02 15:04", day)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, fmt.Sprintf("backfill_%s_%s.om", org, month)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	asked := func(want ...string) {
		t.Helper()
		b.must(args...)
		for i := range want {
			want[i] = org + " " + want[i]
		}
		if diff := cmp.Diff(want, b.asked); diff != "" {
			t.Errorf("bills asked for (-want +got):\n%s", diff)
		}
		written("2018-01", "2018-02-02 00:00")
		written("2018-02", "2018-03-02 00:00")
		written("2018-03", "2018-03-15 12:00")
	}
	asked("2017-12", "2018-01", "2018-02", "2018-03")
	asked("2018-02", "2018-03") // February to know the month before March
	written("2018-01", "2018-02-01 23:59")
	asked("2017-12", "2018-01", "2018-02", "2018-03") // January was not final; February is read for March
	args = append(args, "--force")
	asked("2017-12", "2018-01", "2018-02", "2018-03")
}

// TestBackfillGaps: days without rows, a month without any, and the day that is
// not over.
func TestBackfillGaps(t *testing.T) {
	header := "EventDate,vDC,ResourceId,Service,PowerState,UsageHoursWithinPeriod,ComputeTotalPrice,GPUTotalPrice,Tier1StoragePrice," +
		"Tier2StoragePrice,Geo-resilientStoragePrice,ProtectionTotalPrice,LicenceTotalPrice,TotalPrice\n"
	row := func(day, cost string) string {
		return day + ",Main,vm-1,VMware VM,On,24," + cost + ",,,,,,," + cost + "\n"
	}
	dir := t.TempDir()
	names := map[string]string{
		"2018-01": header + row("2018-01-02", "1") + row("2018-01-30", "2"),
		"2018-02": header,
		"2018-03": header + row("2018-03-13", "3") + row("2018-03-14", "4") + row("2018-03-15", "5"),
	}
	b := newBench(t) // 15 March, noon
	args := []string{"backfill", "--account", "9", "-o", dir}
	for month, text := range names {
		name := filepath.Join(dir, "billing_1-2-3-abc_"+month+".csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	b.must(args...)
	end := func(day string) int64 {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return at.AddDate(0, 0, 1).Unix()
	}
	for _, tt := range []struct {
		month, family string
		days          int
		at            map[string]money.Amount
	}{
		{"2018-01", "month_to_date_cost_gbp", 30, map[string]money.Amount{"2018-01-02": 1, "2018-01-03": 1, "2018-01-30": 3, "2018-01-31": 3}},
		{"2018-01", "day_cost_gbp", 2, map[string]money.Amount{"2018-01-02": 1, "2018-01-30": 2}},
		{"2018-01", "previous_month_cost_gbp", 0, nil},
		{"2018-02", "month_to_date_cost_gbp", 0, nil},
		{"2018-02", "previous_month_cost_gbp", 28, map[string]money.Amount{"2018-02-01": 3, "2018-02-28": 3}},
		{"2018-03", "month_to_date_cost_gbp", 2, map[string]money.Amount{"2018-03-13": 3, "2018-03-14": 7}},
		{"2018-03", "previous_month_cost_gbp", 0, nil}, // February has no row
	} {
		got := daily(samplesOf(t, filepath.Join(dir, "backfill_1-2-3-abc_"+tt.month+".om")), tt.family)
		if len(got) != tt.days {
			t.Errorf("%s: %s has %d days, want %d", tt.month, tt.family, len(got), tt.days)
		}
		for day, want := range tt.at {
			if got[end(day)] != want*money.Pound {
				t.Errorf("%s: %s at the end of %s is %s, want %s", tt.month, tt.family, day, got[end(day)], want*money.Pound)
			}
		}
	}
}

// TestBackfillOfAMonthToCome: a month that has not begun is refused, and what is
// refused prints nothing.
func TestBackfillOfAMonthToCome(t *testing.T) {
	b := newBench(t) // 15 March 2018, noon
	dir := t.TempDir()
	bill := func(name string, rows ...string) string {
		path := filepath.Join(dir, name)
		text := "EventDate,vDC,ResourceId,Service,PowerState,UsageHoursWithinPeriod,ComputeTotalPrice,GPUTotalPrice,Tier1StoragePrice," +
			"Tier2StoragePrice,Geo-resilientStoragePrice,ProtectionTotalPrice,LicenceTotalPrice,TotalPrice\n" + strings.Join(rows, "")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	future := bill("billing_1-2-3-abc_2018-04.csv", "2018-04-01,Main,vm-1,VMware VM,On,24,1,,,,,,,1\n")
	good := bill("billing_1-2-4-abc_2018-01.csv", "2018-01-02,Main,vm-1,VMware VM,On,24,1,,,,,,,1\n")
	for _, tt := range []struct {
		name, want string
		status     int
		args       []string
	}{
		{"a month to come, from the portal", "--to 2018-04 has not begun", 1, []string{"--from=2018-01", "--to=2018-04"}},
		{"a file of a month to come", "bill 2018-04 of 1-2-3-abc: the month has not begun", 1, []string{future}},
		{"the same beside a good one", "bill 2018-04 of 1-2-3-abc: the month has not begun", 2, []string{future, good}},
	} {
		out, err := b.run(append([]string{"backfill"}, tt.args...)...)
		if exitstatus.Of(err) != tt.status || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: status %d, %v; want %d, %s", tt.name, exitstatus.Of(err), err, tt.status, tt.want)
		}
		if tt.status == 1 && out != "" {
			t.Errorf("%s: it prints %d bytes", tt.name, len(out))
		}
	}
}

// TestBackfillWarnsOfRetention: whoever writes a past that Prometheus would delete is
// told, on standard error, where no sample stands.
func TestBackfillWarnsOfRetention(t *testing.T) {
	b := newBench(t) // in the middle of March 2018
	tests := []struct{ name, from, to, said string }{
		{"years", "2016-04", "2016-05", "reaches back to 2016-04: by default it deletes what is older than 15 days"},
		{"last month", "2018-02", "2018-03", "reaches back to 2018-02: "},
	}
	for _, test := range tests {
		for _, output := range []string{"", t.TempDir()} {
			t.Run(test.name+" to "+map[bool]string{true: "a stream", false: "files"}[output == ""], func(t *testing.T) {
				args := []string{"backfill", "--from", test.from, "--to", test.to}
				if output != "" {
					args = append(args, "-o", output)
				}
				stdout := b.must(args...)
				if stderr := b.stderr.String(); !strings.Contains(stderr, test.said) || strings.Contains(stdout, "retention") {
					t.Errorf("standard error is %q, want %q", stderr, test.said)
				}
			})
		}
	}
	t.Run("nothing that would be deleted", func(t *testing.T) {
		b.now = time.Date(2018, 3, 10, 12, 0, 0, 0, time.UTC)
		b.must("backfill", "--from", "2018-03", "--to", "2018-03")
		if stderr := b.stderr.String(); strings.Contains(stderr, "retention") {
			t.Errorf("standard error is %q", stderr)
		}
	})
}
