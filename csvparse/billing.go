// Package csvparse reads the portal's CSV files as streams: the billing CSV, which
// is the invoice evidence file, and the cloud storage report.
//
// Money and quantities are exact decimals of nine places; a cell that would lose a
// place or is no number rejects its row. A rejected row is reported with line,
// column and field, and reading goes on. A stream that is cut off is an error, and
// what was read from it is no whole month.
//
// # The end of a file
//
// A file is whole when its last line has its line end: a last row without one is
// taken for cut off, because a TotalPrice of 12.3 may have been 12.34. A file that
// was cut off exactly behind a line end looks whole, so only the reader can notice
// that: the portal's stream gives io.ErrUnexpectedEOF when there is less than its
// Content-Length, and saved files have a checksum. With TrustEOF the reader is
// known to prove its end, and the last line end may be missing.
package csvparse

import (
	"cmp"
	"io"
	"iter"
	"slices"
)

// Billing reads the rows of a billing CSV (API reference, GET
// /api/billing/billing-csv). It is for one goroutine.
type Billing struct {
	scanner *scanner
	plan    []step // the resource first: it helps to find the other texts
	raw     []int  // which field of a record a column of WithRaw is, by column; -1: none
	missing []Column
	texts   interner
	dayText []byte // the last date that was read, and what day it is
	day     Date
	bound   *BillingRow // the row whose fields the plan points to
}

// step is one wanted column: which field of a record it is, how to read it, and where
// it goes. Of the pointers one is not nil, that of the kind.
type step struct {
	field    int
	column   Column
	kind     kind
	doubtful bool // a cell that cannot be read does not reject the row
	text     int  // of a column of text: which of them

	words    *string
	quantity *Quantity
	money    *Money
	date     *Date
}

// NewBilling reads the header. A file without the wanted columns is a *HeaderError,
// one that ends within its header a *StreamError. Without WithColumns it reads all
// columns.
func NewBilling(r io.Reader, opts ...Option) (*Billing, error) {
	o, err := choose(opts)
	if err != nil {
		return nil, err
	}
	if o.columns == nil {
		o.columns = Columns()
	}
	s := newScanner(r, o)
	h, err := readHeader(s, table{names: billingNames[:], aliases: billingAliases()})
	if err != nil {
		return nil, err
	}
	b := &Billing{scanner: s}
	texts := 0
	b.missing = h.missing()
	for i, c := range slices.Concat(o.columns, o.doubtful) {
		field, err := h.need(int(c))
		if err != nil && i >= len(o.columns) {
			continue
		}
		if err != nil {
			return nil, err
		}
		step := step{field: field, column: c, kind: c.kind(), doubtful: i >= len(o.columns), text: texts}
		if step.kind == textKind || step.kind == resourceKind {
			texts++
		}
		b.plan = append(b.plan, step)
	}
	// The resource first, because it helps to find the other texts; then as in the file.
	slices.SortFunc(b.plan, func(p, q step) int {
		if p.kind == resourceKind || q.kind == resourceKind {
			return cmp.Compare(q.kind, p.kind)
		}
		return cmp.Compare(p.field, q.field)
	})
	if b.raw, err = rawFields(h, o.raw); err != nil {
		return nil, err
	}
	b.texts = newInterner(texts)
	s.expect(len(h.names))
	return b, nil
}

// rawFields finds the columns of WithRaw.
func rawFields(h *header, columns []Column) ([]int, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	fields := slices.Repeat([]int{-1}, columnCount)
	for _, c := range columns {
		field, err := h.need(int(c))
		if err != nil {
			return nil, err
		}
		fields[c] = field
	}
	return fields, nil
}

// Raw returns the cell of a column of WithRaw, of the row that Decode has read last, as
// the file writes it: with its quotes, which Unquote takes off. It is part of a buffer,
// and good until the next call of Decode. A column that Decode reads too may not be
// asked for.
func (b *Billing) Raw(c Column) []byte { return b.scanner.raw(b.raw[c]) }

// Unquote returns the text of a cell that Raw has given. It writes over the cell.
func Unquote(cell []byte) []byte { return unquote(cell) }

// Missing returns the documented columns that are not in the file.
func (b *Billing) Missing() []Column { return b.missing }

// bind points the plan to the fields of a row, which is mostly the same one each time.
func (b *Billing) bind(row *BillingRow) {
	b.bound = row
	for i := range b.plan {
		step := &b.plan[i]
		switch field := row.Field(step.column).(type) {
		case *string:
			step.words = field
		case *Quantity:
			step.quantity = field
		case *Money:
			step.money = field
		case *Date:
			step.date = field
		}
	}
}

// Decode reads the next row into row, without allocating once the row's texts have
// been seen. It returns io.EOF at the clean end of the file; a *RowError for a row
// that is rejected, and the next call goes on behind it; a *StreamError when the
// stream is broken, and then always. After an error row holds nothing of use.
func (b *Billing) Decode(row *BillingRow) error {
	if err := b.scanner.next(); err != nil {
		return err
	}
	if row != b.bound {
		b.bind(row)
	}
	row.Line, row.Doubtful = b.scanner.recordLine, nil
	record, cuts := b.scanner.record, b.scanner.cuts
	for i := range b.plan {
		step := &b.plan[i]
		raw := record[cuts[step.field]+1 : cuts[step.field+1]]
		switch step.kind {
		case textKind:
			*step.words = b.texts.text(raw, step.text)
			continue
		case resourceKind:
			*step.words = b.texts.resource(raw, step.text)
			continue
		}
		text := raw
		if len(text) > 0 && text[0] == '"' {
			text = unquote(text)
		}
		var fault Reason
		switch step.kind {
		case moneyKind:
			fault = step.money.set(text)
		case quantityKind:
			fault = step.quantity.set(text)
		case dateKind:
			fault = b.date(step.date, text)
		}
		if fault == "" {
			continue
		}
		bad := b.scanner.bad(step.field, fault, text)
		if !step.doubtful {
			return bad
		}
		row.Doubtful = append(row.Doubtful, bad)
	}
	return nil
}

// longestDay bounds what is kept of a date: fractions of a second may go on for ever.
const longestDay = 32

// date fills the cell of a date, which mostly is the one of the row before.
func (b *Billing) date(d *Date, text []byte) Reason {
	if len(text) > 0 && string(text) == string(b.dayText) {
		*d = b.day
		return ""
	}
	fault := d.set(text)
	if fault == "" && len(text) <= longestDay {
		b.dayText, b.day = append(b.dayText[:0], text...), *d
	}
	return fault
}

// Rows reads all rows. It yields a row with a nil error, or a nil row with the
// *RowError of a rejected row and goes on, or a nil row with the *StreamError that
// ends a broken stream. The row is the same variable each time, its texts are not.
func (b *Billing) Rows() iter.Seq2[*BillingRow, error] { return rows(b.Decode) }
