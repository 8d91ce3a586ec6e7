package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// Source is one bill to write.
type Source struct {
	Account, VOrg string
	Month         bill.Month
	CSV           io.Reader
	Proven        bool // that the end of CSV is its end
}

// Told is what the user should know of a bill that was written.
type Told struct {
	Missing           []csvparse.Column
	Rejected          int64 // rows that cannot be read, and are left out
	BadTags, BadTimes int64 // rows whose tags, and cells whose time, cannot be read: they are null
	Late              bill.Tally
}

// Evidence writes a bill as it is, a row for each row.
func (d *DataSet) Evidence(s Source) (told Told, err error) {
	err = d.stage(s.Month, s.Account, s.VOrg, func(w io.Writer, f *File) error {
		sum := sha256.New()
		reader, err := bill.NewReader(io.TeeReader(s.CSV, sum), bill.Options{
			Month: s.Month, AllColumns: true, Proven: s.Proven,
			Rejected: func(*csvparse.RowError) { told.Rejected++ },
		})
		if err != nil {
			return err
		}
		told.Missing = reader.Missing()
		var out writer
		var e *evidence
		var cost bill.Sum
		for row, err := range reader.Rows() {
			if err != nil {
				return err
			}
			if out == nil {
				if e, out, err = d.evidence(w, s.VOrg, row); err != nil {
					return err
				}
			}
			if err := out.row(); err != nil {
				return err
			}
			f.Rows++
			if !cost.Add(row.Cost) {
				return errRange
			}
			if row.Late {
				told.Late.Rows++
				_ = told.Late.Cost.Add(row.Cost) // it is part of cost
			}
		}
		if out == nil { // a bill without rows is a file without rows
			if e, out, err = d.evidence(w, s.VOrg, new(bill.Row)); err != nil {
				return err
			}
		}
		if err := out.close(); err != nil {
			return err
		}
		told.BadTags, told.BadTimes = e.badTags, e.badTime
		f.BillRows, f.Cost, f.Rejected, f.Late = f.Rows, Pounds(cost.Value), told.Rejected, told.Late.Rows
		f.CSVSHA256 = hex.EncodeToString(sum.Sum(nil))
		return nil
	})
	return told, err
}

func (d *DataSet) evidence(w io.Writer, vorg string, row *bill.Row) (*evidence, writer, error) {
	e, sheet := newEvidence(vorg, row)
	out, err := d.writer(w, sheet)
	return e, out, err
}

func (d *DataSet) writer(w io.Writer, s *sheet) (writer, error) {
	if d.format == CSV {
		return newCSVWriter(w, s)
	}
	return newParquetWriter(w, s, d.version)
}

var errRange = errors.New("sum is out of range")
