package boards

import (
	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// What the rules record of the month so far: how long each VM was seen on and off,
// and what of its bill that contradicts.
var (
	seen          = of("ukcloud:vm_seen_hours:month_to_date", ofVM)
	lastSeen      = of("ukcloud:vm_last_seen_timestamp_seconds:month", ofVM, `vorg=~"$vorg"`)
	overbilled    = vm("ukcloud:vm_overbilled_hours:month_to_date")
	overbilledGBP = vm("ukcloud:vm_overbilled_gbp:month_to_date")
)

// audit sets the bill against what was seen.
func audit() model.Dashboard {
	return model.Dashboard{
		UID: auditUID, Title: "UKCloud / Audit", From: "now-30d", Refresh: "15m",
		Description: "The bill against what was seen since the first of the month (UTC): what the portal bills, and what compute_services showed at the time. What was not seen counts for the portal.",
		Variables:   variables(), Annotations: annotations(30),
		Rows: []model.Row{auditTotals(), auditHours(), auditVMs(), auditBill()},
	}
}

const (
	nothingOver = "Nothing is billed that was not seen"
	notSeenYet  = "Nothing has been seen this month yet, or Prometheus does not have ukcloud.rules.yml"
)

func auditTotals() model.Row {
	accounts := of("ukcloud:account_overbilled_gbp:month_to_date", ofAccount)
	restated := merged(byVOrg, "ukcloud_billing_restatement_gbp", ofVOrg)
	difference := "max by (" + byVOrg + ") (abs(" + merged(byVOrg+", check", "ukcloud_billing_tie_out_difference_gbp", ofVOrg) + "))"
	seenAny := sum(chosenSeen) + " * 0"
	return model.Row{Title: "This month", Panels: []model.Panel{
		money("Billed on while seen off, all VDCs", "What the hours cost that were billed as on although the VMs were seen off. UKCloudBilledMoreThanSeen fires for an account above £10 and 1% of its month.", notSeenYet, badFrom(alerts.DifferencePounds),
			sum(accounts)+" or "+seenAny),
		stat("Hours of them", "Hours billed as on for which VMs that are chosen were seen off: a proof also where something was not seen.", notSeenYet, model.Count, badFrom(1), sum(chosenLately(overbilled))+" or "+seenAny),
		stat("VMs gone, still billed", "VMs that were seen this month and have gone, whose bill has grown since the day they went.", notSeenYet, model.Count, badFrom(1), "count("+afterTheyWent+") or "+seenAny),
		money("Restated, all VDCs", "By how much last month's bills have changed since they were final: what rose and what fell added up without regard to sign.", "No closed month has been read twice yet", badFrom(alerts.DifferencePounds), "sum(abs("+restated+"))"),
		money("Does not add up, all VDCs", "By how much the parts of a bill differ from its TotalPrice: the largest difference (UKCloudBillingTieOutBroken).", noBill, badFrom(alerts.DifferencePounds), "max("+difference+")"),
		stat("Rows rejected, all VDCs", "Rows of the bills that could not be read and are in no sum (UKCloudBillingRowsRejected).", noBill, model.Count, badFrom(1), sum(merged(byVOrg+", reason", "ukcloud_billing_rows_rejected", ofVOrg))),
	}}
}

// chosenLately keeps the VMs that are chosen, also those that have gone this month.
func chosenLately(expr string) string {
	return "(" + expr + ") and on (" + byVM + ") " + lastSeen
}

var chosenSeen = chosenLately(seen)

// namedLately gives names also to VMs that have gone this month.
func namedLately(expr string) string {
	return "(" + expr + ") * on (" + byVM + ") group_left (vm_name, vdc_name, vorg_name) (" + lastSeen + " ^ 0)"
}

func auditHours() model.Row {
	billed := func(state string) string {
		return merged(byVM, "ukcloud_vm_billed_seconds", ofVM, `power_state="`+state+`"`) + " / 3600"
	}
	saw := func(state string) string {
		return "max by (" + byVM + ") (" + of("ukcloud:vm_seen_hours:month_to_date", ofVM, `power_state="`+state+`"`) + ")"
	}
	// Those that are billed too much first, then by how much more is billed than seen.
	rank := chosenLately("(" + overbilled + " * 1000) or (" + billed("on") + " - " + saw("on") + ")")
	listed := top(tableRows, rank)
	over := badFrom(1)
	return model.Row{Title: "Hours", Panels: []model.Panel{{
		Kind: model.Table, Title: "Hours seen beside hours billed", Steps: plain(), Width: 24, Height: 10,
		Description: "For each VM, those first whose bill contradicts what was seen: hours of this month billed as on and off, hours seen on and off, and hours billed as on for which it was seen off. Hours billed and not seen at all are gaps in what was seen, such as the days before Prometheus began.",
		Empty:       notSeenYet,
		Keys:        vmKeys(),
		Columns: []model.Column{
			{Title: "Billed on", Unit: model.Count, Expr: namedLately(billed("on")) + " and on (" + byVM + ") " + listed},
			{Title: "Seen on", Unit: model.Count, Expr: only(saw("on"), listed)},
			{Title: "Billed off", Unit: model.Count, Expr: only(billed("off"), listed)},
			{Title: "Seen off", Unit: model.Count, Expr: only(saw("off"), listed)},
			{Title: "Too many", Unit: model.Count, Steps: &over, Expr: only(overbilled, listed)},
			{Title: "They cost", Unit: model.Pounds, Expr: only(overbilledGBP, listed)},
		},
		SortBy: "Too many",
		Links:  []model.Link{toVM()},
	}}}
}

// gone are VMs that were seen this month, and not in the last hour.
var gone = "(" + lastSeen + " < time() - 3600)"

// afterTheyWent is what the bills of VMs that have gone have grown by since the end
// of the day on which they were last seen.
var afterTheyWent = "(" + goneBill + " - on (" + byAccount + ", vm) " + billWhenGone + ") > 0.005"

var (
	oneGone      = "topk by (" + byAccount + ", vm) (1, " + gone + ")"
	goneBill     = "(sum by (" + byAccount + ", vm) (" + billOfVMs + ") and on (" + byAccount + ", vm) " + gone + ")"
	billWhenGone = "sum by (" + byAccount + ", vm) (last_over_time((" + billOfVMs + " and on (" + byAccount + ", vm) (" +
		atEnd(oneGone) + " - on (" + byVOrg + ") group_left () " + through + " > -86400))[31d:1d]))"
)

func auditVMs() model.Row {
	listedOver, listedGone := top(tableRows, namedLately(overbilledGBP)), top(tableRows, afterTheyWent)
	red := badFrom(alerts.DifferencePounds)
	// What an hour of each VM costs, by the median of the VMs of its size.
	hour := "(" + vm("ukcloud_vm_cost_month_to_date_gbp") + " / on (" + byVM + ") (" + merged(byVM, "ukcloud_vm_billed_seconds", ofVM, `power_state="on"`) + " / 3600 > 24))"
	sized := namedAs(hour, "size")
	// Replicas count twice in a median, which does not move it.
	every := namedAs(of("ukcloud_vm_cost_month_to_date_gbp", ofVM)+" / ignoring (power_state) ("+of("ukcloud_vm_billed_seconds", ofVM, `power_state="on"`)+" / 3600 > 24)", "size")
	dear := "(" + sized + " / on (size) group_left () quantile by (size) (0.5, " + every + "))"
	dearest := named(top(20, dear+" >= 2"))
	return model.Row{Title: "Which VMs", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Billed on while seen off", Steps: plain(), Width: 12, Height: 9,
			Description: "VMs with hours that were billed as on although they were seen off, and what those hours cost at the VM's average.",
			Empty:       nothingOver, Keys: vmKeys(), Links: []model.Link{toVM()},
			Columns: []model.Column{
				{Title: "They cost", Unit: model.Pounds, Steps: &red, Expr: listedOver},
				{Title: "Hours", Unit: model.Count, Expr: only(overbilled, listedOver)},
			},
		},
		{
			Kind: model.Table, Title: "Billed after they vanished", Steps: plain(), Width: 12, Height: 9,
			Description: "VMs that have not been seen for an hour, and by how much their bill has grown since the day on which they last were. Needs the bill's history of that day.",
			Empty:       "No VM that has gone is billed on",
			Keys:        vmKeys(),
			Columns: []model.Column{
				{Title: "Since then", Unit: model.Pounds, Steps: &red, Expr: top(tableRows, "("+afterTheyWent+") * on ("+byAccount+", vm) group_left (vdc, vm_name, vdc_name, vorg_name) ("+oneGone+" ^ 0)")},
				{Title: "Last seen", Unit: model.Moment, Expr: "max by (" + byVM + ") (" + gone + ") * 1000 and on (" + byAccount + ", vm) " + listedGone},
			},
		},
		{
			Kind: model.Table, Title: "Dear for the size that was seen", Steps: plain(), Width: 12, Height: 9,
			Description: "VMs an hour of which costs at least twice the median of the VMs of their size, by the portal's live figures: a size billed that is not the one seen, or much storage, or a dear licence. The bill's own sizes are in no metric; billing verify and billing report compare them.",
			Empty:       "No VM is dear for its size, or the portal gives no cost",
			Keys:        append(vmKeys()[:1:1], append([]model.Key{{Label: "size", Title: "Size", Width: 120}}, vmKeys()[1:]...)...), Links: []model.Link{toVM()},
			Columns: []model.Column{{Title: "Of the median", Unit: model.Share, Steps: ref(worseFrom(2, 4)), Expr: dearest}},
		},
		pricesThatMoved(12, 9),
	}}
}

