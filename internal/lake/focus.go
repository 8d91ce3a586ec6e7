package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/focus"
)

// FocusSchema is the schema's name in manifests.
func FocusSchema(v focus.Version) string { return "focus-" + string(v) }

// EvidenceSchema is the schema of the bill as it is.
const EvidenceSchema = "evidence"

// focusSheet describes the charges of FOCUS. Its cells are of the record.
func focusSheet(columns []focus.Column, record *[]string) *sheet {
	s := &sheet{}
	for i, c := range columns {
		column := column{name: c.ID, cell: func() cell { return word((*record)[i]) }}
		switch c.Kind {
		case focus.Decimal:
			column.kind, column.places = exact, c.Places
		case focus.DateTime:
			column.kind = timestamp
			column.cell = func() cell { return utcCell((*record)[i]) }
		case focus.Object:
			column.kind = tags
			parser := tagParser{}
			column.cell = func() cell {
				all, _ := parser.of((*record)[i]) // it was written from what could be read
				return cell{null: len(all) == 0, tags: all}
			}
		}
		s.columns = append(s.columns, column)
	}
	return s
}

func utcCell(text string) cell {
	t, err := time.Parse(time.RFC3339, text)
	return cell{null: err != nil, n: t.UnixMilli()}
}

// Focus writes a bill as charges. A charge that has no place in the columns, because it
// has too many digits, ends it with an error.
func (d *DataSet) Focus(s Source, v focus.Version, owner focus.Bill) (told Told, more focus.Told, err error) {
	err = d.stage(s.Month, s.Account, s.VOrg, func(w io.Writer, f *File) error {
		converter := focus.NewConverter(v, owner)
		sum := sha256.New()
		reader, err := bill.NewReader(io.TeeReader(s.CSV, sum), bill.Options{
			Month: s.Month, AllColumns: true, Proven: s.Proven,
			Rejected: func(*csvparse.RowError) { converter.Rejected++ },
		})
		if err != nil {
			return err
		}
		told.Missing = reader.Missing()
		var record []string
		out, err := d.writer(w, focusSheet(converter.Columns(), &record))
		if err != nil {
			return err
		}
		var cost bill.Sum
		for row, err := range reader.Rows() {
			if err != nil {
				return err
			}
			for record = range converter.Charges(row) {
				if err := out.row(); err != nil {
					return fmt.Errorf("line %d: %w", row.Line, err)
				}
				f.Rows++
			}
			f.BillRows++
			if !converter.Tell(row) || !cost.Add(row.Cost) {
				return fmt.Errorf("line %d: %w", row.Line, errRange)
			}
		}
		f.Cost, f.Rejected, f.Late = Pounds(cost.Value), converter.Rejected, converter.Late.Rows
		told.Rejected, told.Late, more = converter.Rejected, converter.Late, converter.Told
		f.CSVSHA256 = hex.EncodeToString(sum.Sum(nil))
		return out.close()
	})
	return told, more, err
}
