package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/cli"
	"ukcloud_exporter/internal/config"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documentation")

//go:generate go test -run TestDocumentation . ./internal/app -update

// TestDocumentation: README lists every flag and key as they are.
func TestDocumentation(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := replaceSection(t, string(data), "flags", flagTables())
	want = replaceSection(t, want, "keys", keyTable())
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !*update && want != string(data) {
		t.Error("README.md does not list the flags and keys as they are; make generate writes it")
	}
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
