package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

func billingCSV() Definition {
	return define("billing_csv", "The bill, this month's and the last one's. The portal makes new figures once a day.",
		[]string{"/api/billing/billing-csv"},
		BillingSettings{Schedule: every(6*time.Hour, 48*time.Hour), VMLimit: 1000},
		func(d Deps, s BillingSettings) Collector {
			return NewBillingCSV(d.Portal, d.Inventory, d.State, d.Archive, d.Log, s)
		})
}

// BillingSettings are the settings of the billing collector.
type BillingSettings struct {
	Schedule
	VMLimit           int      `key:"vm_limit" doc:"How many VMs of each compute service (vOrg) get a cost series of their own, the dearest first; the rest is summed in vm=\"__other__\". An account with ten of them may have ten times as many."`
	VMLimitPerAccount int      `key:"vm_limit_per_account" doc:"How many VMs of an account get one at most, the dearest over all of its compute services first; 0 is no such limit. The bills of an account are then shown when all of them have come."`
	Tags              []string `key:"tags" doc:"Keys of the bill's Metadata column by which costs are also summed, for example [project, cost-centre]."`
	ExportDir         Path     `key:"export_dir" doc:"Directory of a data set of the bills for query engines (Parquet, as billing export writes it) that is kept up to date; empty writes none. See docs/lake.md."`
}

// Check refuses settings that make no sense.
func (s BillingSettings) Check(report func(key, reason string)) {
	if s.VMLimit < 0 {
		report("vm_limit", "is less than zero")
	}
	if s.VMLimitPerAccount < 0 {
		report("vm_limit_per_account", "is less than zero")
	}
}

// BillingAPI is what the billing_csv collector asks of the portal.
type BillingAPI interface {
	BillingCSV(ctx context.Context, period, orgID, etag string) (*portal.Stream, error)
}

// BillingCSV exposes the bill of the running month and of the one before it, for
// each compute service (API reference, GET /api/billing/billing-csv).
type BillingCSV struct {
	api       BillingAPI
	inventory Inventory
	state     State
	archive   Archive
	log       *slog.Logger
	settings  BillingSettings
	now       func() time.Time
	clock     clock

	mu       sync.Mutex // held for a whole round; what follows is what the last one knew
	month    bill.Month // that ran
	services serviceList
	closings bill.Closings // nil until loaded
	unproven unproven
}

// NewBillingCSV returns the collector. What it must know of closed months after a
// restart is kept in state. Bills are kept in archive, unless it is nil.
func NewBillingCSV(api BillingAPI, inventory Inventory, state State, archive Archive, log *slog.Logger, s BillingSettings) *BillingCSV {
	if archive == nil {
		archive = noArchive{}
	}
	return &BillingCSV{api: api, inventory: inventory, state: state, archive: archive, log: log, settings: s, now: time.Now, clock: clockOf(api)}
}

// Families implements Collector.
func (*BillingCSV) Families() []Family { return BillingFamilies() }

// Collect implements Collector. A part is one compute service and month.
//
// The results of a service come newest month first: after a reload of the
// configuration a part of the running month may be held that this collector
// does not know, and the first of two equal series is the one kept.
func (c *BillingCSV) Collect(ctx context.Context, previous func(string) *Part, publish func(...Result)) ([]Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now().UTC()
	if c.closings == nil {
		if c.closings = recall[bill.Closings](c.state, c.log); c.closings == nil {
			c.closings = bill.Closings{}
		}
	}
	month := bill.MonthOf(now)
	services, results, err := c.services.list(ctx, c.inventory)
	if err != nil {
		services = c.services.failed(err)
		if month == c.month || len(services) == 0 {
			return nil, err
		}
		// The month has ended: what is held must say so, whatever the portal does.
	}
	bills := make([]*monthBill, 0, 2*len(services))
	keys := map[string]bool{}
	for _, s := range services {
		for _, m := range [...]bill.Month{month, month.Previous()} {
			part := previous(monthKey(s, m))
			keys[monthKey(s, m)] = true
			bills = append(bills, &monthBill{computeService: s, month: m, held: dataOf[bill.Standing](part), part: part})
		}
	}
	c.unproven.keep(keys)
	for _, ofService := range c.fetch(ctx, bills, now, publish) {
		results = append(results, ofService...)
	}
	c.month = month
	if c.clock.agrees() {
		c.closings.Keep(month.Previous())
	}
	keep(c.state, c.log, c.closings)
	return results, nil
}

