package collector

import (
	"context"
)

// computeService is one compute service (vOrg), and why it cannot be asked for
// when its account's could not be listed.
type computeService struct {
	account, vorg string
	err           error
}

// key is unique among compute services.
func (s computeService) key() string { return s.account + "/" + s.vorg }

// serviceList lists the compute services that have bills and remembers them: the
// parts of an account that cannot be listed for once must be held, and only their
// keys say which they are.
type serviceList struct{ last []computeService }

// list returns the compute services of all accounts. Those of an account that
// cannot be listed are the ones known from before, with the error; where none are
// known, the failure is a result by itself.
func (l *serviceList) list(ctx context.Context, inventory Inventory) (services []computeService, failures []Result, err error) {
	accounts, err := inventory.Accounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	type listing struct {
		account string
		ids     []string
	}
	listings := make([]*listing, len(accounts))
	for i, account := range accounts {
		listings[i] = &listing{account: account.ID}
	}
	errs := forEach(ctx, len(listings), func(ctx context.Context, i int) (err error) {
		listings[i].ids, err = inventory.Services(ctx, listings[i].account)
		return err
	})
	for i, of := range listings {
		known := 0
		if err := errs[i]; err != nil {
			for _, s := range l.failed(err) {
				if s.account == of.account {
					services = append(services, s)
					known++
				}
			}
			if known == 0 {
				failures = append(failures, Result{Key: of.account, Account: of.account, Err: err})
			}
		}
		for _, id := range of.ids {
			services = append(services, computeService{account: of.account, vorg: id})
		}
	}
	l.last = services
	return services, failures, nil
}

// failed returns the services of the last list, each with an error.
func (l *serviceList) failed(err error) []computeService {
	services := make([]computeService, len(l.last))
	for i, s := range l.last {
		services[i] = computeService{s.account, s.vorg, err}
	}
	return services
}
