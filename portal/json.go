package portal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxAnswer bounds every answer, maxValue one VM. A recorded VM has 830 bytes.
	maxAnswer = 256 << 20
	maxValue  = 1 << 20
	// maxObjects bounds what an answer becomes in memory: "{}" is a VM too.
	maxObjects = 1 << 20
)

var errWrongKind = errors.New("wrong kind")

// reader reads the portal's JSON, forgivingly: member names may come twice (the API
// reference's own example has some), invalid UTF-8 is replaced, a scalar may be a
// string or a number, null is absent, a scalar of a wrong kind is left absent and
// counted, an unknown member is skipped. A wrong kind where objects or lists belong
// is an error, and broken JSON is one.
//
// Small answers are read into tagged structs. Those of a whole estate are read
// object by object, each checked by the library and then walked through: by tags
// they take four times as long.
type reader struct {
	json      *jsontext.Decoder
	in        *bodyReader
	kinds     *json.Unmarshalers
	walker    walker
	texts     texts
	scratch   []byte
	malformed map[string]int
	wrong     error // the first wrong kind where objects or lists belong, in what is read piece by piece
	objects   int
	days      days

	// Of compute_services.
	vms        []VM // that the next VMs are of
	vmsTaken   int
	vmsRead    int
	before     []*VM    // the VMs of the answer before, in its order
	none       VM       // stands before those that are more
	backupList []Backup // reused
}

// newReader returns a reader of body, which may have limit bytes; where objects
// are counted each may have maxValue.
func newReader(body io.Reader, limit int, london *time.Location) *reader {
	r := &reader{
		in:        newBodyReader(body, limit),
		texts:     texts{seed: maphash.MakeSeed()},
		malformed: map[string]int{},
		days:      days{london: london},
	}
	r.json = jsontext.NewDecoder(r.in, forgiving)
	r.kinds = json.JoinUnmarshalers(
		json.UnmarshalFromFunc(r.text),
		optional(r, parseInteger),
		optional(r, parseBoolean),
		optional(r, parseAmount),
		optional(r, func(b []byte) (time.Time, bool) { return parseTime(b, london) }),
		json.UnmarshalFromFunc(r.backups),
	)
	return r
}

// forgiving accepts what the portal's JSON was seen to break.
var forgiving = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func newJSON(value jsontext.Value) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(value), forgiving)
}

// read reads the whole answer into value. more are kinds of this answer alone.
func (r *reader) read(value any, more ...*json.Unmarshalers) error {
	if err := json.UnmarshalDecode(r.json, value, r.with(more)); err != nil {
		return r.failure(err)
	}
	return r.end()
}

// end fails unless the answer ends here.
func (r *reader) end() error {
	_, err := r.json.ReadToken()
	switch {
	case err == nil:
		return fmt.Errorf("%w: more follows it", ErrNotJSON)
	case err == io.EOF: //nolint:errorlint // the library's own; that of a connection is wrapped
		return nil
	}
	return r.failure(err)
}

func (r *reader) with(more []*json.Unmarshalers) json.Options {
	return json.WithUnmarshalers(json.JoinUnmarshalers(append(more, r.kinds)...))
}

// object reads an answer that must be an object, else it is not what was wanted.
// value points to a struct that embeds said.
func (r *reader) object(want string, value interface{ err() error }, more ...*json.Unmarshalers) error {
	if r.json.PeekKind() != jsontext.KindBeginObject {
		var other jsontext.Value
		return cmp.Or(r.read(&other), unexpected(want))
	}
	return cmp.Or(r.read(value, more...), value.err())
}

// list reads [ … ] or {"data":[ … ]}, whose elements must be objects. An answer
// without a list is an error: nothing must not look like an empty list.
func list[T any](r *reader) ([]T, error) {
	if r.json.PeekKind() == jsontext.KindBeginArray {
		var items []T
		err := r.read(&items, required[T](r))
		return items, err
	}
	var answer struct {
		said
		Data []T `json:"data"`
	}
	err := r.object("a list", &answer, required[T](r))
	if err == nil && answer.Data == nil {
		err = unexpected("a list")
	}
	return answer.Data, err
}

