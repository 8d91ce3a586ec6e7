// Command chart writes the plain Kubernetes manifests, for those without Helm, from
// the chart:
//
//	go run ./chart -chart ../helm/ukcloud-exporter -out ../kubernetes
package main

//go:generate go run . -chart ../../helm/ukcloud-exporter -out ../../kubernetes

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

func main() {
	dir := flag.String("chart", "../helm/ukcloud-exporter", "the chart")
	out := flag.String("out", "../kubernetes", "directory for the manifests")
	flag.Parse()
	if err := write(*dir, *out); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// release and namespace are those of the plain manifests.
const release, namespace = "ukcloud-exporter", "monitoring"

// values of the plain manifests: everything is there, in files of which one leaves
// out what the cluster does not know.
var values = map[string]any{
	"config":              map[string]any{"portal": map[string]any{"email": "exporter@example.com"}},
	"password":            map[string]any{"existingSecret": "ukcloud-exporter-password"},
	"monitor":             map[string]any{"enabled": true},
	"prometheusRule":      map[string]any{"enabled": true},
	"dashboards":          map[string]any{"enabled": true},
	"networkPolicy":       map[string]any{"enabled": true},
	"podDisruptionBudget": map[string]any{"enabled": true},
}

// manifests are the files with the templates that go into each.
var manifests = []struct {
	name, about string
	templates   []string
}{
	{"exporter.yaml", `# Put the portal user's email into the ConfigMap, and make the Secret:
#   kubectl --namespace monitoring create secret generic ukcloud-exporter-password --from-file=password
`, []string{"configmap", "service", "statefulset", "networkpolicy", "poddisruptionbudget"}},
	{"prometheus-operator.yaml", "# For clusters with prometheus-operator.\n", []string{"monitor", "prometheusrule"}},
	{"dashboards.yaml", "# For the sidecar of Grafana's chart. Too large for client-side apply together with\n# its annotation: kubectl apply --server-side.\n", []string{"dashboards"}},
}

func write(dir, out string) error {
	rendered, err := render(dir, values)
	if err != nil {
		return err
	}
	for _, m := range manifests {
		if err := os.WriteFile(filepath.Join(out, m.name), []byte(plain(m.about, m.templates, rendered)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// plain puts rendered templates together, without what only Helm reads.
func plain(about string, templates []string, rendered map[string]string) string {
	var b strings.Builder
	b.WriteString("# Made by go generate in deploy/packaging/chart from deploy/helm/ukcloud-exporter.\n")
	b.WriteString(about)
	for _, name := range templates {
		b.WriteString("---\n")
		for line := range strings.Lines(strings.TrimPrefix(strings.TrimLeft(rendered[name], "\n"), "---\n")) {
			if key := strings.TrimSpace(line); strings.HasPrefix(key, "helm.sh/chart:") || strings.HasPrefix(key, "app.kubernetes.io/managed-by:") {
				continue
			}
			b.WriteString(line)
		}
		if !strings.HasSuffix(b.String(), "\n") {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// render returns what the chart's templates give with values, by their names without
// .yaml. Values that the chart's schema refuses are an error.
func render(dir string, values map[string]any) (map[string]string, error) {
	chart, err := loader.LoadDir(dir)
	if err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(chart, values,
		chartutil.ReleaseOptions{Name: release, Namespace: namespace, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return nil, err
	}
	rendered := map[string]string{}
	for path, text := range files {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".yaml"); ok && strings.TrimSpace(text) != "" {
			rendered[name] = text
		}
	}
	return rendered, nil
}
