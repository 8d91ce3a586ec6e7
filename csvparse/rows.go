package csvparse

import (
	"errors"
	"io"
	"iter"
)

// rows calls decode until the end of the file or of the stream.
func rows[R any](decode func(*R) error) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		row := new(R)
		for {
			err := decode(row)
			if err == io.EOF {
				return
			}
			if err == nil {
				if !yield(row, nil) {
					return
				}
				continue
			}
			var rejected *RowError
			if !yield(nil, err) || !errors.As(err, &rejected) {
				return
			}
		}
	}
}
