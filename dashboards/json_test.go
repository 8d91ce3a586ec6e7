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
	BuiltIn         int
	Datasource      source
	Enable          bool
	UseValueForTime bool
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Interval                 string
	Datasource               source
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []target
	FieldConfig              struct {
		Defaults struct {
			Unit       string
			Thresholds thresholds
			Links      []dataLink
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Transformations []struct {
		ID      string
		Options struct{ RenameByName map[string]string }
	}
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
