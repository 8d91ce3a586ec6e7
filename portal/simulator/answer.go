package simulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
	"sync"
)

// answer is what the portal says to one call. The body is written when it is
// sent, so that none has to be in memory whole.
type answer struct {
	status      int
	contentType string
	header      http.Header
	etag        string
	length      int64 // -1: not known
	write       func(io.Writer) error
}

const (
	typeJSON = "application/json"
	typeHTML = "text/html; charset=utf-8"
	typeXML  = "application/xml"
	typeCSV  = "text/csv"

	loginPage = `<h1>Sign in to the Portal</h1><form action="/login" method="post"><input name="email"><input name="password" type="password"></form>`
)

// whole is an answer whose body is known.
func whole(status int, contentType string, body []byte) answer {
	return answer{status: status, contentType: contentType, length: int64(len(body)), write: func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	}}
}

// ok is a JSON answer with a validator over its content.
func ok(value any) answer { return success(http.StatusOK, value) }

func success(status int, value any) answer {
	body := mustJSON(value)
	a := whole(status, typeJSON, body)
	a.etag = weakTag(sha256.Sum256(body))
	return a
}

func mustJSON(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("simulator: " + err.Error()) // only plain structs, maps and strings are passed
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func weakTag(sum [sha256.Size]byte) string { return fmt.Sprintf(`W/"%x"`, sum[:16]) }

// problem is the body of every JSON error; detail is optional, as recorded.
type problem struct {
	Error  string `json:"error"`
	Detail string `json:"detail,omitempty"`
}

func failure(status int, message, detail string) answer {
	return whole(status, typeJSON, mustJSON(problem{message, detail}))
}

// foreign is the recorded answer for an account that the login cannot see. The
// status, 403 or 404, depends on the endpoint.
func foreign(status int, id string) answer {
	return failure(status, "No permitted account found",
		fmt.Sprintf("We couldn't find an account with ID %s that is accessible to the authenticated user", id))
}

// page is an HTML page, as a proxy or the browser's portal shows one.
func page(status int, body string) answer {
	title := html.EscapeString(http.StatusText(status))
	return whole(status, typeHTML, []byte("<!DOCTYPE html>\n<html><head><title>"+title+"</title></head><body>"+body+"</body></html>\n"))
}

// send writes the answer: 304 if the client has it, else headers and body,
// spoiled by the fault if there is one.
func (p *Portal) send(w http.ResponseWriter, r *http.Request, a answer, kind *faultKind, serial int64) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	if kind.headers != nil {
		kind.headers(p, serial, h)
	}
	h.Set("Cache-Control", "no-cache")
	if a.etag != "" {
		h.Set("Cache-Control", "max-age=0, private, must-revalidate")
		h.Set("Etag", a.etag)
		if kind.name == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) && a.status == http.StatusOK && hasTag(r.Header.Values("If-None-Match"), a.etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	h.Set("Content-Type", a.contentType)
	if kind.send != nil {
		kind.send(p, w, r, a, serial)
		return
	}
	sendWhole(p, w, r, a, serial)
}

// hasTag compares weakly, as RFC 9110 has it for If-None-Match.
func hasTag(headers []string, tag string) bool {
	for _, header := range headers {
		for candidate := range strings.SplitSeq(header, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}

// validators remembers the ETag and length of large answers until the next
// tick or edit, so that a 304 costs nothing.
type validators struct {
	mu      sync.Mutex
	tick    int64
	version version
	known   map[string]validator
}

// version counts what has changed the estate: edits, and builds that have ended.
type version struct{ edits, built int }

type validator struct {
	etag   string
	length int64
}

// streamed is a JSON answer that is generated as it is sent, and generated once
// more, before that, to know its validator. What it writes must depend only on
// the tick, the edits and the builds that have ended.
func (p *Portal) streamed(c *call, name string, write func(io.Writer) error) answer {
	tick := tickOf(c.now)
	v, known := p.tags.get(name, tick, version{p.edits.current(), p.book.builtBy(c.now.Unix())})
	if !known {
		sum := sha256.New()
		counted := &counter{Writer: sum}
		_ = write(counted) // a hash never fails
		v = validator{weakTag([sha256.Size]byte(sum.Sum(nil))), counted.n}
		p.tags.put(name, tick, v)
	}
	return answer{status: http.StatusOK, contentType: typeJSON, etag: v.etag, length: v.length, write: write}
}

func (v *validators) get(name string, tick int64, version version) (validator, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tick != tick || v.version != version || v.known == nil {
		v.tick, v.version, v.known = tick, version, map[string]validator{}
	}
	found, ok := v.known[name]
	return found, ok
}

func (v *validators) put(name string, tick int64, found validator) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tick == tick && v.known != nil {
		v.known[name] = found
	}
}

// counter counts what is written through it.
type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n += int64(n)
	return n, err
}
