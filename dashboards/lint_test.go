package dashboards_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/dashboards/internal/boards"
)

// TestGenerated: the committed JSON is what the model makes.
func TestGenerated(t *testing.T) {
	for _, d := range boards.All() {
		want, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(d.UID + ".json")
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, want) {
			t.Errorf("%s.json is not what internal/boards makes: run go generate ./dashboards", d.UID)
		}
	}
}

// TestDocument: docs/dashboards.md says what each panel answers.
func TestDocument(t *testing.T) {
	have, err := os.ReadFile("../docs/dashboards.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := boards.Document(string(have))
	if err != nil {
		t.Fatal(err)
	}
	if want != string(have) {
		t.Error("the panels in docs/dashboards.md are not those of internal/boards: run go generate ./dashboards")
	}
}

// TestNoneIsMissing: uids are addresses; one that changes breaks the links of
// alerts and of people.
func TestNoneIsMissing(t *testing.T) {
	var uids []string
	for _, d := range load(t) {
		uids = append(uids, d.UID)
	}
	if want := []string{"ukcloud-audit", "ukcloud-backups", "ukcloud-cost", "ukcloud-exporter", "ukcloud-operations", "ukcloud-overview", "ukcloud-vms"}; !slices.Equal(uids, want) {
		t.Errorf("dashboards %v, want %v", uids, want)
	}
}

// The rules from here on are those of Grafana's dashboard-linter that can be
// checked without reading PromQL (the others are in internal/testutil/promlint), and some
// of our own. template-instance-rule and target-instance-rule hold for the
// Exporter dashboard alone: what the portal says has no instance of its own.

// TestDataSource is template-datasource-rule, panel-datasource-rule and the same
// for targets, variables and annotations.
func TestDataSource(t *testing.T) {
	want := source{"prometheus", "${datasource}"}
	each(t, func(t *testing.T, d dashboard) {
		first := d.Templating.List[0]
		if first.Name != "datasource" || first.Label != "Data source" || first.Type != "datasource" || first.Query != "prometheus" {
			t.Errorf("the first variable is %+v, not the data source", first)
		}
		for _, v := range d.variables() {
			if v.Datasource != want {
				t.Errorf("variable %s asks %v", v.Name, v.Datasource)
			}
		}
		for _, a := range d.annotations() {
			if a.Datasource != want {
				t.Errorf("annotation %s asks %v", a.Name, a.Datasource)
			}
		}
		for _, p := range d.panels() {
			if p.Datasource != want {
				t.Errorf("panel %q asks %v", p.Title, p.Datasource)
			}
			for _, q := range p.Targets {
				if q.Datasource != want {
					t.Errorf("panel %q, %s asks %v", p.Title, q.RefID, q.Datasource)
				}
			}
		}
	})
}

// TestVariables is template-job-rule, template-instance-rule and
// template-on-time-change-reload-rule, and that each dashboard has the same
// variables, so that links can keep them.
func TestVariables(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		want := []string{"job", "account", "vorg", "vdc", "vm"}
		if d.UID == "ukcloud-exporter" {
			want = slices.Insert(want, 1, "instance")
		}
		var names []string
		for _, v := range d.variables() {
			names = append(names, v.Name)
			if !v.Multi || !v.IncludeAll || v.Refresh != 2 || v.Label == "" {
				t.Errorf("variable %s: %+v", v.Name, v)
			}
			if all := v.AllValue; all != ".*" && (all != ".+" || v.Name != "job" && v.Name != "instance") {
				t.Errorf("variable %s: all is %q", v.Name, all)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("variables %v, want %v", names, want)
		}
	})
}

// TestVariablesAreUsed: a variable that changes nothing is hidden, and one that
// is not there is not asked for.
func TestVariablesAreUsed(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		used := map[string]bool{}
		for _, p := range d.panels() {
			for _, q := range p.Targets {
				for _, name := range regexp.MustCompile(`\$([a-z]+)`).FindAllStringSubmatch(q.Expr, -1) {
					used[name[1]] = true
				}
			}
		}
		for _, v := range d.variables() {
			if hidden := v.Hide == 2; hidden == used[v.Name] {
				t.Errorf("variable %s: hidden %t, used by a panel %t", v.Name, hidden, used[v.Name])
			}
			delete(used, v.Name)
		}
		for name := range used {
			t.Errorf("a panel uses $%s, which is no variable", name)
		}
	})
}

// TestIgnoredVariables: what a panel does not heed of what is chosen above it is
// said in its title, or in its row's.
func TestIgnoredVariables(t *testing.T) {
	said := map[string][]string{"account": {"all accounts"}, "vorg": {"all VDCs", "all accounts"}, "vdc": {"all VDCs", "all accounts"}, "vm": {"all VMs", "all VDCs", "all accounts"}}
	each(t, func(t *testing.T, d dashboard) {
		row := ""
		for _, p := range d.Panels {
			if p.Type == "row" {
				row = p.Title
				continue
			}
			for _, v := range d.variables() {
				words := said[v.Name]
				if v.Hide == 2 || words == nil || p.asks(v.Name) {
					continue
				}
				if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(row+p.Title, w) }) {
					t.Errorf("panel %q ignores %s and does not say so", p.Title, v.Label)
				}
			}
		}
	})
}

// asks reports whether a panel's queries have a variable in them.
func (p panel) asks(variable string) bool {
	return slices.ContainsFunc(p.Targets, func(q target) bool {
		return regexp.MustCompile(`\$` + variable + `\b`).MatchString(q.Expr)
	})
}

// kinds are the panels that Grafana 12.1 and all newer ones have without plugins.
var kinds = []string{"stat", "gauge", "timeseries", "bargauge", "table", "status-history"}

