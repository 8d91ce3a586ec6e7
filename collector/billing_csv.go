package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
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
	closings bill.Closings // nil until loaded
}

// NewBillingCSV returns the collector. What it must know of closed months after a
// restart is kept in state.
func NewBillingCSV(api BillingAPI, directory *Directory, state State, log *slog.Logger, options BillingOptions) *BillingCSV {
	c := &BillingCSV{api: api, directory: directory, state: state, log: log, options: options, now: time.Now}
	for _, f := range BillingFamilies() {
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
	c.closings.Keep(month.Previous())
	c.state.Save(c.closings)
	return results, nil
}

func (c *BillingCSV) load() error {
	if c.closings != nil {
		return nil
	}
	kept := bill.Closings{}
	if err := c.state.Load(&kept); err != nil {
		return fmt.Errorf("load closed months: %w", err)
	}
	if kept == nil {
		kept = bill.Closings{}
	}
	c.closings = kept
	return nil
}

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
		case b.held != nil && c.closings.Closed(b.key(), b.month):
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
	bill, err := bill.Read(stream, bill.Options{Tags: c.options.Tags, Rejected: rejected.note, Proven: stream.Proven})
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

// billPart is the data of a part: a bill in the role that it has now.
type billPart struct {
	view BillingView
	etag string
}

// results makes the parts of one compute service. What each of the two months
// shows depends on the other and on the clock, so both are made anew in every
// round; a part that comes out the same is the same part.
//
// A month that could not be fetched is shown as it is held, also when its role
// has changed: on the first of a month the bill that ran becomes the previous
// one whether or not the portal answers.
func (c *BillingCSV) results(current, previous *monthBill, now time.Time) []Result {
	restatement := bill.Sum{}
	if previous.fetched {
		c.closings.Follow(previous.key(), previous.bill, bill.DateOf(now))
	}
	if previous.bill != nil {
		restatement = c.closings.Restatement(previous.key(), previous.bill)
	}
	currentDay, previousDay := newestDay(current.bill, previous.bill, bill.DateOf(now))
	return []Result{
		c.result(current, BillingView{Role: CurrentMonth, Before: previous.bill, Day: currentDay}),
		c.result(previous, BillingView{
			Role: PreviousMonth, Day: previousDay, Restatement: restatement,
		}),
	}
}

func (c *BillingCSV) result(b *monthBill, view BillingView) Result {
	r := Result{Key: monthKey(b.computeService, b.month), Account: b.account, Err: b.err}
	if b.bill == nil {
		return r
	}
	view.Account, view.VOrg, view.Bill, view.VMLimit = b.account, b.vorg, b.bill, c.options.VMLimit
	data := billPart{view, b.etag}
	if b.held != nil && *b.held == data {
		r.Part = b.part
	} else {
		r.Part = &part[*billPart]{&data, c.table, b.bill.Unknown}
	}
	return r
}

// newestDay finds the newest complete day before today, in one of two bills. A
// bill may be nil.
func newestDay(current, previous *bill.Bill, today csvparse.Date) (inCurrent, inPrevious csvparse.Date) {
	if current != nil {
		if day, ok := current.NewestDayBefore(today); ok {
			return day, csvparse.Date{}
		}
	}
	if previous != nil {
		inPrevious, _ = previous.NewestDayBefore(today)
	}
	return csvparse.Date{}, inPrevious
}

// BillingRole is what a bill is at a moment. Each role has families of its own, so that
// no month is counted as another one.
type BillingRole uint8

// What a bill may be.
const (
	CurrentMonth  BillingRole = iota // of the month that runs
	PreviousMonth                    // of the month before
)

// BillingView is what is shown of one bill. It is comparable: equal views give equal
// samples.
type BillingView struct {
	Account, VOrg string // labels
	Role          BillingRole
	Bill          *bill.Bill

	// Before is the bill of the month before, for a current one; nil when it is
	// not known.
	Before *bill.Bill

	// Day is the newest complete day, in the one of the two bills that holds it;
	// the zero Date in the other.
	Day csvparse.Date

	// Restatement is what a previous bill changed by since it was first seen
	// final; not Valid before.
	Restatement bill.Sum

	// VMLimit is how many resources are shown by themselves.
	VMLimit int
}

// BillingSink takes the samples of a family: an exposition.Writer, or who else has a
// use for them.
type BillingSink interface {
	Money(l exposition.Labels, value money.Amount, pairs ...string)
	Int(l exposition.Labels, value int64, pairs ...string)
	Sample(l exposition.Labels, value float64, pairs ...string)
}

// otherValue is the label value under which what is not shown by itself is summed.
const otherValue = "__other__"

// maxTagValues is how many values of a tag are shown, beside "" for what is
// untagged.
const maxTagValues = 200

// BillingFamilies is contract section 5 for the bill, in its order. All costs are
// without VAT, all times UTC. The series that one compute service has in a family
// of a month's cost add up to its bill.
func BillingFamilies() []BillingFamily {
	return append(DatedBillingFamilies(), stateBillingFamilies()...)
}

// DatedBillingFamilies are those that say something of each day gone by, so that they
// can be written for the past too.
func DatedBillingFamilies() []BillingFamily {
	return []BillingFamily{
		ofRole(CurrentMonth, billingDesc("month_to_date_cost_gbp",
			"Cost of the running month (UTC) by VDC, service and component, without VAT; data_through says up to when.",
			"vdc_name", "service", "component"), writeCosts),
		ofRole(PreviousMonth, billingDesc("previous_month_cost_gbp",
			"Cost of the month (UTC) before the running one by VDC, service and component, without VAT.",
			"vdc_name", "service", "component"), writeCosts),
		ofDay(billingDesc("day_cost_gbp",
			"Cost of the newest complete day (UTC) by service and component, without VAT; the day ends at data_through.",
			"service", "component"), writeDay),
		ofRole(CurrentMonth, billingDesc("vm_month_to_date_cost_gbp",
			`Cost of the running month (UTC) by resource, a VM by its URN, without VAT; what is not among the dearest is summed in vm="__other__".`,
			"vm"), writeResources),
		ofRole(CurrentMonth, billingDesc("tag_month_to_date_cost_gbp",
			`Cost of the running month (UTC) by value of the configured keys of the Metadata column, without VAT; tag_value="" is untagged, "__other__" what is not among the 200 dearest values.`,
			"tag", "tag_value"), writeTags),
		ofRole(CurrentMonth, billingDesc("usage_seconds",
			"Billed time in the running month (UTC) by service and power state; the portal bills whole hours.",
			"service", "power_state"), writeUsage),
		ofRole(CurrentMonth, billingDesc("period_start_timestamp_seconds",
			"Start of the running month (UTC) that the other families of the bill are about."),
			func(v *BillingView, w BillingSink) { w.Int(v.labels(), v.Bill.Month.Start().Unix()) }),
		ofDay(billingDesc("data_through_timestamp_seconds",
			"End of the newest complete day (UTC) that is in the bill."),
			func(v *BillingView, w BillingSink) { w.Int(v.labels(), bill.EndOf(v.Day).Unix()) }),
	}
}

func stateBillingFamilies() []BillingFamily {
	return []BillingFamily{
		ofRole(CurrentMonth, billingDesc("rows",
			"Rows of the running month's billing CSV, without those that were rejected."),
			func(v *BillingView, w BillingSink) { w.Int(v.labels(), v.Bill.Rows) }),
		ofRole(CurrentMonth, billingDesc("rows_rejected",
			"Rows in the billing CSVs of the running month and the one before it that are in no sum, by reason; each is also a log line.",
			"reason"), writeRejected),
		{billingDesc("tie_out_difference_gbp",
			`Sum of the parts less the sum of TotalPrice in the billing CSV, exact; check="total" for the running month, "previous_total" for the one before it.`,
			"check"), writeDifference},
		ofRole(PreviousMonth, billingDesc("restatement_gbp",
			"Change of the previous month's cost since it was first read after its first working day; absent before."),
			func(v *BillingView, w BillingSink) {
				if v.Restatement.Valid {
					w.Money(v.labels(), v.Restatement.Value)
				}
			}),
	}
}

// BillingFamily is a metric family of the bill.
type BillingFamily struct {
	exposition.Desc
	Write func(v *BillingView, w BillingSink)
}

// billingDesc describes a family; its labels stand behind account and vorg.
func billingDesc(name, help string, labels ...string) exposition.Desc {
	return exposition.Desc{Name: "ukcloud_billing_" + name, Help: help, Labels: append([]string{"account", "vorg"}, labels...)}
}

// ofRole is a family that bills of one role have.
func ofRole(role BillingRole, d exposition.Desc, write func(v *BillingView, w BillingSink)) BillingFamily {
	return BillingFamily{d, func(v *BillingView, w BillingSink) {
		if v.Role == role {
			write(v, w)
		}
	}}
}

// ofDay is a family of the newest complete day, which either bill may hold.
func ofDay(d exposition.Desc, write func(v *BillingView, w BillingSink)) BillingFamily {
	return BillingFamily{d, func(v *BillingView, w BillingSink) {
		if v.Day != (csvparse.Date{}) {
			write(v, w)
		}
	}}
}

func (v *BillingView) labels() exposition.Labels {
	return exposition.LabelsOf("account", v.Account, "vorg", v.VOrg)
}

// write writes those of the parts that are known.
func writeParts(p *bill.Parts, w BillingSink, l exposition.Labels, pairs ...string) {
	pairs = append(pairs, "component", "")
	for i, part := range p {
		if part.Valid {
			pairs[len(pairs)-1] = csvparse.Component(i).String()
			w.Money(l, part.Value, pairs...)
		}
	}
}

func writeCosts(v *BillingView, w BillingSink) {
	l := v.labels()
	for i := range v.Bill.Costs {
		c := &v.Bill.Costs[i]
		writeParts(&c.Parts, w, l, "vdc_name", c.VDC, "service", c.Service)
	}
}

func writeDay(v *BillingView, w BillingSink) {
	l := v.labels()
	day := v.Bill.On(v.Day)
	for i := range day {
		writeParts(&day[i].Parts, w, l, "service", day[i].Service)
	}
}

// writeResources writes the dearest by themselves and the sum of the others.
func writeResources(v *BillingView, w BillingSink) {
	l := v.labels()
	var other bill.Sum
	for i, r := range v.Bill.Resources {
		switch {
		case i >= v.VMLimit:
			other.Add(r.Cost)
		case r.Cost.Valid:
			w.Money(l, r.Cost.Value, "vm", r.ID)
		}
	}
	if other.Valid {
		w.Money(l, other.Value, "vm", otherValue)
	}
}

func writeTags(v *BillingView, w BillingSink) {
	l := v.labels()
	for _, tag := range v.Bill.Tags {
		var other bill.Sum
		shown := 0
		for _, value := range tag.Values {
			if value.Value != "" && value.Cost.Valid {
				if shown++; shown > maxTagValues {
					other.Add(value.Cost)
					continue
				}
			}
			if value.Cost.Valid {
				w.Money(l, value.Cost.Value, "tag", tag.Key, "tag_value", value.Value)
			}
		}
		if other.Valid {
			w.Money(l, other.Value, "tag", tag.Key, "tag_value", otherValue)
		}
	}
}

// writeUsage writes hours as seconds: whole hours, as the portal bills them, stay
// whole numbers.
func writeUsage(v *BillingView, w BillingSink) {
	l := v.labels()
	for _, u := range v.Bill.Usage {
		if !u.Hours.Valid {
			continue
		}
		whole, part := u.Hours.Value/money.One, u.Hours.Value%money.One*3600
		if part%money.One == 0 {
			w.Int(l, int64(whole)*3600+int64(part/money.One), "service", u.Service, "power_state", u.Power)
			continue
		}
		seconds := float64(whole)*3600 + float64(part)/float64(money.One)
		w.Sample(l, seconds, "service", u.Service, "power_state", u.Power)
	}
}

// writeRejected writes every reason, for both months together.
func writeRejected(v *BillingView, w BillingSink) {
	l := v.labels()
	for _, reason := range bill.Reasons() {
		rows := v.Bill.Rejected[reason]
		if v.Before != nil {
			rows += v.Before.Rejected[reason]
		}
		w.Int(l, rows, "reason", string(reason))
	}
}

func writeDifference(v *BillingView, w BillingSink) {
	check := [...]string{CurrentMonth: "total", PreviousMonth: "previous_total"}[v.Role]
	if difference, ok := v.Bill.Difference(); ok {
		w.Money(v.labels(), difference, "check", check)
	}
}
