package alerts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestKeepFiring: a restart, with a portal that is slow at first, is no recovery.
func TestKeepFiring(t *testing.T) {
	all, _ := rules(t)
	for _, a := range all {
		if time.Duration(a.Keep) < 15*time.Minute {
			t.Errorf("%s fires on for %s, not longer than a restart", a.Alert, time.Duration(a.Keep))
		}
	}
}

// expressions are those of all rules, by the name of the rule.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	alerts, all := rules(t)
	for _, a := range alerts {
		all[a.Alert+" "+a.Labels["pace"]] = a.Expr
	}
	return all
}

// TestNoMomentOfThePast: an offset is that of a range. One moment of the past may
// have been a restart, and then the rule would see that gap again.
func TestNoMomentOfThePast(t *testing.T) {
	for name, expr := range expressions(t) {
		for _, found := range regexp.MustCompile(`(\S)\s*\boffset\b`).FindAllStringSubmatch(expr, -1) {
			if found[1] != "]" {
				t.Errorf("%s compares with one moment of the past:\n%s", name, expr)
			}
		}
	}
}

// TestLongWaitsBridgeGaps: what waits for hours reads a range, or each restart
// would begin the wait anew.
func TestLongWaitsBridgeGaps(t *testing.T) {
	all, _ := rules(t)
	bare := regexp.MustCompile(`\bukcloud_(?:billing|collector)_\w+(?:\{[^}]*\})?(\S)?`)
	for _, a := range all {
		if time.Duration(a.For) < 6*time.Hour {
			continue
		}
		for _, found := range bare.FindAllStringSubmatch(a.Expr, -1) {
			if found[1] != "[" {
				t.Errorf("%s waits %s for what one failed scrape hides, %s:\n%s", a.Alert, time.Duration(a.For), found[0], a.Expr)
			}
		}
	}
}

// unique are recording rules with one series for each group that is joined on, by
// their own aggregation.
var unique = regexp.MustCompile(`^(?:ukcloud:vm_names:max|ukcloud:account_vmotion_window:range1h|max by \(account\) \(ukcloud:budget_month_gbp\)|topk by \(job, account, vdc\) \(1, )`)

// TestJoinsHaveASideOfOne: what is joined with group_left is unique whatever the
// portal lists twice, or one VM in two places would stop the rule for all.
func TestJoinsHaveASideOfOne(t *testing.T) {
	joins := 0
	for name, expr := range expressions(t) {
		for _, found := range regexp.MustCompile(`group_left \([^)]*\)\s+(.*)`).FindAllStringSubmatch(expr, -1) {
			joins++
			if !unique.MatchString(found[1]) {
				t.Errorf("%s joins with what may stand there twice: %s", name, found[1])
			}
		}
	}
	if joins < 6 {
		t.Errorf("only %d joins were found", joins)
	}
}

// TestSharedCases runs the rule tests that lie beside the checkout: inputs that
// once went wrong.
func TestSharedCases(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates days of rules, which takes half a minute")
	}
	paths, err := filepath.Glob("../../shared/cases/rules/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("NOT RUN: THE RULE TESTS OF ../shared/cases/rules ARE NOT BESIDE THE CHECKOUT")
	}
	rules, err := os.ReadFile("ukcloud.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yml"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for name, content := range map[string][]byte{"ukcloud.rules.yml": rules, "case.yml": text} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			promtool(t, "test", "rules", filepath.Join(dir, "case.yml"))
		})
	}
}
