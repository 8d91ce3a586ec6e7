package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// writes are all methods that change something, with what they must send.
var writes = []struct {
	name, method, uri, body string
	call                    func(context.Context, *Client) (any, error)
	status                  int
	answer                  string
	location                string
	want                    any
}{
	{
		"incident", "POST", "/api/my_calls",
		`{"incident":{"problem_area":"compute","service":"My Service","classification":"Production Service > unavailable or unresponsive","summary":"My Incident","further_details":"My further details"}}`,
		func(ctx context.Context, c *Client) (any, error) { return c.CreateIncident(ctx, someIncident) },
		201, `{"ticket_id":"INC10001","summary":"My Incident","submitted":"28/08/2014 15:42","status":"New"}`, "",
		&Ticket{"INC10001", "My Incident", "New", at("2014-08-28T14:42:00Z")},
	},
	{
		"service request", "POST", "/api/my_calls",
		`{"service":{"problem_area":"IP Addresses","service":"My Service","query_nature":"Change a Configuration","summary":"My Request","further_details":"More"}}`,
		func(ctx context.Context, c *Client) (any, error) {
			return c.CreateServiceRequest(ctx, ServiceRequest{ServiceIPAddress, "My Service", ChangeConfiguration, "My Request", "More"})
		},
		201, `{"ticket":{"ticket_id":"REQ10001","status":"New"}}`, "", &Ticket{ID: "REQ10001", Status: "New"},
	},
	{
		"note", "PUT", "/api/my_calls/INC10001", `{"description":"My new update"}`,
		func(ctx context.Context, c *Client) (any, error) { return c.AddNote(ctx, "INC10001", "My new update") },
		200, `[{"type":"comment","text":"My new update","owner":"u@example.com","submitted_on":"28/08/2014 15:42"}]`, "",
		[]TicketUpdate{{"comment", "My new update", "u@example.com", at("2014-08-28T14:42:00Z")}},
	},
	{
		"subscribe", "PUT", "/api/my_calls/INC10001/subscribe", `{"email":"myemail@example.com"}`,
		func(ctx context.Context, c *Client) (any, error) {
			return nil, c.Subscribe(ctx, "INC10001", "myemail@example.com")
		},
		200, ``, "", nil,
	},
	{
		"unsubscribe", "PUT", "/api/my_calls/INC10001/unsubscribe", `{"email":"myemail@example.com"}`,
		func(ctx context.Context, c *Client) (any, error) {
			return nil, c.Unsubscribe(ctx, "INC10001", "myemail@example.com")
		},
		200, `null`, "", nil,
	},
	{
		"change_owner", "PUT", "/api/my_calls/INC10001/change_owner", `{"email":"myemail@example.com"}`,
		func(ctx context.Context, c *Client) (any, error) {
			return nil, c.ChangeOwner(ctx, "INC10001", "myemail@example.com")
		},
		200, `{}`, "", nil,
	},
	{
		"reopen", "PUT", "/api/my_calls/INC%2F1/reopen", ``,
		func(ctx context.Context, c *Client) (any, error) { return nil, c.ReopenTicket(ctx, "INC/1") },
		200, ``, "", nil,
	},
	{
		"cancel", "PUT", "/api/my_calls/INC10001/cancel", ``,
		func(ctx context.Context, c *Client) (any, error) { return nil, c.CancelTicket(ctx, "INC10001") },
		200, ``, "", nil,
	},
	{
		"close", "PUT", "/api/my_calls/INC10001/close", ``,
		func(ctx context.Context, c *Client) (any, error) { return nil, c.CloseTicket(ctx, "INC10001") },
		200, ``, "", nil,
	},
	{
		"vOrg", "POST", "/api/accounts/53/vorgs", `{"data":{"type":"Vorg","attributes":{"name":"DEMO","zoneId":"B"}}}`,
		func(ctx context.Context, c *Client) (any, error) { return c.CreateVOrg(ctx, "53", "DEMO", ZoneB) },
		202, `{"data":{"type":"Vorg-build","id":"10","attributes":{"createdAt":"2016-07-08T10:42:14+01:00","createdBy":"auser@example.com","state":"approved","serviceName":"DEMO","zoneId":"B"}}}`,
		"/api/vorg-builds/10",
		&Build{Kind: BuildVOrg, ID: "10", State: "approved", Created: at("2016-07-08T09:42:14Z"), CreatedBy: "auser@example.com", ServiceName: "DEMO", ZoneID: "B"},
	},
	{
		"VDC, recorded 2016", "POST", "/api/accounts/53/vorgs/1/vdcs", `{"data":{"type":"VDC","attributes":{"name":"DEMO","vmType":"POWER"}}}`,
		func(ctx context.Context, c *Client) (any, error) {
			return c.CreateVDC(ctx, "53", "53-1", "DEMO", Power)
		},
		202, `{"data":{"type":"VDC-build","id":"13739","attributes":{"createdAt":"2020-01-30T22:12:05+00:00","createdBy":"u@example.com","state":"approved"}}}`,
		"https://portal.example.com/api/vdc-builds/13739",
		&Build{Kind: BuildVDC, ID: "13739", State: "approved", Created: at("2020-01-30T22:12:05Z"), CreatedBy: "u@example.com"},
	},
	{
		"edge gateway", "POST", "/api/accounts/53/vorgs/1/vdcs/urn:vcloud:vdc:345a5d90-1c8c-4fb2-bf4f-f480de82c594/edge-gateways",
		`{"data":{"type":"EdgeGateway","attributes":{"connectivityType":"Internet"}}}`,
		func(ctx context.Context, c *Client) (any, error) {
			return c.CreateEdgeGateway(ctx, "53", "1", "urn:vcloud:vdc:345a5d90-1c8c-4fb2-bf4f-f480de82c594", Internet)
		},
		202, `{"data":{"type":"EdgeGateway-build","id":"23","attributes":{"state":"approved"}}}`, "edge-gateway-builds/../../../../../../../../edge-gateway-builds/23",
		&Build{Kind: BuildEdgeGateway, ID: "23", State: "approved"},
	},
	{
		"other", "DELETE", "/api/accounts/a%20b/thing?x=1", `{"A":1}`,
		func(ctx context.Context, c *Client) (any, error) {
			return Do[map[string]int](ctx, c, Request{Method: "DELETE", Path: []string{"accounts", "a b", "thing"}, Query: map[string][]string{"x": {"1"}}, Body: map[string]int{"A": 1}})
		},
		204, ``, "", map[string]int(nil),
	},
}

