package app

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/portal/simulator"
)

// notInCore are the families of each VM that families: core leaves out.
var notInCore = []string{
	"ukcloud_vm_cpus", "ukcloud_vm_memory_bytes", "ukcloud_vm_storage_bytes",
	"ukcloud_vm_backup_enabled", "ukcloud_vm_backup_retention_seconds",
}

// onlyInCore are their totals.
var onlyInCore = []string{
	"ukcloud_vdc_cpus", "ukcloud_vdc_memory_bytes", "ukcloud_vdc_storage_bytes",
	"ukcloud_vms_by_backup_enabled", "ukcloud_vms_by_backup_retention",
}

// TestCoreFamilies: a reload to families: core exchanges these families, the totals
// being what the VMs come to, and changes no other one and no page; what was kept of the
// one is not served as the other.
func TestCoreFamilies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "state_dir: state\n")
		before, page := s.scrape(), s.tables("")
		s.configure("state_dir: state\ncollectors: {compute_services: {families: core}}\n")
		if err := s.reload(); err != nil {
			t.Fatal(err)
		}
		after := s.scrape()
		live := append([]string{"ukcloud_collector_series"}, liveFamilies...)
		if diff := cmp.Diff(
			strings.Split(without(before, append(live, notInCore...)...), "\n"),
			strings.Split(without(after, append(live, onlyInCore...)...), "\n")); diff != "" {
			t.Errorf("core changes other families (-all +core):\n%s", diff)
		}
		all, core := families(before), families(after)
		for _, name := range notInCore {
			if all[name] == "" || core[name] != "" {
				t.Errorf("%s: all has %.80q, core %.80q", name, all[name], core[name])
			}
		}
		var totals strings.Builder
		for _, name := range onlyInCore {
			if all[name] != "" || core[name] == "" {
				t.Errorf("%s: all has %.80q, core %.80q", name, all[name], core[name])
			}
			totals.WriteString(comments(after, name) + core[name])
		}
		goldenFile(t, "metrics_core.golden", totals.String())
		lint(t, without(after, runtimeFamilies...))
		for _, unit := range []string{"cpus", "memory_bytes", "storage_bytes"} {
			want, got := sumsByVDC(t, all["ukcloud_vm_"+unit]), sumsByVDC(t, core["ukcloud_vdc_"+unit])
			maps.DeleteFunc(got, func(_ string, sum float64) bool { return sum == 0 }) // without a VM
			if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
				t.Errorf("%s by VDC (-of VMs +total):\n%s", unit, diff)
			}
		}
		if diff := cmp.Diff(page, s.tables("")); diff != "" {
			t.Errorf("the page differs (-all +core):\n%s", diff)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		s.portal.SetFaults(simulator.Fault{Endpoint: "*", Kind: "503"})
		for _, tt := range []struct {
			yaml   string
			served bool
		}{{"families: core, min_interval: 2m", true}, {"families: all", false}} {
			s.configure("state_dir: state\ncollectors: {compute_services: {" + tt.yaml + "}}\n")
			d, err := start(s.log, s.options)
			if err != nil {
				t.Fatal(err)
			}
			s.Daemon, s.handler = d, d.server().Handler
			kept := families(s.scrapeWithoutWaiting())
			if got := kept["ukcloud_vdc_cpus"] == core["ukcloud_vdc_cpus"]; got != tt.served || kept["ukcloud_vm_cpus"] != "" {
				t.Errorf("%s after a restart: totals %.80q, VMs %.80q", tt.yaml, kept["ukcloud_vdc_cpus"], kept["ukcloud_vm_cpus"])
			}
			if err := d.stop(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// comments are the HELP and TYPE of a family.
func comments(exposition, name string) (text string) {
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, "# HELP "+name+" ") || strings.HasPrefix(line, "# TYPE "+name+" ") {
			text += line
		}
	}
	return text
}

var vdcLabel = regexp.MustCompile(`account="([^"]*)",vdc="([^"]*)"`)

func sumsByVDC(t *testing.T, samples string) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for line := range strings.Lines(samples) {
		value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
		if err != nil {
			t.Fatal(err)
		}
		id := vdcLabel.FindStringSubmatch(line)
		sums[fmt.Sprint(slices.Clone(id[1:]))] += value
	}
	return sums
}
