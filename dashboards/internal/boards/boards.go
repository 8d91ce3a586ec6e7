// Package boards holds the project's dashboards: what each asks, and why.
package boards

import (
	"fmt"
	"regexp"
	"strings"

	"ukcloud_exporter/dashboards/internal/model"
)

// All returns the dashboards.
func All() []model.Dashboard {
	all := []model.Dashboard{overview(), cost(), audit(), vms(), backups(), operations(), exporter()}
	for _, d := range all {
		namesOfEnd(d)
	}
	return all
}

// namesOfEnd takes, over a range, the names of the range's end: what stands for
// every step is looked up once, and not at each for every VM.
func namesOfEnd(d model.Dashboard) {
	for _, r := range d.Rows {
		for _, p := range r.Panels {
			if p.Kind != model.Lines && p.Kind != model.History {
				continue
			}
			for i, q := range p.Queries {
				p.Queries[i].Expr = names.ReplaceAllStringFunc(q.Expr, atEnd)
			}
		}
	}
}

var names = regexp.MustCompile(`(ukcloud:vm_names(_any_vdc)?:max|ukcloud_(vm|vdc|vorg|account)_info)\{[^}]*\}( @ end\(\))?`)

// UIDs of the dashboards; alerts and links lead to them.
const (
	overviewUID   = "ukcloud-overview"
	costUID       = "ukcloud-cost"
	auditUID      = "ukcloud-audit"
	vmsUID        = "ukcloud-vms"
	backupsUID    = "ukcloud-backups"
	operationsUID = "ukcloud-operations"
	exporterUID   = "ukcloud-exporter"
)

// all stands for every value of a variable, also where a label is absent.
const all = ".*"

// variables are those of every dashboard, so that a link from one to another
// keeps what was chosen; a dashboard hides those that it has no use for.
//
// Their values are ids and their texts names: a name may hold whatever its owner
// typed, and Grafana puts a quote into a query as it is.
func variables(hidden ...string) []model.Variable {
	list := []model.Variable{
		{Name: "job", Label: "Job", Query: "label_values(ukcloud_exporter_build_info, job)", All: ".+"},
		byID("account", "Account", of("ukcloud_account_info", ofJob), "account_name", "account"),
		byID("vorg", "vOrg", of("ukcloud_vorg_info", ofAccount), "vorg_name", "account"),
		byID("vdc", "VDC", of("ukcloud_vdc_info", ofVOrg), "vdc_name", "account"),
		byID("vm", "VM", of("ukcloud_vm_info", ofVOrg, `vdc=~"$vdc"`), "vm_name", "vdc_name", "account"),
	}
	for i := range list {
		for _, name := range hidden {
			list[i].Hidden = list[i].Hidden || list[i].Name == name
		}
	}
	return list
}

// byID is a variable whose values are a label of a query's result and whose texts
// are others, one after the other. Grafana shows it one series after the other as
// {text="…",id="…"} 1 1500000000000, without escaping anything: the text ends at the
// last `",id="` there.
func byID(name, label, info string, names ...string) model.Variable {
	joined := ""
	for _, n := range names {
		joined += fmt.Sprintf(", %q", n)
	}
	text, id := `text="(?<text>[\s\S]*)"`, name+`="(?<value>[^"]*)"`
	order := text + `, ?` + id
	if name < "text" { // Prometheus sorts labels
		order = id + `, ?` + text
	}
	return model.Variable{
		Name: name, Label: label, All: all,
		Query: fmt.Sprintf(`query_result(max by (%s, text) (label_join(%s, "text", " · "%s)))`, name, info, joined),
		Regex: `/^\{` + order + `\} \S+ \S+$/`,
	}
}

// annotations are those of every dashboard, in a range of so many days. Each is
// looked for ten times in it, and at most as often marked.
func annotations(days int) []model.Annotation {
	step := fmt.Sprintf("%dm", days*24*60/10)
	return []model.Annotation{
		{
			Name: "vMotion storms", Color: model.Purple, Off: true, Step: step,
			Expr:  storms(step, "10m"),
			Title: "vMotion storm", Text: "{{vdc_name}}, account {{account}}",
		},
		{
			Name: "Exporter restarts", Color: model.Orange, Moments: true, Step: step,
			Expr: "max by (job) (" + of("process_start_time_seconds", ofJob) + " and on (job, instance) " +
				of("ukcloud_exporter_build_info", ofJob) + ") * 1000",
			Title: "Exporter started", Text: "{{job}}",
		},
		{
			Name: "Month ends", Color: model.Blue, Moments: true, Step: step,
			Expr:  "max by (job) (" + of("ukcloud_billing_period_start_timestamp_seconds", ofAccount) + ") * 1000",
			Title: "A month ended", Text: "The bill begins anew.",
		},
	}
}

