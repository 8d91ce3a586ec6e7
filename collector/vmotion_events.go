package collector

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"ukcloud_exporter/portal"
)

func vmotionEvents() Definition {
	return define("vmotion_events", "vMotion events. The portal forgets them after 12 hours, so keep min_interval far below that.",
		[]string{"/api/accounts/:account_id/platform_visibility/vmotion_events"},
		VMotionSettings{Schedule: every(5*time.Minute, time.Hour)},
		func(d Deps, s VMotionSettings) Collector {
			return NewVMotionEvents(d.Portal, d.Inventory, d.State, d.Log, s)
		})
}

// VMotionSettings are the settings of the vMotion collector.
type VMotionSettings struct {
	Schedule
	PerVM bool `key:"per_vm" doc:"Adds the label virtual_machine to the event counter: one series per VM that ever moved."`
}

// VMotionAPI is what the vmotion_events collector asks of the portal.
type VMotionAPI interface {
	VMotionEvents(ctx context.Context, accountID string, prev *portal.Answer[[]portal.VMotionEvent]) (*portal.Answer[[]portal.VMotionEvent], error)
}

// VMotionEvents counts moves of VMs between hosts (API reference, GET
// /api/accounts/:account_id/platform_visibility/vmotion_events). The portal
// shows the last twelve hours; what has been counted is kept in State.
type VMotionEvents struct {
	api       VMotionAPI
	inventory Inventory
	state     State
	log       *slog.Logger
	perVM     bool
	clock     clock

	mu     sync.Mutex
	ledger map[string]*vmotionLedger // by account; nil until loaded
}

// NewVMotionEvents returns the collector.
func NewVMotionEvents(api VMotionAPI, inventory Inventory, state State, log *slog.Logger, s VMotionSettings) *VMotionEvents {
	return &VMotionEvents{api: api, inventory: inventory, state: state, log: log, perVM: s.PerVM, clock: clockOf(api)}
}

// Collect implements Collector. A part is an account. What was counted is saved
// before it is published: a counter that has been seen never falls.
func (c *VMotionEvents) Collect(ctx context.Context, previous func(string) *Part, publish func(...Result)) ([]Result, error) {
	accounts, err := c.inventory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	c.load()
	results := fetchAccounts(ctx, accounts, publish, func(ctx context.Context, account portal.Account) (*Part, error) {
		return c.account(ctx, account.ID, previous(account.ID))
	})
	if c.clock.agrees() {
		c.forget(time.Now())
	}
	return results, nil
}

// ledgerMemory is how long the ledger of an account that is no longer asked for is
// kept.
const ledgerMemory = 30 * 24 * time.Hour

// forget drops the ledgers of accounts that have gone.
func (c *VMotionEvents) forget(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.ledger)
	maps.DeleteFunc(c.ledger, func(_ string, l *vmotionLedger) bool { return now.Sub(l.LastPoll) > ledgerMemory })
	if len(c.ledger) != before {
		keep(c.state, c.log, c.ledger)
	}
}

func (c *VMotionEvents) load() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ledger != nil {
		return
	}
	if c.ledger = recall[map[string]*vmotionLedger](c.state, c.log); c.ledger == nil {
		c.ledger = map[string]*vmotionLedger{}
	}
}

func (c *VMotionEvents) account(ctx context.Context, account string, last *Part) (*Part, error) {
	var before *portal.Answer[[]portal.VMotionEvent]
	if old := dataOf[VMotionPart](last); old != nil {
		before = old.Events
	}
	answer, err := c.api.VMotionEvents(ctx, account, before)
	if err != nil {
		return nil, err
	}
	vdcNames := c.inventory.VDCNames(ctx, account)
	c.mu.Lock()
	defer c.mu.Unlock()
	ledger := c.ledger[account]
	if ledger == nil {
		ledger = new(vmotionLedger)
		c.ledger[account] = ledger
	}
	left := ledger.count(answer.Value, c.perVM, time.Now().UTC(), c.clock.agrees())
	unknown := unknownUsers(answer)
	unknown["event"] = left
	keep(c.state, c.log, c.ledger)
	return &Part{&VMotionPart{
		Account: account, Events: answer, vdcNames: vdcNames, since: ledger.Since,
		totals: slices.Clone(ledger.Totals), newest: slices.Clone(ledger.Newest), gap: time.Duration(ledger.Gap),
	}, unknown}, nil
}

// vmotionUsers are the user names that the API reference lists.
var vmotionUsers = [...]string{"System", "Administrator", "UKCloud User"}

func unknownUsers(answer *portal.Answer[[]portal.VMotionEvent]) map[string]int {
	unknown := withMalformed(map[string]int{"user_name": 0}, answer.Malformed)
	for _, e := range answer.Value {
		if !slices.Contains(vmotionUsers[:], e.UserName) {
			unknown["user_name"]++
		}
	}
	return unknown
}

// VMotionPart is the data of a part: the events of one account.
type VMotionPart struct {
	Account  string
	Events   *portal.Answer[[]portal.VMotionEvent] // that the portal lists now
	vdcNames []string
	since    time.Time
	totals   []vmotionTotal
	newest   []vmotionNewest
	gap      time.Duration
}

// Families implements Collector.
func (c *VMotionEvents) Families() []Family {
	labels := []string{"account", "vdc_name", "user_name"}
	if c.perVM {
		labels = append(labels, "virtual_machine")
	}
	return []Family{
		counter("ukcloud_vmotion_events_total", "Moves of VMs between hosts; each event is counted once.", labels,
			func(p *VMotionPart) []Sample { return p.totalSamples(c.perVM) }),
		family("ukcloud_vmotion_last_event_timestamp_seconds", "When a VM of the VDC last moved.",
			[]string{"account", "vdc_name"}, (*VMotionPart).newestSamples),
		family("ukcloud_vmotion_window_events", "Events that the portal lists now, of the last twelve hours.",
			[]string{"account"},
			func(p *VMotionPart) []Sample { return one(float64(len(p.Events.Value)), p.Account) }),
		counter("ukcloud_vmotion_coverage_gap_seconds_total",
			"Time for which events cannot have been seen: time between polls beyond the twelve hours that the portal keeps.",
			[]string{"account"},
			func(p *VMotionPart) []Sample { return one(p.gap.Seconds(), p.Account) }),
	}
}

// totalSamples are the counters, and 0 for each user in each VDC that is known, so
// that the first event of a series is an increase.
func (p *VMotionPart) totalSamples(perVM bool) (samples []Sample) {
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
		labels := []string{p.Account, key.VDC, key.User}
		if perVM {
			labels = append(labels, key.VM)
		}
		samples = append(samples, Sample{Labels: labels, Value: float64(sums[key]), Created: p.since})
	}
	return samples
}

func (p *VMotionPart) newestSamples() (samples []Sample) {
	for _, n := range p.newest {
		samples = append(samples, Sample{Labels: []string{p.Account, n.VDC}, Value: float64(n.At.Unix())})
	}
	return samples
}
