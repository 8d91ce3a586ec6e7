package csvparse

import "slices"

// internBytes is how much an interner keeps, about: the identifiers and the metadata
// of an estate of some 15,000 VMs.
const internBytes = 12 << 20

// cellsAtOnce is how many cells are made at once.
const cellsAtOnce = 64

// interner gives the same string for the same cell, so that a row costs no
// allocation once its identifiers have been seen, and a string is never part of the
// window.
//
// It is bounded: before what it keeps exceeds internBytes it forgets cells, any of them.
// Bills come back to their texts in turn, a day after the other: who forgot the oldest
// of somewhat too many texts would forget each just before it comes, and who forgot
// all of them at once nearly so. The strings that it has given out stay good, each in
// its own memory.
type interner struct {
	known   map[string]*cell // by raw
	bytes   int              // what known costs, about
	columns int              // how many columns of text a row has
	spare   []*cell          // not used, or no longer: cells are made many at once
	places  [][]*cell        // likewise, to be the beside of a resource
	beside  []*cell          // by column: what it held beside this row's resource
	above   []*cell          // by column: what it held on a row before
}

// cell is a field as the file writes it, with its quotes, and its text. One that has
// been forgotten is blank until it is another's: what still points to it guesses wrong.
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
		if len(in.places) == 0 {
			in.places = slices.AppendSeq(in.places, slices.Chunk(make([]*cell, cellsAtOnce*in.columns), in.columns))
		}
		c.beside, in.places = last(in.places)
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

// cost is what a cell takes, about.
func (c *cell) cost() int {
	const entry = 128 // a cell, and its place in a map
	size := entry + len(c.raw) + 8*len(c.beside)
	if c.raw[0] == '"' {
		size += len(c.text)
	}
	return size
}

func (in *interner) learn(raw []byte) *cell {
	var c *cell
	if len(in.spare) == 0 {
		cells := make([]cell, cellsAtOnce)
		for i := range cells {
			in.spare = append(in.spare, &cells[i])
		}
	}
	c, in.spare = last(in.spare)
	c.raw = string(raw)
	c.text = c.raw
	if raw[0] == '"' {
		c.text = string(unquote(raw))
	}
	if in.bytes += c.cost(); in.bytes > internBytes {
		in.forget()
	}
	in.known[c.raw] = c
	return c
}

// forget makes room.
func (in *interner) forget() {
	const batch = internBytes / 2048 // a loop costs more to begin than to go on
	for raw, c := range in.known {   // in no order
		delete(in.known, raw)
		in.bytes -= c.cost()
		if c.beside != nil {
			clear(c.beside)
			in.places = append(in.places, c.beside)
		}
		*c = cell{}
		in.spare = append(in.spare, c)
		if in.bytes <= internBytes-batch {
			return
		}
	}
}

// last takes the last of some things.
func last[T any](of []T) (T, []T) { return of[len(of)-1], of[:len(of)-1] }
