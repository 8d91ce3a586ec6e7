package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

const someCSV = "EventDate,TotalPrice\n2018-01-01,1.00\n"

var streamTests = []struct {
	name string
	uri  string
	open func(context.Context, *Client, string) (*Stream, error)
}{
	{"billing-csv", "/api/billing/billing-csv?org_id=1-1-1-9836cf&period=2018-01", func(ctx context.Context, c *Client, etag string) (*Stream, error) {
		return c.BillingCSV(ctx, "2018-01", "1-1-1-9836cf", etag)
	}},
	{"cloud-storage-report", "/api/billing/cloud-storage-report?date=2018-01-01&org_id=1-1-1-9836cf", func(ctx context.Context, c *Client, etag string) (*Stream, error) {
		return c.CloudStorageReport(ctx, "2018-01-01", "1-1-1-9836cf", etag)
	}},
}

func TestStreams(t *testing.T) {
	for _, test := range streamTests {
		t.Run(test.name, func(t *testing.T) {
			client, portal := answering(t, someCSV, "Content-Type", "text/csv", "ETag", `"e"`)
			stream, err := test.open(t.Context(), client, "")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(stream)
			if err != nil || string(body) != someCSV || stream.ETag != `"e"` {
				t.Errorf("%q, tag %s, %v", body, stream.ETag, err)
			}
			if err := stream.Close(); err != nil {
				t.Error(err)
			}
			req := portal.requests[0]
			if got := req.URL.RequestURI(); got != test.uri {
				t.Errorf("asked for %s, want %s", got, test.uri)
			}
			if got := req.Header.Get("Accept"); got != "application/json" {
				t.Errorf("Accept %q: the reference asks for JSON although the answer is CSV", got)
			}
		})
	}
}

func TestStreamAnswers(t *testing.T) {
	tests := []struct {
		name    string
		answer  func(*http.Request) *http.Response
		openErr error
		readErr error
	}{
		{"without a type", func(r *http.Request) *http.Response { return reply(r, 200, someCSV, "Content-Type", "") }, nil, nil},
		{"empty", func(r *http.Request) *http.Response { return reply(r, 200, "", "Content-Type", "text/csv") }, nil, nil},
		{"not modified", func(r *http.Request) *http.Response { return reply(r, 304, "") }, ErrNotModified, nil},
		{"error object", func(r *http.Request) *http.Response {
			return reply(r, 200, `{"error":"Insufficient Permission"}`)
		}, ErrForbidden, nil},
		{"error object called CSV", func(r *http.Request) *http.Response {
			return reply(r, 200, ` {"error":"Insufficient Permission"}`, "Content-Type", "text/csv")
		}, ErrForbidden, nil},
		{"JSON", func(r *http.Request) *http.Response { return reply(r, 200, `[]`) }, errNotCSV, nil},
		{"missing month", func(r *http.Request) *http.Response { return reply(r, 404, ``) }, ErrNotFound, nil},
		{"cut", func(r *http.Request) *http.Response {
			resp := reply(r, 200, someCSV, "Content-Type", "text/csv")
			resp.ContentLength += 10
			return resp
		}, nil, io.ErrUnexpectedEOF},
		{"length unknown", func(r *http.Request) *http.Response {
			resp := reply(r, 200, someCSV, "Content-Type", "text/csv")
			resp.ContentLength = -1
			return resp
		}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newTestClient(t, &served{serve: test.answer})
			stream, err := client.BillingCSV(t.Context(), "2018-01", "o", `"e"`)
			if !errors.Is(err, test.openErr) {
				t.Fatalf("open: %v, want %v", err, test.openErr)
			}
			if err != nil {
				return
			}
			_, err = io.Copy(io.Discard, stream)
			if !errors.Is(err, test.readErr) || test.readErr == nil && err != nil {
				t.Errorf("read: %v, want %v", err, test.readErr)
			}
			_ = stream.Close()
		})
	}
}

// TestStreamIsNotBuffered reads the beginning of a body that has no end.
func TestStreamIsNotBuffered(t *testing.T) {
	in, out := io.Pipe()
	client := newTestClient(t, &served{serve: func(r *http.Request) *http.Response {
		resp := reply(r, 200, "", "Content-Type", "text/csv")
		resp.Body, resp.ContentLength = in, -1
		return resp
	}})
	go func() {
		_, _ = io.WriteString(out, strings.Repeat("a,b\n", 1000))
	}()
	stream, err := client.BillingCSV(t.Context(), "2018-01", "o", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stream, make([]byte, 4000)); err != nil {
		t.Error(err)
	}
	_ = stream.Close()
	_ = stream.Close() // twice is harmless
}
