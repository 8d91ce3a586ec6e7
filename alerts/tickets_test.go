package alerts_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/logging"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// TestFromAlertToTicket is the whole loop with a real Prometheus and a real Alertmanager,
// by the rules and the route of this repository: a backup fails in the simulated portal,
// and a ticket is there; a second one, and it has a note; both are good, and it is closed;
// one fails again, and it is open again. What is asserted is what the portal has.
func TestFromAlertToTicket(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	testutil.Need(t, "prometheus", "prometheus-alertmanager")
	morning := time.Now().UTC().Add(-11 * time.Hour).Truncate(24 * time.Hour).Add(11 * time.Hour)
	simulated := newPortal(t, morning)
	first := protected(t, simulated)
	second := anotherOf(t, simulated, first)
	set := func(change func(string, time.Time) error, vms ...simulator.VM) {
		t.Helper()
		for _, vm := range vms {
			if err := change(vm.URN, morning.AddDate(0, 0, -1)); err != nil { // last night, by its evening
				t.Fatal(err)
			}
		}
	}
	for _, vm := range simulated.VMs() { // of the others none fails, or it would be of the group
		for night := -2; vm.Protected && night <= 0; night++ {
			if err := simulated.HealBackup(vm.URN, morning.AddDate(0, 0, night)); err != nil {
				t.Fatal(err)
			}
		}
	}
	exporter := startBridge(t, simulated)
	startLoop(t, exporter)
	at := &ticketReader{t: t, client: newClient(t, simulated)}

	set(simulated.FailBackup, first)
	at.becomes(func(ticket portal.TicketDetails) error {
		if !strings.Contains(ticket.Summary, "Backup failed: "+first.Name+" (VDC "+first.VDC+")") || !strings.Contains(ticket.Description, "last backup of VM "+first.Name) {
			return fmt.Errorf("not a ticket about %s: %+v", first.Name, ticket)
		}
		return nil
	})
	set(simulated.FailBackup, second)
	at.becomes(func(ticket portal.TicketDetails) error {
		if len(ticket.Updates) != 1 || !strings.Contains(ticket.Updates[0].Text, "last backup of VM "+second.Name) {
			return fmt.Errorf("no note about %s: %+v", second.Name, ticket.Updates)
		}
		return nil
	})
	set(simulated.HealBackup, first, second)
	at.becomes(func(ticket portal.TicketDetails) error {
		if len(ticket.Updates) != 2 || ticket.Status != "Closed" {
			return fmt.Errorf("%s with %+v", ticket.Status, ticket.Updates)
		}
		return nil
	})
	set(simulated.FailBackup, first)
	at.becomes(func(ticket portal.TicketDetails) error {
		if len(ticket.Updates) != 3 || ticket.Status == "Closed" || !strings.Contains(ticket.Updates[2].Text, first.Name) {
			return fmt.Errorf("%s with %+v", ticket.Status, ticket.Updates)
		}
		return nil
	})

	_, page, err := testutil.Get(t.Context(), exporter+"/status")
	if err != nil || !strings.Contains(string(page), at.id) {
		t.Errorf("the status page does not name %s (%v)", at.id, err)
	}
	_, metrics, err := testutil.Get(t.Context(), exporter+"/metrics")
	for _, want := range []string{
		`ukcloud_alert_tickets{state="open"} 1`, "ukcloud_alert_tickets_created_total 1", "ukcloud_alert_tickets_notes_total 3", "ukcloud_alert_tickets_closed_total 1",
	} {
		if err != nil || !strings.Contains(string(metrics), "\n"+want+"\n") {
			t.Errorf("/metrics has no %s (%v)", want, err)
		}
	}
}

// anotherOf picks another VM with backups of the same account.
func anotherOf(t *testing.T, simulated *simulator.Portal, first simulator.VM) simulator.VM {
	t.Helper()
	all := simulated.VMs()
	i := slices.IndexFunc(all, func(vm simulator.VM) bool {
		return vm.Protected && vm.Backups > 3 && vm.Account == first.Account && vm.Name != first.Name
	})
	if i < 0 {
		t.Fatal("no second VM has backups")
	}
	return all[i]
}