var someIncident = Incident{IncidentCompute, "My Service", ProductionUnavailable, "My Incident", "My further details"}

// writePortal answers ping, and everything else by serve.
func writePortal(serve func(*http.Request) *http.Response) *served {
	return &served{serve: func(req *http.Request) *http.Response {
		if strings.HasSuffix(req.URL.Path, "/ping") {
			return reply(req, 200, `{"response":"OK"}`)
		}
		return serve(req)
	}}
}

func TestWrites(t *testing.T) {
	for _, test := range writes {
		t.Run(test.name, func(t *testing.T) {
			var sent *http.Request
			var body []byte
			client := newTestClient(t, writePortal(func(req *http.Request) *http.Response {
				sent = req
				body, _ = io.ReadAll(req.Body)
				return reply(req, test.status, test.answer, "Location", test.location)
			}))
			got, err := test.call(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if sent.Method != test.method || sent.URL.RequestURI() != test.uri || string(body) != test.body {
				t.Errorf("sent %s %s %s", sent.Method, sent.URL.RequestURI(), body)
			}
			if kind := sent.Header.Get("Content-Type"); (kind == "application/json") != (test.body != "") || sent.Header.Get("Cookie") == "" {
				t.Errorf("header %v", sent.Header)
			}
			if held := places(client); held != 0 {
				t.Errorf("%d places are still held", held)
			}
		})
	}
}

// TestWritesRefused: what the portal refused is known not to be done; nothing is
// sent twice, and no session is given up for it.
func TestWritesRefused(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429} {
		for _, test := range writes {
			t.Run(fmt.Sprint(test.name, status), func(t *testing.T) {
				sent := 0
				client := newTestClient(t, writePortal(func(req *http.Request) *http.Response {
					sent++
					return reply(req, status, `{"error":"no","detail":"summary can't be blank"}`)
				}))
				_, err := test.call(t.Context(), client)
				var e *Error
				if !errors.As(err, &e) || e.StatusCode != status || e.Detail != "summary can't be blank" || errors.Is(err, ErrOutcomeUnknown) {
					t.Errorf("%v", err)
				}
				if sent != 1 {
					t.Errorf("sent %d times", sent)
				}
			})
		}
	}
}

