package collector

import (
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/portal"
)

const (
	mebibyte      = 1 << 20
	secondsPerDay = 24 * 60 * 60
)

// ofVM is the label set of everything that is said of one VM.
var ofVM = []string{"account", "vdc", "vm"}

// computeFamilies is contract section 5 for compute_services, in its order.
func computeFamilies() families[*computeAccount] {
	return append(append(estateFamilies(), vmFamilies()...), backupFamilies()...)
}

func estateFamilies() families[*computeAccount] {
	return families[*computeAccount]{
		{exposition.Desc{
			Name: "ukcloud_account_info", Labels: []string{"account", "account_name"},
			Help: "An account that the login sees.",
		}, func(a *computeAccount, w *exposition.Writer) {
			w.Int("", 1, "account", a.account.ID, "account_name", a.account.Name)
		}},
		{exposition.Desc{
			Name: "ukcloud_vorg_info", Labels: []string{"account", "vorg", "vorg_name"},
			Help: "A compute service (vOrg).",
		}, func(a *computeAccount, w *exposition.Writer) {
			for _, v := range firstOf(a.vorgs, func(v *portal.VOrg) string { return v.ServiceID }) {
				w.Int("", 1, "account", a.account.ID, "vorg", v.ServiceID, "vorg_name", v.Name)
			}
		}},
		{exposition.Desc{
			Name: "ukcloud_vdc_info", Labels: []string{"account", "vorg", "vdc", "vdc_name"},
			Help: "A virtual data centre (VDC).",
		}, func(a *computeAccount, w *exposition.Writer) {
			for _, v := range firstOf(a.vdcs, func(v *portal.VDC) string { return v.URN }) {
				w.Int("", 1, "account", a.account.ID, "vorg", v.VOrg.ServiceID, "vdc", v.URN, "vdc_name", v.Name)
			}
		}},
		{exposition.Desc{
			Name: "ukcloud_vm_info",
			Labels: []string{
				"account", "vorg", "vdc", "vapp", "vm", "vm_name", "vapp_name", "vdc_name", "vorg_name", "size", "os",
			},
			Help: "A virtual machine with the names of what it is in. Join on account, vdc and vm.",
		}, writeVMInfo},
		{exposition.Desc{
			Name: "ukcloud_vms", Labels: []string{"account", "vdc", "power_state"},
			Help: "Virtual machines in a VDC by power state: on, off or unknown.",
		}, func(a *computeAccount, w *exposition.Writer) {
			countByVDC(a, w, "power_state", powerStates[:], func(v *vm) int { return int(v.power) })
		}},
		{exposition.Desc{
			Name: "ukcloud_compute_cost_provided", Labels: []string{"account"},
			Help: "1 if compute_services gives costs for the account; 0 if all of its money is zero, as the portal sends since 2020.",
		}, func(a *computeAccount, w *exposition.Writer) {
			if len(a.vms) > 0 {
				w.Bool("", a.costProvided, "account", a.account.ID)
			}
		}},
	}
}

// firstOf keeps the first of those with the same id: two names for one id would
// break every join.
func firstOf[T any](all []T, id func(T) string) []T {
	seen := make(map[string]bool, len(all))
	var first []T
	for _, v := range all {
		if !seen[id(v)] {
			seen[id(v)] = true
			first = append(first, v)
		}
	}
	return first
}

func writeVMInfo(a *computeAccount, w *exposition.Writer) {
	for i := range a.vms {
		v := &a.vms[i]
		if v.again {
			continue // two names for one VM would break every join
		}
		app, vdc := v.app, v.app.VDC
		w.Int("", 1,
			"account", a.account.ID, "vorg", vdc.VOrg.ServiceID, "vdc", vdc.URN, "vapp", app.URN, "vm", v.urn,
			"vm_name", v.name, "vapp_name", app.Name, "vdc_name", vdc.Name, "vorg_name", vdc.VOrg.Name,
			"size", v.size, "os", v.os)
	}
}

// countByVDC writes how many VMs of each VDC are in each state. Every state of
// every VDC is written, also 0.
func countByVDC(a *computeAccount, w *exposition.Writer, label string, states []string, stateOf func(*vm) int) {
	counts := make(map[string][]int64, len(a.vdcs))
	for _, v := range a.vdcs {
		counts[v.URN] = make([]int64, len(states))
	}
	for i := range a.vms {
		if v := &a.vms[i]; !v.again {
			counts[v.app.VDC.URN][stateOf(v)]++
		}
	}
	for _, v := range firstOf(a.vdcs, func(v *portal.VDC) string { return v.URN }) {
		count := counts[v.URN]
		for i, state := range states {
			w.Int("", count[i], "account", a.account.ID, "vdc", v.URN, label, state)
		}
	}
}

// ofEachVM makes a family whose samples carry the labels account, vdc and vm.
func ofEachVM(name, help string, write func(v *vm, w *exposition.Writer)) family[*computeAccount] {
	return family[*computeAccount]{
		exposition.Desc{Name: name, Help: help, Labels: ofVM},
		func(a *computeAccount, w *exposition.Writer) {
			for i := range a.vms {
				write(&a.vms[i], w)
			}
		},
	}
}

