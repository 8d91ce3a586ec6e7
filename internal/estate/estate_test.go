package estate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/estate"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

// noon is the time of the page: the bills of 9 March are complete.
var noon = time.Date(2018, 3, 10, 12, 0, 0, 0, time.UTC)

// held are the parts of each collector.
type held map[string][]snapshot.HeldPart

func (h held) Parts(name string) []snapshot.HeldPart { return h[name] }

func (h held) add(name, key string, data any) {
	h[name] = append(h[name], snapshot.HeldPart{Key: key, Part: &collector.Part{Data: data}, At: noon.Add(-time.Duration(len(h[name])+1) * time.Minute)})
}

// bill adds the bill of a compute service: the running month's, or the one before.
func (h held) bill(t *testing.T, account, vorg string, role bill.Role, rows ...billgen.Row) {
	t.Helper()
	month := bill.MonthOf(noon)
	if role == bill.PreviousMonth {
		month = month.Previous()
	}
	b, err := bill.Read(strings.NewReader(billgen.CSV(rows...)), bill.Options{Month: month, Tags: []string{"project"}})
	if err != nil {
		t.Fatal(err)
	}
	h.add("billing_csv", vorg+"/"+month.String(), &bill.Standing{Account: account, VOrg: vorg, Role: role, Bill: b})
}

// row is a row of a bill.
func row(day, id, cost string) billgen.Row {
	return billgen.Row{
		csvparse.EventDate: day, csvparse.ResourceID: id, csvparse.ResourceName: id, csvparse.Service: "VMware VM", csvparse.VDC: "Main",
		csvparse.ComputeTotal: cost, csvparse.TotalPrice: cost,
	}
}

// inventory has the estate of one account.
type inventory struct {
	collector.Inventory

	account portal.Account
	estate  portal.Estate
}

func (i inventory) Accounts(context.Context) ([]portal.Account, error) {
	return []portal.Account{i.account}, nil
}

func (i inventory) Estate(context.Context, string, time.Time) (*portal.Answer[portal.Estate], error) {
	return &portal.Answer[portal.Estate]{Value: i.estate}, nil
}

// vms adds an account with some VMs in one VDC.
func (h held) vms(t testing.TB, account portal.Account, vms ...*portal.VM) {
	t.Helper()
	org := &portal.VOrg{Name: "org", ServiceID: "1-" + account.ID + "-1-aaaaaa", URN: "o" + account.ID}
	vdc := &portal.VDC{VOrg: org, Name: "Main", URN: "d" + account.ID}
	vapp := &portal.VApp{VDC: vdc, Name: "app", URN: "a" + account.ID, VMs: vms}
	org.VDCs, vdc.VApps = []*portal.VDC{vdc}, []*portal.VApp{vapp}
	for _, vm := range vms {
		vm.VApp = vapp
	}
	c := collector.NewComputeServices(inventory{account: account, estate: portal.Estate{org}}, collector.ComputeSettings{})
	results, err := c.Collect(t.Context(), func(string) *collector.Part { return nil }, func(...collector.Result) {})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	h.add("compute_services", account.ID, results[0].Part.Data)
}

func moment(ago time.Duration) portal.Moment { return portal.MomentOf(noon.Add(-ago)) }

func at(ago time.Duration) portal.Optional[time.Time] {
	return portal.Optional[time.Time]{Value: noon.Add(-ago), Valid: true}
}

func yes(is bool) portal.Optional[bool] { return portal.Optional[bool]{Value: is, Valid: true} }

// page makes the page of an account.
func page(t *testing.T, h held, account string) *estate.Page {
	t.Helper()
	p, known := estate.New(noon, account, h)
	if !known {
		t.Fatalf("account %q is not known", account)
	}
	return p
}

// cells is a table's rows as CSV has them, a line each.
func cells(t *testing.T, p *estate.Page, id string) string {
	t.Helper()
	for _, table := range p.Tables {
		if table.ID != id {
			continue
		}
		var b strings.Builder
		for _, row := range table.Rows {
			var line []string
			for _, cell := range row {
				line = append(line, estate.Plain(cell))
			}
			b.WriteString(strings.Join(line, "|") + "\n")
		}
		return b.String()
	}
	t.Fatalf("no table %q", id)
	return ""
}

func pounds(s bill.Sum) string {
	if !s.Valid {
		return "–"
	}
	return s.Value.String()
}