// TestWritesUnknown: after these nobody can say what became of a write. Each is
// sent once.
func TestWritesUnknown(t *testing.T) {
	answers := map[string]func(*http.Request) (*http.Response, error){
		"no answer": func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") },
		"500":       func(r *http.Request) (*http.Response, error) { return reply(r, 500, `{"error":"Oops"}`), nil },
		"502":       func(r *http.Request) (*http.Response, error) { return reply(r, 502, "<html>bad gateway"), nil },
		"503":       func(r *http.Request) (*http.Response, error) { return reply(r, 503, "", "Retry-After", "1"), nil },
		"304":       func(r *http.Request) (*http.Response, error) { return reply(r, 304, ""), nil },
		"redirect":  func(r *http.Request) (*http.Response, error) { return reply(r, 302, "", "Location", "/login"), nil },
		"redirect away": func(r *http.Request) (*http.Response, error) {
			return reply(r, 307, "", "Location", "https://evil.example/"), nil
		},
		"a page": func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, "<!DOCTYPE html><html>", "Content-Type", "text/html"), nil
		},
	}
	for name, answer := range answers {
		for _, test := range writes {
			t.Run(name+" "+test.name, func(t *testing.T) {
				sent := 0
				portal := writePortal(nil)
				client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if isLogin(req) || strings.HasSuffix(req.URL.Path, "/ping") {
						return portal.RoundTrip(req)
					}
					sent++
					return answer(req)
				}))
				_, err := test.call(t.Context(), client)
				if !errors.Is(err, ErrOutcomeUnknown) || !contains(err.Error(), "outcome unknown") {
					t.Error(err)
				}
				if sent != 1 {
					t.Errorf("sent %d times", sent)
				}
			})
		}
	}
}

