package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	api "ukcloud_exporter/portal"
)

// filter is what the commands that list are asked for.
type filter struct {
	id       string
	accounts []string
	vorg     string // ID or the number behind the dash
	vdc      string // URN
	scope    string
	kind     string
}

// idArg is an ID that is not empty: a script's empty variable shall not become the
// whole list.
type idArg string

func (a *idArg) String() string { return string(*a) }

func (a *idArg) Set(id string) error {
	if id == "" {
		return errors.New("must not be empty")
	}
	*a = idArg(id)
	return nil
}

// wants reports whether one of names is the ID that was asked for.
func (f *filter) wants(names ...string) bool { return f.id == "" || slices.Contains(names, f.id) }

func (f *filter) wantsVOrg(id string) bool {
	return f.vorg == "" || f.vorg == id || strings.HasSuffix(id, "-"+f.vorg)
}

func (r *registrar) lists(parent *kingpin.CmdClause) {
	list := func(name, help, id string, run func(*command, context.Context, *filter) error, flags ...func(*kingpin.CmdClause, *filter)) {
		f := &filter{}
		clause := parent.Command(name, help)
		clause.Arg("ID", id).SetValue((*idArg)(&f.id))
		for _, flag := range flags {
			flag(clause, f)
		}
		r.formatFlag(clause)
		r.add(clause, func(ctx context.Context, c *command) error { return run(c, ctx, f) })
	}
	list("accounts", "List the accounts that the login sees.", "Show this account alone.", (*command).listAccounts)
	list("vorgs", "List compute services (vOrgs).", "Show this vOrg alone, for example 735-2.", (*command).listVOrgs, accountFlag)
	list("vdcs", "List VDCs.", "Show the VDC of this URN or name alone.", (*command).listVDCs, accountFlag, vorgFlag)
	list("edge-gateways", "List edge gateways.", "Show the edge gateway of this URN or name alone.", (*command).listEdgeGateways, accountFlag, vorgFlag, vdcFlag)
	list("vms", "List VMs with their live cost.", "Show the VM of this URN or name alone.", (*command).listVMs, accountFlag, vdcFlag)
	list("tickets", "List support tickets.", "Show the course of this ticket.", (*command).listTickets, scopeFlag)
	list("builds", "List what was ordered by self-service.", "Show this build alone.", (*command).listBuilds, accountFlag, kindFlag)
}

func accountFlag(clause *kingpin.CmdClause, f *filter) {
	clause.Flag("account", "Account to ask for; repeatable. Default: those that are configured, else all that the login sees.").StringsVar(&f.accounts)
}

func vorgFlag(clause *kingpin.CmdClause, f *filter) {
	clause.Flag("vorg", "vOrg to ask for, for example 735-2 or 2. Default: all.").StringVar(&f.vorg)
}

func vdcFlag(clause *kingpin.CmdClause, f *filter) {
	clause.Flag("vdc", "URN of the VDC to ask for. Default: all.").StringVar(&f.vdc)
}

func scopeFlag(clause *kingpin.CmdClause, f *filter) {
	clause.Flag("for", "Whose tickets: user or account.").Default(api.ScopeAccount).EnumVar(&f.scope, api.ScopeUser, api.ScopeAccount)
}

// kinds are the kinds of builds as the command line spells them.
var kinds = []struct {
	name string
	kind api.BuildKind
}{{"vorg", api.BuildVOrg}, {"vdc", api.BuildVDC}, {"edge-gateway", api.BuildEdgeGateway}}

func kindFlag(clause *kingpin.CmdClause, f *filter) {
	clause.Flag("kind", "What was ordered: vorg, vdc or edge-gateway. Default: all.").EnumVar(&f.kind, "vorg", "vdc", "edge-gateway")
}

// finish prints a list, and says what is missing in it. An ID that was asked for
// and is not in it is an error.
func (c *command) finish(t *table, f *filter, failures []error) error {
	if f.id != "" && len(t.rows) == 0 && len(failures) == 0 {
		return fmt.Errorf("there is no %s here", f.id)
	}
	if len(t.rows) > 0 || len(failures) == 0 {
		if err := c.print(t); err != nil {
			return err
		}
	}
	return c.failed(failures, len(t.rows))
}

