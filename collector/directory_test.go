package collector_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

func TestAccounts(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		only   []string
		want   []portal.Account
		err    error
	}{
		{"all", answer{body: `[{"name":"A","id":1},{"name":"B","id":2}]`}, nil, []portal.Account{{ID: "1", Name: "A"}, {ID: "2", Name: "B"}}, nil},
		{"listed twice", answer{body: `[{"name":"A","id":1},{"name":"A","id":1}]`}, nil, []portal.Account{{ID: "1", Name: "A"}}, nil},
		{"chosen", answer{body: `[{"name":"A","id":1},{"name":"B","id":2}]`}, []string{"2"}, []portal.Account{{ID: "2", Name: "B"}}, nil},
		{"chosen, not listed", answer{body: `[{"name":"A","id":1}]`}, []string{"1", "9"}, []portal.Account{{ID: "1", Name: "A"}, {ID: "9"}}, nil},
		{"chosen, list forbidden", answer{status: 403, body: `{"error":"Insufficient Permission"}`}, []string{"9"}, []portal.Account{{ID: "9"}}, nil},
		{"list forbidden", answer{status: 403, body: `{"error":"Insufficient Permission"}`}, nil, nil, portal.ErrForbidden},
		{"none", answer{body: `[]`}, nil, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := (&fakePortal{answers: map[string]answer{"/api/accounts": test.answer}}).client(t)
				got, err := collector.NewDirectory(client, test.only, false).Accounts(t.Context())
				if !errors.Is(err, test.err) {
					t.Fatalf("error %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAccountsAreAskedOnceARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakePortal{answers: map[string]answer{"/api/accounts": {body: oneAccount}}}
		d := collector.NewDirectory(f.client(t), nil, false)
		for range 5 {
			if _, err := d.Accounts(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if _, err := d.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(strings.Join(f.asked, "\n"), "GET /api/accounts"); n != 2 {
			t.Errorf("asked %d times in two rounds: %v", n, f.asked)
		}
	})
}

const credentials = `{"B (1-1-2-883623)":{"service_id":"1-1-2-883623","username":"11.12.132f4c@1-1-2-883623"},"A (1-1-1-9836cf)":{"service_id":"1-1-1-9836cf","username":"11.12.132f4c@1-1-1-9836cf"}}`

func TestServices(t *testing.T) {
	listing := answer{body: `{"account":{"id":1},"vOrgs":[{"name":"a","serviceId":"1-1-1-b164f3","urn":"u","VDCs":[]},{"name":"again","serviceId":"1-1-1-b164f3","urn":"w","VDCs":[]}]}`}
	refused := answer{status: 403, body: `{"error":"No permitted account found"}`}
	tests := []struct {
		name                 string
		compute, credentials answer
		want                 []string
		err                  error
	}{
		{"from compute_services", listing, answer{status: 500}, []string{"1-1-1-b164f3"}, nil},
		{"from api_credentials where that is forbidden", refused, answer{body: credentials}, []string{"1-1-1-9836cf", "1-1-2-883623"}, nil},
		{"from api_credentials where that fails", answer{status: 404, body: `{}`}, answer{body: credentials}, []string{"1-1-1-9836cf", "1-1-2-883623"}, nil},
		{"both forbidden", refused, refused, nil, portal.ErrForbidden},
		{"one fails, one forbidden: a failure, not a forbidden account", answer{status: 404, body: `{}`}, refused, nil, portal.ErrNotFound},
	}
	for _, test := range tests {
		for _, listed := range []bool{false, true} {
			name := test.name + ", asking itself"
			if listed {
				name = test.name + ", told by the collector"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client := (&fakePortal{answers: map[string]answer{
						"/api/accounts":                    {body: oneAccount},
						"/api/accounts/1/compute_services": test.compute,
						"/api/accounts/1/api_credentials":  test.credentials,
					}}).client(t)
					d := collector.NewDirectory(client, nil, listed)
					if listed {
						go func() { // after somebody waits for it
							time.Sleep(time.Second)
							_, _ = collector.NewComputeServices(client, d).Collect(context.Background(), func(string) collector.Part { return nil })
						}()
					}
					got, err := d.Services(t.Context(), "1")
					if !errors.Is(err, test.err) || (test.err == portal.ErrNotFound && errors.Is(err, portal.ErrForbidden)) {
						t.Fatalf("error %v, want %v", err, test.err)
					}
					if diff := cmp.Diff(test.want, got); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
}

// TestServicesSurviveAFailure: what was listed once is still known when
// compute_services fails later.
func TestServicesSurviveAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakePortal{answers: map[string]answer{
			"/api/accounts":                    {body: oneAccount},
			"/api/accounts/1/compute_services": {body: file("compute_services_recorded.json")},
		}}
		client := f.client(t)
		d := collector.NewDirectory(client, nil, true)
		c := collector.NewComputeServices(client, d)
		round(t, c, nil)
		f.answers["/api/accounts/1/compute_services"] = answer{status: 404, body: `{}`}
		round(t, c, nil)
		got, err := d.Services(t.Context(), "1")
		if err != nil || !cmp.Equal(got, []string{"1-1-1-b164f3", "1-1-2-24f6a5"}) {
			t.Errorf("%v, %v", got, err)
		}
		if names := d.VDCNames(t.Context(), "1"); !cmp.Equal(names, []string{"A-ESS-One", "No vApp"}) {
			t.Errorf("VDC names %v", names)
		}
	})
}

// TestPanicIsAResult: a panic in a goroutine that a collector started is that
// part's failure.
func TestPanicIsAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := (&fakePortal{answers: map[string]answer{"/api/accounts": {body: oneAccount}}}).client(t)
		d := collector.NewDirectory(client, nil, true)
		results, err := collector.NewComputeServices(panicking{}, d).Collect(t.Context(), func(string) collector.Part { return nil })
		if err != nil || len(results) != 1 || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "panic: a bug") {
			t.Errorf("%+v, %v", results, err)
		}
		if _, err := d.Services(t.Context(), "1"); err == nil {
			t.Error("services are known although compute_services panicked")
		}
	})
}

type panicking struct{}

func (panicking) ComputeServices(context.Context, string, *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error) {
	panic("a bug")
}
