// Package systemd_test checks the units by systemd's own tools.
package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var units = []string{"ukcloud_exporter.service", "ukcloud_exporter@.service"}

func analyze(t *testing.T, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("SYSTEMD-ANALYZE IS NOT INSTALLED: THE UNITS ARE NOT TESTED (Debian: apt-get install systemd)")
	}
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestSandbox: an exposure of 2.0 of 10 at most.
func TestSandbox(t *testing.T) {
	for _, unit := range units {
		out := analyze(t, "security", "--offline=true", "--threshold=20", "--no-pager", unit)
		if !strings.Contains(out, "Overall exposure level") {
			t.Errorf("%s was not rated:\n%s", unit, out)
		}
	}
}

// TestSandboxIsRated: the threshold is one that a unit without a sandbox fails.
func TestSandboxIsRated(t *testing.T) {
	analyze(t, "--version")
	bare := filepath.Join(t.TempDir(), "bare.service")
	if err := os.WriteFile(bare, []byte("[Service]\nUser=nobody\nExecStart=/bin/true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", bare).CombinedOutput(); err == nil {
		t.Errorf("a unit without a sandbox passes:\n%s", out)
	}
}

// TestVerify: systemd knows every key and value. The binary and the manual page are
// not installed where this runs, so a true program and no page stand for them.
func TestVerify(t *testing.T) {
	for _, unit := range units {
		text := read(t, unit)
		text = strings.ReplaceAll(text, "/usr/bin/ukcloud_exporter", "/bin/true")
		text = strings.ReplaceAll(text, "man:ukcloud_exporter(1) ", "")
		name := filepath.Join(t.TempDir(), strings.Replace(unit, "@", "@x", 1))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := analyze(t, "verify", "--recursive-errors=no", "--man=no", name); strings.Contains(out, filepath.Base(name)) {
			t.Errorf("%s:\n%s", unit, out)
		}
	}
}

// TestTemplate: the template is the unit with the instance's name in its paths.
func TestTemplate(t *testing.T) {
	want := strings.NewReplacer(
		"/etc/ukcloud_exporter/password", "/etc/ukcloud_exporter/%i.password",
		"/etc/ukcloud_exporter/config.yml", "/etc/ukcloud_exporter/%i.yml",
		"StateDirectory=ukcloud_exporter", "StateDirectory=ukcloud_exporter/%i",
		"%S/ukcloud_exporter", "%S/ukcloud_exporter/%i",
		"/etc/default/ukcloud_exporter", "/etc/default/ukcloud_exporter-%i",
		"Portal API\n", "Portal API (%i)\n",
	).Replace(settings(t, units[0]))
	if diff := cmp.Diff(want, settings(t, units[1])); diff != "" {
		t.Error(diff)
	}
}

// settings is the unit without its comments.
func settings(t *testing.T, unit string) string {
	var out strings.Builder
	for line := range strings.Lines(read(t, unit)) {
		if !strings.HasPrefix(line, "#") {
			out.WriteString(line)
		}
	}
	return out.String()
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
