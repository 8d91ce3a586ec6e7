// Package collector turns what the portal's endpoints say into metric families:
// one file for each endpoint.
//
// A collector is asked for parts. A part is what one account gave (for billing:
// one compute service), whole or not at all. Parts are immutable, so the engine
// may keep the last good one while another account moves on.
package collector

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

// Collector reads one endpoint of the portal.
type Collector interface {
	// Name is the collector's name in configuration, flags and labels.
	Name() string
	// Families returns the families that it exposes, in order of exposition.
	Families() []*exposition.Desc
	// Collect asks the portal. previous returns the last good part of a key, nil
	// when there is none; a part that is returned again is unchanged. The error
	// is for a failure before the parts are known; one part's own failure stands
	// in its Result.
	Collect(ctx context.Context, previous func(key string) Part) ([]Result, error)
}

// Part is an immutable set of samples.
type Part interface {
	// Write writes the samples of the i-th of the collector's families.
	Write(i int, w *exposition.Writer)
	// Unknown counts, by the portal's field name, values that the API reference
	// does not list. Fields that are watched stand there with 0.
	Unknown() map[string]int
}

// Result is one part or why it could not be had.
type Result struct {
	Key     string // unique among a collector's parts
	Account string // for ukcloud_account_forbidden; "" when the part is not an account's
	// Part is nil when Err is not, but for one case: a part that is held but means
	// something else now, such as a bill whose month has ended. Then Part is what
	// the held part of this key is to be replaced by, and it stays as old as that
	// is; where none is held, it is dropped.
	Part Part
	Err  error
}

// family is a metric family of parts of type P.
type family[P any] struct {
	exposition.Desc
	write func(p P, w *exposition.Writer)
}

// families is the table that says, for one collector, what is exposed and how.
type families[P any] []family[P]

func (f families[P]) descs() []*exposition.Desc {
	descs := make([]*exposition.Desc, len(f))
	for i := range f {
		descs[i] = &f[i].Desc
	}
	return descs
}

// part is a Part whose samples are written by a table.
type part[P any] struct {
	data    P
	table   families[P]
	unknown map[string]int
}

func (p *part[P]) Write(i int, w *exposition.Writer) { p.table[i].write(p.data, w) }

func (p *part[P]) Unknown() map[string]int { return p.unknown }

// dataOf returns the data of a part that this collector made before.
func dataOf[P any](p Part) (data P, ok bool) {
	if p, is := p.(*part[P]); is {
		return p.data, true
	}
	return data, false
}

// atOnce bounds the parts of one collector that are fetched at the same time;
// the portal client bounds the calls of all together.
const atOnce = 8

// forEach runs do for 0 to n-1, several at a time, and returns their errors by
// number. A panic is an error.
func forEach(ctx context.Context, n int, do func(ctx context.Context, i int) error) []error {
	errs := make([]error, n)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = PanicError(r)
				}
			}()
			errs[i] = do(ctx, i)
			return nil
		})
	}
	_ = group.Wait() // each one's error stands in errs
	return errs
}

// fetchAccounts fetches a part for each account.
func fetchAccounts(ctx context.Context, accounts []portal.Account, fetch func(context.Context, portal.Account) (Part, error)) []Result {
	results := make([]Result, len(accounts))
	for i, a := range accounts {
		results[i] = Result{Key: a.ID, Account: a.ID}
	}
	for i, err := range forEach(ctx, len(accounts), func(ctx context.Context, i int) (err error) {
		results[i].Part, err = fetch(ctx, accounts[i])
		return err
	}) {
		results[i].Err = err
	}
	return results
}

// PanicError makes an error of a recovered panic, with the stack of where it
// came from: it is logged once, as the collector's failure.
func PanicError(recovered any) error {
	return fmt.Errorf("panic: %v\n%s", recovered, debug.Stack())
}

// forbidden tells whether an error means that the login may not see this
// account, which is the account's state and no failure of the collector.
func forbidden(err error) bool { return errors.Is(err, portal.ErrForbidden) }

// Forbidden tells whether the portal refused this account's part to the login. A
// refusal of what is no account's is a failure like any other.
func (r Result) Forbidden() bool { return r.Err != nil && r.Account != "" && forbidden(r.Err) }