// monthBill is one compute service's bill of a month while it is collected; its
// err is why it could not be had.
type monthBill struct {
	computeService
	month bill.Month
	part  *Part          // that is held, nil when there is none
	held  *bill.Standing // its data

	bill    *bill.Bill // fetched, or the held one; nil when nothing is known
	etag    string
	sum     string // of the archive
	closed  bool   // final: not asked for
	fetched bool   // the portal gave or confirmed it in this round
}

// monthKey is the key of a part.
func monthKey(s computeService, m bill.Month) string { return s.key() + "/" + m.String() }

// fetch fetches the bills, several compute services at a time, two bills each. One
// that is closed is kept as it is. What a service gave is published when both are
// there, and so are those of the services with which it shares a limit: what each of
// them shows depends on the others.
func (c *BillingCSV) fetch(ctx context.Context, bills []*monthBill, now time.Time, publish func(...Result)) [][]Result {
	for _, b := range bills {
		if b.held != nil {
			b.bill, b.etag, b.sum = b.held.Bill, b.held.ETag, b.held.Sum
		}
		b.closed = b.held != nil && c.closings.Closed(b.key(), b.month)
	}
	results := make([][]Result, len(bills)/2)
	groups := c.groups(bills)
	var settling sync.Mutex
	for i, bug := range forEach(ctx, len(results), func(ctx context.Context, i int) error {
		current, previous := bills[2*i], bills[2*i+1]
		if bug := guarded(func() error { c.fetchBoth(ctx, current, previous); return nil }); bug != nil {
			current.err, previous.err = bug, bug
		}
		settling.Lock()
		defer settling.Unlock()
		if groups[i].waiting--; groups[i].waiting == 0 {
			c.settle(groups[i].services, bills, results, now, publish)
		}
		return nil
	}) {
		if bug == nil {
			continue
		}
		for _, service := range groups[i].services {
			results[service] = nil
			for _, b := range bills[2*service : 2*service+2] {
				results[service] = append(results[service], Result{Key: monthKey(b.computeService, b.month), Account: b.account, Err: bug})
			}
		}
	}
	return results
}

// fetchBoth fetches what may have changed of a compute service.
func (c *BillingCSV) fetchBoth(ctx context.Context, current, previous *monthBill) {
	for _, b := range [...]*monthBill{current, previous} {
		switch {
		case b.err != nil:
		case c.lacks(b) && guarded(func() error { return c.fetchAgain(ctx, b) }) == nil:
			b.fetched = !b.closed
		case !b.closed:
			b.err = guarded(func() error { return c.fetchOne(ctx, b) })
			b.fetched = b.err == nil
		}
	}
}

// settle makes the results of compute services and publishes them together.
func (c *BillingCSV) settle(services []int, bills []*monthBill, results [][]Result, now time.Time, publish func(...Result)) {
	current := make([]*monthBill, len(services))
	for i, service := range services {
		current[i] = bills[2*service]
	}
	limits := c.settings.limits(current)
	var all []Result
	for i, service := range services {
		results[service] = c.results(bills[2*service], bills[2*service+1], limits[i], now)
		all = append(all, results[service]...)
	}
	keep(c.state, c.log, c.closings) // before anything that follows from it is seen
	publish(all...)
}

