package estate

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"ukcloud_exporter/money"
)

// Table is one question with its answer. The same rows become HTML, CSV and JSON.
type Table struct {
	ID, Title string
	Note      string // what the figures are, where the title does not say
	Columns   []Column
	Rows      [][]any // a string, an int, a money.Amount, a time.Time; nil is unknown
	Empty     string  // what an empty table means, in words
	Unread    bool    // nothing has been read that could be in it
}

// Column is a column of a table. Key is its name in CSV and JSON.
type Column struct {
	Key, Title string
	Kind       Kind
}

// Kind says how a column is shown.
type Kind uint8

// The kinds of columns.
const (
	Text   Kind = iota
	Name        // what the row is about, one in each table
	ID          // of what Name names
	Detail      // a text that a narrow screen can do without
	Number      // a count
	Pounds      // money
	Time        // a moment, shown as its age
)

// Plain is a cell for machines: money and times exact.
func Plain(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case money.Amount:
		return v.String()
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case int:
		return strconv.Itoa(v)
	case string:
		return v
	}
	return ""
}

// WriteCSV writes tables as CSV. One table has its own columns; several have the
// column table before theirs, and an empty line between them.
func WriteCSV(w io.Writer, tables []Table) error {
	out := csv.NewWriter(w)
	for i, t := range tables {
		var lead []string
		if len(tables) > 1 {
			lead = []string{"table"}
			if i > 0 {
				out.Flush()
				if _, err := io.WriteString(w, "\n"); err != nil {
					return err
				}
			}
		}
		for _, c := range t.Columns {
			lead = append(lead, c.Key)
		}
		_ = out.Write(lead) // an error stays, and Error gives it
		for _, row := range t.Rows {
			var record []string
			if len(tables) > 1 {
				record = []string{t.ID}
			}
			for _, cell := range row {
				record = append(record, harmless(Plain(cell), cell))
			}
			_ = out.Write(record)
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a name from becoming a formula in a spreadsheet.
func harmless(text string, cell any) string {
	if _, isText := cell.(string); isText && text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// WriteJSON writes tables as one object: a list of rows by table, each row an object
// by column; null for a table of which nothing has been read. Money is a text, because
// it is exact and JSON's numbers are often read as floats.
func WriteJSON(w io.Writer, page *Page, tables []Table) error {
	all := make(map[string][]map[string]any, len(tables))
	for _, t := range tables {
		if t.Unread {
			all[t.ID] = nil
			continue
		}
		rows := make([]map[string]any, 0, len(t.Rows))
		for _, row := range t.Rows {
			object := make(map[string]any, len(row))
			for i, cell := range row {
				switch v := cell.(type) {
				case nil, int:
					object[t.Columns[i].Key] = v
				default:
					object[t.Columns[i].Key] = Plain(v)
				}
			}
			rows = append(rows, object)
		}
		all[t.ID] = rows
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Time    time.Time                   `json:"time"`
		Account string                      `json:"account,omitempty"`
		Tables  map[string][]map[string]any `json:"tables"`
	}{page.Now, page.Account, all})
}
