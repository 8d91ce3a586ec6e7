package csvparse

import (
	"fmt"
	"slices"
)

// Option changes how a file is read.
type Option func(*options) error

type options struct {
	columns  []Column // nil: all
	doubtful []Column // those besides whose cells need not be readable
	raw      []Column // those besides that Raw gives
	first    int      // bytes of the window until a row is longer: many bills are read at once
	most     int      // bytes of the longest row, with its line end
	trustEOF bool
}

// WithDoubtful reads these columns too. They need not be in the file, and a cell of
// theirs that cannot be read does not reject its row: it is left blank and stands in
// the row's Doubtful.
func WithDoubtful(columns ...Column) Option {
	return func(o *options) (err error) {
		o.doubtful, err = existing(columns)
		return err
	}
}

// WithRaw has Raw give the cells of these columns, which must be in the file. Those
// of texts so many and long that no reader keeps them.
func WithRaw(columns ...Column) Option {
	return func(o *options) (err error) {
		o.raw, err = existing(columns)
		return err
	}
}

func existing(columns []Column) ([]Column, error) {
	for _, c := range columns {
		if int(c) >= columnCount {
			return nil, fmt.Errorf("csvparse: no column %d", c)
		}
	}
	return slices.Clone(columns), nil
}

// maxRow is the longest row with its line end that is read, in bytes.
const maxRow = 1 << 20

func choose(opts []Option) (options, error) {
	o := options{first: 2 * readSize, most: maxRow}
	for _, option := range opts {
		if err := option(&o); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

// WithColumns reads these columns of a billing CSV and no others. All of them must
// be in the file; their cells alone are checked.
func WithColumns(columns ...Column) Option {
	return func(o *options) (err error) {
		o.columns, err = existing(columns)
		return err
	}
}

// TrustEOF reports whether the reader proves its end, as a body with a Content-Length
// does: io.EOF from it means that nothing was cut off. Then a last row without a
// line end is whole if it has all its fields.
func TrustEOF(proven bool) Option {
	return func(o *options) error {
		o.trustEOF = proven
		return nil
	}
}
