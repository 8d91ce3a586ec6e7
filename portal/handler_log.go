package portal

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// logTransport writes one debug line per request: the endpoint's template, never
// the URL, a cookie or a body. It is the first to see an answer, and so takes note
// of its cookies before anything of the answer can be printed. What a transport says
// is made fit to be shown here, so that all above may print it.
type logTransport struct {
	next    http.RoundTripper
	logger  *slog.Logger
	secrets *redactor
}

func (t *logTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(req)
	if err == nil {
		t.secrets.rememberCookies(resp.Cookies())
		resp.Body = foreignBody{resp.Body, t.secrets}
	} else {
		err = t.secrets.foreign(err)
	}
	if !t.logger.Enabled(req.Context(), slog.LevelDebug) {
		return resp, err
	}
	call := callOf(req)
	fields := []slog.Attr{
		slog.String("method", call.method),
		slog.String("endpoint", call.endpoint),
		slog.Duration("duration", time.Since(start)),
	}
	if err != nil {
		fields = append(fields, slog.String("err", err.Error()))
	} else {
		requestID := t.secrets.clean(resp.Header.Get("X-Request-Id"), maxRequestID)
		fields = append(fields, slog.Int("status", resp.StatusCode), slog.String("request_id", requestID))
	}
	t.logger.LogAttrs(context.WithoutCancel(req.Context()), slog.LevelDebug, "Portal request", fields...)
	return resp, err
}
