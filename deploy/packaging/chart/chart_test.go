package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

const directory = "../../helm/ukcloud-exporter"

// with returns the values of the plain manifests with others in place of some.
func with(others map[string]any) map[string]any {
	all := map[string]any{}
	for _, m := range []map[string]any{values, others} {
		for key, value := range m {
			all[key] = value
		}
	}
	return all
}

var sets = map[string]map[string]any{
	"least": {"config": values["config"], "password": values["password"]},
	"all":   values,
	"other": with(map[string]any{
		"fullnameOverride": "bills",
		"image":            map[string]any{"repository": "registry.example.com/ukcloud_exporter", "tag": "main"},
		"imagePullSecrets": []any{map[string]any{"name": "registry"}},
		"config": map[string]any{
			"portal":     map[string]any{"email": "exporter@example.com", "timeout": "3m"},
			"accounts":   []any{12, 1234567},
			"collectors": map[string]any{"billing_csv": map[string]any{"tags": []any{"project"}}},
		},
		"password":    map[string]any{"value": "p: 'ss\"", "key": "secret"},
		"replicas":    2,
		"persistence": map[string]any{"enabled": false},
		"extraArgs":   []any{"--log.level=debug"},
		"extraEnv":    []any{map[string]any{"name": "GOGC", "value": "100"}},
		"web":         map[string]any{"configSecret": "web", "scheme": "HTTPS", "port": 9999, "probeHeaders": []any{map[string]any{"name": "Authorization", "value": "Basic x"}}},
		"service":     map[string]any{"annotations": map[string]any{"a": "b"}},
		"monitor": map[string]any{
			"enabled": true, "kind": "PodMonitor", "labels": map[string]any{"release": "prometheus"},
			"tlsConfig":         map[string]any{"insecureSkipVerify": true},
			"basicAuth":         map[string]any{"username": map[string]any{"name": "web", "key": "user"}, "password": map[string]any{"name": "web", "key": "password"}},
			"relabelings":       []any{map[string]any{"targetLabel": "job", "replacement": "ukcloud"}},
			"metricRelabelings": []any{map[string]any{"action": "labeldrop", "regex": "pod"}},
		},
		"prometheusRule":            map[string]any{"enabled": true, "runbookURL": "https://git.example.com/", "dashboardURL": "https://grafana.example.com"},
		"dashboards":                map[string]any{"enabled": true, "annotations": map[string]any{"folder": "UKCloud"}},
		"networkPolicy":             map[string]any{"enabled": true, "from": []any{map[string]any{"namespaceSelector": map[string]any{}}}, "egressPorts": []any{3128}},
		"podLabels":                 map[string]any{"team": "cloud"},
		"podAnnotations":            map[string]any{"note": "x"},
		"nodeSelector":              map[string]any{"kubernetes.io/os": "linux"},
		"tolerations":               []any{map[string]any{"operator": "Exists"}},
		"affinity":                  map[string]any{"podAntiAffinity": map[string]any{}},
		"topologySpreadConstraints": []any{map[string]any{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}},
		"priorityClassName":         "monitoring",
	}),
}

// objects are the rendered ones.
type objects struct {
	config   *core.ConfigMap
	boards   []*core.ConfigMap
	secret   *core.Secret
	service  *core.Service
	set      *apps.StatefulSet
	network  *networking.NetworkPolicy
	budget   *policy.PodDisruptionBudget
	services *monitoring.ServiceMonitor
	pods     *monitoring.PodMonitor
	rules    *monitoring.PrometheusRule
}

var comments = regexp.MustCompile(`(?m)^(#.*)?\n?`)

