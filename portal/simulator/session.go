package simulator

import (
	"net/http"
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
	loginsToLock   = 7                               // rejected logins after which only an administrator helps
	expiresLayout  = "Mon, 02-Jan-2006 15:04:05 GMT" // recorded in 2016
	expiresLayout2 = http.TimeFormat                 // recorded in 2020
)

type sessions struct {
	mu       sync.Mutex
	open     map[string]session // by id
	serial   int64
	rejected map[*User]int // wrong passwords since the last right one
}

type session struct {
	user   *User
	expiry time.Time // on the portal's clock
}

// touch finds the session of a request and, if it is alive, slides its expiry.
// No user means no session.
func (s *sessions) touch(r *http.Request, now time.Time, ttl time.Duration) (id string, user *User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range sessionIDs(r) {
		if found, ok := s.open[id]; ok && now.Before(found.expiry) {
			s.open[id] = session{found.user, now.Add(ttl)}
			return id, found.user
		}
	}
	return "", nil
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

// start opens a session and forgets those that have run out.
func (s *sessions) start(p *Portal, user *User, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.open {
		if !now.Before(old.expiry) {
			delete(s.open, id)
		}
	}
	id := s.newID(p)
	s.open[id] = session{user, now.Add(p.options.SessionTTL)}
	delete(s.rejected, user)
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
	clear(p.sessions.open)
}

// Unlock lets every login in again after too many wrong passwords.
func (p *Portal) Unlock() {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	clear(p.sessions.rejected)
}

// Locked reports whether the login of Options.Email is locked after too many
// wrong passwords.
func (p *Portal) Locked() bool {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	return p.sessions.rejected[&p.users[0]] >= loginsToLock
}

// authenticate answers POST /api/authenticate.
func (p *Portal) authenticate(c *call) answer {
	given, err := readParameters(c.r)
	if err != nil {
		return *badBody(err)
	}
	for name, value := range given {
		if value == "" {
			delete(given, name)
		}
	}
	texts, wrong := given.texts("", "email", "password")
	if wrong != nil {
		return *wrong
	}
	user := p.accepts(texts[0], texts[1])
	if user == nil {
		a := unauthorized(c.xml)
		p.sessions.mu.Lock()
		anonymous := p.sessions.newID(p)
		p.sessions.mu.Unlock()
		a.header = http.Header{}
		p.addCookies(a.header, c.r, anonymous) // cookies came with the recorded 401 too
		return a
	}
	a := success(http.StatusCreated, map[string]int{"expire_after": int(p.options.SessionTTL / time.Second)})
	a.header = http.Header{}
	p.addCookies(a.header, c.r, p.sessions.start(p, user, c.now))
	return a
}

// accepts checks a password, and counts a wrong one. One client put a blank
// behind the address.
func (p *Portal) accepts(email, password string) *User {
	user := p.user(email)
	s := &p.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case user == nil:
		return nil
	case user.Password != password:
		s.rejected[user]++
		return nil
	case s.rejected[user] >= loginsToLock:
		return nil
	}
	return user
}
