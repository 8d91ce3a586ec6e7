package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseFault(t *testing.T) {
	tests := []struct {
		text string
		want Fault
		err  string
	}{
		{"compute_services=500", Fault{Endpoint: "compute_services", Kind: "500"}, ""},
		{"*=hang", Fault{Endpoint: "*", Kind: "hang"}, ""},
		{"billing_csv=redirect-other-host", Fault{Endpoint: "billing_csv", Kind: "redirect-other-host"}, ""},
		{"ping=late@20s", Fault{Endpoint: "ping", Kind: "late", Delay: 20 * time.Second}, ""},
		{"compute_services/55=hang@5s", Fault{Endpoint: "compute_services", Account: "55", Kind: "hang", Delay: 5 * time.Second}, ""},
		{"GET=maintenance", Fault{Endpoint: "GET", Kind: "maintenance"}, ""},
		{"ping=late@soon", Fault{}, `"soon" is no time to wait, want one like 20s`},
		{"ping=cut-rows", Fault{}, `cut-rows is a fault of billing_csv, cloud_storage_report, not of ping`},
		{"compute_services", Fault{}, `fault "compute_services": want ENDPOINT=KIND`},
		{"billing-csv=500", Fault{}, `unknown endpoint "billing-csv": valid are *, GET, authenticate, ping,`},
		{"ping=nap", Fault{}, `unknown kind "nap": valid are 500, 502,`},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseFault(test.text)
			if test.err == "" {
				if got != test.want || err != nil || got.String() != test.text {
					t.Errorf("%+v, %v", got, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

func TestFaultsThatReplaceTheAnswer(t *testing.T) {
	tests := []struct {
		kind, contentType string
		status            int
		header, value     string
		body              string
	}{
		{"500", typeJSON, 500, "", "", `{"error":"500 Internal Server Error"`},
		{"502", typeHTML, 502, "", "", "502 Bad Gateway"},
		{"503", typeHTML, 503, "", "", "503 Service Unavailable"},
		{"429", typeJSON, 429, "Retry-After", "5", `{"error":"429 Too Many Requests"}`},
		{"401", typeJSON, 401, "", "", `{"error":"401 Unauthorized"}`},
		{"403", typeJSON, 403, "", "", `{"error":"Insufficient Permission","detail":`},
		{"404", typeJSON, 404, "", "", `{"error":"404 Not Found"}`},
		{"html", typeHTML, 200, "", "", "Sign in"},
		{"redirect", typeHTML, 302, "Location", "/login", "redirected"},
		{"redirect-other-host", typeHTML, 302, "Location", "https://login.portal.invalid/login", "redirected"},
		{"garbage", typeJSON, 200, "", "", "not JSON"},
	}
	for _, test := range tests {
		t.Run(test.kind, func(t *testing.T) {
			p := newPortal(t, Options{VMs: 30})
			v := visit(t, p)
			p.SetFaults(Fault{Endpoint: "compute_services", Kind: test.kind})
			w := v.get("accounts/1/compute_services", "If-None-Match", "*")
			if w.Code != test.status || w.Header().Get("Content-Type") != test.contentType || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if test.header != "" && w.Header().Get(test.header) != test.value {
				t.Errorf("%s: %s", test.header, w.Header().Get(test.header))
			}
			if json.Valid(w.Body.Bytes()) != (test.contentType == typeJSON && test.kind != "garbage") {
				t.Errorf("body %q", w.Body)
			}
			if w := v.get("accounts"); w.Code != 200 {
				t.Errorf("another endpoint: %d", w.Code)
			}
			p.SetFaults()
			if w := v.get("accounts/1/compute_services"); w.Code != 200 {
				t.Errorf("healed: %d", w.Code)
			}
		})
	}
}

func TestFaultOfOneAccount(t *testing.T) {
	p := newPortal(t, Options{Accounts: 2, VMs: 30})
	v := visit(t, p)
	sick, well := p.AccountIDs()[0], p.AccountIDs()[1]
	p.SetFaults(Fault{Endpoint: "*", Kind: "403", Account: sick})
	tests := map[string]int{
		"accounts/" + sick + "/vorgs": 403, "accounts/" + well + "/vorgs": 200, "accounts": 200,
		"billing/billing-csv?period=2016-02&org_id=" + p.ServiceIDs(sick)[0]: 403,
		"billing/billing-csv?period=2016-02&org_id=" + p.ServiceIDs(well)[0]: 200,
	}
	for path, want := range tests {
		if w := v.get(path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestFaultOfTheLogin(t *testing.T) {
	p := newPortal(t, Options{Faults: []Fault{{Endpoint: "authenticate", Kind: "401"}}})
	v := &visitor{t: t, p: p, cookies: map[string]string{}}
	for range loginsToLock + 1 {
		if w := v.login("demo@example.com", "demo"); w.Code != http.StatusUnauthorized {
			t.Fatalf("%d", w.Code)
		}
	}
	p.SetFaults()
	if p.RejectedLogins() != loginsToLock+1 || p.Locked() || v.login("demo@example.com", "demo").Code != http.StatusCreated {
		t.Error("a fault must not lock the account")
	}
}

// faultyServer serves over the network, where a broken transport shows.
func faultyServer(t *testing.T, kind string) (p *Portal, url, cookie string) {
	t.Helper()
	p = newPortal(t, Options{VMs: 300})
	v := visit(t, p)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	t.Cleanup(p.Close) // before the server waits for what hangs
	p.SetFaults(Fault{Endpoint: "*", Kind: kind})
	return p, server.URL + "/api/", "rack.session=" + v.cookies["rack.session"]
}

func fetch(ctx context.Context, t *testing.T, url, cookie string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer, body, err
}

func TestTruncatedAnswers(t *testing.T) {
	p, url, cookie := faultyServer(t, "truncated")
	org := p.ServiceIDs("1")[0]
	lengths := map[int]bool{}
	for _, path := range []string{"accounts", "accounts/1/compute_services", "accounts/1/compute_services", "billing/billing-csv?period=2016-02&org_id=" + org} {
		answer, body, err := fetch(t.Context(), t, url+path, cookie)
		if !errors.Is(err, io.ErrUnexpectedEOF) || answer.StatusCode != 200 || int64(len(body)) >= answer.ContentLength {
			t.Errorf("%s: %d bytes of %d, %v", path, len(body), answer.ContentLength, err)
		}
		lengths[len(body)] = true
	}
	if len(lengths) < 3 {
		t.Errorf("cut at %v", lengths)
	}
}

func TestConnectionReset(t *testing.T) {
	_, url, cookie := faultyServer(t, "reset")
	if _, _, err := fetch(t.Context(), t, url+"accounts", cookie); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("error %v, want a reset connection", err)
	}
}

func TestHangEndsWithTheClientAndWithClose(t *testing.T) {
	p := newPortal(t, Options{Faults: []Fault{{Endpoint: "ping", Kind: "hang"}}})
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		p.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ends := []struct {
		name string
		end  func()
		want error
	}{{"the client gives up", cancel, context.Canceled}, {"the portal is closed", p.Close, io.EOF}}
	for _, step := range ends {
		go func() {
			<-arrived
			step.end()
		}()
		if _, _, err := fetch(ctx, t, server.URL+"/api/ping", ""); !errors.Is(err, step.want) {
			t.Errorf("%s: %v", step.name, err)
		}
		ctx = t.Context()
	}
}

func TestSlowBodyDrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, Options{VMs: 30})
		v := visit(t, p)
		want := v.body("accounts/1/vorgs")
		p.SetFaults(Fault{Endpoint: "vorgs", Kind: "slow"})
		start := time.Now()
		if got := v.body("accounts/1/vorgs"); got != want {
			t.Errorf("slow, but other bytes: %s", got)
		}
		drips := (len(want) + dripBytes - 1) / dripBytes
		if took := time.Since(start); took != time.Duration(drips)*dripPause {
			t.Errorf("%d bytes took %v", len(want), took)
		}
	})
}

func TestLatencyEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, Options{Latency: time.Minute})
		start := time.Now()
		visit(t, p)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the login took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		p.ServeHTTP(w, get("/api/ping").WithContext(ctx))
		if took := time.Since(start); took != time.Minute+time.Second || w.Body.Len() > 0 {
			t.Errorf("after the client had gone: %v, %s", took, w.Body)
		}
	})
}

