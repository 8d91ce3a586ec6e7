package conformance

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const documentFile = "../../docs/portal-api.md"

// document compares docs/portal-api.md with what was seen, or writes it.
func document(t *testing.T, sections []section, seen map[string][]int) {
	t.Helper()
	want := []byte(page(sections, seen))
	if *update {
		if err := os.WriteFile(documentFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(documentFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/portal-api.md is not what the suite has seen (%v): go test -C portal/conformance . -update writes it", err)
	}
}

func page(sections []section, seen map[string][]int) string {
	var b strings.Builder
	documented, answered := 0, 0
	for _, s := range sections {
		documented += len(s.Statuses)
		answered += len(seen[s.Name])
	}
	fmt.Fprintf(&b, `# The Portal API, section by section

Written by the conformance suite from its own run against the simulated portal
([portal/conformance](../portal/conformance)): every section of the API reference, the
method of the Go client that calls it (which a test has called and watched), whether the simulated portal answers it, and the
documented statuses that were asked for and seen, with headers and body as documented or
recorded. **%d sections, %d of %d documented statuses.**

| section | client method | simulated | statuses seen |
|---|---|---|---|
`, len(sections), answered, documented)
	for _, s := range sections {
		method := "`" + strings.Join(methodsOf(s.Name), "`, `") + "`"
		simulated, statuses := "yes", make([]string, 0, len(s.Statuses))
		for _, status := range s.Statuses {
			if slices.Contains(seen[s.Name], status) {
				statuses = append(statuses, fmt.Sprint(status))
			} else {
				simulated = "in part"
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, method, simulated, strings.Join(statuses, ", "))
	}
	b.WriteString(`
Where the bodies differ from the reference's schemas because the real portal's did:

| section | place in the body | reason |
|---|---|---|
`)
	for _, d := range deviations {
		place := strings.ReplaceAll(d.place, "|", `\|`)
		if place == "^$" {
			place = "the whole"
		} else {
			place = "`" + place + "`"
		}
		fmt.Fprintf(&b, "| `…%s…` | %s | %s |\n", d.section, place, d.reason)
	}
	b.WriteString(`
What the simulated portal does beyond that, and what of it is a guess, stands in the comment of
[portal/simulator](../portal/simulator/doc.go).
`)
	return b.String()
}
