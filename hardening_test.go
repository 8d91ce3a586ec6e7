package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHardening: each row of docs/hardening.md names tests, and those exist.
func TestHardening(t *testing.T) {
	page, err := os.ReadFile("docs/hardening.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)\\w+)`")
	rows := 0
	for line := range strings.Lines(string(page)) {
		tests := named.FindAllStringSubmatch(line, -1)
		if row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| attack"); row {
			rows++
			if len(tests) == 0 {
				t.Errorf("a row without a test: %s", line)
			}
		}
		for _, test := range tests {
			if !hasTest(t, test[1], test[2]) {
				t.Errorf("%s has no %s", test[1], test[2])
			}
		}
	}
	if rows < 25 {
		t.Errorf("%d rows", rows)
	}
	security, err := os.ReadFile("SECURITY.md")
	if err != nil || !strings.Contains(string(security), "(docs/hardening.md)") {
		t.Errorf("SECURITY.md does not point to docs/hardening.md: %v", err)
	}
}

// hasTest reports whether a test stands in a file of the package.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
