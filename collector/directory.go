package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ukcloud_exporter/portal"
)

// accountsFresh is how long one answer of GET /api/accounts serves all
// collectors: the collectors of one round ask once.
const accountsFresh = 5 * time.Second

// listingWait bounds the wait for the first answer of compute_services. The portal
// can take a minute for it, or hang, and others have their own work to do.
const listingWait = 5 * time.Second

// DirectoryAPI is what a Directory asks of the portal.
type DirectoryAPI interface {
	Accounts(context.Context, *portal.Answer[[]portal.Account]) (*portal.Answer[[]portal.Account], error)
	ComputeServices(ctx context.Context, accountID string, prev *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error)
	APICredentials(ctx context.Context, accountID string, prev *portal.Answer[[]portal.APICredential]) (*portal.Answer[[]portal.APICredential], error)
}

// Directory knows which accounts there are and which compute services they have.
// It is shared by the collectors, so that the portal, which takes a minute to
// list an estate, is not asked twice for the same.
type Directory struct {
	api  DirectoryAPI
	only []string // configured account ids; empty = all that the login sees
	// listed: the compute_services collector runs and tells what it saw.
	listed bool

	turn     chan struct{} // held by whoever asks for the accounts
	accounts *portal.Answer[[]portal.Account]
	asked    time.Time

	mu      sync.Mutex
	estates map[string]*estate // by account id
}

// estate is what was last seen in an account.
type estate struct {
	first    chan struct{} // closed when compute_services has answered or failed once
	told     bool
	err      error // of the last attempt
	known    bool
	services []string
	vdcNames []string
}

// NewDirectory returns a directory of the accounts in only, or of every account
// that the login sees. listed says that a compute_services collector will call
// saw for each account.
func NewDirectory(api DirectoryAPI, only []string, listed bool) *Directory {
	return &Directory{
		api: api, only: only, listed: listed,
		turn: make(chan struct{}, 1), estates: map[string]*estate{},
	}
}

// Accounts returns the accounts to collect, in the portal's order.
func (d *Directory) Accounts(ctx context.Context) ([]portal.Account, error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("list accounts: %w", context.Cause(ctx))
	}
	if d.accounts == nil || time.Since(d.asked) > accountsFresh {
		answer, err := d.api.Accounts(ctx, d.accounts)
		switch {
		case err == nil:
			d.accounts, d.asked = answer, time.Now()
		case len(d.only) > 0 && (forbidden(err) || errors.Is(err, portal.ErrNotFound)):
			// A login that may not list accounts can still be told their ids.
			return configured(d.only), nil
		default:
			return nil, fmt.Errorf("list accounts: %w", err)
		}
	}
	return d.chosen(d.accounts.Value), nil
}

func configured(ids []string) []portal.Account {
	accounts := make([]portal.Account, len(ids))
	for i, id := range ids {
		accounts[i].ID = id
	}
	return accounts
}

// chosen drops accounts that are not configured, and any that the portal lists
// twice. A configured id that the portal does not list is kept: asking for it
// shows the operator the portal's own refusal.
func (d *Directory) chosen(all []portal.Account) []portal.Account {
	seen := map[string]bool{}
	var accounts []portal.Account
	for _, a := range all {
		if !seen[a.ID] && (len(d.only) == 0 || slices.Contains(d.only, a.ID)) {
			seen[a.ID] = true
			accounts = append(accounts, a)
		}
	}
	for _, a := range configured(d.only) {
		if !seen[a.ID] {
			seen[a.ID] = true
			accounts = append(accounts, a)
		}
	}
	return accounts
}

func (d *Directory) estate(account string) *estate {
	e := d.estates[account]
	if e == nil {
		e = &estate{first: make(chan struct{})}
		d.estates[account] = e
	}
	return e
}

// saw takes what compute_services said of an account, or why it said nothing.
func (d *Directory) saw(account string, services, vdcNames []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.estate(account)
	e.err = err
	if err == nil {
		e.known, e.services, e.vdcNames = true, services, vdcNames
	}
	if !e.told {
		e.told = true
		close(e.first)
	}
}

// VDCNames returns the names of an account's VDCs as compute_services last listed
// them; none where that collector does not run or has not succeeded.
func (d *Directory) VDCNames(ctx context.Context, account string) []string {
	if !d.listed {
		return nil
	}
	e, err := d.afterFirst(ctx, account)
	if err != nil {
		return nil
	}
	return e.vdcNames
}

// Services returns the ids of an account's compute services: those that
// compute_services last listed, or, where that has not been seen, those of
// api_credentials.
func (d *Directory) Services(ctx context.Context, account string) ([]string, error) {
	services, known, err := d.fromCompute(ctx, account)
	if known {
		return services, nil
	}
	credentials, credErr := d.api.APICredentials(ctx, account, nil)
	if credErr != nil {
		if err == nil || forbidden(err) {
			err = credErr
		}
		return nil, fmt.Errorf("list compute services of account %s: %w", account, err)
	}
	for _, c := range credentials.Value {
		services = append(services, c.ServiceID)
	}
	slices.Sort(services)
	return slices.Compact(services), nil
}

func (d *Directory) fromCompute(ctx context.Context, account string) (services []string, known bool, err error) {
	if !d.listed {
		return d.list(ctx, account)
	}
	e, err := d.afterFirst(ctx, account)
	if err != nil {
		return nil, false, err
	}
	return e.services, e.known, e.err
}

// afterFirst returns what is known of an account once compute_services has
// answered or failed for the first time, or will not do so soon.
func (d *Directory) afterFirst(ctx context.Context, account string) (estate, error) {
	d.mu.Lock()
	first := d.estate(account).first
	d.mu.Unlock()
	timer := time.NewTimer(listingWait)
	defer timer.Stop()
	select {
	case <-first:
	case <-timer.C:
	case <-ctx.Done():
		return estate{}, context.Cause(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e := *d.estate(account)
	if !e.told {
		e.err = errNotListed
	}
	return e, nil
}

// list reads compute_services for its vOrgs only.
func (d *Directory) list(ctx context.Context, account string) (services []string, known bool, err error) {
	answer, err := d.api.ComputeServices(ctx, account, nil)
	if err != nil {
		return nil, false, err
	}
	return serviceIDs(answer.Value), true, nil
}

// serviceIDs returns each id once, in the portal's order.
func serviceIDs(vorgs portal.Estate) []string {
	var ids []string
	for _, v := range vorgs {
		if v.ServiceID != "" && !slices.Contains(ids, v.ServiceID) {
			ids = append(ids, v.ServiceID)
		}
	}
	return ids
}
