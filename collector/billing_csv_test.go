package collector_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

const org = "11-1-1-abc"

// TestMonthsEnd walks over the end of a month while the portal does not answer.
func TestMonthsEnd(t *testing.T) {
	api := &bills{texts: map[string]string{
		org + " 2017-12": billText(billRow{"2017-12-31", "a", "100"}),
		org + " 2018-01": billText(billRow{"2018-01-29", "a", "1"}, billRow{"2018-01-30", "a", "2"}),
	}, errs: map[string]error{}}
	b := newBench(t, api, one(), "2018-01-31 20:00")
	const l = `{account="1",vorg="11-1-1-abc"`
	const part = `,vdc_name="Main",service="VMware VM",component="compute"} `
	january := `month_to_date_cost_gbp` + l + part + `3
previous_month_cost_gbp` + l + part + `100
day_cost_gbp` + l + `,service="VMware VM",component="compute"} 2
period_start_timestamp_seconds` + l + `} 1514764800
data_through_timestamp_seconds` + l + `} 1517356800
`
	families := []string{"month_to", "previous", "day_cost", "period", "data"}
	if diff := cmp.Diff(january, only(b.round(), families...)); diff != "" {
		t.Errorf("in January (-want +got):\n%s", diff)
	}

	for _, period := range []string{"2018-01", "2018-02"} {
		api.errs[org+" "+period] = errors.New("GET /api/billing/billing-csv: 500 Internal Server Error")
	}
	b.at("2018-02-01 00:00")
	failing := `previous_month_cost_gbp` + l + part + `3
day_cost_gbp` + l + `,service="VMware VM",component="compute"} 2
data_through_timestamp_seconds` + l + `} 1517356800
`
	if diff := cmp.Diff(failing, only(b.round(), families...)); diff != "" {
		t.Errorf("on 1 February without an answer (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"1/11-1-1-abc/2018-01": "fetch billing 2018-01 of 11-1-1-abc: GET /api/billing/billing-csv: 500 Internal Server Error",
		"1/11-1-1-abc/2018-02": "fetch billing 2018-02 of 11-1-1-abc: GET /api/billing/billing-csv: 500 Internal Server Error",
	}
	if diff := cmp.Diff(want, b.errsOf()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}

	clear(api.errs)
	api.texts[org+" 2018-01"] = billText(billRow{"2018-01-30", "a", "3"}, billRow{"2018-01-31", "a", "4"})
	b.at("2018-02-01 07:00")
	empty := `previous_month_cost_gbp` + l + part + `7
day_cost_gbp` + l + `,service="VMware VM",component="compute"} 4
period_start_timestamp_seconds` + l + `} 1517443200
data_through_timestamp_seconds` + l + `} 1517443200
`
	if diff := cmp.Diff(empty, only(b.round(), families...)); diff != "" {
		t.Errorf("on 1 February with an empty month (-want +got):\n%s", diff)
	}

	api.texts[org+" 2018-02"] = billText(billRow{"2018-02-01", "a", "5"})
	b.at("2018-02-02 07:00")
	february := `month_to_date_cost_gbp` + l + part + `5
previous_month_cost_gbp` + l + part + `7
day_cost_gbp` + l + `,service="VMware VM",component="compute"} 5
period_start_timestamp_seconds` + l + `} 1517443200
data_through_timestamp_seconds` + l + `} 1517529600
`
	if diff := cmp.Diff(february, only(b.round(), families...)); diff != "" {
		t.Errorf("on 2 February (-want +got):\n%s", diff)
	}
}

// TestMonthsEndWithoutAccounts: the month ends also when not even the accounts
// can be listed; after that it is one error for all.
func TestMonthsEndWithoutAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &bills{texts: map[string]string{org + " 2018-01": billText(billRow{"2018-01-30", "a", "3"})}}
		services := one()
		b := newBench(t, api, services, "2018-01-31 20:00")
		b.round()
		services.err = errors.New("portal is down")

		time.Sleep(time.Hour) // the services remembers the accounts for a moment
		b.at("2018-01-31 21:00")
		if b.round(); b.err == nil {
			t.Fatal("no error")
		}
		b.at("2018-02-01 03:00")
		got := only(b.round(), "month_to", "previous")
		if b.err != nil || !strings.HasPrefix(got, "previous_month") || strings.Contains(got, "month_to_date") {
			t.Errorf("error %v, exposed\n%s", b.err, got)
		}
		want := map[string]string{"1/11-1-1-abc/2018-01": "list accounts: portal is down", "1/11-1-1-abc/2018-02": "list accounts: portal is down"}
		if diff := cmp.Diff(want, b.errsOf()); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
		b.at("2018-02-01 09:00")
		if b.round(); b.err == nil {
			t.Error("what has already become the previous month is replaced again")
		}
	})
}

