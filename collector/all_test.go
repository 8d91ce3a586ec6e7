package collector_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ukcloud_exporter/collector"
)

// TestAll: names are unique and can stand in flags, keys and labels; every collector
// says what it does, where it asks, and when.
func TestAll(t *testing.T) {
	names, families := map[string]bool{}, map[string]string{}
	for _, c := range collector.All() {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(c.Name) || names[c.Name] {
			t.Errorf("%q is no name, or there twice", c.Name)
		}
		names[c.Name] = true
		if c.Help == "" || len(c.Paths) == 0 || !strings.HasPrefix(c.Paths[0], "/api/") {
			t.Errorf("%s: help %q, paths %q", c.Name, c.Help, c.Paths)
		}
		when := c.Defaults.When()
		if when.MinInterval <= 0 || when.MaxAge < when.MinInterval {
			t.Errorf("%s: schedule %+v", c.Name, when)
		}
		for _, f := range c.New(collector.Deps{}, c.Defaults).Families() {
			if other := families[f.Name]; other != "" {
				t.Errorf("%s is a family of %s and of %s", f.Name, other, c.Name)
			}
			families[f.Name] = c.Name
		}
	}
}

// TestEveryFamilyIsExpected: samples of each family stand in a golden file or in a
// test of this package.
func TestEveryFamilyIsExpected(t *testing.T) {
	var expected strings.Builder
	for _, pattern := range []string{"*_test.go", filepath.Join("testdata", "*.prom")} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			expected.Write(text)
		}
	}
	for _, c := range collector.All() {
		for _, f := range c.New(collector.Deps{}, c.Defaults).Families() {
			if !strings.Contains(expected.String(), f.Name+"{") {
				t.Errorf("%s: no test expects a sample of %s", c.Name, f.Name)
			}
		}
	}
}