func (c *command) listAccounts(ctx context.Context, f *filter) error {
	t := &table{columns: []string{"account", "name"}}
	accounts, err := c.Client.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if f.wants(a.ID, a.Name) {
			t.add(a.ID, a.Name)
		}
	}
	return c.finish(t, f, nil)
}

// place is a vOrg, or a VDC in it, of an account.
type place struct {
	account   api.Account
	vorg, vdc api.NamedID
}

// vorgs lists the vOrgs that were asked for.
func (c *command) vorgs(ctx context.Context, f *filter) (places []place, failures []error) {
	accounts, err := c.accounts(ctx, f.accounts)
	if err != nil {
		return nil, []error{err}
	}
	for _, account := range accounts {
		vorgs, err := c.Client.VOrgs(ctx, account.ID)
		if err != nil {
			failures = append(failures, fmt.Errorf("account %s: %w", account.ID, err))
		}
		for _, vorg := range vorgs {
			if f.wantsVOrg(vorg.ID) {
				places = append(places, place{account: account, vorg: vorg})
			}
		}
	}
	return places, failures
}

// vdcs lists the VDCs that were asked for.
func (c *command) vdcs(ctx context.Context, f *filter) (places []place, failures []error) {
	vorgs, failures := c.vorgs(ctx, f)
	for _, p := range vorgs {
		vdcs, err := c.Client.VDCs(ctx, p.account.ID, p.vorg.ID)
		if err != nil {
			failures = append(failures, fmt.Errorf("vOrg %s: %w", p.vorg.ID, err))
		}
		for _, vdc := range vdcs {
			if f.vdc == "" || f.vdc == vdc.ID {
				places = append(places, place{p.account, p.vorg, vdc})
			}
		}
	}
	return places, failures
}

func (c *command) listVOrgs(ctx context.Context, f *filter) error {
	t := &table{columns: []string{"account", "vorg", "name"}}
	vorgs, failures := c.vorgs(ctx, f)
	for _, p := range vorgs {
		if f.wants(p.vorg.ID, p.vorg.Name) {
			t.add(p.account.ID, p.vorg.ID, p.vorg.Name)
		}
	}
	return c.finish(t, f, failures)
}

func (c *command) listVDCs(ctx context.Context, f *filter) error {
	t := &table{columns: []string{"account", "vorg", "vdc", "name"}}
	vdcs, failures := c.vdcs(ctx, f)
	for _, p := range vdcs {
		if f.wants(p.vdc.ID, p.vdc.Name) {
			t.add(p.account.ID, p.vorg.ID, p.vdc.ID, p.vdc.Name)
		}
	}
	return c.finish(t, f, failures)
}

func (c *command) listEdgeGateways(ctx context.Context, f *filter) error {
	t := &table{columns: []string{"account", "vorg", "vdc", "edge_gateway", "name"}}
	vdcs, failures := c.vdcs(ctx, f)
	for _, p := range vdcs {
		gateways, err := c.Client.EdgeGateways(ctx, p.account.ID, p.vorg.ID, p.vdc.ID)
		if err != nil {
			failures = append(failures, fmt.Errorf("VDC %s: %w", p.vdc.ID, err))
		}
		for _, g := range gateways {
			if f.wants(g.ID, g.Name) {
				t.add(p.account.ID, p.vorg.ID, p.vdc.ID, g.ID, g.Name)
			}
		}
	}
	return c.finish(t, f, failures)
}

