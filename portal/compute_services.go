package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

var computeServicesRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/compute_services"}

// vorgsPerPage is what is asked for, and the portal's own default for per_page.
const vorgsPerPage = 25

// ComputeServices visits every vOrg, VDC, vApp and VM of an account, all pages of
// them (API reference, GET /api/accounts/:account_id/compute_services). It keeps
// one VM in memory at a time. What a visitor has been told counts only when the
// error is nil.
//
// prev are the tags of the last complete answer, nil when there is none. When no
// page has changed since, nothing is visited and the error is ErrNotModified. The
// tags returned are those for the next time.
//
// A visitor must not call the portal: the answer holds a place of the
// concurrency cap while it is read.
func (c *Client) ComputeServices(ctx context.Context, accountID string, prev PageTags, v ComputeVisitor) (PageTags, error) {
	resp, err := c.changedPage(ctx, accountID, prev)
	if err != nil {
		return prev, err
	}
	defer func() { // a visitor may panic
		if resp != nil {
			_ = resp.Body.Close()
		}
	}()
	reader := newComputeReader(v, c.london)
	reader.visit.Begin()
	var tags PageTags
	for page := 1; ; page++ {
		if resp == nil {
			if resp, err = c.computePage(ctx, accountID, page, ""); err != nil {
				return nil, err
			}
		}
		vorgs, fresh, err := c.readComputePage(resp, reader)
		if err != nil {
			return nil, err
		}
		tags = append(tags, resp.Header.Get("ETag"))
		// More than asked for: the portal knows no pages (before October 2016) and
		// has sent everything. Nothing new: it sends the same whatever the page.
		if vorgs != vorgsPerPage || fresh == 0 {
			break
		}
		resp = nil
	}
	if slices.Contains(tags, "") {
		return nil, nil
	}
	return tags, nil
}

// changedPage looks for a page that has changed. It returns ErrNotModified when
// there is none, the answer when it is the first, and nil when it is a later one:
// then all must be read from the first.
func (c *Client) changedPage(ctx context.Context, accountID string, prev PageTags) (*http.Response, error) {
	var unchanged error
	for i, tag := range prev {
		resp, err := c.computePage(ctx, accountID, i+1, tag)
		switch {
		case errors.Is(err, ErrNotModified):
			unchanged = err
			continue
		case err != nil || i == 0:
			return resp, err
		}
		_ = resp.Body.Close()
		return nil, nil
	}
	return nil, unchanged
}

func (c *Client) computePage(ctx context.Context, accountID string, page int, tag string) (*http.Response, error) {
	query := url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(vorgsPerPage)}}
	return c.get(ctx, computeServicesRoute, tag, query, accountID)
}

func (c *Client) readComputePage(resp *http.Response, reader *computeReader) (vorgs, fresh int, err error) {
	defer func() { _ = resp.Body.Close() }()
	vorgs, fresh, err = reader.page(resp.Body)
	if err != nil {
		return 0, 0, c.answerError(computeServicesRoute, resp, err)
	}
	return vorgs, fresh, nil
}