// decode reads every document as the type that it says it is. A key that the type
// does not have, or has twice, is an error, as it is for the API server.
func decode(t *testing.T, rendered map[string]string) *objects {
	t.Helper()
	o := &objects{}
	for name, text := range rendered {
		for _, document := range strings.Split(text, "\n---\n") {
			document = strings.TrimPrefix(document, "---\n")
			if comments.ReplaceAllString(document, "") == "" {
				continue
			}
			var head struct {
				meta.TypeMeta   `json:",inline"`
				meta.ObjectMeta `json:"metadata"`
			}
			if err := yaml.Unmarshal([]byte(document), &head); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			checkMeta(t, head.TypeMeta, head.ObjectMeta)
			into := o.target(head.APIVersion+" "+head.Kind, name)
			if into == nil {
				t.Fatalf("%s is a %s %s", name, head.APIVersion, head.Kind)
			}
			if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	return o
}

func (o *objects) target(kind, template string) any {
	switch kind {
	case "v1 ConfigMap":
		if template == "dashboards" {
			o.boards = append(o.boards, &core.ConfigMap{})
			return o.boards[len(o.boards)-1]
		}
		o.config = &core.ConfigMap{}
		return o.config
	case "v1 Secret":
		o.secret = &core.Secret{}
		return o.secret
	case "v1 Service":
		o.service = &core.Service{}
		return o.service
	case "apps/v1 StatefulSet":
		o.set = &apps.StatefulSet{}
		return o.set
	case "networking.k8s.io/v1 NetworkPolicy":
		o.network = &networking.NetworkPolicy{}
		return o.network
	case "policy/v1 PodDisruptionBudget":
		o.budget = &policy.PodDisruptionBudget{}
		return o.budget
	case "monitoring.coreos.com/v1 ServiceMonitor":
		o.services = &monitoring.ServiceMonitor{}
		return o.services
	case "monitoring.coreos.com/v1 PodMonitor":
		o.pods = &monitoring.PodMonitor{}
		return o.pods
	case "monitoring.coreos.com/v1 PrometheusRule":
		o.rules = &monitoring.PrometheusRule{}
		return o.rules
	}
	return nil
}

// checkMeta: the API server takes the names and labels.
func checkMeta(t *testing.T, kind meta.TypeMeta, m meta.ObjectMeta) {
	t.Helper()
	problems := validation.IsDNS1035Label(m.Name)
	for key, value := range m.Labels {
		problems = append(append(problems, validation.IsQualifiedName(key)...), validation.IsValidLabelValue(value)...)
	}
	if len(problems) > 0 || m.Namespace != namespace || m.Labels["app.kubernetes.io/name"] != "ukcloud-exporter" {
		t.Errorf("%s %s/%s %v: %v", kind.Kind, m.Namespace, m.Name, m.Labels, problems)
	}
}

func TestRender(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "ukcloud_exporter")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, ".")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, values := range sets {
		t.Run(name, func(t *testing.T) {
			rendered, err := render(directory, values)
			if err != nil {
				t.Fatal(err)
			}
			o := decode(t, rendered)
			if o.config == nil || o.service == nil || o.set == nil {
				t.Fatalf("rendered are %v", rendered)
			}
			checkPod(t, o)
			checkSelectors(t, o)
			checkConfiguration(t, binary, o)
		})
	}
}

