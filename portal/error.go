package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What errors.Is finds in an error of this package. Those that stand for a
// status never match an error of POST /api/authenticate: a login that is refused
// says nothing about the endpoint that wanted it.
var (
	ErrUnauthorized    = errors.New("unauthorized")                 // 401
	ErrForbidden       = errors.New("forbidden")                    // 403, or any status whose body says that the account is not permitted
	ErrNotFound        = errors.New("not found")                    // 404
	ErrTooManyRequests = errors.New("too many requests")            // 429
	ErrNotModified     = errors.New("not modified")                 // 304: what the caller has is still good
	ErrSessionExpired  = errors.New("session expired")              // the answer still looked so after the one login of this call
	ErrNotJSON         = errors.New("answer is not the JSON asked") // no JSON, broken JSON, or JSON of another shape
	ErrLoginRejected   = errors.New("login rejected")               // 401 or 403 on authenticate
	ErrLoginSuspended  = errors.New("logins suspended")             // no login is tried, so that the account is not locked
	ErrNoSession       = errors.New("no portal session")            // the call was not sent, or not again; the login's error stands behind it
	ErrRedirectRefused = errors.New("redirect refused")             // to another host, from https to http, or one too many
	ErrTruncated       = errors.New("answer cut short")             // the body ended early
)

// permissionMessages are the error texts of an account or service that the login
// may not see. The first was recorded with 403 and 404 alike, "by endpoint".
var permissionMessages = [...]string{"No permitted account found", "Insufficient Permission"}

// Error is every answer that is not what was asked, and every call without one.
// Its text is bounded and holds no secret of this client.
type Error struct {
	Endpoint   string // route template, for example /api/accounts/:account_id/vorgs
	Method     string
	StatusCode int           // 0 when there was no answer
	Message    string        // "error" of the portal's JSON error
	Detail     string        // "detail" of the portal's JSON error
	RequestID  string        // X-Request-Id
	RetryAfter time.Duration // 0 when the portal did not ask for patience

	cause error
	cut   bool // the body broke off before it said anything
}

// Error says what was called and what came of it, for example
// "GET /api/accounts/:account_id/vorgs: 403 Forbidden: No permitted account found (We couldn't …)".
func (e *Error) Error() string {
	if errors.Is(e.cause, ErrLoginSuspended) && e.Endpoint == authenticateEndpoint { // nothing was called
		return e.cause.Error()
	}
	parts := []string{e.Method + " " + e.Endpoint}
	status := ""
	if e.StatusCode > http.StatusOK || e.Message != "" {
		status = strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode))
		parts = append(parts, status)
	}
	message := e.Message
	if message == status || message == http.StatusText(e.StatusCode) { // recorded: the portal's errors often say no more
		message = ""
	}
	switch {
	case message != "" && e.Detail != "":
		parts = append(parts, message+" ("+e.Detail+")")
	case message != "" || e.Detail != "":
		parts = append(parts, message+e.Detail)
	}
	if e.cause != nil {
		parts = append(parts, e.cause.Error())
	}
	text := strings.Join(parts, ": ")
	if e.RetryAfter > 0 {
		text += " (retry after " + e.RetryAfter.String() + ")"
	}
	return text
}

// Unwrap returns the cause: one of the sentinels, a context's or a connection's
// error.
func (e *Error) Unwrap() error { return e.cause }

// Is matches the sentinels that stand for a status or a message.
func (e *Error) Is(target error) bool {
	if e.Endpoint == authenticateEndpoint {
		return false
	}
	switch target {
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden || e.notPermitted()
	case ErrNotFound: // a body that was cut may have said "not permitted"
		return e.StatusCode == http.StatusNotFound && !e.notPermitted() && !e.cut
	case ErrTooManyRequests:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrNotModified:
		return e.StatusCode == http.StatusNotModified
	}
	return false
}

func (e *Error) notPermitted() bool {
	for _, message := range permissionMessages {
		if strings.HasPrefix(e.Message, message) {
			return true
		}
	}
	return false
}

// LogValue groups the fields for log/slog.
func (e *Error) LogValue() slog.Value {
	fields := []slog.Attr{slog.String("method", e.Method), slog.String("endpoint", e.Endpoint)}
	if e.StatusCode != 0 {
		fields = append(fields, slog.Int("status", e.StatusCode))
	}
	for _, field := range []struct{ key, text string }{
		{"message", e.Message}, {"detail", e.Detail}, {"request_id", e.RequestID},
	} {
		if field.text != "" {
			fields = append(fields, slog.String(field.key, field.text))
		}
	}
	if e.RetryAfter > 0 {
		fields = append(fields, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.cause != nil {
		fields = append(fields, slog.String("cause", e.cause.Error()))
	}
	return slog.GroupValue(fields...)
}

// Bounds of what an error keeps of an answer.
const (
	maxErrorBody = 64 << 10
	maxErrorText = 300 // bytes of message and of detail
	maxRequestID = 80
)

// newError makes the Error of a call from its answer, when there is one, and its
// cause, when the status alone does not say it. It reads and closes the body.
func (r *redactor) newError(route *route, resp *http.Response, cause error) *Error {
	e := &Error{Endpoint: route.endpoint, Method: route.method, cause: cause, RetryAfter: retryAfterOf(cause)}
	if resp == nil {
		return e
	}
	e.StatusCode = resp.StatusCode
	e.RequestID = r.clean(resp.Header.Get("X-Request-Id"), maxRequestID)
	e.RetryAfter = retryAfter(resp)
	defer func() { _ = resp.Body.Close() }()
	if route == authenticateRoute { // the answer may repeat the password in any form
		e.RequestID = ""
		return e
	}
	if resp.StatusCode >= 400 {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		said, cut := decodeError(body)
		e.setMessage(r, said)
		if err == nil && cut && len(body) < maxErrorBody {
			err = ErrTruncated
		}
		if err != nil && !said.found {
			e.cut = true
			e.cause = cmp.Or(cause, bodyError(err))
		}
	}
	return e
}

func (e *Error) setMessage(r *redactor, said errorBody) {
	e.Message = r.clean(said.message, maxErrorText)
	e.Detail = r.clean(said.detail, maxErrorText)
}

// retryAfter reads Retry-After, in seconds or as a date. A date is judged against
// the answer's own Date, since the portal's clock need not be ours.
func retryAfter(resp *http.Response) time.Duration {
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(answerDate(resp)), 0)
	}
	return 0
}

// retryAfterOf is how long the portal wants to be left alone by an error of it.
func retryAfterOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// answerDate is the portal's clock as the answer tells it, else ours.
func answerDate(resp *http.Response) time.Time {
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// bodyError says what an error met while a body was read means. It leaves out
// what the reader says of the place, since that would quote the body.
func bodyError(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, ErrNotJSON), errors.Is(err, ErrTruncated), errors.Is(err, errTooLarge):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrTruncated
	}
	return fmt.Errorf("%w: %w", ErrTruncated, err)
}
