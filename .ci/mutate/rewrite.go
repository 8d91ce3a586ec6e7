package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// mutant is one change of one operator.
type mutant struct {
	id           int // from 1
	kind         string
	file         string
	line, column int
	text         string // the first line of the expression or statement
}

func (m mutant) position() string { return fmt.Sprintf("%s:%d:%d", m.file, m.line, m.column) }

// The helpers of package mutant that stand for an operator.
var (
	arithmetic = map[token.Token]string{
		token.ADD: "MutantAdd", token.SUB: "MutantSub", token.MUL: "MutantMul",
		token.QUO: "MutantDiv", token.REM: "MutantRem",
	}
	relations = map[token.Token]string{
		token.LSS: "MutantLess", token.LEQ: "MutantLessEqual",
		token.GTR: "MutantGreater", token.GEQ: "MutantGreaterEqual",
	}
	logical = map[token.Token]string{token.LAND: "MutantAnd", token.LOR: "MutantOr"}
)

// The operator that a mutant puts in the place of a statement's own.
var statements = map[token.Token]token.Token{
	token.INC: token.DEC, token.DEC: token.INC,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
	token.MUL_ASSIGN: token.QUO_ASSIGN, token.QUO_ASSIGN: token.MUL_ASSIGN, token.REM_ASSIGN: token.MUL_ASSIGN,
	token.BREAK: token.CONTINUE, token.CONTINUE: token.BREAK,
}

// rewriter collects the mutants of a package and the text in which each can be chosen.
type rewriter struct {
	source  *source
	edits   edits // of the file that is being rewritten
	mutants []mutant
}

// rewrite returns the mutants of the package and its files' new texts by name.
func rewrite(s *source) ([]mutant, map[string][]byte) {
	r := &rewriter{source: s}
	texts := map[string][]byte{}
	for _, f := range s.files {
		r.edits = edits{text: f.text, base: f.syntax.FileStart}
		ast.PreorderStack(f.syntax, nil, func(n ast.Node, stack []ast.Node) bool {
			r.node(n, stack)
			return true
		})
		texts[f.name] = r.edits.apply()
	}
	return r.mutants, texts
}

// add records a mutant of the operator at pos, which is part of n.
func (r *rewriter) add(kind string, pos token.Pos, n ast.Node) int {
	at := r.source.fset.PositionFor(pos, false)
	text, _, _ := strings.Cut(r.edits.source(n.Pos(), n.End()), "\n")
	id := len(r.mutants) + 1
	r.mutants = append(r.mutants, mutant{id, kind, at.Filename, at.Line, at.Column, text})
	return id
}

func (r *rewriter) node(n ast.Node, stack []ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		r.binary(n)
	case *ast.UnaryExpr:
		r.unary(n)
	case *ast.IncDecStmt:
		r.statement("increment", n, n.Tok, n.TokPos, stack)
	case *ast.AssignStmt:
		if statements[n.Tok] != 0 && number(r.source.types[n.Lhs[0]].Type) {
			r.statement("assignment", n, n.Tok, n.TokPos, stack)
		}
	case *ast.BranchStmt:
		if n.Label == nil && branches(n, stack) {
			r.statement("loop", n, n.Tok, n.TokPos, stack)
		}
	}
}

// binary rewrites x + y as MutantAdd(id, x, y). What is constant must stay so: it
// may be the length of an array, or a case.
func (r *rewriter) binary(n *ast.BinaryExpr) {
	value := r.source.types[n]
	if value.Value != nil {
		return
	}
	call := func(id int, function string) {
		r.edits.wrap(n, id, fmt.Sprintf("%s(%d, ", function, id), ")")
		r.edits.replace(n.OpPos, n.Op, ",")
	}
	if f, ok := arithmetic[n.Op]; ok && number(value.Type) {
		call(r.add("arithmetic", n.OpPos, n), f+instance(value.Type))
	} else if f, ok := relations[n.Op]; ok {
		id := r.add("boundary", n.OpPos, n)
		r.add("negation", n.OpPos, n)
		call(id, f)
	} else if n.Op == token.EQL || n.Op == token.NEQ {
		id := r.add("negation", n.OpPos, n)
		r.edits.wrap(n, id, fmt.Sprintf("MutantNot(%d, ", id), ")")
	} else if f, ok := logical[n.Op]; ok {
		id := r.add("logical", n.OpPos, n)
		r.edits.wrap(n, id, fmt.Sprintf("%s(%d, ", f, id), ")})")
		r.edits.replace(n.OpPos, n.Op, ", func() bool { return (")
	}
}

// unary rewrites -x as MutantNeg(id, x), also where x is a literal with a type.
func (r *rewriter) unary(n *ast.UnaryExpr) {
	value := r.source.types[n]
	_, literal := n.X.(*ast.BasicLit)
	if n.Op != token.SUB || !number(value.Type) || value.Value != nil && (!literal || instance(value.Type) == "") {
		return
	}
	id := r.add("negative", n.OpPos, n)
	r.edits.wrap(n, id, fmt.Sprintf("MutantNeg%s(%d, ", instance(value.Type), id), ")")
	r.edits.replace(n.OpPos, n.Op, "")
}

// statement rewrites x++ as if MutantOn(id) { x-- } else { x++ }, in a function
// where no if may stand.
func (r *rewriter) statement(kind string, n ast.Stmt, tok token.Token, pos token.Pos, stack []ast.Node) {
	id := r.add(kind, pos, n)
	behind := pos + token.Pos(len(tok.String()))
	changed := r.edits.source(n.Pos(), pos) + statements[tok].String() + r.edits.source(behind, n.End())
	before, after := fmt.Sprintf("if MutantOn(%d) { %s } else { ", id, changed), " }"
	switch stack[len(stack)-1].(type) {
	case *ast.ForStmt, *ast.IfStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
		before, after = "func() { "+before, after+" }()"
	}
	r.edits.wrap(n, id, before, after)
}

// branches reports whether break may stand for this continue, or continue for
// this break: not behind the last statement of a loop that nothing else ends, where
// the compiler would want a return.
func branches(n *ast.BranchStmt, stack []ast.Node) bool {
	innermost := true
	for i := len(stack) - 1; i >= 0; i-- {
		switch outer := stack[i].(type) {
		case *ast.RangeStmt:
			return n.Tok == token.BREAK || n.Tok == token.CONTINUE
		case *ast.ForStmt:
			return n.Tok == token.BREAK || n.Tok == token.CONTINUE && (!innermost || outer.Cond != nil)
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			innermost = false
		case *ast.FuncLit:
			return false
		}
	}
	return false
}

func number(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsInteger|types.IsFloat) != 0
}

// instance returns the type argument of a call whose arguments may have no type of
// their own, as in 1<<n - 1.
func instance(t types.Type) string {
	if basic, ok := types.Unalias(t).(*types.Basic); ok && basic.Info()&types.IsUntyped == 0 {
		return "[" + basic.Name() + "]"
	}
	return ""
}
