package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ukcloud_exporter/money"
)

func at(text string) Optional[time.Time] {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return some(t.UTC())
}

func moment(text string) Moment { return MomentOf(at(text).Value) }

func pounds(text string) Optional[money.Amount] {
	a, err := money.Parse(text)
	if err != nil {
		panic(err)
	}
	return some(a)
}

// value runs a list method on a client and gives its value.
func value[T any](answer *Answer[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return answer.Value, nil
}

var listTests = []struct {
	name string
	url  string // path and query that must have been asked for
	call func(context.Context, *Client) (any, error)
	body string
	want any
}{
	{
		name: "ping, recorded",
		url:  "/api/ping",
		call: func(ctx context.Context, c *Client) (any, error) { return nil, c.Ping(ctx) },
		body: `{"response":"OK"}`,
	},
	{
		name: "accounts, reference",
		url:  "/api/accounts",
		call: func(ctx context.Context, c *Client) (any, error) { return value(c.Conditional().Accounts(ctx, nil)) },
		body: `[{"name":"UKCloud Development Team","id":48},{"name":"Demo","id":1}]`,
		want: []Account{{ID: "48", Name: "UKCloud Development Team"}, {ID: "1", Name: "Demo"}},
	},
	{
		name: "accounts, id as a string, duplicate and unknown members",
		url:  "/api/accounts",
		call: func(ctx context.Context, c *Client) (any, error) { return value(c.Conditional().Accounts(ctx, nil)) },
		body: `[{"name":"old","name":"new","id":"735","extra":{"a":[1,{}]}},{}]`,
		want: []Account{{ID: "735", Name: "new"}, {}},
	},
	{
		name: "accounts, none",
		url:  "/api/accounts",
		call: func(ctx context.Context, c *Client) (any, error) { return value(c.Conditional().Accounts(ctx, nil)) },
		body: ` [ ] `,
		want: []Account{},
	},
	{
		name: "accounts, names that are hard to print",
		url:  "/api/accounts",
		call: func(ctx context.Context, c *Client) (any, error) { return value(c.Conditional().Accounts(ctx, nil)) },
		body: `[{"name":"a\"b\n\u00a3 \ud800","id":1},{"name":"` + "bad \xff utf8" + `","id":2},{"name":"` + strings.Repeat("x", 10000) + `","id":3}]`,
		want: []Account{{"1", "a\"b\n£ \uFFFD"}, {"2", "bad \uFFFD utf8"}, {"3", strings.Repeat("x", 10000)}},
	},
	{
		name: "vorgs, reference",
		url:  "/api/accounts/42/vorgs",
		call: func(ctx context.Context, c *Client) (any, error) { return value(c.Conditional().VOrgs(ctx, "42", nil)) },
		body: `{"data":[{"id":"42-56","type":"vOrg","attributes":{"name":"Proof of Concept"}},{"id":"42-57","type":"vOrg","attributes":{"name":"Second vOrg"}}]}`,
		want: []NamedID{{"42-56", "Proof of Concept"}, {"42-57", "Second vOrg"}},
	},
	{
		name: "vdcs, reference's example; the vOrg's number alone is asked for",
		url:  "/api/accounts/53/vorgs/12/vdcs",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().VDCs(ctx, "53", "53-12", nil))
		},
		body: `{"data":[{"id":"53-12-3","type":"VDC","attributes":{"name":"My VDC"}},{"id":"53-12-5","type":"VDC","attributes":{"name":"My Second VDC"}}]}`,
		want: []NamedID{{"53-12-3", "My VDC"}, {"53-12-5", "My Second VDC"}},
	},
	{
		name: "vdcs, as the portal's own client has it: a URN, type first",
		url:  "/api/accounts/735/vorgs/2/vdcs",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().VDCs(ctx, "735", "2", nil))
		},
		body: `{"data":[{"type":"VDC","id":"urn:vcloud:vdc:b40807eb-0000-0000-0000-000000000000","attributes":{"name":"A-ESS-Bobby Demo VDC"}}]}`,
		want: []NamedID{{"urn:vcloud:vdc:b40807eb-0000-0000-0000-000000000000", "A-ESS-Bobby Demo VDC"}},
	},
	{
		name: "api_credentials, reference, sorted",
		url:  "/api/accounts/1/api_credentials",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().APICredentials(ctx, "1", nil))
		},
		body: `{"UKCloud Test (1-1-2-883623)":{"service_id":"1-1-2-883623","username":"11.12.132f4c@1-1-2-883623"},
		        "UKCloud Demo (1-1-1-9836cf)":{"service_id":"1-1-1-9836cf","username":"11.12.132f4c@1-1-1-9836cf"}}`,
		want: []APICredential{
			{"UKCloud Demo", "1-1-1-9836cf", "11.12.132f4c@1-1-1-9836cf"},
			{"UKCloud Test", "1-1-2-883623", "11.12.132f4c@1-1-2-883623"},
		},
	},
	{
		name: "api_credentials, recorded; one in parentheses of its own",
		url:  "/api/accounts/735/api_credentials",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().APICredentials(ctx, "735", nil))
		},
		body: `{"Bobby Demo VDC (467-735-2-a736cd)":{"service_id":"467-735-2-a736cd","username":"6604.735.cbcdc8@467-735-2-a736cd"},
		        "Test (old) (467-735-3-a736ce)":{"service_id":"467-735-3-a736ce","username":"u"}}`,
		want: []APICredential{
			{"Bobby Demo VDC", "467-735-2-a736cd", "6604.735.cbcdc8@467-735-2-a736cd"},
			{"Test (old)", "467-735-3-a736ce", "u"},
		},
	},
	{
		name: "vorg builds, reference: summer time",
		url:  "/api/accounts/1/vorg-builds",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().Builds(ctx, "1", BuildVOrg, nil))
		},
		body: `{"data":[{"type":"Vorg-build","id":"10","attributes":{"createdAt":"2016-07-08T10:42:14+01:00","createdBy":"auser@example.com","state":"approved","serviceName":"My Compute Service","zoneId":"B"}},
		        {"type":"Vorg-build","id":"11","attributes":{"createdAt":"2016-07-09T10:42:14+01:00","createdBy":"auser@example.com","state":"running","serviceName":"My Compute Service","zoneId":"B"}}]}`,
		want: []Build{
			{Kind: BuildVOrg, ID: "10", State: "approved", ServiceName: "My Compute Service", ZoneID: "B", CreatedBy: "auser@example.com", Created: at("2016-07-08T09:42:14Z")},
			{Kind: BuildVOrg, ID: "11", State: "running", ServiceName: "My Compute Service", ZoneID: "B", CreatedBy: "auser@example.com", Created: at("2016-07-09T09:42:14Z")},
		},
	},
	{
		name: "vdc builds, recorded 2020 and 2016",
		url:  "/api/accounts/1/vdc-builds",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().Builds(ctx, "1", BuildVDC, nil))
		},
		body: `{"data":[{"type":"VDC-build","id":"13739","attributes":{"createdAt":"2020-01-30T22:12:05+00:00","createdBy":"u@example.com","serviceName":null,"state":"approved","vdcName":"Demo VDC","vmType":"ESSENTIAL"}},
		        {"type":"VDC-build","id":7,"attributes":{"createdAt":"yesterday","createdBy":null,"state":"completed"}}]}`,
		want: []Build{
			{Kind: BuildVDC, ID: "13739", State: "approved", VDCName: "Demo VDC", VMType: "ESSENTIAL", CreatedBy: "u@example.com", Created: at("2020-01-30T22:12:05Z")},
			{Kind: BuildVDC, ID: "7", State: "completed"},
		},
	},
	{
		name: "edge gateway builds, reference",
		url:  "/api/accounts/1/edge-gateway-builds",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().Builds(ctx, "1", BuildEdgeGateway, nil))
		},
		body: `{"data":[{"type":"EdgeGateway-build","id":"23","attributes":{"createdAt":"2016-07-08T10:42:14+01:00","createdBy":"auser@example.com","state":"completed"}}]}`,
		want: []Build{{Kind: BuildEdgeGateway, ID: "23", State: "completed", CreatedBy: "auser@example.com", Created: at("2016-07-08T09:42:14Z")}},
	},
	{
		name: "a vorg build, reference",
		url:  "/api/vorg-builds/10",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().Build(ctx, BuildVOrg, "10", nil))
		},
		body: `{"data":{"type":"Vorg-build","id":"10","attributes":{"createdAt":"2016-07-08T10:42:14+01:00","createdBy":"auser@example.com","state":"approved","serviceName":"My Compute Service","zoneId":"B"}}}`,
		want: Build{Kind: BuildVOrg, ID: "10", State: "approved", ServiceName: "My Compute Service", ZoneID: "B", CreatedBy: "auser@example.com", Created: at("2016-07-08T09:42:14Z")},
	},
	{
		name: "a vdc build, recorded in 2016: nothing but when, who and state",
		url:  "/api/vdc-builds/10",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().Build(ctx, BuildVDC, "10", nil))
		},
		body: `{"data":{"type":"VDC-build","id":"10","attributes":{"createdAt":"2016-10-03T14:19:07+01:00","createdBy":"u@example.com","state":"running"}}}`,
		want: Build{Kind: BuildVDC, ID: "10", State: "running", CreatedBy: "u@example.com", Created: at("2016-10-03T13:19:07Z")},
	},
	{
		name: "an edge gateway build, its id a number",
		url:  "/api/edge-gateway-builds/23",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().Build(ctx, BuildEdgeGateway, "23", nil))
		},
		body: `{"data":{"type":"EdgeGateway-build","id":23,"attributes":{"state":"completed","createdAt":null}}}`,
		want: Build{Kind: BuildEdgeGateway, ID: "23", State: "completed"},
	},
	{
		name: "edge gateways, reference",
		url:  "/api/accounts/53/vorgs/1/vdcs/urn:vcloud:vdc:345a5d90-1c8c-4fb2-bf4f-f480de82c594/edge-gateways",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().EdgeGateways(ctx, "53", "53-1", "urn:vcloud:vdc:345a5d90-1c8c-4fb2-bf4f-f480de82c594", nil))
		},
		body: `{"data":[{"type":"EdgeGateway","id":"urn:vcloud:gateway:90693edd-c94b-4bf0-9544-d9123a77720c","attributes":{"name":"My Edge - nft00002i2 SL3"}}]}`,
		want: []NamedID{{"urn:vcloud:gateway:90693edd-c94b-4bf0-9544-d9123a77720c", "My Edge - nft00002i2 SL3"}},
	},
	{
		name: "one compute service, reference: no account, a number of its own",
		url:  "/api/accounts/1/compute_services/12",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().ComputeService(ctx, "1", "1-12", nil))
		},
		body: `{"compute_service_id":12,"name":"Example Service Name","serviceId":"Service ID","urn":"urn","VDCs":[]}`,
		want: &VOrg{Name: "Example Service Name", ServiceID: "Service ID", URN: "urn", VDCs: []*VDC{}},
	},
	{
		name: "one ticket, as a client reads it",
		url:  "/api/my_calls/INC10001?for=user",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().MyCall(ctx, "INC10001", ScopeUser, nil))
		},
		body: `{"ticket":{"ticket_id":"INC10001","summary":"s","Description":"d","submitted":"28/08/2014 15:42","status":"New"},
		        "updates":[{"type":"comment","text":"t","owner":"o","submitted_on":"28/08/2014 15:43"}],"changes":null}`,
		want: TicketDetails{Ticket: Ticket{"INC10001", "s", "New", at("2014-08-28T14:42:00Z")}, Description: "d",
			Updates: []TicketUpdate{{"comment", "t", "o", at("2014-08-28T14:43:00Z")}}},
	},
	{
		name: "anything else, by tags",
		url:  "/api/new%2Fthing/1?a=b",
		call: func(ctx context.Context, c *Client) (any, error) {
			return Do[struct {
				N Optional[int64] `json:"n"`
			}](ctx, c, Request{Path: []string{"new/thing", "1"}, Query: map[string][]string{"a": {"b"}}})
		},
		body: `{"n":"4","more":[]}`,
		want: struct {
			N Optional[int64] `json:"n"`
		}{some[int64](4)},
	},
	{
		name: "anything else, with the types of this package",
		url:  "/api/x",
		call: func(ctx context.Context, c *Client) (any, error) {
			return Do[[]VM](ctx, c, Request{Path: []string{"x"}})
		},
		body: `[{"name":"n","memory":"4","backups":[{"status":"s","backup_start":"24/06/2015 01:32"}]},{"backups":null}]`,
		want: []VM{{Name: "n", MemoryMiB: some[int64](4), Backups: []Backup{{Status: "s", Start: moment("2015-06-24T00:32:00Z")}}}, {}},
	},
	{
		name: "my_calls of the user, reference: summer time",
		url:  "/api/my_calls?for=user",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().MyCalls(ctx, "user", nil))
		},
		body: `[{"ticket_id":"INC1002183","summary":"Test incident (Compute)","submitted":"28/08/2014 15:42", "status":"Awaiting Review"}]`,
		want: []Ticket{{"INC1002183", "Test incident (Compute)", "Awaiting Review", at("2014-08-28T14:42:00Z")}},
	},
	{
		name: "my_calls of the account, a request, a date that is none",
		url:  "/api/my_calls?for=account",
		call: func(ctx context.Context, c *Client) (any, error) {
			return value(c.Conditional().MyCalls(ctx, "account", nil))
		},
		body: `{"data":[{"ticket_id":"REQ1003488","summary":null,"submitted":"31/02/2014 15:42","status":"Closed"}]}`,
		want: []Ticket{{ID: "REQ1003488", Status: "Closed"}},
	},
}

