package main

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/config"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documentation")

//go:generate go test -run TestDocumentation . ./internal/app -update

// TestDocumentation: docs/flags.md lists every command and flag, and
// docs/configuration.md every key, as they are and no others; the example of a
// configuration has every collector.
func TestDocumentation(t *testing.T) {
	generated(t, "docs/flags.md", func(string) string { return flagsPage() })
	generated(t, "docs/configuration.md", func(string) string { return keysPage() })
	generated(t, "config.example.yml", func(text string) string {
		before, rest, ok := strings.Cut(text, "\ncollectors:\n")
		if !ok {
			t.Fatal("config.example.yml has no collectors")
		}
		after := ""
		if next := regexp.MustCompile(`(?m)^(#.*\n)*\w+:`).FindStringIndex(rest); next != nil {
			after = rest[next[0]:]
		}
		return before + "\ncollectors:\n" + exampleCollectors() + after
	})
}

// generated compares a file with what it would be when it was generated now, or
// writes it.
func generated(t *testing.T, path string, generate func(text string) string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := generate(string(data))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(data) {
		t.Errorf("%s does not say how it is; make generate writes it", path)
	}
}

// exampleCollectors has every collector with its keys and their defaults.
func exampleCollectors() string {
	var b strings.Builder
	for i, c := range collector.All() {
		if i > 0 {
			b.WriteByte('\n')
		}
		comment(&b, "  ", c.Help)
		fmt.Fprintf(&b, "  %s:\n", c.Name)
		for _, k := range config.Reference() {
			if key, ok := strings.CutPrefix(k.Path, "collectors."+c.Name+"."); ok {
				comment(&b, "    ", k.Meaning)
				fmt.Fprintf(&b, "    %s: %s\n", key, cmp.Or(k.Default, `""`))
			}
		}
	}
	return b.String()
}

// comment writes a comment in lines of readable length.
func comment(b *strings.Builder, indent, text string) {
	line := indent + "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 82 {
			fmt.Fprintln(b, line)
			line = indent + "#"
		}
		line += " " + word
	}
	fmt.Fprintln(b, line)
}

// TestArchitectureIsThere: what docs/architecture.md names by file, function or type is
// in the code.
func TestArchitectureIsThere(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	files := map[string]bool{}
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		source.Write(text)
		files[path], files[entry.Name()] = true, true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	code := source.String()
	name := regexp.MustCompile(`^\*?([A-Za-z]+\.)?([A-Za-z]+)$`)
	for _, match := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(string(page), -1) {
		token := match[1]
		switch parts := name.FindStringSubmatch(token); {
		case strings.HasSuffix(token, ".go") && !strings.ContainsAny(token, "*N"):
			if !files[token] {
				t.Errorf("there is no file %s", token)
			}
		case parts != nil:
			if !regexp.MustCompile(`\b` + parts[2] + `\b`).MatchString(code) {
				t.Errorf("there is no %s", token)
			}
		}
	}
}

// TestEveryRoomIsNamed: docs/architecture.md says what each package is for.
func TestEveryRoomIsNamed(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	rooms, err := filepath.Glob("internal/*")
	if err != nil || len(rooms) == 0 {
		t.Fatal(rooms, err)
	}
	for _, room := range append(rooms, "collector", "csvparse", "money", "portal", "portal/simulator") {
		if !strings.Contains(string(page), "`"+filepath.ToSlash(room)+"`") {
			t.Errorf("%s is not in docs/architecture.md", room)
		}
	}
}
