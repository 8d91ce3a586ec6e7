package dashboards_test

import (
	"bufio"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/portal/simulator"
)

// otherInCore are the panels that families: core leaves empty, or without a column, or
// that count VDCs or fewer VMs then. docs/operating.md names each.
var otherInCore = []string{
	"ukcloud-backups Not in yet from last night", "ukcloud-backups Protected, no data", "ukcloud-backups Running unprotected",
	"ukcloud-overview Not in yet from last night", "ukcloud-overview Running unprotected", "ukcloud-overview What fires now, all VDCs",
	"ukcloud-vms Dearest VMs", "ukcloud-vms Off, and still charged",
}

// TestCoreFamilies: what the dashboards and rules show of families: core is what they
// show of all, but for what they cannot.
func TestCoreFamilies(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	all, core := scrapeBoth(t)
	want, got := shownOf(t, all, target1), shownOf(t, core, target1)
	operating, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for name := range want {
		if !maps.Equal(want[name], got[name]) {
			others = append(others, name)
			if _, title, _ := strings.Cut(name, " "); !strings.Contains(string(operating), "**"+title+"**") {
				t.Errorf("docs/operating.md does not name %q", title)
			}
		}
	}
	slices.Sort(others)
	if diff := cmp.Diff(otherInCore, others); diff != "" {
		t.Error(diff)
	}
	for _, title := range []string{"vCPUs", "Memory", "Storage"} {
		if len(got["ukcloud-vms "+title]) != 1 {
			t.Errorf("%s: %v", title, got["ukcloud-vms "+title])
		}
	}
}

// TestRecipes: what docs/operating.md says that the dashboards lack where Prometheus
// drops labels or families itself.
func TestRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	all, _ := scrapeBoth(t)
	var withoutVDC, withoutFamilies strings.Builder
	label, family := regexp.MustCompile(`vdc="[^"]*",`), regexp.MustCompile(`^ukcloud_vm_(cpus|memory_bytes|storage_bytes|backup_enabled|backup_retention_seconds)\{`)
	for line := range strings.Lines(all) {
		if !family.MatchString(line) {
			withoutFamilies.WriteString(line)
		}
		if strings.HasPrefix(line, "ukcloud_vm_") && !strings.HasPrefix(line, "ukcloud_vm_info") {
			line = label.ReplaceAllString(line, "")
		}
		withoutVDC.WriteString(line)
	}
	want := shownOf(t, all, target1)
	for name, value := range shownOf(t, withoutVDC.String(), target1)["ukcloud-overview What fires now, all VDCs"] {
		if strings.Contains(name, "UKCloudBackup") {
			t.Errorf("without vdc there is %s %s", name, value)
		}
	}
	got := shownOf(t, withoutFamilies.String(), target1)
	var others []string
	for name := range want {
		if !maps.Equal(want[name], got[name]) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	more := append([]string{
		"ukcloud-backups On and unprotected", "ukcloud-backups Protected", "ukcloud-overview On and unprotected",
		"ukcloud-vms Memory", "ukcloud-vms Storage", "ukcloud-vms vCPUs",
	}, otherInCore...)
	slices.Sort(more)
	if diff := cmp.Diff(more, others); diff != "" {
		t.Error(diff)
	}
}

// scrapeBoth are scrapes of one estate, by the families of each VM.
func scrapeBoth(t *testing.T) (all, core string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(end()))
		portal, err := simulator.New(simulator.Options{Seed: 5, Accounts: 2, VMs: 40, History: 2})
		if err != nil {
			t.Fatal(err)
		}
		x := startExporter(t, portal, t.TempDir(), "")
		defer x.stop(t)
		all = x.get(t, "/metrics")
		var parts []*collector.Part
		for _, held := range x.cache.Parts("compute_services") {
			parts = append(parts, held.Part)
		}
		text := func(choice collector.VMFamilies) string {
			c := collector.NewComputeServices(nil, collector.ComputeSettings{Families: choice})
			text, _, err := snapshot.Text(c.Families(), parts...)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		before := text(collector.AllFamilies)
		for line := range strings.Lines(all) {
			if !strings.HasPrefix(line, "#") && !strings.Contains(before, line) {
				core += line
			}
		}
		core += text(collector.CoreFamilies)
	})
	return all, core
}

// shownOf is what every dashboard shows of a scrape of each target, but that of the
// exporters.
func shownOf(t *testing.T, scrape string, targets ...string) map[string]map[string]string {
	t.Helper()
	h := newHistory(t)
	h.add(t, func(out *bufio.Writer) {
		for _, target := range targets {
			sampled(out, scrape, target, end())
		}
	})
	h.record(t, end())
	prometheus := h.start(t)
	defer prometheus.Stop(t)
	shown := map[string]map[string]string{}
	for _, d := range load(t) {
		if d.UID == "ukcloud-exporter" {
			continue
		}
		for _, p := range d.panels() {
			shown[d.UID+" "+p.Title] = flat(p.answers(t, prometheus, everything()))
		}
	}
	return shown
}
