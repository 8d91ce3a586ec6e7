package portal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ukcloud_exporter/portal"
)

// module is the path of this module.
var module, _, _ = strings.Cut(reflect.TypeFor[portal.Client]().PkgPath(), "/portal")

// public are the packages that other modules use.
var public = []string{module + "/portal", module + "/csvparse", module + "/money", module + "/collector"}

// TestExportedNames: another module can name whatever a public package exports. No
// other exported name may have a type from internal, and a module with a replace
// compiles against all of them.
func TestExportedNames(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another module")
	}
	packages := publicPackages(t)
	var uses bytes.Buffer
	fmt.Fprint(&uses, "package external\n\nimport (\n")
	for _, p := range packages {
		fmt.Fprintf(&uses, "\t%q\n", p.Path())
	}
	fmt.Fprint(&uses, ")\n\nvar (\n")
	names := 0
	for _, p := range packages {
		for _, name := range p.Scope().Names() {
			object := p.Scope().Lookup(name)
			if !object.Exported() {
				continue
			}
			names++
			for _, hidden := range hiddenTypes(object) {
				t.Errorf("%s.%s has the type %s, which another module cannot name", p.Name(), name, hidden)
			}
			use(&uses, object)
		}
	}
	fmt.Fprint(&uses, ")\n")
	if names < 100 {
		t.Errorf("%d exported names: the packages were not read", names)
	}
	buildExternal(t, uses.Bytes())
}

// publicPackages reads the types of the public packages as the compiler exports
// them.
func publicPackages(t *testing.T) []*types.Package {
	t.Helper()
	list := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, public...)...)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var packages []*types.Package
	for _, path := range public {
		p, err := compiled.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

// use writes declarations that name an object, its fields and its methods.
func use(w io.Writer, object types.Object) {
	name := object.Pkg().Name() + "." + object.Name()
	switch object := object.(type) {
	case *types.Func:
		fmt.Fprintf(w, "\t_ = %s%s\n", name, arguments(object.Signature().TypeParams()))
	case *types.TypeName:
		named, ok := types.Unalias(object.Type()).(*types.Named)
		if !ok {
			fmt.Fprintf(w, "\t_ %s\n", name)
			return
		}
		name += arguments(named.TypeParams())
		fmt.Fprintf(w, "\t_ %s\n", name)
		if fields, ok := named.Underlying().(*types.Struct); ok {
			for f := range fields.Fields() {
				if f.Exported() {
					fmt.Fprintf(w, "\t_ = func(v %s) { _ = v.%s }\n", name, f.Name())
				}
			}
		}
		if !types.IsInterface(named) {
			for m := range named.Methods() {
				if m.Exported() {
					fmt.Fprintf(w, "\t_ = (*%s).%s\n", name, m.Name())
				}
			}
		}
	default:
		fmt.Fprintf(w, "\t_ = %s\n", name)
	}
}

// arguments gives a string, or else an int, for each type parameter.
func arguments(parameters *types.TypeParamList) string {
	if parameters.Len() == 0 {
		return ""
	}
	var list []string
	for p := range parameters.TypeParams() {
		list = append(list, "string")
		if constraint, ok := p.Constraint().Underlying().(*types.Interface); ok && !types.Satisfies(types.Typ[types.String], constraint) {
			list[len(list)-1] = "int"
		}
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// hiddenTypes are the types of internal packages that an exported object shows.
func hiddenTypes(object types.Object) []string {
	var hidden []string
	seen := map[types.Type]bool{}
	var walk func(types.Type)
	tuple := func(t *types.Tuple) {
		for v := range t.Variables() {
			walk(v.Type())
		}
	}
	named := func(o *types.TypeName, arguments *types.TypeList) {
		if o.Pkg() != nil && strings.HasPrefix(o.Pkg().Path(), module+"/") && strings.Contains(o.Pkg().Path(), "/internal/") {
			hidden = append(hidden, o.Pkg().Path()+"."+o.Name())
		}
		for a := range arguments.Types() {
			walk(a)
		}
	}
	walk = func(t types.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Named:
			named(t.Obj(), t.TypeArgs())
		case *types.Alias:
			named(t.Obj(), t.TypeArgs())
			walk(types.Unalias(t))
		case *types.Signature:
			tuple(t.Params())
			tuple(t.Results())
		case *types.Struct:
			for f := range t.Fields() {
				if f.Exported() {
					walk(f.Type())
				}
			}
		case *types.Interface:
			for m := range t.Methods() {
				walk(m.Type())
			}
		case *types.Map:
			walk(t.Key())
			walk(t.Elem())
		case interface{ Elem() types.Type }:
			walk(t.Elem())
		}
	}
	walk(object.Type())
	if n, ok := types.Unalias(object.Type()).(*types.Named); ok && isType(object) {
		walk(n.Underlying())
		for m := range n.Methods() {
			if m.Exported() {
				walk(m.Type())
			}
		}
	}
	return hidden
}

func isType(object types.Object) bool { _, ok := object.(*types.TypeName); return ok }

// buildExternal builds the module in testdata together with one more file. What go
// would write into the module goes to a temporary directory.
func buildExternal(t *testing.T, file []byte) {
	t.Helper()
	dir := t.TempDir()
	external, err := filepath.Abs("testdata/external")
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(external, "go.mod"), filepath.Join(dir, "go.mod"))
	copyFile(t, "../go.sum", filepath.Join(dir, "go.sum"))
	uses := filepath.Join(dir, "uses.go")
	if err := os.WriteFile(uses, file, 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(external, "uses.go"): uses}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-mod=mod", "-modfile="+filepath.Join(dir, "go.mod"), "-overlay="+filepath.Join(dir, "overlay.json"), ".")
	build.Dir = external
	build.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
