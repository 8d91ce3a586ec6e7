package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// body is what the parts of a snapshot expose. It is immutable; what nobody has
// asked for lately is made when somebody asks.
type body struct {
	families []collector.Family
	parts    []*collector.Part

	counted            sync.Once
	series, duplicates int

	pieces [exposition.Encodings]struct {
		once  sync.Once
		piece *exposition.Piece
		err   error
	}
}

// prepare counts the series and encodes them. It panics when a family does.
func (b *body) prepare(encodings ...exposition.Encoding) error {
	var err error
	b.counted.Do(func() {
		m := families{whole: slices.ContainsFunc(encodings, exposition.Encoding.Whole)}
		var pieces []*exposition.Piece
		pieces, err = new(exposition.Press).Encode(m.of(b.families, b.parts), encodings...)
		b.series, b.duplicates = m.series, m.duplicates
		for i, piece := range pieces {
			slot := &b.pieces[encodings[i].Index()]
			slot.once.Do(func() { slot.piece = piece })
		}
	})
	return err
}

// counts returns the number of series, and of samples that were dropped because
// their series was there already.
func (b *body) counts() (series, duplicates int) {
	_ = b.prepare() // nothing is encoded that could fail
	return b.series, b.duplicates
}

// piece returns the body in an encoding. Whoever asks first makes it.
func (b *body) piece(e exposition.Encoding) (*exposition.Piece, error) {
	slot := &b.pieces[e.Index()]
	slot.once.Do(func() {
		defer func() {
			if p := recover(); p != nil {
				slot.err = fmt.Errorf("encode: panic: %v", p)
			}
		}()
		m := families{whole: e.Whole()}
		pieces, err := new(exposition.Press).Encode(m.of(b.families, b.parts), e)
		if slot.err = err; err == nil {
			slot.piece = pieces[0]
		}
	})
	return slot.piece, slot.err
}

// Text returns what parts expose in the text format, and how many samples were
// dropped because their series was there already. It is what a scrape of them alone
// would give.
func Text(families []collector.Family, parts ...*collector.Part) (text string, duplicates int, err error) {
	b := &body{families: families, parts: parts}
	e := exposition.Encoding{Format: exposition.Text}
	if err := b.prepare(e); err != nil {
		return "", 0, err
	}
	piece, err := b.piece(e)
	if err != nil {
		return "", 0, err
	}
	var out strings.Builder
	_, err = piece.WriteTo(&out)
	return out.String(), b.duplicates, err
}