// TestFaultsThatDoNotFit are passed over, so that the next one of the list is used.
func TestFaultsThatDoNotFit(t *testing.T) {
	p := newPortal(t, Options{})
	v := visit(t, p)
	p.SetFaults(Fault{Endpoint: "accounts", Kind: "nap"}, Fault{Endpoint: "*", Kind: "header-only"}, Fault{Endpoint: "accounts", Account: "7", Kind: "502"},
		Fault{Endpoint: "accounts", Kind: "503"}, Fault{Endpoint: "accounts", Kind: "500"})
	if w := v.get("accounts"); w.Code != 503 {
		t.Errorf("accounts: %d", w.Code)
	}
	if w := v.get("ping"); w.Code != 200 || w.Body.String() != `{"response":"OK"}` {
		t.Errorf("ping: %d %s", w.Code, w.Body)
	}
	if text := v.body("billing/billing-csv?period=2016-02&org_id=" + p.ServiceIDs("1")[0]); strings.Count(text, "\n") != 1 {
		t.Errorf("billing-csv has %d lines", strings.Count(text, "\n"))
	}
}

// TestEndlessPagesAreNew: no id of one page is on another.
func TestEndlessPagesAreNew(t *testing.T) {
	p := newPortal(t, Options{Faults: []Fault{{Endpoint: "compute_services", Kind: "endless-pages"}}})
	v := visit(t, p)
	ids, urns := map[string]bool{}, map[string]bool{}
	for page := 1; page <= 20; page++ {
		var answer tree
		v.into(fmt.Sprintf("%s?page=%d", computePath, page), &answer)
		for _, vorg := range answer.VOrgs {
			ids[vorg.ServiceID], urns[vorg.URN] = true, true
		}
	}
	if len(ids) != 500 || len(urns) != 500 {
		t.Errorf("%d service ids and %d URNs on 20 pages", len(ids), len(urns))
	}
}

