package conformance

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/portal/simulator"
)

var (
	update   = flag.Bool("update", false, "write docs/portal-api.md, and testdata/reference.json if the reference is at hand")
	baseURL  = flag.String("url", "", "portal to test, without /api; by default a simulated one")
	email    = flag.String("email", "", "login of an administrator; the password is in UKCLOUD_PASSWORD")
	limited  = flag.String("limited", "", "login of a user who may not see compute services; the password is in UKCLOUD_LIMITED_PASSWORD")
	mayWrite = flag.Bool("write", false, "open tickets and start builds in the portal at -url")
	caFile   = flag.String("ca-file", "", "PEM file of an authority to trust")
	patience = flag.Duration("patience", 5*time.Minute, "how long to wait until a new ticket can be changed")
)

// user is somebody who calls the portal. Nobody has no cookies.
type user struct {
	t      *testing.T
	base   string
	client *http.Client
}

// answer is one, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newUser(t *testing.T, base string, transport http.RoundTripper) *user {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &user{t, base, &http.Client{
		Jar: jar, Transport: transport, Timeout: 5 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call sends JSON, if there is a body.
func (u *user) call(method, path, body string) answer {
	u.t.Helper()
	r, err := http.NewRequestWithContext(u.t.Context(), method, u.base+path, strings.NewReader(body))
	if err != nil {
		u.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := u.client.Do(r)
	if err != nil {
		u.t.Fatal(err)
	}
	defer w.Body.Close()
	a := answer{status: w.StatusCode, header: w.Header}
	if a.body, err = io.ReadAll(w.Body); err != nil {
		u.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// get decodes what a GET answers.
func (u *user) get(path string, value any) {
	u.t.Helper()
	a := u.call("GET", path, "")
	if a.status != http.StatusOK {
		u.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, value); err != nil {
		u.t.Fatalf("GET %s: %v", path, err)
	}
}

// target is the portal under test with what was found in it.
type target struct {
	nobody, admin, limited *user // limited is nil if there is no such login
	email, password        string
	simulated, writes      bool

	account, foreign string // ids of accounts; foreign is nobody's
	vorg, vdc        string // number and URN
	orgID            string
	month            string // one that is over
}

// simulatedNow is when the simulated portal is asked: the middle of a month, so
// that every field has a value and every state is there.
var simulatedNow = time.Date(2018, 3, 20, 16, 34, 0, 0, time.UTC)

// newTarget starts a simulated portal, or logs in to the one at -url.
func newTarget(t *testing.T) *target {
	t.Helper()
	p := &target{foreign: "999999999", email: *email, password: os.Getenv("UKCLOUD_PASSWORD"), writes: *mayWrite}
	base, limitedEmail, limitedPassword := strings.TrimSuffix(*baseURL, "/"), *limited, os.Getenv("UKCLOUD_LIMITED_PASSWORD")
	transport := http.DefaultTransport
	if base == "" {
		p.simulated, p.writes, p.email, p.password = true, true, "email@example.com", "password"
		limitedEmail, limitedPassword = "limited@example.com", "limited"
		portal, err := simulator.New(simulator.Options{
			Accounts: 2, VMs: 300, Now: func() time.Time { return simulatedNow }, Email: p.email, Password: p.password,
			Users: []simulator.User{{Email: limitedEmail, Password: limitedPassword, Role: simulator.BillingOnly}},
		})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(portal)
		t.Cleanup(server.Close)
		t.Cleanup(portal.Close)
		base, transport = server.URL, server.Client().Transport
	} else if *caFile != "" {
		transport = trusting(t, *caFile)
	}
	p.nobody, p.admin = newUser(t, base, transport), newUser(t, base, transport)
	p.login(p.admin, p.email, p.password)
	if limitedEmail != "" {
		p.limited = newUser(t, base, transport)
		p.login(p.limited, limitedEmail, limitedPassword)
	}
	p.look(t)
	return p
}

func trusting(t *testing.T, file string) http.RoundTripper {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s has no certificate", file)
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
}

func credentials(email, password string) string {
	body, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func (p *target) login(u *user, email, password string) {
	u.t.Helper()
	if a := u.call("POST", "/api/authenticate", credentials(email, password)); a.status != http.StatusCreated {
		u.t.Fatalf("login as %s: %d", email, a.status)
	}
}

// look finds an account, a vOrg and a VDC to ask for.
func (p *target) look(t *testing.T) {
	t.Helper()
	var accounts []struct{ ID int }
	p.admin.get("/api/accounts", &accounts)
	for _, account := range accounts {
		var services struct {
			VOrgs []struct {
				ServiceID string
				VDCs      []struct{ URN string }
			}
		}
		p.account = fmt.Sprint(account.ID)
		p.admin.get("/api/accounts/"+p.account+"/compute_services", &services)
		for _, v := range services.VOrgs {
			parts := strings.Split(v.ServiceID, "-")
			if len(v.VDCs) == 0 || len(parts) != 4 {
				continue
			}
			p.orgID, p.vorg, p.vdc = v.ServiceID, parts[2], v.VDCs[0].URN
			now := simulatedNow
			if !p.simulated {
				var err error
				if now, err = http.ParseTime(p.admin.call("GET", "/api/ping", "").header.Get("Date")); err != nil {
					t.Fatalf("the portal's Date: %v", err)
				}
			}
			p.month = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
			return
		}
	}
	t.Fatal("the login sees no account with a VDC")
}

// path fills in a section's path.
func (p *target) path(name, account, vorg, vdc, last string) string {
	_, path, _ := strings.Cut(name, "/api/")
	return "/api/" + strings.NewReplacer(":account_id", account, ":vorg_id", vorg, ":vdc_urn", url.PathEscape(vdc), ":build_id", last, ":ticket_id", last).Replace(path)
}
