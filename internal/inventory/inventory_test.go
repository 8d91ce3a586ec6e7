package inventory_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil/canned"
	"ukcloud_exporter/portal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAccounts(t *testing.T) {
	tests := []struct {
		name   string
		answer canned.Answer
		only   []string
		want   []portal.Account
		err    error
	}{
		{"all", canned.Answer{Body: `[{"name":"A","id":1},{"name":"B","id":2}]`}, nil, []portal.Account{{ID: "1", Name: "A"}, {ID: "2", Name: "B"}}, nil},
		{"listed twice", canned.Answer{Body: `[{"name":"A","id":1},{"name":"A","id":1}]`}, nil, []portal.Account{{ID: "1", Name: "A"}}, nil},
		{"chosen", canned.Answer{Body: `[{"name":"A","id":1},{"name":"B","id":2}]`}, []string{"2"}, []portal.Account{{ID: "2", Name: "B"}}, nil},
		{"chosen, not listed", canned.Answer{Body: `[{"name":"A","id":1}]`}, []string{"1", "9"}, []portal.Account{{ID: "1", Name: "A"}, {ID: "9"}}, nil},
		{"chosen, list forbidden", canned.Answer{Status: 403, Body: `{"error":"Insufficient Permission"}`}, []string{"9"}, []portal.Account{{ID: "9"}}, nil},
		{"list forbidden", canned.Answer{Status: 403, Body: `{"error":"Insufficient Permission"}`}, nil, nil, portal.ErrForbidden},
		{"chosen, list fails", canned.Answer{Status: 400, Body: `{}`}, []string{"9"}, nil, &portal.Error{}},
		{"none", canned.Answer{Body: `[]`}, nil, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": test.answer}}
				got, err := inventory.New(p.Client(t), test.only).Accounts(t.Context())
				if _, any := test.err.(*portal.Error); any {
					if _, is := errors.AsType[*portal.Error](err); !is {
						t.Fatalf("error %v, want one of the portal's", err)
					}
				} else if !errors.Is(err, test.err) {
					t.Fatalf("error %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

const oneAccount = `[{"name":"Demo","id":1}]`

func TestAccountsAreAskedOnceARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}}}
		i := inventory.New(p.Client(t), nil)
		for range 5 {
			if _, err := i.Accounts(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if _, err := i.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := p.Asked("/api/accounts"); n != 2 {
			t.Errorf("asked %d times in two rounds", n)
		}
	})
}

// TestSuddenlyEmptyAccounts: a list that is empty where it was not is a failure until
// it has said so twice, an hour apart.
func TestSuddenlyEmptyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &canned.Portal{Answers: map[string]canned.Answer{}}
		i := inventory.New(p.Client(t), nil)
		ask := func(after time.Duration, body string) ([]portal.Account, error) {
			time.Sleep(after)
			p.Answers["/api/accounts"] = canned.Answer{Body: body}
			return i.Accounts(t.Context())
		}
		if got, err := ask(0, oneAccount); err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		for _, after := range []time.Duration{time.Minute, 30 * time.Minute} {
			if _, err := ask(after, `[]`); err == nil || !strings.Contains(err.Error(), "suddenly empty, after 1 accounts") {
				t.Errorf("error %v", err)
			}
		}
		if got, err := ask(29*time.Minute, oneAccount); err != nil || len(got) != 1 { // back again
			t.Fatal(got, err)
		}
		if _, err := ask(10*time.Minute, `[]`); err == nil {
			t.Error("an empty list that is new again is believed")
		}
		if got, err := ask(time.Hour, `[]`); err != nil || len(got) != 0 {
			t.Errorf("an hour later: %v, %v", got, err)
		}
		if got, err := ask(time.Minute, `[]`); err != nil || len(got) != 0 {
			t.Errorf("once it is believed: %v, %v", got, err)
		}
	})
}

const (
	credentials = `{"B (1-1-2-883623)":{"service_id":"1-1-2-883623","username":"11.12.132f4c@1-1-2-883623"},"A (1-1-1-9836cf)":{"service_id":"1-1-1-9836cf","username":"11.12.132f4c@1-1-1-9836cf"}}`
	listing     = `{"account":{"id":1},"vOrgs":[{"name":"a","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[{"name":"Main","urn":"v"},{"name":"Spare","urn":"w"}]},{"name":"again","serviceId":"1-1-1-b164f3","urn":"w","VDCs":[]},{"name":"without id","urn":"x"}]}`
)

