package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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

	mu     sync.Mutex // held while a piece is made
	pieces []made     // the one that was asked for last at the end

	onDisk atomic.Bool // its parts, those that are kept there at all
}

// made is a piece that is kept.
type made struct {
	encoding exposition.Encoding
	piece    *exposition.Piece
}

// maxPieces is how many encodings are kept at the same time: each is as large as all
// data. Scrapers of one installation use one or two; who asks for all there are
// waits for them.
const maxPieces = 4

// prepare counts the series and encodes them. It panics when a family does.
func (b *body) prepare(encodings ...exposition.Encoding) error {
	var err error
	b.counted.Do(func() {
		m := families{whole: slices.ContainsFunc(encodings, exposition.Encoding.Whole)}
		var pieces []*exposition.Piece
		pieces, err = new(exposition.Press).Encode(m.of(b.families, b.parts), encodings...)
		b.series, b.duplicates = m.series, m.duplicates+duplicatesBefore(b.parts)
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, piece := range pieces {
			b.keep(encodings[i], piece)
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

// keep keeps a piece, in place of the one that was not asked for for longest where there
// are too many.
func (b *body) keep(e exposition.Encoding, piece *exposition.Piece) {
	b.pieces = slices.DeleteFunc(b.pieces, func(m made) bool { return m.encoding.Index() == e.Index() })
	if len(b.pieces) == maxPieces {
		b.pieces = slices.Delete(b.pieces, 0, 1)
	}
	b.pieces = append(b.pieces, made{e, piece})
}

// piece returns the body in an encoding. Whoever asks first makes it, one at a time.
func (b *body) piece(e exposition.Encoding) (piece *exposition.Piece, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.pieces, func(m made) bool { return m.encoding.Index() == e.Index() }); i >= 0 {
		piece = b.pieces[i].piece
		b.keep(e, piece)
		return piece, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("encode: panic: %v", p)
		}
	}()
	m := families{whole: e.Whole()}
	pieces, err := new(exposition.Press).Encode(m.of(b.families, b.parts), e)
	if err != nil {
		return nil, err
	}
	b.keep(e, pieces[0])
	return pieces[0], nil
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
