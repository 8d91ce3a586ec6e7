package collector

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"sync"

	"ukcloud_exporter/portal"
)

// errUnproven is a CSV that was refused because nothing proves its end.
var errUnproven = errors.New("not proven whole: the answer had neither length nor end")

// unproven remembers the CSVs that were refused because nothing proved their end. A
// body that is the end of its connection may have been cut off behind a row, and is
// believed when it comes again with the same bytes: in another round where something
// is held that can stay, at once where nothing is.
type unproven struct {
	mu      sync.Mutex
	refused map[string][sha256.Size]byte // by the key of the part
}

// again reports whether the body that was refused last was the same, and remembers
// this one.
func (u *unproven) again(key string, body [sha256.Size]byte) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	last, known := u.refused[key]
	if u.refused == nil {
		u.refused = map[string][sha256.Size]byte{}
	}
	u.refused[key] = body
	return known && last == body
}

// forget forgets a key, of which a body was taken.
func (u *unproven) forget(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.refused, key)
}

// keep forgets what is of none of the keys.
func (u *unproven) keep(keys map[string]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.refused, func(key string, _ [sha256.Size]byte) bool { return !keys[key] })
}

// bodySum reads a stream and knows its bytes again.
type bodySum struct {
	io.Reader
	hash hash.Hash // nil when the stream proves its end
}

func sumOf(stream *portal.Stream) *bodySum {
	if stream.Proven {
		return &bodySum{Reader: stream}
	}
	h := sha256.New()
	return &bodySum{io.TeeReader(stream, h), h}
}

// believe reports by its error whether a stream that was read to its end may be
// taken for whole. doubt is what speaks against it, "" when nothing does.
func (u *unproven) believe(key string, body *bodySum, doubt string) error {
	if body.hash == nil || doubt == "" {
		u.forget(key)
		return nil
	}
	if u.again(key, [sha256.Size]byte(body.hash.Sum(nil))) {
		return nil
	}
	return fmt.Errorf("%w, and %s; it is taken when it comes again the same", errUnproven, doubt)
}