// TestLongestTag that a server takes: one byte more is refused.
func TestLongestTag(t *testing.T) {
	v := visit(t, newPortal(t, Options{Faults: []Fault{{Endpoint: "accounts", Kind: "giant-etag"}}}))
	for length, want := range map[int]int{longestTagTaken: 200, longestTagTaken + 1: 431} {
		if w := v.get("accounts", "If-None-Match", strings.Repeat("x", length)); w.Code != want {
			t.Errorf("%d bytes: %d", length, w.Code)
		}
	}
}

// deaf is a client that is gone.
type deaf struct{ *httptest.ResponseRecorder }

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestDripWriter hands on each drop at once, and ends with the client.
func TestDripWriter(t *testing.T) {
	p := newPortal(t, Options{})
	w := httptest.NewRecorder()
	if n, err := (&dripWriter{w, get("/"), p, 2, 0}).Write([]byte("abcde")); n != 5 || err != nil || w.Body.String() != "abcde" || !w.Flushed {
		t.Errorf("%d, %v, %q, handed on %v", n, err, w.Body, w.Flushed)
	}
	if n, err := (&dripWriter{deaf{httptest.NewRecorder()}, get("/"), p, 2, 0}).Write([]byte("abcde")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a client that is gone: %d, %v", n, err)
	}
}
