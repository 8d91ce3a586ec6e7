package boards

import "ukcloud_exporter/dashboards/internal/model"

// vms answers what there is, how large, and whether it is on.
func vms() model.Dashboard {
	return model.Dashboard{
		UID: vmsUID, Title: "UKCloud / Virtual machines", From: "now-7d", Refresh: "5m",
		Description: "The VMs of the estate as compute_services lists them: number, size, power and live cost.",
		Variables:   variables(), Annotations: annotations(),
		Rows: []model.Row{vmTotals(), vmTable(), vmPower(), vmKinds()},
	}
}

func vmTotals() model.Row {
	on := vm("ukcloud_vm_powered_on")
	return model.Row{Title: "Now", Panels: []model.Panel{
		total("VMs", "VMs that are chosen.", model.Count, "count("+vmInfo+")"),
		total("Powered on", "VMs that are powered on.", model.Count, sum(chosen(on))),
		total("Powered off", "VMs that are powered off. Their storage is still charged.", model.Count, sum(chosen("1 - "+on))),
		total("Power unknown", "VMs of which the portal does not know whether they are on.", model.Count, "count("+vmInfo+") - count("+chosen(on)+")"),
		total("vCPUs", "Virtual CPUs of all VMs, on or off.", model.Count, sum(chosen(vm("ukcloud_vm_cpus")))),
		total("Memory", "Memory allocated to all VMs, on or off.", model.Bytes, sum(chosen(vm("ukcloud_vm_memory_bytes")))),
		total("Storage", "Storage allocated to all VMs, on or off.", model.Bytes, sum(chosen(vm("ukcloud_vm_storage_bytes")))),
		total("Live cost, month to date", "The portal's live figures, recomputed hourly, without backup. Empty for accounts of the portal's last years, which have none.", model.Pounds,
			sum(chosen(vm("ukcloud_vm_cost_month_to_date_gbp")))),
	}}
}

func total(title, description string, unit model.Unit, expr string) model.Panel {
	return model.Panel{
		Kind: model.Stat, Title: title, Description: description, Unit: unit, Steps: neutral(), Width: 3, Height: 4,
		Queries: one(expr, title),
	}
}

// vmTable lists the dearest, or, where there is no money, as many of all.
func vmTable() model.Row {
	const names = "vm_name, vapp_name, vdc_name, vorg_name, size, os"
	cost := vm("ukcloud_vm_cost_month_to_date_gbp")
	listed := top(tableRows, "("+chosen(cost)+") or on ("+byVM+") "+vmInfo+" * 0")
	column := func(title string, unit model.Unit, metric string) model.Column {
		return model.Column{Title: title, Unit: unit, Expr: namedAs(vm(metric), names) + " and on (" + byVM + ") " + listed}
	}
	on := column("On", model.YesNo, "ukcloud_vm_powered_on")
	onSteps := model.Steps{Base: model.Grey, Above: []model.Step{{From: 1, Color: model.Green}}}
	on.Steps = &onSteps
	return model.Row{Title: "Which", Panels: []model.Panel{{
		Kind: model.Table, Title: "Dearest VMs", Unit: model.Count, Steps: neutral(), Width: 24, Height: 12,
		Description: "The 100 dearest of the VMs that are chosen, by the portal's live figures; as many of all where there are none.",
		Keys: []model.Key{
			{Label: "vm_name", Title: "VM"}, {Label: "vapp_name", Title: "vApp"}, {Label: "vdc_name", Title: "VDC"}, {Label: "vorg_name", Title: "vOrg"},
			{Label: "size", Title: "Size"}, {Label: "os", Title: "Operating system"}, {Label: "account"}, {Label: "vdc"}, {Label: "vm"},
		},
		Columns: []model.Column{
			column("Month to date", model.Pounds, "ukcloud_vm_cost_month_to_date_gbp"),
			column("Month estimate", model.Pounds, "ukcloud_vm_cost_month_estimate_gbp"),
			on,
			column("vCPUs", model.Count, "ukcloud_vm_cpus"),
			column("Memory", model.Bytes, "ukcloud_vm_memory_bytes"),
			column("Storage", model.Bytes, "ukcloud_vm_storage_bytes"),
		},
		Links: []model.Link{toVM(rowVM), toBackups(rowVM)},
	}}}
}