// checkPod: the pod is restricted as Pod Security Standards say, and every volume,
// port and Secret that it names is there.
func checkPod(t *testing.T, o *objects) {
	t.Helper()
	pod := o.set.Spec.Template.Spec
	c := pod.Containers[0]
	switch s := pod.SecurityContext; {
	case s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault:
		t.Errorf("the pod's security context is %+v", s)
	case *s.RunAsUser != 65532 || *s.FSGroup != 65532:
		t.Errorf("the pod's user is not the image's: %+v", s)
	}
	switch s := c.SecurityContext; {
	case s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || len(s.Capabilities.Add) > 0:
		t.Errorf("the container's security context is %+v", s)
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod gets a token of the cluster")
	}
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap != nil && v.ConfigMap.Name != o.config.Name {
			t.Errorf("the volume %s is of the ConfigMap %s", v.Name, v.ConfigMap.Name)
		}
	}
	for _, v := range o.set.Spec.VolumeClaimTemplates {
		volumes[v.Name] = true
		if v.Spec.Resources.Requests.Storage().IsZero() || len(v.Spec.AccessModes) == 0 {
			t.Errorf("the claim is %+v", v.Spec)
		}
	}
	mounted := map[string]string{}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("%s is mounted, and no volume", m.Name)
		}
		mounted[m.MountPath] = m.Name
	}
	env := environment(c)
	if mounted[env["UKCLOUD_STATE_DIR"]] != "state" || mounted[filepath.Dir(env["UKCLOUD_PASSWORD_FILE"])] != "password" {
		t.Errorf("the environment is %v, mounted are %v", env, mounted)
	}
	if o.secret != nil {
		secret := pod.Volumes[1].Secret
		if secret.SecretName != o.secret.Name || string(o.secret.Data[secret.Items[0].Key]) != "p: 'ss\"" {
			t.Errorf("the Secret is %s, mounted is %+v", o.secret.Name, secret)
		}
	}
	for path, probe := range map[string]*core.Probe{"/-/healthy": c.LivenessProbe, "/-/ready": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.StrVal != c.Ports[0].Name {
			t.Errorf("the probe of %s is %+v", path, probe)
		}
	}
	if !slices.Contains(c.Args, fmt.Sprintf("--web.listen-address=:%d", c.Ports[0].ContainerPort)) {
		t.Errorf("it listens by %v, its port is %+v", c.Args, c.Ports)
	}
	if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
		t.Errorf("its resources are %+v", c.Resources)
	}
}

func environment(c core.Container) map[string]string {
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	return env
}

// checkSelectors: all that selects finds the pod, or the Service that does.
func checkSelectors(t *testing.T, o *objects) {
	t.Helper()
	pod := o.set.Spec.Template.Labels
	selectors := map[string]map[string]string{"set": o.set.Spec.Selector.MatchLabels, "service": o.service.Spec.Selector}
	if o.network != nil {
		selectors["network policy"] = o.network.Spec.PodSelector.MatchLabels
		if port := o.network.Spec.Ingress[0].Ports[0].Port; port.StrVal != o.set.Spec.Template.Spec.Containers[0].Ports[0].Name {
			t.Errorf("the network policy opens the port %v", port)
		}
	}
	if o.budget != nil {
		selectors["budget"] = o.budget.Spec.Selector.MatchLabels
	}
	if o.pods != nil {
		selectors["pod monitor"] = o.pods.Spec.Selector.MatchLabels
		if port := o.pods.Spec.PodMetricsEndpoints[0].Port; port == nil || *port != "http" {
			t.Errorf("the pod monitor's port is %v", port)
		}
	}
	for name, selector := range selectors {
		if !selects(selector, pod) {
			t.Errorf("the %s selects %v, the pod has %v", name, selector, pod)
		}
	}
	if o.set.Spec.ServiceName != o.service.Name || !o.service.Spec.PublishNotReadyAddresses {
		t.Errorf("the set's service is %s, the Service %+v", o.set.Spec.ServiceName, o.service)
	}
	if o.services != nil {
		if e := o.services.Spec.Endpoints[0]; !selects(o.services.Spec.Selector.MatchLabels, o.service.Labels) || e.Port != o.service.Spec.Ports[0].Name {
			t.Errorf("the service monitor is %+v", o.services.Spec)
		}
	}
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

// checkConfiguration: the exporter itself takes the configuration file and the
// command line.
func checkConfiguration(t *testing.T, binary string, o *objects) {
	t.Helper()
	dir := t.TempDir()
	c := o.set.Spec.Template.Spec.Containers[0]
	env := []string{"UKCLOUD_PASSWORD_FILE=" + filepath.Join(dir, "password"), "UKCLOUD_STATE_DIR=" + environment(c)["UKCLOUD_STATE_DIR"]}
	for name, content := range map[string]string{"config.yml": o.config.Data["config.yml"], "password": "p"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := exec.CommandContext(t.Context(), binary, "check", "--config.file="+filepath.Join(dir, "config.yml"))
	check.Env = env
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("check: %v\n%s\n%s", err, out, o.config.Data["config.yml"])
	}
	help := exec.CommandContext(t.Context(), binary, append(slices.Clone(c.Args), "--help")...)
	if out, err := help.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", c.Args, err, out)
	}
}

