package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/money"
)

const (
	// maxList bounds an answer that is decoded as a whole.
	maxList = 8 << 20
	// maxInterned bounds the texts that are kept once for all their occurrences.
	maxInterned       = 8192
	maxInternedLength = 128
)

var errTooLarge = errors.New("answer too large")

// decoder reads the portal's JSON as a stream, forgivingly: duplicate names (the
// API reference's own example has some) and invalid UTF-8 are accepted, a null is
// absent, a value of a wrong kind is left absent and reported, an unknown member
// is skipped. Broken JSON is an error.
type decoder struct {
	json      *jsontext.Decoder
	in        *budgetReader
	texts     map[string]string
	scratch   []byte
	malformed func(field string)
	london    *time.Location // set where wall clock times are read
}

// newDecoder returns a decoder that reads at most limit bytes of body, unless that
// limit is renewed on the way.
func newDecoder(body io.Reader, limit int) *decoder {
	in := &budgetReader{in: body, left: limit}
	return &decoder{
		json:      jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		in:        in,
		texts:     make(map[string]string),
		malformed: func(string) {},
	}
}

// budgetReader ends with errTooLarge when more is read than allowed since left
// was last set.
type budgetReader struct {
	in   io.Reader
	left int
}

func (r *budgetReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLarge
	}
	n, err := r.in.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

// failure says what an error of the JSON reader means. It keeps the place but not
// the reader's words, which quote the body.
func (d *decoder) failure(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: invalid JSON at byte %d", ErrNotJSON, syntax.ByteOffset)
	}
	return bodyError(err)
}

// end fails unless the answer ends here.
func (d *decoder) end() error {
	_, err := d.json.ReadToken()
	switch {
	case err == nil:
		return fmt.Errorf("%w: more follows it", ErrNotJSON)
	case errors.Is(err, io.EOF):
		return nil
	}
	return d.failure(err)
}

func (d *decoder) token() error {
	if _, err := d.json.ReadToken(); err != nil {
		return d.failure(err)
	}
	return nil
}

// skip reads a value that nobody wants.
func (d *decoder) skip() error {
	if err := d.json.SkipValue(); err != nil {
		return d.failure(err)
	}
	return nil
}

// enter reads the opening of an object or array. Anything else but null is
// skipped and reported as field.
func (d *decoder) enter(kind jsontext.Kind, field string) (bool, error) {
	switch d.json.PeekKind() {
	case kind:
		return true, d.token()
	case jsontext.KindNull:
		return false, d.token()
	case jsontext.KindInvalid:
		return false, d.token() // returns the error
	}
	d.malformed(field)
	return false, d.skip()
}

// object reads an object: member is called with each name and must read the
// value. It returns false when there was none.
func (d *decoder) object(field string, member func(name string) error) (bool, error) {
	found, err := d.enter(jsontext.KindBeginObject, field)
	if err != nil || !found {
		return false, err
	}
	for d.json.PeekKind() != jsontext.KindEndObject {
		name, err := d.interned(field)
		if err != nil {
			return true, err
		}
		if err := member(name); err != nil {
			return true, err
		}
	}
	return true, d.token()
}

// array reads an array: element is called for each and must read it.
func (d *decoder) array(field string, element func() error) (bool, error) {
	found, err := d.enter(jsontext.KindBeginArray, field)
	if err != nil || !found {
		return false, err
	}
	for d.json.PeekKind() != jsontext.KindEndArray {
		if err := element(); err != nil {
			return true, err
		}
	}
	return true, d.token()
}

// scalar reads a string or a number as text, good until the next read. The portal
// and its clients disagree on which of the two some fields are. Empty stands for
// absent, null or ""; any other kind is reported.
func (d *decoder) scalar(field string) ([]byte, error) {
	kind := d.json.PeekKind()
	switch kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray, jsontext.KindTrue, jsontext.KindFalse:
		d.malformed(field)
		return nil, d.skip()
	}
	value, err := d.json.ReadValue()
	if err != nil {
		return nil, d.failure(err)
	}
	switch kind {
	case jsontext.KindNull:
		return nil, nil
	case jsontext.KindNumber:
		return value, nil
	}
	// The reader has checked the syntax: what AppendUnquote can still find is
	// invalid UTF-8, which it has then replaced.
	d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], value)
	return d.scratch, nil
}

// text reads a text that is likely to be unique.
func (d *decoder) text(field string) (string, error) {
	b, err := d.scalar(field)
	return string(b), err
}

// interned reads a text that is likely to come again: a status, a size, a name of
// a member.
func (d *decoder) interned(field string) (string, error) {
	b, err := d.scalar(field)
	if err != nil {
		return "", err
	}
	if known, ok := d.texts[string(b)]; ok {
		return known, nil
	}
	text := string(b)
	if len(text) <= maxInternedLength && len(d.texts) < maxInterned {
		d.texts[text] = text
	}
	return text, nil
}

// integer reads a whole number.
func (d *decoder) integer(field string) (Optional[int64], error) {
	b, err := d.scalar(field)
	if err != nil || len(b) == 0 {
		return Optional[int64]{}, err
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return some(n), nil
	}
	const exact = 1 << 53
	if f, err := strconv.ParseFloat(string(b), 64); err == nil && f > -exact && f < exact && f == float64(int64(f)) {
		return some(int64(f)), nil // 4.0
	}
	d.malformed(field)
	return Optional[int64]{}, nil
}

// boolean reads true or false, or their names as a string.
func (d *decoder) boolean(field string) (Optional[bool], error) {
	switch d.json.PeekKind() {
	case jsontext.KindTrue:
		return some(true), d.token()
	case jsontext.KindFalse:
		return some(false), d.token()
	}
	b, err := d.scalar(field)
	switch {
	case err != nil || len(b) == 0:
		return Optional[bool]{}, err
	case string(b) == "true":
		return some(true), nil
	case string(b) == "false":
		return some(false), nil
	}
	d.malformed(field)
	return Optional[bool]{}, nil
}

// amount reads a sum of money, with or without "£" and thousands commas.
func (d *decoder) amount(field string) (Optional[money.Amount], error) {
	b, err := d.scalar(field)
	if err != nil || len(b) == 0 {
		return Optional[money.Amount]{}, err
	}
	amount, err := parsePounds(b)
	if err != nil {
		d.malformed(field)
		return Optional[money.Amount]{}, nil
	}
	return some(amount), nil
}

// errorBody is the portal's JSON error: {"error":"…","detail":"…"}, the detail
// optional.
type errorBody struct {
	found           bool
	message, detail string
}

// errorMember reads a member that is none of those asked for: part of an error
// object, else skipped.
func (d *decoder) errorMember(name string, said *errorBody) (err error) {
	switch {
	case d.json.PeekKind() != jsontext.KindString:
		return d.skip()
	case name == "error":
		said.found = true
		said.message, err = d.text(name)
		return err
	case name == "detail":
		said.detail, err = d.text(name)
		return err
	}
	return d.skip()
}

// decodeError reads the body of an answer with an error status, as far as it goes.
func decodeError(body []byte) (said errorBody) {
	d := newDecoder(bytes.NewReader(body), maxErrorBody)
	_, _ = d.object("", func(name string) error { return d.errorMember(name, &said) })
	return said
}
