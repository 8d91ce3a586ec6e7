package boards

import (
	"fmt"
	"regexp"
	"strings"

	"ukcloud_exporter/dashboards/internal/model"
)

// The variables as label matchers: ids, which hold nothing that Grafana leaves
// unquoted. What the exporter says of itself has no account; tickets have neither
// account nor VDC.
const (
	ofJob      = `job=~"$job"`
	ofInstance = ofJob + `, instance=~"$instance"`
	ofAccount  = ofJob + `, account=~"$account"`
	ofVOrg     = ofAccount + `, vorg=~"$vorg"`
	ofVDC      = ofAccount + `, vdc=~"$vdc"`
	ofVM       = ofVDC + `, vm=~"$vm"`
)

// What tells series of each kind apart. The exporters of one job (replicas) say
// the same: their series are merged before anything is added up.
const (
	byAccount = "job, account"
	byVOrg    = byAccount + ", vorg"
	byVDC     = byAccount + ", vdc"
	byVDCName = byAccount + ", vdc_name"
	byVM      = byVDC + ", vm"
)

// Accounts may have VDCs of one name: where VDCs are compared, each stands with
// its account.
const (
	eachVDC    = "account, vdc_name"
	eachLegend = "{{vdc_name}} · {{account}}"
)

// Names for people. Of each VM, VDC, vOrg and account there is exactly one,
// whatever replicas and vApps there are, so that a join never finds two.
const (
	vmNames = `ukcloud:vm_names:max{` + ofVOrg + `, vdc=~"$vdc", vm=~"$vm"}`

	// The bill knows no VDC's id.
	billNames = `ukcloud:vm_names_any_vdc:max{` + ofVOrg + `, vdc=~"$vdc", vm=~"$vm"}`

	chosenVDCs = `ukcloud_vdc_info{` + ofVOrg + `, vdc=~"$vdc"}`

	vdcNames     = "topk by (" + byVDC + ") (1, max by (" + byVDC + ", vdc_name, vorg) (" + chosenVDCs + "))"
	vOrgNames    = "topk by (" + byVOrg + ") (1, max by (" + byVOrg + ", vorg_name) (ukcloud_vorg_info{" + ofVOrg + "}))"
	accountNames = "topk by (account) (1, max by (account, account_name) (ukcloud_account_info{" + ofAccount + "}))"
)

// of is a family with the matchers of its kind, and more of its own.
func of(metric, matchers string, more ...string) string {
	return fmt.Sprintf("%s{%s}", metric, strings.Join(append([]string{matchers}, more...), ", "))
}

// merged is a family without the difference between replicas.
func merged(by, metric, matchers string, more ...string) string {
	return fmt.Sprintf("max by (%s) (%s)", by, of(metric, matchers, more...))
}

// vm is a family of each VM.
func vm(metric string, more ...string) string { return merged(byVM, metric, ofVM, more...) }

// chosen keeps the VMs that are chosen, also by vOrg, which only their names have.
func chosen(expr string) string { return fmt.Sprintf("(%s) and on (%s) %s", expr, byVM, vmNames) }

// named keeps the VMs that are chosen and gives them names.
func named(expr string) string { return namedAs(expr, "vm_name, vdc_name, vorg_name") }

func namedAs(expr, names string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left (%s) %s", expr, byVM, names, vmNames)
}

// topVMs are the VMs that are largest at the end of a range, over all of it, with
// names. Who they are is found once, so that nothing is done for the others at every
// step.
func topVMs(n int, metric, rank string) string {
	kept := fmt.Sprintf("topk(%d, %s)", n, atEnd(rank))
	const names = "vm_name, vdc_name, vorg_name"
	return fmt.Sprintf("max by (%s, %s) (%s * on (%s) group_left (%s) (%s and on (%s) %s))",
		byVM, names, of(metric, ofVM), byVM, names, atEnd(vmNames), byVM, kept)
}

// only keeps the VMs that are listed.
func only(expr, listed string) string {
	return fmt.Sprintf("(%s) and on (%s) %s", expr, byVM, listed)
}

// inVDC keeps the VDCs that are chosen and gives them their names.
func inVDC(expr string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left (vdc_name) %s", expr, byVDC, vdcNames)
}

// ofVDCs keeps the VDCs that are chosen, also by vOrg, which only their names have.
func ofVDCs(expr string) string { return fmt.Sprintf("(%s) and on (%s) %s", expr, byVDC, chosenVDCs) }

// whileAllVMs finds something while all VMs are chosen: no VDC is called by a VM's id.
const whileAllVMs = `vdc=~"$vm"`

// orOfVDCs adds up what is said of each VM, and where it is said of VDCs only (families:
// core) that, while all VMs are chosen.
func orOfVDCs(ofVMs, total string, more ...string) string {
	return sum(chosen(ofVMs)) + " or " + sum(ofVDCs(replicas(byVDC, total, ofVDC, append([]string{whileAllVMs}, more...)...)))
}

// inVOrg gives vOrgs their names.
func inVOrg(expr string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left (vorg_name) %s", expr, byVOrg, vOrgNames)
}

// inAccount gives accounts their names.
func inAccount(expr string) string {
	return fmt.Sprintf("(%s) * on (account) group_left (account_name) %s", expr, accountNames)
}

// The bill and the vMotion events know VDCs by name, and the variable has ids. No
// VDC is called by an id, so that of these two only the first finds anything while
// all are chosen, also what is in no VDC or in one that has gone, and only the second
// when some are.
const (
	whileAllVDCs  = `vdc_name=~"$vdc"`
	whileSomeVDCs = `vdc_name!~"$vdc"`
)