// TestTodayIsNotComplete: a day that runs is in the month but is no day's cost.
func TestTodayIsNotComplete(t *testing.T) {
	api := &bills{texts: map[string]string{
		org + " 2018-01": billText(billRow{"2018-01-30", "a", "1"}, billRow{"2018-01-31", "a", "0.5"}),
	}}
	b := newBench(t, api, one(), "2018-01-31 20:00")
	if got := only(b.round(), "day_cost", "data", "month_to"); !strings.Contains(got, "day_cost_gbp{account=\"1\",vorg=\"11-1-1-abc\",service=\"VMware VM\",component=\"compute\"} 1\n") ||
		!strings.Contains(got, "} 1.5\n") || !strings.Contains(got, "} 1517356800\n") {
		t.Errorf("got\n%s", got)
	}
	// The file is unchanged; the day is over now.
	b.at("2018-02-01 00:00")
	if got := only(b.round(), "day_cost"); !strings.HasSuffix(got, "} 0.5\n") {
		t.Errorf("after the day: got\n%s", got)
	}
	if api.served != 3 {
		t.Errorf("%d bills were read, want January, December and February once each", api.served)
	}
}

// TestForecast: £30 a day and £120 on the 1st are £1,050 in January, with and
// without the month before, and through the whole month.
func TestForecast(t *testing.T) {
	rows := []billRow{{"2018-01-01", "fee", "120"}}
	for day := 1; day <= 31; day++ {
		rows = append(rows, billRow{fmt.Sprintf("2018-01-%02d", day), "a", "30"})
	}
	for _, before := range []string{"", billText(billRow{"2017-12-30", "a", "30"}, billRow{"2017-12-31", "a", "30"})} {
		api := &bills{texts: map[string]string{}}
		if before != "" {
			api.texts[org+" 2017-12"] = before
		}
		b := newBench(t, api, one(), "2018-01-01 08:00")
		for day := 1; day <= 31; day++ {
			b.at(fmt.Sprintf("2018-01-%02d 08:00", day))
			api.texts[org+" 2018-01"] = billText(rows[:day]...) // the fee and the days before this one
			if day == 1 {
				delete(api.texts, org+" 2018-01")
			}
			want := ""
			if known := day - 1; known >= 3 || before != "" && known >= 1 {
				want = strings.TrimPrefix(`ukcloud_billing_month_forecast_gbp{account="1",vorg="11-1-1-abc"} 1050`, "ukcloud_billing_") + "\n"
			}
			if got := only(b.round(), "month_forecast"); got != want {
				t.Errorf("on %d January, with the month before: %v: %q, want %q", day, before != "", got, want)
			}
		}
	}
}

// TestUnchanged: a bill that the portal confirms is the same part.
func TestUnchanged(t *testing.T) {
	api := &bills{texts: map[string]string{org + " 2018-01": billText(billRow{"2018-01-10", "a", "1"})}}
	b := newBench(t, api, one(), "2018-01-15 08:00")
	b.round()
	before := b.held
	b.at("2018-01-15 14:00")
	b.round()
	if len(before) != 2 {
		t.Fatalf("%d parts, want 2", len(before))
	}
	for key, part := range before {
		if b.held[key] != part {
			t.Errorf("part %s is another one, though nothing changed", key)
		}
	}
	if api.served != 2 {
		t.Errorf("%d bills were read, want 2", api.served)
	}
	api.texts[org+" 2017-12"] = billText(billRow{"2017-12-10", "a", "1"})
	b.round()
	if key := "1/11-1-1-abc/2017-12"; b.held[key] == before[key] {
		t.Error("the bill of December changed, its part did not")
	}
}

