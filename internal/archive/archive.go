// Package archive keeps a data set of internal/lake up to date with the bills that the
// billing_csv collector reads.
//
// The bytes of a bill go to a file beside the data set while they are read. Once the
// bill is taken for whole, one goroutine writes it into the data set, behind everything
// that scrapes wait for. What fails is logged, counted and left: the collector compares
// what it holds with what is here, and reads again what is missing. A disk that does
// not answer is such a failure, and holds no collector up.
package archive

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/lake"
)

// copyPattern is the name of a bill that is being read. Engines pass over it.
const copyPattern = ".bill.*"

// Schema and format of the data set.
const (
	schema = lake.EvidenceSchema
	format = lake.Parquet
)

// Check returns why bills could not be written into a directory.
func Check(dir string) error { return lake.Check(dir, schema, format) }

// Archive is a data set that is kept up to date.
type Archive struct {
	dir, version string
	log          *slog.Logger
	metrics      *Metrics
	disk         disk
	create       func(dir string) (file, error) // for a bill that is read

	mu      sync.Mutex
	waiting []*billCopy // to be written; one of each compute service and month
	wake    chan struct{}

	context context.Context // of the goroutine that writes
	cancel  context.CancelFunc
	done    chan struct{}
}

// New keeps the data set in dir, which is made when the first bill comes. version is the
// program's. Stop ends it.
func New(dir, version string, log *slog.Logger, m *Metrics) *Archive {
	return start(&Archive{dir: dir, version: version, log: log, metrics: m, create: newTemporary})
}

func start(a *Archive) *Archive {
	a.wake, a.done = make(chan struct{}, 1), make(chan struct{})
	a.context, a.cancel = context.WithCancel(context.Background())
	a.metrics.archive.Store(a)
	go a.run()
	return a
}

// clear removes what a killed process has left where the name of an open file cannot be
// removed. Elsewhere that is the bill at most that it was about to take the name of.
func (a *Archive) clear() {
	left, _ := filepath.Glob(filepath.Join(a.dir, copyPattern))
	for _, name := range left {
		_ = os.Remove(name)
	}
}

// Stop ends the writing. A bill that is not written whole is as if it had not come.
func (a *Archive) Stop(ctx context.Context) error {
	a.cancel()
	select {
	case <-a.done:
		a.metrics.archive.CompareAndSwap(a, nil) // a reload has another by now
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Sum implements collector.Archive: the SHA-256 of the CSV that a bill was written from.
func (a *Archive) Sum(account, vorg, period string) string {
	month, err := bill.ParseMonth(period)
	if err != nil {
		return ""
	}
	return a.sum(account, vorg, month)
}

// sum is "" also where the manifest cannot be read: that is told when the bill is to be
// replaced.
func (a *Archive) sum(account, vorg string, month bill.Month) string {
	var sum string
	if err := a.disk.do(patience, func() { sum, _ = lake.CSVSum(a.dir, account, vorg, month) }); err != nil {
		return ""
	}
	return sum
}

// Copy implements collector.Archive.
func (a *Archive) Copy(account, vorg, period string) collector.BillCopy {
	return newCopy(a, account, vorg, period)
}

// add has a bill written, in place of an older one that waits. Without a bill nothing
// of its kind waits any more.
func (a *Archive) add(account, vorg string, month bill.Month, b *billCopy) {
	older := a.replace(account, vorg, month, b)
	if older != nil {
		older.giveUp()
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// replace returns the bill in whose place another one waits, or none.
func (a *Archive) replace(account, vorg string, month bill.Month, b *billCopy) (older *billCopy) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := slices.IndexFunc(a.waiting, func(w *billCopy) bool { return w.account == account && w.vorg == vorg && w.month == month })
	if at >= 0 {
		older = a.waiting[at]
		a.waiting = slices.Delete(a.waiting, at, at+1)
	}
	if b != nil {
		a.waiting = append(a.waiting, b)
	}
	return older
}

func (a *Archive) take() []*billCopy {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.waiting
	a.waiting = nil
	return all
}

func (a *Archive) run() {
	defer close(a.done)
	a.clear()
	for {
		select {
		case <-a.context.Done():
			for _, b := range a.take() {
				b.forget()
			}
			return
		case <-a.wake:
			if bills := a.take(); len(bills) > 0 {
				if err := a.write(bills); err != nil {
					a.failed(a.log, err)
				}
			}
		}
	}
}

// write writes bills into the data set: all that came while the last ones were written,
// so that a month is replaced once for many of them.
func (a *Archive) write(bills []*billCopy) (err error) {
	defer func() {
		if r := recover(); r != nil { // of one bill; the metrics of all go on
			err = collector.PanicError(r)
		}
		for _, b := range bills {
			b.forget()
		}
	}()
	set, err := lake.Open(a.dir, schema, format, a.version)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	for _, b := range bills {
		if err := a.stage(set, b); err != nil {
			a.failed(b.log(), err)
		}
		b.forget() // its room on the disk may be what the next one needs
	}
	if a.context.Err() != nil {
		return nil
	}
	changes, err := set.Commit()
	for _, change := range changes {
		a.log.Info("Bills exported", "period", change.BillingPeriod, "files", len(change.Files), "rows", change.Rows, "cost_gbp", change.Cost.String())
		for _, before := range change.Shrunk {
			a.log.Warn("An exported bill has fewer rows than before", "period", change.BillingPeriod, "vorg", before.VOrg, "rows_before", before.Rows)
		}
	}
	return err
}

func (a *Archive) stage(set *lake.DataSet, b *billCopy) error {
	content, err := b.content()
	if err != nil {
		return err
	}
	_, err = set.Evidence(lake.Source{
		Account: b.account, VOrg: b.vorg, Month: b.month, Proven: true, // whole and believed
		CSV: readerFunc(func(p []byte) (int, error) {
			if a.context.Err() != nil {
				return 0, context.Cause(a.context)
			}
			return content.Read(p)
		}),
	})
	return err
}

// failed tells of a failure, unless it is that the program stops.
func (a *Archive) failed(log *slog.Logger, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	a.metrics.failures.Inc()
	log.Error("Bills cannot be exported; it is tried again in the next round", "export_dir", a.dir, "err", err)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