func TestServices(t *testing.T) {
	refused := canned.Answer{Status: 403, Body: `{"error":"No permitted account found"}`}
	gone := canned.Answer{Status: 404, Body: `{}`}
	tests := []struct {
		name                 string
		compute, credentials canned.Answer
		want, vdcs           []string
		err                  error
	}{
		{"from compute_services", canned.Answer{Body: listing}, canned.Answer{Status: 500}, []string{"1-1-1-b164f3"}, []string{"Main", "Spare"}, nil},
		{"from api_credentials where that is forbidden", refused, canned.Answer{Body: credentials}, []string{"1-1-1-9836cf", "1-1-2-883623"}, nil, nil},
		{"from api_credentials where that fails", gone, canned.Answer{Body: credentials}, []string{"1-1-1-9836cf", "1-1-2-883623"}, nil, nil},
		{"both forbidden", refused, refused, nil, nil, portal.ErrForbidden},
		{"one fails, one forbidden: a failure, not a forbidden account", gone, refused, nil, nil, portal.ErrNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &canned.Portal{Answers: map[string]canned.Answer{
					"/api/accounts/1/compute_services": test.compute,
					"/api/accounts/1/api_credentials":  test.credentials,
				}}
				i := inventory.New(p.Client(t), nil)
				got, err := i.Services(t.Context(), "1")
				if !errors.Is(err, test.err) || (test.err == portal.ErrNotFound && errors.Is(err, portal.ErrForbidden)) {
					t.Fatalf("error %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(test.vdcs, i.VDCNames(t.Context(), "1")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestServiceNames(t *testing.T) {
	tests := []struct {
		name   string
		answer canned.Answer
		want   map[string]string
	}{
		{"of those with both", canned.Answer{Body: `{"account":{"id":1},"vOrgs":[
			{"name":"Web","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[]},
			{"name":"Store","serviceId":"1-1-2-0a1b2c","urn":"v","VDCs":[]},
			{"name":"","serviceId":"1-1-3-0a1b2d","urn":"w","VDCs":[]},
			{"name":"without id","urn":"x","VDCs":[]}]}`}, map[string]string{"1-1-1-b164f3": "Web", "1-1-2-0a1b2c": "Store"}},
		{"of an empty account", canned.Answer{Body: `{"account":{"id":1},"vOrgs":[]}`}, map[string]string{}},
		{"not known", canned.Answer{Status: 404, Body: `{}`}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts/1/compute_services": test.answer}}
				if diff := cmp.Diff(test.want, inventory.New(p.Client(t), nil).ServiceNames(t.Context(), "1")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestServicesSurviveAFailure: what was listed once is still known when
// compute_services fails later.
func TestServicesSurviveAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts/1/compute_services": {Body: listing}}}
		i := inventory.New(p.Client(t), nil)
		if _, err := i.Estate(t.Context(), "1", time.Now()); err != nil {
			t.Fatal(err)
		}
		p.Answers["/api/accounts/1/compute_services"] = canned.Answer{Status: 404, Body: `{}`}
		time.Sleep(24 * time.Hour)
		if _, err := i.Estate(t.Context(), "1", time.Now()); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("error %v, want %v", err, portal.ErrNotFound)
		}
		got, err := i.Services(t.Context(), "1")
		if err != nil || !cmp.Equal(got, []string{"1-1-1-b164f3"}) {
			t.Errorf("%v, %v", got, err)
		}
		if names := i.VDCNames(t.Context(), "1"); !cmp.Equal(names, []string{"Main", "Spare"}) {
			t.Errorf("VDC names %v", names)
		}
	})
}

func TestUnchangedEstateIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts/1/compute_services": {Body: listing, ETag: `W/"1"`}}}
		i := inventory.New(p.Client(t), nil)
		first, err := i.Estate(t.Context(), "1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		second, err := i.Estate(t.Context(), "1", time.Now())
		if err != nil || second != first || p.Asked("/api/accounts/1/compute_services") != 2 {
			t.Errorf("the estate was read anew: %v", err)
		}
	})
}

// slow is a portal whose listing takes a minute, the time that the real one took.
type slow struct {
	inventory.API
	err   error
	mu    sync.Mutex
	asked int
}

func (s *slow) ComputeServices(ctx context.Context, _ string, prev *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	select {
	case <-time.After(time.Minute):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s.err != nil {
		return nil, s.err
	}
	return &portal.Answer[portal.Estate]{Value: portal.Estate{{ServiceID: "1-1-1-b164f3"}}}, nil
}

func (*slow) APICredentials(context.Context, string, *portal.Answer[[]portal.APICredential]) (*portal.Answer[[]portal.APICredential], error) {
	return nil, portal.ErrForbidden
}

// TestSlowListingIsAskedForOnce: a round's collectors share it, however many they
// are and whichever comes first; those who need no newer one do not wait for it.
func TestSlowListingIsAskedForOnce(t *testing.T) {
	for _, failure := range []error{nil, errors.New("500")} {
		synctest.Test(t, func(t *testing.T) {
			api := &slow{err: failure}
			i := inventory.New(api, nil)
			began := time.Now()
			var group sync.WaitGroup
			for n := range 3 {
				group.Go(func() {
					time.Sleep(time.Duration(n) * time.Second)
					if _, err := i.Services(t.Context(), "1"); !errors.Is(err, failure) {
						t.Errorf("services: %v, want %v", err, failure)
					}
				})
				group.Go(func() {
					time.Sleep(time.Duration(n) * time.Second)
					if _, err := i.Estate(t.Context(), "1", began); !errors.Is(err, failure) {
						t.Errorf("estate: %v, want %v", err, failure)
					}
				})
			}
			group.Wait()
			if api.asked != 1 || time.Since(began) != time.Minute {
				t.Errorf("asked %d times in %s", api.asked, time.Since(began))
			}
			if failure != nil {
				return
			}
			time.Sleep(time.Minute)
			group.Go(func() { _, _ = i.Estate(t.Context(), "1", time.Now()) })
			time.Sleep(time.Second)
			asking := time.Now()
			if _, err := i.Services(t.Context(), "1"); err != nil || time.Since(asking) != 0 {
				t.Errorf("waited %s for a listing that is known: %v", time.Since(asking), err)
			}
			group.Wait()
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := inventory.New(&slow{}, nil)
		go func() { _, _ = i.Estate(context.Background(), "1", time.Now()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := i.Estate(ctx, "1", time.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
		}
		time.Sleep(2 * time.Minute) // the other one's answer
	})
}

type panicking struct{ inventory.API }

func (panicking) ComputeServices(context.Context, string, *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error) {
	time.Sleep(time.Second)
	panic("a bug")
}

// TestPanicIsEverybodysError: those who wait for the answer get the panic too.
func TestPanicIsEverybodysError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := inventory.New(panicking{}, nil)
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				if _, err := i.Estate(t.Context(), "1", time.Now()); err == nil || !strings.Contains(err.Error(), "panic: a bug") {
					t.Errorf("error %v", err)
				}
			})
		}
		group.Wait()
	})
}
