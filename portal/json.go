package portal

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/money"
)

const (
	// maxAnswer bounds an answer, maxValue one value in it: a VM, an unknown member.
	// A recorded VM has 830 bytes.
	maxAnswer = 256 << 20
	maxValue  = 1 << 20
	// maxObjects bounds what an answer becomes in memory: "{}" is a VM too.
	maxObjects = 1 << 20
)

// reader reads the portal's JSON into tagged structs, forgivingly: member names
// may come twice (the API reference's own example has some), invalid UTF-8 is
// replaced, a scalar may be a string or a number, null is absent, a scalar of a
// wrong kind is left absent and counted, an unknown member is skipped. A wrong
// kind where objects or lists belong is an error, and broken JSON is one.
type reader struct {
	json      *jsontext.Decoder
	in        *budgetReader
	kinds     json.Options
	texts     texts
	scratch   []byte
	sent      sentBackup // reused
	malformed map[string]int
	objects   int
	london    *time.Location
}

func newReader(body io.Reader, london *time.Location) *reader {
	in := &budgetReader{in: io.LimitReader(body, maxAnswer), left: maxValue}
	r := &reader{
		json:      jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		in:        in,
		texts:     texts{seed: maphash.MakeSeed()},
		malformed: map[string]int{},
		london:    london,
	}
	r.kinds = json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(r.text),
		optional(r, func(b []byte) (int64, bool) { return parseInteger(b) }),
		optional(r, func(b []byte) (bool, bool) { return string(b) == "true", string(b) == "true" || string(b) == "false" }),
		optional(r, func(b []byte) (money.Amount, bool) { a, err := parsePounds(b); return a, err == nil }),
		optional(r, func(b []byte) (wallClock, bool) { return parseWallClock(b, r.london) }),
		json.UnmarshalFromFunc(r.backups),
		required[[]*VOrg](r), required[*VOrg](r),
		required[[]*VDC](r), required[*VDC](r),
		required[[]*VApp](r), required[*VApp](r),
		required[[]*VM](r), required[*VM](r),
	))
	return r
}

// read reads the whole answer into value.
func (r *reader) read(value any) error {
	if err := json.UnmarshalDecode(r.json, value, r.kinds); err != nil {
		return r.failure(err)
	}
	_, err := r.json.ReadToken()
	switch {
	case err == nil:
		return fmt.Errorf("%w: more follows it", ErrNotJSON)
	case errors.Is(err, io.EOF):
		return nil
	}
	return r.failure(err)
}

// failure says what an error of the JSON library means. It names a member of the
// API, but does not keep the library's words, which quote the body.
func (r *reader) failure(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntax) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: invalid JSON at byte %d", ErrNotJSON, syntax.ByteOffset)
	case errors.As(err, &semantic) && semantic.Err == nil, errors.Is(err, errWrongKind):
		return fmt.Errorf("%w: %s is of another kind", ErrNotJSON, member(semantic.JSONPointer))
	case semantic != nil:
		err = semantic.Err
	}
	return bodyError(err)
}

// member is the last member name of a pointer into the answer.
func member(at jsontext.Pointer) string {
	for at != "" {
		name := at.LastToken()
		if _, err := strconv.Atoi(name); err != nil {
			return name
		}
		at = at.Parent()
	}
	return "the answer"
}

// count notes that a value was left absent because of its kind.
func (r *reader) count(d *jsontext.Decoder) { r.malformed[member(d.StackPointer())]++ }

var errWrongKind = errors.New("wrong kind")

// required refuses null in place of a list or an object, and gives each the
// budget of a value.
func required[T any](r *reader) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *T) error {
		if r.objects++; r.objects > maxObjects {
			return errTooLarge
		}
		r.in.left = maxValue
		if d.PeekKind() == jsontext.KindNull {
			if _, err := d.ReadToken(); err != nil {
				return err
			}
			return errWrongKind
		}
		return errors.ErrUnsupported // by the default
	})
}

// scalar reads a value as text, good until the next read. Empty stands for null,
// "" and what is no scalar, which is counted.
func (r *reader) scalar(d *jsontext.Decoder) (jsontext.Kind, []byte, error) {
	kind := d.PeekKind()
	switch kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		r.count(d)
		return kind, nil, d.SkipValue()
	}
	value, err := d.ReadValue()
	switch {
	case err != nil || kind == jsontext.KindNull:
		return kind, nil, err
	case kind != jsontext.KindString:
		return kind, value, nil
	}
	// The reader has checked the syntax: what AppendUnquote can still find is
	// invalid UTF-8, which it has then replaced.
	r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], value)
	return kind, r.scratch, nil
}

func (r *reader) text(d *jsontext.Decoder, text *string) error {
	kind, b, err := r.scalar(d)
	if kind == jsontext.KindTrue || kind == jsontext.KindFalse {
		r.count(d)
		b = nil
	}
	*text = r.texts.of(b)
	return err
}

// optional reads a scalar that parse understands.
func optional[T any](r *reader, parse func([]byte) (T, bool)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, value *Optional[T]) error {
		*value = Optional[T]{}
		_, b, err := r.scalar(d)
		if err != nil || len(b) == 0 {
			return err
		}
		if parsed, ok := parse(b); ok {
			*value = some(parsed)
		} else {
			r.count(d)
		}
		return nil
	})
}

// parseInteger reads a whole number, also one written as 4.0.
func parseInteger(b []byte) (int64, bool) {
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53
	f, err := strconv.ParseFloat(string(b), 64)
	return int64(f), err == nil && f > -exact && f < exact && f == float64(int64(f))
}

// texts keeps texts that come again, as most do: statuses, sizes, nights. It is of
// a fixed size, whatever the portal sends.
type texts struct {
	seed maphash.Seed
	kept [1024]string
}

const maxKeptText = 128

func (t *texts) of(b []byte) string {
	if len(b) == 0 || len(b) > maxKeptText {
		return string(b)
	}
	place := &t.kept[maphash.Bytes(t.seed, b)%uint64(len(t.kept))]
	if *place != string(b) {
		*place = string(b)
	}
	return *place
}

// said is the portal's JSON error, {"error":"…","detail":"…"}, the detail optional,
// which may come under a good status.
type said struct {
	Error  jsontext.Value `json:"error"`
	Detail jsontext.Value `json:"detail"`
}

// err is nil when there is no "error" that is a text.
func (s said) err() error {
	var body errorBody
	if s.Error.Kind() != jsontext.KindString {
		return nil
	}
	body.found = true
	body.message = unquote(s.Error)
	if s.Detail.Kind() == jsontext.KindString {
		body.detail = unquote(s.Detail)
	}
	return saidError{body}
}

func unquote(value jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, value) // its syntax has been checked
	return strings.ToValidUTF8(string(text), "\uFFFD")
}
