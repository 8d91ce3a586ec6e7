package csvparse

import (
	"fmt"
	"slices"
)

// Option changes how a file is read.
type Option func(*options) error

type options struct {
	columns  []Column // nil: those of the metrics
	maxRow   int
	trustEOF bool
}

// The limits of MaxRow.
const (
	minMaxRow     = 4 << 10
	defaultMaxRow = 1 << 20
	maxMaxRow     = 1 << 30
)

func choose(opts []Option) (options, error) {
	o := options{maxRow: defaultMaxRow}
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
	return func(o *options) error {
		for _, c := range columns {
			if int(c) >= columnCount {
				return fmt.Errorf("csvparse: no column %d", c)
			}
		}
		o.columns = slices.Clone(columns)
		return nil
	}
}

// ForVerify reads all 56 columns of a billing CSV, as BillingRow.Check wants them.
func ForVerify() Option { return WithColumns(allColumns()...) }

// MaxRow is the size of the window, and so the longest row with its line end that
// is read, in bytes: 1 MiB unless told, at least 4 KiB, at most 1 GiB.
func MaxRow(bytes int) Option {
	return func(o *options) error {
		if bytes < minMaxRow || bytes > maxMaxRow {
			return fmt.Errorf("csvparse: longest row of %d bytes is not between %d and %d", bytes, minMaxRow, maxMaxRow)
		}
		o.maxRow = bytes
		return nil
	}
}

// TrustEOF says that the reader proves its end, as a body with a Content-Length
// does: io.EOF from it means that nothing was cut off. Then a last row without a
// line end is whole if it has all its fields.
func TrustEOF() Option {
	return func(o *options) error {
		o.trustEOF = true
		return nil
	}
}
