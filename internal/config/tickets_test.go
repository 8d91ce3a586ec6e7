package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/internal/tickets"
)

// TestTickets: without the section there are no tickets, with it what it leaves out has
// the contract's defaults.
func TestTickets(t *testing.T) {
	const login = "portal: {email: a@example.com, password: p}\nstate_dir: state\n"
	if _, wanted := load(t, write(t, login), nil).Tickets(); wanted {
		t.Error("there are tickets without the section")
	}
	defaults := tickets.Settings{
		ProblemArea: "compute", Service: "My Service", Classification: "Other incident",
		Alerts: []string{"UKCloudBackupFailed", "UKCloudBackupOverdue", "UKCloudBackupNoData"},
		Close:  true, ReopenWithin: 24 * time.Hour, MaxNewPerHour: 10,
	}
	request := defaults
	request.QueryNature, request.ProblemArea, request.DryRun, request.Close = "Other", "IP Addresses", true, false
	request.Summary, request.Alerts = "{{.Receiver}}", []string{`{severity="critical"}`}
	for name, test := range map[string]struct {
		text string
		want tickets.Settings
	}{
		"defaults": {"tickets: {service: My Service}\n", defaults},
		"a service request": {"tickets: {service: My Service, query_nature: Other, problem_area: IP Addresses, dry_run: true, close: false, " +
			"summary: '{{.Receiver}}', alerts: ['{severity=\"critical\"}']}\n", request},
	} {
		t.Run(name, func(t *testing.T) {
			c := load(t, write(t, login+test.text), nil)
			got, wanted := c.Tickets()
			if diff := cmp.Diff(test.want, got); diff != "" || !wanted {
				t.Errorf("wanted %v, %s", wanted, diff)
			}
			if string(c.Digest()) == string(load(t, write(t, login), nil).Digest()) {
				t.Error("a reload would not notice the section")
			}
		})
	}
}
