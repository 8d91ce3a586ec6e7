package boards

import "ukcloud_exporter/dashboards/internal/model"

// noVM is what panels of the estate say before it is known.
const noVM = "No VM is known"

// vms answers what there is, how large, and whether it is on.
func vms() model.Dashboard {
	return model.Dashboard{
		UID: vmsUID, Title: "UKCloud / Virtual machines", From: "now-7d", Refresh: "5m",
		Description: "The VMs of the estate as compute_services lists them: number, size, power and live cost.",
		Variables:   variables(), Annotations: annotations(7),
		Rows: []model.Row{vmTotals(), vmTable(), vmPower(), vmKinds()},
	}
}

func vmTotals() model.Row {
	on := vm("ukcloud_vm_powered_on")
	total := func(title, description string, unit model.Unit, expr string) model.Panel {
		p := stat(title, description, noVM, unit, neutral(), expr)
		p.Width = 3
		return p
	}
	size := func(title, description string, unit model.Unit, ofVM, ofVDC string) model.Panel {
		p := total(title, description, unit, orOfVDCs(vm(ofVM), ofVDC))
		p.Empty = "No VM is known, or it is known by VDC only"
		return p
	}
	live := total("Live cost, month to date", "The portal's live figures, recomputed hourly, without backup. Accounts of the portal's last years have none.", model.Pounds,
		sum(chosen(vm("ukcloud_vm_cost_month_to_date_gbp"))))
	live.Empty = "The portal gives no cost"
	return model.Row{Title: "Now", Panels: []model.Panel{
		total("VMs", "VMs that are chosen.", model.Count, "count("+vmNames+")"),
		total("Powered on", "VMs that are powered on.", model.Count, sum(chosen(on))),
		total("Powered off", "VMs that are powered off. Their storage is still charged.", model.Count, sum(chosen("1 - "+on))),
		total("Power unknown", "VMs of which the portal does not know whether they are on.", model.Count, "count("+vmNames+") - (count("+chosen(on)+") or count("+vmNames+") * 0)"),
		size("vCPUs", "Virtual CPUs of all VMs, on or off.", model.Count, "ukcloud_vm_cpus", "ukcloud_vdc_cpus"),
		size("Memory", "Memory allocated to all VMs, on or off.", model.Bytes, "ukcloud_vm_memory_bytes", "ukcloud_vdc_memory_bytes"),
		size("Storage", "Storage allocated to all VMs, on or off.", model.Bytes, "ukcloud_vm_storage_bytes", "ukcloud_vdc_storage_bytes"),
		live,
	}}
}

// vmTable lists the dearest, or, where there is no money, as many of all.
func vmTable() model.Row {
	cost := vm("ukcloud_vm_cost_month_to_date_gbp")
	names := vmNames + " * 0"
	listed := top(tableRows, "("+chosen(cost)+") or on ("+byVM+") "+names)
	column := func(title string, unit model.Unit, metric string) model.Column {
		return model.Column{Title: title, Unit: unit, Expr: only(vm(metric), listed)}
	}
	// One of the two is known of nearly every VM: with families: core there are no CPUs.
	withNames := func(title string, metric string) model.Column {
		return model.Column{Title: title, Unit: model.Count, Expr: namedAs(vm(metric), "vm_name, vapp_name, vdc_name, vorg_name, size, os") + " and on (" + byVM + ") " + listed}
	}
	on := withNames("Power", "ukcloud_vm_powered_on")
	on.Texts = powerTexts()
	return model.Row{Title: "Which", Panels: []model.Panel{{
		Kind: model.Table, Title: "Dearest VMs", Steps: plain(), Width: 24, Height: 12,
		Description: "The 100 dearest of the VMs that are chosen, by the portal's live figures; as many of all where there are none.",
		Empty:       noVM,
		Keys: []model.Key{
			{Label: "vm_name", Title: "VM"}, {Label: "vdc_name", Title: "VDC"}, {Label: "vorg_name", Title: "vOrg"}, {Label: "vapp_name", Title: "vApp"},
			{Label: "size", Title: "Size", Width: 90}, {Label: "os", Title: "Operating system"},
			{Label: "account", Title: "Account", Width: accountWidth}, {Label: "vdc"}, {Label: "vm"},
		},
		Columns: []model.Column{
			withNames("vCPUs", "ukcloud_vm_cpus"),
			column("Memory", model.Bytes, "ukcloud_vm_memory_bytes"),
			column("Storage", model.Bytes, "ukcloud_vm_storage_bytes"),
			on,
			column("Month to date", model.Pounds, "ukcloud_vm_cost_month_to_date_gbp"),
			column("Estimate", model.Pounds, "ukcloud_vm_cost_month_estimate_gbp"),
		},
		SortBy: "Month to date",
		Links:  []model.Link{toVM(), toBackups()},
	}}}
}

