package portal

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const (
	// minRedacted spares short cookie values ("1", "en"), which are no secrets
	// and would tear holes in every message. Passwords are redacted at any length.
	minRedacted = 6
	// maxRedacted is how many cookie values are remembered: the portal sends
	// two, and may give them new values in every answer.
	maxRedacted = 64
)

// redactor takes the password and the cookie values out of texts that come from
// the portal or from a transport. Invariant: len(cookies) <= maxRedacted.
type redactor struct {
	mu        sync.Mutex
	passwords []string // the last two, for a rotation
	cookies   []string // oldest first
}

func (r *redactor) rememberPassword(password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passwords = remember(r.passwords, password, 1, 2)
}

func (r *redactor) rememberCookies(cookies []*http.Cookie) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, cookie := range cookies {
		r.cookies = remember(r.cookies, cookie.Value, minRedacted, maxRedacted)
	}
}

// remember appends value as the newest and forgets the oldest beyond limit.
func remember(values []string, value string, shortest, limit int) []string {
	if len(value) < shortest {
		return values
	}
	if i := slices.Index(values, value); i >= 0 {
		values = slices.Delete(values, i, i+1)
	}
	values = append(values, value)
	if len(values) > limit {
		values = slices.Delete(values, 0, len(values)-limit)
	}
	return values
}

// redact replaces every remembered secret in text, in clear, URL-encoded or in
// base64, by "<secret>".
func (r *redactor) redact(text string) string {
	if text == "" {
		return ""
	}
	r.mu.Lock()
	secrets := slices.Concat(r.passwords, r.cookies)
	r.mu.Unlock()
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, encodings(secret)...)
	}
	// A Replacer takes the first that fits, so the longest must come first.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, hidden)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func encodings(secret string) []string {
	raw := []byte(secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	}
}

// redactedError prints without secrets and stays what it was for errors.Is.
type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string { return e.text }

func (e redactedError) Unwrap() error { return e.err }

func (r *redactor) redactError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if clean := clip(r.redact(text), maxErrorText); clean != text {
		return redactedError{text: clean, err: err}
	}
	return err
}
