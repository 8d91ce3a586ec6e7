package portal

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Request is a call of Do.
type Request struct {
	Method string     // GET by default
	Path   []string   // elements behind /api, each escaped, for example "accounts", "1", "vorgs"
	Query  url.Values // nil for none
	Body   any        // sent as JSON by its tags, nil for none; not with GET
}

// otherRoutes stand in metrics and errors for what has no method of its own.
var otherRoutes = map[string]*route{
	http.MethodGet:    {method: http.MethodGet, endpoint: "/api/*"},
	http.MethodPost:   {method: http.MethodPost, endpoint: "/api/*"},
	http.MethodPut:    {method: http.MethodPut, endpoint: "/api/*"},
	http.MethodPatch:  {method: http.MethodPatch, endpoint: "/api/*"},
	http.MethodDelete: {method: http.MethodDelete, endpoint: "/api/*"},
}

// Do calls what has no method of its own and reads the JSON of a 2xx answer by the
// tags of T, as forgivingly as every answer is read: Optional fields are absent when
// null, missing or of a wrong kind. An empty answer or null leaves T as it is. Any
// method but GET is sent at most once: see ErrOutcomeUnknown.
func Do[T any](ctx context.Context, c *Client, r Request) (T, error) {
	var value T
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	route, known := otherRoutes[method]
	switch {
	case !known:
		return value, fmt.Errorf("call the portal: unknown method %q", method)
	case method == http.MethodGet && r.Body != nil:
		return value, fmt.Errorf("call the portal: a GET has no body")
	case len(r.Path) == 0:
		return value, fmt.Errorf("call the portal: no path")
	}
	read := func(in *reader) (T, error) {
		err := in.any(&value)
		return value, err
	}
	var err error
	if method == http.MethodGet {
		_, err = fetch(ctx, c, request{route: route, parameters: r.Path, query: r.Query}, nil, read)
	} else {
		err = c.change(ctx, order{route: route, parameters: r.Path, query: r.Query, body: r.Body}, decode(c, &value, read))
	}
	if err != nil {
		return value, fmt.Errorf("%s: %w", strings.Join(r.Path, "/"), err)
	}
	return value, nil
}

// any reads whatever comes, but for an error.
func (r *reader) any(value any) error {
	switch r.json.PeekKind() {
	case jsontext.KindNull, jsontext.KindInvalid:
		return r.nothing()
	case jsontext.KindBeginObject:
	default:
		return r.read(value)
	}
	object, err := r.json.ReadValue()
	if err != nil {
		return r.failure(err)
	}
	object = object.Clone()
	if err := r.end(); err != nil {
		return err
	}
	if body, _ := decodeError(object); body.found {
		return saidError{body}
	}
	return r.nested(object, value)
}

// All goes through a list that a method has returned, or gives its error:
//
//	for account, err := range portal.All(client.Accounts(ctx)) { … }
func All[T any](list []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}
