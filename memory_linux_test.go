package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMemoryLimitOfTheCgroup: a process in a cgroup with a limit keeps Go below it, as
// its log says.
func TestMemoryLimitOfTheCgroup(t *testing.T) {
	group, limit := "/sys/fs/cgroup/memory", "memory.limit_in_bytes" // version 1
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		group, limit = "/sys/fs/cgroup", "memory.max"
	}
	dir, err := os.MkdirTemp(group, "ukcloud_exporter-test-")
	if err != nil {
		t.Skipf("NO CGROUP CAN BE MADE (%v): THE MEMORY LIMIT IS NOT TESTED WITH A REAL ONE", err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) }) // when the process has left it
	if err := os.WriteFile(filepath.Join(dir, limit), []byte(strconv.Itoa(200<<20)), 0o600); err != nil {
		t.Skipf("THE CGROUP TAKES NO LIMIT (%v): THE MEMORY LIMIT IS NOT TESTED WITH A REAL ONE", err)
	}
	script := fmt.Sprintf("echo $$ >%s/cgroup.procs && exec %s --web.listen-address=127.0.0.1:0", dir, build(t))
	t.Setenv("UKCLOUD_URL", "http://127.0.0.1:1/api")
	t.Setenv("UKCLOUD_EMAIL", "demo@example.com")
	t.Setenv("UKCLOUD_PASSWORD", "demo")
	t.Setenv("GOMEMLIMIT", "")
	p := startProcess(t, "sh", "-c", script)
	p.until("a listener", func() bool { return listening.MatchString(p.logs.String()) })
	if want := fmt.Sprintf("GOMEMLIMIT=%d ratio=0.9", 180<<20); !strings.Contains(p.logs.String(), want) {
		t.Errorf("the log has no %q:\n%s", want, p.logs)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
