package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// row is one documented status of one section, and how to get it.
type row struct {
	as   *user
	path string
	body string
}

const (
	incident  = `{"incident":{"problem_area":"compute","service":"My Service","classification":"Other incident","summary":"Conformance test","further_details":"Please close"}}`
	newVDC    = `{"data": {"type": "VDC", "attributes": {"vmType": "ESSENTIAL", "name": "Conformance"}}}`
	noSummary = `{"incident":{"problem_area":"compute","service":"My Service","classification":"Other incident","summary":" ","further_details":"x"}}`
	noTicket  = "INC0"
	noBuild   = "999999999"
	noVOrg    = "99999"
)

// changes reports whether to get a status of a section is to change something.
func changes(s section, status int) bool {
	if s.Name == "POST /api/authenticate" || s.method() == http.MethodGet {
		return false
	}
	needsTickets := status == http.StatusUnprocessableEntity && strings.Contains(s.Name, ":ticket_id")
	return status < 300 || needsTickets
}

// row finds the way to a status. A status that it does not know how to get has
// no user, which fails the test.
func (p *target) row(s section, status int, open, closed string, builds map[string]string) row {
	here := func(last, body string) row {
		return row{as: p.admin, path: p.path(s.Name, p.account, p.vorg, p.vdc, last), body: body}
	}
	elsewhere := func(account, vorg string) row {
		return row{as: p.admin, path: p.path(s.Name, account, vorg, p.vdc, ""), body: bodies[s.Name]}
	}
	_, what, _ := strings.Cut(s.Name, " /api/")
	switch {
	case what == "authenticate":
		return map[int]row{
			201: {as: p.nobodyElse(), path: "/api/authenticate", body: credentials(p.email, p.password)},
			400: {as: p.nobody, path: "/api/authenticate", body: `{}`},
			401: {as: p.nobody, path: "/api/authenticate", body: credentials("nobody@example.com", "wrong")},
		}[status]
	case status == http.StatusUnauthorized:
		return row{as: p.nobody, path: p.path(s.Name, p.account, p.vorg, p.vdc, open), body: bodies[s.Name]}
	case strings.HasPrefix(what, "my_calls"):
		return p.ticketRow(s, status, open, closed, here)
	case strings.Contains(what, "-builds/"):
		kind, _, _ := strings.Cut(what, "/")
		return map[int]row{200: here(builds[kind], ""), 404: here(noBuild, "")}[status]
	case strings.HasPrefix(what, "billing/"):
		query := map[string]string{"billing/billing-csv": "?period=" + p.month, "billing/cloud-storage-report": "?date=" + p.month + "-01"}[what]
		good, bad := here("", ""), here("", "")
		good.path += query + "&org_id=" + p.orgID
		bad.path += query + "&org_id=xx-xx-xx-xxxxxxx"
		return map[int]row{200: good, 400: bad}[status]
	case s.method() == http.MethodPost:
		notThere := elsewhere(p.foreign, p.vorg)
		refused := here("", bodies[s.Name])
		refused.as = p.limited
		return map[int]row{
			202: here("", bodies[s.Name]), 400: here("", `{"data":{}}`), 403: refused, 404: notThere,
			500: here("", strings.Replace(bodies[s.Name], `"B"`, `"nowhere"`, 1)),
		}[status]
	case strings.HasSuffix(what, "/vdcs"), strings.HasSuffix(what, "/edge-gateways"):
		refused := here("", "")
		refused.as = p.limited
		return map[int]row{200: here("", ""), 403: refused, 404: elsewhere(p.foreign, p.vorg)}[status]
	default:
		return map[int]row{200: here("", ""), 403: elsewhere(p.foreign, p.vorg), 404: elsewhere(p.account, noVOrg)}[status]
	}
}

