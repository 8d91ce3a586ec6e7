package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Problem is one fault of the configuration. It never holds a value from the
// file: whatever stands there may be a password in the wrong place. Only of a template
// it says what is wrong in its actions.
type Problem struct {
	File   string // as given on the command line, or "environment"
	Line   int    // 0 when the fault is not in a line
	Key    string // for example portal.timeout or UKCLOUD_URL; "" for the whole file
	Reason string
}

// Error is the problem in one line: FILE:LINE: key.path: reason.
func (p Problem) Error() string {
	text := p.File
	if p.Line > 0 {
		text = fmt.Sprintf("%s:%d", text, p.Line)
	}
	if p.Key != "" {
		text += ": " + p.Key
	}
	return text + ": " + p.Reason
}

// Problems are all the faults of one configuration in the order of their lines.
type Problems []Problem

// Error is one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each Problem.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// sorted puts the problems in the order of the file, the environment first.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return ps
}

// fileReason says why a file cannot be read without naming it: the path is a
// value of the configuration, and people do write a password where its file's
// name belongs.
func fileReason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return "cannot read the file: " + err.Error()
}