// TestWritesNotSent: while nothing has gone out the outcome is known.
func TestWritesNotSent(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	tests := []struct {
		name string
		ping func(*http.Request) (*http.Response, error)
		send func(*http.Request) (*http.Response, error)
		want error
	}{
		{"ping fails", func(r *http.Request) (*http.Response, error) { return reply(r, 403, ""), nil }, nil, ErrForbidden},
		{"ping says another thing", func(r *http.Request) (*http.Response, error) { return reply(r, 200, `{"response":"KO"}`), nil }, nil, ErrNotJSON},
		{"the session is over for good", func(r *http.Request) (*http.Response, error) { return reply(r, 401, ""), nil }, nil, ErrSessionExpired},
		{"no connection", nil, func(r *http.Request) (*http.Response, error) {
			out := r.Clone(r.Context())
			out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(gone.URL, "http://")
			return http.DefaultTransport.RoundTrip(out)
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
				switch {
				case isLogin(req):
					return acceptLogin(req, "s"), nil
				case !strings.HasSuffix(req.URL.Path, "/ping"):
					if test.send == nil {
						t.Error("sent")
					}
					return test.send(req)
				case test.ping != nil:
					return test.ping(req)
				}
				return reply(req, 200, `{"response":"OK"}`), nil
			}))
			_, err := client.CreateIncident(t.Context(), someIncident)
			if err == nil || errors.Is(err, ErrOutcomeUnknown) || test.want != nil && !errors.Is(err, test.want) || !contains(err.Error(), "POST /api/my_calls") {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// TestWriteWaitsForAPlace: a write whose time ends while it waits has not been sent.
func TestWriteWaitsForAPlace(t *testing.T) {
	client := newTestClient(t, writePortal(nil))
	ctx, cancel := context.WithCancel(t.Context())
	client.once = roundTripper(func(req *http.Request) (*http.Response, error) {
		cancel()
		return nil, req.Context().Err()
	})
	if _, err := client.CreateIncident(ctx, someIncident); !errors.Is(err, context.Canceled) || errors.Is(err, ErrOutcomeUnknown) {
		t.Error(err)
	}
}

// TestWriteRenewsTheSessionBefore: a session that ran out costs a new login, not a
// write.
func TestWriteRenewsTheSessionBefore(t *testing.T) {
	old := true
	portal := &served{serve: func(req *http.Request) *http.Response {
		switch {
		case old && strings.HasSuffix(req.URL.Path, "/ping"):
			old = false
			return reply(req, 401, `{"error":"401 Unauthorized"}`)
		case strings.HasSuffix(req.URL.Path, "/ping"):
			return reply(req, 200, `{"response":"OK"}`)
		}
		return reply(req, 200, "")
	}}
	client := newTestClient(t, portal)
	if err := client.CloseTicket(t.Context(), "INC1"); err != nil {
		t.Error(err)
	}
	if logins, requests := portal.counts(); logins != 2 || requests != 3 {
		t.Errorf("%d logins, %d requests", logins, requests)
	}
}

// TestWriteAnswers: the portal accepted, but what it says is of no use.
func TestWriteAnswers(t *testing.T) {
	vdc := func(ctx context.Context, c *Client) error {
		_, err := c.CreateVDC(ctx, "1", "2", "x", Power)
		return err
	}
	ticket := func(ctx context.Context, c *Client) error { _, err := c.CreateIncident(ctx, someIncident); return err }
	note := func(ctx context.Context, c *Client) error { _, err := c.AddNote(ctx, "INC1", "x"); return err }
	const build = `{"data":{"id":"10","attributes":{"state":"approved"}}}`
	tests := []struct {
		name, body, location string
		call                 func(context.Context, *Client) error
		text                 string
	}{
		{"no Location", build, "", vdc, "build 10 without a Location"},
		{"neither id nor Location", `{"data":{}}`, "", vdc, "neither a build's id nor a Location"},
		{"a Location elsewhere", build, "https://evil.example/api/vdc-builds/10", vdc, "on another host"},
		{"a Location without TLS", build, "http://portal.example.com/api/vdc-builds/10", vdc, "on another host"},
		{"a Location of another build", build, "/api/vdc-builds/11", vdc, "not that of the build 10"},
		{"a Location of another kind", build, "/api/vorg-builds/10", vdc, "not that of the build 10"},
		{"a Location that is no URL", build, "http://[", vdc, "not a URL"},
		{"data that is a list", `{"data":[]}`, "/api/vdc-builds/10", vdc, "data is of another kind"},
		{"no data", `{}`, "/api/vdc-builds/10", vdc, "not a build"},
		{"nothing", ``, "/api/vdc-builds/10", vdc, "cut short"},
		{"cut", `{"data":{"id":"10"`, "/api/vdc-builds/10", vdc, "cut short"},
		{"no JSON", `OK`, "", ticket, "invalid JSON"},
		{"a ticket without an id", `{"summary":"x"}`, "", ticket, "not a ticket with an id"},
		{"a ticket that is a list", `[]`, "", ticket, "not a ticket"},
		{"large", `{"x":"` + strings.Repeat("x", 10<<20) + `"}`, "", ticket, "too large"},
		{"deep", strings.Repeat("[", 1<<20), "", note, "of another kind"},
		{"notes that are null", `[null]`, "", note, "of another kind"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newTestClient(t, writePortal(func(req *http.Request) *http.Response { return reply(req, 202, test.body, "Location", test.location) }))
			err := test.call(t.Context(), client)
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, ErrOutcomeUnknown) || !contains(err.Error(), "accepted") || !contains(err.Error(), test.text) {
				t.Errorf("%v, want %q", err, test.text)
			}
		})
	}
	t.Run("an error under a good status is a refusal", func(t *testing.T) {
		for _, write := range writes {
			client := newTestClient(t, writePortal(func(req *http.Request) *http.Response { return reply(req, 200, `{"error":"Insufficient Permission"}`) }))
			if _, err := write.call(t.Context(), client); !errors.Is(err, ErrForbidden) || errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("%s: %v", write.name, err)
			}
		}
	})
}

