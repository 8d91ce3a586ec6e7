package collector_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/state"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/portal"
)

// billRow is a row of a bill that costs cost for computing.
type billRow struct{ day, vm, cost string }

// billText writes a billing CSV.
func billText(rows ...billRow) string {
	var all []cells
	for _, row := range rows {
		all = append(all, cells{
			csvparse.EventDate: row.day, csvparse.ResourceID: row.vm, csvparse.VDC: "Main", csvparse.Service: "VMware VM",
			csvparse.PowerState: "On", csvparse.UsageHours: "24", csvparse.ComputeTotal: row.cost, csvparse.TotalPrice: row.cost,
		})
	}
	return billgen.CSV(all...)
}

// bills is a portal that has nothing but bills, by "org period".
type bills struct {
	texts    map[string]string
	errs     map[string]error // in place of an answer
	asked    []string
	served   int           // answers that were not 304
	noTags   bool          // the portal gives no ETag
	unproven bool          // nothing proves an answer's end
	ahead    time.Duration // of the portal's clock
	mu       sync.Mutex
}

func (b *bills) ClockOffset() (time.Duration, bool) { return b.ahead, true }

func (b *bills) BillingCSV(_ context.Context, period, org, etag string) (*portal.Stream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := org + " " + period
	b.asked = append(b.asked, key)
	if err := b.errs[key]; err != nil {
		return nil, err
	}
	text, ok := b.texts[key]
	if !ok {
		text = billText()
	}
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, text)
	tag := fmt.Sprintf(`W/"%x"`, hash.Sum64())
	if b.noTags {
		tag = ""
	}
	if tag != "" && tag == etag {
		return nil, portal.ErrNotModified
	}
	b.served++
	return &portal.Stream{ReadCloser: io.NopCloser(strings.NewReader(text)), ETag: tag, Proven: !b.unproven}, nil
}

// answers takes what was asked since the last call, sorted.
func (b *bills) answers() []string {
	asked := b.asked
	b.asked = nil
	slices.Sort(asked)
	return asked
}

// orgs is a portal that has accounts and their compute services.
type orgs struct {
	accounts []portal.Account
	services map[string][]string // by account
	err      error               // of the list of accounts
	refused  map[string]error    // of the list of services, by account
	gone     bool                // compute_services: only api_credentials lists services
}

func (o *orgs) Accounts(context.Context, *portal.Answer[[]portal.Account]) (*portal.Answer[[]portal.Account], error) {
	return &portal.Answer[[]portal.Account]{Value: o.accounts}, o.err
}

func (o *orgs) ComputeServices(_ context.Context, account string, _ *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error) {
	if err := o.refused[account]; err != nil {
		return nil, err
	}
	if o.gone {
		return nil, portal.ErrNotFound
	}
	answer := &portal.Answer[portal.Estate]{}
	for _, id := range o.services[account] {
		answer.Value = append(answer.Value, &portal.VOrg{ServiceID: id})
	}
	return answer, nil
}

func (o *orgs) APICredentials(_ context.Context, account string, _ *portal.Answer[[]portal.APICredential]) (*portal.Answer[[]portal.APICredential], error) {
	if err := o.refused[account]; err != nil {
		return nil, err
	}
	answer := &portal.Answer[[]portal.APICredential]{}
	for _, id := range o.services[account] {
		answer.Value = append(answer.Value, portal.APICredential{ServiceID: id})
	}
	return answer, nil
}

// one is an account with one compute service.
func one() *orgs {
	return &orgs{accounts: []portal.Account{{ID: "1", Name: "Demo"}}, services: map[string][]string{"1": {"11-1-1-abc"}}}
}

func store(t *testing.T) *state.Store {
	t.Helper()
	s, err := state.Open("", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// bench is a billing_csv collector with a clock, and what is held between its rounds.
type bench struct {
	t         *testing.T
	api       collector.BillingAPI
	orgs      inventory.API
	store     *state.Store
	archive   collector.Archive // nil for none
	settings  collector.BillingSettings
	log       *slog.Logger
	now       time.Time
	collector *collector.BillingCSV
	held      map[string]*collector.Part
	order     []string
	results   []collector.Result // of the last round
	err       error
}

func newBench(t *testing.T, api collector.BillingAPI, orgs inventory.API, now string) *bench {
	t.Helper()
	b := &bench{t: t, api: api, orgs: orgs, store: store(t), settings: collector.BillingSettings{VMLimit: 10}, log: discard()}
	b.at(now)
	b.restart()
	return b
}

// restart replaces the process: what is left is the state.
func (b *bench) restart() {
	b.collector = collector.NewBillingCSV(b.api, inventory.New(b.orgs, nil), b.store.Section("billing_csv"), b.archive, b.log, b.settings)
	b.collector.SetNow(func() time.Time { return b.now })
	b.held, b.order = map[string]*collector.Part{}, nil
}

// at sets the clock.
func (b *bench) at(text string) {
	b.t.Helper()
	now, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		b.t.Fatal(err)
	}
	b.now = now
}

// round collects once and holds what is to be held.
func (b *bench) round() string {
	b.t.Helper()
	b.results, b.err = b.collector.Collect(b.t.Context(), func(key string) *collector.Part { return b.held[key] }, func(...collector.Result) {})
	if b.err != nil {
		return b.exposed()
	}
	held := map[string]*collector.Part{}
	b.order = nil
	for _, r := range b.results {
		last, ok := b.held[r.Key]
		switch {
		case r.Err == nil:
			last = r.Part
		case !ok:
			continue
		case r.Part != nil:
			last = r.Part
		}
		held[r.Key] = last
		b.order = append(b.order, r.Key)
	}
	b.held = held
	return b.exposed()
}

// exposed is what is held. No series may be there twice.
func (b *bench) exposed() string {
	b.t.Helper()
	var parts []*collector.Part
	for _, key := range b.order {
		parts = append(parts, b.held[key])
	}
	text, duplicates, err := snapshot.Text(b.collector.Families(), parts...)
	if err != nil || duplicates > 0 {
		b.t.Errorf("%s: %d series are there twice, %v", b.now, duplicates, err)
	}
	return samples(text)
}

// errsOf are the results' errors, by key.
func (b *bench) errsOf() map[string]string {
	errs := map[string]string{}
	for _, r := range b.results {
		if r.Err != nil {
			errs[r.Key] = r.Err.Error()
		}
	}
	return errs
}

// only are the samples of some families, without their prefix and common labels.
func only(text string, families ...string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		for _, f := range families {
			if strings.HasPrefix(line, "ukcloud_billing_"+f) {
				kept.WriteString(strings.TrimPrefix(line, "ukcloud_billing_"))
			}
		}
	}
	return kept.String()
}