func powerTexts() []model.Text { return yesNo("off", "on", model.Blue, model.Green) }

func vmPower() model.Row {
	off := chosen(vm("ukcloud_vm_cost_month_to_date_gbp") + " and " + vm("ukcloud_vm_powered_on") + " == 0")
	changes := "max by (" + byVM + ") (changes(" + of("ukcloud_vm_powered_on", ofVM) + "[$__range:1h])) > 0"
	listed := top(tableRows, named(off))
	return model.Row{Title: "Power and cost", Panels: []model.Panel{
		{
			Kind: model.Lines, Title: "Power states, all VMs", Unit: model.Count, Steps: plain(), Width: 12, Height: 8, Step: "2h", Sums: []string{model.Last},
			Description: "VMs in the chosen VDCs by power state.", Empty: noVM, Colors: colorsOf("on", "off", "unknown"),
			Queries: one(sumBy("power_state", ofVDCs(merged(byVDC+", power_state", "ukcloud_vms", ofVDC))), "{{power_state}}"),
		},
		{
			Kind: model.Lines, Title: "Live cost of the dearest VMs", Unit: model.Pounds, Steps: plain(), Width: 12, Height: 8, Step: "12h", Sums: []string{model.Last},
			Description: "Month to date of the 10 VMs that are dearest at the end of the range, by the portal's live figures. It falls to zero when a month begins.",
			Empty:       "No point yet (there is one every twelve hours), or the portal gives no cost",
			Queries:     one(topVMs(lines, "ukcloud_vm_cost_month_to_date_gbp", chosen(vm("ukcloud_vm_cost_month_to_date_gbp"))), vmLegend),
			Links:       []model.Link{seriesToVM()},
		},
		{
			Kind: model.History, Title: "Power by the hour", Unit: model.Count, Width: 12, Height: 12, Step: "1h", Last: "1d", Steps: plain(), Texts: powerTexts(),
			Description: "When a VM was on and off, for the 15 of the chosen VMs that changed most often in a day. A VM that did not change is not shown.",
			Empty:       "No VM that is chosen was switched on or off in a day",
			Queries:     one(topVMs(historyRows, "ukcloud_vm_powered_on", chosen(changes)), vmLegend),
			Links:       []model.Link{seriesToVM()},
		},
		{
			Kind: model.Table, Title: "Off, and still charged", Steps: plain(), Width: 12, Height: 12,
			Description: "The 100 dearest VMs that are powered off, with what they have cost this month by the portal's live figures and the storage that they are charged for.",
			Empty:       "No VM that is off costs anything, or the portal gives no cost",
			Keys:        vmKeys(),
			Columns: []model.Column{
				{Title: "Live", Unit: model.Pounds, Expr: listed},
				{Title: "Storage", Unit: model.Bytes, Expr: only(vm("ukcloud_vm_storage_bytes"), listed)},
			},
			Links: []model.Link{toVM(), toBackups()},
		},
	}}
}

func vmKinds() model.Row {
	count := func(title, description, labels, legend string) model.Panel {
		return model.Panel{
			Kind: model.Bars, Title: title, Description: description, Empty: noVM, Unit: model.Count, Steps: neutral(), Width: 6, Height: 10,
			Queries: one(top(bars, "count by ("+labels+") ("+vmNames+")"), legend),
		}
	}
	return model.Row{Title: "What they are", Panels: []model.Panel{
		count("By size", "VMs by billed size. The portal bills by the next size that holds both vCPUs and memory.", "size", "{{size}}"),
		count("By VDC", "VMs of the 15 largest VDCs, with their accounts.", eachVDC, eachLegend),
		count("By operating system", "VMs by operating system, as the portal has it.", "os", "{{os}}"),
		{
			Kind: model.Bars, Title: "VM-hours billed", Unit: model.Count, Steps: neutral(), Width: 6, Height: 10,
			Description: "Hours billed this month while VMs were on and off, by the portal's live figures. The portal bills whole hours.",
			Empty:       noVM, Colors: colorsOf("on", "off"),
			Queries: one(sumBy("power_state", chosen(merged(byVM+", power_state", "ukcloud_vm_billed_seconds", ofVM)))+" / 3600", "{{power_state}}"),
		},
	}}
}
