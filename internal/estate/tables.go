package estate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

// overdueAfter is the age at which a VM's last good backup is overdue: two nights and
// the time until the portal shows the second.
const overdueAfter = 50 * time.Hour

// tables answers the questions, money first.
func (s *source) tables() []Table {
	tables := []Table{s.byAccount(), s.byService(), s.byVDC(), s.byComponent()}
	tables = append(tables, s.byTag()...)
	return append(tables, s.dearest(), s.failed(), s.overdue(), s.unprotected(), s.idle(), s.tickets(), s.builds(), s.moves())
}

// group is a sum by some words.
type group struct {
	words []string
	cost  bill.Sum
	last  bill.Sum // of the month before
}

// groups adds up by words, in this month and in the one before.
type groups map[string]*group

func (g groups) add(cost bill.Sum, before bool, words ...string) {
	key := strings.Join(words, "\x00")
	if g[key] == nil {
		g[key] = &group{words: words}
	}
	if before {
		g[key].last.Add(cost)
	} else {
		g[key].cost.Add(cost)
	}
}

// rows are the groups as rows, dearest first: words, this month, the month before.
func (g groups) rows() [][]any {
	all := make([]*group, 0, len(g))
	for _, one := range g {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.cost.Value, a.cost.Value), cmp.Compare(b.last.Value, a.last.Value), slices.Compare(a.words, b.words))
	})
	rows := make([][]any, len(all))
	for i, one := range all {
		for _, word := range one.words {
			rows[i] = append(rows[i], word)
		}
		rows[i] = append(rows[i], known(one.cost), known(one.last))
	}
	return rows
}

// known is a sum as a cell.
func known(sum bill.Sum) any {
	if !sum.Valid {
		return nil
	}
	return sum.Value
}

// unread says of a table whose collector holds nothing that nobody knows.
func (s *source) unread(t Table, collector string) Table {
	if len(s.parts[collector]) == 0 {
		t.Unread, t.Empty = true, collector+" has read nothing yet, so this is not known."
	}
	return t
}

// costTable is a table of groups.
func (s *source) costTable(id, title string, words []Column, add func(g groups, p *bill.Standing, before bool)) Table {
	g := groups{}
	for _, p := range s.bills {
		add(g, p, false)
	}
	for _, p := range s.before {
		add(g, p, true)
	}
	return s.unread(Table{
		ID: id, Title: title, Rows: g.rows(), Empty: "Nothing has been billed yet.",
		Columns: append(words, Column{"month_to_date_gbp", "This month", Pounds}, Column{"previous_month_gbp", "Last month", Pounds}),
	}, "billing_csv")
}

func (s *source) byAccount() Table {
	return s.costTable("accounts", "By account", []Column{{"account", "Account", ID}, {"account_name", "Account", Name}},
		func(g groups, p *bill.Standing, before bool) {
			g.add(p.Bill.Cost, before, p.Account, s.names[p.Account])
		})
}

func (s *source) byService() Table {
	return s.costTable("services", "By service", []Column{{"service", "Service", Name}},
		func(g groups, p *bill.Standing, before bool) {
			for _, c := range p.Bill.Costs {
				g.add(c.Parts.Total(), before, c.Service)
			}
		})
}

func (s *source) byVDC() Table {
	return s.costTable("vdcs", "By VDC", []Column{{"account", "Account", Detail}, {"vorg", "Compute service", Detail}, {"vdc_name", "VDC", Name}},
		func(g groups, p *bill.Standing, before bool) {
			for _, c := range p.Bill.Costs {
				g.add(c.Parts.Total(), before, p.Account, p.VOrg, cmp.Or(c.VDC, "(in no VDC)"))
			}
		})
}

func (s *source) byComponent() Table {
	return s.costTable("components", "By component", []Column{{"component", "Component", Name}},
		func(g groups, p *bill.Standing, before bool) {
			for _, c := range p.Bill.Costs {
				for i, part := range c.Parts {
					if part.Valid {
						g.add(part, before, bill.Component(i).String())
					}
				}
			}
		})
}

// byTag is a table for each configured key.
func (s *source) byTag() (tables []Table) {
	var keys []string
	for _, p := range s.bills {
		for _, t := range p.Bill.Tags {
			if !slices.Contains(keys, t.Key) {
				keys = append(keys, t.Key)
			}
		}
	}
	for _, key := range keys {
		tables = append(tables, s.costTable("tag:"+key, "By tag "+key, []Column{{"tag_value", "Value", Name}},
			func(g groups, p *bill.Standing, before bool) {
				for _, t := range p.Bill.Tags {
					if t.Key != key {
						continue
					}
					for _, v := range t.Values {
						g.add(v.Cost, before, cmp.Or(v.Value, "(untagged)"))
					}
				}
			}))
	}
	return tables
}

