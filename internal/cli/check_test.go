package cli

import (
	"strings"
	"testing"

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
	if err := connect(t.Context(), &out, p.Client(t).Client, []string{"1", "9"}); err != nil {
		t.Fatal(err)
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

// TestAccountsOf: a login that may not list accounts is told their ids; with none it
// is of no use.
func TestAccountsOf(t *testing.T) {
	tests := []struct {
		name   string
		answer canned.Answer
		only   []string
		want   []portal.Account
		err    string
	}{
		{"list forbidden", canned.Answer{Status: 403, Body: `{"error":"no"}`}, []string{"9"}, []portal.Account{{ID: "9", Name: "(configured, not listed)"}}, ""},
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
