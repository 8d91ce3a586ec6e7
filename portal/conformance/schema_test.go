package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schemas are compiled schemas, by the name of the section; "error" is that of
// every error's body.
type schemas struct {
	compiled map[string]*jsonschema.Schema
	used     map[deviation]bool
}

func newSchemas(t *testing.T, sections []section) *schemas {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	texts := map[string]string{"error": errorShape}
	for _, s := range sections {
		texts[s.Name] = string(s.Schema)
		if shape, ok := shapes[s.Name]; ok {
			texts[s.Name] = shape
		}
		if strings.HasSuffix(s.Name, "/compute_services") {
			texts["compute.json"] = string(s.Schema)
		}
	}
	found := &schemas{map[string]*jsonschema.Schema{}, map[deviation]bool{}}
	ids := map[string]string{}
	for name, text := range texts {
		if text == "" {
			continue // a CSV
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatalf("schema of %s: %v", name, err)
		}
		ids[name] = fmt.Sprintf("https://reference.invalid/%d", len(ids))
		if name == "compute.json" {
			ids[name] = "https://reference.invalid/compute.json" // shapes refer to it
		}
		if err := compiler.AddResource(ids[name], document); err != nil {
			t.Fatalf("schema of %s: %v", name, err)
		}
	}
	for name, id := range ids {
		schema, err := compiler.Compile(id)
		if err != nil {
			t.Fatalf("schema of %s: %v", name, err)
		}
		found.compiled[name] = schema
	}
	return found
}

// check compares a body with a schema. What differs has to be on the list of
// deviations.
func (s *schemas) check(t *testing.T, section, name string, body []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("the body is not JSON: %v", err)
		return
	}
	if list, ok := value.([]any); ok && s.deviates(section, "") {
		for i, one := range list { // the schema is of one of them
			s.compare(t, section, fmt.Sprintf("/%d", i), s.compiled[name], one)
		}
		return
	}
	s.compare(t, section, "", s.compiled[name], value)
}

func (s *schemas) compare(t *testing.T, section, prefix string, schema *jsonschema.Schema, value any) {
	t.Helper()
	err := schema.Validate(value)
	if err == nil {
		return
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		t.Fatal(err)
	}
	shown := 0
	for _, leaf := range leaves(invalid, nil) {
		place := prefix
		for _, token := range leaf.InstanceLocation {
			place += "/" + token
		}
		if s.deviates(section, place) {
			continue
		}
		if shown++; shown <= 10 {
			t.Errorf("%s: %s", place, leaf.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
		}
	}
	if shown > 10 {
		t.Errorf("and %d more", shown-10)
	}
}

func leaves(e *jsonschema.ValidationError, list []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(list, e)
	}
	for _, cause := range e.Causes {
		list = leaves(cause, list)
	}
	return list
}

// deviates reports whether a place in a section's body is known to differ.
func (s *schemas) deviates(section, place string) bool {
	for _, d := range deviations {
		if strings.Contains(section, d.section) && regexp.MustCompile(d.place).MatchString(place) {
			s.used[d] = true
			return true
		}
	}
	return false
}

// TestBrokenBodiesAreFound: the checks are able to fail.
func TestBrokenBodiesAreFound(t *testing.T) {
	s := newSchemas(t, reference(t))
	tests := []struct{ section, body string }{
		{"GET /api/ping", `{"response":"ok"}`},
		{"GET /api/accounts", `[{"name":"x","id":"1"}]`},
		{"GET /api/accounts/:account_id/vorgs", `{"data":[{"id":"x","type":"vOrg","attributes":{"name":"x"}}]}`},
		{"GET /api/my_vm", `{"x":{"vapps":[],"vms":[{"y":[{"_id":"1"}]}]}}`},
		{"GET /api/accounts/:account_id/compute_services/:vorg_id", `{"compute_service_id":12,"name":"","serviceId":"","urn":"","VDCs":[{"name":1,"urn":"","vApps":[]}]}`},
		{"POST /api/accounts/:account_id/vorgs", `{"data":{"type":"Vorg-build","id":"1","attributes":{"createdAt":"yesterday","createdBy":"a@example.com","state":"approved","serviceName":"x","zoneId":"B"}}}`},
	}
	for _, test := range tests {
		var value any
		if err := json.Unmarshal([]byte(test.body), &value); err != nil {
			t.Fatal(err)
		}
		if err := s.compiled[test.section].Validate(value); err == nil {
			t.Errorf("%s: %s passes", test.section, test.body)
		}
	}
}