func TestBuildIDFromLocation(t *testing.T) {
	client := newTestClient(t, writePortal(func(req *http.Request) *http.Response {
		return reply(req, 202, `{"data":{"attributes":{"state":"approved"}}}`, "Location", "/api/vorg-builds/77")
	}))
	if build, err := client.CreateVOrg(t.Context(), "1", "x", Zone12); err != nil || build.ID != "77" {
		t.Errorf("%v, %v", build, err)
	}
}

// TestWritesAreChecked: what the reference does not allow is not sent.
func TestWritesAreChecked(t *testing.T) {
	incident := func(change func(*Incident)) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			i := someIncident
			change(&i)
			_, err := c.CreateIncident(ctx, i)
			return err
		}
	}
	vdc := func(vorg, name string, kind VMType) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			_, err := c.CreateVDC(ctx, "1", vorg, name, kind)
			return err
		}
	}
	edge := func(urn string, kind Connectivity) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			_, err := c.CreateEdgeGateway(ctx, "1", "2", urn, kind)
			return err
		}
	}
	do := func(r Request) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { _, err := Do[any](ctx, c, r); return err }
	}
	tests := []struct {
		name, text string
		call       func(context.Context, *Client) error
	}{
		{"empty summary", "summary is empty", incident(func(i *Incident) { i.Summary = " \n" })},
		{"empty details", "further details is empty", incident(func(i *Incident) { i.Details = "" })},
		{"empty service", "service is empty", incident(func(i *Incident) { i.Service = "" })},
		{"area", `problem area "IP Addresses" is none of "compute"`, incident(func(i *Incident) { i.Area = "IP Addresses" })},
		{"classification", `classification "bad" is none of`, incident(func(i *Incident) { i.Classification = "bad" })},
		{"nothing of a service request", "query nature", func(ctx context.Context, c *Client) error {
			_, err := c.CreateServiceRequest(ctx, ServiceRequest{})
			return err
		}},
		{"note", "note is empty", func(ctx context.Context, c *Client) error { _, err := c.AddNote(ctx, "INC1", ""); return err }},
		{"no ticket", `"" is not a valid ticket_id`, func(ctx context.Context, c *Client) error { return c.CloseTicket(ctx, "") }},
		{"no e-mail", "not an e-mail address", func(ctx context.Context, c *Client) error { return c.Subscribe(ctx, "INC1", "") }},
		{"half an e-mail", "not an e-mail address", func(ctx context.Context, c *Client) error { return c.Unsubscribe(ctx, "INC1", "user@") }},
		{"a name with an e-mail", "not an e-mail address", func(ctx context.Context, c *Client) error { return c.ChangeOwner(ctx, "INC1", "A <a@example.com>") }},
		{"zone", `zone "A" is none of "B"`, func(ctx context.Context, c *Client) error { _, err := c.CreateVOrg(ctx, "1", "x", "A"); return err }},
		{"vOrg without a name", "name is empty", func(ctx context.Context, c *Client) error { _, err := c.CreateVOrg(ctx, "1", "", ZoneB); return err }},
		{"VM type", `VM type "power" is none of`, vdc("2", "x", "power")},
		{"long name", "longer than 32", vdc("2", strings.Repeat("ü", 33), Power)},
		{"plus", `has a "+"`, vdc("2", "a+b", Power)},
		{"vOrg of another account", `vOrg "50-2" is not of account 1`, vdc("50-2", "x", Power)},
		{"vOrg of no account", `vOrg "-2" is not of account 1`, vdc("-2", "x", Power)},
		{"no vOrg", `"" is not a valid vorg_id`, vdc("1-", "x", Power)},
		{"vOrg is a parent", `".." is not a valid vorg_id`, vdc("..", "x", Power)},
		{"VDC by its name", "not the URN of a VDC", edge("My VDC", Internet)},
		{"connectivity", `connectivity "" is none of`, edge("urn:vcloud:vdc:1", "")},
		{"method", `unknown method "TRACE"`, do(Request{Method: "TRACE", Path: []string{"x"}})},
		{"GET with a body", "no body", do(Request{Path: []string{"x"}, Body: 1})},
		{"no path", "no path", do(Request{})},
		{"a parent in the path", `".." is not a valid path element`, do(Request{Method: "POST", Path: []string{"x", ".."}})},
		{"a body that is no JSON", "make request", do(Request{Method: "POST", Path: []string{"x"}, Body: func() {}})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, portal := answering(t, `{}`)
			if err := test.call(t.Context(), client); err == nil || !contains(err.Error(), test.text) {
				t.Errorf("%v, want %q", err, test.text)
			}
			if logins, requests := portal.counts(); logins+requests > 0 {
				t.Errorf("%d logins and %d requests were sent", logins, requests)
			}
		})
	}
}

