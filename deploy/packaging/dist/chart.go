package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
)

var chartVersion = regexp.MustCompile(`(?m)^(version|appVersion): .*$`)

// chart packs the Helm chart with the release's version, and with the rules and
// dashboards that the tree only links to.
func (r *release) chart() error {
	const name = "ukcloud-exporter"
	dir := filepath.Join(r.source, "deploy/helm", name)
	staged := filepath.Join(r.stage, "chart")
	dashboards, err := filepath.Glob(filepath.Join(dir, "files/dashboards/*.json"))
	if err != nil {
		return err
	}
	var names []string
	add := func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || filepath.Base(path) == "dashboards" { // a link to a directory
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if below == "Chart.yaml" {
			content = chartVersion.ReplaceAll(content, []byte(`$1: "`+r.version+`"`))
		}
		names = append(names, below)
		return r.put(filepath.Join("chart", below), content)
	}
	if err := filepath.Walk(dir, add); err != nil {
		return err
	}
	for _, path := range dashboards {
		if err := filepath.Walk(path, add); err != nil {
			return err
		}
	}
	var out bytes.Buffer
	if err := r.tarGz(&out, staged, name, names); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, name+"-"+r.version+".tgz"), out.Bytes(), 0o644)
}
