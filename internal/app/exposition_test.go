package app

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"ukcloud_exporter/collector"
)

var update = flag.Bool("update", false, "rewrite the expected exposition in testdata")

// TestExposition compares a whole scrape of a simulated estate with the golden
// file: every family, label, value, HELP and TYPE, and nothing else. Only what the
// Go runtime and the machine say is left out.
func TestExposition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "collectors:\n  billing_csv: {vm_limit: 10, tags: [project]}\n")
		got := without(s.scrape(), runtimeFamilies...)
		goldenFile(t, "metrics.golden", got)
		lint(t, got)
		for _, c := range collector.All() {
			for _, f := range c.New(collector.Deps{}, c.Defaults).Families() {
				if !strings.Contains(got, "\n# TYPE "+f.Name+" ") {
					t.Errorf("the simulated estate shows no %s of %s", f.Name, c.Name)
				}
			}
		}
		for _, secret := range []string{password, "demo"} {
			if strings.Contains(s.logs.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
}

func goldenFile(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the exposition differs from %s (-want +got); go test -update rewrites it:\n%s", path, diff)
	}
}

func lint(t *testing.T, exposition string) {
	t.Helper()
	problems, err := promlint.New(strings.NewReader(exposition)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
}