// TestMoney: the headline, of bills that are complete to the same day or not.
func TestMoney(t *testing.T) {
	tests := []struct {
		name                                              string
		bills                                             func(t *testing.T, h held)
		toDate, complete, sameDays, previous, through, to string
	}{
		{"nothing", func(*testing.T, held) {}, "–", "–", "–", "–", "", ""},
		{"both months", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-01", "vm", "1.5"), row("2018-03-09", "vm", "2"))
			h.bill(t, "1", "a", bill.PreviousMonth, row("2018-02-01", "vm", "1"), row("2018-02-09", "vm", "1"), row("2018-02-10", "vm", "100"))
		}, "3.5", "3.5", "2", "102", "2018-03-10", "2018-03-10"},
		{"a day that is not complete", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-09", "vm", "2"), row("2018-03-10", "vm", "5"))
			h.bill(t, "1", "a", bill.PreviousMonth, row("2018-02-09", "vm", "1"), row("2018-02-10", "vm", "100"))
		}, "7", "2", "1", "101", "2018-03-10", "2018-03-10"},
		{"a bill that is late is compared with as many days", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-09", "vm", "2"))
			h.bill(t, "1", "a", bill.PreviousMonth, row("2018-02-09", "vm", "1"))
			h.bill(t, "2", "b", bill.CurrentMonth, row("2018-03-05", "vm", "4"))
			h.bill(t, "2", "b", bill.PreviousMonth, row("2018-02-05", "vm", "3"), row("2018-02-06", "vm", "100"))
		}, "6", "6", "4", "104", "2018-03-06", "2018-03-10"},
		{"a compute service that has gone", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-09", "vm", "2"))
			h.bill(t, "1", "b", bill.PreviousMonth, row("2018-02-09", "vm", "3"), row("2018-02-10", "vm", "100"))
		}, "2", "2", "3", "103", "2018-03-10", "2018-03-10"},
		{"a month that begins", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth)
			h.bill(t, "1", "a", bill.PreviousMonth, row("2018-02-09", "vm", "3"))
		}, "–", "–", "–", "3", "", ""},
		{"a row of another month is no day of this one", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-02-28", "vm", "1"), row("2018-03-10", "vm", "5"))
		}, "6", "–", "–", "–", "", ""},
		{"a bill without a complete day beside one with nine", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-09", "vm", "2"))
			h.bill(t, "1", "b", bill.CurrentMonth, row("2018-03-10", "vm", "5"))
		}, "7", "2", "–", "–", "", "2018-03-10"},
		{"credits", func(t *testing.T, h held) {
			h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-01", "vm", "1"), row("2018-03-09", "credit", "-4.25"))
		}, "-3.25", "-3.25", "–", "–", "2018-03-10", "2018-03-10"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := held{}
			test.bills(t, h)
			m := page(t, h, "").Money
			day := func(at time.Time) string {
				if at.IsZero() {
					return ""
				}
				return at.Format(time.DateOnly)
			}
			got := []string{pounds(m.ToDate), pounds(m.Complete), pounds(m.PreviousSameDays), pounds(m.Previous), day(m.Through), day(m.Newest)}
			want := []string{test.toDate, test.complete, test.sameDays, test.previous, test.through, test.to}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("to date, complete, same days, previous, through, newest: %q, want %q", got, want)
			}
		})
	}
}

// TestCostTables: each table of sums, of all accounts and of one, dearest first.
func TestCostTables(t *testing.T) {
	h := held{}
	h.vms(t, portal.Account{ID: "1", Name: "One"}, &portal.VM{URN: "vm1", Name: "web"})
	h.vms(t, portal.Account{ID: "20", Name: "Twenty"})
	h.bill(t, "1", "a", bill.CurrentMonth,
		row("2018-03-01", "vm1", "1").With(billgen.Row{csvparse.Metadata: `{"project":"x"}`}),
		row("2018-03-02", "vm1", "2"),
		row("2018-03-02", "disk", "4").With(billgen.Row{csvparse.VDC: "", csvparse.Service: "Disk"}),
		row("2018-03-03", "", "-0.5").With(billgen.Row{csvparse.Service: "Credit"}))
	h.bill(t, "1", "a", bill.PreviousMonth, row("2018-02-01", "vm1", "8"))
	h.bill(t, "20", "b", bill.CurrentMonth, row("2018-03-01", "vm2", "0.000000001"))
	tests := []struct{ account, table, want string }{
		{"", "accounts", "1|One|6.5|8\n20|Twenty|0.000000001|\n"},
		{"1", "accounts", "1|One|6.5|8\n"},
		{"", "services", "Disk|4|\nVMware VM|3.000000001|8\nCredit|-0.5|\n"},
		{"20", "services", "VMware VM|0.000000001|\n"},
		{"", "vdcs", "1|a|(in no VDC)|4|\n1|a|Main|2.5|8\n20|b|Main|0.000000001|\n"},
		{"", "components", "compute|6.500000001|8\n"},
		{"1", "tag:project", "(untagged)|5.5|8\nx|1|\n"},
		{"", "dearest", "1|||disk|||4\n1|Main|web|vm1||unknown|3\n20|||vm2|||0.000000001\n1|||(no ResourceId)|||-0.5\n"},
	}
	for _, test := range tests {
		if got := cells(t, page(t, h, test.account), test.table); got != test.want {
			t.Errorf("%s of account %q:\n%swant\n%s", test.table, test.account, got, test.want)
		}
	}
	if _, known := estate.New(noon, "4711", h); known {
		t.Error("an account that nobody knows has a page")
	}
	var ids []string
	for _, a := range page(t, h, "").Accounts {
		ids = append(ids, a.ID+a.Name)
	}
	if got := strings.Join(ids, " "); got != "1One 20Twenty" {
		t.Errorf("accounts %q", got)
	}
}