// TestForbidden: who may not see one service's bill sees the others'.
func TestForbidden(t *testing.T) {
	refusal := &portal.Error{Endpoint: "/api/billing/billing-csv", Method: "GET", StatusCode: 403, Message: "Insufficient Permission"}
	services := &orgs{
		accounts: []portal.Account{{ID: "1"}, {ID: "2"}, {ID: "3"}},
		services: map[string][]string{"1": {org, "11-1-2-def"}, "2": {"11-2-1-aaa"}},
		refused:  map[string]error{"3": &portal.Error{StatusCode: 403, Message: "No permitted account found"}},
	}
	api := &bills{texts: map[string]string{
		org + " 2018-01":     billText(billRow{"2018-01-10", "a", "1"}),
		"11-1-2-def 2018-01": billText(billRow{"2018-01-10", "b", "2"}),
		"11-2-1-aaa 2018-01": billText(billRow{"2018-01-10", "c", "3"}),
		"11-2-1-aaa 2017-12": billText(billRow{"2017-12-10", "c", "30"}),
	}, errs: map[string]error{"11-1-2-def 2018-01": refusal, "11-1-2-def 2017-12": refusal}}
	b := newBench(t, api, services, "2018-01-15 08:00")
	got := only(b.round(), "vm_month", "previous")
	want := `previous_month_cost_gbp{account="2",vorg="11-2-1-aaa",vdc_name="Main",service="VMware VM",component="compute"} 30
vm_month_to_date_cost_gbp{account="1",vorg="11-1-1-abc",vm="a"} 1
vm_month_to_date_cost_gbp{account="2",vorg="11-2-1-aaa",vm="c"} 3
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exposed (-want +got):\n%s", diff)
	}
	forbidden := map[string]bool{}
	for _, r := range b.results {
		if r.Err != nil {
			forbidden[r.Account+" "+r.Key] = r.Forbidden()
		}
	}
	wantForbidden := map[string]bool{"1 1/11-1-2-def/2017-12": true, "1 1/11-1-2-def/2018-01": true, "3 3": true}
	if diff := cmp.Diff(wantForbidden, forbidden); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

// TestBugBehindABill: a panic outside of the reading is the failure of that compute service's
// bills, each once, and of no other's.
func TestBugBehindABill(t *testing.T) {
	api := &bills{texts: map[string]string{}}
	services := &orgs{accounts: []portal.Account{{ID: "1"}}, services: map[string][]string{"1": {"1-1", "1-2", "1-3"}}}
	b := newBench(t, api, services, "2018-01-15 08:00")
	results, err := b.collector.Collect(t.Context(), func(string) *collector.Part { return nil }, func(of ...collector.Result) {
		if strings.HasPrefix(of[0].Key, "1/1-3/") {
			panic("a bug")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		word := "good"
		if r.Err != nil {
			word, _, _ = strings.Cut(r.Err.Error(), "\n")
		}
		got = append(got, r.Account+" "+r.Key+" "+word)
	}
	want := []string{
		"1 1/1-1/2018-01 good", "1 1/1-1/2017-12 good", "1 1/1-2/2018-01 good", "1 1/1-2/2017-12 good",
		"1 1/1-3/2018-01 panic: a bug", "1 1/1-3/2017-12 panic: a bug",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// TestServicesNotListed: the parts of an account that cannot be listed for once
// stay, because their results say which they are.
func TestServicesNotListed(t *testing.T) {
	api := &bills{texts: map[string]string{org + " 2018-01": billText(billRow{"2018-01-10", "a", "1"})}}
	services := one()
	services.gone = true
	b := newBench(t, api, services, "2018-01-15 08:00")
	before := b.round()
	services.refused = map[string]error{"1": errors.New("503")}
	b.at("2018-01-15 14:00")
	if diff := cmp.Diff(before, b.round()); diff != "" {
		t.Errorf("exposed (-before +after):\n%s", diff)
	}
	if errs := b.errsOf(); len(errs) != 2 || !strings.Contains(errs["1/11-1-1-abc/2018-01"], "list compute services of account 1: 503") {
		t.Errorf("errors %q", errs)
	}
}

// TestBrokenBill: nothing of a bill that is not read to its end is shown.
func TestBrokenBill(t *testing.T) {
	good := billText(billRow{"2018-01-10", "a", "1"})
	tests := []struct{ name, text, want string }{
		{"cut off", strings.TrimSuffix(billText(billRow{"2018-01-10", "a", "2"}), "\n"), "ends in the middle of this line: it was cut off"},
		{"HTML", "<html><body>Please log in</body></html>", "not CSV but html"},
		{"empty", "", "the file is empty"},
		{"missing column", strings.Replace(billText(billRow{"2018-01-10", "a", "2"}), "TotalPrice\n", "Price\n", 1), "no column TotalPrice"},
		{"UTF-16", "\xfe\xff\x00E\x00v\x00e", "the file is in UTF-16, not in UTF-8"},
		{"no row that can be read", billText(billRow{"2018-01-32", "a", "2"}), "no row can be read: 1 rejected, the first for line 2"},
		{"another month", billText(billRow{"2017-05-10", "a", "2"}), "no row is of the month 2018-01: they are of 2017-05-10 to 2017-05-10"},
		{"out of range", billText(billRow{"2018-01-10", "a", "9000000000"}, billRow{"2018-01-10", "a", "9000000000"}), "sum is out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := &bills{texts: map[string]string{org + " 2018-01": good}}
			b := newBench(t, api, one(), "2018-01-15 08:00")
			before := b.round()
			api.texts[org+" 2018-01"] = tt.text
			api.unproven = tt.name == "cut off"
			b.at("2018-01-15 14:00")
			if diff := cmp.Diff(before, b.round()); diff != "" {
				t.Errorf("exposed (-before +after):\n%s", diff)
			}
			err := b.errsOf()["1/11-1-1-abc/2018-01"]
			if !strings.HasPrefix(err, "fetch billing 2018-01 of 11-1-1-abc: GET /api/billing/billing-csv: ") || !strings.Contains(err, tt.want) {
				t.Errorf("error %q, want one with %q", err, tt.want)
			}
			if len(b.errsOf()) != 1 {
				t.Errorf("errors %q, want one", b.errsOf())
			}
		})
	}
}

// TestUnproven: what nothing proves to be whole is taken when it is at least what
// was held and has the days that it should have, or when it comes again.
func TestUnproven(t *testing.T) {
	month := func(days ...string) string {
		var rows []billRow
		for _, day := range days {
			rows = append(rows, billRow{"2018-01-" + day, "a", "1"}, billRow{"2018-01-" + day, "b", "1"})
		}
		return billText(rows...)
	}
	type round struct{ text, rows, err string } // what comes, what is shown then, and why it was not taken
	whole := month("12", "13", "14")
	tests := []struct {
		name   string
		rounds []round
	}{
		{"whole from the first time on", []round{{whole, "6", ""}, {month("12", "13", "14", "15"), "8", ""}}},
		{"cut off behind a row", []round{{whole, "6", ""}, {month("12"), "6", "it has 2 rows after 6"}, {whole, "6", ""}}},
		{"cut off in the same place again", []round{{whole, "6", ""}, {month("12"), "6", "it has 2 rows after 6"}, {month("12"), "2", ""}}},
		{"cut off in other places", []round{{whole, "6", ""}, {month("12"), "6", "it has 2 rows after 6"}, {month("12", "13"), "6", "it has 4 rows after 6"}, {month("12"), "6", "it has 2 rows after 6"}}},
		{"the header alone", []round{{month(), "", "it has no row"}, {whole, "6", ""}, {month(), "6", "it has 0 rows after 6"}}},
		{"no resources at all", []round{{month(), "", "it has no row"}, {month(), "0", ""}}},
		{"days missing where nothing is held, twice the same", []round{{month("12"), "2", ""}, {whole, "6", ""}}},
		{"days missing that were there", []round{{whole, "6", ""}, {month("10", "11", "12"), "6", "it ends with 2018-01-12, not with 2018-01-14"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := &bills{texts: map[string]string{}, unproven: true, noTags: true}
			b := newBench(t, api, one(), "2018-01-15 08:00")
			for i, r := range tt.rounds {
				api.texts[org+" 2018-01"] = r.text
				got := only(b.round(), "rows{")
				want := ""
				if r.rows != "" {
					want = `rows{account="1",vorg="11-1-1-abc"} ` + r.rows + "\n"
				}
				err := b.errsOf()["1/11-1-1-abc/2018-01"]
				if got != want || (err == "") != (r.err == "") || !strings.Contains(err, r.err) || r.err != "" && !strings.Contains(err, "not proven whole") {
					t.Fatalf("round %d: %q, error %q; want %q, %q", i+1, got, err, want, r.err)
				}
			}
		})
	}
}

// TestDaysThatABillMustHave: a day is missed from 06:00 of the next one on, and none
// beyond the month; as many rows as before are no doubt.
func TestDaysThatABillMustHave(t *testing.T) {
	tests := []struct{ now, newest, err string }{
		{"2018-01-15 05:59", "2018-01-13", ""},
		{"2018-01-15 06:00", "2018-01-13", "it ends with 2018-01-13, not with 2018-01-14"},
		{"2018-01-15 06:00", "2018-01-14", ""},
		{"2018-01-15 06:00", "2018-01-15", ""}, // the running day, which some bills have
		{"2018-02-01 05:59", "2018-01-30", ""},
		{"2018-02-01 06:00", "2018-01-30", "it ends with 2018-01-30, not with 2018-01-31"},
		{"2018-02-20 12:00", "2018-01-30", "it ends with 2018-01-30, not with 2018-01-31"},
		{"2018-02-20 12:00", "2018-01-31", ""},
	}
	for _, tt := range tests {
		t.Run(tt.now+" "+tt.newest, func(t *testing.T) {
			api := &bills{texts: map[string]string{org + " 2018-01": billText(billRow{"2018-01-12", "a", "1"})}, noTags: true}
			b := newBench(t, api, one(), "2018-01-13 08:00")
			b.round()
			api.unproven = true
			api.texts[org+" 2018-01"] = billText(billRow{tt.newest, "a", "2"})
			b.at(tt.now)
			b.round()
			err := b.errsOf()["1/11-1-1-abc/2018-01"]
			if (err == "") != (tt.err == "") || !strings.Contains(err, tt.err) {
				t.Errorf("error %q, want %q", err, tt.err)
			}
		})
	}
}

// TestBillingSettings: a limit of no VMs is one; less is a mistake.
func TestBillingSettings(t *testing.T) {
	for _, tt := range []struct {
		settings collector.BillingSettings
		want     string
	}{
		{collector.BillingSettings{VMLimit: -1}, "vm_limit is less than zero"},
		{collector.BillingSettings{VMLimitPerAccount: -1}, "vm_limit_per_account is less than zero"},
		{collector.BillingSettings{}, ""},
		{collector.BillingSettings{VMLimit: 1, VMLimitPerAccount: 1}, ""},
	} {
		var got string
		tt.settings.Check(func(key, reason string) { got += key + " " + reason })
		if got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.settings, got, tt.want)
		}
	}
}

// TestLastRowWithoutItsEnd: where the body is proven whole, a last row without a line end
// is one; where it is not, it may be half a row.
func TestLastRowWithoutItsEnd(t *testing.T) {
	for _, unproven := range []bool{false, true} {
		t.Run(fmt.Sprint("unproven ", unproven), func(t *testing.T) {
			whole := billText(billRow{"2018-01-10", "a", "1"}, billRow{"2018-01-10", "b", "1"})
			api := &bills{texts: map[string]string{org + " 2018-01": strings.TrimRight(whole, "\n")}, unproven: unproven, noTags: true}
			b := newBench(t, api, one(), "2018-01-11 08:00")
			want := `rows{account="1",vorg="11-1-1-abc"} 2` + "\n"
			if unproven {
				want = ""
			}
			if got := only(b.round(), "rows{"); got != want {
				t.Errorf("%q, want %q; %v", got, want, b.errsOf())
			}
		})
	}
}

// TestRejectedRows: each is counted and logged, the first twenty by themselves.
func TestRejectedRows(t *testing.T) {
	rows := []billRow{{"2018-01-10", "a", "1"}}
	for range 23 {
		rows = append(rows, billRow{"2018-01-10", "a", "1e"})
	}
	rows = append(rows, billRow{"2018-01-11", "a", "2"})
	api := &bills{texts: map[string]string{
		org + " 2018-01": billText(rows...), org + " 2017-12": billText(billRow{"2017-12-01", "", "5"}, billRow{"2017-11-30", "b", "-2"}, billRow{"31/02/2017", "b", "1"}),
	}}
	var lines bytes.Buffer
	b := newBench(t, api, one(), "2018-01-15 08:00")
	b.log = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	b.restart()
	got := b.round()
	if cost := only(got, "vm_month"); !strings.HasSuffix(cost, "} 3\n") {
		t.Errorf("the good rows come to %s", cost)
	}
	for _, want := range []string{`reason="bad_number"} 23`, `reason="bad_date"} 1`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, only(got, "rows_rejected"))
		}
	}
	const first = `level=WARN msg="Row of the bill rejected" account=1 vorg=11-1-1-abc period=2018-01 line=3 column=21 field=ComputeTotalPrice reason=bad_number value=1e`
	if !strings.Contains(lines.String(), first+"\n") || !strings.Contains(lines.String(), "period=2017-12 line=4 column=1 field=EventDate reason=bad_date") ||
		!strings.Contains(lines.String(), `msg="Rows of the bill have no ResourceId" account=1 vorg=11-1-1-abc period=2017-12 rows=1 cost_gbp=5`) ||
		!strings.Contains(lines.String(), `msg="Rows of the bill are of days outside its month; they are charged with it" account=1 vorg=11-1-1-abc period=2017-12 rows=1 cost_gbp=-2`) {
		t.Errorf("the log has not the lines:\n%s", lines.String())
	}
	if n := strings.Count(lines.String(), "reason=bad_number"); n != 20 {
		t.Errorf("%d rows are logged by themselves, want 20", n)
	}
	if !strings.Contains(lines.String(), `msg="More rows of the bill rejected" account=1 vorg=11-1-1-abc period=2018-01 rows=3`) {
		t.Errorf("the rest is not logged:\n%s", lines.String())
	}
	for _, message := range []string{"Rows of the bill have no ResourceId", "Rows of the bill are of days outside its month", "More rows of the bill rejected"} {
		if n := strings.Count(lines.String(), message); n != 1 {
			t.Errorf("%q is logged %d times, want once, for the bill that has them", message, n)
		}
	}
	lines.Reset()
	b.at("2018-01-15 14:00")
	b.round()
	if lines.Len() > 0 {
		t.Errorf("an unchanged bill is logged again:\n%s", lines.String())
	}
}

// TestTags: configured keys reach the bill.
func TestBillingTags(t *testing.T) {
	b := newBench(t, &bills{texts: map[string]string{org + " 2018-01": billText(billRow{"2018-01-10", "a", "1"})}}, one(), "2018-01-15 08:00")
	b.settings = collector.BillingSettings{Tags: []string{"project"}}
	b.restart()
	want := `vm_month_to_date_cost_gbp{account="1",vorg="11-1-1-abc",vm="__other__"} 1
tag_month_to_date_cost_gbp{account="1",vorg="11-1-1-abc",tag="project",tag_value=""} 1
`
	if diff := cmp.Diff(want, only(b.round(), "tag_", "vm_")); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	unknown := b.results[0].Part.Unknown
	if diff := cmp.Diff(map[string]int{"PowerState": 0, "Metadata": 0, "UsageHoursWithinPeriod": 0, "Service": 0}, unknown); diff != "" {
		t.Errorf("unknown values (-want +got):\n%s", diff)
	}
}
