package cli

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil/canned"
	"ukcloud_exporter/portal"
)

// TestConnect: what a login may use is said endpoint by endpoint, a refusal as a
// refusal.
func TestConnect(t *testing.T) {
	p := &canned.Portal{Answers: map[string]canned.Answer{
		"/api/ping":                          {Body: `{"response":"OK"}`},
		"/api/accounts":                      {Body: `[{"name":"Demo","id":1},{"name":"Foreign","id":736}]`},
		"/api/my_vm":                         {Body: `{"accounts":{}}`},
		"/api/accounts/1/compute_services":   {Body: `{"vOrgs":[{"name":"a","serviceId":"1-1-1-9836cf","VDCs":[]}]}`},
		"/api/accounts/1/api_credentials":    {Status: 403, Body: `{"error":"Insufficient Permission"}`},
		"/api/billing/billing-csv":           {Body: "x"},
		"/api/accounts/736/compute_services": {Status: 403, Body: `{"error":"No permitted account found"}`},
		"/api/accounts/736/vorgs":            {Status: 500, Body: `{}`},
	}}
	var out strings.Builder
	err := connect(t.Context(), &out, p.Client(t).Client, []string{"1", "9"})
	// my_calls, seven of account 1, seven of account 9, and nothing of 736.
	const want = "15 of 29 endpoints are forbidden or fail"
	if exitstatus.Of(err) != 2 || err.Error() != want {
		t.Errorf("error %v with exit status %d, want %s with 2", err, exitstatus.Of(err), want)
	}
	for _, want := range []string{
		"login: ok", "ping: ok", "accounts: 3",
		`1 "Demo" compute_services ok`, `1 "Demo" api_credentials forbidden`, `1 "Demo" billing-csv ok`,
		`1 "Demo" vmotion_events not found: the portal does not have it`,
		`736 "Foreign" (not configured) compute_services forbidden`, `736 "Foreign" (not configured) vorgs failed: `,
		`736 "Foreign" (not configured) billing-csv failed: not tried: no compute service is known`,
		`9 (configured, not listed) compute_services not found`,
	} {
		found := false
		for line := range strings.Lines(out.String()) {
			found = found || strings.HasPrefix(strings.Join(strings.Fields(line), " "), want)
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
	if n := p.Asked("/api/accounts"); n != 1 {
		t.Errorf("the accounts were asked for %d times", n)
	}
}

// TestTry: endpoints are asked side by side, a few at a time, and each answer is
// printed as soon as those before it are there.
func TestTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		var probes []probe
		for i := range 3 * sideBySide {
			probes = append(probes, probe{account{}, strconv.Itoa(i), func(context.Context) error {
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				time.Sleep(time.Second)
				return nil
			}})
		}
		var out logText
		began, done := time.Now(), make(chan error)
		go func() { done <- try(t.Context(), &out, probes) }()
		time.Sleep(1500 * time.Millisecond)
		if n := strings.Count(out.String(), " ok\n"); n != sideBySide {
			t.Errorf("after one answer each of %d there are %d lines", sideBySide, n)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 3*time.Second || most.Load() != sideBySide {
			t.Errorf("it took %s with %d side by side, want 3s with %d", took, most.Load(), sideBySide)
		}
	})
}

// TestTryStatus: what of an answer is missed.
func TestTryStatus(t *testing.T) {
	forbidden := &portal.Error{StatusCode: 403}
	tests := []struct {
		name    string
		account account
		err     error
		want    int
	}{
		{"ok", account{}, nil, 0},
		{"forbidden", account{}, forbidden, 2},
		{"fails", account{}, errors.New("broken"), 2},
		{"the portal does not have it", account{}, &portal.Error{StatusCode: 404}, 2},
		{"forbidden, but not configured", account{unused: true}, forbidden, 0},
		{"no service to ask for", account{}, errNoService, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := try(t.Context(), io.Discard, []probe{{tt.account, "x", func(context.Context) error { return tt.err }}})
			if got := exitstatus.Of(err); got != tt.want {
				t.Errorf("exit status %d of %v, want %d", got, err, tt.want)
			}
		})
	}
}

// TestAccountsOf: a login that may not list accounts is told their ids; with none it
// is of no use.
func TestAccountsOf(t *testing.T) {
	tests := []struct {
		name   string
		answer canned.Answer
		only   []string
		want   []account
		err    string
	}{
		{"list forbidden", canned.Answer{Status: 403, Body: `{"error":"no"}`}, []string{"9"}, []account{{Account: portal.Account{ID: "9", Name: "(configured, not listed)"}}}, ""},
		{"list forbidden, none configured", canned.Answer{Status: 403, Body: `{"error":"no"}`}, nil, nil, "list accounts: "},
		{"none", canned.Answer{Body: `[]`}, nil, nil, "the login sees no account, and none is configured"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": tt.answer}}
			got, err := accountsOf(t.Context(), inventory.New(p.Client(t), tt.only), tt.only)
			if (err != nil) != (tt.err != "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
