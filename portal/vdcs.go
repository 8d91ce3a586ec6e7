package portal

import (
	"context"
	"net/http"
	"strings"
)

var vdcsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorgs/:vorg_id/vdcs"}

// VDCs lists the VDCs of a vOrg; an ID is a URN, whatever the reference's example
// shows (API reference, GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs).
// vorgID is an ID of VOrgs or the part of it behind the dash, which is what the
// portal wants.
func (c *Client) VDCs(ctx context.Context, accountID, vorgID string, prev *Answer[[]NamedID]) (*Answer[[]NamedID], error) {
	number := vorgID[strings.LastIndexByte(vorgID, '-')+1:]
	r := request{route: vdcsRoute, parameters: []string{accountID, number}}
	return fetch(ctx, c, r, prev, decodeNamedIDs)
}
