package portal

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
)

// buildRoutes has the list of builds of each kind.
var buildRoutes = map[BuildKind]*route{
	BuildVOrg:        {method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorg-builds"},
	BuildVDC:         {method: http.MethodGet, endpoint: "/api/accounts/:account_id/vdc-builds"},
	BuildEdgeGateway: {method: http.MethodGet, endpoint: "/api/accounts/:account_id/edge-gateway-builds"},
}

// Builds lists the self-service builds of one kind in an account (API reference,
// GET /api/accounts/:account_id/vorg-builds, …/vdc-builds, …/edge-gateway-builds).
func (c *Client) Builds(ctx context.Context, accountID string, kind BuildKind, prev *Answer[[]Build]) (*Answer[[]Build], error) {
	route, ok := buildRoutes[kind]
	if !ok {
		return nil, fmt.Errorf("list builds: unknown kind %q", kind)
	}
	return fetch(ctx, c, request{route: route, parameters: []string{accountID}}, prev, decodeBuilds)
}

// decodeBuilds reads {"data":[{"id":…,"attributes":{…}}]}. Recorded in 2016: only
// createdAt, createdBy and state among the attributes.
func decodeBuilds(d *decoder) ([]Build, error) {
	return objects(d, func(build *Build, name string) (err error) {
		switch name {
		case "id":
			build.ID, err = d.text(name)
			return err
		case "attributes":
			return decodeBuildAttributes(d, build)
		}
		return d.skip()
	})
}

func decodeBuildAttributes(d *decoder, build *Build) error {
	var vdc, service string
	_, err := d.object("attributes", func(name string) (err error) {
		switch name {
		case "createdAt":
			var text string
			text, err = d.text(name)
			build.Created = instant(text)
		case "createdBy":
			build.CreatedBy, err = d.text(name)
		case "state":
			build.State, err = d.interned(name)
		case "vdcName":
			vdc, err = d.text(name)
		case "serviceName": // may be null
			service, err = d.text(name)
		default:
			err = d.skip()
		}
		return err
	})
	build.Name = cmp.Or(vdc, service)
	return err
}
