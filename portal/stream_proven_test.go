package portal

import (
	"net/http"
	"strings"
	"testing"
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

// TestProvenStreams: only a body whose cut would be noticed may end without a last
// line end.
func TestProvenStreams(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Response)
		want   bool
	}{
		{"Content-Length", func(*http.Response) {}, true},
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
