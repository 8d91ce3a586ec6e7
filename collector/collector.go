// Package collector turns what the portal's endpoints say into metric families:
// one file for each endpoint, and All, which lists them.
//
// A collector is asked for parts. A part is what one account gave (for billing:
// one compute service and month), whole or not at all. Parts are immutable data,
// so the last good one is kept while another account moves on. A family says which
// samples a part's data has.
package collector

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"ukcloud_exporter/portal"
)

// Collector reads one endpoint of the portal.
type Collector interface {
	// Families returns the families that it exposes, in order of exposition.
	Families() []Family
	// Collect asks the portal. previous returns the last good part of a key, nil
	// when there is none; a part that is returned again is unchanged. The error
	// is for a failure before the parts are known; one part's own failure stands
	// in its Result.
	//
	// publish takes the results of the round that are there already, so that one
	// part that does not come keeps no other back. Those of one call belong
	// together and are taken together; all are returned again in the end. It may be
	// called from any goroutine until Collect returns.
	Collect(ctx context.Context, previous func(key string) *Part, publish func(...Result)) ([]Result, error)
}

// Part is what one account gave. It is immutable.
type Part struct {
	// Data is the collector's own type, for example *ComputePart; each collector's
	// file says which.
	Data any
	// Unknown counts, by the portal's field name, values that the API reference
	// does not list. Fields that are watched stand there with 0.
	Unknown map[string]int
}

// Dated is the Data of a part that means something else from a moment on, whatever the
// portal says: the running month's bill is then the last one's. A part that an earlier
// process kept, which nobody can tell what it means now, disappears then.
type Dated interface {
	Until() time.Time
}

// Inventory says which accounts there are and what each has. It asks the portal once
// for all who want to know.
type Inventory interface {
	// Accounts returns the accounts to collect, in the portal's order.
	Accounts(ctx context.Context) ([]portal.Account, error)
	// Estate returns what an account had at since or later.
	Estate(ctx context.Context, account string, since time.Time) (*portal.Answer[portal.Estate], error)
	// Services returns the ids of an account's compute services.
	Services(ctx context.Context, account string) ([]string, error)
	// VDCNames returns the names of an account's VDCs; none where they are not known.
	VDCNames(ctx context.Context, account string) []string
}

// Result is one part or why it could not be had.
type Result struct {
	Key     string // unique among a collector's parts
	Account string // for ukcloud_account_forbidden; "" when the part is not an account's
	// Part is nil when Err is not, but for one case: a part that is held but means
	// something else now, such as a bill whose month has ended. Then Part is what
	// the held part of this key is to be replaced by, and it stays as old as that
	// is; where none is held, it is dropped.
	Part *Part
	Err  error
	// Instead are the keys of parts that this result stands for when it is published
	// before the round has ended; the end of a round needs none.
	Instead []string
}

// Forbidden reports whether the portal refused this account's part to the login. A
// refusal of what is no account's is a failure like any other.
func (r Result) Forbidden() bool {
	return r.Err != nil && r.Account != "" && errors.Is(r.Err, portal.ErrForbidden)
}

// Type is the type of a metric family.
type Type uint8

// The types that the portal's data needs.
const (
	Gauge Type = iota
	Counter
)

// String returns the word of the TYPE line.
func (t Type) String() string {
	if t == Counter {
		return "counter"
	}
	return "gauge"
}

// Family is a metric family.
type Family struct {
	Name   string
	Help   string
	Type   Type
	Labels []string // names
	// Samples returns the samples of a part's data. It returns the same ones each
	// time, and is called from any goroutine.
	Samples func(data any) []Sample
	// Subjects is nil unless the family has a gauge for each column of each of them: a
	// quicker way to the same samples.
	Subjects *Subjects
	Columns  []Column
}

// Sample is one sample of a family.
type Sample struct {
	Labels []string // values, in the order of the family's label names
	Value  float64
	// Created is when a counter began to count; zero when that is not known.
	Created time.Time
}

// family makes a gauge of parts whose data is a P.
func family[P any](name, help string, labels []string, samples func(data P) []Sample) Family {
	return Family{
		Name: name, Help: help, Labels: labels,
		Samples: func(data any) []Sample { return samples(data.(P)) },
	}
}

// counter is family for a counter.
func counter[P any](name, help string, labels []string, samples func(data P) []Sample) Family {
	f := family(name, help, labels, samples)
	f.Type = Counter
	return f
}

// one is the only sample of a part.
func one(value float64, labels ...string) []Sample {
	return []Sample{{Labels: labels, Value: value}}
}

// number is 1 for true and 0 for false.
func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// withMalformed adds what the portal client left absent because of its kind.
func withMalformed(unknown map[string]int, malformed ...map[string]int) map[string]int {
	for _, m := range malformed {
		for field, n := range m {
			unknown[field] += n
		}
	}
	return unknown
}

// dataOf returns the data of a part that this collector made before, nil when there
// is none.
func dataOf[P any](p *Part) *P {
	if p == nil {
		return nil
	}
	data, _ := p.Data.(*P)
	return data
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
			errs[i] = guarded(func() error { return do(ctx, i) })
			return nil
		})
	}
	_ = group.Wait() // each one's error stands in errs
	return errs
}

// guarded makes an error of a panic.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = PanicError(r)
		}
	}()
	return do()
}

// fetchAccounts fetches a part for each account and publishes it.
func fetchAccounts(ctx context.Context, accounts []portal.Account, publish func(...Result), fetch func(context.Context, portal.Account) (*Part, error)) []Result {
	results := make([]Result, len(accounts))
	for i, a := range accounts {
		results[i] = Result{Key: a.ID, Account: a.ID}
	}
	for i, err := range forEach(ctx, len(accounts), func(ctx context.Context, i int) (err error) {
		if results[i].Part, err = fetch(ctx, accounts[i]); err == nil {
			publish(results[i])
		}
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