// TestVMTables: which VMs need a hand, and which do not.
func TestVMTables(t *testing.T) {
	h := held{}
	cost := portal.Optional[money.Amount]{Value: 3 * money.Pound, Valid: true}
	good := func(ago time.Duration) []portal.Backup {
		return []portal.Backup{{Status: "Completed", Start: moment(ago + time.Hour), End: moment(ago)}}
	}
	h.vms(t, portal.Account{ID: "1"},
		&portal.VM{URN: "fine", Name: "fine", PowerStatus: "POWERED_ON", InBackup: yes(true), LastBackupStatus: "Successful", Backups: good(10 * time.Hour), MonthToDate: cost},
		&portal.VM{URN: "failed", Name: "failed", PowerStatus: "POWERED_ON", InBackup: yes(true), LastBackupStatus: "Failed", Backups: append([]portal.Backup{{Status: "Failed", Start: moment(9 * time.Hour), End: moment(8 * time.Hour)}}, good(34*time.Hour)...)},
		&portal.VM{URN: "just", Name: "just", InBackup: yes(true), LastBackupStatus: "Successful", Backups: good(50 * time.Hour)},
		&portal.VM{URN: "overdue", Name: "overdue", InBackup: yes(true), LastBackupStatus: "Successful", Backups: good(50*time.Hour + time.Second)},
		&portal.VM{URN: "never", Name: "never", InBackup: yes(true), LastBackupStatus: "No data for last backup"},
		&portal.VM{URN: "bare", Name: "bare", PowerStatus: "POWERED_ON", InBackup: yes(false), LastBackupStatus: "Not in policy"},
		&portal.VM{URN: "bare-off", Name: "bare-off", PowerStatus: "POWERED_OFF", InBackup: yes(false), MonthToDate: cost},
		&portal.VM{URN: "null", Name: "null", PowerStatus: "POWERED_ON"},
		&portal.VM{URN: "free", Name: "free", PowerStatus: "POWERED_OFF"},
		&portal.VM{URN: "dear-off", Name: "dear-off", PowerStatus: "POWERED_OFF", MonthToDate: portal.Optional[money.Amount]{Value: 4 * money.Pound, Valid: true}},
	)
	tests := []struct{ table, want string }{
		{"backup_failed", "failed"}, {"backup_overdue", "never overdue"}, {"unprotected", "bare"}, {"idle", "dear-off bare-off"}, {"dearest", "dear-off fine bare-off"},
	}
	for _, test := range tests {
		var names []string
		for line := range strings.Lines(cells(t, page(t, h, ""), test.table)) {
			names = append(names, strings.Split(line, "|")[2])
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.table, got, test.want)
		}
	}
	// Where there is a bill, what a VM costs is what that says.
	h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-09", "free", "7"), row("2018-03-09", "bare-off", "0"))
	if got := cells(t, page(t, h, ""), "idle"); got != "1|Main|free|free||7\n" {
		t.Errorf("idle beside a bill: %q", got)
	}
	if got := cells(t, page(t, h, ""), "dearest"); got != "1|Main|free|free||off|7\n1|Main|bare-off|bare-off||off|0\n" {
		t.Errorf("dearest beside a bill: %q", got)
	}
}

// TestMonthThatHasEnded: until the collector has asked again, the bill that it holds is of a
// month of which the page's has no day.
func TestMonthThatHasEnded(t *testing.T) {
	h := held{}
	h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-31", "vm", "2"))
	p, _ := estate.New(time.Date(2018, 4, 1, 1, 0, 0, 0, time.UTC), "", h)
	if m := p.Money; !m.Newest.IsZero() || !m.Through.IsZero() || m.Complete.Valid {
		t.Errorf("in April the bill is complete to %s, %s of it", m.Through, pounds(m.Complete))
	}
}

