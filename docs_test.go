package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/cli"
	"ukcloud_exporter/internal/config"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documentation")

//go:generate go test -run TestDocumentation . ./internal/app -update

// TestDocumentation: README lists every flag and key as they are, and the example
// of a configuration every collector.
func TestDocumentation(t *testing.T) {
	generated(t, "README.md", func(text string) string {
		return replaceSection(t, replaceSection(t, text, "flags", flagTables()), "keys", keyTable())
	})
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
	if err != nil {
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
				fmt.Fprintf(&b, "    %s: %s\n", key, k.Default)
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

func replaceSection(t *testing.T, text, name, content string) string {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		t.Fatalf("README.md has no %q", begin)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("README.md has no %q", end)
	}
	return before + begin + content + end + after
}

func flagTables() string {
	app, _ := newApp(cli.Environment{Getenv: func(string) string { return "" }})
	model := app.Model()
	var b strings.Builder
	fmt.Fprintf(&b, "Flags of every command:\n\n%s\n", flagTable(model.Flags))
	var walk func(prefix string, commands []*kingpin.CmdModel)
	walk = func(prefix string, commands []*kingpin.CmdModel) {
		for _, c := range commands {
			name := strings.TrimSpace(prefix + " " + c.Name)
			if c.Name == "help" {
				continue
			}
			if len(c.Commands) == 0 {
				var args []string
				for _, a := range c.Args {
					args = append(args, strings.ToUpper(a.Name))
				}
				fmt.Fprintf(&b, "**`ukcloud_exporter %s`** %s\n\n%s\n", strings.Join(append([]string{name}, args...), " "), c.Help, flagTable(c.Flags))
			}
			walk(name, c.Commands)
		}
	}
	walk("", model.Commands)
	return b.String()
}

func flagTable(flags []*kingpin.FlagModel) string {
	var b strings.Builder
	for _, f := range flags {
		if f.Hidden || f.Name == "help" || f.Name == "version" || strings.HasPrefix(f.Name, "help-") || strings.HasPrefix(f.Name, "completion") {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
		}
		name := "--" + f.Name
		if f.IsBoolFlag() && strings.HasPrefix(f.Name, "collector.") {
			name = "--[no-]" + f.Name
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, code(strings.Join(f.Default, " ")), f.Help)
	}
	return b.String()
}

func keyTable() string {
	keys := config.Reference()
	var b strings.Builder
	b.WriteString("| key | default | meaning |\n|---|---|---|\n")
	for _, k := range keys {
		meaning := k.Meaning
		if k.Environment != "" {
			meaning += " Environment: `" + k.Environment + "`."
		}
		fmt.Fprintf(&b, "| `%s` (%s) | %s | %s |\n", k.Path, k.Type, code(k.Default), meaning)
	}
	return b.String()
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
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