// inChosenVDCs keeps what is in VDCs that are chosen, by their names at the end of
// the range: the past of a bill has none.
func inChosenVDCs(by string, family func(matcher string) string) string {
	return fmt.Sprintf("(%s or (%s) and on (%s) %s @ end())", family(whileAllVDCs), family(whileSomeVDCs), by, chosenVDCs)
}

// bill adds up a family of the bill that has VDCs: for each vOrg, VDC and what
// else is asked for, the VDCs that are chosen.
func bill(metric string, labels ...string) string { return billOf(metric, "", labels...) }

// billOf is bill with a matcher of its own.
func billOf(metric, matcher string, labels ...string) string {
	by := strings.Join(append([]string{byVOrg, "vdc_name"}, without(labels, "account", "vorg", "vdc_name")...), ", ")
	return inChosenVDCs(byVOrg+", vdc_name", func(vdcs string) string {
		if matcher != "" {
			vdcs += ", " + matcher
		}
		return replicas(by, metric, ofVOrg, vdcs)
	})
}

// replicas adds up the series of each exporter and takes that of one.
func replicas(by, metric, matchers string, more ...string) string {
	return fmt.Sprintf("max by (%s) (sum by (%s) (%s))", by, strings.Replace(by, "job", "job, instance", 1), of(metric, matchers, more...))
}

func without(labels []string, dropped ...string) (kept []string) {
	for _, l := range labels {
		keep := true
		for _, d := range dropped {
			keep = keep && l != d
		}
		if keep {
			kept = append(kept, l)
		}
	}
	return kept
}

// top keeps the largest of an instant.
func top(n int, expr string) string { return fmt.Sprintf("topk(%d, %s)", n, expr) }

// topAtEnd keeps, over the whole of a range, those that are largest at its end:
// topk alone would choose anew at every step.
func topAtEnd(n int, by, expr, rank string) string {
	return fmt.Sprintf("(%s) and on (%s) topk(%d, %s)", expr, by, n, atEnd(rank))
}

// topNewest is topAtEnd for graphs whose steps are days, and rest the sum of those
// that it leaves out.
func topNewest(n int, by, expr, rank string) string {
	return fmt.Sprintf("(%s) and on (%s) topk(%d, %s)", expr, by, n, newest(rank))
}

func rest(n int, by, expr, rank string) string {
	return fmt.Sprintf("sum((%s) unless on (%s) topk(%d, %s))", expr, by, n, newest(rank))
}

var selector = regexp.MustCompile(`\}(\[[^\]]*\])?( @ end\(\))?`)

// atEnd is an expression as it is at the end of the range.
func atEnd(expr string) string { return selector.ReplaceAllString(expr, "}$1 @ end()") }

func sum(expr string) string { return fmt.Sprintf("sum(%s)", expr) }

func sumBy(labels, expr string) string { return fmt.Sprintf("sum by (%s) (%s)", labels, expr) }

// inWords writes a text in place of a label that is empty.
func inWords(expr, label, text string) string {
	return fmt.Sprintf(`label_replace(%s, %q, %q, %q, "")`, expr, label, text, label)
}

// What an empty label of the bill means.
func noVDC(expr string) string { return inWords(expr, "vdc_name", "in no VDC") }

// called gives what a label says, and of what kind it is, to labels that rows of
// several kinds share.
func called(kind, label, expr string) string {
	return fmt.Sprintf(`label_replace(label_replace(%s, "what", "$1", %q, "(.*)"), "kind", %q, "", "")`, expr, label, kind)
}

// How much a panel shows of an estate of any size.
const (
	tableRows   = 100
	historyRows = 15
	bars        = 15
	lines       = 10
)

// one is a panel's only query.
func one(expr, legend string) []model.Query { return []model.Query{{Expr: expr, Legend: legend}} }

// plain is no threshold.
func plain() model.Steps { return model.Steps{Base: model.NoColor} }

// neutral is for values that are neither good nor bad.
func neutral() model.Steps { return model.Steps{Base: model.Blue} }

// The others begin without a color, so that nothing is green which is not there.

// badFrom turns red at a value.
func badFrom(value float64) model.Steps {
	return steps(model.Step{From: 0, Color: model.Green}, model.Step{From: value, Color: model.Red})
}

// worseFrom turns orange, then red.
func worseFrom(orange, red float64) model.Steps {
	return steps(model.Step{From: 0, Color: model.Green}, model.Step{From: orange, Color: model.Orange}, model.Step{From: red, Color: model.Red})
}

// goodFrom is red below a value.
func goodFrom(value float64) model.Steps {
	return steps(model.Step{From: 0, Color: model.Red}, model.Step{From: value, Color: model.Green})
}

// betterFrom is red, then orange, then green.
func betterFrom(orange, green float64) model.Steps {
	return steps(model.Step{From: 0, Color: model.Red}, model.Step{From: orange, Color: model.Orange}, model.Step{From: green, Color: model.Green})
}

// risen is red above zero and green below: what costs more, and what less.
func risen() model.Steps {
	return steps(model.Step{From: -1e12, Color: model.Green}, model.Step{From: -0.005, Color: model.NoColor}, model.Step{From: 0.005, Color: model.Red})
}

// left is green above zero and red below: what is left of a budget.
func left() model.Steps {
	return steps(model.Step{From: -1e12, Color: model.Red}, model.Step{From: 0, Color: model.Green})
}

func steps(above ...model.Step) model.Steps { return model.Steps{Base: model.NoColor, Above: above} }

func ref[T any](v T) *T { return &v }
