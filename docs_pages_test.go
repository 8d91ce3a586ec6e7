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
			if strings.HasPrefix(code, "`prometheus ") {
				return
			}
			each(code, `--[a-z][a-z.-]*[a-z]`, func(flag string) {
				if !flags[strings.TrimPrefix(flag, "--")] && !strings.HasPrefix(flag, "--no-collector") {
					t.Errorf("%s: there is no flag %s", page, flag)
				}
			})
			each(code, "^`(portal|collectors)\\.[a-z_.]+", func(key string) {
				if key = key[1:]; !slices.ContainsFunc(keys, func(k string) bool { return k == key || strings.HasPrefix(k, key+".") }) {
					t.Errorf("%s: there is no key %s", page, key)
				}
			})
		})
		each(text, `\]\([^)]+\)`, func(link string) {
			path, heading, _ := strings.Cut(link[2:len(link)-1], "#")
			if strings.HasSuffix(path, "/") {
				if _, err := os.Stat(filepath.Join("docs", path)); err != nil {
					t.Errorf("%s: %v", page, err)
				}
				return
			}
			target := read(t, filepath.Join("docs", path))
			if heading != "" && !strings.Contains(strings.ToLower(target), "\n## "+heading+"\n") {
				t.Errorf("%s: %s has no heading %s", page, path, heading)
			}
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