func (c *command) listVMs(ctx context.Context, f *filter) error {
	t := &table{columns: []string{
		"account", "vm", "name", "power", "size", "cpus", "memory_mib", "storage_mib", "month_to_date_gbp", "month_estimate_gbp",
		"last_backup", "os", "vapp", "vdc", "service",
	}}
	accounts, err := c.accounts(ctx, f.accounts)
	if err != nil {
		return err
	}
	var failures []error
	for _, account := range accounts {
		for vm, err := range c.Client.VMs(ctx, account.ID) {
			if err != nil {
				failures = append(failures, fmt.Errorf("account %s: %w", account.ID, err))
				break
			}
			vdc := vm.VApp.VDC
			if f.wants(vm.URN, vm.Name) && (f.vdc == "" || f.vdc == vdc.URN) {
				t.add(account.ID, vm.URN, vm.Name, vm.PowerStatus, vm.Size, optional(vm.CPUs), optional(vm.MemoryMiB), optional(vm.StorageMiB),
					optional(vm.MonthToDate), optional(vm.Estimate), vm.LastBackupStatus, vm.OS, vm.VApp.Name, vdc.Name, vdc.VOrg.ServiceID)
			}
		}
	}
	return c.finish(t, f, failures)
}

func (c *command) listTickets(ctx context.Context, f *filter) error {
	if f.id != "" {
		return c.showTicket(ctx, f)
	}
	tickets, err := c.Client.MyCalls(ctx, f.scope)
	if err != nil {
		return err
	}
	t := ticketTable()
	for _, ticket := range tickets {
		addTicket(t, ticket)
	}
	return c.finish(t, f, nil)
}

func ticketTable() *table {
	return &table{columns: []string{"ticket", "status", "submitted", "summary"}}
}

func addTicket(t *table, ticket api.Ticket) {
	t.add(ticket.ID, ticket.Status, optional(ticket.Submitted), ticket.Summary)
}

// showTicket prints a ticket as what was written about it.
func (c *command) showTicket(ctx context.Context, f *filter) error {
	ticket, err := c.Client.MyCall(ctx, f.id, f.scope)
	if err != nil {
		return err
	}
	t := &table{columns: []string{"part", "submitted", "owner", "type", "text"}}
	t.add("ticket", optional(ticket.Submitted), nil, ticket.Status, ticket.Summary)
	if ticket.Description != "" {
		t.add("description", optional(ticket.Submitted), nil, nil, ticket.Description)
	}
	addUpdates(t, "update", ticket.Updates)
	addUpdates(t, "change", ticket.Changes)
	return c.finish(t, f, nil)
}

func addUpdates(t *table, part string, updates []api.TicketUpdate) {
	for _, u := range updates {
		t.add(part, optional(u.Submitted), u.Owner, u.Type, u.Text)
	}
}

func (c *command) listBuilds(ctx context.Context, f *filter) error {
	t := buildTable()
	if f.id != "" && f.kind != "" {
		build, err := c.Client.Build(ctx, kindOf(f.kind), f.id)
		if err != nil {
			return err
		}
		addBuild(t, build)
		return c.finish(t, f, nil)
	}
	accounts, err := c.accounts(ctx, f.accounts)
	if err != nil {
		return err
	}
	var failures []error
	for _, account := range accounts {
		for _, k := range kinds {
			if f.kind != "" && f.kind != k.name {
				continue
			}
			builds, err := c.Client.Builds(ctx, account.ID, k.kind)
			if err != nil {
				failures = append(failures, fmt.Errorf("account %s: %w", account.ID, err))
			}
			for _, build := range builds {
				if f.wants(build.ID) {
					addBuild(t, build)
				}
			}
		}
	}
	return c.finish(t, f, failures)
}

func kindOf(name string) api.BuildKind {
	for _, k := range kinds {
		if k.name == name {
			return k.kind
		}
	}
	return ""
}

func buildTable() *table {
	return &table{columns: []string{"kind", "build", "state", "created", "created_by", "service", "zone", "vdc", "vm_type"}}
}

func addBuild(t *table, b api.Build) {
	t.add(strings.ReplaceAll(string(b.Kind), "_", "-"), b.ID, b.State, optional(b.Created), b.CreatedBy, b.ServiceName, b.ZoneID, b.VDCName, b.VMType)
}