func vmFamilies() families[*computeAccount] {
	return families[*computeAccount]{
		ofEachVM("ukcloud_vm_powered_on", "1 if the VM is powered on, 0 if it is off; absent when the portal does not know.",
			func(v *vm, w *exposition.Writer) {
				if v.power != powerUnknown {
					w.Bool(v.labels, v.power == powerOn)
				}
			}),
		ofEachVM("ukcloud_vm_cpus", "Virtual CPUs of the VM.",
			func(v *vm, w *exposition.Writer) {
				if v.cpus.Valid {
					w.Int(v.labels, v.cpus.Value)
				}
			}),
		ofEachVM("ukcloud_vm_memory_bytes", "Memory allocated to the VM.",
			func(v *vm, w *exposition.Writer) {
				if v.memory.Valid {
					w.Int(v.labels, v.memory.Value*mebibyte)
				}
			}),
		ofEachVM("ukcloud_vm_storage_bytes", "Storage allocated to the VM.",
			func(v *vm, w *exposition.Writer) {
				if v.disk.Valid {
					w.Int(v.labels, v.disk.Value*mebibyte)
				}
			}),
		costFamily("ukcloud_vm_cost_month_to_date_gbp", "Cost of the VM since the first of the month, without VAT and without backup.",
			func(v *vm, w *exposition.Writer) {
				if v.cost.Valid {
					w.Money(v.labels, v.cost.Value)
				}
			}),
		costFamily("ukcloud_vm_cost_month_estimate_gbp", "The portal's estimate of the VM's cost for the whole month; absent at the beginning of a month.",
			func(v *vm, w *exposition.Writer) {
				if v.estimate.Valid {
					w.Money(v.labels, v.estimate.Value)
				}
			}),
		billedFamily(),
	}
}

// costFamily is ofEachVM for an account that has costs: where all money is zero
// it is not provided, and absent is not free.
func costFamily(name, help string, write func(v *vm, w *exposition.Writer)) family[*computeAccount] {
	f := ofEachVM(name, help, write)
	writeAll := f.write
	f.write = func(a *computeAccount, w *exposition.Writer) {
		if a.costProvided {
			writeAll(a, w)
		}
	}
	return f
}

func billedFamily() family[*computeAccount] {
	f := ofEachVM("ukcloud_vm_billed_seconds", "Billed time of the VM since the first of the month by power state; the portal bills whole hours.",
		func(v *vm, w *exposition.Writer) {
			if v.hoursOn.Valid {
				w.Int(v.labels, v.hoursOn.Value*3600, "power_state", "on")
			}
			if v.hoursOff.Valid {
				w.Int(v.labels, v.hoursOff.Value*3600, "power_state", "off")
			}
		})
	f.Labels = []string{"account", "vdc", "vm", "power_state"}
	return f
}

func backupFamilies() families[*computeAccount] {
	return families[*computeAccount]{
		ofEachVM("ukcloud_vm_backup_enabled", "1 if the VM is backed up, 0 if it is excluded.",
			func(v *vm, w *exposition.Writer) {
				if v.backup.enabled.Valid {
					w.Bool(v.labels, v.backup.enabled.Value)
				}
			}),
		ofEachVM("ukcloud_vm_backup_last_attempt_success", "1 if the last backup succeeded, 0 if it failed; absent when there was no attempt.",
			func(v *vm, w *exposition.Writer) {
				if s := v.backup.state; s == backupSuccessful || s == backupFailed {
					w.Bool(v.labels, s == backupSuccessful)
				}
			}),
		ofEachVM("ukcloud_vm_backup_last_attempt_timestamp_seconds", "Start of the last backup.",
			func(v *vm, w *exposition.Writer) {
				if v.backup.lastStart.Valid {
					w.Int(v.labels, v.backup.lastStart.Value.Unix())
				}
			}),
		ofEachVM("ukcloud_vm_backup_last_success_timestamp_seconds", "End of the last backup that succeeded, among those that the portal still lists.",
			func(v *vm, w *exposition.Writer) {
				if v.backup.lastSuccess.Valid {
					w.Int(v.labels, v.backup.lastSuccess.Value.Unix())
				}
			}),
		ofEachVM("ukcloud_vm_backup_last_duration_seconds", "Duration of the last backup.",
			func(v *vm, w *exposition.Writer) {
				if v.backup.lastDuration.Valid {
					w.Int(v.labels, int64(v.backup.lastDuration.Value.Seconds()))
				}
			}),
		ofEachVM("ukcloud_vm_backup_retention_seconds", "How long backups of the VM are kept.",
			func(v *vm, w *exposition.Writer) {
				if v.backup.retentionDays.Valid {
					w.Int(v.labels, v.backup.retentionDays.Value*secondsPerDay)
				}
			}),
		{exposition.Desc{
			Name: "ukcloud_vms_by_backup_state", Labels: []string{"account", "vdc", "backup_state"},
			Help: "Virtual machines in a VDC by state of their last backup.",
		}, func(a *computeAccount, w *exposition.Writer) {
			countByVDC(a, w, "backup_state", backupStates[:], func(v *vm) int { return int(v.backup.state) })
		}},
	}
}
