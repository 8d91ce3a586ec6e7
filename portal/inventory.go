package portal

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	accountsRoute       = &route{method: http.MethodGet, endpoint: "/api/accounts"}
	apiCredentialsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/api_credentials"}
	vorgsRoute          = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorgs"}
	vdcsRoute           = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorgs/:vorg_id/vdcs"}
	edgeGatewaysRoute   = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways"}
)

// Account is one account that the login may see.
type Account struct {
	ID   string `json:"id"` // decimal digits; the portal sends an integer
	Name string `json:"name"`
}

// Accounts lists the accounts that the login may see (API reference, GET
// /api/accounts).
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return plain(c.Conditional().Accounts(ctx, nil))
}

// Accounts is Client.Accounts with the answer before.
func (c Conditional) Accounts(ctx context.Context, prev *Answer[[]Account]) (*Answer[[]Account], error) {
	return fetch(ctx, c.Client, request{route: accountsRoute}, prev, list[Account])
}

// APICredential is the login to the vCloud API of one compute service. No secret is
// in it.
type APICredential struct {
	Name      string `json:"-"`          // of the vOrg, without the service id that the portal's key carries behind it
	ServiceID string `json:"service_id"` // company-account-vorg-random, for example 467-735-2-a736cd
	Username  string `json:"username"`
}

// APICredentials lists the compute services of an account with the user name for
// their vCloud API, sorted by service id (API reference, GET
// /api/accounts/:account_id/api_credentials).
func (c *Client) APICredentials(ctx context.Context, accountID string) ([]APICredential, error) {
	return plain(c.Conditional().APICredentials(ctx, accountID, nil))
}

// APICredentials is Client.APICredentials with the answer before.
func (c Conditional) APICredentials(ctx context.Context, accountID string, prev *Answer[[]APICredential]) (*Answer[[]APICredential], error) {
	r := request{route: apiCredentialsRoute, parameters: []string{accountID}}
	return fetch(ctx, c.Client, r, prev, (*reader).apiCredentials)
}

// apiCredentials reads {"Name (serviceId)":{"service_id":…,"username":…}}.
func (r *reader) apiCredentials() ([]APICredential, error) {
	var answer struct {
		said
		Services jsontext.Value `json:",embed"`
	}
	if err := r.object("an object", &answer); err != nil {
		return nil, err
	}
	credentials := []APICredential{}
	for key, value := range members(answer.Services) {
		var credential APICredential
		if err := r.nested(value, &credential, required[APICredential](r)); err != nil {
			return nil, err
		}
		credential.Name = strings.TrimSuffix(key, " ("+credential.ServiceID+")")
		credentials = append(credentials, credential)
	}
	slices.SortFunc(credentials, func(a, b APICredential) int { return strings.Compare(a.ServiceID, b.ServiceID) })
	return credentials, nil
}

// NamedID is a vOrg of GET …/vorgs ("735-2"), a VDC of GET …/vdcs or an edge gateway
// of GET …/edge-gateways (URNs).
type NamedID struct {
	ID, Name string
}

// VOrgs lists the compute services of an account; an ID is account-vOrg, for
// example "735-2" (API reference, GET /api/accounts/:account_id/vorgs).
func (c *Client) VOrgs(ctx context.Context, accountID string) ([]NamedID, error) {
	return plain(c.Conditional().VOrgs(ctx, accountID, nil))
}

// VOrgs is Client.VOrgs with the answer before.
func (c Conditional) VOrgs(ctx context.Context, accountID string, prev *Answer[[]NamedID]) (*Answer[[]NamedID], error) {
	r := request{route: vorgsRoute, parameters: []string{accountID}}
	return fetch(ctx, c.Client, r, prev, namedIDs)
}

// VDCs lists the VDCs of a vOrg; an ID is a URN, whatever the reference's example
// shows (API reference, GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs).
// vorgID is an ID of VOrgs or the part of it behind the dash, which is what the
// portal wants.
func (c *Client) VDCs(ctx context.Context, accountID, vorgID string) ([]NamedID, error) {
	return plain(c.Conditional().VDCs(ctx, accountID, vorgID, nil))
}

// VDCs is Client.VDCs with the answer before.
func (c Conditional) VDCs(ctx context.Context, accountID, vorgID string, prev *Answer[[]NamedID]) (*Answer[[]NamedID], error) {
	r := request{route: vdcsRoute, parameters: []string{accountID, vorgNumber(vorgID)}}
	return fetch(ctx, c.Client, r, prev, namedIDs)
}

// EdgeGateways lists the edge gateways of a VDC (API reference, GET
// /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways; gone since
// 2020). An empty list may also mean that there is no such VDC.
func (c *Client) EdgeGateways(ctx context.Context, accountID, vorgID, vdcURN string) ([]NamedID, error) {
	return plain(c.Conditional().EdgeGateways(ctx, accountID, vorgID, vdcURN, nil))
}

// EdgeGateways is Client.EdgeGateways with the answer before.
func (c Conditional) EdgeGateways(ctx context.Context, accountID, vorgID, vdcURN string, prev *Answer[[]NamedID]) (*Answer[[]NamedID], error) {
	if err := isVDCURN(vdcURN); err != nil {
		return nil, fmt.Errorf("list edge gateways: %w", err)
	}
	r := request{route: edgeGatewaysRoute, parameters: []string{accountID, vorgNumber(vorgID), vdcURN}}
	return fetch(ctx, c.Client, r, prev, namedIDs)
}

// vorgNumber is the part of a vOrg's ID that stands in paths: "2" of "735-2".
func vorgNumber(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

// resource is the portal's form of what it made or lists since 2016.
type resource[A any] struct {
	ID         string `json:"id"`
	Attributes A      `json:"attributes"`
}

func namedIDs(r *reader) ([]NamedID, error) {
	type attributes struct {
		Name string `json:"name"`
	}
	sent, err := list[resource[attributes]](r)
	ids := make([]NamedID, len(sent))
	for i, s := range sent {
		ids[i] = NamedID{s.ID, s.Attributes.Name}
	}
	return ids, err
}
