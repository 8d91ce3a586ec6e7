package billing

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

const oddOrg, oddName = "1-1-1-9836cf", "billing_1-1-1-9836cf_2018-01.csv"

// oddBill is one bill of January 2018 and what everything that reads it must say.
type oddBill struct {
	name    string
	text    string
	total   string            // "" when the file is refused
	parts   map[string]string // the total by component
	refused string            // what all say then
	passes  bool              // verify finds nothing wrong
	leftOut bool              // rows cannot be read: exit status 2
	late    string            // sum of the rows of other days
	sum     string            // what the checksum beside the file says, "" when there is none
}

func oddBills() []oddBill {
	row := billgen.Row{
		csvparse.EventDate: "2018-01-05", csvparse.VApp: "app", csvparse.VDC: "VDC one", csvparse.ResourceName: "vm-1",
		csvparse.ResourceID: "urn:vcloud:vm:1", csvparse.OSID: "CentOS 7 (64-bit)", csvparse.Service: "VMware VM",
		csvparse.PowerState: "On", csvparse.UsageMins: "1440", csvparse.UsageHours: "24", csvparse.MachineType: "Small",
		csvparse.PowerType: "POWER", csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: "2.88", csvparse.TotalPrice: "2.88",
	}
	noParts := billgen.Row{csvparse.ComputePrice: "", csvparse.ComputeTotal: "", csvparse.Service: "Credit"}
	bill := func(edits ...billgen.Row) string {
		rows := []billgen.Row{row}
		for _, edit := range edits {
			rows = append(rows, row.With(edit))
		}
		return billgen.CSV(rows...)
	}
	plain := bill()
	var wide []byte
	for _, c := range plain {
		wide = append(wide, 0, byte(c))
	}
	compute := func(amount string) map[string]string { return map[string]string{"compute": amount} }
	return []oddBill{
		{name: "plain", text: plain, total: "2.88", parts: compute("2.88"), passes: true},
		{name: "no rows", text: billgen.CSV(), total: "0", passes: true},
		{name: "a row of the day before the month", text: bill(billgen.Row{csvparse.EventDate: "2017-12-31", csvparse.ComputePrice: "", csvparse.ComputeTotal: "5.00", csvparse.TotalPrice: "5.00"}),
			total: "7.88", parts: compute("7.88"), passes: true, late: "5"},
		{name: "a row of a later month", text: bill(billgen.Row{csvparse.EventDate: "2018-03-01"}), total: "5.76", parts: compute("5.76"), passes: true, late: "2.88"},
		{name: "a credit that is late", text: bill(billgen.Row{csvparse.EventDate: "01/11/2017", csvparse.ComputeTotal: "-2.88", csvparse.ComputePrice: "-0.12", csvparse.TotalPrice: "-2.88"}),
			total: "0", parts: compute("0"), passes: true, late: "-2.88"},
		{name: "money in TotalPrice alone", text: bill(noParts.With(billgen.Row{csvparse.TotalPrice: "-5.00"})), total: "-2.12", parts: map[string]string{"compute": "2.88", "other": "-5"}},
		{name: "TotalPrice is more than the parts", text: bill(billgen.Row{csvparse.TotalPrice: "3"}), total: "5.88", parts: map[string]string{"compute": "5.76", "other": "0.12"}},
		{name: "a late row with money in TotalPrice alone", text: bill(noParts.With(billgen.Row{csvparse.EventDate: "2017-12-01", csvparse.TotalPrice: "-1"})),
			total: "1.88", parts: map[string]string{"compute": "2.88", "other": "-1"}, late: "-1"},
		{name: "no TotalPrice", text: bill(billgen.Row{csvparse.TotalPrice: ""}), total: "5.76", parts: compute("5.76")},
		{name: "no resource", text: bill(billgen.Row{csvparse.ResourceID: "", csvparse.ResourceName: ""}), total: "5.76", parts: compute("5.76"), passes: true},
		{name: "exponents", text: bill(billgen.Row{csvparse.ComputeTotal: "288E-2", csvparse.Tier1Total: "0E-10", csvparse.TotalPrice: "2.88e0"}), total: "5.76", parts: map[string]string{"compute": "5.76", "storage_tier1": "0"}, passes: true},
		{name: "a status with blanks around it", text: bill(billgen.Row{csvparse.PowerState: " on "}), total: "5.76", parts: compute("5.76"), passes: true},
		{name: "a byte order mark and CRLF", text: "\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"), total: "2.88", parts: compute("2.88"), passes: true},
		{name: "a price that cannot be read", text: bill(billgen.Row{csvparse.ComputePrice: "cheap"}), total: "5.76", parts: compute("5.76")},
		{name: "columns that a bill is not made of are missing", text: strings.NewReplacer("Compute vCPU,", "vCPUs,", "ProjectID,", "Project,").Replace(plain), total: "2.88", parts: compute("2.88"), passes: true},
		{name: "a day that is none", text: bill(billgen.Row{csvparse.EventDate: "2018-02-31"}), total: "2.88", parts: compute("2.88"), leftOut: true},
		{name: "a comma in a number", text: bill(billgen.Row{csvparse.TotalPrice: "0,005"}), total: "2.88", parts: compute("2.88"), leftOut: true},
		{name: "numbers out of range", text: bill(billgen.Row{csvparse.ComputeTotal: "1e15", csvparse.TotalPrice: "1e15"}), total: "2.88", parts: compute("2.88"), leftOut: true},
		{name: "parts out of range together", text: bill(billgen.Row{csvparse.ComputeTotal: "9e9", csvparse.GPUTotal: "9e9", csvparse.TotalPrice: "1"}), total: "2.88", parts: compute("2.88"), leftOut: true},

		{name: "UTF-16", text: "\xfe\xff" + string(wide), refused: "the file is in UTF-16"},
		{name: "UTF-16 without a byte order mark", text: string(wide), refused: "the file is in UTF-16"},
		{name: "no row that can be read", text: billgen.CSV(row.With(billgen.Row{csvparse.ComputeTotal: "x"})), refused: "no row can be read"},
		{name: "another month", text: billgen.CSV(row.With(billgen.Row{csvparse.EventDate: "2017-05-01"}), row.With(billgen.Row{csvparse.EventDate: "2017-05-31"})), refused: "no row is of the month 2018-01"},
		{name: "cut off within a row", text: strings.TrimSuffix(plain, "8\n"), refused: "ends in the middle of this line: it was cut off"},
		{name: "a checksum of another file", text: plain, sum: strings.Repeat("0", 64), refused: "the checksum beside the file is not its own: got"},
		{name: "a page", text: "<html>log in</html>", refused: "not CSV but html"},
		{name: "empty", text: "", refused: "the file is empty"},
		{name: "sums out of range", text: bill(billgen.Row{csvparse.ComputeTotal: "9e9", csvparse.TotalPrice: "9e9"}, billgen.Row{csvparse.ComputeTotal: "9e9", csvparse.TotalPrice: "9e9"}), refused: "sum is out of range"},
	}
}