// nested reads a value that had to be read before it was known what it is.
func (r *reader) nested(value jsontext.Value, into any, more ...*json.Unmarshalers) error {
	if err := json.UnmarshalDecode(newJSON(value), into, r.with(more)); err != nil {
		return r.failure(err)
	}
	return nil
}

// answer reads an answer that must be an object, member by member: read reads each
// value that is no part of the portal's JSON error.
func (r *reader) answer(want string, read func(name string) error) error {
	if r.json.PeekKind() != jsontext.KindBeginObject {
		var other jsontext.Value
		return cmp.Or(r.read(&other), unexpected(want))
	}
	var answer said
	err := r.members(func(name string) (err error) {
		switch name {
		case "error":
			answer.Error, err = r.kept()
		case "detail":
			answer.Detail, err = r.kept()
		default:
			err = read(name)
		}
		return err
	})
	if err == nil {
		err = r.end()
	}
	return cmp.Or(err, answer.err(), r.wrong)
}

// kept reads a value that outlasts the next.
func (r *reader) kept() (jsontext.Value, error) {
	value, err := r.json.ReadValue()
	if err != nil {
		return nil, r.failure(err)
	}
	return value.Clone(), nil
}

// textMember reads the text of a member that walkers do not come by.
func (r *reader) textMember() (text string, err error) {
	if err = r.text(r.json, &text); err != nil {
		err = r.failure(err)
	}
	return text, err
}

func (r *reader) skip() error {
	if err := r.json.SkipValue(); err != nil {
		return r.failure(err)
	}
	return nil
}

// skipWrong skips what is of another kind than it should be, which makes the whole
// answer an error when it is known to be JSON and no error of the portal.
func (r *reader) skipWrong(what string) error {
	r.wrongKind(what)
	return r.skip()
}

func (r *reader) wrongKind(what string) {
	if r.wrong == nil {
		r.wrong = fmt.Errorf("%w: %s is of another kind", ErrNotJSON, what)
	}
}

// members goes through an object of the body: read reads each value.
func (r *reader) members(read func(name string) error) error {
	return r.inside(jsontext.KindEndObject, func() error {
		name, err := r.json.ReadToken()
		if err != nil {
			return r.failure(err)
		}
		return read(name.String())
	})
}

// elements goes through a list of the body: read reads each element.
func (r *reader) elements(read func() error) error {
	return r.inside(jsontext.KindEndArray, read)
}

func (r *reader) inside(end jsontext.Kind, read func() error) error {
	if _, err := r.json.ReadToken(); err != nil {
		return r.failure(err)
	}
	for r.json.PeekKind() != end {
		if err := read(); err != nil {
			return err
		}
	}
	if _, err := r.json.ReadToken(); err != nil {
		return r.failure(err)
	}
	return nil
}

// objects reads a list of objects, the value of a member that must not look empty
// when it is anything else.
func objects[T any](r *reader, member string, read func() (T, error)) ([]T, error) {
	if r.json.PeekKind() != jsontext.KindBeginArray {
		return nil, r.skipWrong(member)
	}
	if err := r.oneMore(); err != nil {
		return nil, err
	}
	var items []T
	err := r.elements(func() error {
		if err := r.oneMore(); err != nil {
			return err
		}
		if r.json.PeekKind() != jsontext.KindBeginObject {
			return r.skipWrong(member)
		}
		item, err := read()
		if err != nil {
			return err
		}
		items = append(items, item)
		return nil
	})
	return exact(items), err
}

// exact is a list without room for more, not nil.
func exact[T any](list []T) []T {
	whole := make([]T, len(list))
	copy(whole, list)
	return whole
}

