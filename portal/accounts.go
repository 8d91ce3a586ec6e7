package portal

import (
	"context"
	"net/http"
)

var accountsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts"}

// Accounts lists the accounts that the login may see (API reference, GET
// /api/accounts).
func (c *Client) Accounts(ctx context.Context, prev *Answer[[]Account]) (*Answer[[]Account], error) {
	return fetch(ctx, c, request{route: accountsRoute}, prev, decodeAccounts)
}

func decodeAccounts(d *decoder) ([]Account, error) {
	return objects(d, func(account *Account, name string) (err error) {
		switch name {
		case "id":
			account.ID, err = d.text(name)
		case "name":
			account.Name, err = d.text(name)
		default:
			err = d.skip()
		}
		return err
	})
}
