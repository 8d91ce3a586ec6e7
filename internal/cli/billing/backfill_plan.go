package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/prometheus/common/model"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/bill"
)

// checkLabels refuses labels that the samples have already, or that are none.
func (c *backfill) checkLabels() error {
	for name := range c.labels {
		if !model.LegacyValidation.IsValidLabelName(name) {
			return fmt.Errorf("--label: %q is no label name", name)
		}
		for _, f := range collector.DatedBillingFamilies() {
			if slices.Contains(f.Labels, name) {
				return fmt.Errorf("--label: %s is a label of the metrics already", name)
			}
		}
	}
	return nil
}

// plan says which files are to be written, and where the bills are.
func (c *backfill) plan(ctx context.Context, log *slog.Logger) (source, []job, []error, error) {
	if len(c.files) > 0 {
		files, jobs, err := c.planFiles()
		return files, jobs, nil, err
	}
	if c.from == (bill.Month{}) || c.to == (bill.Month{}) {
		return nil, nil, nil, errors.New("--from and --to, or files, are needed")
	}
	portal, err := c.env.Portal(ctx, log, c.login)
	if err != nil {
		return nil, nil, nil, err
	}
	all, failed, err := services(ctx, portal, c.org)
	var jobs []job
	for _, s := range all {
		for m := c.from; m.Compare(c.to) <= 0; m = m.Next() {
			jobs = append(jobs, job{s, m})
		}
	}
	return &portalSource{portal}, jobs, failed, err
}

// planFiles groups the files by compute service, oldest month first.
func (c *backfill) planFiles() (fileSource, []job, error) {
	if len(c.files) > 1 && slices.ContainsFunc(c.files, isStandardInput) {
		return nil, nil, errors.New("standard input must be the only file")
	}
	all, err := distinctInputs(c.files, c.env.Stdin)
	if err != nil {
		return nil, nil, err
	}
	files := fileSource{}
	var jobs []job
	for _, in := range all {
		if err := c.identify(&in); err != nil {
			return nil, nil, err
		}
		key := fileKey{in.org, in.month}
		if other, twice := files[key]; twice {
			return nil, nil, fmt.Errorf("%s and %s are the same bill", other.name, in.name)
		}
		files[key] = in
		account := cmp.Or(c.account, accountOf(in.org))
		if account == "" {
			return nil, nil, fmt.Errorf("%s: --account is needed: %q does not say which account it is of", in.name, in.org)
		}
		if c.inRange(in.month) && (c.org == "" || in.org == c.org) {
			jobs = append(jobs, job{service{account, in.org}, in.month})
		}
	}
	if len(jobs) == 0 {
		return nil, nil, errors.New("no file is of the months and the compute service that were asked for")
	}
	slices.SortFunc(jobs, func(a, b job) int { return cmp.Or(cmp.Compare(a.org, b.org), a.month.Compare(b.month)) })
	return files, jobs, nil
}

func (c *backfill) inRange(m bill.Month) bool {
	none := bill.Month{}
	return (c.from == none || m.Compare(c.from) >= 0) && (c.to == none || m.Compare(c.to) <= 0)
}

// identify fills in what the file's name does not say.
func (c *backfill) identify(in *input) error {
	if in.org == "" {
		in.org = c.org
	}
	if in.month == (bill.Month{}) && c.from == c.to {
		in.month = c.from
	}
	if in.org == "" || in.month == (bill.Month{}) {
		return fmt.Errorf("%s: the name does not say which bill it is: name it %s, or give --org and the same --from and --to",
			in.name, fileName("ORG", bill.Month{Year: 2018, Month: 1}))
	}
	return nil
}
