package bill

import (
	"encoding/binary"
	"hash/maphash"

	"ukcloud_exporter/csvparse"
)

// tagCacheBytes bounds what a tagCache keeps, about.
const tagCacheBytes = 8 << 20

// tagged is what the wanted keys are in a text of the Metadata column: their values, in
// the order of the keys, "" where the text has not the key. It does not change.
type tagged struct {
	values []string
	bad    bool // the text has no known form

	uses int // in known
	name string
}

// tagCache knows the values of the wanted keys for each distinct text of the
// Metadata column, so that a text is read once and not in each of its rows. Each VM may
// have a text of its own, but few values of the few keys that are wanted: it keeps of a
// text nothing but a fingerprint, and each combination of values once.
//
// Where that is more than its bound it forgets texts, any of them: a bill comes back to
// its texts in turn, a day after the other, and whoever forgot the oldest, or all of
// them, would forget each just before it comes.
type tagCache struct {
	wanted *wanted
	seeds  [2]maphash.Seed
	known  map[fingerprint]*tagged
	each   map[string]*tagged // by name
	bytes  int                // of known and each
	most   int                // that bytes may be
	none   *tagged            // what a blank text has
	name   []byte
}

// fingerprint stands for a text. Its two hashes have keys of their own that nobody
// knows: no two texts have the same in any file that can be.
type fingerprint [2]uint64

func newTagCache(keys []string) *tagCache {
	return &tagCache{
		wanted: newWanted(keys), seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		known: map[fingerprint]*tagged{}, each: map[string]*tagged{}, most: tagCacheBytes, none: &tagged{values: make([]string, len(keys))},
	}
}

// ofCell returns what stands in a cell of the column as the file writes it. It may
// write over the cell.
func (c *tagCache) ofCell(cell []byte) *tagged {
	if len(cell) == 0 {
		return c.none
	}
	mark := fingerprint{maphash.Bytes(c.seeds[0], cell), maphash.Bytes(c.seeds[1], cell)}
	if t := c.known[mark]; t != nil {
		return t
	}
	return c.learn(mark, csvparse.Unquote(cell))
}

// ofText is ofCell for the text of the cell.
func (c *tagCache) ofText(text string) *tagged {
	if text == "" {
		return c.none
	}
	mark := fingerprint{maphash.String(c.seeds[0], text), maphash.String(c.seeds[1], text)}
	if t := c.known[mark]; t != nil {
		return t
	}
	return c.learn(mark, []byte(text))
}

func (c *tagCache) learn(mark fingerprint, text []byte) *tagged {
	c.wanted.find(text)
	t := c.found()
	t.uses++
	c.known[mark] = t
	c.bytes += textCost
	if c.bytes > c.most {
		c.forget(mark)
	}
	return t
}

// textCost is what a text takes in known, about.
const textCost = 64

// cost is what a combination of values takes, about.
func (t *tagged) cost() int { return 160 + 2*len(t.name) + 16*len(t.values) }

// found returns the combination of values that wanted has found.
func (c *tagCache) found() *tagged {
	c.name = append(c.name[:0], 'o', 'k')
	if c.wanted.bad {
		c.name[0] = 'n'
	}
	for _, value := range c.wanted.values {
		c.name = binary.AppendUvarint(c.name, uint64(len(value)))
		c.name = append(c.name, value...)
	}
	t := c.each[string(c.name)]
	if t == nil {
		t = &tagged{values: make([]string, len(c.wanted.values)), bad: c.wanted.bad, name: string(c.name)}
		for i, value := range c.wanted.values {
			t.values[i] = string(value)
		}
		c.each[t.name] = t
		c.bytes += t.cost()
	}
	return t
}

// forget makes room, but keeps the text that has come last.
func (c *tagCache) forget(last fingerprint) {
	room := c.most - c.most/2048   // a loop costs more to begin than to go on
	for mark, t := range c.known { // in no order
		if mark == last {
			continue
		}
		delete(c.known, mark)
		c.bytes -= textCost
		if t.uses--; t.uses == 0 {
			delete(c.each, t.name)
			c.bytes -= t.cost()
		}
		if c.bytes <= room {
			return
		}
	}
}
