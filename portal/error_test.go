package portal

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestErrorStatuses(t *testing.T) {
	const notPermitted = `{"error":"No permitted account found","detail":"We couldn't find an account with ID 736 that is accessible to the authenticated user"}`
	tests := []struct {
		name   string
		status int
		body   string
		header []string
		is     []error
		isNot  []error
		text   string
	}{
		{"foreign account, 403", 403, notPermitted, nil, []error{ErrForbidden}, []error{ErrNotFound},
			"GET /api/accounts/:account_id/vorgs: 403 Forbidden: No permitted account found (We couldn't find an account with ID 736 that is accessible to the authenticated user)"},
		{"foreign account, 404", 404, notPermitted, nil, []error{ErrForbidden}, []error{ErrNotFound},
			"GET /api/accounts/:account_id/vorgs: 404 Not Found: No permitted account found (We couldn't find an account with ID 736 that is accessible to the authenticated user)"},
		{"no permission, without detail", 403, `{"error":"Insufficient Permission"}`, nil, []error{ErrForbidden}, nil,
			"GET /api/accounts/:account_id/vorgs: 403 Forbidden: Insufficient Permission"},
		{"endpoint gone", 404, `{"error":"Not Found"}`, nil, []error{ErrNotFound}, []error{ErrForbidden},
			"GET /api/accounts/:account_id/vorgs: 404 Not Found"},
		{"error page", 404, `<html>404</html>`, []string{"Content-Type", "text/html"}, []error{ErrNotFound}, []error{ErrSessionExpired},
			"GET /api/accounts/:account_id/vorgs: 404 Not Found"},
		{"bad request", 400, `{"error":"period is missing"}`, nil, nil, []error{ErrForbidden, ErrNotFound, ErrUnauthorized},
			"GET /api/accounts/:account_id/vorgs: 400 Bad Request: period is missing"},
		{"too many", 429, ``, []string{"Retry-After", "300"}, []error{ErrTooManyRequests}, nil,
			"GET /api/accounts/:account_id/vorgs: 429 Too Many Requests (retry after 5m0s)"},
		{"a status without a name", 599, ``, nil, nil, nil, "GET /api/accounts/:account_id/vorgs: 599"},
		{"control characters and length", 400, `{"error":"a\nb\u0000` + strings.Repeat("x", 1000) + `"}`, nil, nil, nil,
			"GET /api/accounts/:account_id/vorgs: 400 Bad Request: a b " + strings.Repeat("x", maxErrorText-4) + "…"},
		{"a character cut in half", 400, `{"error":"` + strings.Repeat("x", maxErrorText-1) + `£"}`, nil, nil, nil,
			"GET /api/accounts/:account_id/vorgs: 400 Bad Request: " + strings.Repeat("x", maxErrorText-1) + "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response {
				return reply(req, test.status, test.body, append([]string{"X-Request-Id", "4c1f"}, test.header...)...)
			}}, WithTimeout(time.Minute))
			_, err := client.Conditional().VOrgs(t.Context(), "736", nil)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.StatusCode != test.status || e.RequestID != "4c1f" || e.Method != "GET" {
				t.Errorf("%+v", e)
			}
			if err.Error() != test.text {
				t.Errorf("text\n%q, want\n%q", err, test.text)
			}
			for _, target := range test.is {
				if !errors.Is(err, target) {
					t.Errorf("is not %v", target)
				}
			}
			for _, target := range test.isNot {
				if errors.Is(err, target) {
					t.Errorf("is %v", target)
				}
			}
		})
	}
}

// TestErrorWithoutAnswer: a connection that fails, a caller that leaves.
func TestErrorWithoutAnswer(t *testing.T) {
	broken := errors.New("connection refused")
	client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		if isLogin(req) {
			return acceptLogin(req, "s"), nil
		}
		return nil, broken
	}))
	client.chain.(*sessionTransport).next.(*retryTransport).jitter = func(time.Duration) time.Duration { return 0 }
	_, err := client.Conditional().Accounts(t.Context(), nil)
	if !errors.Is(err, broken) || err.Error() != "GET /api/accounts: connection refused" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Conditional().Accounts(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestErrorOfASuspendedLogin names no endpoint where nothing was called.
func TestErrorOfASuspendedLogin(t *testing.T) {
	tests := []struct {
		name, endpoint string
		cause          error
		want           string
	}{
		{"the login itself", authenticateEndpoint, ErrLoginSuspended, "logins suspended"},
		{"a call", "/api/accounts", ErrLoginSuspended, "POST /api/accounts: logins suspended"},
		{"a login that was sent", authenticateEndpoint, ErrLoginRejected, "POST " + authenticateEndpoint + ": login rejected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := (&Error{Method: "POST", Endpoint: test.endpoint, cause: test.cause}).Error(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestErrorLogValue(t *testing.T) {
	e := &Error{Method: "GET", Endpoint: "/api/accounts", StatusCode: 429, Message: "Slow down", Detail: "please", RequestID: "4c1f",
		RetryAfter: time.Minute, cause: errors.New("why")}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", e)
	const want = `err.method=GET err.endpoint=/api/accounts err.status=429 err.message="Slow down" err.detail=please err.request_id=4c1f err.retry_after=1m0s err.cause=why`
	if !strings.Contains(out.String(), want) {
		t.Errorf("%s\ndoes not contain\n%s", out.String(), want)
	}
	out.Reset()
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", &Error{Method: "GET", Endpoint: "/api/accounts"})
	if text := strings.TrimSpace(out.String()); !strings.HasSuffix(text, "err.method=GET err.endpoint=/api/accounts") {
		t.Errorf("says more than is known: %s", text)
	}
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		name, after, date string
		want              time.Duration
	}{
		{"absent", "", "", 0},
		{"seconds", "120", "", 2 * time.Minute},
		{"negative", "-5", "", 0},
		{"endless", "99999999999", "", (1 << 30) * time.Second},
		{"date by the portal's clock", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:00 GMT", 59 * time.Second},
		{"date gone by", "Fri, 31 Dec 1999 23:59:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", 0},
		{"date gone by on our clock", "Fri, 31 Dec 1999 23:59:00 GMT", "", 0},
		{"garbage", "soon", "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp := &http.Response{Header: http.Header{}}
			resp.Header.Set("Retry-After", test.after)
			resp.Header.Set("Date", test.date)
			if got := retryAfter(resp); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
