package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

var cloudStorageReportRoute = &route{method: http.MethodGet, endpoint: "/api/billing/cloud-storage-report"}

// CloudStorageReport streams the Cloud Storage bill of one compute service for the
// whole month that holds date, "2018-01-01" (API reference, GET
// /api/billing/cloud-storage-report). When etag is still good the error is
// ErrNotModified.
func (c *Client) CloudStorageReport(ctx context.Context, date, orgID, etag string) (*Stream, error) {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fmt.Errorf("cloud storage: date %q is not of the form 2018-01-01", date)
	}
	return c.stream(ctx, cloudStorageReportRoute, etag, url.Values{"date": {date}, "org_id": {orgID}})
}
