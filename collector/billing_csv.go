package collector

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ukcloud_exporter/internal/bill"
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

	mu       sync.Mutex // held for a whole round; what follows is what the last one knew
	month    bill.Month // that ran
	services serviceList
	closings closings // nil until loaded
}

// NewBillingCSV returns the collector. What it must know of closed months after a
// restart is kept in state.
func NewBillingCSV(api BillingAPI, directory *Directory, state State, log *slog.Logger, options BillingOptions) *BillingCSV {
	c := &BillingCSV{api: api, directory: directory, state: state, log: log, options: options, now: time.Now}
	for _, f := range bill.Families() {
		c.table = append(c.table, family[*billPart]{f.Desc, func(p *billPart, w *exposition.Writer) { f.Write(&p.view, w) }})
	}
	return c
}

// Name implements Collector.
func (*BillingCSV) Name() string { return "billing_csv" }

// Families implements Collector.
func (c *BillingCSV) Families() []*exposition.Desc { return c.table.descs() }

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
	month := bill.MonthOf(now)
	services, results, err := c.services.list(ctx, c.directory)
	if err != nil {
		services = c.services.failed(err)
		if month == c.month || len(services) == 0 {
			return nil, err
		}
		// The month has ended: what is held must say so, whatever the portal does.
	}
	bills := make([]*monthBill, 0, 2*len(services))
	for _, s := range services {
		for _, m := range [...]bill.Month{month, month.Previous()} {
			held, _ := dataOf[*billPart](previous(monthKey(s, m)))
			bills = append(bills, &monthBill{computeService: s, month: m, held: held, part: previous(monthKey(s, m))})
		}
	}
	c.fetch(ctx, bills)
	for i := 0; i < len(bills); i += 2 {
		results = append(results, c.results(bills[i], bills[i+1], now)...)
	}
	c.month = month
	c.save(month.Previous())
	return results, nil
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
func (c *BillingCSV) save(previous bill.Month) {
	for key, closing := range c.closings {
		if closing.Period != previous.String() {
			delete(c.closings, key)
		}
	}
	c.state.Save(c.closings)
}
