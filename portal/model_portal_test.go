package portal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// modelPortal is the portal of a schedule.
type modelPortal struct {
	mu       sync.Mutex
	password string
	session  string // the good one
	ends     time.Time
	sessions int
	disguise int    // of an expired session, in disguises
	broken   bool   // the endpoint looks expired whatever the session
	login    string // "", "500", "busy", "hang up"

	logins   int
	underWay int
	atOnce   int
	rejected int
	rows     map[string]rejectedRow // by password
	broke    string                 // the rule of rejected logins, how
}

// rejectedRow are the rejections of one password with no acceptance in between.
type rejectedRow struct {
	count int
	last  time.Time
}

// reject counts a rejected login and looks whether it may have been.
func (p *modelPortal) reject(password string) {
	p.rejected++
	row := p.rows[password]
	row.count++
	switch {
	case row.count > 2:
		p.broke = "a third rejected login"
	case row.count == 2 && time.Since(row.last) < time.Hour:
		p.broke = fmt.Sprintf("a second rejected login after %v", time.Since(row.last))
	}
	row.last = time.Now()
	p.rows[password] = row
}

func (p *modelPortal) RoundTrip(req *http.Request) (*http.Response, error) {
	if isLogin(req) {
		return p.authenticate(req)
	}
	p.mu.Lock()
	answer := p.answer(req)
	p.mu.Unlock()
	if err := sleep(req.Context(), modelLatency); err != nil {
		return nil, err
	}
	return answer, nil
}

func (p *modelPortal) answer(req *http.Request) *http.Response {
	cookie, err := req.Cookie("rack.session")
	if err != nil || p.session == "" || cookie.Value != p.session || !time.Now().Before(p.ends) || p.broken {
		return disguises[p.disguise].expired(req)
	}
	p.ends = time.Now().Add(modelTTL)
	resp := reply(req, 200, `[]`)
	resp.Header["Set-Cookie"] = acceptLogin(req, p.session).Header["Set-Cookie"]
	return resp
}

func (p *modelPortal) authenticate(req *http.Request) (*http.Response, error) {
	body := make([]byte, 1000)
	n, _ := req.Body.Read(body)
	_, password, _ := strings.Cut(string(body[:n]), `"password":"`)
	password = strings.TrimSuffix(password, `"}`)
	p.mu.Lock()
	p.logins++
	p.underWay++
	p.atOnce = max(p.atOnce, p.underWay)
	mode := p.login
	p.mu.Unlock()
	err := sleep(req.Context(), modelLatency)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underWay--
	switch {
	case err != nil:
		return nil, err
	case mode == "500":
		return reply(req, 500, ""), nil
	case mode == "busy":
		return reply(req, 503, "", "Retry-After", "10"), nil
	case mode == "hang up":
		p.reject(password) // nobody knows better
		return nil, errors.New("connection reset")
	case password != p.password:
		p.reject(password)
		return reply(req, 401, `{"error":"401 Unauthorized"}`), nil
	}
	delete(p.rows, password)
	p.sessions++
	p.session = fmt.Sprintf("session-%d", p.sessions)
	p.ends = time.Now().Add(modelTTL)
	return acceptLogin(req, p.session), nil
}
