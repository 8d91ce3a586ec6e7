// Package boards holds the project's dashboards: what each asks, and why.
package boards

import "ukcloud_exporter/dashboards/internal/model"

// All returns the dashboards.
func All() []model.Dashboard {
	return []model.Dashboard{cost(), vms(), backups(), operations(), exporter()}
}

// UIDs of the dashboards; alerts and links lead to them.
const (
	costUID       = "ukcloud-cost"
	vmsUID        = "ukcloud-vms"
	backupsUID    = "ukcloud-backups"
	operationsUID = "ukcloud-operations"
	exporterUID   = "ukcloud-exporter"
)

// all stands for every value of a variable, also where a label is absent.
const all = ".*"

// variables are those of every dashboard, so that a link from one to another
// keeps what was chosen; a dashboard hides those that it has no use for.
func variables(hidden ...string) []model.Variable {
	list := []model.Variable{
		{Name: "job", Label: "Job", Query: "label_values(ukcloud_exporter_build_info, job)", All: ".+"},
		{
			Name: "account", Label: "Account", Query: `query_result(` + of("ukcloud_account_info", ofJob) + `)`,
			Regex: `/account="(?<value>[^"]*)", ?account_name="(?<text>[^"]*)"/`, All: all,
		},
		{
			Name: "vorg", Label: "vOrg", Query: `query_result(` + of("ukcloud_vorg_info", ofAccount) + `)`,
			Regex: `/vorg="(?<value>[^"]*)", ?vorg_name="(?<text>[^"]*)"/`, All: all,
		},
		{Name: "vdc", Label: "VDC", Query: `label_values(` + of("ukcloud_vdc_info", ofVOrg) + `, vdc_name)`, All: all},
		{Name: "vm", Label: "VM", Query: `label_values(` + of("ukcloud_vm_info", ofVOrg, `vdc_name=~"$vdc"`) + `, vm_name)`, All: all},
	}
	for i := range list {
		for _, name := range hidden {
			list[i].Hidden = list[i].Hidden || list[i].Name == name
		}
	}
	return list
}

// annotations are those of every dashboard. Each value is a moment, so a mark
// stands where something happened and not where a scrape saw it.
func annotations() []model.Annotation {
	return []model.Annotation{
		{
			Name: "vMotions", Color: model.Purple,
			Expr:  of("ukcloud_vmotion_last_event_timestamp_seconds", ofVDCName) + " * 1000",
			Title: "vMotion", Text: "{{vdc_name}}, account {{account}}",
		},
		{
			Name: "Exporter restarts", Color: model.Orange,
			Expr: of("process_start_time_seconds", ofJob) + " * 1000 and on (job, instance) " +
				of("ukcloud_exporter_build_info", ofJob),
			Title: "Exporter started", Text: "{{instance}}",
		},
		{
			Name: "Month ends", Color: model.Blue,
			Expr:  "max by (job) (" + of("ukcloud_billing_period_start_timestamp_seconds", ofAccount) + ") * 1000",
			Title: "A month ended", Text: "The bill begins anew.",
		},
	}
}

// toVM leads from a row of a table, or a series, to its VM.
func toVM(name string) model.Link {
	return model.Link{Title: "This VM", UID: vmsUID, Set: [][2]string{{"vm", name}}}
}

// toBackups leads to the VM's backups.
func toBackups(name string) model.Link {
	return model.Link{Title: "Its backups", UID: backupsUID, Set: [][2]string{{"vm", name}}}
}

// Where links find the VM's name: in a table's column, in a series' label.
const (
	rowVM    = "${__data.fields.VM:percentencode}"
	seriesVM = "${__field.labels.vm_name:percentencode}"
)

// vmKeys are the labels of a table of VMs.
func vmKeys() []model.Key {
	return []model.Key{
		{Label: "vm_name", Title: "VM"}, {Label: "vdc_name", Title: "VDC"}, {Label: "vorg_name", Title: "vOrg"},
		{Label: "account"}, {Label: "vdc"}, {Label: "vm"},
	}
}