// runbooks is the constant that links to runbooks begin with.
func runbooks() model.Variable {
	return model.Variable{Name: "runbooks", Label: "Runbooks", Constant: "docs/runbooks"}
}

// toVM leads from a row of a table of VMs to the VM.
func toVM() model.Link { return vmLink("This VM", vmsUID, row) }

// toBackups leads to the VM's backups.
func toBackups() model.Link { return vmLink("Its backups", backupsUID, row) }

// seriesToVM leads from a VM's series to the VM.
func seriesToVM() model.Link { return vmLink("This VM", vmsUID, series) }

// Where links find a label: in a table's column, hidden or not, or in a series.
const (
	row    = "${__data.fields.%s:percentencode}"
	series = "${__field.labels.%s:percentencode}"
)

// vmLink sets all that tells a VM from others of its name.
func vmLink(title, uid, place string) model.Link {
	l := model.Link{Title: title, UID: uid}
	for _, name := range []string{"account", "vdc", "vm"} {
		l.Set = append(l.Set, [2]string{name, fmt.Sprintf(place, name)})
	}
	return l
}

// vmKeys are the labels of a table of VMs.
func vmKeys() []model.Key {
	return []model.Key{
		{Label: "vm_name", Title: "VM"}, {Label: "vdc_name", Title: "VDC"}, {Label: "vorg_name", Title: "vOrg"},
		{Label: "account", Title: "Account", Width: accountWidth}, {Label: "vdc"}, {Label: "vm"},
	}
}

// vmAndVDC are vmKeys where there is less room.
func vmAndVDC() []model.Key { return append(vmKeys()[:2:2], vmKeys()[3:]...) }

const accountWidth = 90

// withoutVM is a dashboard that shows no choice of VMs, and does not heed one that
// a link brings along.
func withoutVM(d model.Dashboard) model.Dashboard {
	forget := func(expr *string) {
		*expr = strings.NewReplacer(`, vm=~"$vm"`, "", ", "+whileAllVMs, "").Replace(*expr)
	}
	for _, r := range d.Rows {
		for i := range r.Panels {
			for j := range r.Panels[i].Queries {
				forget(&r.Panels[i].Queries[j].Expr)
			}
			for j := range r.Panels[i].Columns {
				forget(&r.Panels[i].Columns[j].Expr)
			}
		}
	}
	return d
}

// The colors of states: the same one everywhere.
func stateColors() []model.Fixed {
	return []model.Fixed{
		{Name: "successful", Color: model.Green}, {Name: "failed", Color: model.Red}, {Name: "no_data", Color: model.Orange},
		{Name: "excluded", Color: model.Grey}, {Name: "not_in_policy", Color: model.LightBlue}, {Name: "unknown", Color: model.Purple},
		{Name: "on", Color: model.Green}, {Name: "off", Color: model.Blue}, {Name: noPowerState, Color: model.Grey},
		{Name: "completed", Color: model.Green}, {Name: "running", Color: model.Blue}, {Name: "approved", Color: model.LightBlue},
		{Name: "incident", Color: model.Red}, {Name: "service_request", Color: model.Blue}, {Name: "other", Color: model.Grey},
		{Name: "open", Color: model.Blue}, {Name: "waiting", Color: model.Yellow},
	}
}

// colorsOf are those of the states that a panel has.
func colorsOf(states ...string) (found []model.Fixed) {
	for _, s := range states {
		for _, c := range stateColors() {
			if c.Name == s {
				found = append(found, c)
			}
		}
	}
	return found
}

// componentColors are those of what is paid for.
func componentColors() []model.Fixed {
	return []model.Fixed{
		{Name: "compute", Color: model.Blue}, {Name: "gpu", Color: model.Purple},
		{Name: "storage_tier1", Color: model.Orange}, {Name: "storage_tier2", Color: model.Yellow}, {Name: "storage_geo", Color: model.LightBlue},
		{Name: "protection", Color: model.Green}, {Name: "licence", Color: model.Red}, {Name: "other", Color: model.Grey},
	}
}

const noPowerState = "no power state"

// stat is one number.
func stat(title, description, empty string, unit model.Unit, steps model.Steps, expr string) model.Panel {
	return model.Panel{
		Kind: model.Stat, Title: title, Description: description, Empty: empty, Unit: unit, Steps: steps, Width: 4, Height: 4,
		Queries: one(expr, title),
	}
}

// yesNo are the texts of 0 and 1.
func yesNo(no, yes string, noColor, yesColor model.Color) []model.Text {
	return []model.Text{{Value: 0, Text: no, Color: noColor}, {Value: 1, Text: yes, Color: yesColor}}
}

// vmLegend tells VMs of one name apart.
const vmLegend = "{{vm_name}} · {{vdc_name}} · {{account}}"
