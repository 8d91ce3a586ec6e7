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
	"ukcloud_exporter/portal/simulator"
)

// within bounds each step; a step takes a few seconds.
const within = 30 * time.Second

// TestEndToEnd is the path from the portal to whoever is on call, with a real
// Prometheus and a real Alertmanager: a backup fails in the simulated portal, the
// alert reaches a webhook with the VM's name; the backup of the next night
// succeeds, and it resolves.
//
// The rules and the Alertmanager configuration are those of this repository but
// for the time they wait: `for` and the intervals are a second here. The portal's
// clock is moved by a day for each night; Prometheus and the exporter run on the
// real one.
func TestEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	testutil.Need(t, "prometheus", "prometheus-alertmanager")
	// A morning of today or yesterday, after 10:00, when the portal has last night's
	// backups.
	morning := time.Now().UTC().Add(-11 * time.Hour).Truncate(24 * time.Hour).Add(11 * time.Hour)
	portal := newPortal(t, morning.AddDate(0, 0, -1))
	vm := protected(t, portal)
	for night, set := range map[int]func(string, time.Time) error{-2: portal.HealBackup, -1: portal.FailBackup, 0: portal.HealBackup} {
		if err := set(vm.URN, morning.AddDate(0, 0, night)); err != nil {
			t.Fatal(err)
		}
	}
	webhook := testutil.StartWebhook(t)
	prometheus := startAll(t, portal, webhook)

	testutil.Eventually(t, within, func() error {
		return value(t.Context(), prometheus, fmt.Sprintf("ukcloud_vm_backup_last_attempt_success{vm=%q}", vm.URN), "1")
	})
	if got := said(webhook, vm); len(got) > 0 {
		t.Fatalf("an alert before anything was wrong: %v", got)
	}

	portal.SetNow(clock(morning))
	testutil.Eventually(t, within, func() error { return waitFor(webhook, vm, "firing") })
	first := said(webhook, vm)[0]
	want := fmt.Sprintf("The last backup of VM %s (VDC %s, vOrg %s, account %s) failed", vm.Name, vm.VDC, vm.VOrg, vm.Account)
	if !strings.HasPrefix(first.Annotations["description"], want) {
		t.Errorf("description %q, want it to begin with %q", first.Annotations["description"], want)
	}
	if first.Labels["vm_name"] != vm.Name || first.Receiver != "working-hours" {
		t.Errorf("labels %v to receiver %q", first.Labels, first.Receiver)
	}

	portal.SetNow(clock(morning.AddDate(0, 0, 1)))
	testutil.Eventually(t, within, func() error { return waitFor(webhook, vm, "resolved") })
}

func clock(now time.Time) func() time.Time { return func() time.Time { return now } }

func newPortal(t *testing.T, now time.Time) *simulator.Portal {
	t.Helper()
	portal, err := simulator.New(simulator.Options{Seed: 3, VMs: 60, Now: clock(now)})
	if err != nil {
		t.Fatal(err)
	}
	return portal
}

// protected picks a VM that has backups and whose name no other VM has.
func protected(t *testing.T, portal *simulator.Portal) simulator.VM {
	t.Helper()
	all := portal.VMs()
	i := slices.IndexFunc(all, func(vm simulator.VM) bool {
		return vm.Protected && vm.Backups > 3 &&
			!slices.ContainsFunc(all, func(o simulator.VM) bool { return o.Name == vm.Name && o.URN != vm.URN })
	})
	if i < 0 {
		t.Fatal("no VM has backups")
	}
	return all[i]
}

// startAll starts everything between the portal and the webhook.
func startAll(t *testing.T, portal *simulator.Portal, webhook *testutil.Webhook) *testutil.Prometheus {
	t.Helper()
	dir := t.TempDir()
	alertmanager := testutil.StartAlertmanager(t, testutil.WriteFile(t, dir, "alertmanager.yml", alertmanagerConfig(t, webhook.URL)))
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
`, strings.TrimPrefix(alertmanager.URL, "http://"), startExporter(t, portal))
	return testutil.StartPrometheus(t, testutil.WriteFile(t, dir, "prometheus.yml", settings), filepath.Join(dir, "data"))
}

// startExporter runs the daemon on loopback before the simulated portal and
// returns its address.
func startExporter(t *testing.T, portal *simulator.Portal) (address string) {
	t.Helper()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	path := testutil.WriteFile(t, t.TempDir(), "config.yml", fmt.Sprintf(`
portal: {url: %s/api, email: demo@example.com, password: demo}
collectors: {compute_services: {min_interval: 500ms}}
`, server.URL))
	address = testutil.FreeAddress(t)
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
	go func() { ended <- app.Run(ctx, logging.New(t.Output(), logging.Options{Level: "warn"}), options) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the daemon: %v", err)
		}
	})
	return address
}

// alertmanagerConfig is deploy/alertmanager.yml with the webhook behind each of
// its receivers, and without its patience.
func alertmanagerConfig(t *testing.T, url string) string {
	t.Helper()
	var settings struct {
		Route     map[string]any   `yaml:"route"`
		Inhibit   []map[string]any `yaml:"inhibit_rules"`
		Receivers []map[string]any `yaml:"receivers"`
	}
	read(t, "../deploy/alertmanager.yml", &settings)
	settings.Route["group_wait"], settings.Route["group_interval"] = "100ms", "1s"
	for _, receiver := range settings.Receivers {
		receiver["webhook_configs"] = []map[string]any{{"url": url, "send_resolved": true}}
	}
	text, err := yaml.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func value(ctx context.Context, prometheus *testutil.Prometheus, expr, want string) error {
	series, err := prometheus.Query(ctx, expr, time.Now())
	if err != nil {
		return err
	}
	if len(series) != 1 || series[0].Value[1] != want {
		return fmt.Errorf("%s is %v, want %s", expr, series, want)
	}
	return nil
}

// said returns what the webhook has heard of the VM's failed backup.
func said(webhook *testutil.Webhook, vm simulator.VM) (of []testutil.Notification) {
	for _, n := range webhook.Received() {
		if n.Labels["alertname"] == "UKCloudBackupFailed" && n.Labels["vm"] == vm.URN {
			of = append(of, n)
		}
	}
	return of
}

func waitFor(webhook *testutil.Webhook, vm simulator.VM, status string) error {
	all := said(webhook, vm)
	if len(all) == 0 || all[len(all)-1].Status != status {
		return fmt.Errorf("the webhook has heard %v of %s, not yet that it is %s", all, vm.Name, status)
	}
	return nil
}
