package portal

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/money"
	api "ukcloud_exporter/portal"
)

// table is what a command prints. A cell is a string, an int64, a money.Amount, a
// time.Time, or nil for what the portal did not say.
type table struct {
	columns []string
	rows    [][]any
}

func (t *table) add(cells ...any) { t.rows = append(t.rows, cells) }

// optional is the cell of a field that may be absent.
func optional[T any](o api.Optional[T]) any {
	if !o.Valid {
		return nil
	}
	return o.Value
}

func (c *command) print(t *table) error {
	switch c.format {
	case "json":
		return t.json(c.env.Stdout)
	case "csv":
		return t.csv(c.env.Stdout)
	}
	return t.people(c.env.Stdout)
}

// people prints columns under headings. What a terminal would obey is left out.
func (t *table) people(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	headings := make([]string, len(t.columns))
	for i, column := range t.columns {
		headings[i] = strings.ToUpper(strings.ReplaceAll(column, "_", " "))
	}
	_, _ = fmt.Fprintln(w, strings.Join(headings, "\t"))
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = printable(text(cell)); cells[i] == "" {
				cells[i] = "-"
			}
		}
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

func (t *table) csv(out io.Writer) error {
	w := csv.NewWriter(out)
	_ = w.Write(t.columns)
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = text(cell)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return w.Error()
}

// json prints a list of objects. Money is a text, so that it stays exact.
func (t *table) json(out io.Writer) error {
	e := jsontext.NewEncoder(out, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
	err := e.WriteToken(jsontext.BeginArray)
	for _, row := range t.rows {
		if err == nil {
			err = e.WriteToken(jsontext.BeginObject)
		}
		for i, cell := range row {
			switch v := cell.(type) {
			case money.Amount, time.Time:
				cell = text(v)
			}
			if err == nil {
				err = e.WriteToken(jsontext.String(t.columns[i]))
			}
			if err == nil {
				err = json.MarshalEncode(e, cell)
			}
		}
		if err == nil {
			err = e.WriteToken(jsontext.EndObject)
		}
	}
	if err == nil {
		err = e.WriteToken(jsontext.EndArray)
	}
	return err
}

func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case money.Amount:
		return pounds(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(cell)
}

// printable puts a text on one line, without what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case !unicode.IsPrint(c):
			return -1
		}
		return c
	}, s)
}

// pounds writes an amount with at least its pence.
func pounds(a money.Amount) string {
	s := a.String()
	_, fraction, hasPoint := strings.Cut(s, ".")
	if !hasPoint {
		s += "."
	}
	return s + strings.Repeat("0", max(0, 2-len(fraction)))
}
