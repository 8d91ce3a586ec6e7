package boards

import (
	"fmt"

	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// The backup families, and the nights that the rules count.
var (
	enabled   = vm("ukcloud_vm_backup_enabled")
	succeeded = vm("ukcloud_vm_backup_last_attempt_success")
	attempted = vm("ukcloud_vm_backup_last_attempt_timestamp_seconds")
	nights    = vm("ukcloud:vm_backup_nights_without_success")
	lastGood  = vm("ukcloud_vm_backup_last_success_timestamp_seconds")
	durations = of("ukcloud:vm_backup_last_duration_seconds:named", ofVM, `vorg=~"$vorg"`)
)

// protected counts VMs in a backup policy; without any it is absent, and so is what
// is counted of them.
var (
	protected         = orOfVDCs(enabled+" == 1", byEnabled, `backup_enabled="true"`)
	orNoneOfProtected = " or (" + protected + ") * 0"
)

// byEnabled is what there is with families: core. Of VMs one then knows only that those
// are protected whose last backup has a result.
const byEnabled = "ukcloud_vms_by_backup_enabled"

var eachProtected = "(" + enabled + " == 1 or " + succeeded + " unless " + enabled + ")"

const (
	noProtected = "No VM is protected"
	noNight     = "No night yet: there is a column for each midnight"
	noPoint     = "No point yet: there is one every twelve hours"
)

// inState counts VMs by the state of their last backup: of the states that match,
// for each VDC.
func inState(states string) string {
	return replicas(byVDC, "ukcloud_vms_by_backup_state", ofVDC, fmt.Sprintf("backup_state=~%q", states))
}

// backups answers whoever answers for backups: is everything safe, and if not,
// what.
func backups() model.Dashboard {
	return model.Dashboard{
		UID: backupsUID, Title: "UKCloud / Backups", From: "now-14d", Refresh: "5m",
		Description: "Nightly backups of the VMs. The portal shows a night's backups by 10:00 London time; noon UTC counts the night.",
		Variables:   variables(), Annotations: annotations(14),
		Rows: []model.Row{backupTotals(), backupNights(), backupWho(), backupTime()},
	}
}

// The figures of the last night, also for Overview.
func failedStat() model.Panel {
	return stat("Failed backups", "VMs whose last backup failed (UKCloudBackupFailed).", noProtected, model.Count, badFrom(1), sum(chosen("1 - "+succeeded))+orNoneOfProtected)
}

func overdueStat() model.Panel {
	return stat("Overdue", "Protected VMs without a good backup for two nights or more (UKCloudBackupOverdue).", noProtected, model.Count, badFrom(1),
		sum(chosen(fmt.Sprintf("%s >= bool %d", nights, alerts.BackupNights)))+orNoneOfProtected)
}

func successStat() model.Panel {
	return stat("Good last night", "VMs whose last backup succeeded, of all that had one.", noProtected, model.Share, betterFrom(0.95, 1), "avg("+chosen(succeeded)+")")
}

// successChange compares the success rate with that of a week ago.
func successChange() model.Panel {
	rate := func(offset string) string { return "(avg(" + chosenThen(succeeded, offset) + "))" }
	p := stat("Success rate against a week ago", "How many points the share of good backups has risen, or fallen (red), in seven days.", "No backup a week ago to compare with", model.Share,
		steps(model.Step{From: -1, Color: model.Red}, model.Step{From: -0.005, Color: model.Green}), rate("")+" - "+rate(" offset 1w"))
	p.Signed = true
	return p
}

// chosenThen is chosen at another time.
func chosenThen(expr, offset string) string {
	return selector.ReplaceAllString(chosen(expr), "}"+offset)
}

// pendingStat reports whether the last night is still running.
func pendingStat() model.Panel {
	// The window opens at 20:00 London time: 19:00 UTC at the earliest.
	night := "(time() - (time() - 68400) % 86400)"
	return stat("Not in yet from last night", "Protected VMs of which the portal has shown no backup since 19:00 UTC, when the night began at the earliest. Backups run until 08:00 and are shown by 10:00 London time.", noProtected,
		model.Count, steps(model.Step{From: 0, Color: model.Green}, model.Step{From: 1, Color: model.Blue}),
		"count("+chosen(eachProtected+" unless "+attempted+" >= "+night)+")"+orNoneOfProtected)
}

func bareStat() model.Panel {
	return stat("On and unprotected", "VMs that are powered on and excluded from backup (UKCloudBackupExcluded, for information).", noVM, model.Count, neutral(),
		orOfVDCs("(1 - "+enabled+") * "+vm("ukcloud_vm_powered_on"), byEnabled, `power_state="on"`, `backup_enabled="false"`))
}

func backupTotals() model.Row {
	noData := stat("No data, all VMs", "Protected VMs of which the portal lists no backup, in the chosen VDCs; usual on a VM's first day, else UKCloudBackupNoData.", noVM, model.Count, badFrom(1), sum(ofVDCs(inState("no_data"))))
	panels := []model.Panel{
		successStat(), successChange(), failedStat(), overdueStat(), noData, pendingStat(), bareStat(),
		stat("Protected", "VMs that are in a backup policy.", noProtected, model.Count, neutral(), protected),
	}
	for i := range panels {
		panels[i].Width = 3
	}
	return model.Row{Title: "Last night", Panels: panels}
}

// worstVDCs are the VDCs with most VMs whose last backup failed.
func worstVDCs(width, height int) model.Panel {
	good := betterFrom(0.95, 1)
	failed := badFrom(1)
	listed := top(tableRows, inState("failed")+" > 0")
	return model.Panel{
		Kind: model.Table, Title: "Worst VDCs, all VMs", Steps: plain(), Width: width, Height: height,
		Description: "VDCs in which backups failed, those with most first, and the share of their VMs whose last backup was good.",
		Empty:       "No VDC has a failed backup",
		Keys:        []model.Key{{Label: "vdc_name", Title: "VDC"}, {Label: "account", Title: "Account", Width: accountWidth}, {Label: "vdc"}},
		Columns: []model.Column{
			{Title: "Failed", Unit: model.Count, Steps: &failed, Expr: top(tableRows, inVDC(inState("failed")+" > 0"))},
			{Title: "Good", Unit: model.Share, Steps: &good, Expr: "(" + inState("successful") + " / on (" + byVDC + ") " + inState("successful|failed") + ") and on (" + byVDC + ") " + listed},
		},
		Links: []model.Link{{Title: "Its backups", UID: backupsUID, Set: [][2]string{
			{"account", "${__data.fields.account:percentencode}"}, {"vdc", "${__data.fields.vdc:percentencode}"},
		}}},
	}
}

func backupNights() model.Row {
	failed := sumBy(eachVDC, inVDC(inState("failed")))
	return model.Row{Title: "Nights", Panels: []model.Panel{
		worstVDCs(8, 12),
		{
			Kind: model.History, Title: "Failed backups by VDC and night, all VMs", Unit: model.Count, Steps: worseFrom(1, 3), Width: 8, Height: 12, Step: "1d",
			Description: "VMs whose last backup had failed, for the 15 VDCs with the most at the end of the range. Each cell is a day's beginning and shows the night before that day's.",
			Empty:       noNight,
			Queries:     one(topAtEnd(historyRows, eachVDC, failed, failed), eachLegend),
		},
		{
			Kind: model.History, Title: "Nights without a good backup, by VM", Unit: model.Count,
			Steps: worseFrom(1, alerts.BackupNights), Width: 8, Height: 12, Step: "1d",
			Description: "For the 15 VMs with the most at the end of the range: how many nights each had been without a good backup. Red is UKCloudBackupOverdue.",
			Empty:       noNight,
			Queries:     one(topVMs(historyRows, "ukcloud:vm_backup_nights_without_success", chosen(nights)), vmLegend),
			Links:       []model.Link{seriesToVM()},
		},
	}}
}

// unprotectedSince lists VMs that run unprotected, and since when: since the
// condition of UKCloudBackupExcluded has been true.
func unprotectedSince(width, height int) model.Panel {
	const since = `max by (` + byVM + `) (ALERTS_FOR_STATE{` + ofVM + `, alertname="UKCloudBackupExcluded"})`
	bare := chosen(vm("ukcloud_vm_memory_bytes") + " and " + vm("ukcloud_vm_powered_on") + " == 1 and " + enabled + " == 0")
	listed := top(tableRows, bare)
	return model.Panel{
		Kind: model.Table, Title: "Running unprotected", Steps: plain(), Width: width, Height: height,
		Description: "The 100 largest VMs that are powered on and excluded from backup, and since when Prometheus has seen that (UKCloudBackupExcluded).",
		Empty:       "No VM runs unprotected",
		Keys:        vmAndVDC(), Links: []model.Link{toVM(), toBackups()},
		Columns: []model.Column{
			{Title: "Memory", Unit: model.Bytes, Expr: top(tableRows, named(bare))},
			{Title: "Since", Unit: model.Moment, Expr: only(since+" * 1000", listed)},
		},
	}
}

// backupWho names the VMs that somebody has to do something about.
func backupWho() model.Row {
	failed := chosen("clamp_min(" + nights + ", 1) and " + succeeded + " == 0 or " + succeeded + " == 0")
	ofFailed := func(expr string) string { return only(expr, top(tableRows, failed)) }
	red := worseFrom(1, alerts.BackupNights)
	return model.Row{Title: "Who is not safe", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Whose backup failed", Steps: plain(), Width: 24, Height: 9,
			Description: "Up to 100 VMs whose last backup failed. A VM without a last good backup has none in the portal's list of 14.",
			Empty:       "No VM's last backup failed",
			Keys:        vmKeys(), Links: []model.Link{toVM(), toBackups()},
			Columns: []model.Column{
				{Title: "Nights", Unit: model.Count, Steps: &red, Expr: top(tableRows, named(failed))},
				{Title: "Last good", Unit: model.Moment, Expr: ofFailed(lastGood + " * 1000")},
				{Title: "Last attempt", Unit: model.Moment, Expr: ofFailed(attempted + " * 1000")},
				{Title: "It took", Unit: model.Seconds, Expr: ofFailed(vm("ukcloud_vm_backup_last_duration_seconds"))},
			},
		},
		unprotectedSince(14, 10),
		{
			Kind: model.Table, Title: "Protected, no data", Steps: plain(), Width: 10, Height: 10,
			Description: "Up to 100 protected VMs of which the portal lists no backup, and how long it would keep one.",
			Empty:       "Every protected VM has a backup in the portal's list",
			Keys:        []model.Key{{Label: "vm_name", Title: "VM"}, {Label: "vdc_name", Title: "VDC"}, {Label: "account", Title: "Account", Width: accountWidth}, {Label: "vdc"}, {Label: "vm"}},
			Links:       []model.Link{toVM(), toBackups()},
			Columns: []model.Column{
				{Title: "Retention", Unit: model.Seconds, Expr: top(tableRows, namedAs(vm("ukcloud_vm_backup_retention_seconds")+" and "+enabled+" == 1 unless "+succeeded, "vm_name, vdc_name"))},
			},
		},
	}}
}

