package conformance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"ukcloud_exporter/portal"
)

// clientCall is the method of the Go client for a section, and how to call it.
type clientCall struct {
	section, method string
	call            func(ctx context.Context, c *portal.Client, p *target, ticket string) error
}

// none drops a result that was only asked for to see the call go out.
func none[T any](_ T, err error) error { return err }

// readAll reads a CSV to its end.
func readAll(s *portal.Stream, err error) error {
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = io.Copy(io.Discard, s)
	return err
}

// clientCalls is the one table of client methods. docs/portal-api.md names them,
// and TestClientCallsEverySection shows that each asks what it says.
var clientCalls = []clientCall{
	{"POST /api/authenticate", "Login", func(ctx context.Context, c *portal.Client, _ *target, _ string) error { return c.Login(ctx) }},
	{"GET /api/my_vm", "MyVM", func(ctx context.Context, c *portal.Client, _ *target, _ string) error { return none(c.MyVM(ctx)) }},
	{"GET /api/my_calls", "MyCalls", func(ctx context.Context, c *portal.Client, _ *target, _ string) error {
		return none(c.MyCalls(ctx, "account"))
	}},
	{"GET /api/my_calls/:ticket_id", "MyCall", func(ctx context.Context, c *portal.Client, _ *target, ticket string) error {
		return none(c.MyCall(ctx, ticket, "account"))
	}},
	{"PUT /api/my_calls/:ticket_id", "AddNote", func(ctx context.Context, c *portal.Client, _ *target, ticket string) error {
		return none(c.AddNote(ctx, ticket, "a note"))
	}},
	{"POST /api/my_calls", "CreateIncident", func(ctx context.Context, c *portal.Client, _ *target, _ string) error {
		return none(c.CreateIncident(ctx, portal.Incident{Area: portal.IncidentCompute, Service: "s", Classification: portal.OtherIncident, Summary: "s", Details: "d"}))
	}},
	{"POST /api/my_calls", "CreateServiceRequest", func(ctx context.Context, c *portal.Client, _ *target, _ string) error {
		return none(c.CreateServiceRequest(ctx, portal.ServiceRequest{Area: portal.ServiceCompute, Service: "s", Nature: portal.OtherQuery, Summary: "s", Details: "d"}))
	}},
	{"PUT /api/my_calls/:ticket_id/subscribe", "Subscribe", func(ctx context.Context, c *portal.Client, p *target, ticket string) error {
		return c.Subscribe(ctx, ticket, p.email)
	}},
	{"PUT /api/my_calls/:ticket_id/unsubscribe", "Unsubscribe", func(ctx context.Context, c *portal.Client, p *target, ticket string) error {
		return c.Unsubscribe(ctx, ticket, p.email)
	}},
	{"PUT /api/my_calls/:ticket_id/change_owner", "ChangeOwner", func(ctx context.Context, c *portal.Client, p *target, ticket string) error {
		return c.ChangeOwner(ctx, ticket, p.email)
	}},
	{"PUT /api/my_calls/:ticket_id/cancel", "CancelTicket", func(ctx context.Context, c *portal.Client, _ *target, ticket string) error {
		return c.CancelTicket(ctx, ticket)
	}},
	{"PUT /api/my_calls/:ticket_id/reopen", "ReopenTicket", func(ctx context.Context, c *portal.Client, _ *target, ticket string) error {
		return c.ReopenTicket(ctx, ticket)
	}},
	{"PUT /api/my_calls/:ticket_id/close", "CloseTicket", func(ctx context.Context, c *portal.Client, _ *target, ticket string) error {
		return c.CloseTicket(ctx, ticket)
	}},
	{"GET /api/ping", "Ping", func(ctx context.Context, c *portal.Client, _ *target, _ string) error { return c.Ping(ctx) }},
	{"GET /api/accounts", "Accounts", func(ctx context.Context, c *portal.Client, _ *target, _ string) error { return none(c.Accounts(ctx)) }},
	{"GET /api/accounts/:account_id/compute_services", "ComputeServices", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.ComputeServices(ctx, p.account))
	}},
	{"GET /api/accounts/:account_id/compute_services", "VMs", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		for _, err := range c.VMs(ctx, p.account) {
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{"GET /api/accounts/:account_id/compute_services/:vorg_id", "ComputeService", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.ComputeService(ctx, p.account, p.vorg))
	}},
	{"GET /api/accounts/:account_id/api_credentials", "APICredentials", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.APICredentials(ctx, p.account))
	}},
	{"GET /api/accounts/:account_id/vorgs", "VOrgs", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.VOrgs(ctx, p.account))
	}},
	{"POST /api/accounts/:account_id/vorgs", "CreateVOrg", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.CreateVOrg(ctx, p.account, "DEMO", portal.ZoneB))
	}},
	{"GET /api/vorg-builds/:build_id", "Build", buildOf(portal.BuildVOrg, "vorg-builds")},
	{"GET /api/accounts/:account_id/vorg-builds", "Builds", buildsOf(portal.BuildVOrg)},
	{"GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs", "VDCs", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.VDCs(ctx, p.account, p.vorg))
	}},
	{"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs", "CreateVDC", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.CreateVDC(ctx, p.account, p.vorg, "DEMO", portal.Power))
	}},
	{"GET /api/vdc-builds/:build_id", "Build", buildOf(portal.BuildVDC, "vdc-builds")},
	{"GET /api/accounts/:account_id/vdc-builds", "Builds", buildsOf(portal.BuildVDC)},
	{"GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways", "EdgeGateways", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.EdgeGateways(ctx, p.account, p.vorg, p.vdc))
	}},
	{"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways", "CreateEdgeGateway", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.CreateEdgeGateway(ctx, p.account, p.vorg, p.vdc, portal.Internet))
	}},
	{"GET /api/edge-gateway-builds/:build_id", "Build", buildOf(portal.BuildEdgeGateway, "edge-gateway-builds")},
	{"GET /api/accounts/:account_id/edge-gateway-builds", "Builds", buildsOf(portal.BuildEdgeGateway)},
	{"GET /api/accounts/:account_id/platform_visibility/vmotion_events", "VMotionEvents", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.VMotionEvents(ctx, p.account))
	}},
	{"GET /api/billing/cloud-storage-report", "CloudStorageReport", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return readAll(c.CloudStorageReport(ctx, p.month+"-01", p.orgID, ""))
	}},
	{"GET /api/billing/billing-csv", "BillingCSV", func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return readAll(c.BillingCSV(ctx, p.month, p.orgID, ""))
	}},
}

