package portal

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

const (
	testURL      = "https://portal.example.com/api"
	testEmail    = "exporter@example.com"
	testPassword = "correct horse & battery/staple"
)

// roundTripper is a fake transport. It sees every request that leaves.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// reply makes an answer; header is a list of names and values.
func reply(req *http.Request, status int, body string, header ...string) *http.Response {
	resp := &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}, "Connection": {"close"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Del(header[i])
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// acceptLogin answers authenticate as recorded in January 2020: two cookies, Secure,
// with an Expires a session's length after Date.
func acceptLogin(req *http.Request, id string) *http.Response {
	date := time.Now().UTC()
	end := date.Add(15 * time.Minute).Format(http.TimeFormat)
	return reply(req, 201, `{"expire_after":900}`,
		"Date", date.Format(http.TimeFormat),
		"Set-Cookie", "rack.session="+id+"; path=/api; expires="+end+"; HttpOnly; secure",
		"Set-Cookie", "_portal_session="+id+"-2; path=/api; expires="+end+"; HttpOnly; secure")
}

func isLogin(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/authenticate") }

// served is a fake portal that accepts every login and answers calls by serve.
type served struct {
	mu       sync.Mutex
	logins   int
	requests []*http.Request // calls, without logins
	serve    func(req *http.Request) *http.Response
}

func (s *served) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if isLogin(req) {
		s.logins++
		return acceptLogin(req, fmt.Sprintf("session-%d", s.logins)), nil
	}
	s.requests = append(s.requests, req)
	return s.serve(req), nil
}

func (s *served) counts() (logins, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins, len(s.requests)
}

func goodCredentials() (Credentials, error) {
	return Credentials{Email: testEmail, Password: NewSecret(testPassword)}, nil
}

// newTestClient makes a client of a fake transport, without jitter and with a
// quick fingerprint.
func newTestClient(t testing.TB, transport http.RoundTripper, options ...Option) *Client {
	t.Helper()
	client, err := New(testURL, goodCredentials, append([]Option{WithTransport(transport)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	client.session.guard.Rounds = 1
	return client
}

// withConcurrency and withRate change what the client is limited to.
func withConcurrency(calls int) Option {
	return func(s *settings) error { s.concurrency = calls; return nil }
}

func withRate(perSecond float64, burst int) Option {
	return func(s *settings) error { s.rate = rate.NewLimiter(rate.Limit(perSecond), burst); return nil }
}

// answering makes a client of a portal that answers every call with body.
func answering(t testing.TB, body string, header ...string) (*Client, *served) {
	t.Helper()
	portal := &served{serve: func(req *http.Request) *http.Response { return reply(req, 200, body, header...) }}
	return newTestClient(t, portal), portal
}

func contains(text, part string) bool { return strings.Contains(text, part) }

// places counts the places of the concurrency cap that are held.
func places(client *Client) int {
	limit := client.chain.(*sessionTransport).next.(*retryTransport).next.(*limitTransport)
	limit.mu.Lock()
	defer limit.mu.Unlock()
	held := limit.held + len(limit.waiting)
	for _, running := range limit.running {
		held += running
	}
	return held
}
