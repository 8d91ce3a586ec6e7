// Package deploy_test checks what can be checked of these files without a
// container engine and without Grafana: their form, that the servers accept their
// configurations, and that what they name is there.
package deploy_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"ukcloud_exporter/internal/cli"
	"ukcloud_exporter/internal/config"
)

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// tool runs a server's own checker of its configuration.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s IS NOT INSTALLED: ITS CONFIGURATION IS NOT TESTED (Debian: apt-get install prometheus prometheus-alertmanager)", strings.ToUpper(name))
	}
	if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func TestPrometheus(t *testing.T) {
	var c struct {
		RuleFiles []string       `yaml:"rule_files"`
		Scrape    []any          `yaml:"scrape_configs"`
		Alerting  map[string]any `yaml:"alerting"`
	}
	read(t, "prometheus.yml", &c)
	if len(c.RuleFiles) != 2 || len(c.Scrape) != 1 || len(c.Alerting) != 1 {
		t.Errorf("prometheus.yml: %+v", c)
	}
	for _, path := range c.RuleFiles {
		if _, err := os.ReadFile(path); err != nil { // promtool passes over a pattern without files
			t.Error(err)
		}
	}
	tool(t, "promtool", "check", "config", "prometheus.yml")
}

func TestAlertmanager(t *testing.T) {
	var c map[string]any
	read(t, "alertmanager.yml", &c)
	tool(t, "amtool", "check-config", "alertmanager.yml")
}

type service struct {
	Build, Image string
	Command      []string
	Ports        []string
	Volumes      []string
	DependsOn    []string          `yaml:"depends_on"`
	NetworkMode  string            `yaml:"network_mode"`
	Environment  map[string]string `yaml:"environment"`
}

func services(t *testing.T) map[string]service {
	t.Helper()
	var c struct {
		Services map[string]service
		Volumes  map[string]any
	}
	read(t, "compose.yaml", &c)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, named := c.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(from); err != nil {
				t.Errorf("%s mounts %s: %v", name, from, err)
			}
		}
	}
	return c.Services
}

// TestCompose: images are pinned and come from where the operator's engine is told
// to look, all containers share one network, and nobody but this machine reaches
// their ports.
func TestCompose(t *testing.T) {
	all := services(t)
	for _, name := range []string{"simulator", "exporter", "prometheus", "alertmanager", "grafana"} {
		s, ok := all[name]
		if !ok {
			t.Errorf("there is no service %s", name)
			continue
		}
		if !regexp.MustCompile(`^([a-z_]+/)?[a-z_]+:(v?[0-9]+\.[0-9]+\.[0-9]+|local)$`).MatchString(s.Image) {
			t.Errorf("%s: image %q has no exact version, or the name of a registry", name, s.Image)
		}
		if name != "simulator" && (s.NetworkMode != "service:simulator" || len(s.Ports) > 0) {
			t.Errorf("%s is not in the simulator's network: %+v", name, s)
		}
		for _, d := range s.DependsOn {
			if _, ok := all[d]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, d)
			}
		}
	}
	for _, port := range all["simulator"].Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("port %s is open to everybody", port)
		}
	}
	if want := []string{"127.0.0.1:3000:3000", "127.0.0.1:9090:9090", "127.0.0.1:9093:9093", "127.0.0.1:10048:10048"}; !slices.Equal(all["simulator"].Ports, want) {
		t.Errorf("ports %v, want %v", all["simulator"].Ports, want)
	}
}

// TestExporterMeetsSimulator: the exporter's environment is a configuration, and
// its login and address are the simulator's.
func TestExporterMeetsSimulator(t *testing.T) {
	all := services(t)
	environment := all["exporter"].Environment
	c, err := config.Load("", func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	login, err := c.Credentials()
	if err != nil {
		t.Fatal(err)
	}
	if login.Email != cli.DemoEmail || login.Password.Reveal() != cli.DemoPassword {
		t.Errorf("the exporter logs in as %s", login.Email)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(c.PortalURL(), "http://"), "/api")
	if !slices.Contains(all["simulator"].Command, "--listen-address="+address) {
		t.Errorf("the exporter asks %s; the simulator is started with %v", address, all["simulator"].Command)
	}
}

// TestStateOutlives: the exporter's state directory, which the image sets, is a
// volume.
func TestStateOutlives(t *testing.T) {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	state := regexp.MustCompile(`(?m)^ENV UKCLOUD_STATE_DIR=(\S+)$`).FindSubmatch(text)
	if state == nil {
		t.Fatal("the image sets no UKCLOUD_STATE_DIR")
	}
	if volumes := services(t)["exporter"].Volumes; !slices.Contains(volumes, "exporter:"+string(state[1])) {
		t.Errorf("the exporter's volumes are %v, its state is in %s", volumes, state[1])
	}
}

// TestMounted: what a container is told to read is what is mounted into it.
func TestMounted(t *testing.T) {
	for name, s := range services(t) {
		paths := append([]string(nil), s.Command...)
		for _, value := range s.Environment {
			paths = append(paths, value)
		}
		for _, path := range paths {
			i := strings.Index(path, "/etc/ukcloud/")
			if i < 0 {
				continue
			}
			if path = path[i:]; !mounted(s.Volumes, path) {
				t.Errorf("%s reads %s, which is not mounted", name, path)
			}
		}
	}
}

func mounted(volumes []string, path string) bool {
	for _, v := range volumes {
		from, rest, _ := strings.Cut(v, ":")
		to, _, _ := strings.Cut(rest, ":")
		if below, ok := strings.CutPrefix(path, to); ok {
			if _, err := os.Stat(filepath.Join(from, below)); err == nil {
				return true
			}
		}
	}
	return false
}

// TestGrafana: the provisioned data source is the one that the dashboards ask
// for, at Prometheus's address.
func TestGrafana(t *testing.T) {
	var sources struct {
		Datasources []struct {
			Type, URL string
			IsDefault bool `yaml:"isDefault"`
		}
	}
	read(t, "grafana/provisioning/datasources/prometheus.yaml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" || sources.Datasources[0].URL != "http://127.0.0.1:9090" || !sources.Datasources[0].IsDefault {
		t.Errorf("data sources %+v", sources)
	}
	var providers struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	read(t, "grafana/provisioning/dashboards/ukcloud.yaml", &providers)
	if len(providers.Providers) != 1 || providers.Providers[0].Type != "file" || providers.Providers[0].Options.Path != "$UKCLOUD_DASHBOARDS" {
		t.Errorf("providers %+v", providers)
	}
}
