package bill

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"ukcloud_exporter/csvparse"
)

// Options say how a billing CSV is read.
type Options struct {
	// Month is the month whose invoice the file is. Rows of other days are late; a
	// file that has no row of the month is refused. The zero Month is not known.
	Month Month
	// Tags are the keys of the Metadata column to add up by. A Builder's are those of
	// the Reader of its rows.
	Tags []string
	// AllColumns reads all 56 columns, and not only those that a Bill is made of. The
	// others may be missing; cells of them that cannot be read stand in Row.Doubtful.
	AllColumns bool
	// Checked is AllColumns without texts that a Bill is not made of: what Check wants.
	Checked bool
	// TotalsOnly has a Bill without Costs, Resources and Usage, and of its Days only
	// which there are.
	TotalsOnly bool
	// Proven says that the file's end is known to be its end: see csvparse.TrustEOF.
	Proven bool
	// MaxNames is how many different resources, VDCs, services, days and values of
	// tags a Bill may have together; 0 is any number.
	MaxNames int
	// Rejected, if not nil, is told of each row that cannot be read.
	Rejected func(*csvparse.RowError)
}

// must are the columns that decide what a row is. A cell of another column, a price for
// example, cannot make a row unreadable for one reader and not for the next.
func (o *Options) must() []csvparse.Column {
	columns := []csvparse.Column{
		csvparse.EventDate, csvparse.VDC, csvparse.ResourceID, csvparse.Service, csvparse.PowerState, csvparse.UsageHours,
		csvparse.ComputeTotal, csvparse.GPUTotal, csvparse.Tier1Total, csvparse.Tier2Total, csvparse.GeoTotal,
		csvparse.ProtectionTotal, csvparse.LicenceTotal, csvparse.TotalPrice,
	}
	if len(o.Tags) > 0 && o.AllColumns {
		columns = append(columns, csvparse.Metadata)
	}
	return columns
}

// raw are the columns that must be there but whose texts no row has: of the metadata
// nothing is wanted but its tags.
func (o *Options) raw() []csvparse.Column {
	if len(o.Tags) == 0 || o.AllColumns {
		return nil
	}
	return []csvparse.Column{csvparse.Metadata}
}

// others are the columns that are read besides.
func (o *Options) others() []csvparse.Column {
	if !o.AllColumns && !o.Checked {
		return nil
	}
	read, row := o.must(), new(csvparse.BillingRow)
	return slices.DeleteFunc(csvparse.Columns(), func(c csvparse.Column) bool {
		_, isText := row.Field(c).(*string)
		return slices.Contains(read, c) || isText && !o.AllColumns
	})
}

// Reader reads the rows of one billing CSV. It alone decides what is a row of a
// bill and where its money goes: the daemon and all tools stand on it.
type Reader struct {
	options Options
	csv     *csvparse.Billing
	tags    *tagCache // nil when none are wanted
	row     Row

	turnover      Sum  // of all components without their signs
	hours         Sum  // of all rows without their signs
	endless       bool // hours is out of range
	rows, inMonth int64
	first, last   csvparse.Date // days of the rows
	rejected      int64
	reason        *csvparse.RowError // of the first row that was rejected
}

// NewReader reads the header. Its errors are those of csvparse.NewBilling.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	csv, err := csvparse.NewBilling(r, csvparse.WithColumns(o.must()...), csvparse.WithDoubtful(o.others()...),
		csvparse.WithRaw(o.raw()...), csvparse.TrustEOF(o.Proven))
	if err != nil {
		return nil, err
	}
	return newReader(o, csv), nil
}

func newReader(o Options, csv *csvparse.Billing) *Reader {
	r := &Reader{options: o, csv: csv}
	if len(o.Tags) > 0 {
		r.tags = newTagCache(o.Tags)
	}
	return r
}

// Rows reads all rows to the end of the file. It yields each row that can be read;
// the row is the same variable each time. An error is the last thing that it
// yields, and means that nothing is known of the month: a *csvparse.StreamError for
// a file that is cut off, ErrNotReadable, ErrOtherMonth, or sums out of range.
func (r *Reader) Rows() iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		for {
			switch row, err := r.next(); {
			case err == io.EOF:
				if err := r.end(); err != nil {
					yield(nil, err)
				}
				return
			case err != nil:
				yield(nil, err)
				return
			case row != nil && !yield(row, nil):
				return
			}
		}
	}
}

// next reads the next row. Row and error are nil for one that is rejected; io.EOF is
// the end of the file, which end judges.
func (r *Reader) next() (*Row, error) {
	if err := r.csv.Decode(&r.row.BillingRow); err != nil {
		rejected, is := errors.AsType[*csvparse.RowError](err)
		if !is {
			return nil, err
		}
		r.reject(rejected)
		return nil, nil
	}
	if !r.row.settle(r.options.Month) {
		r.reject(&csvparse.RowError{
			Line: r.row.Line, Column: int(csvparse.TotalPrice) + 1, Field: csvparse.TotalPrice.String(),
			Reason: csvparse.Overflow, Value: r.row.Total.Amount.String(),
		})
		return nil, nil
	}
	if !r.see() {
		return nil, fmt.Errorf("line %d: %w", r.row.Line, errRange)
	}
	r.time()
	r.tag()
	return &r.row, nil
}

// tag finds the row's tags.
func (r *Reader) tag() {
	switch {
	case r.tags == nil:
	case r.options.AllColumns:
		r.row.tags = r.tags.ofText(r.row.Metadata)
	default:
		r.row.tags = r.tags.ofCell(r.csv.Raw(csvparse.Metadata))
	}
}

// Missing returns the columns that a Bill is not made of and that are not in the file.
func (r *Reader) Missing() []csvparse.Column { return r.csv.Missing() }

func (r *Reader) reject(row *csvparse.RowError) {
	if r.rejected++; r.rejected == 1 {
		r.reason = row
	}
	if r.options.Rejected != nil {
		r.options.Rejected(row)
	}
}

// see takes note of a row's day and money. It returns false when sums of the file may
// be out of range: where all amounts come to less without their signs, no sum of any
// of them is.
func (r *Reader) see() bool {
	var turnover Sum
	for i := range r.row.Costs {
		part := &r.row.Costs[i]
		if !turnover.add(max(part.Value, -part.Value), part.Valid) || part.Value == math.MinInt64 {
			return false
		}
	}
	r.day()
	return r.turnover.Add(turnover)
}

// day takes note of a row's day.
func (r *Reader) day() {
	day := r.row.EventDate
	if r.rows++; !r.row.Late {
		r.inMonth++
	}
	if day == r.last {
		return
	}
	if r.first == (csvparse.Date{}) || day.Compare(r.first) < 0 {
		r.first = day
	}
	if day.Compare(r.last) > 0 {
		r.last = day
	}
}

// Files of which nothing may be used although they are CSV to their end.
var (
	ErrNotReadable = errors.New("no row can be read")
	ErrOtherMonth  = errors.New("no row is of the month")
	ErrManyNames   = errors.New("too many different resources, VDCs, services and values of tags")
)

// end judges the file as a whole.
func (r *Reader) end() error {
	switch {
	case r.rows == 0 && r.rejected > 0:
		return fmt.Errorf("%w: %d rejected, the first for %w", ErrNotReadable, r.rejected, r.reason)
	case r.rows > 0 && r.inMonth == 0:
		return fmt.Errorf("%w %s: they are of %s to %s", ErrOtherMonth, r.options.Month, r.first, r.last)
	}
	return nil
}
