package billing

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/focus"
)

// whose says whose the bills are: by the names of their files, by what fetch wrote
// beside them, or as the command line says.
type whose struct {
	org, orgName         string
	account, accountName string
}

func whoseFlags(cmd *kingpin.CmdClause) *whose {
	w := &whose{}
	cmd.Flag("org", "Compute service (SubAccountId). Default: what the file's name says.").StringVar(&w.org)
	cmd.Flag("org-name", "Its name (SubAccountName). Default: what fetch wrote beside the file, else its id.").StringVar(&w.orgName)
	cmd.Flag("account", "Account (BillingAccountId). Default: the second part of the compute service's id.").StringVar(&w.account)
	cmd.Flag("account-name", "Its name (BillingAccountName). Default: what fetch wrote beside the file, else its id.").StringVar(&w.accountName)
	return w
}

// identify finds out whose each bill is. One name for several is an error.
func (w *whose) identify(all []input) ([]focus.Bill, error) {
	owners := make([]focus.Bill, len(all))
	orgs, accounts := map[string]bool{}, map[string]bool{}
	for i := range all {
		in := &all[i]
		in.org = cmp.Or(in.org, w.org)
		if w.org != "" && in.org != w.org {
			return nil, fmt.Errorf("%s is the bill of %s, not of %s", in.name, in.org, w.org)
		}
		account := cmp.Or(w.account, accountOf(in.org))
		if account == "" {
			return nil, fmt.Errorf("%s: the name does not say whose bill it is: name it %s, or give --org", in.name,
				fileName("ORG", bill.Month{Year: 2018, Month: 1}))
		}
		known, err := namesBeside(in)
		if err != nil {
			return nil, err
		}
		owners[i] = focus.Bill{
			Account: account, AccountName: cmp.Or(w.accountName, known.Accounts[account]),
			VOrg: in.org, VOrgName: cmp.Or(w.orgName, known.ComputeServices[in.org]), Month: in.month,
		}
		orgs[in.org], accounts[account] = true, true
	}
	if w.orgName != "" && len(orgs) > 1 {
		return nil, fmt.Errorf("--org-name is one name, and the bills are of %d compute services", len(orgs))
	}
	if w.accountName != "" && len(accounts) > 1 {
		return nil, fmt.Errorf("--account-name is one name, and the bills are of %d accounts", len(accounts))
	}
	return owners, nil
}

// namesFile is what fetch writes beside the bills: the portal's names, by id.
const namesFile = "names.json"

type portalNames struct {
	Accounts        map[string]string `json:"accounts"`
	ComputeServices map[string]string `json:"compute_services"`
}

// namesBeside reads the names beside a bill; there may be none.
func namesBeside(in *input) (known portalNames, err error) {
	if in.standardIn != nil {
		return known, nil
	}
	return readNames(filepath.Join(filepath.Dir(in.name), namesFile))
}

func readNames(path string) (known portalNames, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &known)
	}
	if err != nil {
		return known, fmt.Errorf("names of accounts: %s: %w", path, err)
	}
	return known, nil
}

// keep writes the names with those that stand there already, of other bills.
func (n portalNames) keep(dir string) error {
	path := filepath.Join(dir, namesFile)
	all, err := readNames(path)
	if err != nil {
		return err
	}
	all.Accounts, all.ComputeServices = joined(all.Accounts, n.Accounts), joined(all.ComputeServices, n.ComputeServices)
	content, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(content, '\n'))
		return err
	})
}

// joined returns the old names with the new ones; blank ones are none.
func joined(old, newer map[string]string) map[string]string {
	all := map[string]string{}
	for _, names := range []map[string]string{old, newer} {
		for id, name := range names {
			if name != "" {
				all[id] = name
			}
		}
	}
	return all
}

// outputFlag is the file that a command writes one document into.
func outputFlag(cmd *kingpin.CmdClause) *string {
	return cmd.Flag("output", "File to write. Default: standard output.").Short('o').PlaceHolder("FILE").String()
}

// writeOutput writes a file whole or not at all, or standard output.
func writeOutput(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(stdout)
	}
	return atomicfile.Write(path, write)
}