func vmPower() model.Row {
	off := chosen(vm("ukcloud_vm_cost_month_to_date_gbp") + " and " + vm("ukcloud_vm_powered_on") + " == 0")
	return model.Row{Title: "Power and cost", Panels: []model.Panel{
		{
			Kind: model.Lines, Title: "VMs by power state", Unit: model.Count, Steps: plain(), Width: 12, Height: 8,
			Description: "VMs in the chosen VDCs by power state. A VM chosen above makes no difference here.",
			Queries:     one(sumBy("power_state", inVDC(of("ukcloud_vms", ofAccount))), "{{power_state}}"),
		},
		{
			Kind: model.Lines, Title: "Live cost of the dearest VMs", Unit: model.Pounds, Steps: plain(), Width: 12, Height: 8,
			Description: "Month to date of the 10 dearest VMs by the portal's live figures. It falls to zero when a month begins.",
			Queries:     one(top(lines, named(vm("ukcloud_vm_cost_month_to_date_gbp"))), "{{vm_name}}"),
			Links:       []model.Link{toVM(seriesVM)},
		},
		{
			Kind: model.History, Title: "Power by the hour", Unit: model.YesNo, Width: 12, Height: 12, Step: "1h",
			Steps:       model.Steps{Base: model.Grey, Above: []model.Step{{From: 1, Color: model.Green}}},
			Description: "Whether a VM was on, for up to 30 of the VMs that are chosen. Choose VMs above to see others.",
			Queries:     one(top(historyRows, named(vm("ukcloud_vm_powered_on"))), "{{vm_name}}"),
			Links:       []model.Link{toVM(seriesVM)},
		},
		{
			Kind: model.Table, Title: "Off, and still charged", Unit: model.Pounds, Steps: neutral(), Width: 12, Height: 12,
			Description: "The 100 dearest VMs that are powered off, with what they have cost this month and the storage that they are charged for.",
			Keys:        vmKeys(),
			Columns: []model.Column{
				{Title: "Month to date", Unit: model.Pounds, Expr: top(tableRows, named(off))},
				{Title: "Storage", Unit: model.Bytes, Expr: named(vm("ukcloud_vm_storage_bytes")) + " and on (" + byVM + ") " + top(tableRows, off)},
			},
			Links: []model.Link{toVM(rowVM), toBackups(rowVM)},
		},
	}}
}

func vmKinds() model.Row {
	count := func(title, description, labels, legend string) model.Panel {
		return model.Panel{
			Kind: model.Bars, Title: title, Description: description, Unit: model.Count, Steps: neutral(), Width: 6, Height: 9,
			Queries: one(top(bars, "count by ("+labels+") ("+vmInfo+")"), legend),
		}
	}
	return model.Row{Title: "What they are", Panels: []model.Panel{
		count("By size", "VMs by billed size. The portal bills by the next size that holds both vCPUs and memory.", "size", "{{size}}"),
		count("By VDC", "VMs of the 15 largest VDCs, with their accounts.", eachVDC, eachLegend),
		count("By operating system", "VMs by operating system, as the portal has it.", "os", "{{os}}"),
		{
			Kind: model.Bars, Title: "Billed time", Unit: model.Seconds, Steps: neutral(), Width: 6, Height: 9,
			Description: "Time billed this month while VMs were on and off. The portal bills whole hours.",
			Queries:     one(sumBy("power_state", chosen(vm("ukcloud_vm_billed_seconds"))), "{{power_state}}"),
		},
	}}
}
