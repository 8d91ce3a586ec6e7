package exposition

import (
	"fmt"
	"io"
	"sync"
)

// Body is what one collector exposes until its next refresh. It is immutable;
// its pieces are made when they are first asked for, and only those.
type Body struct {
	write func(*Writer)
	count func() counts

	pieces [Encodings]struct {
		once  sync.Once
		piece *Piece
		err   error
	}
}

type counts struct{ series, duplicates int }

// NewBody returns a body of the families that write writes. write is called once
// for each encoding, from any goroutine, and must write the same each time.
func NewBody(write func(*Writer)) *Body {
	return &Body{write: write, count: sync.OnceValue(func() counts {
		w := NewWriter(io.Discard, None)
		write(w)
		return counts{w.series, w.duplicates}
	})}
}

// Series returns the number of series.
func (b *Body) Series() int { return b.count().series }

// Duplicates returns the number of samples that were dropped because their
// series was there already.
func (b *Body) Duplicates() int { return b.count().duplicates }

// Piece returns the body in an encoding. Whoever asks first makes it.
func (b *Body) Piece(e Encoding) (*Piece, error) {
	slot := &b.pieces[e.Index()]
	slot.once.Do(func() {
		defer func() {
			if p := recover(); p != nil {
				slot.err = fmt.Errorf("encode: panic: %v", p)
			}
		}()
		slot.piece, slot.err = new(Press).Piece(e.Compression, func(out io.Writer) error {
			w := NewWriter(out, e.Format)
			b.write(w)
			return w.Close()
		})
	})
	return slot.piece, slot.err
}
