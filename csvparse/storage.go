package csvparse

import (
	"errors"
	"io"
	"iter"
)

// CloudStorage reads the rows of a cloud storage report (API reference, GET
// /api/billing/cloud-storage-report). It is for one goroutine.
type CloudStorage struct {
	scanner *scanner
	fields  [len(storageNames)]int
	texts   interner
}

// CloudStorageRow is one bucket in one month. Texts are as sent, "" when blank, and
// never part of a buffer.
type CloudStorageRow struct {
	Line int64 // line in the file where the row starts, from 1

	OrgID, CompanyID, AccountID, ServiceID string

	BucketName   string
	ServiceLevel string   // for example STANDARD or ENHANCED
	Consumption  Quantity // the month's average, rounded up; the vendor's GB, priced as GiB
	Cost         Money    // pounds, as if for the whole month
}

// storageNames are the headers as the API reference spells them.
var storageNames = [...]string{
	"Org Id", "Company Id", "Account Id", "Service Id", "Bucket Name", "Service Level", "Consumption (GB)", "Cost",
}

// NewCloudStorage reads the header. All eight columns are needed; errors are those
// of NewBilling, and WithColumns is one.
func NewCloudStorage(r io.Reader, opts ...Option) (*CloudStorage, error) {
	o, err := choose(opts)
	if err != nil {
		return nil, err
	}
	if o.columns != nil {
		return nil, errors.New("csvparse: columns of a billing CSV were asked of a cloud storage report")
	}
	c := &CloudStorage{scanner: newScanner(r, o), texts: newInterner(len(storageNames))}
	h, err := readHeader(c.scanner, table{names: storageNames[:]})
	if err != nil {
		return nil, err
	}
	for i := range c.fields {
		if c.fields[i], err = h.need(i); err != nil {
			return nil, err
		}
	}
	c.scanner.expect(len(h.names))
	return c, nil
}

// Decode reads the next row into row: see Billing.Decode.
func (c *CloudStorage) Decode(row *CloudStorageRow) error {
	if err := c.scanner.next(); err != nil {
		return err
	}
	row.Line = c.scanner.recordLine
	texts := [...]*string{
		&row.OrgID, &row.CompanyID, &row.AccountID, &row.ServiceID, &row.BucketName, &row.ServiceLevel,
	}
	for i, text := range texts {
		*text = c.texts.text(c.scanner.raw(c.fields[i]), i)
	}
	consumption, cost := c.fields[len(texts)], c.fields[len(texts)+1]
	text := unquote(c.scanner.raw(consumption))
	if fault := row.Consumption.set(text); fault != "" {
		return c.scanner.bad(consumption, fault, text)
	}
	text = unquote(c.scanner.raw(cost))
	if fault := row.Cost.set(text); fault != "" {
		return c.scanner.bad(cost, fault, text)
	}
	return nil
}

// Rows reads all rows: see Billing.Rows.
func (c *CloudStorage) Rows() iter.Seq2[*CloudStorageRow, error] { return rows(c.Decode) }
