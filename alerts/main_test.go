package alerts_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rule is a recording or alerting rule.
type rule struct {
	Record, Alert, Expr string
	For                 duration
	Keep                duration `yaml:"keep_firing_for"`
	Labels, Annotations map[string]string
}

// duration reads the units that the rules use; none of them needs days.
type duration time.Duration

func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	parsed, err := time.ParseDuration(n.Value)
	*d = duration(parsed)
	return err
}

// ruleFile is ukcloud.rules.yml.
type ruleFile struct {
	Groups []struct {
		Name     string
		Interval duration
		Rules    []rule
	}
}

// testFile is a file of promtool's rule tests, as far as it is counted here.
type testFile struct {
	Order []string `yaml:"group_eval_order"`
	Tests []struct {
		Name   string
		Alerts []struct {
			Alert string `yaml:"alertname"`
			Want  []struct {
				Labels      map[string]string `yaml:"exp_labels"`
				Annotations map[string]string `yaml:"exp_annotations"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func rules(t *testing.T) (alerts []rule, records map[string]string) {
	t.Helper()
	var file ruleFile
	read(t, "ukcloud.rules.yml", &file)
	records = map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				records[r.Record] = r.Expr
			} else {
				alerts = append(alerts, r)
			}
		}
	}
	if len(alerts) == 0 || len(records) == 0 {
		t.Fatal("ukcloud.rules.yml has no alerts or no recording rules")
	}
	return alerts, records
}

func testFiles(t *testing.T) map[string]testFile {
	t.Helper()
	paths, err := filepath.Glob("tests/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("tests/*.yml: %v, %v", paths, err)
	}
	files := map[string]testFile{}
	for _, path := range paths {
		var file testFile
		read(t, path, &file)
		files[filepath.Base(path)] = file
	}
	return files
}
