package collector

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

// BuildsAPI is what the builds collector asks of the portal.
type BuildsAPI interface {
	Builds(ctx context.Context, accountID string, kind portal.BuildKind, prev *portal.Answer[[]portal.Build]) (*portal.Answer[[]portal.Build], error)
}

// Builds exposes self-service builds (API reference, GET
// /api/accounts/:account_id/vorg-builds, vdc-builds and edge-gateway-builds).
type Builds struct {
	api       BuildsAPI
	directory *Directory
	table     families[*builds]
}

// NewBuilds returns the collector.
func NewBuilds(api BuildsAPI, directory *Directory) *Builds {
	return &Builds{api: api, directory: directory, table: buildFamilies()}
}

// Name implements Collector.
func (*Builds) Name() string { return "builds" }

// Families implements Collector.
func (c *Builds) Families() []*exposition.Desc { return c.table.descs() }

// Collect implements Collector. A part is an account with its three lists.
func (c *Builds) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	accounts, err := c.directory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	return fetchAccounts(ctx, accounts, func(ctx context.Context, account portal.Account) (Part, error) {
		return c.account(ctx, account.ID, previous(account.ID))
	}), nil
}

var buildKinds = [...]portal.BuildKind{portal.BuildVOrg, portal.BuildVDC, portal.BuildEdgeGateway}

// buildStates are the states that the API reference lists.
var buildStates = [...]string{"approved", "running", "completed", "failed"}

// builds counts the builds of an account.
type builds struct {
	account string
	answers [len(buildKinds)]*portal.Answer[[]portal.Build]
	counts  [len(buildKinds)]map[string]int64 // by state
}

func (c *Builds) account(ctx context.Context, account string, last Part) (Part, error) {
	data := &builds{account: account}
	old, ok := dataOf[*builds](last)
	if ok {
		data.answers = old.answers
	}
	for i, kind := range buildKinds {
		answer, err := c.api.Builds(ctx, account, kind, data.answers[i])
		if err != nil {
			return nil, fmt.Errorf("list %s builds of account %s: %w", kind, account, err)
		}
		data.answers[i] = answer
	}
	if ok && data.answers == old.answers {
		return last, nil
	}
	unknown := map[string]int{"state": 0}
	for i, answer := range data.answers {
		data.counts[i] = countBuilds(answer.Value, unknown)
	}
	return &part[*builds]{data, c.table, unknown}, nil
}

// countBuilds counts by state, with 0 for every known state. A state that the
// API reference does not list keeps its own name, so that no build is lost.
func countBuilds(list []portal.Build, unknown map[string]int) map[string]int64 {
	counts := map[string]int64{}
	for _, state := range buildStates {
		counts[state] = 0
	}
	for _, b := range list {
		if !slices.Contains(buildStates[:], b.State) {
			unknown["state"]++
		}
		counts[b.State]++
	}
	return counts
}

func buildFamilies() families[*builds] {
	return families[*builds]{
		{exposition.Desc{
			Name: "ukcloud_builds", Labels: []string{"account", "kind", "state"},
			Help: "Self-service builds that the portal lists, by kind (vorg, vdc, edge_gateway) and state (approved, running, completed, failed).",
		}, func(b *builds, w *exposition.Writer) {
			for i, kind := range buildKinds {
				for _, state := range slices.Sorted(maps.Keys(b.counts[i])) {
					w.Int("", b.counts[i][state], "account", b.account, "kind", string(kind), "state", state)
				}
			}
		}},
	}
}