// startBridge runs the daemon on loopback with a bridge from alerts to tickets.
func startBridge(t *testing.T, simulated *simulator.Portal) (url string) {
	t.Helper()
	server := httptest.NewServer(simulated)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	path := testutil.WriteFile(t, dir, "config.yml", fmt.Sprintf(`
portal: {url: %s/api, email: demo@example.com, password: demo, timeout: 5s}
state_dir: state
collectors: {compute_services: {min_interval: 500ms}}
tickets: {service: My Service}
`, server.URL))
	address := testutil.FreeAddress(t)
	options := app.Options{
		Load:        func() (*config.Config, error) { return config.Load(path, func(string) string { return "" }) },
		Web:         &toolkit.FlagConfig{WebListenAddresses: &[]string{address}, WebSystemdSocket: new(bool), WebConfigFile: new(string)},
		MetricsPath: "/metrics",
		Collectors:  map[string]bool{},
	}
	for _, c := range collector.All() {
		options.Collectors[c.Name] = c.Name == "compute_services"
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx, logging.New(t.Output(), logging.Options{Level: "info"}), options) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the daemon: %v", err)
		}
	})
	return "http://" + address
}

// startLoop runs Prometheus and Alertmanager with the rules and the route of this
// repository, without their patience.
func startLoop(t *testing.T, exporter string) {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../deploy/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^( *)#([a-z-])`).ReplaceAll(text, []byte("$1$2")) // what is switched off
	text = []byte(strings.ReplaceAll(string(text), "http://exporter:10048", exporter))
	var routes map[string]any
	if err := yaml.Unmarshal(text, &routes); err != nil {
		t.Fatalf("deploy/alertmanager.yml with the route of tickets: %v", err)
	}
	route := routes["route"].(map[string]any)
	route["group_wait"], route["group_interval"] = "100ms", "1s"
	if text, err = yaml.Marshal(routes); err != nil {
		t.Fatal(err)
	}
	alertmanager := testutil.StartAlertmanager(t, testutil.WriteFile(t, dir, "alertmanager.yml", string(text)))
	rules, err := os.ReadFile("ukcloud.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	testutil.WriteFile(t, dir, "rules.yml", regexp.MustCompile(`(?m)^( +(?:keep_firing_)?for:) .*$`).ReplaceAllString(string(rules), "$1 1s"))
	settings := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs: [{job_name: ukcloud, static_configs: [{targets: [%q]}]}]
`, strings.TrimPrefix(alertmanager.URL, "http://"), strings.TrimPrefix(exporter, "http://"))
	testutil.StartPrometheus(t, testutil.WriteFile(t, dir, "prometheus.yml", settings), filepath.Join(dir, "data"))
}

func newClient(t *testing.T, simulated *simulator.Portal) *portal.Client {
	t.Helper()
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTransport(testutil.Direct{Handler: simulated}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ticketReader reads the one ticket that there may be.
type ticketReader struct {
	t      *testing.T
	client *portal.Client
	id     string
}

func (r *ticketReader) becomes(want func(portal.TicketDetails) error) {
	r.t.Helper()
	testutil.Eventually(r.t, within, func() error {
		list, err := r.client.MyCalls(r.t.Context(), portal.ScopeUser)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(ticket portal.Ticket) bool { return !strings.HasPrefix(ticket.Summary, "[#ukx-") })
		if len(list) != 1 {
			if len(list) > 1 {
				r.t.Errorf("%d tickets: %+v", len(list), list)
			}
			return fmt.Errorf("%d tickets", len(list))
		}
		r.id = list[0].ID
		ticket, err := r.client.MyCall(r.t.Context(), r.id, portal.ScopeUser)
		if err != nil {
			return err
		}
		return want(ticket)
	})
}
