package csvparse

// internBytes is how much an interner keeps, about: the identifiers and the metadata
// of an estate of some 15,000 VMs.
const internBytes = 12 << 20

// cellsAtOnce is how many cells are made at once.
const cellsAtOnce = 64

// interner gives the same string for the same cell, so that a row costs no
// allocation once its identifiers have been seen, and a string is never part of the
// window.
//
// It is bounded: before what it keeps exceeds internBytes it forgets all of it, and
// whatever led there. The strings that it has given out stay good, each in its own
// memory.
type interner struct {
	known   map[string]*cell // by raw
	bytes   int              // what known costs, about
	columns int              // how many columns of text a row has
	spare   []cell           // not yet used: cells are made many at once
	places  []*cell          // not yet used, for beside
	beside  []*cell          // by column: what it held beside this row's resource
	above   []*cell          // by column: what it held on a row before
}

// cell is a field as the file writes it, with its quotes, and its text.
//
// A resource has the same names, VDC and metadata on most of its rows, and after it
// comes the resource that came after it the last time: so it remembers both, and most
// fields are known without being looked for. What differs, as times do, is mostly that
// of the row before.
type cell struct {
	raw, text string
	beside    []*cell // of a resource, by column
}

func newInterner(columns int) interner {
	return interner{known: make(map[string]*cell), columns: columns, beside: make([]*cell, columns), above: make([]*cell, columns)}
}

// text returns the text of a field in a column of text. It may write over raw.
func (in *interner) text(raw []byte, column int) string {
	if len(raw) == 0 {
		return ""
	}
	return in.cell(raw, column).text
}

// resource is text for the column that says whose row it is.
func (in *interner) resource(raw []byte, column int) string {
	if len(raw) == 0 {
		return ""
	}
	c := in.cell(raw, column)
	if c.beside == nil {
		if len(in.places) < in.columns {
			in.places = make([]*cell, cellsAtOnce*in.columns)
		}
		c.beside, in.places = in.places[:in.columns:in.columns], in.places[in.columns:]
		in.bytes += 8 * in.columns
	}
	in.beside = c.beside
	return c.text
}

func (in *interner) cell(raw []byte, column int) *cell {
	guess := in.beside[column]
	if guess != nil && guess.raw == string(raw) {
		return guess
	}
	c := in.above[column]
	if c == nil || c.raw != string(raw) {
		if c = in.known[string(raw)]; c == nil {
			c = in.learn(raw)
		}
		in.above[column] = c
	}
	in.beside[column] = c
	return c
}

func (in *interner) learn(raw []byte) *cell {
	if len(in.spare) == 0 {
		in.spare = make([]cell, cellsAtOnce)
	}
	c := &in.spare[0]
	in.spare = in.spare[1:]
	c.raw = string(raw)
	c.text = c.raw
	const entry = 128 // a cell, and its place in a map, about
	size := entry + len(c.raw)
	if raw[0] == '"' {
		c.text = string(unquote(raw))
		size += len(c.text)
	}
	if in.bytes+size > internBytes {
		*in = newInterner(in.columns)
	}
	in.known[c.raw] = c
	in.bytes += size
	return c
}
