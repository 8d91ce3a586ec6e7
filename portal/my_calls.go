package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

var myCallsRoute = &route{method: http.MethodGet, endpoint: "/api/my_calls"}

// MyCalls lists the support calls of the user or of the account, as scope says:
// "user" or "account" (API reference, GET /api/my_calls). The portal removed the
// endpoint in July 2019.
func (c *Client) MyCalls(ctx context.Context, scope string, prev *Answer[[]Ticket]) (*Answer[[]Ticket], error) {
	if scope != "user" && scope != "account" {
		return nil, fmt.Errorf("list support calls: scope %q is neither user nor account", scope)
	}
	r := request{route: myCallsRoute, query: url.Values{"for": {scope}}}
	return fetch(ctx, c, r, prev, decodeMyCalls)
}

func decodeMyCalls(d *decoder) ([]Ticket, error) {
	return objects(d, func(ticket *Ticket, name string) (err error) {
		switch name {
		case "ticket_id":
			ticket.ID, err = d.text(name)
		case "summary":
			ticket.Summary, err = d.text(name)
		case "status":
			ticket.Status, err = d.interned(name)
		case "submitted":
			var at Optional[wallClock]
			at, err = d.wallTime(name)
			ticket.Submitted = Optional[time.Time]{Value: at.Value.first, Valid: at.Valid}
		default:
			err = d.skip()
		}
		return err
	})
}
