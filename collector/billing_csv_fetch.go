package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/portal"
)

// monthBill is one compute service's bill of a month while it is collected; its
// err is why it could not be had.
type monthBill struct {
	computeService
	month bill.Month
	part  Part      // that the engine holds, nil when none
	held  *billPart // its data

	bill    *bill.Bill // fetched, or the held one; nil when nothing is known
	etag    string
	fetched bool // the portal gave or confirmed it in this round
}

// monthKey is the key of a part.
func monthKey(s computeService, m bill.Month) string { return s.key() + "/" + m.String() }

// fetch fetches the bills, several at a time. One that is closed is kept as it is.
func (c *BillingCSV) fetch(ctx context.Context, bills []*monthBill) {
	var open []*monthBill
	for _, b := range bills {
		if b.held != nil {
			b.bill, b.etag = b.held.view.Bill, b.held.etag
		}
		switch {
		case b.err != nil:
		case b.held != nil && c.closings.closed(b):
		default:
			open = append(open, b)
		}
	}
	errs := forEach(ctx, len(open), func(ctx context.Context, i int) error { return c.fetchOne(ctx, open[i]) })
	for i, b := range open {
		b.err = errs[i]
		b.fetched = b.err == nil
	}
}

// fetchOne reads a month whole or leaves what is held.
func (c *BillingCSV) fetchOne(ctx context.Context, b *monthBill) error {
	stream, err := c.api.BillingCSV(ctx, b.month.String(), b.vorg, b.etag)
	if errors.Is(err, portal.ErrNotModified) && b.bill != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fetch billing %s of %s: %w", b.month, b.vorg, err)
	}
	defer func() { _ = stream.Close() }()
	var rejected rejectedRows
	// Whatever day a row is of, the file is the invoice of its month: a correction
	// of an earlier day is charged with it.
	bill, err := bill.Read(stream, bill.Options{Tags: c.options.Tags, Rejected: rejected.note, CSV: csvOptions(stream)})
	if err != nil {
		return fmt.Errorf("fetch billing %s of %s: GET /api/billing/billing-csv: %w", b.month, b.vorg, err)
	}
	bill.Month = b.month
	b.bill, b.etag = bill, stream.ETag
	rejected.log(c.log.With("account", b.account, "vorg", b.vorg, "period", b.month.String()))
	return nil
}

// rejectedShown is how many rejected rows of one bill are logged by themselves.
const rejectedShown = 20

// rejectedRows are the rows of one bill that are in no sum.
type rejectedRows struct {
	first []*csvparse.RowError
	more  int
}

func (r *rejectedRows) note(row *csvparse.RowError) {
	if len(r.first) == rejectedShown {
		r.more++
		return
	}
	r.first = append(r.first, row)
}

func (r *rejectedRows) log(log *slog.Logger) {
	for _, row := range r.first {
		log.Warn("Row of the bill rejected", "line", row.Line, "column", row.Column, "field", row.Field,
			"reason", string(row.Reason), "value", row.Value)
	}
	if r.more > 0 {
		log.Warn("More rows of the bill rejected", "rows", r.more)
	}
}