// TestForecasts: how many of the compute services have one.
func TestForecasts(t *testing.T) {
	h := held{}
	h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-09", "vm", "2"))
	h.bill(t, "1", "b", bill.CurrentMonth, row("2018-03-09", "vm", "2"))
	h.bill(t, "1", "c", bill.CurrentMonth, row("2018-03-09", "vm", "2"))
	for _, i := range []int{0, 2} {
		h["billing_csv"][i].Part.Data.(*bill.Standing).Forecast = bill.Sum{Value: 7 * money.Pound, Valid: true}
	}
	if m := page(t, h, "").Money; m.Services != 3 || m.WithForecast != 2 || pounds(m.Forecast) != "14" {
		t.Errorf("%d services, %d with a forecast, of %s together", m.Services, m.WithForecast, pounds(m.Forecast))
	}
}

// TestAccountsInOrder: ids are numbers.
func TestAccountsInOrder(t *testing.T) {
	h := held{}
	for _, id := range []string{"10", "9", "100", "2"} {
		h.vms(t, portal.Account{ID: id})
	}
	var ids []string
	for _, a := range page(t, h, "").Accounts {
		ids = append(ids, a.ID)
	}
	if got := strings.Join(ids, " "); got != "2 9 10 100" {
		t.Errorf("accounts %s", got)
	}
}

// TestAges are of the oldest part.
func TestAges(t *testing.T) {
	h := held{}
	h.vms(t, portal.Account{ID: "1"}) // a minute old
	h.vms(t, portal.Account{ID: "2"}) // two
	h["compute_services"] = append(h["compute_services"], snapshot.HeldPart{Part: &collector.Part{}, At: noon})
	for _, age := range page(t, h, "").Ages {
		want := time.Time{}
		if age.Collector == "compute_services" {
			want = noon.Add(-2 * time.Minute)
		}
		if !age.Oldest.Equal(want) {
			t.Errorf("%s is of %s, want %s", age.Collector, age.Oldest, want)
		}
	}
}

