package collector

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"ukcloud_exporter/portal"
)

func builds() Definition {
	return define("builds", "Builds of vOrgs, VDCs and edge gateways.",
		[]string{
			"/api/accounts/:account_id/vorg-builds", "/api/accounts/:account_id/vdc-builds",
			"/api/accounts/:account_id/edge-gateway-builds",
		},
		every(5*time.Minute, time.Hour),
		func(d Deps, _ Schedule) Collector { return NewBuilds(d.Portal, d.Inventory) })
}

// BuildsAPI is what the builds collector asks of the portal.
type BuildsAPI interface {
	Builds(ctx context.Context, accountID string, kind portal.BuildKind, prev *portal.Answer[[]portal.Build]) (*portal.Answer[[]portal.Build], error)
}

// Builds exposes self-service builds (API reference, GET
// /api/accounts/:account_id/vorg-builds, vdc-builds and edge-gateway-builds).
type Builds struct {
	api       BuildsAPI
	inventory Inventory
}

// NewBuilds returns the collector.
func NewBuilds(api BuildsAPI, inventory Inventory) *Builds {
	return &Builds{api: api, inventory: inventory}
}

var buildKinds = [...]portal.BuildKind{portal.BuildVOrg, portal.BuildVDC, portal.BuildEdgeGateway}

// buildStates are the states that the API reference lists.
var buildStates = [...]string{"approved", "running", "completed", "failed"}

// BuildsPart is the data of a part: the builds of one account.
type BuildsPart struct {
	Account string
	Lists   [len(buildKinds)]*portal.Answer[[]portal.Build] // of vOrgs, VDCs and edge gateways
	counts  [len(buildKinds)]map[string]int                 // by state
}

// Families implements Collector.
func (*Builds) Families() []Family {
	return []Family{
		family("ukcloud_builds",
			"Self-service builds that the portal lists, by kind (vorg, vdc, edge_gateway) and state (approved, running, completed, failed).",
			[]string{"account", "kind", "state"}, (*BuildsPart).samples),
	}
}

func (p *BuildsPart) samples() (samples []Sample) {
	for i, kind := range buildKinds {
		for _, state := range slices.Sorted(maps.Keys(p.counts[i])) {
			samples = append(samples, Sample{
				Labels: []string{p.Account, string(kind), state}, Value: float64(p.counts[i][state]),
			})
		}
	}
	return samples
}

// Collect implements Collector. A part is an account with its three lists.
func (c *Builds) Collect(ctx context.Context, previous func(string) *Part, publish func(...Result)) ([]Result, error) {
	accounts, err := c.inventory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	return fetchAccounts(ctx, accounts, publish, func(ctx context.Context, account portal.Account) (*Part, error) {
		return c.account(ctx, account.ID, previous(account.ID))
	}), nil
}

func (c *Builds) account(ctx context.Context, account string, last *Part) (*Part, error) {
	data := &BuildsPart{Account: account}
	old := dataOf[BuildsPart](last)
	if old != nil {
		data.Lists = old.Lists
	}
	for i, kind := range buildKinds {
		list, err := c.api.Builds(ctx, account, kind, data.Lists[i])
		if err != nil {
			return nil, fmt.Errorf("list %s builds of account %s: %w", kind, account, err)
		}
		data.Lists[i] = list
	}
	if old != nil && data.Lists == old.Lists {
		return last, nil
	}
	unknown := map[string]int{"state": 0}
	for i, list := range data.Lists {
		withMalformed(unknown, list.Malformed)
		data.counts[i] = countBuilds(list.Value, unknown)
	}
	return &Part{data, unknown}, nil
}

// maxStates bounds the states or statuses of the portal's own choosing that are told
// apart; what is beyond is otherValue.
const maxStates = 100

// countBuilds counts by state, with 0 for every known state. A state that the
// API reference does not list keeps its own name, so that no build is lost.
func countBuilds(list []portal.Build, unknown map[string]int) map[string]int {
	counts := map[string]int{}
	for _, state := range buildStates {
		counts[state] = 0
	}
	for _, b := range list {
		if !slices.Contains(buildStates[:], b.State) {
			unknown["state"]++
		}
		state := b.State
		if _, known := counts[state]; !known && len(counts) >= maxStates {
			state = otherValue
		}
		counts[state]++
	}
	return counts
}