// fetchOne reads a month whole or leaves what is held. Where nothing is, a bill that
// nothing proves is asked for again, unless it has no row.
func (c *BillingCSV) fetchOne(ctx context.Context, b *monthBill) error {
	rows, err := c.read(ctx, b)
	if errors.Is(err, errUnproven) && b.bill == nil && rows > 0 {
		_, err = c.read(ctx, b)
	}
	return err
}

// lacks reports whether the archive does not have a bill that is held: because it could
// not be written, or because there was no archive.
func (c *BillingCSV) lacks(b *monthBill) bool {
	return b.bill != nil && b.sum != c.archive.Sum(b.account, b.vorg, b.month.String())
}

// fetchAgain reads a bill whole that is held, also one that is closed, for the archive.
// After an error everything is as it was.
func (c *BillingCSV) fetchAgain(ctx context.Context, b *monthBill) error {
	again := *b
	again.etag = ""
	if _, err := c.read(ctx, &again); err != nil {
		return err
	}
	*b = again
	return nil
}

// read reads a month. It also returns how many rows were read, taken or not.
func (c *BillingCSV) read(ctx context.Context, b *monthBill) (rows int64, err error) {
	stream, err := c.api.BillingCSV(ctx, b.month.String(), b.vorg, b.etag)
	if errors.Is(err, portal.ErrNotModified) && b.bill != nil {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("fetch billing %s of %s: %w", b.month, b.vorg, err)
	}
	defer func() { _ = stream.Close() }()
	var rejected rejectedRows
	body := sumOf(stream)
	kept := c.archive.Copy(b.account, b.vorg, b.month.String())
	defer func() { _ = kept.Close() }()
	body.Reader = io.TeeReader(body.Reader, kept)
	read, err := bill.Read(body, bill.Options{
		Month: b.month, Tags: c.settings.Tags, Rejected: rejected.note, Proven: stream.Proven, MaxNames: maxBillNames,
	})
	if err == nil {
		rows = read.Rows
		err = c.unproven.believe(monthKey(b.computeService, b.month), body, b.doubt(read, c.now()))
	}
	if err != nil {
		return rows, fmt.Errorf("fetch billing %s of %s: GET /api/billing/billing-csv: %w", b.month, b.vorg, err)
	}
	b.bill, b.etag, b.sum = read, stream.ETag, kept.Keep()
	log := c.log.With("account", b.account, "vorg", b.vorg, "period", b.month.String())
	rejected.log(log)
	logOdd(log, read)
	return rows, nil
}

// dayDelay is how long after a day's start its rows may take to come: the portal adds
// a day at about 06:00 of the next.
const dayDelay = 30 * time.Hour

// doubt says what speaks against a bill being whole, when nothing proves it: it has
// fewer rows than the one before, or lacks days that should be there.
func (b *monthBill) doubt(read *bill.Bill, now time.Time) string {
	if b.bill != nil && read.Rows < b.bill.Rows {
		return fmt.Sprintf("it has %d rows after %d", read.Rows, b.bill.Rows)
	}
	expected := bill.DateOf(now.Add(-dayDelay))
	if last := b.month.LastDay(); expected.Compare(last) > 0 {
		expected = last
	}
	if !b.month.Holds(expected) {
		return ""
	}
	newest, ok := read.NewestDayBefore(bill.DateOf(b.month.Next().Start()))
	switch {
	case !ok:
		return "it has no row"
	case newest.Compare(expected) < 0:
		return fmt.Sprintf("it ends with %s, not with %s", newest, expected)
	}
	return ""
}

