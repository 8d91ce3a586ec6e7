package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

func cloudStorageReport() Definition {
	return define("cloud_storage_report", "Cloud storage: cost and consumption by bucket.",
		[]string{"/api/billing/cloud-storage-report"},
		every(6*time.Hour, 48*time.Hour),
		func(d Deps, _ Schedule) Collector { return NewCloudStorageReport(d.Portal, d.Inventory) })
}

// CloudStorageAPI is what the cloud_storage_report collector asks of the portal.
type CloudStorageAPI interface {
	CloudStorageReport(ctx context.Context, date, orgID, etag string) (*portal.Stream, error)
}

// CloudStorageReport exposes what buckets hold and cost (API reference, GET
// /api/billing/cloud-storage-report).
//
// The report is of the running month (UTC). Both of its figures are meant as if
// for a whole month, so on the first days, until it has a row, the month before
// stands for it: the series have no gap, and no step that says nothing.
type CloudStorageReport struct {
	api       CloudStorageAPI
	inventory Inventory
	now       func() time.Time

	mu       sync.Mutex // held for a whole round
	services serviceList
	unproven unproven
}

// NewCloudStorageReport returns the collector.
func NewCloudStorageReport(api CloudStorageAPI, inventory Inventory) *CloudStorageReport {
	return &CloudStorageReport{api: api, inventory: inventory, now: time.Now}
}

// Collect implements Collector. A part is a compute service.
func (c *CloudStorageReport) Collect(ctx context.Context, previous func(string) *Part, publish func(...Result)) ([]Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	services, failures, err := c.services.list(ctx, c.inventory)
	if err != nil {
		return nil, err
	}
	month := bill.MonthOf(c.now())
	keys := map[string]bool{}
	for _, s := range services {
		keys[s.vorg+"/"+month.String()], keys[s.vorg+"/"+month.Previous().String()] = true, true
	}
	c.unproven.keep(keys)
	results := make([]Result, len(services))
	for i, s := range services {
		results[i] = Result{Key: s.key(), Account: s.account}
	}
	for i, err := range forEach(ctx, len(services), func(ctx context.Context, i int) (err error) {
		if services[i].err != nil {
			return services[i].err
		}
		if results[i].Part, err = c.service(ctx, services[i], month, previous(results[i].Key)); err == nil {
			publish(results[i])
		}
		return err
	}) {
		results[i].Err = err
	}
	return append(failures, results...), nil
}

// service reads the newest report that has a row.
func (c *CloudStorageReport) service(ctx context.Context, s computeService, month bill.Month, last *Part) (*Part, error) {
	old := dataOf[StoragePart](last)
	held := old != nil
	if !held {
		old = new(StoragePart)
	}
	running, err := c.report(ctx, s.vorg, month, old)
	if err != nil {
		return nil, err
	}
	data := &StoragePart{Account: s.account, VOrg: s.vorg, running: running, shown: running}
	if len(running.rows) == 0 {
		if data.shown, err = c.report(ctx, s.vorg, month.Previous(), old); err != nil {
			return nil, err
		}
	}
	if held && data.running == old.running && data.shown == old.shown {
		return last, nil
	}
	return &Part{data, data.shown.rejected}, nil
}

// StoragePart is the data of a part: the buckets of one compute service.
type StoragePart struct {
	Account, VOrg  string
	running, shown *storageReport // the same one, once the running month has rows
}

// storageReport is one month's report. It is immutable.
type storageReport struct {
	month    bill.Month
	etag     string
	rows     []csvparse.CloudStorageRow
	rejected map[string]int // rows by the column that cannot be read, buckets beyond maxBuckets by their name's
}

// maxBuckets is how many buckets of a compute service are exposed: those behind them
// are one, with the sums.
const maxBuckets = 10_000

const bucketName = "Bucket Name"

// add adds a bucket. It returns false when the sum of those behind maxBuckets is out of
// range.
func (r *storageReport) add(row csvparse.CloudStorageRow) bool {
	if len(r.rows) < maxBuckets {
		r.rows = append(r.rows, row)
		return true
	}
	r.rejected[bucketName]++
	if len(r.rows) == maxBuckets {
		r.rows = append(r.rows, csvparse.CloudStorageRow{BucketName: otherValue, ServiceLevel: otherValue})
	}
	other := &r.rows[maxBuckets]
	cost, consumption := bill.Sum{Value: other.Cost.Amount, Valid: other.Cost.Valid}, bill.Sum(other.Consumption)
	ok := cost.Add(bill.Sum{Value: row.Cost.Amount, Valid: row.Cost.Valid})
	ok = consumption.Add(bill.Sum(row.Consumption)) && ok
	other.Cost.Amount, other.Cost.Valid, other.Consumption = cost.Value, cost.Valid, csvparse.Quantity(consumption)
	return ok
}