// machine is a VM of an account.
type machine struct {
	account string
	collector.Machine
}

// readMachines lists the VMs of the accounts shown, for all tables.
func (s *source) readMachines() {
	for _, held := range s.parts["compute_services"] {
		p, ok := held.Part.Data.(*collector.ComputePart)
		if !ok || !s.wants(p.Account.ID) {
			continue
		}
		for m := range p.Machines() {
			s.machines = append(s.machines, machine{p.Account.ID, m})
		}
	}
}

// vmWords are the columns that say which VM is meant.
func vmWords() []Column {
	return []Column{{"account", "Account", Detail}, {"vdc_name", "VDC", Text}, {"vm_name", "VM", Name}, {"vm", "Id", ID}}
}

func vmRow(m *machine, more ...any) []any {
	return append([]any{m.account, m.VApp.VDC.Name, m.Name, m.ID}, more...)
}

// cost is what a VM costs this month: what the bill says, or where there is none
// what compute_services says.
func (s *source) cost(m *machine) any {
	if cost, billed := s.costs[m.ID]; billed {
		return cost
	}
	if !s.billed && m.MonthToDate.Valid && m.MonthToDate.Value != 0 {
		return m.MonthToDate.Value
	}
	return nil
}

// byCost sorts rows by the money in their last column, dearest first.
func byCost(rows [][]any) [][]any {
	slices.SortStableFunc(rows, func(a, b []any) int {
		return cmp.Compare(b[len(b)-1].(money.Amount), a[len(a)-1].(money.Amount))
	})
	return rows
}

// dearest lists resources of the bill, with the names that compute_services has.
func (s *source) dearest() Table {
	t := Table{
		ID: "dearest", Title: "Dearest VMs and other resources", Empty: "Nothing has been billed yet.",
		Note:    "This month's bill by resource. What stands here by its id alone is no VM of today: a disk, an image, a VM that is gone.",
		Columns: append(vmWords(), Column{"size", "Size", Detail}, Column{"power_state", "Power", Detail}, Column{"month_to_date_gbp", "This month", Pounds}),
	}
	listed := map[string]bool{}
	for i := range s.machines {
		m := &s.machines[i]
		if cost := s.cost(m); cost != nil && !listed[m.ID] {
			listed[m.ID] = true
			t.Rows = append(t.Rows, vmRow(m, m.Size, m.Power, cost))
		}
	}
	for _, p := range s.bills {
		for _, r := range p.Bill.Resources {
			if !listed[r.ID] && r.Cost.Valid {
				listed[r.ID] = true
				t.Rows = append(t.Rows, []any{p.Account, "", "", cmp.Or(r.ID, "(no ResourceId)"), "", "", s.costs[r.ID]})
			}
		}
	}
	t.Rows = byCost(t.Rows)
	if len(t.Rows) > 0 { // compute_services says it where there is no bill
		return t
	}
	return s.unread(t, "billing_csv")
}

// backupTable is a table of VMs whose backup is not as it should be, the oldest good
// backup first.
func (s *source) backupTable(id, title, empty string, is func(*machine) bool) Table {
	t := Table{
		ID: id, Title: title, Empty: empty, Note: "– is none that the portal lists.",
		Columns: append(vmWords(), Column{"backup_state", "State", Detail}, Column{"last_attempt", "Last attempt", Time}, Column{"last_success", "Last good backup", Time}),
	}
	for i := range s.machines {
		m := &s.machines[i]
		if is(m) {
			t.Rows = append(t.Rows, vmRow(m, m.Backup, moment(m.LastAttempt), moment(m.LastSuccess)))
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b []any) int {
		x, _ := a[len(a)-1].(time.Time)
		y, _ := b[len(b)-1].(time.Time)
		return x.Compare(y)
	})
	return s.unread(t, "compute_services")
}

func moment(t portal.Optional[time.Time]) any {
	if !t.Valid {
		return nil
	}
	return t.Value
}

// protected reports whether a VM is meant to be backed up.
func protected(m *machine) bool { return m.InBackup.Valid && m.InBackup.Value }

func (s *source) failed() Table {
	return s.backupTable("backup_failed", "Last backup failed", "No backup failed last night.",
		func(m *machine) bool { return m.Backup == "failed" })
}

