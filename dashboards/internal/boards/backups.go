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
	nights    = of("ukcloud:vm_backup_nights_without_success", ofAccount)
	lastGood  = vm("ukcloud_vm_backup_last_success_timestamp_seconds")
	duration  = vm("ukcloud_vm_backup_last_duration_seconds")
)

// backups answers whoever answers for backups: is everything safe, and if not,
// what.
func backups() model.Dashboard {
	return model.Dashboard{
		UID: backupsUID, Title: "UKCloud / Backups", From: "now-14d", Refresh: "5m",
		Description: "Nightly backups of the VMs. The portal shows a night's backups by 10:00 London time; noon UTC counts the night.",
		Variables:   variables(), Annotations: annotations(),
		Rows: []model.Row{backupTotals(), backupNights(), backupWho(), backupTime()},
	}
}

func backupTotals() model.Row {
	failed := sum(chosen("1 - " + succeeded))
	overdue := sum(chosen(fmt.Sprintf("%s >= bool %d", nights, alerts.BackupNights)))
	noData := sum(inVDC(of("ukcloud_vms_by_backup_state", ofAccount, `backup_state="no_data"`)))
	bare := sum(chosen("(1 - " + enabled + ") * " + vm("ukcloud_vm_powered_on")))
	stat := func(title, description, expr string, steps model.Steps) model.Panel {
		p := total(title, description, model.Count, expr)
		p.Steps, p.Width, p.Height = steps, 4, 5
		return p
	}
	share := model.Panel{
		Kind: model.Gauge, Title: "Good last night", Unit: model.Share, Width: 4, Height: 5, Max: ref(1),
		Description: "VMs whose last backup succeeded, of all that had one.",
		Steps:       goodFrom(1),
		Queries:     one("avg("+chosen(succeeded)+")", "good"),
	}
	return model.Row{Title: "Last night", Panels: []model.Panel{
		share,
		stat("Failed", "VMs whose last backup failed (UKCloudBackupFailed).", failed, badFrom(1)),
		stat("Overdue", "Protected VMs without a good backup for two nights or more (UKCloudBackupOverdue).", overdue, badFrom(1)),
		stat("No data", "Protected VMs of which the portal lists no backup; usual on a VM's first day, else UKCloudBackupNoData. A VM chosen above makes no difference here.", noData, badFrom(1)),
		stat("On and unprotected", "VMs that are powered on and excluded from backup (UKCloudBackupExcluded, for information).", bare, neutral()),
		stat("Protected", "VMs that are in a backup policy.", sum(chosen(enabled)), neutral()),
	}}
}

func backupNights() model.Row {
	failed := of("ukcloud_vms_by_backup_state", ofAccount, `backup_state="failed"`)
	return model.Row{Title: "Heat of nights", Panels: []model.Panel{
		{
			Kind: model.History, Title: "Failed backups by VDC and night", Unit: model.Count, Steps: worseFrom(1, 3), Width: 12, Height: 11, Step: "1d",
			Description: "VMs whose last backup had failed, for the 25 VDCs with the most. Each cell is a day's beginning and shows the night before that day's.",
			Queries:     one(top(25, sumBy(eachVDC, inVDC(failed))), eachLegend),
		},
		{
			Kind: model.History, Title: "Nights without a good backup, by VM", Unit: model.Count,
			Steps: worseFrom(1, alerts.BackupNights), Width: 12, Height: 11, Step: "1d",
			Description: "For the 30 VMs with the most: how many nights each had been without a good backup. Red is UKCloudBackupOverdue.",
			Queries:     one(top(historyRows, named(nights)), "{{vm_name}}"),
			Links:       []model.Link{toVM(seriesVM)},
		},
	}}
}