// units are Grafana's names of the units in use.
var units = []string{"currency:financial:£", "bytes", "s", "percentunit", "locale", "reqps", "dateTimeFromNow", "bool_yes_no"}

// TestPanels is panel-title-description-rule, panel-units-rule and
// panel-no-targets-rule, and that each panel has thresholds, a kind that stays,
// and a place of its own.
func TestPanels(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		ids, titles := map[int]bool{}, map[string]bool{}
		for _, p := range d.Panels {
			if ids[p.ID] {
				t.Errorf("two panels with id %d", p.ID)
			}
			ids[p.ID] = true
			if g := p.GridPos; g.X+g.W > 24 || g.W < 1 || g.H < 1 {
				t.Errorf("panel %q is at %+v", p.Title, g)
			}
		}
		for i, p := range d.panels() {
			if p.Title == "" || p.Description == "" || titles[p.Title] {
				t.Errorf("panel %d %q has no title, no description, or the title of another", p.ID, p.Title)
			}
			titles[p.Title] = true
			if !slices.Contains(kinds, p.Type) {
				t.Errorf("panel %q is of kind %s", p.Title, p.Type)
			}
			if len(p.Targets) == 0 || len(p.FieldConfig.Defaults.Thresholds.Steps) == 0 {
				t.Errorf("panel %q has no query or no thresholds", p.Title)
			}
			if unit := p.FieldConfig.Defaults.Unit; !slices.Contains(units, unit) && (p.Type != "table" || unit != "string") {
				t.Errorf("panel %q has unit %q", p.Title, unit)
			}
			if p.FieldConfig.Defaults.NoValue == "" {
				t.Errorf("panel %q says nothing where there is nothing", p.Title)
			}
			for _, o := range d.panels()[i+1:] {
				if overlap(p, o) {
					t.Errorf("panels %q and %q overlap", p.Title, o.Title)
				}
			}
			checkTargets(t, p)
		}
	})
}

func overlap(p, o panel) bool {
	a, b := p.GridPos, o.GridPos
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

func checkTargets(t *testing.T, p panel) {
	t.Helper()
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if refs[q.RefID] || q.Instant == q.Range {
			t.Errorf("panel %q: query %s is there twice, or both instant and range", p.Title, q.RefID)
		}
		refs[q.RefID] = true
		if want := map[bool]string{true: "table", false: "time_series"}[p.Type == "table"]; q.Format != want {
			t.Errorf("panel %q: query %s is of format %s", p.Title, q.RefID, q.Format)
		}
	}
}

// TestColumns: each query of a table has its title and unit.
func TestColumns(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			if p.Type != "table" {
				continue
			}
			unitOf := map[string]string{}
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					if property.ID == "unit" {
						unitOf[o.Matcher.Options] = strings.Trim(string(property.Value), `"`)
					}
				}
			}
			renamed := p.Transformations[len(p.Transformations)-1].Options.RenameByName
			for _, q := range p.Targets {
				if unit := unitOf[renamed["Value #"+q.RefID]]; !slices.Contains(units, unit) {
					t.Errorf("table %q: query %s is column %q of unit %q", p.Title, q.RefID, renamed["Value #"+q.RefID], unit)
				}
			}
		}
	})
}

// TestWhole is uneditable-dashboard-rule, and what is the same in all dashboards:
// schema, tag, links, annotations.
func TestWhole(t *testing.T) {
	each(t, func(t *testing.T, d dashboard) {
		if d.Editable || d.Title == "" || d.Description == "" {
			t.Errorf("editable %t, title %q, description %q", d.Editable, d.Title, d.Description)
		}
		if d.SchemaVersion != 41 {
			t.Errorf("schemaVersion %d is not that of Grafana 12.1", d.SchemaVersion)
		}
		if len(d.Links) != 1 || !d.Links[0].KeepTime || !d.Links[0].IncludeVars || d.Links[0].Type != "dashboards" || !slices.Equal(d.Links[0].Tags, d.Tags) {
			t.Errorf("links %+v do not lead to the other dashboards with time and variables", d.Links)
		}
		var names []string
		for _, a := range d.annotations() {
			names = append(names, a.Name)
			if a.UseValueForTime != strings.Contains(a.Expr, "* 1000") {
				t.Errorf("annotation %+v: a moment is a value in milliseconds", a)
			}
		}
		if want := []string{"vMotion storms", "Exporter restarts", "Month ends"}; !slices.Equal(names, want) {
			t.Errorf("annotations %v, want %v", names, want)
		}
	})
}

// TestDataLinks: a link leads to a dashboard that there is, and keeps time range,
// data source and variables.
func TestDataLinks(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range load(t) {
		uids[d.UID] = true
	}
	found := 0
	each(t, func(t *testing.T, d dashboard) {
		text, err := os.ReadFile(d.UID + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`"url": "(/d/[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			found++
			path, query, _ := strings.Cut(link[1], "?")
			if !uids[strings.TrimPrefix(path, "/d/")] {
				t.Errorf("%s leads nowhere", link[1])
			}
			for _, kept := range []string{"${__url_time_range}", "${datasource:queryparam}", "job", "account", "vorg", "vdc", "vm"} {
				if !strings.Contains(query, kept) {
					t.Errorf("%s does not keep %s", link[1], kept)
				}
			}
		}
	})
	if found == 0 {
		t.Error("there is no link")
	}
}

func each(t *testing.T, check func(*testing.T, dashboard)) {
	t.Helper()
	for _, d := range load(t) {
		t.Run(d.UID, func(t *testing.T) { check(t, d) })
	}
}
