package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"
)

// request is one GET whose answer is decoded as a whole.
type request struct {
	route      *route
	query      url.Values
	parameters []string // of the endpoint's path
}

// fetch returns the answer of a request, or prev when the portal says that
// nothing has changed. decode gets the whole answer; what it returns beside an
// error is dropped.
func fetch[T any](ctx context.Context, c *Client, r request, prev *Answer[T], decode func(*decoder) (T, error)) (*Answer[T], error) {
	etag := ""
	if prev != nil {
		etag = prev.ETag
	}
	resp, err := c.get(ctx, r.route, etag, r.query, r.parameters...)
	switch {
	case prev != nil && errors.Is(err, ErrNotModified):
		return prev, nil
	case err != nil:
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	d := newDecoder(resp.Body, maxList)
	d.london = c.london
	value, err := decode(d)
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, c.answerError(r.route, resp, err)
	}
	return &Answer[T]{Value: value, ETag: resp.Header.Get("ETag")}, nil
}

// saidError is an error object under a good status. The portal's own client looks
// at "error" in the body and not at the status, so both must be expected.
type saidError struct {
	errorBody
}

func (e saidError) Error() string { return "the answer is an error" }

// answerError makes the Error of an answer with a good status that cannot be used.
func (c *Client) answerError(r *route, resp *http.Response, err error) *Error {
	if said, ok := errors.AsType[saidError](err); ok {
		e := c.secrets.newError(r, resp, nil)
		e.setMessage(c.secrets, said.errorBody)
		return e
	}
	return c.secrets.newError(r, resp, err)
}

// unexpected says that an answer is JSON of another shape.
func unexpected(want string) error {
	return fmt.Errorf("%w: it is not %s", ErrNotJSON, want)
}

// list reads [ … ] or {"data":[ … ]}; element reads one. An answer without a list
// is an error: nothing must not look like an empty list.
func (d *decoder) list(element func() error) error {
	switch d.json.PeekKind() {
	case jsontext.KindBeginArray:
		_, err := d.array("", element)
		return err
	case jsontext.KindBeginObject:
	default:
		if err := d.skip(); err != nil {
			return err
		}
		return unexpected("a list")
	}
	var said errorBody
	found := false
	_, err := d.object("", func(name string) error {
		if name == "data" && d.json.PeekKind() == jsontext.KindBeginArray {
			found = true
			_, err := d.array(name, element)
			return err
		}
		return d.errorMember(name, &said)
	})
	switch {
	case err != nil:
		return err
	case said.found:
		return saidError{said}
	case !found:
		return unexpected("a list")
	}
	return nil
}

// objects reads a list of objects into a slice; member reads one member of one.
func objects[T any](d *decoder, member func(item *T, name string) error) ([]T, error) {
	items := []T{}
	err := d.list(func() error {
		var item T
		found, err := d.object("", func(name string) error { return member(&item, name) })
		if found {
			items = append(items, item)
		}
		return err
	})
	return items, err
}

// sub returns a decoder for a value that had to be read before it was known what
// it is.
func (d *decoder) sub(value jsontext.Value) *decoder {
	s := newDecoder(bytes.NewReader(value), len(value)+1)
	s.texts, s.malformed, s.london = d.texts, d.malformed, d.london
	return s
}