// ticketRow: open is a ticket that can be changed, closed is one that is closed.
func (p *target) ticketRow(s section, status int, open, closed string, here func(last, body string) row) row {
	_, verb, _ := strings.Cut(s.Name, ":ticket_id")
	body := bodies[s.Name]
	if verb == "/subscribe" || verb == "/unsubscribe" || verb == "/change_owner" {
		body = `{"email":"` + p.email + `"}`
	}
	switch {
	case s.Name == "POST /api/my_calls":
		return map[int]row{201: here("", incident), 400: here("", `{}`), 422: here("", noSummary)}[status]
	case s.Name == "GET /api/my_calls":
		r := here("", "")
		r.path += "?for=user"
		return r
	case status == http.StatusBadRequest:
		return here(noTicket, body)
	case status == http.StatusUnprocessableEntity && verb == "/reopen":
		return here(open, "") // it is open
	case status == http.StatusUnprocessableEntity, verb == "/reopen":
		return here(closed, body)
	default:
		return here(open, body)
	}
}

// bodies are the reference's own, by section.
var bodies = map[string]string{
	"PUT /api/my_calls/:ticket_id":                                              `{"description": "My new update"}`,
	"POST /api/my_calls":                                                        incident,
	"PUT /api/my_calls/:ticket_id/subscribe":                                    `{"email": "myemail@example.com"}`,
	"PUT /api/my_calls/:ticket_id/unsubscribe":                                  `{"email": "myemail@example.com"}`,
	"PUT /api/my_calls/:ticket_id/change_owner":                                 `{"email": "myemail@example.com"}`,
	"POST /api/accounts/:account_id/vorgs":                                      `{"data": {"type": "Vorg", "attributes": {"zoneId": "B", "name": "DEMO"}}}`,
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs":                        `{"data": {"type": "VDC", "attributes": {"vmType": "POWER", "name": "DEMO"}}}`,
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways": `{"data": {"type": "EdgeGateway", "attributes": {"connectivityType": "Internet"}}}`,
}

// nobodyElse is a user of its own, so that a login does not replace a session.
func (p *target) nobodyElse() *user {
	return newUser(p.nobody.t, p.nobody.base, p.nobody.client.Transport)
}

// newTicket opens a ticket and waits until it can be changed.
func (p *target) newTicket() string {
	t := p.admin.t
	t.Helper()
	a := p.admin.call("POST", "/api/my_calls", incident)
	var made struct {
		ID string `json:"ticket_id"`
	}
	if err := json.Unmarshal(a.body, &made); a.status != http.StatusCreated || err != nil {
		t.Fatalf("open a ticket: %d %s", a.status, a.body)
	}
	for end := time.Now().Add(*patience); ; time.Sleep(5 * time.Second) {
		a := p.admin.call("PUT", "/api/my_calls/"+made.ID, `{"description":"Conformance test"}`)
		if a.status == http.StatusOK {
			return made.ID
		}
		if a.status != http.StatusUnprocessableEntity || time.Now().After(end) {
			t.Fatalf("ticket %s cannot be changed: %d %s", made.ID, a.status, a.body)
		}
	}
}

// anyTicket is one that the portal lists.
func (p *target) anyTicket() string {
	var list []struct {
		ID string `json:"ticket_id"`
	}
	p.admin.get("/api/my_calls?for=account", &list)
	if len(list) == 0 {
		p.admin.t.Skip("the portal lists no ticket")
	}
	return list[0].ID
}

// prepare makes an open and a closed ticket for one row.
func (p *target) prepare(s section, status int) (open, closed string) {
	if s.Name == "GET /api/my_calls/:ticket_id" && status == http.StatusOK && !p.writes {
		return p.anyTicket(), noTicket
	}
	if !p.writes || !strings.Contains(s.Name, ":ticket_id") || status == http.StatusUnauthorized || status == http.StatusBadRequest {
		return noTicket, noTicket
	}
	open, closed = p.newTicket(), p.newTicket()
	if a := p.admin.call("PUT", "/api/my_calls/"+closed+"/close", ""); a.status != http.StatusOK {
		p.admin.t.Fatalf("close ticket %s: %d %s", closed, a.status, a.body)
	}
	return open, closed
}

// someBuilds are the newest builds of each kind, by the last part of the path.
func (p *target) someBuilds() map[string]string {
	builds := map[string]string{}
	for _, kind := range []string{"vorg-builds", "vdc-builds", "edge-gateway-builds"} {
		var list struct{ Data []struct{ ID string } }
		p.admin.get("/api/accounts/"+p.account+"/"+kind, &list)
		builds[kind] = noBuild
		if n := len(list.Data); n > 0 {
			builds[kind] = list.Data[n-1].ID
		}
	}
	return builds
}
