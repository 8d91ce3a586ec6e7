package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Conditional is a Client whose methods that read take the answer before, nil for
// none. They send its ETag as If-None-Match, and when the portal says that nothing
// has changed (304), return that answer itself: an equal pointer means unchanged.
type Conditional struct{ *Client }

// Conditional returns the client with conditional reads.
func (c *Client) Conditional() Conditional { return Conditional{c} }

// Answer is one decoded answer with its validator. It is shared by all who asked:
// do not change it.
//
// Malformed counts, by member name, values of a wrong kind, which were left absent.
type Answer[T any] struct {
	Value     T
	ETag      string // "" for compute_services, which has one for each page
	Malformed map[string]int

	pages []*computePage
}

// plain is an answer for who does not ask again.
func plain[T any](answer *Answer[T], err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return answer.Value, nil
}

// maxList bounds what is read at once of an answer of any endpoint but
// compute_services. Where it is a list of objects, each has its own budget.
const maxList = 8 << 20

// request is one GET whose answer is decoded as a whole.
type request struct {
	route      *route
	query      url.Values
	parameters []string // of the endpoint's path
}

// fetch returns the answer of a request, or prev when the portal says that
// nothing has changed. What read returns beside an error is dropped.
func fetch[T any](ctx context.Context, c *Client, r request, prev *Answer[T], read func(*reader) (T, error)) (*Answer[T], error) {
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
	in := newReader(resp.Body, maxList, c.london)
	value, err := read(in)
	if err != nil {
		return nil, c.answerError(r.route, resp, err)
	}
	return &Answer[T]{Value: value, ETag: tagOf(resp), Malformed: in.malformed}, nil
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
