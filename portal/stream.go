package portal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
)

// errNotCSV is an answer with JSON, other than an error object, in place of CSV.
var errNotCSV = errors.New("answer is JSON, not the CSV asked")

// stream opens a CSV answer.
func (c *Client) stream(ctx context.Context, r *route, etag string, query url.Values) (*Stream, error) {
	resp, err := c.get(ctx, r, etag, query)
	if err != nil {
		return nil, err
	}
	if start := bytes.TrimSpace(peek(resp)); mediaType(resp.Header) == "application/json" || bytes.HasPrefix(start, []byte("{")) {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		err := errNotCSV
		if said := decodeError(body); said.found {
			err = saidError{said}
		}
		return nil, c.answerError(r, resp, err)
	}
	body := resp.Body
	if resp.ContentLength >= 0 {
		body = &wholeBody{ReadCloser: body, left: resp.ContentLength}
	}
	proven := resp.ContentLength >= 0 || resp.Uncompressed || slices.Contains(resp.TransferEncoding, "chunked") || resp.ProtoMajor >= 2
	return &Stream{ReadCloser: body, ETag: resp.Header.Get("ETag"), Proven: proven}, nil
}

// wholeBody ends with io.ErrUnexpectedEOF when fewer bytes came than announced.
// net/http's own bodies do so; those of other round trippers need not.
type wholeBody struct {
	io.ReadCloser
	left int64
}

func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
