package boards

import (
	"fmt"
	"strings"

	"ukcloud_exporter/dashboards/internal/model"
)

// The variables as label matchers. What the exporter says of itself has no
// account; tickets have neither account nor VDC.
const (
	ofJob      = `job=~"$job"`
	ofInstance = ofJob + `, instance=~"$instance"`
	ofAccount  = ofJob + `, account=~"$account"`
	ofVOrg     = ofAccount + `, vorg=~"$vorg"`
	ofVDCName  = ofAccount + `, vdc_name=~"$vdc"`
	ofBill     = ofVOrg + `, vdc_name=~"$vdc"`
)

// The labels that one series of each kind has beside what it is about. With job
// and instance in them, two exporters do not get in each other's way.
const (
	byAccount = "job, instance, account"
	byVOrg    = byAccount + ", vorg"
	byVDC     = byAccount + ", vdc"
	byVDCName = byAccount + ", vdc_name"
	byVM      = byVDC + ", vm"
)

// Accounts may have VDCs of one name: where VDCs are compared, each stands with
// its account.
const (
	eachVDC    = "account, vdc_name"
	eachLegend = "{{vdc_name}} ({{account}})"
)

// The infos of what is chosen by the variables. Names for people come from them.
const (
	vmInfo   = `ukcloud_vm_info{` + ofVOrg + `, vdc_name=~"$vdc", vm_name=~"$vm"}`
	vdcInfo  = `ukcloud_vdc_info{` + ofVOrg + `, vdc_name=~"$vdc"}`
	vOrgInfo = `ukcloud_vorg_info{` + ofVOrg + `}`
)

// of is a metric with the matchers of its kind, and more of its own.
func of(metric, matchers string, more ...string) string {
	return fmt.Sprintf("%s{%s}", metric, strings.Join(append([]string{matchers}, more...), ", "))
}

// vm is a metric of each VM. VMs are chosen by the join with their info.
func vm(metric string, more ...string) string { return of(metric, ofAccount, more...) }

// chosen keeps the VMs that are chosen.
func chosen(expr string) string {
	return fmt.Sprintf("(%s) and on (%s) %s", expr, byVM, vmInfo)
}

// vmNames are the labels that named adds.
const vmNames = "vm_name, vdc_name, vorg_name"

// named keeps the VMs that are chosen and gives them names.
func named(expr string) string { return namedAs(expr, vmNames) }

func namedAs(expr, names string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left (%s) %s", expr, byVM, names, vmInfo)
}

// inVDC keeps the VDCs that are chosen and gives them their names.
func inVDC(expr string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left (vdc_name) %s", expr, byVDC, vdcInfo)
}

// inVOrg keeps the vOrgs that are chosen and gives them their names.
func inVOrg(expr string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left (vorg_name) %s", expr, byVOrg, vOrgInfo)
}

// top keeps the largest, so that a panel stays readable whatever the estate.
func top(n int, expr string) string { return fmt.Sprintf("topk(%d, %s)", n, expr) }

func sum(expr string) string { return fmt.Sprintf("sum(%s)", expr) }

func sumBy(labels, expr string) string { return fmt.Sprintf("sum by (%s) (%s)", labels, expr) }

// How much a panel shows of an estate of any size.
const (
	tableRows   = 100
	historyRows = 30
	bars        = 15
	lines       = 10
)

// one is a panel's only query.
func one(expr, legend string) []model.Query { return []model.Query{{Expr: expr, Legend: legend}} }

// plain is no threshold.
func plain() model.Steps { return model.Steps{Base: model.Green} }

// neutral is for values that are neither good nor bad.
func neutral() model.Steps { return model.Steps{Base: model.Blue} }

// badFrom turns red at a value.
func badFrom(value float64) model.Steps {
	return model.Steps{Base: model.Green, Above: []model.Step{{From: value, Color: model.Red}}}
}

// worseFrom turns orange, then red.
func worseFrom(orange, red float64) model.Steps {
	return model.Steps{Base: model.Green, Above: []model.Step{{From: orange, Color: model.Orange}, {From: red, Color: model.Red}}}
}

// goodFrom is red below a value.
func goodFrom(value float64) model.Steps {
	return model.Steps{Base: model.Red, Above: []model.Step{{From: value, Color: model.Green}}}
}

func ref[T any](v T) *T { return &v }
