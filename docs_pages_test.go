package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/cli"
	"ukcloud_exporter/internal/config"
)

// TestPagesForOperators: what docs/operating.md and docs/troubleshooting.md name is
// there: metrics, flags, keys of the configuration, pages, headings, words of the log.
func TestPagesForOperators(t *testing.T) {
	metrics := read(t, "docs/metrics.md") + read(t, "docs/rules.md")
	said := messages(t)
	flags := flagNames()
	var keys []string
	for _, k := range config.Reference() {
		keys = append(keys, k.Path)
	}
	for _, page := range []string{"operating.md", "troubleshooting.md"} {
		text := read(t, filepath.Join("docs", page))
		each(text, `ukcloud_[a-z_]+[a-z](\*|_\*)?`, func(name string) {
			if name = strings.TrimRight(name, "*"); name != "ukcloud_exporter" && !strings.Contains(metrics, name) {
				t.Errorf("%s: there is no metric %s", page, name)
			}
		})
		each(text, "`[^`\n]*`", func(code string) {
			if strings.HasPrefix(code, "`prometheus ") || strings.HasPrefix(code, "`--storage.tsdb.") { // Prometheus's own
				return
			}
			each(code, `--[a-z][a-z.-]*[a-z]`, func(flag string) {
				if name := strings.TrimPrefix(flag, "--"); !flags[name] && !flags[strings.TrimPrefix(name, "no-")] && !strings.HasPrefix(flag, "--no-collector") {
					t.Errorf("%s: there is no flag %s", page, flag)
				}
			})
			each(code, "^`(portal|collectors)\\.[a-z_.]+", func(key string) {
				if key = key[1:]; !slices.ContainsFunc(keys, func(k string) bool { return k == key || strings.HasPrefix(k, key+".") }) {
					t.Errorf("%s: there is no key %s", page, key)
				}
			})
		})
	}
	// What people will look for is what the program says.
	text := read(t, "docs/troubleshooting.md")
	for _, words := range []string{
		"cannot read the file", "unknown key", "is in use by", "Portal login failed", "served no call", "State file is not usable and was moved aside",
		"State cannot be saved", "the login cannot be recorded, so it is not tried", "is there with another content", "a meaning of their own",
	} {
		if !strings.Contains(text, words) || !strings.Contains(said, words) {
			t.Errorf("%q: on the page %t, in the code %t", words, strings.Contains(text, words), strings.Contains(said, words))
		}
	}
}

// TestLinks: what the pages of the repository link to is there, file and heading.
func TestLinks(t *testing.T) {
	count := 0
	for _, page := range pages(t) {
		each(read(t, page), `\]\([^)\s]+\)`, func(link string) {
			path, heading, _ := strings.Cut(link[2:len(link)-1], "#")
			if strings.Contains(path, "://") {
				return
			}
			count++
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if heading != "" && !headings(read(t, target))[heading] {
				t.Errorf("%s: %s has no heading %s", page, target, heading)
			}
		})
	}
	if count < 100 {
		t.Errorf("%d links", count)
	}
}

// headings are the anchors that a page's headings have where people read it.
func headings(text string) map[string]bool {
	anchors := map[string]bool{}
	each(text, `(?m)^#+ .*$`, func(line string) {
		anchor := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		anchor = regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(anchor, "")
		anchors[strings.ReplaceAll(anchor, " ", "-")] = true
	})
	return anchors
}

// pages are the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/runbooks/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		all = append(all, found...)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func each(text, expression string, do func(string)) {
	for _, match := range regexp.MustCompile(expression).FindAllString(text, -1) {
		do(match)
	}
}

// messages is the program's source, without its tests.
func messages(t *testing.T) string {
	t.Helper()
	var source strings.Builder
	for _, dir := range []string{"collector", "portal", "internal"} {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source.WriteString(read(t, path))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return source.String()
}

// flagNames are the flags of all commands.
func flagNames() map[string]bool {
	app, _ := newApp(cli.Environment{Getenv: func(string) string { return "" }})
	names := map[string]bool{}
	var walk func(flags []*kingpin.FlagModel, commands []*kingpin.CmdModel)
	walk = func(flags []*kingpin.FlagModel, commands []*kingpin.CmdModel) {
		for _, f := range flags {
			names[f.Name] = true
		}
		for _, c := range commands {
			walk(c.Flags, c.Commands)
		}
	}
	model := app.Model()
	walk(model.Flags, model.Commands)
	return names
}

// TestInlineCommands: what the pages call the program with in a line of text are
// commands and flags that it has.
func TestInlineCommands(t *testing.T) {
	app, _ := newApp(cli.Environment{Getenv: func(string) string { return "" }})
	model := app.Model()
	known := map[string]map[string]bool{}
	flags := func(command string, all []string) {
		known[command] = map[string]bool{"help": true, "version": true}
		for _, name := range all {
			known[command][name] = true
		}
	}
	var shared []string
	for _, f := range model.Flags {
		shared = append(shared, f.Name)
	}
	for _, c := range leaves(nil, model.Commands) {
		own := slices.Clone(shared)
		for _, f := range c.Flags {
			own = append(own, f.Name)
		}
		flags(c.name, own)
	}
	count := 0
	for _, page := range pages(t) {
		each(read(t, page), "`ukcloud_exporter [^`\n]*`", func(code string) {
			count++
			words := strings.Fields(strings.Trim(code, "`"))[1:]
			command := "serve"
			for i := range words {
				if _, is := known[strings.Join(words[:i+1], " ")]; is {
					command = strings.Join(words[:i+1], " ")
				}
			}
			if first := words[0]; command == "serve" && regexp.MustCompile(`^[a-z]+$`).MatchString(first) && first != "serve" &&
				!slices.ContainsFunc(leaves(nil, model.Commands), func(l leaf) bool { return strings.HasPrefix(l.name, strings.Join(words, " ")) }) {
				t.Errorf("%s: there is no command %s", page, code)
			}
			for _, word := range words {
				name, ok := strings.CutPrefix(word, "--")
				if name, _, _ = strings.Cut(name, "="); ok && !known[command][name] && !known[command][strings.TrimPrefix(name, "no-")] {
					t.Errorf("%s: %s has no flag --%s", page, command, name)
				}
			}
		})
	}
	if count < 10 {
		t.Errorf("%d commands", count)
	}
}
