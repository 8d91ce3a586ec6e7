package simulator

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
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
	user     *User // nil before the session was found
	route    *route
	xml      bool // XML was asked for
}

// route is one call that the portal knows.
type route struct {
	method   string
	pattern  string // under /api/; ":" stands for any one segment
	endpoint string
	need     right  // what the user must be allowed
	deed     string // what it does, as said to users who may not
	handle   func(*Portal, *call) answer
}

const (
	methodGet  = http.MethodGet
	methodPost = http.MethodPost
	methodPut  = http.MethodPut
)

// routes lists what the portal answers: the 32 sections of the API reference.
func routes() []route {
	list := []route{
		{methodPost, "authenticate", "authenticate", loggedIn, "", (*Portal).authenticate},
		{methodGet, "ping", "ping", loggedIn, "", (*Portal).ping},
		{methodGet, "accounts", "accounts", loggedIn, "", (*Portal).listAccounts},
		{methodGet, "accounts/:/compute_services", "compute_services", seesCompute, "list compute services", (*Portal).computeServices},
		{methodGet, "accounts/:/compute_services/:", "compute_services", seesCompute, "see a compute service", (*Portal).computeService},
		{methodGet, "accounts/:/api_credentials", "api_credentials", seesCompute, "list API credentials", (*Portal).apiCredentials},
		{methodGet, "accounts/:/vorgs", "vorgs", seesCompute, "list vOrgs", (*Portal).listVOrgs},
		{methodPost, "accounts/:/vorgs", "vorgs", administers, "create a vOrg", (*Portal).createVOrg},
		{methodGet, "accounts/:/vorgs/:/vdcs", "vdcs", seesCompute, "list VDCs", (*Portal).listVDCs},
		{methodPost, "accounts/:/vorgs/:/vdcs", "vdcs", administers, "create a VDC", (*Portal).createVDC},
		{methodGet, "accounts/:/vorgs/:/vdcs/:/edge-gateways", "edge_gateways", seesCompute, "list edge gateways", (*Portal).listEdgeGateways},
		{methodPost, "accounts/:/vorgs/:/vdcs/:/edge-gateways", "edge_gateways", administers, "create an edge gateway", (*Portal).createEdgeGateway},
		{methodGet, "accounts/:/platform_visibility/vmotion_events", "vmotion_events", seesCompute, "list vMotion events", (*Portal).vMotionEvents},
		{methodGet, "my_vm", "my_vm", loggedIn, "", (*Portal).myVM},
		// The reference's curl line has a backslash for the underscore, which a
		// shell takes away.
		{methodGet, "myvm", "my_vm", loggedIn, "", (*Portal).myVM},
		{methodGet, "billing/billing-csv", "billing_csv", seesBilling, "see bills", (*Portal).billingCSV},
		{methodGet, "billing/cloud-storage-report", "cloud_storage_report", seesBilling, "see bills", (*Portal).cloudStorageReport},
		{methodGet, "my_calls", "my_calls", loggedIn, "", inTicketEra((*Portal).myCalls)},
		{methodPost, "my_calls", "my_calls", loggedIn, "", inTicketEra((*Portal).createTicket)},
		{methodGet, "my_calls/:", "my_calls", loggedIn, "", inTicketEra((*Portal).myCall)},
		{methodPut, "my_calls/:", "my_calls", loggedIn, "", inTicketEra((*Portal).addNote)},
	}
	for _, verb := range ticketVerbs {
		list = append(list, route{methodPut, "my_calls/:/" + verb.name, "my_calls", loggedIn, "", inTicketEra(verb.handle)})
	}
	for _, kind := range []buildKind{vOrgBuild, vdcBuild, edgeBuild} {
		list = append(list,
			route{methodGet, "accounts/:/" + kind.path(), "builds", seesCompute, "list builds", kind.list},
			route{methodGet, kind.path() + "/:", "builds", seesCompute, "see a build", kind.one})
	}
	return list
}

// endpoints are the names that a fault can be set for.
var endpoints = []string{
	"authenticate", "ping", "accounts", "compute_services", "my_vm", "my_calls", "vmotion_events", "vorgs", "vdcs",
	"edge_gateways", "api_credentials", "builds", "billing_csv", "cloud_storage_report",
}