func TestLists(t *testing.T) {
	for _, test := range listTests {
		t.Run(test.name, func(t *testing.T) {
			client, portal := answering(t, test.body)
			got, err := test.call(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			req := portal.requests[0]
			if got := req.URL.RequestURI(); got != test.url {
				t.Errorf("asked for %s, want %s", got, test.url)
			}
			if req.Method != "GET" || req.Header.Get("Accept") != "application/json" || req.Header.Get("If-None-Match") != "" {
				t.Errorf("sent %s with %v", req.Method, req.Header)
			}
		})
	}
}

// TestListsUnchanged: the ETag goes back as it came, and a 304 gives the previous
// answer itself.
func TestListsUnchanged(t *testing.T) {
	const tag = `W/"6a8d"`
	portal := &served{serve: func(req *http.Request) *http.Response {
		if req.Header.Get("If-None-Match") == tag {
			return reply(req, 304, "")
		}
		return reply(req, 200, `[{"name":"Demo","id":1}]`, "ETag", tag)
	}}
	client := newTestClient(t, portal)
	first, err := client.Conditional().Accounts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.ETag != tag {
		t.Errorf("ETag %q, want %q", first.ETag, tag)
	}
	second, err := client.Conditional().Accounts(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if second != first {
		t.Error("304 did not give the previous answer itself")
	}
	if third, err := client.Conditional().Accounts(t.Context(), &Answer[[]Account]{}); err != nil || third == first {
		t.Errorf("an answer without a tag: %v, %v", third, err)
	}
}

// TestListsMalformed: a value of a wrong kind is absent and counted.
func TestListsMalformed(t *testing.T) {
	client, _ := answering(t, `[{"ticket_id":{},"status":["New"],"summary":true,"submitted":"31/02/2014 15:42"},{"submitted":"yesterday","summary":null}]`)
	got, err := client.Conditional().MyCalls(t.Context(), "user", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Ticket{{}, {}}, got.Value); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"ticket_id": 1, "status": 1, "summary": 1, "submitted": 2}, got.Malformed); diff != "" {
		t.Error(diff)
	}
}

