package collector

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

// VMotionAPI is what the vmotion_events collector asks of the portal.
type VMotionAPI interface {
	VMotionEvents(ctx context.Context, accountID string, prev *portal.Answer[[]portal.VMotionEvent]) (*portal.Answer[[]portal.VMotionEvent], error)
}

// VMotionEvents counts moves of VMs between hosts (API reference, GET
// /api/accounts/:account_id/platform_visibility/vmotion_events). The portal
// shows the last twelve hours; what has been counted is kept in State.
type VMotionEvents struct {
	api       VMotionAPI
	directory *Directory
	state     State
	perVM     bool
	table     families[*vmotionPart]

	mu     sync.Mutex
	ledger map[string]*vmotionLedger // by account; nil until loaded
}

// NewVMotionEvents returns the collector. perVM adds the label virtual_machine.
func NewVMotionEvents(api VMotionAPI, directory *Directory, state State, perVM bool) *VMotionEvents {
	return &VMotionEvents{
		api: api, directory: directory, state: state, perVM: perVM,
		table: vmotionFamilies(perVM),
	}
}

// Name implements Collector.
func (*VMotionEvents) Name() string { return "vmotion_events" }

// Families implements Collector.
func (c *VMotionEvents) Families() []*exposition.Desc { return c.table.descs() }

// Collect implements Collector. A part is an account. What was counted is saved
// before it is published: a counter that has been seen never falls.
func (c *VMotionEvents) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	accounts, err := c.directory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	results := fetchAccounts(ctx, accounts, func(ctx context.Context, account portal.Account) (Part, error) {
		return c.account(ctx, account.ID, previous(account.ID))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Save(c.ledger)
	return results, nil
}

func (c *VMotionEvents) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ledger != nil {
		return nil
	}
	ledger := map[string]*vmotionLedger{}
	if err := c.state.Load(&ledger); err != nil {
		return fmt.Errorf("load counted vmotion events: %w", err)
	}
	if ledger == nil {
		ledger = map[string]*vmotionLedger{}
	}
	c.ledger = ledger
	return nil
}

func (c *VMotionEvents) account(ctx context.Context, account string, last Part) (Part, error) {
	old, _ := dataOf[*vmotionPart](last)
	var before *portal.Answer[[]portal.VMotionEvent]
	if old != nil {
		before = old.answer
	}
	answer, err := c.api.VMotionEvents(ctx, account, before)
	if err != nil {
		return nil, err
	}
	vdcNames := c.directory.VDCNames(ctx, account)
	c.mu.Lock()
	defer c.mu.Unlock()
	ledger := c.ledger[account]
	if ledger == nil {
		ledger = new(vmotionLedger)
		c.ledger[account] = ledger
	}
	ledger.count(answer.Value, c.perVM, time.Now().UTC())
	data := &vmotionPart{account: account, answer: answer, vdcNames: vdcNames}
	data.copyOf(ledger)
	return &part[*vmotionPart]{data, c.table, unknownUsers(answer.Value)}, nil
}

// vmotionUsers are the user names that the API reference lists.
var vmotionUsers = [...]string{"System", "Administrator", "UKCloud User"}

func unknownUsers(events []portal.VMotionEvent) map[string]int {
	unknown := map[string]int{"user_name": 0}
	for _, e := range events {
		if !slices.Contains(vmotionUsers[:], e.UserName) {
			unknown["user_name"]++
		}
	}
	return unknown
}

// vmotionPart is what is exposed of one account.
type vmotionPart struct {
	account  string
	answer   *portal.Answer[[]portal.VMotionEvent]
	vdcNames []string
	totals   []vmotionTotal
	newest   []vmotionNewest
	gap      time.Duration
}

func (p *vmotionPart) copyOf(l *vmotionLedger) {
	p.totals = slices.Clone(l.Totals)
	p.newest = slices.Clone(l.Newest)
	p.gap = time.Duration(l.Gap)
}

// writeTotals writes the counters, and 0 for each user in each VDC that is
// known, so that the first event of a series is an increase.
func (p *vmotionPart) writeTotals(w *exposition.Writer, perVM bool) {
	sums := map[vmotionKey]int64{}
	var order []vmotionKey
	add := func(key vmotionKey, n int64) {
		if !perVM {
			key.VM = ""
		}
		if _, ok := sums[key]; !ok {
			order = append(order, key)
		}
		sums[key] += n
	}
	for _, vdc := range p.vdcNames {
		for _, user := range vmotionUsers {
			add(vmotionKey{VDC: vdc, User: user}, 0)
		}
	}
	for _, t := range p.totals {
		for _, user := range vmotionUsers {
			add(vmotionKey{VDC: t.VDC, User: user}, 0)
		}
		add(t.vmotionKey, t.Events)
	}
	for _, key := range order {
		pairs := []string{"account", p.account, "vdc_name", key.VDC, "user_name", key.User}
		if perVM {
			pairs = append(pairs, "virtual_machine", key.VM)
		}
		w.Int("", sums[key], pairs...)
	}
}

func vmotionFamilies(perVM bool) families[*vmotionPart] {
	labels := []string{"account", "vdc_name", "user_name"}
	if perVM {
		labels = append(labels, "virtual_machine")
	}
	return families[*vmotionPart]{
		{exposition.Desc{
			Name: "ukcloud_vmotion_events_total", Labels: labels, Type: exposition.Counter,
			Help: "Moves of VMs between hosts; each event is counted once.",
		}, func(p *vmotionPart, w *exposition.Writer) { p.writeTotals(w, perVM) }},
		{exposition.Desc{
			Name: "ukcloud_vmotion_last_event_timestamp_seconds", Labels: []string{"account", "vdc_name"},
			Help: "When a VM of the VDC last moved.",
		}, func(p *vmotionPart, w *exposition.Writer) {
			for _, n := range p.newest {
				w.Int("", n.At.Unix(), "account", p.account, "vdc_name", n.VDC)
			}
		}},
		{exposition.Desc{
			Name: "ukcloud_vmotion_window_events", Labels: []string{"account"},
			Help: "Events that the portal lists now, of the last twelve hours.",
		}, func(p *vmotionPart, w *exposition.Writer) {
			w.Int("", int64(len(p.answer.Value)), "account", p.account)
		}},
		{exposition.Desc{
			Name: "ukcloud_vmotion_coverage_gap_seconds_total", Labels: []string{"account"}, Type: exposition.Counter,
			Help: "Time for which events cannot have been seen: time between polls beyond the twelve hours that the portal keeps.",
		}, func(p *vmotionPart, w *exposition.Writer) {
			w.Sample("", p.gap.Seconds(), "account", p.account)
		}},
	}
}