// TestFromTree: rules and dashboards are those of the tree, links made absolute, and
// promtool takes the rules.
func TestFromTree(t *testing.T) {
	rendered, err := render(directory, sets["other"])
	if err != nil {
		t.Fatal(err)
	}
	o := decode(t, rendered)
	for _, board := range o.boards {
		for name, content := range board.Data {
			file, err := os.ReadFile(filepath.Join("../../../dashboards", name))
			if err != nil || strings.TrimRight(string(file), "\n") != strings.TrimRight(content, "\n") {
				t.Errorf("%s is another: %v", name, err)
			}
		}
	}
	if found, _ := filepath.Glob("../../../dashboards/*.json"); len(found) != len(o.boards) || len(found) == 0 {
		t.Errorf("%d dashboards, in the chart %d", len(found), len(o.boards))
	}
	alerts := 0
	for _, group := range o.rules.Spec.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			alerts++
			if !strings.HasPrefix(rule.Annotations["runbook_url"], "https://git.example.com/docs/runbooks/") {
				t.Errorf("%s: %v", rule.Alert, rule.Annotations)
			}
			if link := rule.Annotations["dashboard_url"]; link != "" && !strings.HasPrefix(link, "https://grafana.example.com/d/") {
				t.Errorf("%s: %v", rule.Alert, rule.Annotations)
			}
		}
	}
	if file, err := os.ReadFile("../../../alerts/ukcloud.rules.yml"); err != nil || strings.Count(string(file), "- alert:") != alerts || alerts == 0 {
		t.Errorf("%d alerts, %v", alerts, err)
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("PROMTOOL IS NOT INSTALLED: THE RULES IN THE CHART ARE NOT TESTED (Debian: apt-get install prometheus)")
	}
	text, err := yaml.Marshal(o.rules.Spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// TestRefused: what cannot work is an error of helm install, with the value's name.
func TestRefused(t *testing.T) {
	portal := func(more map[string]any) map[string]any {
		p := map[string]any{"email": "a@example.com"}
		for key, value := range more {
			p[key] = value
		}
		return with(map[string]any{"config": map[string]any{"portal": p}})
	}
	tests := []struct {
		name   string
		values map[string]any
		want   string
	}{
		{"no email", map[string]any{"password": values["password"]}, "config.portal.email is needed"},
		{"no password", map[string]any{"config": values["config"]}, "password.existingSecret is needed"},
		{"two passwords", with(map[string]any{"password": map[string]any{"existingSecret": "a", "value": "Canary48151623"}}), "both given"},
		{"a password in the ConfigMap", portal(map[string]any{"password": "Canary48151623"}), "portal"},
		{"a password file of one's own", portal(map[string]any{"password_file": "x"}), "portal"},
		{"a state directory of one's own", with(map[string]any{"config": map[string]any{"portal": map[string]any{"email": "a"}, "state_dir": "/x"}}), "config"},
		{"a key that is none", with(map[string]any{"replicaCount": 2}), "replicaCount"},
		{"a kind that is none", with(map[string]any{"monitor": map[string]any{"kind": "Probe"}}), "monitor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := render(directory, tt.values)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "Canary48151623") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLint(t *testing.T) {
	for name, values := range sets {
		for _, m := range lint.All(directory, values, namespace, true).Messages {
			if m.Severity >= support.WarningSev {
				t.Errorf("%s: %s", name, m)
			}
		}
	}
}

// TestPlainManifests: what lies in deploy/kubernetes is what the chart gives.
func TestPlainManifests(t *testing.T) {
	rendered, err := render(directory, values)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, m := range manifests {
		want := plain(m.about, m.templates, rendered)
		got, err := os.ReadFile(filepath.Join("../../kubernetes", m.name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the chart gives (%v); make generate writes it", m.name, err)
		}
		written += len(m.templates)
		decode(t, map[string]string{m.name: want})
	}
	if written != len(rendered) {
		t.Errorf("%d templates are written, the chart has %d", written, len(rendered))
	}
}
