package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// seen is what testdata/systemd.sh must see.
var seen = []struct{ name, value string }{
	{"enabled", "enabled"},
	{"started-without-password", "no"},
	{"started", "0"},
	{"active", "active"},
	{"serves", "yes"},
	{"start-time", "1"}, // of the process, which comes from /proc/stat
	{"user", "ukcloud_exporter"},
	{"sandbox", "CapEff:0000000000000000 NoNewPrivs:1 Seccomp:2"},
	{"state", "ukcloud_exporter 700"},
	{"reload", "0"},
	{"reload-of-nonsense", "1"},
	{"same-process", "yes"},
	{"reloads-seen", "2"}, // by systemd and by the exporter
	{"second", "0"},
	{"second-serves", "yes"},
	{"second-state", "ukcloud_exporter 600"},
	{"restarted-serves", "yes"},
	{"restarts-of-the-healthy", "0"},
	{"restarts-of-the-hung", "1"},
	{"after-it-serves", "yes"},
	{"upgrade-restarts", "yes"},
	{"upgraded-serves", "yes"},
	{"second-upgraded-serves", "yes"},
	{"stopped", "success 0"},
	{"removed", "inactive"},
	{"kept", "6"},
	{"purged", "0"},
	{"end", "yes"},
}

// TestSystemd boots systemd in a container that sees this machine's files, and
// whose changes to them, network and processes are its own, and lives through the
// package's life there.
func TestSystemd(t *testing.T) {
	host(t)
	if _, err := exec.LookPath("systemd-nspawn"); err != nil || os.Getuid() != 0 {
		t.Skip("NO SYSTEMD-NSPAWN, OR NOT ROOT: THE UNIT IS NOT RUN BY SYSTEMD (Debian: apt-get install systemd-container)")
	}
	root := overlay(t)
	for name, release := range map[string]func() (string, error){"old.deb": older, "new.deb": newer} {
		found, err := filepath.Glob(filepath.Join(packages(t, release), "*.deb"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%v, %v", found, err)
		}
		put(t, filepath.Join(root, name), read(t, found[0]))
	}
	put(t, filepath.Join(root, "test.sh"), read(t, "testdata/systemd.sh"))
	units := filepath.Join(root, "etc/systemd/system")
	put(t, filepath.Join(units, "test.service"),
		"[Unit]\nRequires=basic.target\nAfter=basic.target\nSuccessAction=poweroff-force\nFailureAction=poweroff-force\n[Service]\nType=oneshot\nExecStart=/bin/sh /test.sh\n")
	// There is no network to wait for, and no policy against starting services.
	for _, name := range []string{"systemd-networkd-wait-online.service", "NetworkManager-wait-online.service"} {
		_ = os.Remove(filepath.Join(units, name))
		if err := os.Symlink("/dev/null", filepath.Join(units, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"etc/machine-id", "usr/sbin/policy-rc.d"} {
		_ = os.Remove(filepath.Join(root, name))
	}

	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	// script gives it a console: without one systemd does not boot.
	boot := exec.CommandContext(ctx, "script", "--quiet", "--return", "--command",
		"systemd-nspawn --quiet --boot --directory "+root+" --machine ukcloud-exporter-test --link-journal=no --private-network --register=no --keep-unit systemd.unit=test.service",
		"/dev/null")
	console, err := boot.CombinedOutput()
	out, missing := os.ReadFile(filepath.Join(root, "out"))
	if missing != nil {
		t.Skipf("SYSTEMD DOES NOT BOOT HERE, AND THE UNIT IS NOT RUN BY IT: %v, %v\n%s", err, missing, console)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if name, value, ok := strings.Cut(line, ": "); ok {
			got[name] = strings.TrimSpace(value)
		}
	}
	for _, s := range seen {
		if got[s.name] != s.value {
			t.Errorf("%s is %q, want %q", s.name, got[s.name], s.value)
		}
	}
	if t.Failed() {
		log, _ := os.ReadFile(filepath.Join(root, "log"))
		t.Logf("%v\n%s", err, log)
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// overlay is this machine's file system with changes that stay in memory.
func overlay(t *testing.T) string {
	t.Helper()
	memory, root := t.TempDir(), t.TempDir()
	mount := func(source, target, kind, options string) {
		if err := unix.Mount(source, target, kind, 0, options); err != nil {
			t.Skipf("NO OVERLAY CAN BE MOUNTED (%v): THE UNIT IS NOT RUN BY SYSTEMD", err)
		}
		t.Cleanup(func() { _ = unix.Unmount(target, unix.MNT_DETACH) })
	}
	mount("tmpfs", memory, "tmpfs", "")
	for _, name := range []string{"upper", "work"} {
		if err := os.Mkdir(filepath.Join(memory, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mount("overlay", root, "overlay", "lowerdir=/,upperdir="+filepath.Join(memory, "upper")+",workdir="+filepath.Join(memory, "work"))
	return root
}
