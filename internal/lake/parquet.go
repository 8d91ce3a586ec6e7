package lake

import (
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// rowGroup is how many rows are kept in memory, encoded, before they are written:
// enough for readers to skip by, and few enough for any file to be written in little
// memory.
const rowGroup = 1 << 16

// batch is how many rows are collected before they are handed to the columns.
const batch = 512

// precision is the most digits that engines have for a DECIMAL.
const precision = 38

// decimalBytes is how many bytes hold so many digits.
const decimalBytes = 16

// node is the column's type in Parquet. All columns may be null.
func (c *column) node() parquet.Node {
	switch c.kind {
	case date:
		return parquet.Optional(parquet.Encoded(parquet.Date(), &parquet.RLEDictionary))
	case timestamp:
		return parquet.Optional(parquet.Encoded(parquet.Timestamp(parquet.Millisecond), &parquet.RLEDictionary))
	case boolean:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case integer:
		return parquet.Optional(parquet.Leaf(parquet.Int64Type))
	case decimal, exact:
		return parquet.Optional(parquet.Encoded(parquet.Decimal(c.places, precision, parquet.FixedLenByteArrayType(decimalBytes)), &parquet.RLEDictionary))
	case tags:
		word := func() parquet.Node { return parquet.Encoded(parquet.String(), &parquet.RLEDictionary) }
		return parquet.Optional(parquet.Map(word(), parquet.Optional(word())))
	}
	return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
}

// ordered is a group whose fields keep their order; parquet.Group sorts them by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

// Fields implements parquet.Node.
func (o ordered) Fields() []parquet.Field { return o.fields }

func (s *sheet) schema() *parquet.Schema {
	group := parquet.Group{}
	for i := range s.columns {
		group[s.columns[i].name] = s.columns[i].node()
	}
	byName := map[string]parquet.Field{}
	for _, field := range group.Fields() {
		byName[field.Name()] = field
	}
	root := ordered{Group: group}
	for i := range s.columns {
		root.fields = append(root.fields, byName[s.columns[i].name])
	}
	return parquet.NewSchema("bill", root)
}

// parquetWriter writes a sheet as Parquet.
type parquetWriter struct {
	sheet   *sheet
	file    *parquet.GenericWriter[any]
	leaves  []leaf
	waiting int // rows in the leaves
	rows    int // in the row group
}

// leaf collects the values of one column of the file. A map is two.
type leaf struct {
	values []parquet.Value
	bytes  []byte // of the decimals
}

func newParquetWriter(w io.Writer, s *sheet, version string) (*parquetWriter, error) {
	zstd, err := newCodec()
	if err != nil {
		return nil, err
	}
	p := &parquetWriter{sheet: s, file: parquet.NewGenericWriter[any](w, s.schema(),
		parquet.Compression(zstd), parquet.CreatedBy("ukcloud_exporter", version, ""),
		parquet.MaxRowsPerRowGroup(2*rowGroup), parquet.DataPageStatistics(true))}
	p.leaves = make([]leaf, len(p.file.ColumnWriters()))
	for i := range p.leaves {
		p.leaves[i] = leaf{make([]parquet.Value, 0, batch), make([]byte, 0, batch*decimalBytes)}
	}
	return p, nil
}

// row implements writer.
func (p *parquetWriter) row() error {
	at := 0
	for i := range p.sheet.columns {
		c := &p.sheet.columns[i]
		value := c.cell()
		if c.kind == tags {
			p.tags(at, value)
			at += 2
			continue
		}
		if err := p.leaves[at].add(at, c, value); err != nil {
			return err
		}
		at++
	}
	if p.waiting++; p.waiting < batch {
		return nil
	}
	return p.hand()
}

func (l *leaf) add(at int, c *column, value cell) error {
	if value.null {
		l.values = append(l.values, parquet.NullValue().Level(0, 0, at))
		return nil
	}
	var v parquet.Value
	switch c.kind {
	case date:
		v = parquet.Int32Value(int32(value.n))
	case timestamp, integer:
		v = parquet.Int64Value(value.n)
	case boolean:
		v = parquet.BooleanValue(value.n != 0)
	case decimal:
		v = parquet.FixedLenByteArrayValue(l.number(value.n))
	case exact:
		number, err := unscaled(value.text, c.places)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		from := len(l.bytes)
		l.bytes = append(l.bytes, number[:]...)
		v = parquet.FixedLenByteArrayValue(l.bytes[from:])
	default:
		v = parquet.ByteArrayValue([]byte(value.text))
	}
	l.values = append(l.values, v.Level(0, 1, at))
	return nil
}

// number writes an integer as the bytes of a decimal, the highest first.
func (l *leaf) number(n int64) []byte {
	sign := byte(n >> 63)
	from := len(l.bytes)
	l.bytes = append(l.bytes, sign, sign, sign, sign, sign, sign, sign, sign,
		byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return l.bytes[from:]
}

// unscaled reads a decimal number as a whole number of the last place.
func unscaled(number string, places int) (bytes [decimalBytes]byte, err error) {
	whole, fraction, _ := strings.Cut(number, ".")
	if len(fraction) > places {
		return bytes, fmt.Errorf("%s has more than %d places", number, places)
	}
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", places-len(fraction)), 10)
	if !ok {
		return bytes, fmt.Errorf("%q is no decimal number", number)
	}
	if digits := strings.TrimLeft(n.String(), "-"); len(digits) > precision {
		return bytes, fmt.Errorf("%s has more than %d digits with its %d places", number, precision, places)
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}
	n.FillBytes(bytes[:])
	return bytes, nil
}

// tags adds a map's keys and values: each entry but the first repeats.
func (p *parquetWriter) tags(at int, value cell) {
	keys, values := &p.leaves[at], &p.leaves[at+1]
	if value.null { // an empty one is, too
		keys.values = append(keys.values, parquet.NullValue().Level(0, 0, at))
		values.values = append(values.values, parquet.NullValue().Level(0, 0, at+1))
		return
	}
	for i, tag := range value.tags {
		repeats := min(i, 1)
		keys.values = append(keys.values, parquet.ByteArrayValue([]byte(tag.Key)).Level(repeats, 2, at))
		if tag.JSON == "null" {
			values.values = append(values.values, parquet.NullValue().Level(repeats, 2, at+1))
			continue
		}
		values.values = append(values.values, parquet.ByteArrayValue([]byte(tag.Value)).Level(repeats, 3, at+1))
	}
}

// hand gives the columns what was collected for them, and ends the row group when it
// is large enough.
func (p *parquetWriter) hand() error {
	writers := p.file.ColumnWriters()
	for i := range p.leaves {
		if _, err := writers[i].WriteRowValues(p.leaves[i].values); err != nil {
			return err
		}
		p.leaves[i].values, p.leaves[i].bytes = p.leaves[i].values[:0], p.leaves[i].bytes[:0]
	}
	p.rows += p.waiting
	p.waiting = 0
	if p.rows < rowGroup {
		return nil
	}
	p.rows = 0
	return p.file.Flush()
}

// close implements writer.
func (p *parquetWriter) close() error {
	if p.waiting > 0 {
		if err := p.hand(); err != nil {
			return err
		}
	}
	return p.file.Close()
}
