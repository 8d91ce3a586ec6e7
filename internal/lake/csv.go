package lake

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// csvWriter writes a sheet as CSV of RFC 4180: null is an unquoted nothing, times
// are of RFC 3339, a map is a JSON object.
type csvWriter struct {
	sheet  *sheet
	csv    *csv.Writer
	record []string
}

func newCSVWriter(w io.Writer, s *sheet) (*csvWriter, error) {
	c := &csvWriter{s, csv.NewWriter(w), make([]string, len(s.columns))}
	for i := range s.columns {
		c.record[i] = s.columns[i].name
	}
	return c, c.csv.Write(c.record)
}

// row implements writer.
func (c *csvWriter) row() error {
	for i := range c.sheet.columns {
		column := &c.sheet.columns[i]
		c.record[i] = column.kind.text(column.cell())
	}
	return c.csv.Write(c.record)
}

// close implements writer.
func (c *csvWriter) close() error {
	c.csv.Flush()
	return c.csv.Error()
}

func (k kind) text(value cell) string {
	if value.null {
		return ""
	}
	switch k {
	case date:
		return time.Unix(value.n*86400, 0).UTC().Format(time.DateOnly)
	case timestamp:
		return time.UnixMilli(value.n).UTC().Format("2006-01-02T15:04:05.999Z")
	case boolean:
		return strconv.FormatBool(value.n != 0)
	case integer:
		return strconv.FormatInt(value.n, 10)
	case decimal:
		return money.Amount(value.n).String()
	case tags:
		return object(value.tags)
	}
	return value.text
}

// object writes tags as JSON.
func object(all []bill.Tag) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, tag := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(bill.QuoteJSON(tag.Key))
		b.WriteByte(':')
		b.WriteString(tag.JSON)
	}
	b.WriteByte('}')
	return b.String()
}
