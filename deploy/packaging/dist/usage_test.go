package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestManualAndCompletion: groff has nothing to say against the page, and each shell
// completes a command, a flag and a command below another by its script.
func TestManualAndCompletion(t *testing.T) {
	p := host(t)
	dir := t.TempDir()
	out := exec.CommandContext(t.Context(), "tar", "-xzf", filepath.Join(packages(t, newer), "ukcloud_exporter_"+newVersion+"_"+p.os+"_"+p.arch+".tar.gz"), "-C", dir, "--strip-components=1")
	if text, err := out.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, text)
	}
	shell := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s IS NOT INSTALLED: WHAT IT READS IS NOT TESTED (Debian: apt-get install bash zsh fish groff)", strings.ToUpper(name))
		}
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = []string{"PATH=" + dir + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "TERM=dumb"}
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		return string(text)
	}
	has := func(t *testing.T, completions string, want ...string) {
		t.Helper()
		words := strings.Fields(completions)
		for _, w := range want {
			if !slices.Contains(words, w) {
				t.Errorf("%q does not complete to %q", completions, w)
			}
		}
	}
	t.Run("man", func(t *testing.T) {
		if text := shell(t, "groff", "-man", "-Tutf8", "-ww", "-z", "man/ukcloud_exporter.1"); text != "" {
			t.Error(text)
		}
		page := strings.Join(strings.Fields(shell(t, "groff", "-man", "-rHY=0", "-Tascii", "-P-c", "-P-bou", "man/ukcloud_exporter.1")), " ")
		for _, want := range []string{"ukcloud_exporter - Prometheus exporter", "--config.file=CONFIG.FILE", "billing fetch --period=MONTH", "ukcloud_exporter " + newVersion, "/var/lib/ukcloud_exporter"} {
			if !strings.Contains(page, want) {
				t.Errorf("%q is not in the page", want)
			}
		}
	})
	t.Run("bash", func(t *testing.T) {
		complete := func(line ...string) string {
			return shell(t, "bash", append([]string{"-c", `. completion/ukcloud_exporter.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ukcloud_exporter_bash_autocomplete; echo "${COMPREPLY[@]}"`, "bash"}, line...)...)
		}
		has(t, complete("ukcloud_exporter", "bil"), "billing")
		has(t, complete("ukcloud_exporter", "billing", ""), "fetch", "verify")
		has(t, complete("ukcloud_exporter", "serve", "--web"), "--web.config.file")
	})
	t.Run("zsh", func(t *testing.T) {
		// compadd shows what it is given only within a completion.
		complete := func(line string) string {
			return shell(t, "zsh", "-fc", `compdef() { }; compadd() { print -l -- ${(P)@[-1]} }; typeset -A compstate=(nmatches 1); . completion/_ukcloud_exporter; words=(`+line+` ''); CURRENT=$#words; _ukcloud_exporter`)
		}
		has(t, complete("ukcloud_exporter"), "billing", "serve")
		has(t, complete("ukcloud_exporter billing"), "fetch", "verify")
	})
	t.Run("fish", func(t *testing.T) {
		complete := func(line string) string {
			return shell(t, "fish", "--private", "-c", `source completion/ukcloud_exporter.fish; complete --do-complete '`+line+`'`)
		}
		has(t, complete("ukcloud_exporter bil"), "billing")
		has(t, complete("ukcloud_exporter billing "), "fetch", "verify")
		has(t, complete("ukcloud_exporter serve --web"), "--web.config.file")
		has(t, complete("ukcloud_exporter --web"), "--web.config.file")
		has(t, complete("ukcloud_exporter billing fetch --"), "--period", "--config.file")
		if text := complete("ukcloud_exporter check "); strings.Contains(text, "billing") {
			t.Errorf("a command after a command: %s", text)
		}
		if text := complete("ukcloud_exporter billing verify --config.file=man/"); !strings.Contains(text, "man/ukcloud_exporter.1") {
			t.Errorf("no files for --config.file: %q", text)
		}
	})
}
