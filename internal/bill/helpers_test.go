package bill_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
)

// cells are the cells of a row that are not blank, by column.
type cells map[csvparse.Column]string

// billCSV writes a billing CSV.
func billCSV(rows ...cells) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	record := make([]string, csvparse.TotalPrice+1)
	for c := range record {
		record[c] = csvparse.Column(c).String()
	}
	_ = w.Write(record)
	for _, row := range rows {
		clear(record)
		for c, text := range row {
			record[c] = text
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.String()
}

// with returns a row with some cells in place of others.
func (c cells) with(other cells) cells {
	row := cells{}
	for _, from := range [...]cells{c, other} {
		for column, text := range from {
			row[column] = text
		}
	}
	return row
}

var january = bill.Month{Year: 2018, Month: 1}

func read(t *testing.T, text string, o bill.Options) *bill.Bill {
	t.Helper()
	b, err := bill.Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// exposed is what a view exposes.
func exposed(t *testing.T, v bill.View) string {
	t.Helper()
	var b bytes.Buffer
	w := exposition.NewWriter(&b, exposition.Text)
	for _, f := range bill.Families() {
		w.Family(&f.Desc)
		f.Write(&v, w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var samples strings.Builder
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			samples.WriteString(line)
		}
	}
	return samples.String()
}

func gbp(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}
