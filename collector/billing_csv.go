package collector

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ukcloud_exporter/internal/billing"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

// BillingAPI is what the billing_csv collector asks of the portal.
type BillingAPI interface {
	BillingCSV(ctx context.Context, period, orgID, etag string) (*portal.Stream, error)
}

// BillingOptions are the billing_csv collector's own settings.
type BillingOptions struct {
	VMLimit int      // how many resources of a compute service have a series of their own
	Tags    []string // keys of the Metadata column to add up by
}

// BillingCSV exposes the bill of the running month and of the one before it, for
// each compute service (API reference, GET /api/billing/billing-csv).
type BillingCSV struct {
	api       BillingAPI
	directory *Directory
	state     State
	log       *slog.Logger
	options   BillingOptions
	table     families[*billPart]
	now       func() time.Time

	// What the last round knew. One round runs at a time; mu is for those who
	// do not keep to it.
	mu       sync.Mutex
	month    billing.Month // that ran
	services []billService // that were there
	closings closings      // nil until loaded
}

// NewBillingCSV returns the collector. What it must know of closed months after a
// restart is kept in state.
func NewBillingCSV(api BillingAPI, directory *Directory, state State, log *slog.Logger, options BillingOptions) *BillingCSV {
	c := &BillingCSV{api: api, directory: directory, state: state, log: log, options: options, now: time.Now}
	for _, f := range billing.Families() {
		c.table = append(c.table, family[*billPart]{f.Desc, func(p *billPart, w *exposition.Writer) { f.Write(&p.view, w) }})
	}
	return c
}

// Name implements Collector.
func (*BillingCSV) Name() string { return "billing_csv" }

// Families implements Collector.
func (c *BillingCSV) Families() []*exposition.Desc { return c.table.descs() }

// billService is one compute service and why it cannot be asked for, if so.
type billService struct {
	account, vorg string
	err           error
}

func (s billService) key(m billing.Month) string { return s.account + "/" + s.vorg + "/" + m.String() }

// Collect implements Collector. A part is one compute service and month.
//
// The results of a service come newest month first: after a reload of the
// configuration the engine may hold a part of the running month that this
// collector does not know, and the first of two equal series is the one kept.
func (c *BillingCSV) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now().UTC()
	if err := c.load(); err != nil {
		return nil, err
	}
	month := billing.MonthOf(now)
	services, refused, err := c.list(ctx)
	if err != nil {
		if month == c.month || len(c.services) == 0 {
			return nil, err
		}
		// The month has ended: what is held must say so, whatever the portal does.
		services, refused = withError(c.services, err), nil
	}
	bills := make([]*monthBill, 0, 2*len(services))
	for _, s := range services {
		for _, m := range [...]billing.Month{month, month.Previous()} {
			held, _ := dataOf[*billPart](previous(s.key(m)))
			bills = append(bills, &monthBill{billService: s, month: m, held: held, part: previous(s.key(m))})
		}
	}
	c.fetch(ctx, bills)
	results := refused
	for i := 0; i < len(bills); i += 2 {
		results = append(results, c.results(bills[i], bills[i+1], now)...)
	}
	c.month, c.services = month, withError(services, nil)
	c.save(month.Previous())
	return results, nil
}

// withError returns the services with an error in place of their own.
func withError(services []billService, err error) []billService {
	all := make([]billService, len(services))
	for i, s := range services {
		all[i] = billService{s.account, s.vorg, err}
	}
	return all
}

// list returns the compute services of all accounts. Those of an account that
// cannot be listed now are the ones known from before; where there are none, its
// failure is a result by itself.
func (c *BillingCSV) list(ctx context.Context) (services []billService, failures []Result, err error) {
	accounts, err := c.directory.Accounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	listed := make([][]billService, len(accounts))
	indices := make([]int, len(accounts))
	for i := range indices {
		indices[i] = i
	}
	results := fetchAll(ctx, indices, func(ctx context.Context, i int) Result {
		ids, err := c.directory.Services(ctx, accounts[i].ID)
		for _, id := range ids {
			listed[i] = append(listed[i], billService{account: accounts[i].ID, vorg: id})
		}
		return Result{Err: err}
	})
	for i, account := range accounts {
		err := results[i].Err
		if err != nil {
			listed[i] = withError(c.known(account.ID), err)
		}
		if err != nil && len(listed[i]) == 0 {
			failures = append(failures, Result{Key: account.ID, Account: account.ID, Err: err})
		}
		services = append(services, listed[i]...)
	}
	return services, failures, nil
}

// known returns an account's services of the last round.
func (c *BillingCSV) known(account string) []billService {
	var services []billService
	for _, s := range c.services {
		if s.account == account {
			services = append(services, s)
		}
	}
	return services
}

func (c *BillingCSV) load() error {
	if c.closings != nil {
		return nil
	}
	kept := closings{}
	if err := c.state.Load(&kept); err != nil {
		return fmt.Errorf("load closed months: %w", err)
	}
	if kept == nil {
		kept = closings{}
	}
	c.closings = kept
	return nil
}

// save keeps what is known of the previous month; of older ones nothing is
// asked any more.
func (c *BillingCSV) save(previous billing.Month) {
	for key, closing := range c.closings {
		if closing.Period != previous.String() {
			delete(c.closings, key)
		}
	}
	c.state.Save(c.closings)
}