func buildOf(kind portal.BuildKind, path string) func(context.Context, *portal.Client, *target, string) error {
	return func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.Build(ctx, kind, p.someBuilds()[path]))
	}
}

func buildsOf(kind portal.BuildKind) func(context.Context, *portal.Client, *target, string) error {
	return func(ctx context.Context, c *portal.Client, p *target, _ string) error {
		return none(c.Builds(ctx, p.account, kind))
	}
}

// methodsOf names the client's methods for a section.
func methodsOf(section string) []string {
	var names []string
	for _, call := range clientCalls {
		if call.section == section {
			names = append(names, call.method)
		}
	}
	return names
}

// watching notes the requests that go through it.
type watching struct {
	http.RoundTripper
	seen []string
}

func (w *watching) RoundTrip(r *http.Request) (*http.Response, error) {
	w.seen = append(w.seen, r.Method+" "+r.URL.EscapedPath())
	return w.RoundTripper.RoundTrip(r)
}

// TestClientCallsEverySection calls the client's method for every section and
// looks at the request that it makes.
func TestClientCallsEverySection(t *testing.T) {
	p := newTarget(t)
	if !p.simulated {
		t.Skip("the client is tested against the simulated portal only")
	}
	watch := &watching{RoundTripper: p.nobody.client.Transport}
	client, err := portal.New(p.nobody.base+"/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: p.email, Password: portal.NewSecret(p.password), Source: "test"}, nil
	}, portal.WithTransport(watch))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	for _, s := range reference(t) {
		if methodsOf(s.Name) == nil {
			t.Errorf("%s: the client has no method", s.Name)
		}
	}
	ticket := p.newTicket()
	for _, call := range clientCalls {
		t.Run(call.section+" by "+call.method, func(t *testing.T) {
			if _, exists := reflect.TypeFor[*portal.Client]().MethodByName(call.method); !exists {
				t.Fatalf("portal.Client has no method %s", call.method)
			}
			if call.method != "Login" { // so that no login comes in between
				if err := client.Ping(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			watch.seen = nil
			if err := call.call(t.Context(), client, p, ticket); err != nil {
				t.Fatal(err)
			}
			want := regexp.MustCompile("^" + regexp.MustCompile(`:\w+`).ReplaceAllString(call.section, `[^/]+`) + "$")
			if len(watch.seen) == 0 || !want.MatchString(strings.TrimSuffix(watch.seen[len(watch.seen)-1], "/")) {
				t.Errorf("it asks %s", fmt.Sprint(watch.seen))
			}
		})
	}
}