func (s *source) overdue() Table {
	return s.backupTable("backup_overdue", "Backup overdue",
		"Every VM that is backed up has a good backup of the last two nights.",
		func(m *machine) bool {
			return protected(m) && m.Backup != "failed" && (!m.LastSuccess.Valid || s.now.Sub(m.LastSuccess.Value) > overdueAfter)
		})
}

func (s *source) unprotected() Table {
	return s.backupTable("unprotected", "Running and not backed up", "Every VM that runs is backed up.",
		func(m *machine) bool { return m.Power == "on" && m.InBackup.Valid && !m.InBackup.Value })
}

func (s *source) idle() Table {
	t := Table{
		ID: "idle", Title: "Powered off but paid for", Note: "Storage and licences of a VM that is off are charged.",
		Empty:   "No VM that is off costs anything this month.",
		Columns: append(vmWords(), Column{"size", "Size", Detail}, Column{"month_to_date_gbp", "This month", Pounds}),
	}
	for i := range s.machines {
		m := &s.machines[i]
		if cost, ok := s.cost(m).(money.Amount); ok && m.Power == "off" && cost > 0 {
			t.Rows = append(t.Rows, vmRow(m, m.Size, cost))
		}
	}
	t.Rows = byCost(t.Rows)
	return s.unread(t, "compute_services")
}

func (s *source) tickets() Table {
	t := Table{
		ID: "tickets", Title: "Open tickets", Note: "The oldest first. The portal does not say whose account a ticket is of.",
		Empty:   "No ticket is open.",
		Columns: []Column{{"ticket", "Ticket", Name}, {"summary", "Summary", Text}, {"status", "Status", Text}, {"submitted", "Submitted", Time}},
	}
	for _, h := range s.parts["my_calls"] {
		if p, ok := h.Part.Data.(*collector.MyCallsPart); ok {
			for _, ticket := range p.Open {
				t.Rows = append(t.Rows, []any{ticket.ID, ticket.Summary, ticket.Status, moment(ticket.Submitted)})
			}
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b []any) int {
		x, _ := a[3].(time.Time)
		y, _ := b[3].(time.Time)
		return x.Compare(y)
	})
	return s.unread(t, "my_calls")
}

// builds lists the builds that have not ended.
func (s *source) builds() Table {
	t := Table{
		ID: "builds", Title: "Builds under way", Empty: "Nothing is being built.",
		Columns: []Column{{"account", "Account", Detail}, {"build", "Build", Name}, {"kind", "Kind", Text}, {"name", "Name", Text}, {"state", "State", Text}, {"created", "Ordered", Time}},
	}
	for _, held := range s.parts["builds"] {
		p, ok := held.Part.Data.(*collector.BuildsPart)
		if !ok || !s.wants(p.Account) {
			continue
		}
		for _, list := range p.Lists {
			if list == nil {
				continue
			}
			for _, b := range list.Value {
				if state := strings.ToLower(b.State); state != "completed" && state != "failed" {
					t.Rows = append(t.Rows, []any{p.Account, b.ID, string(b.Kind), cmp.Or(b.VDCName, b.ServiceName), b.State, moment(b.Created)})
				}
			}
		}
	}
	return s.unread(t, "builds")
}

// moves counts the vMotions that the portal lists, which are those of the last twelve
// hours, by VDC.
func (s *source) moves() Table {
	t := Table{
		ID: "vmotions", Title: "vMotions of the last 12 hours", Empty: "No VM has moved.",
		Columns: []Column{{"account", "Account", Detail}, {"vdc_name", "VDC", Name}, {"moves", "Moves", Number}, {"last", "Last", Time}},
	}
	type place struct{ account, vdc string }
	type count struct {
		moves int
		last  time.Time
	}
	counts := map[place]*count{}
	for _, held := range s.parts["vmotion_events"] {
		p, ok := held.Part.Data.(*collector.VMotionPart)
		if !ok || p.Events == nil || !s.wants(p.Account) {
			continue
		}
		for _, e := range p.Events.Value {
			at := place{p.Account, e.VDCName}
			if counts[at] == nil {
				counts[at] = &count{}
			}
			counts[at].moves++
			if e.Created.Value.After(counts[at].last) {
				counts[at].last = e.Created.Value
			}
		}
	}
	for at, c := range counts {
		var last any
		if !c.last.IsZero() {
			last = c.last
		}
		t.Rows = append(t.Rows, []any{at.account, at.vdc, c.moves, last})
	}
	slices.SortFunc(t.Rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(b[2].(int), a[2].(int)), cmp.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(string), b[1].(string)))
	})
	return s.unread(t, "vmotion_events")
}
