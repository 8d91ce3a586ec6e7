package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // packagers register themselves
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages makes the deb and the rpm that nfpm.yaml describes.
func (r *release) packages(p platform) error {
	description, err := os.ReadFile(filepath.Join(r.source, "deploy/packaging/nfpm.yaml"))
	if err != nil {
		return err
	}
	values := map[string]string{"ARCH": p.arch, "VERSION": r.version}
	config, err := nfpm.ParseWithEnvMapping(bytes.NewReader(description), func(name string) string { return values[name] })
	if err != nil {
		return fmt.Errorf("nfpm.yaml: %w", err)
	}
	// The paths in nfpm.yaml are the stage's.
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(r.stage); err != nil {
		return err
	}
	defer func() { _ = os.Chdir(here) }()
	for _, format := range []string{"deb", "rpm"} {
		if err := r.pack(&config, format); err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
	}
	return nil
}

func (r *release) pack(config *nfpm.Config, format string) error {
	info, err := config.Get(format)
	if err != nil {
		return err
	}
	info.MTime = r.time
	for _, c := range info.Contents {
		if c.FileInfo == nil {
			continue
		}
		c.FileInfo.MTime = r.time
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := packager.Package(nfpm.WithDefaults(info), &out); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, packager.ConventionalFileName(info)), out.Bytes(), 0o644)
}