// backupWho names the VMs that somebody has to do something about.
func backupWho() model.Row {
	failed := top(tableRows, chosen("clamp_min("+nights+", 1) and "+succeeded+" == 0 or "+succeeded+" == 0"))
	ofFailed := func(expr string) string { return named(expr) + " and on (" + byVM + ") " + failed }
	bare := chosen(vm("ukcloud_vm_memory_bytes") + " and " + vm("ukcloud_vm_powered_on") + " == 1 and " + enabled + " == 0")
	red := worseFrom(1, alerts.BackupNights)
	links := []model.Link{toVM(rowVM)}
	return model.Row{Title: "Who is not safe", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Whose backup failed", Unit: model.Count, Steps: plain(), Width: 12, Height: 11,
			Description: "Up to 100 VMs whose last backup failed. A VM without a last good backup has none in the portal's list of 14.",
			Keys:        vmKeys(), Links: links,
			Columns: []model.Column{
				{Title: "Nights", Unit: model.Count, Steps: &red, Expr: ofFailed(nights)},
				{Title: "Last good", Unit: model.Moment, Expr: ofFailed(lastGood + " * 1000")},
				{Title: "Last attempt", Unit: model.Moment, Expr: ofFailed(vm("ukcloud_vm_backup_last_attempt_timestamp_seconds") + " * 1000")},
				{Title: "It took", Unit: model.Seconds, Expr: ofFailed(duration)},
			},
		},
		{
			Kind: model.Table, Title: "Running unprotected", Unit: model.Bytes, Steps: neutral(), Width: 7, Height: 11,
			Description: "The 100 largest VMs that are powered on and excluded from backup.",
			Keys:        vmKeys(), Links: links,
			Columns: []model.Column{
				{Title: "Memory", Unit: model.Bytes, Expr: top(tableRows, named(bare))},
			},
		},
		{
			Kind: model.Table, Title: "Protected, no data", Unit: model.Seconds, Steps: neutral(), Width: 5, Height: 11,
			Description: "Up to 100 protected VMs of which the portal lists no backup, and how long it would keep one.",
			Keys:        vmKeys(), Links: links,
			Columns: []model.Column{
				{Title: "Retention", Unit: model.Seconds, Expr: top(tableRows, named(vm("ukcloud_vm_backup_retention_seconds")+" and "+enabled+" == 1 unless "+succeeded))},
			},
		},
	}}
}

func backupTime() model.Row {
	return model.Row{Title: "States and durations", Panels: []model.Panel{
		{
			Kind: model.Lines, Title: "VMs by state of their last backup", Unit: model.Count, Steps: plain(), Width: 12, Height: 8,
			Description: "VMs in the chosen VDCs by state of their last backup, as the portal has it.",
			Queries:     one(sumBy("backup_state", inVDC(of("ukcloud_vms_by_backup_state", ofAccount))), "{{backup_state}}"),
		},
		{
			Kind: model.Lines, Title: "Duration", Unit: model.Seconds, Steps: plain(), Width: 12, Height: 8,
			Description: "How long last night's backups took: half of them less than the first line, 95% less than the second.",
			Queries: []model.Query{
				{Expr: "quantile(0.5, " + chosen(duration) + ")", Legend: "median"},
				{Expr: "quantile(0.95, " + chosen(duration) + ")", Legend: "95%"},
				{Expr: "max(" + chosen(duration) + ")", Legend: "longest"},
			},
		},
		{
			Kind: model.Bars, Title: "Longest backups", Unit: model.Seconds, Steps: neutral(), Width: 12, Height: 9,
			Description: "The 15 VMs whose last backup took longest. The window ends at 08:00 London time, the backup by 09:00.",
			Queries:     one(top(bars, named(duration)), "{{vm_name}}"), Links: []model.Link{toVM(seriesVM)},
		},
		{
			Kind: model.Bars, Title: "Oldest last good backup", Unit: model.Seconds, Steps: neutral(), Width: 12, Height: 9,
			Description: "The 15 protected VMs whose last good backup is oldest: what would be lost today.",
			Queries:     one(top(bars, named("time() - "+lastGood+" and "+enabled+" == 1")), "{{vm_name}}"), Links: []model.Link{toVM(seriesVM)},
		},
	}}
}
