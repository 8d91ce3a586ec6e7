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
func (p *Portal) listAccounts(*call) answer {
	list := []namedAccount{}
	for _, a := range p.estate.accounts {
		list = append(list, namedAccount{a.name, a.id})
	}
	return ok(list)
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
	a := p.estate.account(c.args[0])
	if a == nil {
		return foreign(http.StatusForbidden, c.args[0])
	}
	list := []object{}
	for _, v := range a.vorgs {
		list = append(list, object{"vOrg", fmt.Sprintf("%d-%d", a.id, v.number), named{v.name}})
	}
	return data(list)
}

// listVDCs answers GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs. The ids
// are URNs, as recorded, not the numbers of the reference's example.
func (p *Portal) listVDCs(c *call) answer {
	v, refusal := p.vorgOf(c)
	if v == nil {
		return refusal
	}
	list := []object{}
	for _, x := range v.vdcs {
		list = append(list, object{"VDC", x.urn, named{x.name}})
	}
	return data(list)
}

// listEdgeGateways answers GET …/vdcs/:vdc_urn/edge-gateways: one gateway for
// each VDC, and an empty list for a VDC that does not exist (reference).
func (p *Portal) listEdgeGateways(c *call) answer {
	v, refusal := p.vorgOf(c)
	if v == nil {
		return refusal
	}
	list := []object{}
	for i, x := range v.vdcs {
		if x.urn == c.args[2] {
			id := "urn:vcloud:gateway:" + p.estate.draw.of(topicURN, int64(v.number)).of(topicVDC, int64(i)).uuid()
			list = append(list, object{"EdgeGateway", id, named{fmt.Sprintf("%s - nft%05di2", x.name, i+1)}})
		}
	}
	return data(list)
}

// vorgOf finds the vOrg in a path; nil comes with the answer to give instead.
func (p *Portal) vorgOf(c *call) (*vorg, answer) {
	a := p.estate.account(c.args[0])
	if a == nil {
		return nil, foreign(http.StatusNotFound, c.args[0])
	}
	v := a.vorg(c.args[1])
	if v == nil {
		return nil, failure(http.StatusNotFound, "404 Not Found", "We couldn't find a vOrg with ID "+c.args[1])
	}
	return v, answer{}
}

// apiCredentials answers GET /api/accounts/:account_id/api_credentials: an
// object whose keys are "name (service id)", in the order of the vOrgs.
func (p *Portal) apiCredentials(c *call) answer {
	a := p.estate.account(c.args[0])
	if a == nil {
		return foreign(http.StatusForbidden, c.args[0])
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range a.vorgs {
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
