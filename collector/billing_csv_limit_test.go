package collector_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

const (
	orgA, orgB, orgC = "1-1-1-aaaaaa", "1-1-2-bbbbbb", "2-1-1-cccccc"
	january18        = " 2018-01"
)

// limited is a bench whose accounts have so many VMs: account 1 two compute services,
// account 2 one.
func limited(t *testing.T, api collector.BillingAPI, limit, perAccount int) *bench {
	t.Helper()
	b := newBench(t, api, &orgs{
		accounts: []portal.Account{{ID: "1"}, {ID: "2"}}, services: map[string][]string{"1": {orgA, orgB}, "2": {orgC}},
	}, "2018-01-15 08:00")
	b.settings.VMLimit, b.settings.VMLimitPerAccount = limit, perAccount
	b.restart()
	return b
}

// shownVMs are the VMs that have a series and what the others of their service cost,
// by account and compute service.
func shownVMs(text string) string {
	var shown []string
	for line := range strings.Lines(only(text, "vm_month_to_date_cost_gbp")) {
		line = strings.NewReplacer(`vm_month_to_date_cost_gbp{account="`, "", `",vorg="`, " ", `",vm="`, " ", `"}`, "", "\n", "").Replace(line)
		shown = append(shown, strings.NewReplacer("1 "+orgA, "A", "1 "+orgB, "B", "2 "+orgC, "C", "__other__", "rest").Replace(line))
	}
	return strings.Join(shown, ", ")
}

// TestVMLimitPerAccount: the dearest of an account have series, whichever of its compute
// services they are of, and each service has the rest of its own.
func TestVMLimitPerAccount(t *testing.T) {
	failure := errors.New("503")
	vms := func(costs ...string) string {
		var rows []billRow
		for i, cost := range costs {
			rows = append(rows, billRow{"2018-01-10", string(rune('a' + i)), cost})
		}
		return billText(rows...)
	}
	tests := []struct {
		name              string
		limit, perAccount int
		rounds            []func(*bills) // what changes before each
		want              []string       // after each
	}{
		{"none", 2, 0, []func(*bills){func(*bills) {}}, []string{"A a 9, A b 8, A rest 7, B a 6, B b 5, B rest 4, C a 1, C b 1"}},
		{"of the account", 10, 4, []func(*bills){func(*bills) {}}, []string{"A a 9, A b 8, A c 7, B a 6, B rest 9, C a 1, C b 1"}},
		{"beside that of the service", 2, 3, []func(*bills){func(*bills) {}}, []string{"A a 9, A b 8, A rest 7, B a 6, B rest 9, C a 1, C b 1"}},
		{"more than there are", 10, 100, []func(*bills){func(*bills) {}}, []string{"A a 9, A b 8, A c 7, B a 6, B b 5, B c 4, C a 1, C b 1"}},
		{"none of a service", 10, 1, []func(*bills){func(*bills) {}}, []string{"A a 9, A rest 15, B rest 15, C a 1, C rest 1"}},
		{"none at all", 0, 5, []func(*bills){func(*bills) {}}, []string{"A rest 24, B rest 15, C rest 2"}},
		{"equal ones", 10, 3, []func(*bills){func(b *bills) {
			b.texts[orgA+january18], b.texts[orgB+january18] = vms("5", "5"), vms("5", "5")
		}}, []string{"A a 5, A b 5, B a 5, B rest 5, C a 1, C b 1"}},
		{"one comes later", 10, 2, []func(*bills){
			func(b *bills) { b.errs[orgB+january18] = failure },
			func(b *bills) { b.errs = nil; b.texts[orgB+january18] = vms("8.5") },
		}, []string{"A a 9, A b 8, A rest 7, C a 1, C b 1", "A a 9, A rest 15, B a 8.5, C a 1, C b 1"}},
		{"one fails and is held", 10, 3, []func(*bills){
			func(*bills) {},
			func(b *bills) { b.errs = map[string]error{orgB + january18: failure} },
			func(b *bills) { b.texts[orgA+january18] = vms("9", "5.5") }, // the held one has more of the three now
		}, []string{
			"A a 9, A b 8, A c 7, B rest 15, C a 1, C b 1", "A a 9, A b 8, A c 7, B rest 15, C a 1, C b 1",
			"A a 9, A b 5.5, B a 6, B rest 9, C a 1, C b 1",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := &bills{errs: map[string]error{}, texts: map[string]string{
				orgA + january18: vms("9", "8", "7"), orgB + january18: vms("6", "5", "4"), orgC + january18: vms("1", "1"),
			}}
			b := limited(t, api, tt.limit, tt.perAccount)
			for i, change := range tt.rounds {
				change(api)
				if got := shownVMs(b.round()); got != tt.want[i] {
					t.Errorf("round %d: %s\nwant %s", i, got, tt.want[i])
				}
			}
			held := b.held
			b.round()
			for key, part := range held {
				if b.held[key] != part {
					t.Errorf("part %s is another one, though nothing changed", key)
				}
			}
		})
	}
}

