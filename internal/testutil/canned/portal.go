// Package canned is a portal for tests that gives prepared answers.
package canned

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
)

// Answer is what the portal says on a path.
type Answer struct {
	Status int // 0 is 200
	Body   string
	ETag   string
}

// Portal answers by path and query, or by path where that is not listed; anything
// else is not found. Every login is good. Answers may be changed between calls.
type Portal struct {
	Answers map[string]Answer
	Ahead   time.Duration // of the portal's clock, as its Date says

	mu    sync.Mutex
	asked []string
}

// ServeHTTP implements http.Handler.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RequestURI()
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+path)
	p.mu.Unlock()
	a, ok := p.Answers[path]
	if !ok {
		a, ok = p.Answers[r.URL.Path]
	}
	switch {
	case path == "/api/authenticate":
		w.Header().Set("Set-Cookie", "rack.session=canary; path=/api; HttpOnly")
		a = Answer{Status: http.StatusCreated, Body: `{"expire_after": 900}`}
	case !ok:
		a = Answer{Status: http.StatusNotFound, Body: `{"error":"404 Not Found"}`}
	case a.ETag != "" && r.Header.Get("If-None-Match") == a.ETag:
		a = Answer{Status: http.StatusNotModified, ETag: a.ETag}
	}
	w.Header().Set("Date", time.Now().Add(p.Ahead).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(r.URL.Path, "/api/billing/") {
		w.Header().Set("Content-Type", "text/csv")
	}
	if a.ETag != "" {
		w.Header().Set("ETag", a.ETag)
	}
	if a.Status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, _ = io.WriteString(w, a.Body)
}

// Asked returns how often a path was asked for, whatever the query.
func (p *Portal) Asked(path string) (times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.asked {
		line, _, _ = strings.Cut(line, "?")
		if strings.HasSuffix(line, " "+path) {
			times++
		}
	}
	return times
}

// Client returns a client of the portal. There is no network between them, so that
// tests run on a fake clock.
func (p *Portal) Client(t testing.TB) portal.Conditional {
	return Client(t, testutil.Direct{Handler: p})
}

// Client returns a client that sends its requests to transport.
func Client(t testing.TB, transport http.RoundTripper) portal.Conditional {
	t.Helper()
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "exporter@example.com", Password: portal.NewSecret("secret")}, nil
	}, portal.WithTransport(transport))
	if err != nil {
		t.Fatal(err)
	}
	return client.Conditional()
}
