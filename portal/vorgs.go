package portal

import (
	"context"
	"net/http"
)

var vorgsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorgs"}

// VOrgs lists the compute services of an account; an ID is account-vOrg, for
// example "735-2" (API reference, GET /api/accounts/:account_id/vorgs).
func (c *Client) VOrgs(ctx context.Context, accountID string, prev *Answer[[]NamedID]) (*Answer[[]NamedID], error) {
	r := request{route: vorgsRoute, parameters: []string{accountID}}
	return fetch(ctx, c, r, prev, decodeNamedIDs)
}

// decodeNamedIDs reads {"data":[{"id":…,"attributes":{"name":…}}]}.
func decodeNamedIDs(d *decoder) ([]NamedID, error) {
	return objects(d, func(item *NamedID, name string) (err error) {
		switch name {
		case "id":
			item.ID, err = d.text(name)
			return err
		case "attributes":
			_, err = d.object(name, func(name string) (err error) {
				if name == "name" {
					item.Name, err = d.text(name)
					return err
				}
				return d.skip()
			})
			return err
		}
		return d.skip()
	})
}
