package portal

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// TestSurprisingStatus: a part of an answer, or none, is an error.
func TestSurprisingStatus(t *testing.T) {
	for _, status := range []int{http.StatusCreated, http.StatusAccepted, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusPartialContent} {
		client, err := New("http://portal.test/api", func() (Credentials, error) {
			return Credentials{Email: "a@b", Password: NewSecret("secret")}, nil
		}, WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/authenticate") {
				return reply(req, http.StatusCreated, `{"expire_after":900}`, "Set-Cookie", "rack.session=x; path=/api"), nil
			}
			return reply(req, status, "EventDate\n2018-01-01\n", "Content-Type", "text/csv"), nil
		})))
		if err != nil {
			t.Fatal(err)
		}
		client.session.guard.Rounds = 1
		_, err = client.BillingCSV(t.Context(), "2018-01", "1-1-1-9836cf", "")
		if err == nil || !strings.Contains(err.Error(), http.StatusText(status)) {
			t.Errorf("%d: error %v", status, err)
		}
	}
}

// TestStatusOfAnswers: what is no success is no surprise either, of a call and of a login.
func TestStatusOfAnswers(t *testing.T) {
	for status, want := range map[int]bool{201: true, 204: true, 299: true, 300: false, 305: false, 404: false, 501: false} {
		client := newTestClient(t, &served{serve: func(r *http.Request) *http.Response { return reply(r, status, "") }})
		if _, err := client.BillingCSV(t.Context(), "2018-01", "o", ""); err == nil || errors.Is(err, errSurprise) != want {
			t.Errorf("a call, %d: %v", status, err)
		}
		if status == 201 {
			continue // that of a login
		}
		client = newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { return reply(r, status, ""), nil }))
		if err := client.Login(t.Context()); err == nil || errors.Is(err, errSurprise) != want {
			t.Errorf("a login, %d: %v", status, err)
		}
	}
}

// TestStreamInPieces: the announced length is that of all reads together.
func TestStreamInPieces(t *testing.T) {
	for more, want := range map[int64]error{0: nil, 1: io.ErrUnexpectedEOF} {
		client := newTestClient(t, &served{serve: func(r *http.Request) *http.Response {
			resp := reply(r, 200, someCSV, "Content-Type", "text/csv")
			resp.Body, resp.ContentLength = io.NopCloser(iotest.OneByteReader(resp.Body)), resp.ContentLength+more
			return resp
		}})
		stream, err := client.BillingCSV(t.Context(), "2018-01", "o", "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(iotest.OneByteReader(stream))
		if string(got) != someCSV || err != want { //nolint:errorlint // exactly that, as readers expect it
			t.Errorf("%d bytes less than announced: %q, %v", more, got, err)
		}
	}
}

// TestProvenStreams: only a body whose cut would be noticed may end without a last
// line end.
func TestProvenStreams(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Response)
		want   bool
	}{
		{"Content-Length", func(*http.Response) {}, true},
		{"nothing, as announced", func(r *http.Response) { r.ContentLength, r.Body = 0, http.NoBody }, true},
		{"chunks", func(r *http.Response) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} }, true},
		{"gzip, which has a checksum", func(r *http.Response) { r.ContentLength, r.Uncompressed = -1, true }, true},
		{"HTTP/2", func(r *http.Response) { r.ContentLength, r.ProtoMajor = -1, 2 }, true},
		{"the end of the connection", func(r *http.Response) { r.ContentLength = -1 }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, err := New("http://portal.test/api", func() (Credentials, error) {
				return Credentials{Email: "a@b", Password: NewSecret("secret")}, nil
			}, WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
				if strings.HasSuffix(req.URL.Path, "/authenticate") {
					return reply(req, http.StatusCreated, `{"expire_after":900}`, "Set-Cookie", "rack.session=x; path=/api"), nil
				}
				resp := reply(req, http.StatusOK, "EventDate\n2018-01-01", "Content-Type", "text/csv")
				test.change(resp)
				return resp, nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			client.session.guard.Rounds = 1
			stream, err := client.BillingCSV(t.Context(), "2018-01", "1-1-1-9836cf", "")
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			if stream.Proven != test.want {
				t.Errorf("Proven is %v, want %v", stream.Proven, test.want)
			}
		})
	}
}
