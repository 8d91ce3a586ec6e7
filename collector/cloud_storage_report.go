package collector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

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
	directory *Directory
	table     families[*storagePart]
	now       func() time.Time

	mu       sync.Mutex // held for a whole round
	services serviceList
}

// NewCloudStorageReport returns the collector.
func NewCloudStorageReport(api CloudStorageAPI, directory *Directory) *CloudStorageReport {
	return &CloudStorageReport{api: api, directory: directory, table: storageFamilies(), now: time.Now}
}

// Name implements Collector.
func (*CloudStorageReport) Name() string { return "cloud_storage_report" }

// Families implements Collector.
func (c *CloudStorageReport) Families() []*exposition.Desc { return c.table.descs() }

// Collect implements Collector. A part is a compute service.
func (c *CloudStorageReport) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	services, failures, err := c.services.list(ctx, c.directory)
	if err != nil {
		return nil, err
	}
	month := bill.MonthOf(c.now())
	results := make([]Result, len(services))
	for i, s := range services {
		results[i] = Result{Key: s.key(), Account: s.account}
	}
	for i, err := range forEach(ctx, len(services), func(ctx context.Context, i int) (err error) {
		if services[i].err != nil {
			return services[i].err
		}
		results[i].Part, err = c.service(ctx, services[i], month, previous(results[i].Key))
		return err
	}) {
		results[i].Err = err
	}
	return append(failures, results...), nil
}

// service reads the newest report that has a row.
func (c *CloudStorageReport) service(ctx context.Context, s computeService, month bill.Month, last Part) (Part, error) {
	old, held := dataOf[*storagePart](last)
	if !held {
		old = new(storagePart)
	}
	running, err := c.report(ctx, s.vorg, month, old)
	if err != nil {
		return nil, err
	}
	data := &storagePart{account: s.account, vorg: s.vorg, running: running, shown: running}
	if len(running.rows) == 0 {
		if data.shown, err = c.report(ctx, s.vorg, month.Previous(), old); err != nil {
			return nil, err
		}
	}
	if held && data.running == old.running && data.shown == old.shown {
		return last, nil
	}
	return &part[*storagePart]{data, c.table, data.shown.rejected}, nil
}

// storagePart is what is exposed of one compute service.
type storagePart struct {
	account, vorg  string
	running, shown *storageReport // the same one, once the running month has rows
}

// storageReport is one month's report. It is immutable.
type storageReport struct {
	month    bill.Month
	etag     string
	rows     []csvparse.CloudStorageRow
	rejected map[string]int // rows by the column that cannot be read
}

// report reads a month's report, whole, or returns the one that old has of it
// when that is still good.
func (c *CloudStorageReport) report(ctx context.Context, org string, month bill.Month, old *storagePart) (*storageReport, error) {
	var known *storageReport
	etag := ""
	for _, r := range [...]*storageReport{old.running, old.shown} {
		if r != nil && r.month == month {
			known, etag = r, r.etag
		}
	}
	stream, err := c.api.CloudStorageReport(ctx, month.Start().Format(time.DateOnly), org, etag)
	if errors.Is(err, portal.ErrNotModified) && known != nil {
		return known, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fetch cloud storage %s of %s: %w", month, org, err)
	}
	defer func() { _ = stream.Close() }()
	r := &storageReport{month: month, etag: stream.ETag}
	if err := r.read(stream); err != nil {
		return nil, fmt.Errorf("fetch cloud storage %s of %s: GET /api/billing/cloud-storage-report: %w", month, org, err)
	}
	return r, nil
}

func (r *storageReport) read(stream *portal.Stream) error {
	reader, err := csvparse.NewCloudStorage(stream, csvparse.TrustEOF(stream.Proven))
	if err != nil {
		return err
	}
	r.rejected = map[string]int{"Consumption (GB)": 0, "Cost": 0}
	for row, err := range reader.Rows() {
		if rejected, is := errors.AsType[*csvparse.RowError](err); is {
			r.rejected[rejected.Field]++
			continue
		}
		if err != nil {
			return err
		}
		r.rows = append(r.rows, *row)
	}
	return nil
}

func storageFamilies() families[*storagePart] {
	return families[*storagePart]{
		ofEachBucket("ukcloud_cloud_storage_month_cost_gbp",
			"Cost of the bucket for a whole month at its average consumption in the running one (UTC), without VAT.",
			func(row *csvparse.CloudStorageRow, w *exposition.Writer, l exposition.Labels) {
				if row.Cost.Valid {
					w.Money(l, row.Cost.Amount)
				}
			}),
		ofEachBucket("ukcloud_cloud_storage_consumption_bytes",
			"Average consumption of the bucket over the running month (UTC) so far; the portal rounds it up to whole GiB.",
			func(row *csvparse.CloudStorageRow, w *exposition.Writer, l exposition.Labels) {
				if row.Consumption.Valid {
					writeGiB(w, l, row.Consumption.Value)
				}
			}),
	}
}

func ofEachBucket(name, help string, write func(*csvparse.CloudStorageRow, *exposition.Writer, exposition.Labels)) family[*storagePart] {
	return family[*storagePart]{
		exposition.Desc{Name: name, Help: help, Labels: []string{"account", "vorg", "bucket", "service_level"}},
		func(p *storagePart, w *exposition.Writer) {
			for i := range p.shown.rows {
				row := &p.shown.rows[i]
				write(row, w, exposition.LabelsOf("account", p.account, "vorg", p.vorg,
					"bucket", row.BucketName, "service_level", row.ServiceLevel))
			}
		},
	}
}

// writeGiB writes GiB as bytes: the column says GB, but the vendor's GB is a GiB
// (billing articles).
func writeGiB(w *exposition.Writer, l exposition.Labels, gib money.Amount) {
	const gibibyte = 1 << 30
	if whole := gib / money.One; gib%money.One == 0 && whole < 1<<32 && whole > -1<<32 {
		w.Int(l, int64(whole)*gibibyte)
		return
	}
	w.Sample(l, float64(gib)/float64(money.One)*gibibyte)
}
