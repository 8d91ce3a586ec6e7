package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLoginTakesEveryRecordedForm(t *testing.T) {
	tests := []struct {
		name, contentType, accept, body string
		status                          int
		answer                          string
	}{
		{"JSON", "application/json", "", `{"email":"demo@example.com","password":"demo"}`, 201, `{"expire_after":900}`},
		{"JSON without content type", "", "", `{"email":"demo@example.com","password":"demo"}`, 201, `{"expire_after":900}`},
		{"JSON called a form", "application/x-www-form-urlencoded", "", `{"email":"demo@example.com","password":"demo"}`, 201, `{"expire_after":900}`},
		{"form", "application/x-www-form-urlencoded; charset=utf-8", "", `email=demo%40example.com&password=demo`, 201, `{"expire_after":900}`},
		{"blank behind the address", "", "", `{"email":"demo@example.com ","password":"demo"}`, 201, `{"expire_after":900}`},
		{"wrong password", "application/json", "", `{"email":"demo@example.com","password":"x"}`, 401, `{"error":"401 Unauthorized"}`},
		{"wrong address", "application/json", "application/json", `{"email":"x","password":"demo"}`, 401, `{"error":"401 Unauthorized"}`},
		{"wrong password, XML asked", "", "application/xml", `{"email":"demo@example.com","password":"x"}`, 401, `<?xml version="1.0" encoding="UTF-8"?><error>Skyscape Proxy 401.</error>`},
		{"nothing", "", "", ``, 400, `{"error":"email is missing, password is missing"}`},
		{"no password", "application/json", "", `{"email":"demo@example.com"}`, 400, `{"error":"password is missing"}`},
		{"email is a number", "application/json", "", `{"email":1}`, 400, `{"error":"email is invalid, password is missing"}`},
		{"email is null", "application/json", "", `{"email":null,"password":"demo"}`, 400, `{"error":"email is missing"}`},
		{"JSON, but no object", "application/json", "", `["demo@example.com"]`, 400, `{"error":"email is missing, password is missing"}`},
		{"not JSON", "application/json", "", `{"email":`, 400, `{"error":"400 Bad Request","detail":"the body is not JSON"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPortal(t, Options{})
			r := httptest.NewRequest(http.MethodPost, "/api/authenticate", strings.NewReader(test.body))
			r.Header.Set("Content-Type", test.contentType)
			r.Header.Set("Accept", test.accept)
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			if w.Code != test.status || w.Body.String() != test.answer {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, test.status, test.answer)
			}
			if cookies := len(w.Result().Cookies()); cookies != 2 && test.status != 400 {
				t.Errorf("%d cookies", cookies)
			}
			wantLogins, wantRejected := 0, 0
			switch test.status {
			case 201:
				wantLogins = 1
			case 401:
				wantRejected = 1
			}
			if p.Logins() != wantLogins || p.RejectedLogins() != wantRejected {
				t.Errorf("%d logins, %d rejected", p.Logins(), p.RejectedLogins())
			}
		})
	}
}

func TestCookiesAreAsRecorded(t *testing.T) {
	clock := time.Date(2016, 10, 3, 13, 19, 7, 0, time.UTC)
	for era, expires := range map[Era]string{Era2018: "Mon, 03-Oct-2016 13:34:07 GMT", Era2020: "Mon, 03 Oct 2016 13:34:07 GMT"} {
		p := newPortal(t, Options{Era: era, Now: at(clock), CookieNow: at(clock)})
		v := &visitor{t: t, p: p, cookies: map[string]string{}}
		lines := v.login("demo@example.com", "demo").Header().Values("Set-Cookie")
		for i, name := range []string{"rack.session", "_portal_session"} {
			if !strings.HasPrefix(lines[i], name+"=") || !strings.HasSuffix(lines[i], "; path=/api; expires="+expires+"; HttpOnly") {
				t.Errorf("era %d: cookie %q", era, lines[i])
			}
		}
	}
}

func TestSessionSlidesAndExpires(t *testing.T) {
	clock := recorded
	p := newPortal(t, Options{Now: func() time.Time { return clock }})
	v := visit(t, p)
	steps := []struct {
		name string
		wait time.Duration
		want int
	}{
		{"just before the end", 899 * time.Second, 200}, {"again, for it slid", 899 * time.Second, 200},
		{"at the end", 900 * time.Second, 401}, {"gone for good", 0, 401},
	}
	for _, step := range steps {
		clock = clock.Add(step.wait)
		w := v.get("ping")
		if w.Code != step.want {
			t.Errorf("%s: %d %s", step.name, w.Code, w.Body)
		}
		if fresh := len(w.Header().Values("Set-Cookie")); (fresh == 2) != (step.want == 200) {
			t.Errorf("%s: %d cookies", step.name, fresh)
		}
	}
	v = visit(t, p)
	p.ExpireSessions()
	if w := v.get("accounts"); w.Code != 401 || w.Body.String() != `{"error":"401 Unauthorized"}` || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("after ExpireSessions: %d %s", w.Code, w.Body)
	}
}

func TestCookieHeadersOfOldClientsAreUnderstood(t *testing.T) {
	p := newPortal(t, Options{})
	w := (&visitor{t: t, p: p, cookies: map[string]string{}}).login("demo@example.com", "demo")
	raw := strings.Join(w.Header().Values("Set-Cookie"), ", ") // the Set-Cookie text as it came
	session, _, _ := strings.Cut(raw, ";")
	tests := []struct {
		name, cookie string
		status       int
	}{
		{"raw Set-Cookie text", raw, 200},
		{"the session alone", session, 200},
		{"a stale session before the good one", "rack.session=stale; " + session, 200},
		{"only the other cookie", "_portal_session=" + session[len(session)-16:], 401},
		{"another session", "rack.session=BAh7B0kiD3Nlc3Npb25faWQ", 401},
		{"none", "", 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := get("/api/ping")
			r.Header.Set("Cookie", test.cookie)
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("%d, want %d", w.Code, test.status)
			}
		})
	}
}

func TestSevenRejectedLoginsLockTheAccount(t *testing.T) {
	p := newPortal(t, Options{})
	v := visit(t, p)
	for range 6 {
		v.login("demo@example.com", "wrong")
	}
	if p.Locked() || v.login("demo@example.com", "demo").Code != http.StatusCreated {
		t.Error("locked after six wrong passwords")
	}
	for range 7 {
		v.login("demo@example.com", "wrong")
	}
	if w := v.login("demo@example.com", "demo"); w.Code != http.StatusUnauthorized || !p.Locked() {
		t.Errorf("the right password after seven wrong ones: %d", w.Code)
	}
	p.Unlock()
	if w := v.login("demo@example.com", "demo"); w.Code != http.StatusCreated {
		t.Errorf("after Unlock: %d", w.Code)
	}
	if p.RejectedLogins() != 6+7+1 {
		t.Errorf("%d rejected logins", p.RejectedLogins())
	}
}
