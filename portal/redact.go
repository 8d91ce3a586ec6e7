package portal

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// minRedacted spares short cookie values ("1", "en"), which are no secrets
	// and would tear holes in every message. Passwords are redacted at any length.
	minRedacted = 6
	// minDigested spares what is too short to be told from chance in hexadecimal or
	// in the middle of base64.
	minDigested = 4
	// maxRedacted is how many cookie values are remembered: the portal sends
	// two, and may give them new values in every answer.
	maxRedacted = 64
)

// redactor takes the secrets out of texts that come from the portal or from a
// transport. The program's own words never pass through it: a password may be a
// part of any of them. Invariant: len(cookies) <= maxRedacted.
type redactor struct {
	configured []*regexp.Regexp // of the transport; fixed

	mu        sync.Mutex
	passwords []secretPattern // the last two, for a rotation
	cookies   []cookieSecret  // oldest first
}

// cookieSecret is a cookie's value with the forms in which texts are searched for it.
type cookieSecret struct {
	value string
	forms []string
}

// secretPattern finds a secret however it is written.
type secretPattern struct {
	secret  string
	pattern *regexp.Regexp
}

func newRedactor(configured []Secret) *redactor {
	r := &redactor{}
	for _, secret := range configured {
		if len(secret.Reveal()) > 0 {
			r.configured = append(r.configured, patternOf(secret.Reveal()))
		}
	}
	return r
}

// rememberCredentials takes note of a password, alone and behind its email, as in
// basic authentication.
func (r *redactor) rememberCredentials(c Credentials) {
	password := c.Password.Reveal()
	if password == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.passwords, func(p secretPattern) bool { return p.secret == password }) {
		return
	}
	pair := c.Email + ":" + password
	text := patternOf(password).String() + "|" + alternatives([]string{
		base64.StdEncoding.EncodeToString([]byte(pair)), base64.URLEncoding.EncodeToString([]byte(pair)),
		base64.RawStdEncoding.EncodeToString([]byte(pair)), base64.RawURLEncoding.EncodeToString([]byte(pair)),
	})
	r.passwords = append(r.passwords, secretPattern{password, compile(text)})
	r.passwords = r.passwords[max(0, len(r.passwords)-2):]
}

func (r *redactor) rememberCookies(cookies []*http.Cookie) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, cookie := range cookies {
		r.rememberCookie(cookie.Value)
	}
}

// rememberCookie appends a value as the newest and forgets the oldest beyond the limit.
func (r *redactor) rememberCookie(value string) {
	if len(value) < minRedacted {
		return
	}
	secret := cookieSecret{value: value}
	if i := slices.IndexFunc(r.cookies, func(c cookieSecret) bool { return c.value == value }); i >= 0 {
		secret = r.cookies[i]
		r.cookies = slices.Delete(r.cookies, i, i+1)
	} else {
		secret.forms = encodings(value)
	}
	r.cookies = append(r.cookies, secret)
	r.cookies = slices.Delete(r.cookies, 0, max(0, len(r.cookies)-maxRedacted))
}

// redact replaces every secret in text by "<secret>", in clear and in every usual
// encoding.
func (r *redactor) redact(text string) string {
	if text == "" {
		return ""
	}
	r.mu.Lock()
	passwords, cookies := slices.Clone(r.passwords), slices.Clone(r.cookies)
	r.mu.Unlock()
	for _, pattern := range r.configured {
		text = pattern.ReplaceAllLiteralString(text, hidden)
	}
	for _, p := range passwords {
		text = p.pattern.ReplaceAllLiteralString(text, hidden)
	}
	// Few texts hold any of them, and a Replacer of all takes longer than to look.
	var found, secrets []string
	for _, cookie := range cookies {
		secrets = append(secrets, cookie.value)
		for _, form := range cookie.forms {
			if strings.Contains(text, form) {
				found = append(found, form)
			}
		}
	}
	if len(found) > 0 {
		text = longestFirst(found).Replace(text)
	}
	for _, p := range passwords {
		secrets = append(secrets, p.secret)
	}
	if repeats(text, secrets) {
		return hidden
	}
	return text
}

// longestFirst hides texts. A Replacer takes the first that fits, so the longest must
// come first.
func longestFirst(texts []string) *strings.Replacer {
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		pairs = append(pairs, text, hidden)
	}
	return strings.NewReplacer(pairs...)
}

// repeats reports whether a text still holds one of the secrets when it is decoded in
// every way that texts are, several times over. Then there is no telling where it
// begins.
func repeats(text string, secrets []string) bool {
	for range 4 {
		decoded := percentByte.ReplaceAllStringFunc(text, func(code string) string {
			b, _ := hex.DecodeString(code[1:]) // the expression lets nothing else through
			return string(b)
		})
		decoded = escapedRune.ReplaceAllStringFunc(decoded, func(code string) string {
			var one string
			if json.Unmarshal([]byte(`"`+code+`"`), &one) != nil {
				return code
			}
			return one
		})
		decoded = html.UnescapeString(decoded)
		if decoded == text {
			return false
		}
		text = decoded
		low := strings.ToLower(text)
		for _, secret := range secrets {
			secret = strings.ToLower(secret)
			if len(secret) >= minDigested && (strings.Contains(low, secret) || strings.Contains(strings.ReplaceAll(low, "+", " "), secret)) {
				return true
			}
		}
	}
	return false
}

// encodings are the forms of a text as a whole. Cookies change with every answer,
// so they get these rather than a pattern.
func encodings(secret string) []string {
	quoted, _ := json.Marshal(secret) // never fails of a string
	forms := []string{
		secret, strings.Trim(string(quoted), `"`), html.EscapeString(secret),
		url.QueryEscape(secret), url.PathEscape(secret),
		lowerPercent(url.QueryEscape(secret)), lowerPercent(url.PathEscape(secret)),
	}
	if plain, err := url.QueryUnescape(secret); err == nil && len(plain) >= minRedacted {
		forms = append(forms, plain)
	}
	return append(forms, digests(secret)...)
}

