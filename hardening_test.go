package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHardening: each row of docs/hardening.md and of the table of SECURITY.md names
// tests, and those exist.
func TestHardening(t *testing.T) {
	named := regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)\\w+)`")
	for page, least := range map[string]int{"docs/hardening.md": 25, "SECURITY.md": 12} {
		rows := 0
		for line := range strings.Lines(read(t, page)) {
			tests := named.FindAllStringSubmatch(line, -1)
			if row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| attack") && !strings.HasPrefix(line, "| who | may"); row {
				rows++
				if len(tests) == 0 {
					t.Errorf("%s: a row without a test: %s", page, line)
				}
			}
			for _, test := range tests {
				if !hasTest(t, test[1], test[2]) {
					t.Errorf("%s: %s has no %s", page, test[1], test[2])
				}
			}
		}
		if rows < least {
			t.Errorf("%s: %d rows", page, rows)
		}
	}
	if !strings.Contains(read(t, "SECURITY.md"), "(docs/hardening.md)") {
		t.Error("SECURITY.md does not point to docs/hardening.md")
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
