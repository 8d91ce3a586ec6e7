package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// source is a package as it stands: its files without tests, and the types in them.
type source struct {
	listed
	fset  *token.FileSet
	files []file
	types map[ast.Expr]types.TypeAndValue
}

type file struct {
	name   string // without directory
	text   []byte
	syntax *ast.File
}

// listed is what go list says of a package.
type listed struct {
	Dir, ImportPath, Name string
	GoFiles               []string
	TestGoFiles           []string
	XTestGoFiles          []string
	Export                string // the file with its exported types
}

// list returns the package in dir, with compiled types of it and of all that it imports.
func list(dir string) (listed, map[string]string, error) {
	cmd := exec.Command("go", "list", "-export", "-deps",
		"-json=Dir,ImportPath,Name,GoFiles,TestGoFiles,XTestGoFiles,Export", ".")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return listed{}, nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var pkg listed // the last one is that of dir
	exports := map[string]string{}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var next listed
		if err := packages.Decode(&next); errors.Is(err, io.EOF) {
			return pkg, exports, nil
		} else if err != nil {
			return listed{}, nil, fmt.Errorf("go list: %w", err)
		}
		pkg = next
		exports[pkg.ImportPath] = pkg.Export
	}
}

// read parses the package in dir and finds the types of its expressions.
func read(dir string) (*source, error) {
	pkg, exports, err := list(dir)
	if err != nil {
		return nil, err
	}
	s := &source{listed: pkg, fset: token.NewFileSet(), types: map[ast.Expr]types.TypeAndValue{}}
	var syntax []*ast.File
	for _, name := range pkg.GoFiles {
		text, err := os.ReadFile(filepath.Join(pkg.Dir, name))
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(s.fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, file{name, text, f})
		syntax = append(syntax, f)
	}
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	_, err = conf.Check(pkg.ImportPath, s.fset, syntax, &types.Info{Types: s.types})
	return s, err
}