func backupTime() model.Row {
	states := []string{"successful", "failed", "no_data", "excluded", "not_in_policy", "unknown"}
	good := sum(ofVDCs(inState("successful"))) + " / " + sum(ofVDCs(inState("successful|failed")))
	age := named("time() - " + lastGood + " and " + eachProtected)
	return model.Row{Title: "States and durations", Panels: []model.Panel{
		{
			Kind: model.Lines, Title: "State of the last backup, all VMs", Unit: model.Count, Steps: plain(), Width: 8, Height: 9, Step: "12h", Sums: []string{model.Last},
			Description: "VMs in the chosen VDCs by state of their last backup, as the portal has it.", Empty: noPoint, Colors: colorsOf(states...),
			Queries: one(sumBy("backup_state", ofVDCs(merged(byVDC+", backup_state", "ukcloud_vms_by_backup_state", ofVDC))), "{{backup_state}}"),
		},
		{
			Kind: model.Lines, Title: "Success rate, all VMs", Unit: model.Share, Steps: plain(), Width: 8, Height: 9, Step: "12h", Max: ref(1),
			Description: "Share of good backups among the last ones of the VMs in the chosen VDCs.", Empty: noPoint,
			Colors:  []model.Fixed{{Name: "good", Color: model.Green}},
			Queries: one(good, "good"),
		},
		{
			Kind: model.Lines, Title: "Duration", Unit: model.Seconds, Steps: plain(), Width: 8, Height: 9, Step: "12h", Sums: []string{model.Last},
			Description: "How long last night's backups took: half of them less than the median, 95% less than the second line.", Empty: noPoint,
			Queries: []model.Query{
				{Expr: "quantile(0.5, " + durations + ")", Legend: "median"},
				{Expr: "quantile(0.95, " + durations + ")", Legend: "95%"},
				{Expr: "max(" + durations + ")", Legend: "longest"},
			},
		},
		{
			Kind: model.Bars, Title: "Longest backups", Unit: model.Seconds, Steps: neutral(), Width: 12, Height: 10,
			Description: "The 15 VMs whose last backup took longest. The window ends at 08:00 London time, the backup by 09:00.", Empty: noProtected,
			Queries: one(top(bars, durations), vmLegend), Links: []model.Link{seriesToVM()},
		},
		{
			Kind: model.Bars, Title: "Oldest last good backup", Unit: model.Seconds, Steps: neutral(), Width: 12, Height: 10,
			Description: "The 15 protected VMs whose last good backup is oldest: what would be lost today.", Empty: noProtected,
			Queries: one(top(bars, age), vmLegend), Links: []model.Link{seriesToVM()},
		},
	}}
}
