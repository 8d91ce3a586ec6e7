package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The portal sends two cookies and renews both with every authenticated
// answer; the session is kept by the first. Recorded clients that returned the
// Set-Cookie text as it was were let in, so the search for the session is
// lenient.
const (
	sessionCookie  = "rack.session"
	portalCookie   = "_portal_session"
	loginsToLock   = 7 // rejected logins after which only an administrator helps
	maxLoginBytes  = 64 << 10
	expiresLayout  = "Mon, 02-Jan-2006 15:04:05 GMT" // recorded in 2016
	expiresLayout2 = http.TimeFormat                 // recorded in 2020
)

type sessions struct {
	mu       sync.Mutex
	expiry   map[string]time.Time // by session id, on the portal's clock
	serial   int64
	rejected int
}

// touch finds the session of a request and, if it is alive, slides its expiry.
func (s *sessions) touch(r *http.Request, now time.Time, ttl time.Duration) (id string, alive bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range sessionIDs(r) {
		if expiry, ok := s.expiry[id]; ok && now.Before(expiry) {
			s.expiry[id] = now.Add(ttl)
			return id, true
		}
	}
	return "", false
}

// sessionIDs returns every value that could be meant as the session's.
func sessionIDs(r *http.Request) []string {
	var ids []string
	for _, header := range r.Header.Values("Cookie") {
		for part := range strings.FieldsFuncSeq(header, func(c rune) bool { return c == ';' || c == ',' }) {
			if id, ok := strings.CutPrefix(strings.TrimSpace(part), sessionCookie+"="); ok {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// addCookies sends both cookies of a session with a new expiry.
func (p *Portal) addCookies(h http.Header, r *http.Request, id string) {
	layout := expiresLayout
	if p.options.Era == Era2020 {
		layout = expiresLayout2
	}
	expires := p.options.CookieNow().UTC().Add(p.options.SessionTTL).Format(layout)
	attributes := "; path=/api; expires=" + expires + "; HttpOnly"
	if r.TLS != nil {
		attributes += "; secure"
	}
	h.Add("Set-Cookie", sessionCookie+"="+id+attributes)
	h.Add("Set-Cookie", portalCookie+"="+id[len(id)-16:]+attributes)
}

// open starts a session and forgets those that have run out.
func (s *sessions) open(p *Portal, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expiry == nil {
		s.expiry = map[string]time.Time{}
	}
	for id, expiry := range s.expiry {
		if !now.Before(expiry) {
			delete(s.expiry, id)
		}
	}
	id := s.newID(p)
	s.expiry[id] = now.Add(p.options.SessionTTL)
	s.rejected = 0
	return id
}

// newID has the form of a signed Rack session: percent-encoded base64, two
// dashes, a digest. The caller holds the lock.
func (s *sessions) newID(p *Portal) string {
	s.serial++
	d := p.estate.draw.of(topicSession, s.serial)
	return "BAh7B0kiD3Nlc3Npb25faWQ" + d.hex(16) + "%3D%3D%0A--" + d.of(topicSession, 1).hex(16)
}

// ExpireSessions ends every session, as a restart of the portal did.
func (p *Portal) ExpireSessions() {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	clear(p.sessions.expiry)
}

// Unlock lets the login in again after too many wrong passwords.
func (p *Portal) Unlock() {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	p.sessions.rejected = 0
}

// Locked says whether the login is locked after too many wrong passwords.
func (p *Portal) Locked() bool {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	return p.sessions.rejected >= loginsToLock
}

// credentials are the body of POST /api/authenticate.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func (p *Portal) authenticate(c *call) answer {
	given, err := readCredentials(c.r)
	if err != nil {
		return failure(http.StatusBadRequest, "400 Bad Request", err.Error())
	}
	var missing []string
	if given.Email == "" {
		missing = append(missing, "email is missing")
	}
	if given.Password == "" {
		missing = append(missing, "password is missing")
	}
	if missing != nil {
		return failure(http.StatusBadRequest, strings.Join(missing, ", "), "")
	}
	a := whole(http.StatusUnauthorized, typeJSON, mustJSON(problem{Error: "401 Unauthorized"}))
	if strings.Contains(c.r.Header.Get("Accept"), "xml") {
		a = whole(http.StatusUnauthorized, typeXML, []byte(`<?xml version="1.0" encoding="UTF-8"?><error>Skyscape Proxy 401.</error>`))
	}
	a.header = http.Header{}
	if !p.accepts(given) {
		p.sessions.mu.Lock()
		anonymous := p.sessions.newID(p)
		p.sessions.mu.Unlock()
		p.addCookies(a.header, c.r, anonymous) // cookies came with the recorded 401 too
		return a
	}
	a = success(http.StatusCreated, map[string]int{"expire_after": int(p.options.SessionTTL / time.Second)})
	a.header = http.Header{}
	p.addCookies(a.header, c.r, p.sessions.open(p, c.now))
	return a
}

// accepts checks a password, and counts a wrong one.
func (p *Portal) accepts(given credentials) bool {
	s := &p.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	right := given.Email == p.options.Email && given.Password == p.options.Password
	if !right {
		s.rejected++
	}
	return right && s.rejected < loginsToLock
}

// readCredentials takes JSON, with or without a content type, and forms: public
// clients sent all three. One of them put a space behind the address.
func readCredentials(r *http.Request) (credentials, error) {
	var c credentials
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxLoginBytes))
	if err != nil {
		return c, fmt.Errorf("read body: %w", err)
	}
	text := strings.TrimSpace(string(body))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" && text != "" || strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return c, fmt.Errorf("the body is not JSON")
		}
	} else {
		form, err := url.ParseQuery(text)
		if err != nil {
			return c, fmt.Errorf("the body is not a form")
		}
		c = credentials{form.Get("email"), form.Get("password")}
	}
	c.Email = strings.TrimSpace(c.Email)
	return c, nil
}