// report reads a month's report, whole, or returns the one that old has of it
// when that is still good.
func (c *CloudStorageReport) report(ctx context.Context, org string, month bill.Month, old *StoragePart) (*storageReport, error) {
	var known *storageReport
	etag := ""
	for _, r := range [...]*storageReport{old.running, old.shown} {
		if r != nil && r.month == month {
			known, etag = r, r.etag
		}
	}
	r, err := c.fetch(ctx, org, month, known, etag)
	if errors.Is(err, errUnproven) && known == nil && len(r.rows) > 0 {
		r, err = c.fetch(ctx, org, month, known, etag)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// fetch reads a month's report, also one that is not taken because nothing proves it.
func (c *CloudStorageReport) fetch(ctx context.Context, org string, month bill.Month, known *storageReport, etag string) (*storageReport, error) {
	stream, err := c.api.CloudStorageReport(ctx, month.Start().Format(time.DateOnly), org, etag)
	if errors.Is(err, portal.ErrNotModified) && known != nil {
		return known, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fetch cloud storage %s of %s: %w", month, org, err)
	}
	defer func() { _ = stream.Close() }()
	r := &storageReport{month: month, etag: stream.ETag}
	body := sumOf(stream)
	if err = r.read(body, stream.Proven); err == nil {
		err = c.unproven.believe(org+"/"+month.String(), body, r.doubt(known))
	}
	if err != nil {
		return r, fmt.Errorf("fetch cloud storage %s of %s: GET /api/billing/cloud-storage-report: %w", month, org, err)
	}
	return r, nil
}

// doubt says what speaks against a report being whole, when nothing proves it.
func (r *storageReport) doubt(known *storageReport) string {
	switch {
	case known == nil:
		return "there is none to compare it with"
	case len(r.rows) < len(known.rows):
		return fmt.Sprintf("it has %d rows after %d", len(r.rows), len(known.rows))
	}
	return ""
}

func (r *storageReport) read(body io.Reader, proven bool) error {
	reader, err := csvparse.NewCloudStorage(body, csvparse.TrustEOF(proven))
	if err != nil {
		return err
	}
	r.rejected = map[string]int{"Consumption (GB)": 0, "Cost": 0, bucketName: 0}
	var first *csvparse.RowError
	for row, err := range reader.Rows() {
		if rejected, is := errors.AsType[*csvparse.RowError](err); is {
			r.rejected[rejected.Field]++
			first = cmp.Or(first, rejected)
			continue
		}
		if err != nil {
			return err
		}
		if !r.add(*row) {
			return fmt.Errorf("line %d: sum of the buckets is out of range", row.Line)
		}
	}
	if len(r.rows) == 0 && first != nil {
		return fmt.Errorf("%w, the first for %w", bill.ErrNotReadable, first)
	}
	return nil
}

// Families implements Collector.
func (*CloudStorageReport) Families() []Family {
	return []Family{
		ofEachBucket("ukcloud_cloud_storage_month_cost_gbp",
			"Cost of the bucket for a whole month at its average consumption in the running one (UTC), without VAT.",
			func(row *csvparse.CloudStorageRow) (float64, bool) { return row.Cost.Amount.Float64(), row.Cost.Valid }),
		ofEachBucket("ukcloud_cloud_storage_consumption_bytes",
			"Average consumption of the bucket over the running month (UTC) so far; the portal rounds it up to whole GiB.",
			func(row *csvparse.CloudStorageRow) (float64, bool) {
				return bytesOf(row.Consumption.Value), row.Consumption.Valid
			}),
	}
}

// Rows returns the buckets that are exposed.
func (p *StoragePart) Rows() []csvparse.CloudStorageRow { return p.shown.rows }

// ofEachBucket makes a family with a sample for each bucket of which value knows
// one.
func ofEachBucket(name, help string, value func(*csvparse.CloudStorageRow) (value float64, known bool)) Family {
	return family(name, help, []string{"account", "vorg", "bucket", "service_level"}, func(p *StoragePart) (samples []Sample) {
		for i := range p.shown.rows {
			row := &p.shown.rows[i]
			if value, known := value(row); known {
				labels := []string{p.Account, p.VOrg, row.BucketName, row.ServiceLevel}
				samples = append(samples, Sample{Labels: labels, Value: value})
			}
		}
		return samples
	})
}

// bytesOf turns GiB into bytes: the column says GB, but the vendor's GB is a GiB
// (billing articles).
func bytesOf(gib money.Amount) float64 {
	const gibibyte = 1 << 30
	return float64(gib) / float64(money.One) * gibibyte
}
