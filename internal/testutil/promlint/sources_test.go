package promlint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// What is tested is reached by links in testdata: go test repeats a test when a
// file inside its module has changed, and would take the result of an older run
// for files that it opened outside.
const (
	dashboardsDir = "testdata/dashboards"
	alertsDir     = "testdata/alerts"
	runbooksDir   = "testdata/runbooks"
	goldenFile    = "testdata/metrics.golden"
	coreFile      = "testdata/metrics_core.golden" // with families: core
)

// source is one expression and where it stands.
type source struct {
	where string
	text  string // as written
	expr  parser.Expr
	unit  string   // that a panel shows it in; "" where nothing is shown
	adds  set      // labels that a rule gives to what it records
	names []string // labels that a legend, a table or a text reads from its result

	panel, instance bool // of a panel; of the Exporter dashboard, whose queries have an instance
	ranged          bool // over the range, not for its end alone
}

func (s source) String() string { return s.where + ":\n" + s.text }

// variables stand for Grafana's. The rate interval is one that nobody writes.
var variables = strings.NewReplacer("$__rate_interval", rateInterval, "$__range", "1d", "$__interval", "5m")

const rateInterval = "4242s"

func parse(t *testing.T, where, text string) source {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(variables.Replace(text))
	if err != nil {
		t.Errorf("%s: %v\n%s", where, err, text)
		return source{}
	}
	return source{where: where, text: text, expr: expr}
}

// ofRules are the expressions of the rules: those that record by name, and those
// that alert.
func ofRules(t *testing.T) (records map[string]source, alerts []source) {
	t.Helper()
	records = map[string]source{}
	for _, path := range []string{"ukcloud.rules.yml", "budget.example.yml"} {
		var file struct {
			Groups []struct {
				Rules []struct {
					Record, Alert, Expr string
					Labels, Annotations map[string]string
				}
			}
		}
		text, err := os.ReadFile(filepath.Join(alertsDir, path))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				s := parse(t, path+": "+r.Record+r.Alert, r.Expr)
				if s.expr == nil {
					continue
				}
				if r.Record != "" {
					s.adds = set{}
					for name := range r.Labels {
						s.adds[name] = true
					}
					records[r.Record] = s
					continue
				}
				for _, text := range r.Annotations {
					s.names = append(s.names, submatches(`\$labels\.(\w+)`, text)...)
				}
				alerts = append(alerts, s)
			}
		}
	}
	if len(records) == 0 || len(alerts) == 0 {
		t.Fatal("there are no rules")
	}
	return records, alerts
}

func submatches(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// ofRunbooks are the queries that the runbooks tell people to run.
func ofRunbooks(t *testing.T) (all []source) {
	t.Helper()
	paths, err := filepath.Glob(runbooksDir + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range submatches("(?s)```promql\n(.*?)```", string(text)) {
			all = append(all, parse(t, path, query))
		}
	}
	if len(all) < 22 {
		t.Errorf("%d runbooks have only %d queries", len(paths), len(all))
	}
	return all
}

// board is a dashboard's JSON, as far as it is read here.
type board struct {
	UID        string
	Templating struct {
		List []struct{ Name, Type, Definition, Regex string }
	}
	Annotations struct {
		List []struct {
			Name, Expr, TitleFormat, TextFormat string
			UseValueForTime                     bool
		}
	}
	Panels []struct {
		Type, Title string
		Targets     []struct {
			Expr, RefID, LegendFormat string
			Range                     bool
		}
		FieldConfig struct {
			Defaults  struct{ Unit string }
			Overrides []struct {
				Matcher    struct{ Options string }
				Properties []struct {
					ID    string
					Value any
				}
			}
		}
		Transformations []struct {
			ID      string
			Options struct{ RenameByName map[string]string }
		}
	}
}

// ofDashboards are the expressions of all panels, variables and annotations.
func ofDashboards(t *testing.T) (all []source) {
	t.Helper()
	paths, err := filepath.Glob(dashboardsDir + "/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, b.panels(t)...)
		all = append(all, b.others(t)...)
	}
	return all
}

func (b board) panels(t *testing.T) (all []source) {
	t.Helper()
	for _, p := range b.Panels {
		units, renamed := map[string]string{}, map[string]string{}
		for _, o := range p.FieldConfig.Overrides {
			for _, property := range o.Properties {
				if property.ID == "unit" {
					units[o.Matcher.Options] = fmt.Sprint(property.Value)
				}
			}
		}
		for _, tr := range p.Transformations {
			if tr.ID == "organize" {
				renamed = tr.Options.RenameByName
			}
		}
		for _, q := range p.Targets {
			s := parse(t, fmt.Sprintf("%s, panel %q, query %s", b.UID, p.Title, q.RefID), q.Expr)
			if s.expr == nil {
				continue
			}
			s.panel, s.instance, s.ranged = true, b.UID == "ukcloud-exporter", q.Range
			s.unit, s.names = p.FieldConfig.Defaults.Unit, submatches(`\{\{(\w+)\}\}`, q.LegendFormat)
			if p.Type == "table" {
				s.unit = units[renamed["Value #"+q.RefID]]
				for label := range renamed {
					// Columns have the names of people once: the first query brings them.
					if !strings.HasPrefix(label, "Value") && q.RefID == "A" {
						s.names = append(s.names, label)
					}
				}
			}
			all = append(all, s)
		}
	}
	return all
}

// others are the expressions of variables and annotations.
func (b board) others(t *testing.T) (all []source) {
	t.Helper()
	function := regexp.MustCompile(`^(?:label_values|query_result)\((.*?)(?:, (\w+))?\)$`)
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		where := b.UID + ", variable " + v.Name
		parts := function.FindStringSubmatch(v.Definition)
		if parts == nil {
			t.Errorf("%s: %s is neither label_values nor query_result of a query", where, v.Definition)
			continue
		}
		s := parse(t, where, parts[1])
		if parts[2] != "" {
			s.names = append(s.names, parts[2])
		}
		s.names = append(s.names, submatches(`(\w+)="\(\?<`, v.Regex)...)
		all = append(all, s)
	}
	for _, a := range b.Annotations.List {
		if a.Expr == "" {
			continue // Grafana's own
		}
		s := parse(t, b.UID+", annotation "+a.Name, a.Expr)
		s.names, s.ranged = submatches(`\{\{(\w+)\}\}`, a.TitleFormat+a.TextFormat), true
		if a.UseValueForTime {
			s.unit = "dateTimeFromNow"
		}
		all = append(all, s)
	}
	return all
}