func TestUnaskedNotModified(t *testing.T) {
	portal := &served{serve: func(req *http.Request) *http.Response { return reply(req, 304, "") }}
	if _, err := newTestClient(t, portal).Conditional().Accounts(t.Context(), nil); !errors.Is(err, ErrNotModified) {
		t.Errorf("got %v", err)
	}
}

func TestVMotionEvents(t *testing.T) {
	const event = `{"event_created_time":"2016-10-04T00:08:01+01:00","service_id":12,"user_name":"System","virtual_machine":"abc0001a (abcdedfg-abcd-abcd-abcd-abcdefghijkl)","vdc_name":"MyVDCName","vapp_name":"My VAPP Name"}`
	want := VMotionEvent{
		Created: at("2016-10-03T23:08:01Z"), CreatedText: "2016-10-04T00:08:01+01:00", ServiceID: "12", UserName: "System",
		VirtualMachine: "abc0001a (abcdedfg-abcd-abcd-abcd-abcdefghijkl)", VDCName: "MyVDCName", VAppName: "My VAPP Name",
	}
	tests := []struct {
		name, body string
		want       []VMotionEvent
	}{
		{"a list", "[" + event + "," + event + "]", []VMotionEvent{want, want}},
		{"under data", `{"data":[` + event + `]}`, []VMotionEvent{want}},
		{"no data", `{"data":[]}`, nil},
		{"null data", `{"data":null}`, nil},
		{"one event, reference", event, []VMotionEvent{want}},
		{"empty list", `[]`, nil},
		{"empty object", `{}`, nil},
		{"null", `null`, nil},
		{"empty body", ``, nil},
		{"before November 2016: no VDC and vApp", `[{"event_created_time":"soon","service_id":"12"}]`, []VMotionEvent{{CreatedText: "soon", ServiceID: "12"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, portal := answering(t, test.body)
			got, err := client.Conditional().VMotionEvents(t.Context(), "7", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Value, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if path := portal.requests[0].URL.Path; path != "/api/accounts/7/platform_visibility/vmotion_events" {
				t.Errorf("asked for %s", path)
			}
		})
	}
}

// TestListsRefused: what must never be read as an empty list.
func TestListsRefused(t *testing.T) {
	accounts := func(ctx context.Context, c *Client) error { _, err := c.Conditional().Accounts(ctx, nil); return err }
	vmotion := func(ctx context.Context, c *Client) error {
		_, err := c.Conditional().VMotionEvents(ctx, "1", nil)
		return err
	}
	credentials := func(ctx context.Context, c *Client) error {
		_, err := c.Conditional().APICredentials(ctx, "1", nil)
		return err
	}
	calls := func(ctx context.Context, c *Client) error {
		_, err := c.Conditional().MyCalls(ctx, "user", nil)
		return err
	}
	builds := func(ctx context.Context, c *Client) error {
		_, err := c.Conditional().Builds(ctx, "1", BuildVDC, nil)
		return err
	}
	ticket := func(ctx context.Context, c *Client) error {
		_, err := c.Conditional().MyCall(ctx, "INC1", "", nil)
		return err
	}
	service := func(ctx context.Context, c *Client) error {
		_, err := c.Conditional().ComputeService(ctx, "1", "2", nil)
		return err
	}
	do := func(ctx context.Context, c *Client) error {
		_, err := Do[any](ctx, c, Request{Path: []string{"a", "b"}})
		return err
	}
	ping := func(ctx context.Context, c *Client) error { return c.Ping(ctx) }
	tests := []struct {
		name string
		call func(context.Context, *Client) error
		body string
		want error
		text string
	}{
		{"object without data", accounts, `{}`, ErrNotJSON, "not a list"},
		{"null data", accounts, `{"data":null}`, ErrNotJSON, "not a list"},
		{"null", accounts, `null`, ErrNotJSON, "not a list"},
		{"a string", accounts, `"[]"`, ErrNotJSON, "not a list"},
		{"empty", accounts, ``, ErrTruncated, "cut short"},
		{"blank", accounts, " \n", ErrTruncated, "cut short"},
		{"cut in a list", accounts, `[{"id":1},`, ErrTruncated, "cut short"},
		{"cut in a string", accounts, `[{"id":1,"name":"De`, ErrTruncated, "cut short"},
		{"garbage", accounts, `[{"id":1}}`, ErrNotJSON, "byte 9"},
		{"no JSON at all", accounts, `Service unavailable`, ErrNotJSON, "byte 0"},
		{"garbage behind it", accounts, `[] x`, ErrNotJSON, "byte 3"},
		{"a second value behind it", accounts, `[][]`, ErrNotJSON, "more follows"},
		{"an error where a list was asked", accounts, `{"error":"Insufficient Permission","detail":"Compute-Service permission is required in order to list VDCs."}`, ErrForbidden,
			"200 OK: Insufficient Permission (Compute-Service permission is required in order to list VDCs.)"},
		{"an error where events were asked", vmotion, `{"error":"No permitted account found"}`, ErrForbidden, "No permitted account found"},
		{"accounts that are null", accounts, `[null]`, ErrNotJSON, "of another kind"},
		{"accounts that are texts", accounts, `["x"]`, ErrNotJSON, "of another kind"},
		{"accounts under data that are null", accounts, `{"data":[{},null]}`, ErrNotJSON, "data is of another kind"},
		{"data that is an object", accounts, `{"data":{}}`, ErrNotJSON, "data is of another kind"},
		{"calls that are null", calls, `[null]`, ErrNotJSON, "of another kind"},
		{"events that are null", vmotion, `[null]`, ErrNotJSON, "of another kind"},
		{"a credential that is null", credentials, `{"a":null}`, ErrNotJSON, "of another kind"},
		{"a build's attributes that are a list", builds, `{"data":[{"id":"1","attributes":[]}]}`, ErrNotJSON, "attributes is of another kind"},
		{"a ticket that is none", ticket, `{"updates":[]}`, ErrNotJSON, "not an object with \"ticket\""},
		{"a ticket that is a text", ticket, `{"ticket":"INC1"}`, ErrNotJSON, "ticket is of another kind"},
		{"updates that are a text", ticket, `{"ticket":{},"updates":["x"]}`, ErrNotJSON, "updates is of another kind"},
		{"a compute service without VDCs", service, `{"name":"x"}`, ErrNotJSON, "VDCs"},
		{"a compute service with null VDCs", service, `{"VDCs":null}`, ErrNotJSON, "VDCs is of another kind"},
		{"a compute service that is an error", service, `{"error":"No permitted account found"}`, ErrForbidden, "No permitted"},
		{"anything else that is an error", do, `{"error":"Insufficient Permission"}`, ErrForbidden, "Insufficient Permission"},
		{"anything else that is no JSON", do, `{`, ErrTruncated, "a/b: GET /api/*"},
		{"events that are a string", vmotion, `"none"`, ErrNotJSON, "not a list"},
		{"events cut", vmotion, `[{"service_id":1}`, ErrTruncated, "cut short"},
		{"an error where credentials were asked", credentials, `{"error":"No permitted account found"}`, ErrForbidden, "No permitted account found"},
		{"credentials that are a list", credentials, `[]`, ErrNotJSON, "not an object"},
		{"ping that is not OK", ping, `{"response":"NO"}`, ErrNotJSON, "not \"OK\""},
		{"ping that is an error", ping, `{"error":"500 Oops"}`, nil, "500 Oops"},
		{"too large", accounts, `[{"name":"` + strings.Repeat("x", maxList+1) + `"}]`, errTooLarge, "too large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, _ := answering(t, test.body)
			err := test.call(t.Context(), client)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v (%T)", err, err)
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v is not %v", err, test.want)
			}
			if !strings.Contains(err.Error(), test.text) {
				t.Errorf("%q does not contain %q", err, test.text)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	client, portal := answering(t, `[]`)
	ctx := t.Context()
	tests := []struct {
		name string
		call func() error
	}{
		{"no account", func() error { _, err := client.Conditional().VOrgs(ctx, "", nil); return err }},
		{"parent directory", func() error { _, err := client.Conditional().VOrgs(ctx, "..", nil); return err }},
		{"no vOrg", func() error { _, err := client.Conditional().VDCs(ctx, "1", "1-", nil); return err }},
		{"unknown build kind", func() error { _, err := client.Conditional().Builds(ctx, "1", "vm", nil); return err }},
		{"unknown scope", func() error { _, err := client.Conditional().MyCalls(ctx, "all", nil); return err }},
		{"unknown kind of one build", func() error { _, err := client.Conditional().Build(ctx, "vm", "1", nil); return err }},
		{"no build", func() error { _, err := client.Conditional().Build(ctx, BuildVDC, "", nil); return err }},
		{"no ticket", func() error { _, err := client.Conditional().MyCall(ctx, "", "", nil); return err }},
		{"unknown scope of a ticket", func() error { _, err := client.Conditional().MyCall(ctx, "INC1", "all", nil); return err }},
		{"edge gateways of a name", func() error { _, err := client.Conditional().EdgeGateways(ctx, "1", "2", "My VDC", nil); return err }},
		{"period", func() error { _, err := client.BillingCSV(ctx, "2018-1", "o", ""); return err }},
		{"date", func() error { _, err := client.CloudStorageReport(ctx, "2018-01", "o", ""); return err }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.call(); err == nil {
				t.Error("accepted")
			}
		})
	}
	if logins, requests := portal.counts(); logins+requests > 0 {
		t.Errorf("%d logins and %d requests were sent", logins, requests)
	}
}

func TestPathElementsAreEscaped(t *testing.T) {
	client, portal := answering(t, `[]`)
	if _, err := client.Conditional().VOrgs(t.Context(), "../a b/?x=1#y%41", nil); err != nil {
		t.Fatal(err)
	}
	const want = "/api/accounts/..%2Fa%20b%2F%3Fx=1%23y%2541/vorgs"
	if got := portal.requests[0].URL.RequestURI(); got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
}
