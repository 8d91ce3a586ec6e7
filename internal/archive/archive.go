// Package archive keeps a data set of internal/lake up to date with the bills that the
// billing_csv collector reads.
//
// The bytes of a bill go to a file beside the data set while they are read. Once the
// bill is taken for whole, one goroutine writes it into the data set, behind everything
// that scrapes wait for. What fails is logged, counted and left: the collector compares
// what it holds with what is here, and reads again what is missing.
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
	a := &Archive{dir: dir, version: version, log: log, metrics: m, wake: make(chan struct{}, 1), done: make(chan struct{})}
	a.context, a.cancel = context.WithCancel(context.Background())
	a.clear()
	m.archive.Store(a)
	go a.run()
	return a
}

// clear removes what a killed process has left where the name of an open file cannot be
// removed. Elsewhere there is nothing.
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
	sum, _ := lake.CSVSum(a.dir, account, vorg, month)
	return sum
}

// Copy implements collector.Archive.
func (a *Archive) Copy(account, vorg, period string) collector.BillCopy {
	return newCopy(a, account, vorg, period)
}

// add has a bill written, in place of an older one that waits. Without a bill nothing
// of its kind waits any more.
func (a *Archive) add(account, vorg string, month bill.Month, b *billCopy) {
	a.mu.Lock()
	a.waiting = slices.DeleteFunc(a.waiting, func(w *billCopy) bool {
		same := w.account == account && w.vorg == vorg && w.month == month
		if same {
			w.forget()
		}
		return same
	})
	if b != nil {
		a.waiting = append(a.waiting, b)
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
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
	for {
		select {
		case <-a.context.Done():
			for _, b := range a.take() {
				b.forget()
			}
			return
		case <-a.wake:
			if bills := a.take(); len(bills) > 0 {
				a.write(bills)
			}
		}
	}
}

// write writes bills into the data set: all that came while the last ones were written,
// so that a month is replaced once for many of them.
func (a *Archive) write(bills []*billCopy) {
	defer func() {
		for _, b := range bills {
			b.forget()
		}
	}()
	set, err := lake.Open(a.dir, schema, format, a.version)
	if err != nil {
		a.failed(a.log, err)
		return
	}
	for _, b := range bills {
		if err := a.stage(set, b); err != nil {
			a.failed(b.log(), err)
		}
		b.forget() // its room on the disk may be what the next one needs
	}
	var changes []lake.Change
	if a.context.Err() == nil {
		changes, err = set.Commit()
	}
	for _, change := range changes {
		a.log.Info("Bills exported", "period", change.BillingPeriod, "files", len(change.Files), "rows", change.Rows, "cost_gbp", change.Cost.String())
		for _, before := range change.Shrunk {
			a.log.Warn("An exported bill has fewer rows than before", "period", change.BillingPeriod, "vorg", before.VOrg, "rows_before", before.Rows)
		}
	}
	if err := errors.Join(err, set.Close()); err != nil {
		a.failed(a.log, err)
	}
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
