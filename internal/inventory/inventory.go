// Package inventory knows which accounts the login sees and what each of them
// has. It asks the portal itself, for all who want to know: the portal takes a
// minute to list a large estate, and is not asked twice for the same.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ukcloud_exporter/portal"
)

// accountsFresh is how long one answer of GET /api/accounts serves everybody: the
// collectors of one round ask once.
const accountsFresh = 5 * time.Second

// listingFresh is how old a listing may be that says which compute services and
// VDCs there are: they change rarely.
const listingFresh = time.Hour

// emptyFor is how long the portal must go on saying that there is no account where
// there were some, before it is believed: it may be a portal that has lost its data
// for a moment, and everything that is known would be gone.
const emptyFor = time.Hour

var errSuddenlyEmpty = errors.New("the list is suddenly empty")

// API is what an Inventory asks of the portal.
type API interface {
	Accounts(context.Context, *portal.Answer[[]portal.Account]) (*portal.Answer[[]portal.Account], error)
	ComputeServices(ctx context.Context, accountID string, prev *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error)
	APICredentials(ctx context.Context, accountID string, prev *portal.Answer[[]portal.APICredential]) (*portal.Answer[[]portal.APICredential], error)
}

// listing is what compute_services lists of an account.
type listing = *portal.Answer[portal.Estate]

// Inventory answers from the portal's last answers and asks again when they are
// too old for the caller. It is safe for concurrent use.
type Inventory struct {
	api  API
	only []string // configured account ids; empty = all that the login sees

	accounts question[*portal.Answer[[]portal.Account]]
	empty    time.Time // since when the portal lists none where it listed some; belongs to who asks

	mu       sync.Mutex
	listings map[string]*question[listing] // by account id
}

// New returns an inventory of the accounts in only, or of every account that the
// login sees.
func New(api API, only []string) *Inventory {
	return &Inventory{api: api, only: only, listings: map[string]*question[listing]{}}
}

// Listed returns every account that the login sees, in the portal's order (API
// reference, GET /api/accounts).
func (i *Inventory) Listed(ctx context.Context) ([]portal.Account, error) {
	answer, err := i.accounts.ask(ctx, time.Now().Add(-accountsFresh), i.list)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return answer.Value, nil
}

// list asks for the accounts. A list that is suddenly empty is a failure until it has
// been so for an hour.
func (i *Inventory) list(ctx context.Context, last *portal.Answer[[]portal.Account]) (*portal.Answer[[]portal.Account], error) {
	answer, err := i.api.Accounts(ctx, last)
	if err != nil {
		return nil, err
	}
	if last == nil || len(last.Value) == 0 || len(answer.Value) > 0 {
		i.empty = time.Time{}
		return answer, nil
	}
	if i.empty.IsZero() {
		i.empty = time.Now()
	}
	if time.Since(i.empty) < emptyFor {
		return nil, fmt.Errorf("%w, after %d accounts; it is believed when it still is at %s",
			errSuddenlyEmpty, len(last.Value), i.empty.Add(emptyFor).UTC().Format(time.TimeOnly))
	}
	return answer, nil
}

// Accounts returns the accounts to collect: those that are configured, or every one
// that the login sees.
func (i *Inventory) Accounts(ctx context.Context) ([]portal.Account, error) {
	listed, err := i.Listed(ctx)
	if err != nil && (len(i.only) == 0 || !errors.Is(err, portal.ErrForbidden) && !errors.Is(err, portal.ErrNotFound)) {
		return nil, err
	}
	return i.chosen(listed), nil // a login that may not list accounts can still be told their ids
}

// chosen drops accounts that are not configured, and any that the portal lists
// twice. A configured id that the portal does not list is kept: asking for it
// shows the operator the portal's own refusal.
func (i *Inventory) chosen(all []portal.Account) []portal.Account {
	seen := map[string]bool{}
	var accounts []portal.Account
	add := func(a portal.Account) {
		if !seen[a.ID] {
			seen[a.ID] = true
			accounts = append(accounts, a)
		}
	}
	for _, a := range all {
		if len(i.only) == 0 || slices.Contains(i.only, a.ID) {
			add(a)
		}
	}
	for _, id := range i.only {
		add(portal.Account{ID: id})
	}
	return accounts
}

// Estate returns what an account has, from an answer that the portal was asked for
// at since or later. Whoever comes while the portal is being asked gets that
// answer. The same pointer means that nothing has changed.
func (i *Inventory) Estate(ctx context.Context, account string, since time.Time) (*portal.Answer[portal.Estate], error) {
	return i.listing(account).ask(ctx, since, func(ctx context.Context, last listing) (listing, error) {
		return i.api.ComputeServices(ctx, account, last)
	})
}

// Services returns the ids of an account's compute services, each once, in the
// portal's order: those of compute_services, or of api_credentials where
// compute_services has never been answered.
func (i *Inventory) Services(ctx context.Context, account string) ([]string, error) {
	var ids []string
	estate, err := i.recent(ctx, account)
	if estate != nil {
		for _, v := range estate.Value {
			if v.ServiceID != "" && !slices.Contains(ids, v.ServiceID) {
				ids = append(ids, v.ServiceID)
			}
		}
		return ids, nil
	}
	credentials, credErr := i.api.APICredentials(ctx, account, nil)
	if credErr != nil {
		if errors.Is(err, portal.ErrForbidden) {
			err = credErr
		}
		return nil, fmt.Errorf("list compute services of account %s: %w", account, err)
	}
	for _, c := range credentials.Value {
		ids = append(ids, c.ServiceID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// ServiceNames returns the names of an account's compute services by their ids, none
// where they cannot be known.
func (i *Inventory) ServiceNames(ctx context.Context, account string) map[string]string {
	estate, _ := i.recent(ctx, account) // whoever needs the listing itself reports the error
	if estate == nil {
		return nil
	}
	names := map[string]string{}
	for _, v := range estate.Value {
		if v.ServiceID != "" && v.Name != "" {
			names[v.ServiceID] = v.Name
		}
	}
	return names
}

// VDCNames returns the names of an account's VDCs, none where they cannot be known.
func (i *Inventory) VDCNames(ctx context.Context, account string) []string {
	estate, _ := i.recent(ctx, account) // whoever needs the listing itself reports the error
	if estate == nil {
		return nil
	}
	var names []string
	for v := range estate.Value.VDCs() {
		names = append(names, v.Name)
	}
	return names
}

// recent returns a listing that was asked for within the last hour; when the portal
// gives none, the newest that there is, with the error.
func (i *Inventory) recent(ctx context.Context, account string) (listing, error) {
	estate, err := i.Estate(ctx, account, time.Now().Add(-listingFresh))
	if err != nil {
		return i.listing(account).last(), err
	}
	return estate, nil
}

func (i *Inventory) listing(account string) *question[listing] {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := i.listings[account]
	if q == nil {
		q = new(question[listing])
		i.listings[account] = q
	}
	return q
}
