package assets

import (
	"encoding/json"
	"fmt"
	"io/fs"
)

// rulesFile is the rules' path in the repository.
const rulesFile = "alerts/ukcloud.rules.yml"

// file is a file to be written; its name is below the directory, with slashes.
type file struct {
	name, use string
	content   []byte
}

// source says what is made of a file of the repository.
type source struct {
	path, name, use string
	edit            func([]byte) ([]byte, error) // nil: it is written as it is
}

// sources are the files that the program carries.
func (v values) sources(files fs.FS) ([]source, error) {
	budget := "alerts/budget.yml"
	if len(v.budgets) == 0 {
		budget = "alerts/budget.example.yml"
	}
	all := []source{
		{rulesFile, rulesFile, "alerts and recording rules, for rule_files of Prometheus 2.42 and later", v.rules},
		{"alerts/budget.example.yml", budget, "monthly budgets, beside the rules; with --budget alerts/budget.yml", v.budget},
		{"config.example.yml", "config.example.yml", "every key of the configuration with its default", nil},
		{"deploy/systemd/ukcloud_exporter.service", "systemd/ukcloud_exporter.service", "unit, for /etc/systemd/system", nil},
		{"deploy/systemd/ukcloud_exporter@.service", "systemd/ukcloud_exporter@.service", "unit for several portals or logins on one machine", nil},
		{"deploy/systemd/config.yml", "systemd/config.yml", "configuration to begin with, for /etc/ukcloud_exporter", nil},
		{"deploy/systemd/default", "systemd/default", "more flags, for /etc/default/ukcloud_exporter", nil},
	}
	dashboards, err := fs.Glob(files, "dashboards/*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range dashboards {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		var about struct{ Title string }
		if err := json.Unmarshal(text, &about); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, source{path, path, about.Title + ", dashboard of Grafana 12.1 and later", v.dashboard})
	}
	return all, nil
}

// render makes every file with the operator's values in it. What no value changes
// is the source's bytes.
func render(files fs.FS, v values) ([]file, error) {
	sources, err := v.sources(files)
	if err != nil {
		return nil, err
	}
	made := make([]file, len(sources))
	for i, s := range sources {
		content, err := fs.ReadFile(files, s.path)
		if err == nil && s.edit != nil {
			content, err = s.edit(content)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.path, err)
		}
		made[i] = file{s.name, s.use, content}
	}
	return made, nil
}
