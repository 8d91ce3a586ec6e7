package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// section is a section of the API reference.
type section struct {
	Name     string          `json:"section"` // "GET /api/ping"
	Statuses []int           `json:"statuses"`
	Schema   json.RawMessage `json:"schema,omitempty"`
	curl     []string
}

func (s section) method() string { method, _, _ := strings.Cut(s.Name, " "); return method }

const (
	referenceFile = "testdata/reference.json"
	originalFile  = "../../../shared/api-reference.md"
)

var (
	statusLine  = regexp.MustCompile(`(?m)^(\d{3}) `)
	shellBlock  = regexp.MustCompile("(?s)```bash\n(.*?)\n```")
	schemaBlock = regexp.MustCompile("(?s)### JSON schema\\s+```\n(.*?)\n```")
)

// readOriginal reads the reference itself, which is not part of the repository.
func readOriginal(t *testing.T) []section {
	t.Helper()
	text, err := os.ReadFile(originalFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("THE API REFERENCE ../shared/api-reference.md IS MISSING: NOT TESTED AGAINST THE ORIGINAL")
	}
	if err != nil {
		t.Fatal(err)
	}
	var sections []section
	for part := range strings.SplitSeq(string(text), "\n## ") {
		title, body, _ := strings.Cut(part, "\n")
		if !regexp.MustCompile(`^(GET|POST|PUT) /api/`).MatchString(title) {
			continue
		}
		s := section{Name: strings.ReplaceAll(title, `\`, "")}
		request, response, _ := strings.Cut(body, "### Response")
		statuses, _, _ := strings.Cut(response, "#### Response body")
		for _, match := range statusLine.FindAllStringSubmatch(statuses, -1) {
			status, _ := strconv.Atoi(match[1])
			s.Statuses = append(s.Statuses, status)
		}
		for _, match := range shellBlock.FindAllStringSubmatch(request, -1) {
			s.curl = append(s.curl, match[1])
		}
		for _, match := range shellBlock.FindAllStringSubmatch(response, -1) {
			s.curl = append(s.curl, match[1])
		}
		if match := schemaBlock.FindStringSubmatch(body); match != nil {
			s.Schema = mend(t, s.Name, match[1])
		}
		sections = append(sections, s)
	}
	return sections
}

// mend makes JSON of a schema of the reference and leaves out its prose.
func mend(t *testing.T, name, text string) json.RawMessage {
	t.Helper()
	text = regexp.MustCompile(`\]\s*\n(\s*")`).ReplaceAllString(text, "],\n$1") // a comma too few
	text = regexp.MustCompile(`,(\s*[}\]])`).ReplaceAllString(text, "$1")       // one too many
	var open []byte
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			open = append(open, c+2) // the closing one in ASCII
		case c == '}' || c == ']':
			open = open[:len(open)-1]
		}
	}
	for i := len(open) - 1; i >= 0; i-- { // the end is missing
		text += string(open[i])
	}
	var schema any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatalf("schema of %s: %v", name, err)
	}
	mended, err := json.Marshal(withoutProse(schema))
	if err != nil {
		t.Fatal(err)
	}
	return mended
}

// withoutProse drops titles and descriptions, but no property of that name.
func withoutProse(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = withoutProse(value[i])
		}
	case map[string]any:
		for name := range value {
			if _, isText := value[name].(string); isText && (name == "title" || name == "description") {
				delete(value, name)
				continue
			}
			value[name] = withoutProse(value[name])
		}
	}
	return value
}

// reference reads what the repository keeps of the reference.
func reference(t *testing.T) []section {
	t.Helper()
	text, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	var sections []section
	if err := json.Unmarshal(text, &sections); err != nil {
		t.Fatal(err)
	}
	return sections
}

// TestReferenceIsWhatTheOriginalSays also counts: 32 sections, 109 statuses.
func TestReferenceIsWhatTheOriginalSays(t *testing.T) {
	original := readOriginal(t)
	want, err := json.MarshalIndent(original, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(referenceFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the reference says (%v): go test . -update writes it", referenceFile, err)
	}
	statuses := 0
	for _, s := range original {
		statuses += len(s.Statuses)
	}
	if len(original) != 32 || statuses != 109 {
		t.Errorf("%d sections with %d statuses, want 32 with 109", len(original), statuses)
	}
}