func lowerPercent(text string) string {
	return percentByte.ReplaceAllStringFunc(text, strings.ToLower)
}

var (
	percentByte = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	escapedRune = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt])`)
)

// digests are a secret in hexadecimal and in base64, there also as a part of
// something longer, where it begins at any of three places within a group.
func digests(secret string) []string {
	raw := []byte(secret)
	forms := []string{
		base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw),
		base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	}
	if len(raw) < minDigested {
		return forms
	}
	forms = append(forms, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)))
	for shift := range 3 {
		first := (shift*8 + 5) / 6           // characters that the bytes before have a part in
		last := ((shift + len(raw)) * 8) / 6 // and the bytes behind
		padded := append(make([]byte, shift), raw...)
		forms = append(forms,
			base64.RawStdEncoding.EncodeToString(padded)[first:last], base64.RawURLEncoding.EncodeToString(padded)[first:last])
	}
	return forms
}

// patternOf matches a secret whose characters may each be written in a way of its
// own: as it is, escaped as in JSON, HTML or URLs, with digits in either case.
func patternOf(secret string) *regexp.Regexp {
	var each strings.Builder
	for i, width := 0, 0; i < len(secret); i += width {
		var c rune
		c, width = utf8.DecodeRuneInString(secret[i:])
		if c == utf8.RuneError && width == 1 { // a byte that is no UTF-8, as package regexp sees it
			each.WriteString(`\x{FFFD}`)
			continue
		}
		each.WriteString("(?:" + alternatives(spellings(c, secret[i:i+width])) + "|" + numbered(c, secret[i:i+width]) + ")")
	}
	return compile(alternatives(digests(secret)) + "|" + each.String())
}

// compile is regexp.MustCompile that does not show the pattern, which is secret.
func compile(pattern string) *regexp.Regexp {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		panic("the pattern of a secret does not compile")
	}
	return compiled
}

// spellings are a character as it is and by name.
func spellings(c rune, raw string) []string {
	forms := []string{raw}
	if name := html.EscapeString(raw); name != raw {
		forms = append(forms, name)
	}
	switch c {
	case '"':
		forms = append(forms, "&quot;", `\"`, `\\\"`)
	case '\'':
		forms = append(forms, "&apos;", `\'`)
	case '\\':
		forms = append(forms, `\\\\`, `\\`)
	case '/':
		forms = append(forms, `\/`)
	case ' ':
		forms = append(forms, "+", "%2B", "%2b")
	case '\t':
		forms = append(forms, `\t`)
	}
	slices.SortStableFunc(forms, func(a, b string) int { return len(b) - len(a) })
	return forms
}

// numbered is the pattern of a character by its number.
func numbered(c rune, raw string) string {
	forms := []string{fmt.Sprintf(`&#0*%d;`, c), fmt.Sprintf(`(?i:&#x0*%x;)`, c)}
	if c < 0x10000 {
		forms = append(forms, fmt.Sprintf(`\\+(?i:u%04x)`, c))
	} else {
		high, low := (c-0x10000)>>10+0xd800, (c-0x10000)&0x3ff+0xdc00
		forms = append(forms, fmt.Sprintf(`\\+(?i:u%04x)\\+(?i:u%04x)`, high, low))
	}
	var percent, escaped strings.Builder
	for _, b := range []byte(raw) {
		fmt.Fprintf(&percent, `%%(?:25)?(?i:%02x)`, b)
		fmt.Fprintf(&escaped, `\\+(?i:x%02x)`, b)
	}
	return strings.Join(append(forms, percent.String(), escaped.String()), "|")
}

func alternatives(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = regexp.QuoteMeta(text)
	}
	return strings.Join(quoted, "|")
}

// clean makes a foreign text fit to be shown: without secrets, on one line, bounded.
func (r *redactor) clean(text string, limit int) string { return clip(r.redact(text), limit) }

// clip bounds a text for people and puts it on one line, without what a terminal or
// a page might obey.
func clip(text string, limit int) string {
	cut := len(text) > limit
	if cut {
		text = text[:limit]
	}
	text = strings.Map(func(c rune) rune {
		switch {
		case c == utf8.RuneError:
			return -1
		case unicode.IsControl(c), unicode.In(c, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(c, unicode.Cf): // such as those that turn the direction of writing
			return -1
		}
		return c
	}, text)
	if cut {
		text += "…"
	}
	return text
}

// foreignError is an error of a transport: it prints clean, and stays what it was
// for errors.Is.
type foreignError struct {
	text string
	err  error
}

func (e foreignError) Error() string { return e.text }

func (e foreignError) Unwrap() error { return e.err }

// ownPort is our side of a connection, which is another each time.
var ownPort = regexp.MustCompile(`[^\s>]+:\d+->`)

// foreign makes an error of somebody else fit to be shown. Those of the standard
// library that have no words of anybody in them stay as they are.
func (r *redactor) foreign(err error) error {
	switch err {
	case nil, io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, net.ErrClosed:
		return err
	}
	if _, ok := errors.AsType[foreignError](err); ok {
		return err
	}
	return foreignError{text: r.clean(ownPort.ReplaceAllString(err.Error(), ""), maxErrorText), err: err}
}

// foreignBody is the body of an answer, whose errors are a transport's.
type foreignBody struct {
	io.ReadCloser
	secrets *redactor
}

func (b foreignBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, b.secrets.foreign(err)
}
