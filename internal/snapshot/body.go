package snapshot

import (
	"fmt"
	"io"
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
	press    *exposition.Press
	families []collector.Family
	parts    []*collector.Part

	counted            sync.Once
	series, duplicates int
	looks              looks // of the parts' subjects
	broken             any   // with what a family panicked

	mu     sync.Mutex // held while a piece is made
	pieces []made     // the one that was asked for last at the end

	onDisk atomic.Bool // its parts, those that are kept there at all
}

// made is a piece that is kept.
type made struct {
	encoding exposition.Encoding
	piece    *exposition.Piece
}

// maxPieces is how many encodings are kept at the same time, of the present data and of
// those that a refresh makes; of data with one that is large it is that one. Scrapers of
// one installation use one or two; who asks for all there are waits for them.
const (
	maxPieces = 2
	large     = 4 << 20 // bytes; those of 10,000 VMs have 3 MB
)

// prepare counts the series and encodes them. It panics each time when a family does.
func (b *body) prepare(encodings ...exposition.Encoding) error {
	err := b.count(encodings...)
	if b.broken != nil {
		panic(b.broken)
	}
	return err
}

func (b *body) count(encodings ...exposition.Encoding) error {
	var err error
	b.counted.Do(func() {
		defer func() { b.broken = recover() }()
		w := &walk{families: b.families, parts: b.parts, looks: looks{}, seen: newSeen()}
		var pieces []*exposition.Piece
		pieces, err = b.press.Encode(w.all(), encodings...)
		b.series, b.duplicates, b.looks = w.series, w.duplicates, w.looks
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, piece := range pieces {
			b.keep(encodings[i], piece)
		}
	})
	return err
}

// all returns the families, without a sample whose series is there already.
func (b *body) all() *walk {
	_ = b.prepare() // nothing is encoded that could fail
	w := &walk{families: b.families, parts: b.parts, looks: b.looks}
	if b.duplicates > 0 {
		w.seen = newSeen()
	}
	return w
}

// counts returns the number of series, and of samples that were dropped because
// their series was there already; of families that panic none.
func (b *body) counts() (series, duplicates int) {
	_ = b.count() // nothing is encoded that could fail
	return b.series, b.duplicates + duplicatesBefore(b.parts)
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

// large reports whether more than one encoding is too much to be kept. mu is held.
func (b *body) large() bool {
	return slices.ContainsFunc(b.pieces, func(m made) bool { return m.piece.Size() > large })
}

// room is how many encodings are kept of a body like this one.
func (b *body) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.large() {
		return 1
	}
	return maxPieces
}

// part returns the body in an encoding. Whoever asks first for one that is compressed
// makes it, one at a time. Plain text, and what else is large while there is a piece, is
// made while it is written, and not kept.
func (b *body) part(e exposition.Encoding) (part exposition.Part, err error) {
	defer recovered(&err)
	families := b.all().all() // before mu, which it may hold itself
	if e.Compression == exposition.Identity {
		return &live{exposition.Flow{Press: b.press, Families: families, Encoding: e}}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.pieces, func(m made) bool { return m.encoding.Index() == e.Index() }); i >= 0 {
		piece := b.pieces[i].piece
		b.keep(e, piece)
		return piece, nil
	}
	if b.large() {
		return &live{exposition.Flow{Press: b.press, Families: families, Encoding: e}}, nil
	}
	pieces, err := b.press.Encode(families, e)
	if err != nil {
		return nil, err
	}
	b.keep(e, pieces[0])
	return pieces[0], nil
}

// live is a flow of which a family's panic is an error.
type live struct{ exposition.Flow }

// WriteTo implements io.WriterTo.
func (l *live) WriteTo(w io.Writer) (n int64, err error) {
	defer recovered(&err)
	return l.Flow.WriteTo(w)
}

// recovered makes an error of a family's panic.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("encode: panic: %v", p)
	}
}

// Text returns what parts expose in the text format, and how many samples were
// dropped because their series was there already. It is what a scrape of them alone
// would give.
func Text(families []collector.Family, parts ...*collector.Part) (text string, duplicates int, err error) {
	b := &body{press: new(exposition.Press), families: families, parts: parts}
	_, duplicates = b.counts()
	var out strings.Builder
	_, err = (&exposition.Flow{Press: b.press, Families: b.all().all()}).WriteTo(&out)
	return out.String(), duplicates, err
}
