package collector

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"ukcloud_exporter/portal"
)

// VMFamilies says what there is of each VM.
type VMFamilies string

// The choices of VMFamilies. Core leaves out what hardly ever changes: a third of
// the series of an estate.
const (
	AllFamilies  VMFamilies = "all"
	CoreFamilies VMFamilies = "core" // with totals by VDC in place of what is left out
)

// Choices implements Choice.
func (VMFamilies) Choices() []string { return []string{string(AllFamilies), string(CoreFamilies)} }

// withTotals replaces the families of each VM that CoreFamilies leaves out by what
// they come to in each VDC.
func withTotals(families []Family) []Family {
	totals := totals()
	for i, f := range families {
		if total, ok := totals[f.Name]; ok {
			families[i] = total
		}
	}
	return families
}

// totals are by the name of the family that they stand for.
func totals() map[string]Family {
	return map[string]Family{
		"ukcloud_vm_cpus": ofEachVDC("ukcloud_vdc_cpus", "Virtual CPUs of the VMs in a VDC.", 1,
			func(v *vm) portal.Optional[int64] { return v.CPUs }),
		"ukcloud_vm_memory_bytes": ofEachVDC("ukcloud_vdc_memory_bytes", "Memory allocated to the VMs in a VDC.", mebibyte,
			func(v *vm) portal.Optional[int64] { return v.MemoryMiB }),
		"ukcloud_vm_storage_bytes": ofEachVDC("ukcloud_vdc_storage_bytes", "Storage allocated to the VMs in a VDC.", mebibyte,
			func(v *vm) portal.Optional[int64] { return v.StorageMiB }),
		"ukcloud_vm_backup_enabled": family("ukcloud_vms_by_backup_enabled",
			"Virtual machines in a VDC by power state and whether they are backed up: true, false (excluded) or unknown.",
			[]string{"account", "vdc", "power_state", "backup_enabled"}, (*ComputePart).byBackupEnabled),
		"ukcloud_vm_backup_retention_seconds": family("ukcloud_vms_by_backup_retention",
			"Virtual machines in a VDC by how long their backups are kept, in days; those of which it is not known are in none.",
			[]string{"account", "vdc", "retention"}, (*ComputePart).byBackupRetention),
	}
}

// ofEachVDC makes a family of what a count of the VMs, in units of so many base units,
// comes to in each VDC. A VDC that has VMs but knows it of none has no sample.
func ofEachVDC(name, help string, units int64, count func(*vm) portal.Optional[int64]) Family {
	return family(name, help, []string{"account", "vdc"}, func(p *ComputePart) (samples []Sample) {
		type total struct {
			sum          float64 // of whole numbers below 2^53, so exact
			known, there bool
		}
		totals := map[string]total{}
		for i := range p.vms {
			v := &p.vms[i]
			if v.again {
				continue
			}
			t := totals[v.VApp.VDC.URN]
			t.there = true
			if value, known := times(count(v), units); known {
				t.sum, t.known = t.sum+value, true
			}
			totals[v.VApp.VDC.URN] = t
		}
		for _, v := range p.vdcs() {
			if t := totals[v.URN]; t.known || !t.there {
				samples = append(samples, Sample{Labels: []string{p.Account.ID, v.URN}, Value: t.sum})
			}
		}
		return samples
	})
}

// backupEnabled is inBackup as a label.
var backupEnabled = [...]string{"true", "false", "unknown"}

// byBackupEnabled has every combination in every VDC, also with 0.
func (p *ComputePart) byBackupEnabled() (samples []Sample) {
	var states []string
	for _, power := range powerStates {
		for _, enabled := range backupEnabled {
			states = append(states, power+" "+enabled)
		}
	}
	for _, s := range p.countByVDC(states, func(v *vm) int {
		power, _ := powerOf(v.PowerStatus)
		enabled := 2
		if v.InBackup.Valid {
			enabled = 1 - int(number(v.InBackup.Value))
		}
		return int(power)*len(backupEnabled) + enabled
	}) {
		power, enabled, _ := strings.Cut(s.Labels[2], " ")
		samples = append(samples, Sample{Labels: append(s.Labels[:2:2], power, enabled), Value: s.Value})
	}
	return samples
}

// byBackupRetention has the retentions that some VM of the VDC has: 14 days, and 0 for
// what is excluded, in what was recorded.
func (p *ComputePart) byBackupRetention() (samples []Sample) {
	counts := map[string]map[int64]int{}
	for i := range p.vms {
		v := &p.vms[i]
		if _, known := times(v.RetentionDays, secondsPerDay); v.again || !known {
			continue
		}
		ofVDC := counts[v.VApp.VDC.URN]
		if ofVDC == nil {
			ofVDC = map[int64]int{}
			counts[v.VApp.VDC.URN] = ofVDC
		}
		ofVDC[v.RetentionDays.Value]++
	}
	for _, v := range p.vdcs() {
		for _, days := range slices.Sorted(maps.Keys(counts[v.URN])) {
			samples = append(samples, Sample{
				Labels: []string{p.Account.ID, v.URN, strconv.FormatInt(days, 10) + "d"}, Value: float64(counts[v.URN][days]),
			})
		}
	}
	return samples
}
