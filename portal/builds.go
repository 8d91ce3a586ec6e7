package portal

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"
)

// BuildKind says what was built.
type BuildKind string

// The kinds of builds that have a list of their own.
const (
	BuildVOrg        BuildKind = "vorg"
	BuildVDC         BuildKind = "vdc"
	BuildEdgeGateway BuildKind = "edge_gateway"
)

// buildRoutes has the list of builds of each kind.
var buildRoutes = map[BuildKind]*route{
	BuildVOrg:        {method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorg-builds"},
	BuildVDC:         {method: http.MethodGet, endpoint: "/api/accounts/:account_id/vdc-builds"},
	BuildEdgeGateway: {method: http.MethodGet, endpoint: "/api/accounts/:account_id/edge-gateway-builds"},
}

// Build is one self-service build. Name is the VDC's name, else the vOrg's, else
// "" (edge gateways have none).
type Build struct {
	ID, State, Name, CreatedBy string

	Created Optional[time.Time] // UTC
}

// Builds lists the self-service builds of one kind in an account (API reference,
// GET /api/accounts/:account_id/vorg-builds, …/vdc-builds, …/edge-gateway-builds).
func (c *Client) Builds(ctx context.Context, accountID string, kind BuildKind, prev *Answer[[]Build]) (*Answer[[]Build], error) {
	route, ok := buildRoutes[kind]
	if !ok {
		return nil, fmt.Errorf("list builds: unknown kind %q", kind)
	}
	return fetch(ctx, c, request{route: route, parameters: []string{accountID}}, prev, builds)
}

// buildAttributes are those of the three kinds. Recorded in 2016: only createdAt,
// createdBy and state.
type buildAttributes struct {
	CreatedAt   Optional[time.Time] `json:"createdAt"`
	CreatedBy   string              `json:"createdBy"`
	State       string              `json:"state"`
	VDCName     string              `json:"vdcName"`
	ServiceName string              `json:"serviceName"`
}

func builds(r *reader) ([]Build, error) {
	sent, err := list[resource[buildAttributes]](r)
	builds := make([]Build, len(sent))
	for i, s := range sent {
		a := s.Attributes
		builds[i] = Build{ID: s.ID, State: a.State, Name: cmp.Or(a.VDCName, a.ServiceName), CreatedBy: a.CreatedBy, Created: a.CreatedAt}
	}
	return builds, err
}