// TestTagTables: a table for each key, also for the second.
func TestTagTables(t *testing.T) {
	tagged := row("2018-03-01", "vm", "1").With(billgen.Row{csvparse.Metadata: `{"project":"x","owner":"y"}`})
	b, err := bill.Read(strings.NewReader(billgen.CSV(tagged)), bill.Options{Month: bill.MonthOf(noon), Tags: []string{"project", "owner"}})
	if err != nil {
		t.Fatal(err)
	}
	h := held{}
	h.add("billing_csv", "a", &bill.Standing{Account: "1", VOrg: "a", Role: bill.CurrentMonth, Bill: b})
	for key, want := range map[string]string{"project": "x|1|\n", "owner": "y|1|\n"} {
		if got := cells(t, page(t, h, ""), "tag:"+key); got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
}

// TestPassedOver: parts of other accounts, and such as hold nothing, stand in nobody's way.
func TestPassedOver(t *testing.T) {
	h := held{}
	for name := range map[string]bool{"billing_csv": true, "compute_services": true, "my_calls": true, "builds": true, "vmotion_events": true} {
		h.add(name, "unknown", "of a kind that no page knows")
	}
	h.add("billing_csv", "empty", &bill.Standing{Account: "1"})
	h.add("vmotion_events", "empty", &collector.VMotionPart{Account: "1"})
	for _, account := range []string{"2", "1"} {
		h.vms(t, portal.Account{ID: account}, &portal.VM{URN: "vm" + account, Name: "vm" + account, PowerStatus: "POWERED_ON", InBackup: yes(false)})
		h.bill(t, account, "v"+account, bill.CurrentMonth, row("2018-03-01", "vm"+account, account))
		h.add("builds", account, &collector.BuildsPart{Account: account, Lists: [3]*portal.Answer[[]portal.Build]{
			nil, {Value: []portal.Build{{Kind: portal.BuildVDC, ID: account, State: "Running"}}},
		}})
		h.add("vmotion_events", account, &collector.VMotionPart{Account: account, Events: &portal.Answer[[]portal.VMotionEvent]{
			Value: []portal.VMotionEvent{{VDCName: "a"}},
		}})
	}
	h.add("my_calls", "", &collector.MyCallsPart{Open: []portal.Ticket{{ID: "INC1"}}})
	p := page(t, h, "1")
	for table, want := range map[string]string{
		"accounts": "1||1|\n", "unprotected": "1|Main|vm1|vm1|unknown||\n", "builds": "1|1|vdc||Running|\n", "vmotions": "1|a|1|\n", "tickets": "INC1|||\n",
	} {
		if got := cells(t, p, table); got != want {
			t.Errorf("%s: %q, want %q", table, got, want)
		}
	}
}

// TestUnread: what nobody has read is not said to be nothing.
func TestUnread(t *testing.T) {
	p := page(t, held{}, "")
	if len(p.Tables) < 10 {
		t.Fatalf("%d tables", len(p.Tables))
	}
	for _, table := range p.Tables {
		if !table.Unread || !strings.Contains(table.Empty, "has read nothing yet") || len(table.Rows) > 0 {
			t.Errorf("%s: unread %t, %q", table.ID, table.Unread, table.Empty)
		}
	}
	h := held{}
	h.vms(t, portal.Account{ID: "1"})
	h.bill(t, "1", "a", bill.CurrentMonth)
	h.add("my_calls", "", &collector.MyCallsPart{})
	h.add("builds", "1", &collector.BuildsPart{Account: "1"})
	h.add("vmotion_events", "1", &collector.VMotionPart{Account: "1", Events: &portal.Answer[[]portal.VMotionEvent]{}})
	for _, table := range page(t, h, "").Tables {
		if table.Unread || strings.Contains(table.Empty, "nothing yet") || table.Empty == "" {
			t.Errorf("%s: read and empty, unread %t, %q", table.ID, table.Unread, table.Empty)
		}
	}
	for _, age := range p.Ages {
		if !age.Oldest.IsZero() {
			t.Errorf("%s is %s old", age.Collector, age.Oldest)
		}
	}
}

// TestOperations: tickets, builds and moves.
func TestOperations(t *testing.T) {
	h := held{}
	h.add("my_calls", "", &collector.MyCallsPart{Open: []portal.Ticket{
		{ID: "INC2", Summary: "new", Status: "New", Submitted: at(time.Hour)}, {ID: "INC1", Summary: "old", Status: "New", Submitted: at(50 * time.Hour)},
	}})
	h.add("builds", "1", &collector.BuildsPart{Account: "1", Lists: [3]*portal.Answer[[]portal.Build]{
		{Value: []portal.Build{{Kind: portal.BuildVDC, ID: "7", State: "Running", VDCName: "new"}, {ID: "8", State: "COMPLETED"}, {ID: "9", State: "failed"}}},
	}})
	event := func(vdc string, ago time.Duration) portal.VMotionEvent {
		return portal.VMotionEvent{VDCName: vdc, Created: at(ago)}
	}
	h.add("vmotion_events", "1", &collector.VMotionPart{Account: "1", Events: &portal.Answer[[]portal.VMotionEvent]{
		Value: []portal.VMotionEvent{event("a", time.Hour), event("b", 2*time.Hour), event("b", 3*time.Hour), {VDCName: "c"}},
	}})
	p := page(t, h, "")
	for table, want := range map[string]string{
		"tickets":  "INC1|old|New|2018-03-08T10:00:00Z\nINC2|new|New|2018-03-10T11:00:00Z\n",
		"builds":   "1|7|vdc|new|Running|\n",
		"vmotions": "1|b|2|2018-03-10T10:00:00Z\n1|a|1|2018-03-10T11:00:00Z\n1|c|1|\n",
	} {
		if got := cells(t, p, table); got != want {
			t.Errorf("%s:\n%swant\n%s", table, got, want)
		}
	}
}

// TestDays: every day of both months has its place, and a day without rows is unknown.
func TestDays(t *testing.T) {
	h := held{}
	h.bill(t, "1", "a", bill.CurrentMonth, row("2018-03-01", "vm", "1"), row("2018-03-01", "vm", "2"), row("2018-03-31", "vm", "4"))
	h.bill(t, "1", "a", bill.PreviousMonth, row("2018-02-28", "vm", "8"), row("2018-01-31", "late", "16"))
	d := page(t, h, "").Days
	shown := func(days []estate.Day) (text string) {
		for _, day := range days {
			if day.Cost.Valid {
				text += fmt.Sprintf("%d:%s ", day.Number, day.Cost.Value)
			}
		}
		return text
	}
	if len(d.Current) != 31 || len(d.Previous) != 28 || shown(d.Current) != "1:3 31:4 " || shown(d.Previous) != "28:8 " {
		t.Errorf("%d days %q, %d days %q", len(d.Current), shown(d.Current), len(d.Previous), shown(d.Previous))
	}
}