// TestWriteIsNotRepeatedByTheTransport: net/http itself repeats requests on kept
// connections that break; a write is not among them once a byte went out.
func TestWriteIsNotRepeatedByTheTransport(t *testing.T) {
	var posts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isLogin(r):
			w.Header().Add("Set-Cookie", "rack.session=1; path=/api")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"expire_after":900}`)
		case strings.HasSuffix(r.URL.Path, "/ping"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"response":"OK"}`)
		default:
			posts.Add(1)
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}
	}))
	defer server.Close()
	client, err := New(server.URL+"/api", goodCredentials)
	if err != nil {
		t.Fatal(err)
	}
	client.session.guard.Rounds = 1
	defer client.CloseIdleConnections()
	if err := client.CloseTicket(t.Context(), "INC1"); !errors.Is(err, ErrOutcomeUnknown) {
		t.Error(err)
	}
	if n := posts.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// TestWriteStatuses: a write is refused by 4xx alone; what is neither that nor success
// settles nothing.
func TestWriteStatuses(t *testing.T) {
	tests := []struct {
		status           int
		refused, unknown bool
	}{{200, false, false}, {299, false, false}, {300, false, true}, {305, false, true}, {399, false, true}, {400, true, false}, {499, true, false}, {500, false, true}}
	for _, test := range tests {
		client := newTestClient(t, &served{serve: func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet {
				return reply(r, 200, `{"response":"OK"}`)
			}
			return reply(r, test.status, "")
		}})
		err := client.CloseTicket(t.Context(), "INC1")
		if (err != nil) != (test.refused || test.unknown) || errors.Is(err, ErrOutcomeUnknown) != test.unknown {
			t.Errorf("%d: %v", test.status, err)
		}
	}
}

// TestLongestNames: a VDC's name may have 32 characters, whatever they take in bytes.
func TestLongestNames(t *testing.T) {
	client, portal := answering(t, `{"response":"OK"}`)
	_, _ = client.CreateVDC(t.Context(), "1", "1-2", strings.Repeat("ü", 32), Power)
	if _, requests := portal.counts(); requests != 2 { // ping first
		t.Errorf("%d requests", requests)
	}
}