// newCall finds out what is asked. Without a route the path is unknown, or the
// method; allowed has the methods of a known path.
func (p *Portal) newCall(r *http.Request) (c *call, allowed []string) {
	c = &call{r: r, now: p.now(), xml: prefersXML(r.Header.Values("Accept"))}
	path, isAPI := strings.CutPrefix(r.URL.EscapedPath(), "/api/")
	if !isAPI {
		return c, nil
	}
	segments, suffix := split(path)
	if suffix != "" {
		c.xml = suffix == ".xml" // overrides the header
	}
	method := r.Method
	if method == http.MethodHead {
		method = methodGet // a Grape server answers HEAD wherever it answers GET
	}
	for i := range p.routes {
		route := &p.routes[i]
		args, ok := match(route.pattern, segments)
		if !ok {
			continue
		}
		c.endpoint, c.args, c.account = route.endpoint, args, accountOf(route.pattern, args, r.URL.Query())
		allowed = append(allowed, route.method)
		if route.method == method {
			c.route = route
		}
	}
	return c, allowed
}

// split cuts a path into segments. A trailing slash and a format suffix are
// accepted, as public clients sent both, and percent-encoded URNs too.
func split(path string) (segments []string, suffix string) {
	path = strings.TrimSuffix(path, "/")
	for _, format := range []string{".json", ".xml"} {
		if cut, found := strings.CutSuffix(path, format); found {
			path, suffix = cut, format
			break
		}
	}
	segments = strings.Split(path, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return segments, suffix
}

// prefersXML reports whether a client asks for XML and would not take JSON.
func prefersXML(accept []string) bool {
	xml := false
	for entry := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, _ := mime.ParseMediaType(entry)
		switch kind {
		case typeXML, "text/xml":
			xml = true
		case typeJSON, "application/vnd-skyscapecloud-v1", "application/*", "*/*":
			return false
		}
	}
	return xml
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

// methods answers what a path knows but the method does not: OPTIONS with the
// list, every other method with 405 and the list, in the order of a Grape server.
func methods(method string, allowed []string) answer {
	list := append([]string{http.MethodOptions}, allowed...)
	if slices.Contains(allowed, methodGet) {
		list = append(list, http.MethodHead)
	}
	a := failure(http.StatusMethodNotAllowed, "405 Not Allowed", "")
	if method == http.MethodOptions {
		a = answer{status: http.StatusNoContent}
	}
	a.header = http.Header{"Allow": {strings.Join(list, ", ")}}
	return a
}

// answerCall answers a call that no fault replaces. The session comes before
// everything else: who has none learns of no path whether it exists.
func (p *Portal) answerCall(h http.Header, c *call, allowed []string) answer {
	if !strings.HasPrefix(c.r.URL.EscapedPath(), "/api/") {
		if c.r.URL.Path == "/login" {
			return page(http.StatusOK, loginPage)
		}
		return page(http.StatusNotFound, "<h1>The page you were looking for doesn't exist.</h1>")
	}
	if c.route != nil && c.route.endpoint == "authenticate" {
		return c.route.handle(p, c)
	}
	id, user := p.sessions.touch(c.r, c.now, p.options.SessionTTL)
	if user == nil {
		return unauthorized(c.xml)
	}
	c.user = user
	p.addCookies(h, c.r, id)
	switch {
	case allowed == nil:
		return failure(http.StatusNotFound, "404 Not Found", "")
	case c.route == nil:
		return methods(c.r.Method, allowed)
	case c.xml:
		return failure(http.StatusNotAcceptable, "The requested format 'xml' is not supported.", "")
	case p.options.ReadOnly && c.route.method != methodGet:
		return forbidden("The portal can only be read.")
	}
	return c.route.handle(p, c)
}

// unauthorized is the recorded 401 in both formats.
func unauthorized(xml bool) answer {
	if xml {
		return whole(http.StatusUnauthorized, typeXML, []byte(`<?xml version="1.0" encoding="UTF-8"?><error>Skyscape Proxy 401.</error>`))
	}
	return failure(http.StatusUnauthorized, "401 Unauthorized", "")
}

// forbidden has the recorded words for what a user may not do.
func forbidden(detail string) answer {
	return failure(http.StatusForbidden, "Insufficient Permission", detail)
}

// visibleAccount returns the account in a path, or the answer to give instead:
// the given status if the user does not see it, 403 if the user may not do
// there what was asked.
func (p *Portal) visibleAccount(c *call, status int) (*account, *answer) {
	a := p.estate.account(c.args[0])
	if a == nil || c.user.Role == NoAccount {
		refusal := foreign(status, c.args[0])
		return nil, &refusal
	}
	if !c.user.may(c.route.need) {
		permission := "Compute-Service"
		if c.route.need == administers {
			permission = "Administrator"
		}
		refusal := forbidden(permission + " permission is required in order to " + c.route.deed + ".")
		return nil, &refusal
	}
	return a, nil
}