// failure says what an error of the JSON library means: what broke the body, before
// all, since the library may take the place for broken JSON. It names a member of
// the API (in a map of the caller's of Do, a key of it), but does not keep the words of
// the library or of a type, which quote the body.
func (r *reader) failure(err error) error {
	if broken := r.in.broken(); broken != nil {
		return bodyError(broken)
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: invalid JSON at byte %d", ErrNotJSON, syntax.ByteOffset)
	}
	for where := ""; ; {
		semantic, ok := errors.AsType[*json.SemanticError](err)
		switch {
		case !ok && where != "" && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errTooLarge): // a type could not read its value
			return fmt.Errorf("%w: %s is of another kind", ErrNotJSON, where)
		case !ok:
			return bodyError(err)
		case semantic.Err == nil, semantic.Err == errWrongKind:
			return fmt.Errorf("%w: %s is of another kind", ErrNotJSON, member(semantic.JSONPointer))
		}
		where, err = member(semantic.JSONPointer), semantic.Err
	}
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

// oneMore counts an object or a list of objects, and gives it its budget.
func (r *reader) oneMore() error {
	r.objects++
	r.in.allow(maxValue)
	return r.bounded()
}

func (r *reader) bounded() error {
	if r.objects > maxObjects {
		return fmt.Errorf("%w: more than %d objects", errTooLarge, maxObjects)
	}
	return nil
}

// required refuses null in place of a list or an object, and gives each the
// budget of a value.
func required[T any](r *reader) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *T) error {
		if err := r.oneMore(); err != nil {
			return err
		}
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

// errorBody is the portal's JSON error.
type errorBody struct {
	found           bool
	message, detail string
}

// said is the portal's JSON error, {"error":"…","detail":"…"}, the detail optional,
// which may come under a good status.
type said struct {
	Error  jsontext.Value `json:"error"`
	Detail jsontext.Value `json:"detail"`
}

func (s said) body() (body errorBody) {
	if s.Error.Kind() == jsontext.KindString {
		body.found, body.message = true, unquote(s.Error)
	}
	if s.Detail.Kind() == jsontext.KindString {
		body.detail = unquote(s.Detail)
	}
	return body
}

// err is nil when there is no "error" that is a text.
func (s said) err() error {
	if body := s.body(); body.found {
		return saidError{body}
	}
	return nil
}

func unquote(value jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, value) // its syntax has been checked
	return string(text)
}

// decodeError reads the portal's JSON error, as far as it goes, and reports whether
// an object breaks off.
func decodeError(body []byte) (_ errorBody, cut bool) {
	var s said
	err := json.UnmarshalDecode(newJSON(body), &s)
	cut = errors.Is(err, io.ErrUnexpectedEOF) && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	return s.body(), cut
}

// readRefusal reads what should be no JSON, or nothing: the error is the portal's own
// when the answer is one, or that of a body that breaks off.
func readRefusal(body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, maxErrorBody))
	if err != nil {
		return bodyError(err)
	}
	said, cut := decodeError(text)
	switch {
	case said.found:
		return saidError{said}
	case cut && len(text) < maxErrorBody:
		return ErrTruncated
	}
	return nil
}

// decodeLogin reads the session's length in seconds: an integer or a text, spelled
// expire_after, or expires_after as recorded before October 2016, or nothing, which
// is 0.
func decodeLogin(body io.Reader) (ttl time.Duration, _ errorBody, err error) {
	var answer struct {
		said
		ExpireAfter  Optional[int64] `json:"expire_after"`
		ExpiresAfter Optional[int64] `json:"expires_after"`
	}
	err = newReader(body, maxErrorBody, nil).object("an object", &answer)
	if _, isSaid := errors.AsType[saidError](err); isSaid {
		err = nil
	}
	if seconds := max(answer.ExpireAfter.Value, answer.ExpiresAfter.Value); seconds > 0 {
		ttl = time.Duration(min(seconds, 1<<30)) * time.Second
	}
	return ttl, answer.body(), err
}
