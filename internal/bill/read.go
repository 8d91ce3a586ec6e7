package bill

import (
	"errors"
	"io"
	"slices"

	"ukcloud_exporter/csvparse"
)

// Options say how a billing CSV is added up.
type Options struct {
	// Month is the month that was asked for; rows of another one are rejected.
	// The zero Month takes them all.
	Month Month
	// Tags are the keys of the Metadata column to add up by.
	Tags []string
	// Rejected, if not nil, is told of each row that is in no sum.
	Rejected func(*csvparse.RowError)
	// Proven says that the reader proves its end: see csvparse.TrustEOF.
	Proven bool
}

// columns are the columns that a Bill is made of.
func (o *Options) columns() []csvparse.Column {
	columns := []csvparse.Column{
		csvparse.EventDate, csvparse.VDC, csvparse.ResourceID, csvparse.Service, csvparse.PowerState, csvparse.UsageHours,
		csvparse.ComputeTotal, csvparse.GPUTotal, csvparse.Tier1Total, csvparse.Tier2Total, csvparse.GeoTotal,
		csvparse.ProtectionTotal, csvparse.LicenceTotal, csvparse.TotalPrice,
	}
	if len(o.Tags) > 0 {
		columns = append(columns, csvparse.Metadata)
	}
	return columns
}

// Read adds up a billing CSV to its end. An error means that nothing is known of
// the month: a *csvparse.HeaderError for a file of another kind, a
// *csvparse.StreamError for one that is cut off, or a sum out of range.
func Read(r io.Reader, o Options) (*Bill, error) {
	b := NewBuilder(o)
	if err := b.Read(r, o.Proven); err != nil {
		return nil, err
	}
	return b.Bill(), nil
}

// Builder adds up rows, also those of several files.
type Builder struct {
	options  Options
	tags     *tagCache
	rejected map[csvparse.Reason]int64
	sums     *sums
	perDay   map[csvparse.Date]*sums // nil when days are not kept apart
}

// NewBuilder returns a builder without rows.
func NewBuilder(o Options) *Builder {
	return &Builder{
		options: o, tags: newTagCache(o.Tags), rejected: map[csvparse.Reason]int64{}, sums: newSums(len(o.Tags)),
	}
}

// Read adds a billing CSV to its end; proven is as in Options. After an error the
// builder is of no use.
func (b *Builder) Read(r io.Reader, proven bool) error {
	reader, err := csvparse.NewBilling(r, csvparse.WithColumns(b.options.columns()...), csvparse.TrustEOF(proven))
	if err != nil {
		return err
	}
	for row, err := range reader.Rows() {
		if rejected, is := errors.AsType[*csvparse.RowError](err); is {
			b.Reject(rejected)
			continue
		}
		if err != nil {
			return err
		}
		if err := b.Add(row); err != nil {
			return err
		}
	}
	return nil
}

// Add adds a row, or rejects it when it is of another month. An error is a sum
// that went out of range; the builder is of no use then.
func (b *Builder) Add(row *csvparse.BillingRow) error {
	if b.options.Month != (Month{}) && !b.options.Month.Holds(row.EventDate) {
		b.Reject(&csvparse.RowError{
			Line: row.Line, Column: int(csvparse.EventDate) + 1, Field: csvparse.EventDate.String(),
			Reason: OutsidePeriod, Value: row.EventDate.String(),
		})
		return nil
	}
	var tags tagged
	if len(b.options.Tags) > 0 {
		tags = b.tags.of(row.Metadata)
	}
	sums := b.sums
	if b.perDay != nil {
		if sums = b.perDay[row.EventDate]; sums == nil {
			sums = newSums(len(b.options.Tags))
			b.perDay[row.EventDate] = sums
		}
	}
	return sums.add(row, tags)
}

// Reject counts a row that could not be read.
func (b *Builder) Reject(row *csvparse.RowError) {
	b.rejected[row.Reason]++
	if b.options.Rejected != nil {
		b.options.Rejected(row)
	}
}

// Bill returns what has been added up so far.
func (b *Builder) Bill() *Bill {
	return b.sums.bill(b.options.Month, b.options.Tags, b.rejected)
}

// ReadDays adds up a billing CSV as Read does and calls each, in the order of the
// days, with the bill as it stood at the end of every day that has rows: the
// month to date of that day. The last one is what Read returns.
func ReadDays(r io.Reader, o Options, each func(day csvparse.Date, toDate *Bill) error) error {
	b := NewBuilder(o)
	b.perDay = map[csvparse.Date]*sums{}
	if err := b.Read(r, o.Proven); err != nil {
		return err
	}
	var days []csvparse.Date
	for day := range b.perDay {
		days = append(days, day)
	}
	slices.SortFunc(days, csvparse.Date.Compare)
	for _, day := range days {
		if err := b.sums.merge(b.perDay[day]); err != nil {
			return err
		}
		delete(b.perDay, day)
		if err := each(day, b.Bill()); err != nil {
			return err
		}
	}
	return nil
}
