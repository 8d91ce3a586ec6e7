package main

import (
	"cmp"
	"go/ast"
	"go/token"
	"math"
	"slices"
)

// edits are changes of a file's text. All else stays as it is: comments, line
// numbers, what the compiler is told in comments.
type edits struct {
	text []byte
	base token.Pos // of the text's first byte
	all  []edit
}

type edit struct {
	start, end int
	text       string
	order      int // among those that start at the same byte
}

func (e *edits) source(from, to token.Pos) string {
	return string(e.text[from-e.base : to-e.base])
}

func (e *edits) add(from, to token.Pos, text string, order int) {
	e.all = append(e.all, edit{int(from - e.base), int(to - e.base), text, order})
}

// replace puts text where the token was, behind all that is put before it.
func (e *edits) replace(pos token.Pos, tok token.Token, text string) {
	e.add(pos, pos+token.Pos(len(tok.String())), text, math.MaxInt)
}

// wrap puts text around a node. Nodes come from the outer to the inner, and id grows:
// of those that begin together the first is the outer, of those that end together the last.
func (e *edits) wrap(n ast.Node, id int, before, after string) {
	e.add(n.Pos(), n.Pos(), before, id)
	e.add(n.End(), n.End(), after, -id)
}

// apply returns the changed text.
func (e *edits) apply() []byte {
	slices.SortFunc(e.all, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.order, b.order))
	})
	var out []byte
	last := 0
	for _, edit := range e.all {
		out = append(append(out, e.text[last:edit.start]...), edit.text...)
		last = edit.end
	}
	return append(out, e.text[last:]...)
}
