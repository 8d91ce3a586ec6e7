package portal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

var (
	billingCSVRoute         = &route{method: http.MethodGet, endpoint: "/api/billing/billing-csv"}
	cloudStorageReportRoute = &route{method: http.MethodGet, endpoint: "/api/billing/cloud-storage-report"}
)

// BillingCSV streams the bill of one compute service for a month: period is
// "2018-01", orgID a service id such as 1-1-1-9836cf (API reference, GET
// /api/billing/billing-csv). The portal updates it once a day. When etag is still
// good the error is ErrNotModified.
func (c *Client) BillingCSV(ctx context.Context, period, orgID, etag string) (*Stream, error) {
	if _, err := time.Parse("2006-01", period); err != nil {
		return nil, fmt.Errorf("billing: period %q is not of the form 2018-01", period)
	}
	return c.stream(ctx, billingCSVRoute, etag, url.Values{"period": {period}, "org_id": {orgID}})
}

// CloudStorageReport streams the Cloud Storage bill of one compute service for the
// whole month that holds date, "2018-01-01" (API reference, GET
// /api/billing/cloud-storage-report). When etag is still good the error is
// ErrNotModified.
func (c *Client) CloudStorageReport(ctx context.Context, date, orgID, etag string) (*Stream, error) {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fmt.Errorf("cloud storage: date %q is not of the form 2018-01-01", date)
	}
	return c.stream(ctx, cloudStorageReportRoute, etag, url.Values{"date": {date}, "org_id": {orgID}})
}

// Stream is a body that is not read into memory. The caller closes it. Read
// gives io.ErrUnexpectedEOF when the body ends before its Content-Length.
type Stream struct {
	io.ReadCloser
	ETag string
	// Proven: a body that is cut off is noticed, by its Content-Length or by its
	// chunks. The end of any other body is the end of the connection, which proves
	// nothing.
	Proven bool
}

// errNotCSV is an answer with JSON, other than an error object, in place of CSV.
var errNotCSV = errors.New("answer is JSON, not the CSV asked")

// stream opens a CSV answer.
func (c *Client) stream(ctx context.Context, r *route, etag string, query url.Values) (*Stream, error) {
	resp, err := c.get(ctx, r, etag, query)
	if err != nil {
		return nil, err
	}
	if start := bytes.TrimSpace(peek(resp)); mediaType(resp.Header) == "application/json" || bytes.HasPrefix(start, []byte("{")) {
		return nil, c.answerError(r, resp, cmp.Or(readRefusal(resp.Body), errNotCSV))
	}
	body := resp.Body
	if resp.ContentLength >= 0 {
		body = &wholeBody{ReadCloser: body, left: resp.ContentLength}
	}
	tooLarge := fmt.Errorf("%w: more than %d MiB", errTooLarge, maxStream>>20)
	body = &boundedBody{ReadCloser: body, left: maxStream, err: c.secrets.newError(r, nil, tooLarge)}
	proven := resp.ContentLength >= 0 || resp.Uncompressed || slices.Contains(resp.TransferEncoding, "chunked") || resp.ProtoMajor >= 2
	return &Stream{ReadCloser: body, ETag: tagOf(resp), Proven: proven}, nil
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