// TestVMLimitPerAccountOverAMonth: the bill that ran and is shown no more has no share.
func TestVMLimitPerAccountOverAMonth(t *testing.T) {
	api := &bills{texts: map[string]string{
		orgA + january18: billText(billRow{"2018-01-10", "a", "9"}, billRow{"2018-01-31", "a2", "8"}),
		orgB + january18: billText(billRow{"2018-01-31", "b", "7"}),
	}}
	b := limited(t, api, 10, 2)
	b.at("2018-01-31 20:00")
	if got, want := shownVMs(b.round()), "A a 9, A a2 8, B rest 7"; got != want {
		t.Errorf("in January: %s, want %s", got, want)
	}
	b.at("2018-02-02 08:00")
	api.texts[orgB+" 2018-02"] = billText(billRow{"2018-02-01", "b", "1"})
	api.errs = map[string]error{orgA + " 2018-02": errors.New("503")}
	if got, want := shownVMs(b.round()), "B b 1"; got != want {
		t.Errorf("in February: %s, want %s", got, want)
	}
}

// slowBills answers of one service when it may.
type slowBills struct {
	*bills
	slow string
	may  chan struct{}
}

func (b *slowBills) BillingCSV(ctx context.Context, period, org, etag string) (*portal.Stream, error) {
	if org == b.slow {
		select {
		case <-b.may:
		case <-time.After(20 * time.Second):
			return nil, errors.New("the others were not published")
		}
	}
	return b.bills.BillingCSV(ctx, period, org, etag)
}

// TestVMLimitPerAccountIsPublishedTogether: bills that share a limit are published in one,
// when the last has come, and keep those of other accounts from nothing; without such a
// limit each is published by itself.
func TestVMLimitPerAccountIsPublishedTogether(t *testing.T) {
	for perAccount, want := range map[int][]string{
		0: {"1/" + orgA, "2/" + orgC, "1/" + orgB}, 5: {"2/" + orgC, "1/" + orgA + " 1/" + orgB},
	} {
		api := &slowBills{&bills{texts: map[string]string{}}, orgB, make(chan struct{})}
		b := limited(t, api, 10, perAccount)
		var mu sync.Mutex
		var got []string
		_, err := b.collector.Collect(t.Context(), func(string) *collector.Part { return nil }, func(results ...collector.Result) {
			mu.Lock()
			defer mu.Unlock()
			var keys []string
			for _, r := range results {
				if key, ok := strings.CutSuffix(r.Key, "/2018-01"); ok {
					keys = append(keys, key)
				}
			}
			if got = append(got, strings.Join(keys, " ")); len(got) == len(want)-1 {
				close(api.may)
			}
		})
		slices.Sort(got[:len(got)-1]) // those may come in any order
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("with a limit of %d: %v\n%s", perAccount, err, diff)
		}
	}
}

// TestVMLimitPerAccountLosesNothing compares with the plain way: all VMs of an account in
// one list, whatever its bills are; and each compute service's series add up to its bill.
func TestVMLimitPerAccountLosesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		services := map[string][]string{"1": {}}
		api := &bills{texts: map[string]string{}}
		type cost struct {
			pence int
			vorg  string
			vm    string
		}
		var all []cost
		sums := map[string]int{}
		for s := range 1 + random.IntN(5) {
			vorg := fmt.Sprintf("1-1-%d-aaaaaa", s)
			services["1"] = append(services["1"], vorg)
			var rows []billRow
			for v := range random.IntN(8) {
				c := cost{random.IntN(6) - 1, vorg, fmt.Sprintf("vm-%d", v)}
				all, sums[vorg] = append(all, c), sums[vorg]+c.pence
				rows = append(rows, billRow{"2018-01-10", c.vm, fmt.Sprintf("%.2f", float64(c.pence)/100)})
			}
			api.texts[vorg+january18] = billText(rows...)
		}
		random.Shuffle(len(services["1"]), func(i, j int) {
			services["1"][i], services["1"][j] = services["1"][j], services["1"][i]
		})
		slices.SortFunc(all, func(a, b cost) int {
			switch {
			case a.pence != b.pence:
				return b.pence - a.pence
			case a.vorg != b.vorg:
				return strings.Compare(a.vorg, b.vorg)
			}
			return strings.Compare(a.vm, b.vm)
		})
		limit := 1 + random.IntN(12)
		var want []string
		for _, c := range all[:min(limit, len(all))] {
			want = append(want, c.vorg+" "+c.vm)
		}
		b := limited(t, api, 1000, limit)
		b.orgs = &orgs{accounts: []portal.Account{{ID: "1"}}, services: services}
		b.restart()
		var got []string
		gotSums := map[string]int{}
		for line := range strings.Lines(only(b.round(), "vm_month_to_date_cost_gbp")) {
			labels := strings.Split(line, `"`)
			var pounds float64
			if _, err := fmt.Sscanf(labels[6], "} %g", &pounds); err != nil {
				t.Fatal(line, err)
			}
			gotSums[labels[3]] += int(100*pounds+1000.5) - 1000
			if labels[5] != "__other__" {
				got = append(got, labels[3]+" "+labels[5])
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d: limit %d of %v (-want +got):\n%s", n, limit, all, diff)
		}
		for vorg, sum := range sums {
			if gotSums[vorg] != sum {
				t.Errorf("%d: the series of %s add up to %d, its bill is %d", n, vorg, gotSums[vorg], sum)
			}
		}
	}
}
