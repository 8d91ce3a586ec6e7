package bill

import (
	"fmt"
	"io"
	"slices"

	"ukcloud_exporter/csvparse"
)

// Read adds up a billing CSV to its end. An error means that nothing is known of
// the month: those of Reader.
func Read(r io.Reader, o Options) (*Bill, error) {
	b := NewBuilder(o)
	if err := b.Read(r); err != nil {
		return nil, err
	}
	return b.Bill(), nil
}

// ReadFile is Read with several workers.
func ReadFile(f File, o Options) (*Bill, error) {
	if o.MaxNames > 0 {
		f.Workers = 1 // on which line there are too many depends on all lines before
	}
	head := NewBuilder(o)
	reader, err := NewReader(f.From(0), o)
	if err != nil {
		return nil, err
	}
	err = reader.Collect(head, func() Collector {
		b := NewBuilder(o)
		if o.Rejected != nil {
			b.options.Rejected = func(row *csvparse.RowError) { b.kept = append(b.kept, row) }
		}
		return b
	}, f)
	if err != nil {
		return nil, err
	}
	return head.Bill(), nil
}

// Builder adds up the rows of a bill.
type Builder struct {
	kept     []*csvparse.RowError // of a part of a file, to be told when its turn comes
	options  Options
	rejected map[csvparse.Reason]int64
	sums     *sums
	perDay   map[csvparse.Date]*sums // nil when days are not kept apart
}

// NewBuilder returns a builder without rows.
func NewBuilder(o Options) *Builder {
	return &Builder{
		options: o, rejected: map[csvparse.Reason]int64{}, sums: newSums(&o),
	}
}

// Read adds a billing CSV to its end. After an error the builder is of no use.
func (b *Builder) Read(r io.Reader) error {
	o := b.options
	o.Rejected = b.Reject
	reader, err := NewReader(r, o)
	if err != nil {
		return err
	}
	for row, err := range reader.Rows() {
		if err != nil {
			return err
		}
		if err := b.Add(row); err != nil {
			return err
		}
	}
	return nil
}

// Add adds a row. An error is a sum that went out of range, which no file's rows
// alone can do, or ErrManyNames; the builder is of no use then.
func (b *Builder) Add(row *Row) error {
	sums := b.sums
	if b.perDay != nil {
		day := b.charged(row)
		if sums = b.perDay[day]; sums == nil {
			sums = newSums(&b.options)
			b.perDay[day] = sums
		}
	}
	if err := sums.add(row); err != nil {
		return err
	}
	if limit := b.options.MaxNames; limit > 0 && sums.names() > limit {
		return fmt.Errorf("line %d: %w: more than %d", row.Line, ErrManyNames, limit)
	}
	return nil
}

// charged is the day from which on a row is in the month to date. Nobody knows when
// a late row came: it is the nearest day of the month.
func (b *Builder) charged(row *Row) csvparse.Date {
	if !row.Late {
		return row.EventDate
	}
	if first := DateOf(b.options.Month.Start()); row.EventDate.Compare(first) < 0 {
		return first
	}
	return b.options.Month.LastDay()
}

// Reject counts a row that could not be read.
func (b *Builder) Reject(row *csvparse.RowError) {
	b.rejected[row.Reason]++
	if b.options.Rejected != nil {
		b.options.Rejected(row)
	}
}

// MostKept is how much a part of a file should keep to be told when its turn comes.
const MostKept = 10_000

// Full reports that too many rows of a part are waiting to be told.
func (b *Builder) Full() bool { return len(b.kept) >= MostKept }

// Join adds what another builder of the same options has added up of the next part of
// the file, which so many lines stand before. It is a Collector's.
func (b *Builder) Join(next Collector, lines int64) error {
	other := next.(*Builder)
	for reason, rows := range other.rejected {
		b.rejected[reason] += rows
	}
	for _, row := range other.kept {
		b.options.Rejected(Further(row, lines))
	}
	return b.sums.merge(other.sums)
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
	if err := b.Read(r); err != nil {
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
