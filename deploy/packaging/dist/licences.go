package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

// module is a Go module that is linked into a binary.
type module struct {
	path, version string
	licences      []string // SPDX identifiers, sorted
	texts         []text
}

// text is a licence or a notice as its authors wrote it.
type text struct {
	name    string // of the file, below the module
	content []byte
}

// licences tells licences by their text.
type licences struct {
	classifier *classifier.Classifier
	known      map[string][]string // by text
}

func newLicences() (*licences, error) {
	c, err := assets.DefaultClassifier()
	if err != nil {
		return nil, err
	}
	return &licences{c, map[string][]string{}}, nil
}

func (l *licences) of(content []byte) []string {
	if names, ok := l.known[string(content)]; ok {
		return names
	}
	var names []string
	for _, m := range l.classifier.Match(content).Matches {
		if m.MatchType == "License" && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	l.known[string(content)] = names
	return names
}

// linked lists the modules in the binary, the standard library first, from the
// binary itself. A module without a known licence is an error: it may not be handed
// out.
func (r *release) linked(p platform, binary string, texts *licences) ([]module, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	directories, err := r.directories(p)
	if err != nil {
		return nil, err
	}
	all := []module{{path: "std", version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, d := range info.Deps {
		all = append(all, module{path: used(d).Path, version: used(d).Version})
	}
	for i := range all {
		m := &all[i]
		for _, dir := range directories[m.path] {
			if err := m.readTexts(directories[m.path][0], dir); err != nil {
				return nil, err
			}
		}
		for _, t := range m.texts {
			m.licences = append(m.licences, texts.of(t.content)...)
		}
		slices.Sort(m.licences)
		m.licences = slices.Compact(m.licences)
		if len(m.licences) == 0 {
			return nil, fmt.Errorf("%s %s has no licence that is known", m.path, m.version)
		}
	}
	return all, nil
}

func used(m *debug.Module) *debug.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

// directories are those of each module that packages of the program are in, with
// all between, and first the module's own.
func (r *release) directories(p platform) (map[string][]string, error) {
	out, err := r.goTool(p, "list", "-deps", "-f", "{{if .Standard}}std\t{{.Root}}\t{{.Root}}{{else}}{{.Module.Path}}\t{{.Module.Dir}}\t{{.Dir}}{{end}}", ".")
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		for dir := f[2]; strings.HasPrefix(dir, f[1]); dir = filepath.Dir(dir) {
			if !slices.Contains(all[f[0]], dir) {
				all[f[0]] = append(all[f[0]], dir)
			}
		}
		slices.SortFunc(all[f[0]], func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	}
	return all, nil
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|copyright)([.-].*)?$`)

// readTexts adds the licences and notices of one directory.
func (m *module) readTexts(root, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		m.texts = append(m.texts, text{filepath.ToSlash(name), content})
	}
	return nil
}

// copyright is the file of all licences and notices.
func copyright(linked []module) []byte {
	var out bytes.Buffer
	out.WriteString("ukcloud_exporter is licensed under the Apache License, Version 2.0: LICENSE in its\nsource, and below with the first of what is linked in under the same.\n\nLinked in:\n\n")
	for _, m := range linked {
		fmt.Fprintf(&out, "  %s %s (%s)\n", m.path, m.version, strings.Join(m.licences, ", "))
	}
	printed := map[string]string{}
	for _, m := range linked {
		for _, t := range m.texts {
			name := m.path + " " + t.name
			fmt.Fprintf(&out, "\n%s\n%s\n\n", strings.Repeat("=", 78), name)
			if as, ok := printed[string(t.content)]; ok {
				fmt.Fprintf(&out, "The same text as %s.\n", as)
				continue
			}
			printed[string(t.content)] = name
			out.Write(t.content)
		}
	}
	return out.Bytes()
}
