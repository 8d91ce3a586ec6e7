package bill_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// direct hands requests to a handler, without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	d.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// estate is a simulated portal in the middle of January 2019, with a bill for
// each of the 36 months before.
func estate(t *testing.T) (*simulator.Portal, *portal.Client) {
	t.Helper()
	now := time.Date(2019, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := simulator.New(simulator.Options{Seed: 7, VMs: 30, VOrgsPerAccount: 3, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTransport(direct{p}), portal.WithRate(1e6, 1e6))
	if err != nil {
		t.Fatal(err)
	}
	return p, client
}

// services are the compute services of the estate.
func services(t *testing.T, client *portal.Client, p *simulator.Portal) []string {
	t.Helper()
	credentials, err := client.APICredentials(t.Context(), p.AccountIDs()[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range credentials.Value {
		ids = append(ids, c.ServiceID)
	}
	return ids
}

func csvOf(t *testing.T, client *portal.Client, m bill.Month, org string) string {
	t.Helper()
	stream, err := client.BillingCSV(t.Context(), m.String(), org, "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tally adds up each family of a view.
type tally struct {
	family string
	sums   map[string]money.Amount
	hours  map[string]int64
}

func (s *tally) Money(_ exposition.Labels, value money.Amount, pairs ...string) {
	s.sums[s.family] += value
	for i := 0; i < len(pairs); i += 2 {
		s.sums[pairs[i]+" "+pairs[i+1]] += value
	}
}
func (s *tally) Int(_ exposition.Labels, value int64, pairs ...string) {
	if s.family == "ukcloud_billing_usage_seconds" {
		s.hours[pairs[3]] += value / 3600
	}
}
func (*tally) Sample(exposition.Labels, float64, ...string) {}

func tallyOf(v bill.View) *tally {
	s := &tally{sums: map[string]money.Amount{}, hours: map[string]int64{}}
	for _, f := range bill.Families() {
		s.family = f.Name
		f.Write(&v, s)
	}
	return s
}

// TestThreeYears: in each month of a simulated estate every family that splits a
// month's cost adds up to the bill, to the last of nine places.
func TestThreeYears(t *testing.T) {
	p, client := estate(t)
	running := bill.Month{Year: 2019, Month: 1}
	bills, rows := 0, 0
	for _, org := range services(t, client, p) {
		for m := (bill.Month{Year: 2016, Month: 1}); m.Compare(running) <= 0; m = m.Next() {
			truth, err := p.Bill(org, m.String())
			if err != nil {
				t.Fatal(err)
			}
			b := read(t, csvOf(t, client, m, org), bill.Options{Month: m, Tags: []string{"project", "cost_centre", "nobody"}})
			bills, rows = bills+1, rows+truth.Rows
			compare(t, org+" "+m.String(), truth, b)
		}
	}
	if bills != 3*37 || rows < 40_000 {
		t.Errorf("%d bills with %d rows are no three years", bills, rows)
	}
}

func compare(t *testing.T, name string, truth simulator.Bill, b *bill.Bill) {
	t.Helper()
	view := bill.View{Account: "1", VOrg: "v", Bill: b, VMLimit: 10}
	got := tallyOf(view).sums
	got["previous"] = tallyOf(bill.View{Role: bill.Previous, Bill: b}).sums["ukcloud_billing_previous_month_cost_gbp"]
	want := map[string]money.Amount{
		"ukcloud_billing_month_to_date_cost_gbp": truth.Total, "ukcloud_billing_vm_month_to_date_cost_gbp": truth.Total,
		"tag project": truth.Total, "tag cost_centre": truth.Total, "tag nobody": truth.Total, "previous": truth.Total,
		"check total": 0,
	}
	for component, amount := range truth.Components {
		want["component "+string(component)] = amount
	}
	for service, amount := range truth.Services {
		want["service "+service] = amount
	}
	for vdc, amount := range truth.VDCs {
		want["vdc_name "+vdc] = amount
	}
	for key, amount := range want {
		if got[key] != amount {
			t.Errorf("%s: %s is %s, the bill says %s", name, key, got[key], amount)
		}
	}
	if int64(truth.Rows) != b.Rows || b.Parts.Value != truth.Total || b.Total.Value != truth.Total {
		t.Errorf("%s: %d rows of %s (TotalPrice %s), the bill has %d of %s", name, b.Rows, b.Parts.Value, b.Total.Value, truth.Rows, truth.Total)
	}
	var days money.Amount
	for day, amount := range truth.Days {
		date, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		cost := tallyOf(bill.View{Role: bill.Previous, Bill: b, Day: bill.DateOf(date)}).sums["ukcloud_billing_day_cost_gbp"]
		if days += cost; cost != amount {
			t.Errorf("%s: %s cost %s, the bill says %s", name, day, cost, amount)
		}
	}
	if days != truth.Total {
		t.Errorf("%s: the days add up to %s, the bill to %s", name, days, truth.Total)
	}
	for _, r := range b.Resources {
		if truth.Resources[r.ID] != r.Cost.Value {
			t.Errorf("%s: %s cost %s, the bill says %s", name, r.ID, r.Cost.Value, truth.Resources[r.ID])
		}
	}
	hours := map[string]int64{}
	for power, n := range truth.Hours {
		hours[strings.ToLower(power)] = n
	}
	if diff := cmp.Diff(hours, tallyOf(view).hours); diff != "" {
		t.Errorf("%s: hours (-bill +families):\n%s", name, diff)
	}
}

// TestDays: the month to date of each day is the bill of a file that ends with
// that day, and the last one that of the whole file.
func TestDays(t *testing.T) {
	p, client := estate(t)
	m := bill.Month{Year: 2018, Month: 10}
	o := bill.Options{Month: m, Tags: []string{"project"}}
	text := csvOf(t, client, m, services(t, client, p)[0])
	days := 0
	err := bill.ReadDays(strings.NewReader(text), o, func(day csvparse.Date, toDate *bill.Bill) error {
		days++
		var until bytes.Buffer
		header := true
		for line := range strings.Lines(text) {
			if header || line[:10] <= day.String() {
				until.WriteString(line)
			}
			header = false
		}
		if diff := cmp.Diff(read(t, until.String(), o), toDate); diff != "" {
			t.Errorf("%s (-file that ends here +month to date):\n%s", day, diff)
		}
		return nil
	})
	if err != nil || days != 31 {
		t.Errorf("%d days, error %v", days, err)
	}
}
