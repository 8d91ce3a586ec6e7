package dashboards_test

import (
	"bufio"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/dashboards/internal/grafana"
)

// hostile are names as their owners may type them. Each VM, VDC, vOrg and account
// has one; two VMs have the same.
var hostile = []string{
	`ld"ap|0[1]\d+ (a)`, `x",vm="urn:vcloud:vm:none"} 1 2`, `\`, `a|b`, `[[vm]] ${vm} $vm`, `.*`, "two\nlines", `{{vm_name}} "`, `'single'`, "`back`",
}

var nameLabel = regexp.MustCompile(`((?:vm|vdc|vapp|vorg|account)_name)="((?:[^"\\]|\\.)*)"`)

// withHostileNames gives a scrape's things those names.
func withHostileNames(scrape string) string {
	given := map[string]string{}
	return nameLabel.ReplaceAllStringFunc(scrape, func(label string) string {
		parts := nameLabel.FindStringSubmatch(label)
		if parts[2] == "" { // in no VDC
			return label
		}
		if given[label] == "" {
			given[label] = hostile[len(given)%len(hostile)]
		}
		return parts[1] + "=" + quoted(given[label])
	})
}

// TestNames: whatever things are called, each can be chosen by its name, and every
// query of every panel then stands. The exporter's own job and instance have
// brackets and bars too.
func TestNames(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	h := newHistory(t)
	scrape := withHostileNames(scrapeEstate(t, 2, 24))
	const target = `job="uk|cl[ou]d.*\\d",instance="[::1]:10048|(x)"`
	h.add(t, func(out *bufio.Writer) { sampled(out, scrape, target, end()) })
	h.record(t, end())
	prometheus := h.start(t)

	offered := map[string][]grafana.Option{}
	for _, d := range load(t) {
		for _, v := range d.variables() {
			offered[v.Name] = v.values(t, prometheus)
		}
	}
	vms, err := prometheus.Query(t.Context(), "ukcloud_vm_info", end())
	if err != nil || len(vms) != 24 || len(offered["vm"]) != 24 {
		t.Fatalf("%d VMs, %d to choose from: %v", len(vms), len(offered["vm"]), err)
	}
	for _, vm := range vms {
		m := vm.Metric
		for name, text := range map[string]string{
			"account": "", "vorg": m["vorg_name"] + " · " + m["account"], "vdc": m["vdc_name"] + " · " + m["account"],
			"vm": m["vm_name"] + " · " + m["vdc_name"] + " · " + m["account"], "job": m["job"], "instance": m["instance"],
		} {
			i := slices.IndexFunc(offered[name], func(o grafana.Option) bool { return o.Value == m[name] })
			if i < 0 || text != "" && offered[name][i].Text != text {
				t.Errorf("%s %q cannot be chosen as %q: %q", name, m[name], text, offered[name])
			}
		}
	}
	for i, vm := range vms {
		if i%6 != 0 {
			continue
		}
		chosen := grafana.Values{}
		for _, name := range []string{"job", "instance", "account", "vorg", "vdc", "vm"} {
			chosen[name] = grafana.Value{Chosen: []string{vm.Metric[name]}}
		}
		t.Run(fmt.Sprintf("VM %d", i), func(t *testing.T) {
			for _, d := range load(t) {
				for _, p := range d.panels() {
					answers := p.answers(t, prometheus, chosen)
					if p.Title == "VMs" && (len(answers["A"]) != 1 || answers["A"][0].Value[1] != "1") {
						t.Errorf("one VM is chosen, and %v are shown", answers["A"])
					}
				}
			}
		})
	}
	two := grafana.Values{"job": {All: ".+"}, "account": {All: ".*"}, "vorg": {All: ".*"}, "vdc": {All: ".*"}, "vm": {Chosen: []string{vms[0].Metric["vm"], vms[1].Metric["vm"]}}}
	if got := find(t, "ukcloud-vms", "VMs").answers(t, prometheus, two)["A"]; len(got) != 1 || got[0].Value[1] != "2" {
		t.Errorf("two VMs are chosen, and %v are shown", got)
	}
}

// TestVMLinks: a row or series of a VM leads to that VM, and not to all of its
// name: with account, VDC and id, which the row has even where it does not show
// them.
func TestVMLinks(t *testing.T) {
	found := 0
	check := func(t *testing.T, p panel, l dataLink, labels func(string) bool) {
		t.Helper()
		if !strings.HasPrefix(l.URL, "/d/ukcloud-vms?") && !strings.HasPrefix(l.URL, "/d/ukcloud-backups?") || l.Title == "Its backups" && p.Title == "Worst VDCs, all VMs" {
			return
		}
		found++
		for _, name := range []string{"account", "vdc", "vm"} {
			match := regexp.MustCompile(`&var-` + name + `=\$\{__(?:data\.fields|field\.labels)\.(\w+):percentencode\}`).FindStringSubmatch(l.URL)
			if match == nil || match[1] != name || !labels(name) {
				t.Errorf("panel %q leads to %s without the row's %s", p.Title, l.URL, name)
			}
		}
	}
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			for _, l := range p.FieldConfig.Defaults.Links {
				check(t, p, l, func(name string) bool { return strings.Contains(p.Targets[0].Expr, name) })
			}
			if p.Type != "table" {
				continue
			}
			renamed, excluded, index := p.organize()
			for _, title := range renamed {
				var all []dataLink
				p.override(title, "links", &all)
				for _, l := range all {
					check(t, p, l, func(name string) bool {
						_, ordered := index[name]
						return ordered && !excluded[name]
					})
				}
			}
		}
	})
	if found < 20 {
		t.Errorf("only %d links to VMs were found", found)
	}
}
