package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// ping answers GET /api/ping: 17 bytes, as recorded.
func (p *Portal) ping(*call) answer { return ok(map[string]string{"response": "OK"}) }

type namedAccount struct {
	Name string `json:"name"`
	ID   int    `json:"id"`
}

// listAccounts answers GET /api/accounts: a bare array, not paged.
func (p *Portal) listAccounts(c *call) answer {
	list := []namedAccount{}
	for _, a := range p.accountsOf(c.user) {
		list = append(list, namedAccount{a.name, a.id})
	}
	return ok(list)
}

// accountsOf returns the accounts that a user sees.
func (p *Portal) accountsOf(user *User) []*account {
	if user.Role == NoAccount {
		return nil
	}
	return p.estate.accounts
}

// object is one thing in the style of the endpoints that came in 2016:
// {"data":[{"id":…,"type":…,"attributes":{…}}]}.
type object struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Attributes any    `json:"attributes"`
}

type named struct {
	Name string `json:"name"`
}

func data(objects any) answer { return ok(map[string]any{"data": objects}) }

// listVOrgs answers GET /api/accounts/:account_id/vorgs; an id is
// account-vorg.
func (p *Portal) listVOrgs(c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusForbidden)
	if refusal != nil {
		return *refusal
	}
	list := []object{}
	for _, v := range p.vorgs(a, c.now.Unix()) {
		list = append(list, object{"vOrg", fmt.Sprintf("%d-%d", a.id, v.number), named{v.name}})
	}
	return data(list)
}

// listVDCs answers GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs. The ids
// are URNs, as recorded, not the numbers of the reference's example.
func (p *Portal) listVDCs(c *call) answer {
	v, refusal := p.vorgOf(c)
	if refusal != nil {
		return *refusal
	}
	list := []object{}
	for _, x := range p.vdcs(v, c.now.Unix()) {
		list = append(list, object{"VDC", x.urn, named{x.name}})
	}
	return data(list)
}

// listEdgeGateways answers GET …/vdcs/:vdc_urn/edge-gateways: one gateway for
// each drawn VDC and those that were built, and an empty list for a VDC that
// does not exist (reference).
func (p *Portal) listEdgeGateways(c *call) answer {
	v, refusal := p.vorgOf(c)
	if refusal != nil {
		return *refusal
	}
	list := []object{}
	if x := p.vdcOf(c, v); x != nil {
		for _, e := range p.edges(x, c.now.Unix()) {
			list = append(list, object{"EdgeGateway", e.urn, named{e.name}})
		}
	}
	return data(list)
}

// vorgOf finds the vOrg in a path, or the answer to give instead.
func (p *Portal) vorgOf(c *call) (*vorg, *answer) {
	a, refusal := p.visibleAccount(c, http.StatusNotFound)
	if refusal != nil {
		return nil, refusal
	}
	v := p.vorg(a, c.args[1], c.now.Unix())
	if v == nil {
		a := failure(http.StatusNotFound, "404 Not Found", "We couldn't find a vOrg with ID "+c.args[1])
		return nil, &a
	}
	return v, nil
}

// vdcOf finds the VDC in a path, nil if there is none.
func (p *Portal) vdcOf(c *call, v *vorg) *vdc {
	for _, x := range p.vdcs(v, c.now.Unix()) {
		if x.urn == c.args[2] {
			return x
		}
	}
	return nil
}

// apiCredentials answers GET /api/accounts/:account_id/api_credentials: an
// object whose keys are "name (service id)", in the order of the vOrgs.
func (p *Portal) apiCredentials(c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusForbidden)
	if refusal != nil {
		return *refusal
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range p.vorgs(a, c.now.Unix()) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(mustJSON(fmt.Sprintf("%s (%s)", v.name, v.serviceID)))
		b.WriteByte(':')
		user := fmt.Sprintf("%d.%d.%s@%s", 6000+a.company, a.id, p.estate.draw.of(topicVOrg, int64(a.id)).hex(6), v.serviceID)
		b.Write(mustJSON(struct {
			ServiceID string `json:"service_id"`
			Username  string `json:"username"`
		}{v.serviceID, user}))
	}
	b.WriteByte('}')
	return ok(json.RawMessage(b.Bytes()))
}
