package simulator

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestPathsAreForgiving(t *testing.T) {
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	urn := p.estate.accounts[0].vorgs[0].vdcs[0].urn
	tests := []struct{ name, plain, other string }{
		{"format suffix", "accounts", "accounts.json"},
		{"trailing slash", "accounts/1/vorgs", "accounts/1/vorgs/"},
		{"suffix on a long path", "accounts/1/vorgs/1/vdcs", "accounts/1/vorgs/1/vdcs.json"},
		{"encoded URN", "accounts/1/vorgs/1/vdcs/" + urn + "/edge-gateways", "accounts/1/vorgs/1/vdcs/" + url.QueryEscape(urn) + "/edge-gateways"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if want := v.body(test.plain); want == `{"data":[]}` || v.body(test.other) != want {
				t.Errorf("%s: %s; %s: %s", test.plain, want, test.other, v.body(test.other))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	const foreignBody = `{"error":"No permitted account found","detail":"We couldn't find an account with ID 736 that is accessible to the authenticated user"}`
	p := newPortal(t, Options{VMs: 60})
	v := visit(t, p)
	org := p.ServiceIDs("1")[0]
	tests := []struct {
		name, method, path string
		status             int
		body               string
	}{
		{"unknown path", "GET", "nothing/here", 404, `{"error":"404 Not Found"}`},
		{"wrong verb", "POST", "accounts", 405, `{"error":"405 Not Allowed"}`},
		{"wrong verb for the login", "GET", "authenticate", 405, `{"error":"405 Not Allowed"}`},
		{"foreign account, compute_services", "GET", "accounts/736/compute_services", 403, foreignBody},
		{"foreign account, one compute service", "GET", "accounts/736/compute_services/1", 403, foreignBody},
		{"foreign account, vorgs", "GET", "accounts/736/vorgs", 403, foreignBody},
		{"foreign account, vdcs", "GET", "accounts/736/vorgs/1/vdcs", 404, foreignBody},
		{"foreign account, credentials", "GET", "accounts/736/api_credentials", 403, foreignBody},
		{"foreign account, builds", "GET", "accounts/736/vdc-builds", 403, foreignBody},
		{"foreign account, vMotions", "GET", "accounts/736/platform_visibility/vmotion_events", 403, foreignBody},
		{"foreign account, bill", "GET", "billing/billing-csv?period=2016-01&org_id=1-736-1-aaaaaa", 403, foreignBody},
		{"own account, foreign service", "GET", "billing/billing-csv?period=2016-01&org_id=1-1-1-aaaaaa", 403, ""},
		{"no such vOrg", "GET", "accounts/1/vorgs/99/vdcs", 404, ""},
		{"no such build", "GET", "vdc-builds/1", 404, ""},
		{"no such ticket", "GET", "my_calls/INC1", 400, ""},
		{"bill without parameters", "GET", "billing/billing-csv", 400, `{"error":"period is missing, org_id is missing"}`},
		{"bill of no month", "GET", "billing/billing-csv?period=2016-13&org_id=" + org, 400, `{"error":"period is invalid"}`},
		{"bill of no month of a foreign org", "GET", "billing/billing-csv?period=2016-13&org_id=1-736-1-aaaaaa", 400, `{"error":"period is invalid"}`},
		{"storage report of no date of a foreign service", "GET", "billing/cloud-storage-report?date=x&org_id=1-1-1-aaaaaa", 400, `{"error":"date is invalid"}`},
		{"bill of no month of no org", "GET", "billing/billing-csv?period=x&org_id=xyz", 400, `{"error":"period is invalid, org_id is invalid"}`},
		{"bill of no org", "GET", "billing/billing-csv?period=2016-01&org_id=xyz", 400, `{"error":"org_id is invalid"}`},
		{"bill of an org with an odd number", "GET", "billing/billing-csv?period=2016-01&org_id=1-1-x-aaaaaa", 400, `{"error":"org_id is invalid"}`},
		{"bill of an org with a short end", "GET", "billing/billing-csv?period=2016-01&org_id=1-1-1-aaaa", 400, `{"error":"org_id is invalid"}`},
		{"storage report of no org", "GET", "billing/cloud-storage-report?date=2016-01-01&org_id=xx-xx-xx-xxxxxxx", 400, `{"error":"org_id is invalid"}`},
		{"storage report of no date", "GET", "billing/cloud-storage-report?date=2016-01&org_id=" + org, 400, `{"error":"date is invalid"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := v.send(httptest.NewRequest(test.method, "/api/"+test.path, nil))
			if w.Code != test.status || test.body != "" && w.Body.String() != test.body {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, test.status, test.body)
			}
			if w.Header().Get("Content-Type") != "application/json" || !strings.HasPrefix(w.Body.String(), `{"error":"`) {
				t.Errorf("an error is not a JSON object: %s", w.Body)
			}
		})
	}
}

func TestRecordedBytesAndHeaders(t *testing.T) {
	p := newPortal(t, Options{Accounts: 2, VMs: 30})
	v := visit(t, p)
	w := v.get("ping")
	if w.Body.String() != `{"response":"OK"}` || w.Header().Get("Content-Length") != "17" {
		t.Errorf("ping: %s %v", w.Body, w.Header())
	}
	for name, want := range map[string]string{
		"Connection": "close", "Content-Type": "application/json", "X-App-Name": "Portal", "X-App-Version": `\d+\.\d+\.\d+`,
		"X-Request-Id": `[0-9a-f]{8}-.{27}`, "X-Runtime": `0\.\d{6}`, "Etag": `W/"[0-9a-f]{32}"`,
	} {
		if got := w.Header().Get(name); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
	if w := visit(t, newPortal(t, Options{KeepAlive: true})).get("ping"); w.Header().Get("Connection") != "" {
		t.Errorf("kept alive, but Connection: %s", w.Header().Get("Connection"))
	}
	if got := v.body("accounts"); !regexp.MustCompile(`^\[\{"name":"[^"]+","id":1\},\{"name":"[^"]+","id":\d+\}\]$`).MatchString(got) {
		t.Errorf("accounts: %s", got)
	}
}

func TestListsAgreeWithTheEstate(t *testing.T) {
	p := newPortal(t, Options{Accounts: 2, VMs: 300})
	v := visit(t, p)
	type list struct {
		Data []struct {
			Type, ID   string
			Attributes struct{ Name string }
		}
	}
	for _, answer := range v.compute() {
		id := fmt.Sprint(answer.Account.ID)
		var vorgs list
		v.into("accounts/"+id+"/vorgs", &vorgs)
		var credentials map[string]struct {
			ServiceID string `json:"service_id"`
			Username  string `json:"username"`
		}
		v.into("accounts/"+id+"/api_credentials", &credentials)
		if len(vorgs.Data) != len(answer.VOrgs) || len(credentials) != len(answer.VOrgs) {
			t.Errorf("account %s: %d vorgs, %d credentials, %d vOrgs", id, len(vorgs.Data), len(credentials), len(answer.VOrgs))
		}
		for i, vorg := range answer.VOrgs {
			if got := vorgs.Data[i]; got.Type != "vOrg" || got.ID != fmt.Sprintf("%s-%d", id, i+1) || got.Attributes.Name != vorg.Name {
				t.Errorf("vorg %+v, want %s", got, vorg.Name)
			}
			c, ok := credentials[vorg.Name+" ("+vorg.ServiceID+")"]
			if !ok || c.ServiceID != vorg.ServiceID || !strings.HasSuffix(c.Username, "@"+vorg.ServiceID) {
				t.Errorf("credential of %s: %+v", vorg.ServiceID, c)
			}
			if parts := strings.Split(vorg.ServiceID, "-"); parts[1] != id || parts[2] != fmt.Sprint(i+1) {
				t.Errorf("service id %s in account %s, vOrg %d", vorg.ServiceID, id, i+1)
			}
			var vdcs list
			v.into(fmt.Sprintf("accounts/%s/vorgs/%d/vdcs", id, i+1), &vdcs)
			for j, x := range vorg.VDCs {
				if got := vdcs.Data[j]; got.Type != "VDC" || got.ID != x.URN || got.Attributes.Name != x.Name {
					t.Errorf("vdc %+v, want %s %s", got, x.URN, x.Name)
				}
			}
		}
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		err     string
	}{
		{"defaults", Options{}, ""},
		{"negative", Options{VMs: -1}, "must not be negative"},
		{"era", Options{Era: 2019}, "unknown era 2019: valid are 2018 and 2020"},
		{"fault", Options{Faults: []Fault{{Endpoint: "ping", Kind: "nap"}}}, `unknown kind "nap"`},
		{"session", Options{SessionTTL: 1}, "session TTL 1ns"},
		{"latency", Options{Latency: -1}, "latency -1ns"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(test.options)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

// TestOverTheNetwork lets a plain client with a cookie jar in, although the
// portal's clock stands years before the jar's.
func TestOverTheNetwork(t *testing.T) {
	p := newPortal(t, Options{VMs: 30})
	server := httptest.NewServer(p)
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	login, err := client.Post(server.URL+"/api/authenticate", "application/json", strings.NewReader(`{"email":"demo@example.com","password":"demo"}`))
	if err != nil || login.StatusCode != http.StatusCreated {
		t.Fatal(login, err)
	}
	login.Body.Close()
	for range 3 {
		answer, err := client.Get(server.URL + "/api/accounts/1/compute_services")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != 200 || int64(len(body)) != answer.ContentLength || !answer.Close {
			t.Errorf("%s, %d bytes of %d, close %v, %v", answer.Status, len(body), answer.ContentLength, answer.Close, err)
		}
	}
	if got := p.Requests(); got["compute_services"] != 3 || got["authenticate"] != 1 {
		t.Errorf("requests %v", got)
	}
}
