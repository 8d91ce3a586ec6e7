package boards

import (
	"errors"
	"fmt"
	"strings"
)

// The panels stand between these lines of docs/dashboards.md.
const (
	panelsBegin = "<!-- panels -->\n"
	panelsEnd   = "<!-- end of panels -->\n"
)

// Document returns a document with the list of panels in its place.
func Document(text string) (string, error) {
	before, rest, begun := strings.Cut(text, panelsBegin)
	_, after, ended := strings.Cut(rest, panelsEnd)
	if !begun || !ended {
		return "", errors.New("there is no place for the list of panels")
	}
	return before + panelsBegin + list() + panelsEnd + after, nil
}

// list is a table for each dashboard.
func list() string {
	var b strings.Builder
	for _, d := range All() {
		fmt.Fprintf(&b, "\n### %s (`%s`)\n\n%s\n\n| panel | says |\n|---|---|\n", d.Title, d.UID, d.Description)
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				fmt.Fprintf(&b, "| %s: **%s** | %s |\n", row.Title, p.Title, p.Description)
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}
