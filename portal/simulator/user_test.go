package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestParseUser(t *testing.T) {
	tests := []struct {
		text string
		want User
		err  string
	}{
		{"a@example.com:pass:read-only", User{"a@example.com", "pass", ReadOnly}, ""},
		{"a@example.com:p:a:ss:administrator", User{"a@example.com", "p:a:ss", Administrator}, ""},
		{"a@example.com:geheim", User{}, `user "a@example.com": want EMAIL:PASSWORD:ROLE`},
		{"a@example.com:geheim:king", User{}, `unknown role: valid are administrator, read-only, billing-only, no-account`},
		{"a@example.com::read-only", User{}, `the password is empty`},
		{":geheim:read-only", User{}, `the address is empty`},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseUser(test.text)
			if test.err == "" && (err != nil || got != test.want) || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("%+v, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
	if _, err := New(Options{Users: []User{{"Demo@example.com", "x", ReadOnly}}}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the login's address again: %v", err)
	}
}

// TestRoles is the table of who may do what.
func TestRoles(t *testing.T) {
	p := newPortal(t, Options{VMs: 60, Users: []User{
		{"reader@example.com", "x", ReadOnly}, {"biller@example.com", "x", BillingOnly}, {"nobody@example.com", "x", NoAccount},
	}})
	org := p.ServiceIDs("1")[0]
	urn := p.estate.accounts[0].vorgs[0].vdcs[0].urn
	build := visit(t, p).write("POST", "accounts/1/vorgs/1/vdcs", vdcOrder).Header().Get("Location")
	tests := []struct {
		method, path, body             string
		admin, reader, biller, nothing int
	}{
		{"GET", "ping", "", 200, 200, 200, 200},
		{"GET", "accounts", "", 200, 200, 200, 200},
		{"GET", "my_vm", "", 200, 200, 200, 200},
		{"GET", "accounts/1/compute_services", "", 200, 200, 403, 403},
		{"GET", "accounts/1/compute_services/1", "", 200, 200, 403, 403},
		{"GET", "accounts/1/api_credentials", "", 200, 200, 403, 403},
		{"GET", "accounts/1/vorgs", "", 200, 200, 403, 403},
		{"GET", "accounts/1/vorgs/1/vdcs", "", 200, 200, 403, 404},
		{"GET", "accounts/1/vorgs/1/vdcs/" + urn + "/edge-gateways", "", 200, 200, 403, 404},
		{"GET", "accounts/1/vdc-builds", "", 200, 200, 403, 403},
		{"GET", strings.TrimPrefix(build, "/api/"), "", 200, 200, 404, 404},
		{"GET", "accounts/1/platform_visibility/vmotion_events", "", 200, 200, 403, 403},
		{"GET", "billing/billing-csv?period=2016-01&org_id=" + org, "", 200, 200, 200, 403},
		{"GET", "billing/cloud-storage-report?date=2016-01-01&org_id=" + org, "", 200, 200, 200, 403},
		{"GET", "my_calls", "", 200, 200, 200, 200},
		{"POST", "my_calls", incidentBody, 201, 201, 201, 422},
		{"POST", "accounts/1/vorgs", vorgOrder, 202, 403, 403, 404},
		{"POST", "accounts/1/vorgs/1/vdcs", vdcOrder, 202, 403, 403, 404},
		{"POST", "accounts/1/vorgs/1/vdcs/" + urn + "/edge-gateways", edgeOrder, 202, 403, 403, 404},
	}
	logins := []struct{ email, password string }{{"demo@example.com", "demo"}, {"reader@example.com", "x"}, {"biller@example.com", "x"}, {"nobody@example.com", "x"}}
	for i, login := range logins {
		v := visitAs(t, p, login.email, login.password)
		for _, test := range tests {
			want := [...]int{test.admin, test.reader, test.biller, test.nothing}[i]
			if w := v.write(test.method, test.path, test.body); w.Code != want {
				t.Errorf("%s: %s %s: %d %s, want %d", login.email, test.method, test.path, w.Code, w.Body, want)
			}
		}
	}
	nobody := visitAs(t, p, "nobody@example.com", "x")
	for path, want := range map[string]string{"accounts": "[]", "my_calls?for=account": "[]", "my_vm": `{"warning":`} {
		if got := nobody.body(path); !strings.HasPrefix(got, want) {
			t.Errorf("without an account %s: %s", path, got)
		}
	}
	if got := visitAs(t, p, "biller@example.com", "x").body("my_vm"); !strings.HasPrefix(got, `{"warning":`) {
		t.Errorf("my_vm for who sees no compute service: %s", got)
	}
	insufficient := `{"error":"Insufficient Permission","detail":"Compute-Service permission is required in order to list VDCs."}`
	if w := visitAs(t, p, "biller@example.com", "x").get("accounts/1/vorgs/1/vdcs"); w.Body.String() != insufficient {
		t.Errorf("%s, recorded %s", w.Body, insufficient)
	}
}

func TestReadOnlyPortalRefusesEveryWrite(t *testing.T) {
	p := newPortal(t, Options{VMs: 60, ReadOnly: true})
	v := visit(t, p)
	for _, route := range p.routes {
		if route.method == http.MethodGet || route.endpoint == "authenticate" {
			continue
		}
		if w := v.write(route.method, strings.ReplaceAll(route.pattern, ":", "1"), "{}"); w.Code != 403 || !strings.Contains(w.Body.String(), "can only be read") {
			t.Errorf("%s %s: %d %s", route.method, route.pattern, w.Code, w.Body)
		}
	}
	if v.get("accounts").Code != 200 {
		t.Error("and every read")
	}
}

// TestWithoutASessionNothingIsTold: 401 comes before 404 and 405.
func TestWithoutASessionNothingIsTold(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	ask := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/api/"+path, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w
	}
	for _, route := range p.routes {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"} {
			if route.endpoint == "authenticate" && method == "POST" {
				continue
			}
			path := strings.ReplaceAll(route.pattern, ":", "1")
			w := ask(method, path, "application/json")
			if w.Code != 401 || method != "HEAD" && w.Body.String() != `{"error":"401 Unauthorized"}` || w.Header().Get("Allow") != "" {
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			if w := ask(method, path+".xml", "application/json"); w.Code != 401 || w.Header().Get("Content-Type") != "application/xml" {
				t.Errorf("%s %s.xml: %d %s", method, path, w.Code, w.Body)
			}
		}
	}
	for _, path := range []string{"", "nothing", "accounts/1/nothing", "my_calls/1/nothing"} {
		if w := ask("GET", path, ""); w.Code != 401 {
			t.Errorf("%q: %d", path, w.Code)
		}
	}
}

func TestMethodsAndFormats(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	ask := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/api/"+path, nil)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return v.send(r)
	}
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	tests := []struct {
		method, path, accept string
		status               int
		allow, contentType   string
		body                 string
	}{
		{"OPTIONS", "accounts", "", 204, "OPTIONS, GET, HEAD", "", ""},
		{"OPTIONS", "my_calls", "", 204, "OPTIONS, GET, POST, HEAD", "", ""},
		{"OPTIONS", "my_calls/INC1", "", 204, "OPTIONS, GET, PUT, HEAD", "", ""},
		{"OPTIONS", "my_calls/INC1/close", "", 204, "OPTIONS, PUT", "", ""},
		{"OPTIONS", "authenticate", "", 204, "OPTIONS, POST", "", ""},
		{"DELETE", "my_calls/INC1", "", 405, "OPTIONS, GET, PUT, HEAD", typeJSON, `{"error":"405 Not Allowed"}`},
		{"HEAD", "my_calls/INC1/close", "", 405, "OPTIONS, PUT", typeJSON, ""},
		{"HEAD", "ping", "", 200, "", typeJSON, ""},
		{"HEAD", "accounts/736/vorgs", "", 403, "", typeJSON, ""},
		{"HEAD", "nothing", "", 404, "", typeJSON, ""},
		{"GET", "ping", "application/xml", 406, "", typeJSON, `{"error":"The requested format 'xml' is not supported."}`},
		{"GET", "ping.xml", "application/json", 406, "", typeJSON, `{"error":"The requested format 'xml' is not supported."}`},
		{"GET", "ping.json", "application/xml", 200, "", typeJSON, `{"response":"OK"}`},
		{"GET", "ping", browser, 200, "", typeJSON, `{"response":"OK"}`},
		{"GET", "ping", "application/xml, application/json;q=0.1", 200, "", typeJSON, `{"response":"OK"}`},
		{"GET", "ping", "application/json,application/vnd-skyscapecloud-v1", 200, "", typeJSON, `{"response":"OK"}`},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path+" "+test.accept, func(t *testing.T) {
			w := ask(test.method, test.path, test.accept)
			if w.Code != test.status || w.Header().Get("Allow") != test.allow || w.Header().Get("Content-Type") != test.contentType || w.Body.String() != test.body {
				t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
			}
		})
	}
	full := v.get("accounts/1/compute_services")
	head := ask("HEAD", "accounts/1/compute_services", "")
	for _, name := range []string{"Content-Length", "Etag", "Content-Type", "Cache-Control"} {
		if got, want := head.Header().Get(name), full.Header().Get(name); got != want || got == "" {
			t.Errorf("HEAD has %s %q, GET %q", name, got, want)
		}
	}
	r := httptest.NewRequest("HEAD", "/api/accounts/1/compute_services", nil)
	r.Header.Set("If-None-Match", full.Header().Get("Etag"))
	if w := v.send(r); w.Code != 304 {
		t.Errorf("HEAD with the validator: %d", w.Code)
	}
}

func TestLoginsOfOthersDoNotLock(t *testing.T) {
	p := newPortal(t, Options{Users: []User{{"second@example.com", "second", ReadOnly}}})
	v := &visitor{t: t, p: p, cookies: map[string]string{}}
	for range loginsToLock + 1 {
		v.login("second@example.com", "wrong")
	}
	if w := v.login("second@example.com", "second"); w.Code != 401 {
		t.Errorf("the locked user: %d", w.Code)
	}
	if w := v.login("demo@example.com", "demo"); w.Code != 201 || p.Locked() {
		t.Errorf("the other one: %d", w.Code)
	}
}