// TestPassing: what a wait for a build outlasts.
func TestPassing(t *testing.T) {
	tests := []struct {
		name string
		err  Error
		want bool
	}{
		{"no answer", Error{Endpoint: "/api/vdc-builds/:build_id"}, true},
		{"429", Error{StatusCode: 429}, true},
		{"500", Error{StatusCode: 500}, true},
		{"503", Error{StatusCode: 503}, true},
		{"499", Error{StatusCode: 499}, false},
		{"404", Error{StatusCode: 404}, false},
		{"200", Error{StatusCode: 200, cause: ErrNotJSON}, false},
		{"of a login", Error{Endpoint: authenticateEndpoint, StatusCode: 503}, false},
		{"of a login that is not tried", Error{cause: sessionError{"logins are suspended", ErrLoginSuspended}}, false},
		{"of a login that failed", Error{cause: sessionError{"the last login failed", ErrNoSession}}, true},
	}
	for _, test := range tests {
		if got := test.err.passing(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestWaitForNoBuild: what is no answer of the portal ends the wait.
func TestWaitForNoBuild(t *testing.T) {
	client, portal := answering(t, `{"data":{"attributes":{"state":"running"}}}`)
	if _, err := client.WaitBuild(t.Context(), "VM", "1", nil); err == nil || !contains(err.Error(), `unknown kind "VM"`) {
		t.Errorf("got %v", err)
	}
	if _, requests := portal.counts(); requests != 0 {
		t.Errorf("%d requests", requests)
	}
	if _, err := client.WaitBuild(t.Context(), BuildVDC, "1", nil); !errors.Is(err, ErrNotJSON) || !contains(err.Error(), "a build with an id") {
		t.Errorf("without an id: %v", err)
	}
	client, _ = answering(t, `{"error":"Not today"}`)
	if _, err := client.WaitBuild(t.Context(), BuildVDC, "1", nil); err == nil || !contains(err.Error(), "Not today") {
		t.Errorf("got %v", err)
	}
}

func TestWaitBuild(t *testing.T) {
	const form = `{"data":{"id":"10","attributes":{"state":"%s"}}}`
	tests := []struct {
		name    string
		answers []string // states, or a status; the last stays
		timeout time.Duration
		states  string
		calls   int
		took    time.Duration
		want    error
		text    string
	}{
		{"done at once", []string{"completed"}, 0, "completed", 1, 0, nil, ""},
		{"as recorded", []string{"approved", "running", "running", "completed"}, 0, "approved running completed", 4, 7 * time.Second, nil, ""},
		{"failed", []string{"approved", "failed"}, 0, "approved failed", 2, time.Second, ErrBuildFailed, "vdc build 10: build failed"},
		{"never ends", []string{"approved", "running"}, 10 * time.Minute, "approved running", 24, 10 * time.Minute, context.DeadlineExceeded, "vdc build 10 is still running"},
		{"a state that is unknown", []string{"paused"}, time.Minute, "paused", 6, time.Minute, context.DeadlineExceeded, "still paused"},
		{"errors that pass", []string{"503", "503", "503", "running", "503", "503", "503", "completed"}, 0, "running completed", 8, 8200 * time.Millisecond, nil, ""},
		{"gone", []string{"running", "404"}, 0, "running", 2, time.Second, ErrNotFound, "/api/vdc-builds/:build_id"},
		{"never seen", []string{"503"}, 20 * time.Second, "", 0, 20 * time.Second, context.DeadlineExceeded, ""},
		{"no build", []string{"200"}, 0, "", 1, 0, ErrNotJSON, "not a build"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response {
					answer := test.answers[min(calls, len(test.answers)-1)]
					calls++
					var status int
					if _, err := fmt.Sscan(answer, &status); err == nil {
						return reply(req, status, `{}`)
					}
					return reply(req, 200, fmt.Sprintf(form, answer))
				}})
				exactJitter(client)
				ctx := t.Context()
				if test.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.timeout)
					defer cancel()
				}
				var states []string
				begun := time.Now()
				build, err := client.WaitBuild(ctx, BuildVDC, "10", func(b Build) { states = append(states, b.State) })
				if !errors.Is(err, test.want) || test.want == nil && err != nil || err != nil && !contains(err.Error(), test.text) {
					t.Errorf("%v, want %v", err, test.want)
				}
				if got := strings.Join(states, " "); got != test.states || (build == nil) != (got == "") {
					t.Errorf("states %s, build %v", got, build)
				}
				if took := time.Since(begun); took != test.took || test.calls > 0 && calls != test.calls {
					t.Errorf("took %v and %d calls, want %v and %d", took, calls, test.took, test.calls)
				}
			})
		})
	}
}
