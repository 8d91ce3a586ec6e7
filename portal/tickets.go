package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

var myCallsRoute = &route{method: http.MethodGet, endpoint: "/api/my_calls"}

// Ticket is one support call.
type Ticket struct {
	ID        string              `json:"ticket_id"` // INC… is an incident, REQ… a service request
	Summary   string              `json:"summary"`
	Status    string              `json:"status"`
	Submitted Optional[time.Time] `json:"submitted"` // UTC, from Europe/London wall clock
}

// MyCalls lists the support calls of the user or of the account, as scope says:
// "user" or "account" (API reference, GET /api/my_calls). The portal removed the
// endpoint in July 2019.
func (c *Client) MyCalls(ctx context.Context, scope string, prev *Answer[[]Ticket]) (*Answer[[]Ticket], error) {
	if scope != "user" && scope != "account" {
		return nil, fmt.Errorf("list support calls: scope %q is neither user nor account", scope)
	}
	r := request{route: myCallsRoute, query: url.Values{"for": {scope}}}
	return fetch(ctx, c, r, prev, list[Ticket])
}