// write puts the bill, and the checksum beside it, into a file that its name says whose
// it is.
func (odd *oddBill) write(t *testing.T) (file string) {
	t.Helper()
	dir := t.TempDir()
	if odd.sum != "" {
		testutil.WriteFile(t, dir, oddName+".sha256", odd.sum+"  "+oddName+"\n")
	}
	return testutil.WriteFile(t, dir, oddName, odd.text)
}

// TestOneTruth runs each odd bill through everything that reads bills.
func TestOneTruth(t *testing.T) {
	for _, odd := range oddBills() {
		t.Run(odd.name, func(t *testing.T) {
			file := odd.write(t)
			readers := map[string]func(t *testing.T, file string, odd *oddBill) (map[string]money.Amount, error){
				"summary": summaryOf, "focus": focusOf, "backfill": backfillOf,
				"daemon, running month": func(t *testing.T, _ string, odd *oddBill) (map[string]money.Amount, error) {
					return daemonOf(t, odd, "2018-01-20", "month_to_date_cost_gbp")
				},
				"daemon, previous month": func(t *testing.T, _ string, odd *oddBill) (map[string]money.Amount, error) {
					return daemonOf(t, odd, "2018-02-20", "previous_month_cost_gbp")
				},
			}
			for name, read := range readers {
				if odd.sum != "" && strings.HasPrefix(name, "daemon") {
					continue // nothing stands beside what the portal gives
				}
				got, err := read(t, file, &odd)
				if odd.refused != "" {
					if err == nil || !strings.Contains(err.Error(), odd.refused) {
						t.Errorf("%s: error %v, want one with %q", name, err, odd.refused)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				var total money.Amount
				for component, amount := range got {
					total += amount
					if want := odd.parts[component]; amount.String() != want {
						t.Errorf("%s: %s is %s, want %q", name, component, amount, want)
					}
				}
				if total.String() != odd.total {
					t.Errorf("%s: the components come to %s, want %s", name, total, odd.total)
				}
			}
			verifyOdd(t, file, &odd)
		})
	}
}

// status checks that a command that has left rows out says so with exit status 2.
func (odd *oddBill) status(t *testing.T, command string, err error) error {
	t.Helper()
	if !odd.leftOut {
		return err
	}
	if err == nil {
		t.Errorf("%s: rows are left out and the exit status is 0", command)
	} else if !strings.Contains(err.Error(), "cannot be read") {
		return err
	}
	return nil
}

func summaryOf(t *testing.T, file string, odd *oddBill) (map[string]money.Amount, error) {
	out, err := newBench(t).run("summary", "--format", "csv", file)
	got := map[string]money.Amount{}
	for _, record := range records(t, out) {
		amount := pounds(t, record["cost_gbp"])
		switch record["group"] {
		case "component":
			got[record["name"]] = amount
		case "total":
			if amount.String() != odd.total && odd.refused == "" {
				t.Errorf("summary: total %s, want %s", amount, odd.total)
			}
		}
	}
	return got, odd.status(t, "summary", err)
}

func focusOf(t *testing.T, file string, odd *oddBill) (map[string]money.Amount, error) {
	out, err := newBench(t).run("focus", file)
	got := map[string]money.Amount{}
	for component, amount := range odd.parts {
		if pounds(t, amount) == 0 {
			got[component] = 0 // FOCUS has no charge of nothing
		}
	}
	var late money.Amount
	for _, record := range records(t, out) {
		amount := pounds(t, record["BilledCost"])
		got[record["x_Component"]] += amount
		if record["BillingPeriodStart"] != "2018-01-01T00:00:00Z" {
			t.Errorf("focus: billing period from %s", record["BillingPeriodStart"])
		}
		if record["ChargeClass"] == "Correction" {
			late += amount
		}
	}
	if odd.refused == "" && late.String() != pounds(t, odd.late).String() {
		t.Errorf("focus: corrections of %s, want %s", late, odd.late)
	}
	return got, odd.status(t, "focus", err)
}

// backfillOf is the month to date at the month's end.
func backfillOf(t *testing.T, file string, odd *oddBill) (map[string]money.Amount, error) {
	dir := t.TempDir()
	_, err := newBench(t).run("backfill", "-o", dir, file)
	if err = odd.status(t, "backfill", err); err != nil {
		return nil, err
	}
	got := map[string]money.Amount{}
	end := time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC).Unix()
	for _, s := range samplesOf(t, filepath.Join(dir, "backfill_"+oddOrg+"_2018-01.om")) {
		if s.family == "ukcloud_billing_month_to_date_cost_gbp" && s.at == end {
			got[labelOf(s.labels, "component")] += s.value
		}
	}
	return got, nil
}

// labelOf is a label's value.
func labelOf(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func verifyOdd(t *testing.T, file string, odd *oddBill) {
	t.Helper()
	out, err := newBench(t).run("verify", "--format", "json", file)
	var report struct {
		Files []struct {
			Findings []finding
			Result   verified
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	result, findings := report.Files[0].Result, report.Files[0].Findings
	if (err == nil) != odd.passes || result.OK != odd.passes {
		t.Errorf("verify: error %v, want it to pass: %v", err, odd.passes)
	}
	if odd.refused != "" {
		if !slices.ContainsFunc(findings, func(f finding) bool {
			return strings.Contains(f.Got, odd.refused) || f.Check == "checksum" && f.Expected == odd.sum
		}) {
			t.Errorf("verify: none of %+v says %q", findings, odd.refused)
		}
		return
	}
	if result.Cost != odd.total {
		t.Errorf("verify: the bill is %s, want %s", result.Cost, odd.total)
	}
	warned := slices.ContainsFunc(findings, func(f finding) bool { return f.Check == "late_rows" && strings.HasSuffix(f.Got, ", "+odd.late) })
	if warned != (odd.late != "") {
		t.Errorf("verify: late rows of %q, findings %+v", odd.late, findings)
	}
	if _, other := odd.parts["other"]; other {
		if !slices.ContainsFunc(findings, func(f finding) bool { return f.Check == "total_price" && f.Line == 3 }) {
			t.Errorf("verify: the row without parts is not named: %+v", findings)
		}
	}
}

// daemonOf is what the daemon's collector exposes on a day.
func daemonOf(t *testing.T, odd *oddBill, day, family string) (got map[string]money.Amount, err error) {
	synctest.Test(t, func(t *testing.T) {
		today, parseErr := time.Parse(time.DateOnly, day)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		time.Sleep(time.Until(today.Add(8 * time.Hour)))
		api := &onePortal{text: odd.text, proven: odd.refused == ""}
		c := collector.NewBillingCSV(api, inventory.New(api, nil), noState{}, nil, slog.New(slog.DiscardHandler), collector.BillingSettings{VMLimit: 1000})
		results, roundErr := c.Collect(t.Context(), func(string) *collector.Part { return nil }, func(...collector.Result) {})
		if roundErr != nil {
			t.Fatal(roundErr)
		}
		got = map[string]money.Amount{}
		for _, r := range results {
			if r.Err != nil {
				err = r.Err
				continue
			}
			for _, f := range c.Families() {
				if f.Name != "ukcloud_billing_"+family {
					continue
				}
				for _, s := range f.Samples(r.Part.Data) {
					got[s.Labels[slices.Index(f.Labels, "component")]] += money.Amount(s.Value*1e9 + 0.5*sign(s.Value))
				}
			}
		}
	})
	return got, err
}

func sign(f float64) float64 {
	if f < 0 {
		return -1
	}
	return 1
}

// onePortal is a portal with one compute service, whose bill of January is text and
// whose other bills have no rows.
type onePortal struct {
	text   string
	proven bool
}

func (p *onePortal) BillingCSV(_ context.Context, period, _, _ string) (*portal.Stream, error) {
	text := billgen.CSV()
	if period == "2018-01" {
		text = p.text
	}
	return &portal.Stream{ReadCloser: io.NopCloser(strings.NewReader(text)), Proven: p.proven || period != "2018-01"}, nil
}

func (*onePortal) Accounts(context.Context, *portal.Answer[[]portal.Account]) (*portal.Answer[[]portal.Account], error) {
	return &portal.Answer[[]portal.Account]{Value: []portal.Account{{ID: "1"}}}, nil
}

func (*onePortal) ComputeServices(context.Context, string, *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error) {
	return &portal.Answer[portal.Estate]{Value: portal.Estate{{ServiceID: oddOrg}}}, nil
}

func (*onePortal) APICredentials(context.Context, string, *portal.Answer[[]portal.APICredential]) (*portal.Answer[[]portal.APICredential], error) {
	return &portal.Answer[[]portal.APICredential]{}, nil
}

// noState is the collector's state in a daemon without a state_dir.
type noState struct{}

func (noState) Load(any) (bool, error) { return false, nil }
func (noState) Save(any) error         { return nil }

// records are the rows of a CSV, by their columns.
func records(t *testing.T, text string) (all []map[string]string) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader([]byte(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[min(1, len(rows)):] {
		record := map[string]string{}
		for i, name := range rows[0] {
			record[name] = row[i]
		}
		all = append(all, record)
	}
	return all
}

// pounds reads an amount; a blank one is nothing.
func pounds(t *testing.T, text string) money.Amount {
	t.Helper()
	if text == "" {
		return 0
	}
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}
