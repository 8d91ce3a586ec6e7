package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

var billingCSVRoute = &route{method: http.MethodGet, endpoint: "/api/billing/billing-csv"}

// BillingCSV streams the bill of one compute service for a month: period is
// "2018-01", orgID a service id such as 1-1-1-9836cf (API reference, GET
// /api/billing/billing-csv). The portal updates it once a day. When etag is still
// good the error is ErrNotModified.
func (c *Client) BillingCSV(ctx context.Context, period, orgID, etag string) (*Stream, error) {
	if _, err := time.Parse("2006-01", period); err != nil {
		return nil, fmt.Errorf("billing: period %q is not of the form 2018-01", period)
	}
	return c.stream(ctx, billingCSVRoute, etag, url.Values{"period": {period}, "org_id": {orgID}})
}
