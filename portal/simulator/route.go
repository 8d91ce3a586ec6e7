package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// call is one request on its way through the portal.
type call struct {
	r        *http.Request
	now      time.Time
	endpoint string // name as in Fault.Endpoint, "" when unknown
	account  string // account id in the path or the org_id
	args     []string
	public   bool // no session needed
	handle   func(*Portal, *call) answer
}

type route struct {
	method   string
	pattern  string // under /api/; ":" stands for any one segment
	endpoint string
	handle   func(*Portal, *call) answer
}

// routes lists what the portal answers.
func routes() []route {
	const get = http.MethodGet
	return []route{
		{http.MethodPost, "authenticate", "authenticate", (*Portal).authenticate},
		{get, "ping", "ping", (*Portal).ping},
		{get, "accounts", "accounts", (*Portal).listAccounts},
		{get, "accounts/:/compute_services", "compute_services", (*Portal).computeServices},
		{get, "accounts/:/compute_services/:", "compute_services", (*Portal).computeService},
		{get, "accounts/:/api_credentials", "api_credentials", (*Portal).apiCredentials},
		{get, "accounts/:/vorgs", "vorgs", (*Portal).listVOrgs},
		{get, "accounts/:/vorgs/:/vdcs", "vdcs", (*Portal).listVDCs},
		{get, "accounts/:/vorgs/:/vdcs/:/edge-gateways", "edge_gateways", (*Portal).listEdgeGateways},
		{get, "accounts/:/vorg-builds", "builds", vOrgBuild.list},
		{get, "accounts/:/vdc-builds", "builds", vdcBuild.list},
		{get, "accounts/:/edge-gateway-builds", "builds", edgeBuild.list},
		{get, "vorg-builds/:", "builds", vOrgBuild.one},
		{get, "vdc-builds/:", "builds", vdcBuild.one},
		{get, "edge-gateway-builds/:", "builds", edgeBuild.one},
		{get, "accounts/:/platform_visibility/vmotion_events", "vmotion_events", (*Portal).vMotionEvents},
		{get, "my_vm", "my_vm", (*Portal).myVM},
		{get, "my_calls", "my_calls", (*Portal).myCalls},
		{get, "my_calls/:", "my_calls", (*Portal).myCall},
		{get, "billing/billing-csv", "billing_csv", (*Portal).billingCSV},
		{get, "billing/cloud-storage-report", "cloud_storage_report", (*Portal).cloudStorageReport},
	}
}

// endpoints are the names that a fault can be set for.
var endpoints = []string{
	"authenticate", "ping", "accounts", "compute_services", "my_vm", "my_calls", "vmotion_events", "vorgs", "vdcs",
	"edge_gateways", "api_credentials", "builds", "billing_csv", "cloud_storage_report",
}

// route finds the handler. The refusal, if any, is the answer to give instead.
func (p *Portal) route(r *http.Request) (*call, *answer) {
	c := &call{r: r, now: p.now(), public: true}
	path, isAPI := strings.CutPrefix(r.URL.EscapedPath(), "/api/")
	if !isAPI {
		a := page(http.StatusNotFound, "<h1>The page you were looking for doesn't exist.</h1>")
		if r.URL.Path == "/login" {
			a = page(http.StatusOK, loginPage)
		}
		return c, &a
	}
	segments := split(path)
	for _, route := range p.routes {
		args, ok := match(route.pattern, segments)
		if !ok {
			continue
		}
		c.endpoint, c.args, c.handle = route.endpoint, args, route.handle
		c.public = route.endpoint == "authenticate"
		c.account = accountOf(route.pattern, args, r.URL.Query())
		if r.Method != route.method {
			a := failure(http.StatusMethodNotAllowed, "405 Not Allowed", "")
			a.header = http.Header{"Allow": {route.method}}
			return c, &a
		}
		return c, nil
	}
	a := failure(http.StatusNotFound, "404 Not Found", "")
	return c, &a
}

// split cuts a path into segments. A trailing slash and a format suffix are
// accepted, as public clients sent both, and percent-encoded URNs too.
func split(path string) []string {
	path = strings.TrimSuffix(path, "/")
	path = strings.TrimSuffix(strings.TrimSuffix(path, ".json"), ".xml")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return segments
}

func match(pattern string, segments []string) (args []string, ok bool) {
	for want := range strings.SplitSeq(pattern, "/") {
		if len(segments) == 0 || want != ":" && want != segments[0] {
			return nil, false
		}
		if want == ":" {
			args = append(args, segments[0])
		}
		segments = segments[1:]
	}
	return args, len(segments) == 0
}

// accountOf is the account that a call is about: the second part of an org_id.
func accountOf(pattern string, args []string, query url.Values) string {
	if strings.HasPrefix(pattern, "accounts/:") {
		return args[0]
	}
	if parts := strings.Split(query.Get("org_id"), "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}