// logOdd tells of money that is in the bill and that one might look for elsewhere.
func logOdd(log *slog.Logger, b *bill.Bill) {
	if b.Late.Rows > 0 {
		log.Info("Rows of the bill are of days outside its month; they are charged with it",
			"rows", b.Late.Rows, "cost_gbp", b.Late.Cost.Value.String())
	}
	if b.Unnamed.Rows > 0 {
		log.Info("Rows of the bill have no ResourceId", "rows", b.Unnamed.Rows, "cost_gbp", b.Unnamed.Cost.Value.String())
	}
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

// results makes the parts of one compute service. What each of the two months
// shows depends on the other and on the clock, so both are made anew in every
// round; a part that comes out the same is the same part.
//
// A month that could not be fetched is shown as it is held, also when its role
// has changed: on the first of a month the bill that ran becomes the previous
// one whether or not the portal answers.
//
// limit is how many resources the running month shows by themselves.
func (c *BillingCSV) results(current, previous *monthBill, limit int, now time.Time) []Result {
	restatement := bill.Sum{}
	if previous.fetched && c.clock.agrees() {
		c.closings.Follow(previous.key(), previous.bill, bill.DateOf(now))
	}
	if previous.bill != nil {
		restatement = c.closings.Restatement(previous.key(), previous.bill)
	}
	forecast := bill.Sum{}
	if current.bill != nil {
		forecast = bill.Forecast(current.bill, previous.bill, bill.DateOf(now))
	}
	currentDay, previousDay := newestDay(current.bill, previous.bill, bill.DateOf(now))
	results := []Result{
		c.result(current, bill.Standing{Role: bill.CurrentMonth, Before: previous.bill, Day: currentDay, Forecast: forecast, VMLimit: limit}),
		c.result(previous, bill.Standing{
			Role: bill.PreviousMonth, Day: previousDay, Restatement: restatement,
		}),
	}
	// What was the previous month until now is none any more.
	results[1].Instead = []string{monthKey(previous.computeService, previous.month.Previous())}
	return results
}

func (c *BillingCSV) result(b *monthBill, data bill.Standing) Result {
	r := Result{Key: monthKey(b.computeService, b.month), Account: b.account, Err: b.err}
	if b.bill == nil {
		return r
	}
	data.Account, data.VOrg, data.Bill, data.ETag, data.Sum = b.account, b.vorg, b.bill, b.etag, b.sum
	if b.held != nil && *b.held == data {
		r.Part = b.part
	} else {
		r.Part = &Part{&data, unknownOf(b.bill)}
	}
	return r
}

// unknownOf counts what a bill has that the portal's documents do not, and what of
// it has no series of its own.
func unknownOf(b *bill.Bill) map[string]int {
	unknown := maps.Clone(b.Unknown)
	unknown[csvparse.Service.String()] = max(0, len(b.Costs)-maxServiceCosts) // those without a series
	return unknown
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

// maxBillNames bounds what a bill takes to hold, which is about 30 MB then; the
// recorded estate of 1,920 VMs has 2,000 names.
const maxBillNames = 100_000

// otherValue is the label value under which what is not shown by itself is summed.
const otherValue = "__other__"

// maxTagValues is how many values of a tag are shown, beside "" for what is
// untagged.
const maxTagValues = 200

// maxServiceCosts is how many services of VDCs a compute service's bill shows: what
// follows them is summed. So it is with the services of a day.
const maxServiceCosts = 5000

// BillingFamilies are the families of the bill. All costs are without VAT, all times
// UTC. The series that one compute service has in a family
// of a month's cost add up to its bill.
func BillingFamilies() []Family {
	return append(DatedBillingFamilies(), stateBillingFamilies()...)
}

// DatedBillingFamilies are those that say something of each day gone by, so that they
// can be written for the past too.
func DatedBillingFamilies() []Family {
	return []Family{
		ofMonth(bill.CurrentMonth, "month_to_date_cost_gbp",
			`Cost of the running month (UTC) by VDC, service and component, without VAT; data_through says up to when. component="other" is what TotalPrice has beyond its parts.`,
			billCosts, "vdc_name", "service", "component"),
		ofMonth(bill.PreviousMonth, "previous_month_cost_gbp",
			"Cost of the month (UTC) before the running one by VDC, service and component, without VAT.",
			billCosts, "vdc_name", "service", "component"),
		ofMonth(bill.CurrentMonth, "month_forecast_gbp",
			"Forecast of the running month's bill (UTC), without VAT: what is billed, and for each day that is not complete the median by service of the last five working days or four weekend days; so what came once counts once. Absent until three days are known.",
			func(p *bill.Standing) []Sample { return appendSum(p, nil, p.Forecast) }),
		ofDay("day_cost_gbp",
			"Cost of the newest complete day (UTC) by service and component, without VAT; the day ends at data_through.",
			billDayCosts, "service", "component"),
		ofMonth(bill.CurrentMonth, "vm_month_to_date_cost_gbp",
			`Cost of the running month (UTC) by resource, a VM by its URN, without VAT; what is not among the dearest is summed in vm="__other__".`,
			billResources, "vm"),
		ofMonth(bill.CurrentMonth, "tag_month_to_date_cost_gbp",
			`Cost of the running month (UTC) by value of the configured keys of the Metadata column, without VAT; tag_value="" is untagged, "__other__" what is not among the 200 dearest values.`,
			billTags, "tag", "tag_value"),
		ofMonth(bill.CurrentMonth, "usage_seconds",
			"Billed time in the running month (UTC) by service and power state; the portal bills whole hours.",
			billUsage, "service", "power_state"),
		ofMonth(bill.CurrentMonth, "period_start_timestamp_seconds",
			"Start of the running month (UTC) that the other families of the bill are about.",
			func(p *bill.Standing) []Sample { return billOne(p, float64(p.Bill.Month.Start().Unix())) }),
		ofDay("data_through_timestamp_seconds",
			"End of the newest complete day (UTC) that is in the bill.",
			func(p *bill.Standing) []Sample { return billOne(p, float64(bill.EndOf(p.Day).Unix())) }),
	}
}

func stateBillingFamilies() []Family {
	return []Family{
		ofMonth(bill.CurrentMonth, "rows",
			"Rows of the running month's billing CSV, without those that were rejected.",
			func(p *bill.Standing) []Sample { return billOne(p, float64(p.Bill.Rows)) }),
		ofMonth(bill.CurrentMonth, "rows_rejected",
			"Rows in the billing CSVs of the running month and the one before it that are in no sum, by reason; each is also a log line.",
			billRejected, "reason"),
		billingFamily("tie_out_difference_gbp",
			`Sum of the parts less the sum of TotalPrice in the billing CSV, exact: what component="other" makes up for; check="total" for the running month, "previous_total" for the one before it.`,
			billDifference, "check"),
		ofMonth(bill.PreviousMonth, "restatement_gbp",
			"Change of the previous month's cost since it was first read after its first working day; absent before.",
			func(p *bill.Standing) []Sample { return appendSum(p, nil, p.Restatement) }),
	}
}

// billingFamily is a family of the bill; its labels stand behind account and vorg.
func billingFamily(name, help string, samples func(*bill.Standing) []Sample, labels ...string) Family {
	return family("ukcloud_billing_"+name, help, append([]string{"account", "vorg"}, labels...), samples)
}

// ofMonth is a family that bills of one role have.
func ofMonth(role bill.Role, name, help string, samples func(*bill.Standing) []Sample, labels ...string) Family {
	return billingFamily(name, help, func(p *bill.Standing) []Sample {
		if p.Role != role {
			return nil
		}
		return samples(p)
	}, labels...)
}

// ofDay is a family of the newest complete day, which either bill may hold.
func ofDay(name, help string, samples func(*bill.Standing) []Sample, labels ...string) Family {
	return billingFamily(name, help, func(p *bill.Standing) []Sample {
		if p.Day == (csvparse.Date{}) {
			return nil
		}
		return samples(p)
	}, labels...)
}

// sample is a sample of the bill; labels stand behind account and vorg.
func billSample(p *bill.Standing, value float64, labels ...string) Sample {
	return Sample{Labels: append([]string{p.Account, p.VOrg}, labels...), Value: value}
}

// one is a family's only sample.
func billOne(p *bill.Standing, value float64) []Sample { return []Sample{billSample(p, value)} }

// appendSum appends a sum, unless it is of blank cells only.
func appendSum(p *bill.Standing, samples []Sample, sum bill.Sum, labels ...string) []Sample {
	if !sum.Valid {
		return samples
	}
	return append(samples, billSample(p, sum.Value.Float64(), labels...))
}

// appendComponents appends a cost by its components. Other is there where it is not
// 0: most bills have none.
func appendComponents(p *bill.Standing, samples []Sample, parts *bill.Parts, labels ...string) []Sample {
	for i, part := range parts {
		if c := bill.Component(i); c != bill.Other || part.Value != 0 {
			samples = appendSum(p, samples, part, append(labels, c.String())...)
		}
	}
	return samples
}

func billCosts(p *bill.Standing) (samples []Sample) {
	var other bill.Parts
	for i := range p.Bill.Costs {
		c := &p.Bill.Costs[i]
		if i >= maxServiceCosts {
			other.Add(&c.Parts)
			continue
		}
		samples = appendComponents(p, samples, &c.Parts, c.VDC, c.Service)
	}
	return appendComponents(p, samples, &other, otherValue, otherValue)
}

func billDayCosts(p *bill.Standing) (samples []Sample) {
	day := p.Bill.On(p.Day)
	var other bill.Parts
	for i := range day {
		if i >= maxServiceCosts {
			other.Add(&day[i].Parts)
			continue
		}
		samples = appendComponents(p, samples, &day[i].Parts, day[i].Service)
	}
	return appendComponents(p, samples, &other, otherValue)
}

// resources are the dearest by themselves and the sum of the others.
func billResources(p *bill.Standing) (samples []Sample) {
	var other bill.Sum
	for i, r := range p.Bill.Resources {
		if i >= p.VMLimit {
			other.Add(r.Cost)
			continue
		}
		samples = appendSum(p, samples, r.Cost, r.ID)
	}
	return appendSum(p, samples, other, otherValue)
}

func billTags(p *bill.Standing) (samples []Sample) {
	for _, tag := range p.Bill.Tags {
		var other bill.Sum
		shown := 0
		for _, value := range tag.Values {
			if value.Value != "" && value.Cost.Valid {
				if shown++; shown > maxTagValues {
					other.Add(value.Cost)
					continue
				}
			}
			samples = appendSum(p, samples, value.Cost, tag.Key, value.Value)
		}
		samples = appendSum(p, samples, other, tag.Key, otherValue)
	}
	return samples
}

// usage is in seconds: whole hours, as the portal bills them, stay whole numbers.
func billUsage(p *bill.Standing) (samples []Sample) {
	var other bill.Sum
	for i, u := range p.Bill.Usage {
		switch {
		case !u.Hours.Valid || u.Hours.Value < 0: // more taken back than was used is no time
		case i >= maxServiceCosts:
			other.Add(u.Hours)
		default:
			samples = append(samples, billSample(p, secondsOf(u.Hours.Value), u.Service, u.Power))
		}
	}
	if other.Valid {
		samples = append(samples, billSample(p, secondsOf(other.Value), otherValue, otherValue))
	}
	return samples
}

func secondsOf(hours money.Amount) float64 {
	whole, rest := hours/money.One, hours%money.One
	return float64(whole*secondsPerHour) + float64(rest*secondsPerHour)/float64(money.One)
}

// rejected has every reason, for both months together.
func billRejected(p *bill.Standing) (samples []Sample) {
	for _, reason := range csvparse.RowReasons() {
		rows := p.Bill.Rejected[reason]
		if p.Before != nil {
			rows += p.Before.Rejected[reason]
		}
		samples = append(samples, billSample(p, float64(rows), string(reason)))
	}
	return samples
}

func billDifference(p *bill.Standing) []Sample {
	check := [...]string{bill.CurrentMonth: "total", bill.PreviousMonth: "previous_total"}[p.Role]
	difference, ok := p.Bill.Difference()
	return appendSum(p, nil, bill.Sum{Value: difference, Valid: ok}, check)
}