// pricesThatMoved compares what a billed hour of each service costs on average with
// last month.
func pricesThatMoved(width, height int) model.Panel {
	perService := replicas(byVOrg+", service", monthToDate, ofVOrg)
	hours := replicas(byVOrg+", service", "ukcloud_billing_usage_seconds", ofVOrg)
	now := "(" + sumBy("service", perService) + " / (" + sumBy("service", hours) + " / 3600 > 0))"
	then := "(" + sumBy("service", sameDayOfLastMonth(perService)) + " / (" + sumBy("service", sameDayOfLastMonth(hours)) + " / 3600 > 0))"
	moved := now + " / on (service) " + then + " - 1"
	rounded := "round(" + moved + ", 0.005) != 0"
	red := risen()
	return model.Panel{
		Kind: model.Table, Title: "Prices that moved, all VDCs", Steps: plain(), Width: width, Height: height,
		Description: "What a billed hour of each service cost on average this month and last month up to its same day, where that moved by half a percent or more. Other sizes move it too. Needs history of last month: " + fromBackfill,
		Empty:       "No price has moved, or there is no history of last month",
		Keys:        []model.Key{{Label: "service", Title: "Service"}},
		Columns: []model.Column{
			{Title: "Moved", Unit: model.Share, Steps: &red, Expr: rounded},
			{Title: "An hour now", Unit: model.Pounds, Expr: now + " and on (service) (" + rounded + ")"},
			{Title: "Last month", Unit: model.Pounds, Expr: then + " and on (service) (" + rounded + ")"},
		},
	}
}

func auditBill() model.Row {
	return model.Row{Title: "Does the bill add up?", Panels: []model.Panel{billOfEachVOrg(24, 9)}}
}
