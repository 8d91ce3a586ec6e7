package billing

import (
	"context"
	"fmt"
	"io"
	"strings"

	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/inventory"
)

// service is one compute service.
type service struct{ account, org string }

// services returns the compute service that was asked for, or every one that the
// login sees. failed are the accounts that cannot be listed, with the reason.
func services(ctx context.Context, p *Portal, org string) (all []service, failed []error, err error) {
	return listServices(ctx, inventory.New(p.API, p.Accounts), org)
}

func listServices(ctx context.Context, inventory *inventory.Inventory, org string) (all []service, failed []error, err error) {
	if org != "" {
		return []service{{accountOf(org), org}}, nil, nil
	}
	accounts, err := inventory.Accounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, account := range accounts {
		ids, err := inventory.Services(ctx, account.ID)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		for _, id := range ids {
			all = append(all, service{account.ID, id})
		}
	}
	if len(all) == 0 && len(failed) == 0 {
		err = fmt.Errorf("the login sees no compute service")
	}
	return all, failed, err
}

// namesOf asks the portal for the names of accounts and compute services. What it does
// not say has none: the bills are worth saving all the same.
func namesOf(ctx context.Context, inventory *inventory.Inventory, all []service) portalNames {
	known := portalNames{map[string]string{}, map[string]string{}}
	accounts, _ := inventory.Listed(ctx) // a login that may not list accounts has their bills all the same
	for _, account := range accounts {
		known.Accounts[account.ID] = account.Name
	}
	asked := map[string]map[string]string{}
	for _, s := range all {
		if asked[s.account] == nil && s.account != "" {
			asked[s.account] = inventory.ServiceNames(ctx, s.account)
		}
		known.ComputeServices[s.org] = asked[s.account][s.org]
	}
	return known
}

// accountOf returns the account that a compute service belongs to: the second
// part of its id (all public clients rely on it); "" for an id of another form.
func accountOf(org string) string {
	parts := strings.Split(org, "-")
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}

// failures says each failure on a line of its own and makes one error of them. Where
// something was done all the same, it is what was left out.
func failures(stderr io.Writer, what string, failed []error, done int) (err error) {
	switch len(failed) {
	case 0:
		return nil
	case 1:
		err = failed[0]
	default:
		for _, err := range failed {
			fmt.Fprintln(stderr, err)
		}
		err = fmt.Errorf("%s: %d failures", what, len(failed))
	}
	if done > 0 {
		return exitstatus.Incomplete(err)
	}
	return err
}

// count writes a number of things.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
