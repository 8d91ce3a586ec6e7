package dashboards_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// dashboard is a committed dashboard, as far as the tests read it.
type dashboard struct {
	UID, Title, Description string
	Tags                    []string
	SchemaVersion           int
	Editable                bool
	Time                    struct{ From, To string }
	Templating              struct{ List []variable }
	Annotations             struct{ List []annotation }
	Links                   []struct {
		Type                  string
		Tags                  []string
		KeepTime, IncludeVars bool
	}
	Panels []panel
}

type source struct{ Type, UID string }

type variable struct {
	Name, Label, Type, Definition, Regex, AllValue string
	Query                                          any // a text, or an object with a query
	Datasource                                     source
	Multi, IncludeAll                              bool
	Refresh, Hide                                  int
}

type annotation struct {
	Name, Expr      string
	TextFormat      string
	BuiltIn         int
	Datasource      source
	Enable          bool
	Step            string
	UseValueForTime bool
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Interval, TimeFrom       string
	Datasource               source
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []target
	FieldConfig              struct {
		Defaults struct {
			Unit, NoValue string
			Decimals      *int
			Thresholds    thresholds
			Mappings      []mapping
			Links         []dataLink
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Options struct {
		SortBy []struct{ DisplayName string }
	}
	Transformations []struct {
		ID      string
		Options struct {
			RenameByName  map[string]string
			ExcludeByName map[string]bool
			IndexByName   map[string]int
		}
	}
}

// overrides are a panel's, by field and property.
func (p panel) override(field, property string, into any) bool {
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID != "byName" || o.Matcher.Options != field {
			continue
		}
		for _, found := range o.Properties {
			if found.ID == property {
				return json.Unmarshal(found.Value, into) == nil
			}
		}
	}
	return false
}

// organize is what a table's last transformation does.
func (p panel) organize() (renamed map[string]string, excluded map[string]bool, index map[string]int) {
	o := p.Transformations[len(p.Transformations)-1].Options
	return o.RenameByName, o.ExcludeByName, o.IndexByName
}

type mapping struct {
	Type    string
	Options map[string]struct{ Text, Color string }
}

type thresholds struct {
	Steps []struct {
		Color string
		Value *float64
	}
}

type dataLink struct{ Title, URL string }

type target struct {
	RefID, Expr, Format string
	LegendFormat        string
	Datasource          source
	Instant, Range      bool
}

// load reads the committed dashboards.
func load(t *testing.T) (all []dashboard) {
	t.Helper()
	paths, err := filepath.Glob("*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if d.UID+".json" != path {
			t.Errorf("%s has uid %q", path, d.UID)
		}
		all = append(all, d)
	}
	return all
}

// panels are those that show something.
func (d dashboard) panels() (all []panel) {
	for _, p := range d.Panels {
		if p.Type != "row" {
			all = append(all, p)
		}
	}
	return all
}

// variables are those that ask Prometheus.
func (d dashboard) variables() (all []variable) {
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			all = append(all, v)
		}
	}
	return all
}

// annotations are those that ask Prometheus.
func (d dashboard) annotations() (all []annotation) {
	for _, a := range d.Annotations.List {
		if a.BuiltIn == 0 {
			all = append(all, a)
		}
	}
	return all
}
