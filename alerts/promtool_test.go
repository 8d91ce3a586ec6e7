package alerts_test

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// promtool runs Prometheus's own checker, or the one that PROMTOOL names: make
// rules names that of Prometheus 3.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath(cmp.Or(os.Getenv("PROMTOOL"), "promtool"))
	if err != nil {
		t.Skip("PROMTOOL IS NOT INSTALLED: THE ALERTS ARE NOT TESTED (Debian: apt-get install prometheus)")
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolCheckRules(t *testing.T) {
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", "ukcloud.rules.yml", "budget.example.yml")
}

func TestPromtoolTestRules(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates weeks of rules, which takes a minute")
	}
	for file := range testFiles(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			promtool(t, "test", "rules", filepath.Join("tests", file))
		})
	}
}
