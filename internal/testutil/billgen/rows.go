package billgen

import (
	"bytes"
	"encoding/csv"
	"maps"

	"ukcloud_exporter/csvparse"
)

// Row is one row of a bill: its cells that are not blank.
type Row map[csvparse.Column]string

// With returns the row with some cells in place of others.
func (r Row) With(other Row) Row {
	row := maps.Clone(r)
	maps.Copy(row, other)
	return row
}

// CSV writes a bill of all 56 columns, headers as the API reference spells them.
func CSV(rows ...Row) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	columns := csvparse.Columns()
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.String()
	}
	_ = w.Write(record) // a buffer takes everything
	for _, row := range rows {
		for i, c := range columns {
			record[i] = row[c]
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.String()
}
