package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// platform is what a binary runs on, as GOOS and GOARCH.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

func (p platform) binary() string {
	if p.os == "windows" {
		return "ukcloud_exporter.exe"
	}
	return "ukcloud_exporter"
}

// environment is this process's, for building for p and nothing else: a flag of the
// developer's own would show in the bytes.
func (p platform) environment() []string {
	return append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "CGO_ENABLED=0",
		"GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=", "GOARM64=", "GOWORK=off", "GOTOOLCHAIN=local")
}

// build links the binary for p.
func (r *release) build(p platform, binary string) error {
	const pkg = "github.com/prometheus/common/version."
	ldflags := fmt.Sprintf("-s -w -X %sVersion=%s -X %sRevision=%s -X %sBuildDate=%s",
		pkg, r.version, pkg, r.revision, pkg, r.time.Format(time.RFC3339))
	_, err := r.goTool(p, "build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", binary, ".")
	return err
}

// goTool runs the go command in the tree and returns what it prints.
func (r *release) goTool(p platform, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = r.source, p.environment()
	return output(cmd)
}

func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, &stderr)
	}
	return out, nil
}

// stageTree copies what is handed out as it stands in the tree.
func (r *release) stageTree() error {
	for _, name := range []string{
		"LICENSE", "README.md", "CHANGELOG.md", "config.example.yml",
		"alerts", "dashboards", "docs", "deploy/systemd", "deploy/packaging/scripts",
	} {
		err := filepath.WalkDir(filepath.Join(r.source, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".go") || strings.Contains(path, "/testdata/") {
				return err
			}
			below, err := filepath.Rel(r.source, path)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return r.put(below, content)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// put writes a file below the stage, with a mode that does not depend on the tree's.
func (r *release) put(name string, content []byte) error {
	path := filepath.Join(r.stage, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if filepath.Ext(name) == ".sh" {
		mode = 0o755
	}
	return errors.Join(os.WriteFile(path, content, mode), os.Chmod(path, mode))
}

// stageGenerated adds what the program says of itself: manual page and completion.
func (r *release) stageGenerated() error {
	binary := filepath.Join(r.stage, "generator")
	defer os.Remove(binary)
	if err := r.build(platform{runtime.GOOS, runtime.GOARCH}, binary); err != nil {
		return err
	}
	for name, flag := range map[string]string{
		"completion/ukcloud_exporter.bash": "--completion-script-bash",
		"completion/_ukcloud_exporter":     "--completion-script-zsh",
		"completion/ukcloud_exporter.fish": "--completion-script-fish",
	} {
		script, err := output(exec.Command(binary, flag))
		if err != nil {
			return err
		}
		if err := r.put(name, bytes.TrimLeft(script, "\n")); err != nil {
			return err
		}
	}
	page, err := output(exec.Command(binary, "--help-man"))
	if err != nil {
		return err
	}
	if page, err = manual(page, r.version, r.time); err != nil {
		return err
	}
	compressed, err := gzipped(page)
	if err != nil {
		return err
	}
	return errors.Join(r.put("man/ukcloud_exporter.1", page), r.put("man/ukcloud_exporter.1.gz", compressed))
}
