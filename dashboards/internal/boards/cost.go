package boards

import (
	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// The families of the bill.
const (
	monthToDate   = "ukcloud_billing_month_to_date_cost_gbp"
	previousMonth = "ukcloud_billing_previous_month_cost_gbp"
	dayCost       = "ukcloud_billing_day_cost_gbp"
	vmBill        = "ukcloud_billing_vm_month_to_date_cost_gbp"
)

// What accounts are forecast to cost, and may. Budgets are the operator's and have
// no job.
var (
	forecast        = merged(byVOrg, "ukcloud:billing_month_forecast_gbp", ofVOrg)
	accountForecast = "max by (account) (" + of("ukcloud:account_month_forecast_gbp", ofAccount) + ")"
	budget          = `max by (account) (ukcloud:budget_month_gbp{account=~"$account"})`
	storage         = merged(byVOrg+", bucket, service_level", "ukcloud_cloud_storage_month_cost_gbp", ofVOrg)
)

const (
	noBill     = "No bill has been read yet"
	noBudget   = "No budget rule: alerts/budget.example.yml"
	noForecast = "No forecast yet: it needs a day of the month's bill"
	noBuckets  = "No bucket of Cloud Storage"
)

// cost answers whoever answers for the bill.
func cost() model.Dashboard {
	return withoutVM(model.Dashboard{
		UID: costUID, Title: "UKCloud / Cost", From: "now-30d", Refresh: "15m",
		Description: "What the estate costs, by the portal's bill: pounds without VAT. The bill has each day from 06:00 UTC of the next. Cloud Storage is an invoice line of its own and stands apart.",
		Variables:   variables("vm"), Annotations: annotations(30),
		Rows: []model.Row{costNow(), costWhere(), costChanges(), costOverTime(), costStorage(), costTrust()},
	})
}

// soFar is what the month has cost, of the VDCs that are chosen.
var soFar = sum(bill(monthToDate))

// before is what last month had cost on its same day; where there is no history,
// a share of the whole.
func before(labels ...string) string {
	return "(" + sameDayOfLastMonth(bill(monthToDate, labels...)) + " or " + shareOfLastMonth(bill(previousMonth, labels...)) + ")"
}

const beforeInWords = "Last month is taken as it was on the same day; without history of it, as the same share of its whole"

func money(title, description, empty string, steps model.Steps, expr string) model.Panel {
	return stat(title, description, empty, model.Pounds, steps, expr)
}

// headline is what the month has cost; it says what is not in it.
func headline() model.Panel {
	return money("Month to date, without Cloud Storage", "What this month (UTC) has cost up to the newest day in the bill, of the VDCs that are chosen. Cloud Storage is invoiced apart and not in it.", noBill, neutral(), soFar)
}

func headlineChange() model.Panel {
	return money("Against the same day of last month", "How much more (red) or less (green) the month to date is than last month up to its same day. "+beforeInWords+".", noBill, risen(), soFar+" - "+sum(before()))
}

func forecastStat() model.Panel {
	return money("Forecast for the month, all VDCs", "What the month will cost: what recurs by the day, apart from what came once. Without Cloud Storage.", noForecast, neutral(), sum(forecast))
}

func billAge() model.Panel {
	p := stat("Age of the bill, all VDCs", "How long ago the newest day ended that is in every vOrg's bill, and of which vOrg that is. Up to 36 hours are usual; UKCloudBillingDataLate fires after 48.", noBill, model.Seconds,
		badFrom(alerts.BillAgeSeconds), "topk(1, "+inVOrg("time() - "+through)+")")
	p.Queries[0].Legend, p.Names = "{{vorg_name}} · {{account}}", true
	return p
}

func costNow() model.Row {
	age := billAge()
	age.Width, age.Height = 8, 7
	return model.Row{Title: "This month", Panels: []model.Panel{
		headline(), headlineChange(),
		money("Newest day, all VDCs", "What the newest complete day (UTC) in the bill cost.", noBill, neutral(), sum(merged(byVOrg, "ukcloud:billing_day_cost_gbp", ofVOrg))),
		forecastStat(),
		money("Previous month, without Cloud Storage", "What the month before cost, as the bill says it now, of the VDCs that are chosen.", "No bill of last month", neutral(), sum(bill(previousMonth))),
		money("Cloud Storage, whole month, all VDCs", "What all buckets would cost in a whole month at their average consumption: the other line of the invoice.", noBuckets, neutral(), sum(storage)),
		accountsAgainstBudget(16, 7), age,
	}}
}

// accountsAgainstBudget sets each account's forecast against its budget.
func accountsAgainstBudget(width, height int) model.Panel {
	against := left()
	share := worseFrom(0.9, 1)
	listed := top(tableRows, accountForecast)
	of := func(expr string) string { return "(" + expr + ") and on (account) " + listed }
	return model.Panel{
		Kind: model.Table, Title: "Accounts against their budgets, all VDCs", Steps: plain(), Width: width, Height: height,
		Description: "What each account is forecast to cost this month, and what its budget (recording rule ukcloud:budget_month_gbp, set by the operator) leaves of it. All VDCs, without Cloud Storage. UKCloudSpendOverBudget fires above 100%.",
		Empty:       noForecast,
		Keys:        []model.Key{{Label: "account_name", Title: "Account"}, {Label: "account"}},
		Columns: []model.Column{
			{Title: "Forecast", Unit: model.Pounds, Expr: top(tableRows, inAccount(accountForecast))},
			{Title: "Budget", Unit: model.Pounds, Expr: of(budget)},
			{Title: "Left", Unit: model.Pounds, Steps: &against, Expr: of(budget + " - on (account) " + accountForecast)},
			{Title: "Used", Unit: model.Share, Steps: &share, Expr: of(accountForecast + " / on (account) " + budget)},
		},
		Links: []model.Link{{Title: "Its cost", UID: costUID, Set: [][2]string{{"account", "${__data.fields.account:percentencode}"}}}},
	}
}

func costWhere() model.Row {
	panels := []model.Panel{
		moneyBars("By service", "Month to date by service of the bill.", noBill, sumBy("service", bill(monthToDate, "service")), "{{service}}"),
		moneyBars("By VDC", "Month to date by VDC, with its account.", noBill, noVDC(sumBy(eachVDC, bill(monthToDate))), eachLegend),
		moneyBars("By component", "Month to date by what is paid for: compute, storage, protection (backups), licence. Other is what has no part of its own in the bill.", noBill,
			sumBy("component", bill(monthToDate, "component")), "{{component}}"),
		moneyBars("By tag, all VDCs", "Month to date by value of the tags that collectors.billing_csv.tags names.", "No tags configured: collectors.billing_csv.tags",
			inWords(sumBy("tag, tag_value", replicas(byVOrg+", tag, tag_value", "ukcloud_billing_tag_month_to_date_cost_gbp", ofVOrg)), "tag_value", "untagged"), "{{tag}}: {{tag_value}}"),
	}
	panels[2].Colors = componentColors()
	panels = append(panels, dearestVMs(), model.Panel{
		Kind: model.Bars, Title: "VM-hours by power state, all VDCs", Unit: model.Count, Steps: neutral(), Width: 6, Height: 10,
		Description: "Hours billed this month, by power state. What is off still costs its storage.", Empty: noBill,
		Colors: colorsOf("on", "off", noPowerState),
		Queries: one(inWords(sumBy("power_state", replicas(byVOrg+", power_state", "ukcloud_billing_usage_seconds", ofVOrg))+" / 3600", "power_state", noPowerState),
			"{{power_state}}"),
	})
	return model.Row{Title: "Where it goes", Panels: panels}
}

func moneyBars(title, description, empty, expr, legend string) model.Panel {
	return model.Panel{
		Kind: model.Bars, Title: title, Description: description, Empty: empty, Unit: model.Pounds, Steps: neutral(),
		Width: 6, Height: 10, Queries: one(top(bars, expr), legend),
	}
}

// billOfVMs is the bill of each VM. What has left the estate, and what is no VM,
// has no name.
var billOfVMs = merged(byVOrg+", vm", vmBill, ofVOrg, `vm=~"$vm"`)

// withBillNames gives the bill's VMs names and the VDC that the bill does not know.
func withBillNames(expr string) string {
	return "sum by (" + byAccount + ", vm) (" + expr + ") * on (" + byAccount + ", vm) group_left (vdc, vm_name, vdc_name, vorg_name) " + billNames
}

func dearestVMs() model.Panel {
	listed := top(tableRows, withBillNames(billOfVMs))
	return model.Panel{
		Kind: model.Table, Title: "Dearest VMs", Steps: neutral(), Width: 18, Height: 10,
		Description: "The 100 dearest VMs of the month by the bill, and what the portal's live figures say of them: those have no backup in them.",
		Empty:       "No VM in the bill is one of those that are chosen",
		Keys:        vmKeys(),
		Columns: []model.Column{
			{Title: "Bill", Unit: model.Pounds, Expr: listed},
			{Title: "Live", Unit: model.Pounds, Expr: only(vm("ukcloud_vm_cost_month_to_date_gbp"), listed)},
		},
		Links: []model.Link{toVM(), toBackups()},
	}
}

// costChanges says what rose, what is new and what costs for nothing.
func costChanges() model.Row {
	return model.Row{Title: "What changed", Panels: []model.Panel{risers(12, 10), vmRisers(12, 10), comeAndGone(12, 10), idle(12, 10)}}
}

// risers are services and VDCs that cost more than last month.
func risers(width, height int) model.Panel {
	rose := risen()
	rise := func(kind, by, label string) string {
		perVOrg := func(metric string) string { return replicas(byVOrg+", "+label, metric, ofVOrg) }
		now, before := sumBy(by, perVOrg(monthToDate)), sumBy(by, sameDayOfLastMonth(perVOrg(monthToDate))+" or "+shareOfLastMonth(perVOrg(previousMonth)))
		return called(kind, label, noVDC(now+" - ("+before+" or "+now+" * 0)"))
	}
	all := rise("service", "service", "service") + " or " + rise("VDC", eachVDC, "vdc_name")
	return model.Panel{
		Kind: model.Table, Title: "What rose most, all VDCs", Steps: plain(), Width: width, Height: height,
		Description: "Services and VDCs that have cost more this month than last. " + beforeInWords + ". Nothing that fell is listed.",
		Empty:       "Nothing costs more than last month",
		Keys:        []model.Key{{Label: "what", Title: "What"}, {Label: "kind", Title: "Kind", Width: 110}, {Label: "account", Title: "Account", Width: accountWidth}},
		Columns: []model.Column{
			{Title: "More", Unit: model.Pounds, Steps: &rose, Expr: top(20, "sum by (what, kind, account) ("+all+") > 0.005")},
		},
	}
}

// vmRisers are VMs that cost more than last month.
func vmRisers(width, height int) model.Panel {
	rose := risen()
	more := withBillNames(billOfVMs+" - "+sameDayOfLastMonth(billOfVMs)) + " > 0.005"
	return model.Panel{
		Kind: model.Table, Title: "VMs that rose most", Steps: plain(), Width: width, Height: height,
		Description: "The 20 VMs whose bill of this month is most above that of last month up to its same day. VMs that are new are in the list of those.",
		Empty:       "No VM costs more, or there is no history of last month: billing backfill brings it (docs/billing.md)",
		Keys:        vmKeys(),
		Columns:     []model.Column{{Title: "More", Unit: model.Pounds, Steps: &rose, Expr: top(20, more)}},
		Links:       []model.Link{toVM(), toBackups()},
	}
}

// comeAndGone are VMs that are there now or were there when the range began, and
// not both.
func comeAndGone(width, height int) model.Panel {
	const then = vmNames + " offset $__range"
	known := " and on (" + byAccount + ") " + of("ukcloud_account_info", ofAccount)
	added := "(" + vmNames + " unless on (" + byVM + ") " + then + ")" + known + " offset $__range"
	gone := "(" + then + " unless on (" + byVM + ") " + vmNames + ")" + known
	keys := "account, vdc, vm, vm_name, vdc_name, vorg_name"
	return model.Panel{
		Kind: model.Table, Title: "New and gone VMs", Steps: plain(), Width: width, Height: height,
		Description: "VMs that there are now and were not when the chosen range began, and the other way round.",
		Empty:       "No VM has come or gone in this range, or it begins before the first scrape",
		Keys:        vmAndVDC(),
		Columns: []model.Column{{
			Title: "Change", Unit: model.Count, Width: 90,
			Texts: []model.Text{{Value: 1, Text: "new", Color: model.Blue}, {Value: -1, Text: "gone", Color: model.Orange}},
			Expr:  top(tableRows, "max by ("+keys+") ("+added+") or -1 * max by ("+keys+") ("+gone+")"),
		}},
		Links: []model.Link{toVM(), toBackups()},
	}
}

// idleBill is the bill of VMs that are off now.
var idleBill = withBillNames(billOfVMs) + " and on (" + byAccount + ", vm) (" + merged(byAccount+", vm", "ukcloud_vm_powered_on", ofVM) + " == 0)"

func idle(width, height int) model.Panel {
	return model.Panel{
		Kind: model.Table, Title: "Off, and still charged", Steps: plain(), Width: width, Height: height,
		Description: "The 100 dearest VMs that are powered off now, with what the bill says they have cost this month.",
		Empty:       "No VM that is off costs anything",
		Keys:        vmKeys(),
		Columns:     []model.Column{{Title: "Bill", Unit: model.Pounds, Expr: top(tableRows, idleBill)}},
		Links:       []model.Link{toVM(), toBackups()},
	}
}

func costOverTime() model.Row {
	days := func(title, description string, queries ...model.Query) model.Panel {
		return model.Panel{
			Kind: model.Lines, Title: title, Unit: model.Pounds, Steps: plain(), Width: 12, Height: 10, Step: "1d", Last: "31d",
			Description: description + " " + fromBackfill, Empty: needsHistory, Queries: queries, Sums: []string{model.Last},
		}
	}
	months := func(title, description string, queries ...model.Query) model.Panel {
		p := days(title, description, queries...)
		p.Last, p.Stack, p.BarsEnd, p.Sums = "13M", model.Stacked, true, []string{model.Sum, model.Last}
		return p
	}
	// Replicas are merged behind ofDay, which asks twice for each day.
	perService := func(past func(string) string) string {
		sums := "sum by (job, instance, account, vorg, service) (" + of(dayCost, ofVOrg) + ")"
		return sumBy("service", "max by ("+byVOrg+", service) ("+past(sums)+")")
	}
	now := func(expr string) string { return expr }
	byDay := days("Day by day, all VDCs", "Cost of each complete day (UTC) by service, the 10 dearest at the end of the range; a bar stands on its day.",
		model.Query{Expr: topNewest(lines, "service", perService(ofDay), perService(now)), Legend: "{{service}}"},
		model.Query{Expr: rest(lines, "service", perService(ofDay), perService(now)), Legend: "other services"},
	)
	byDay.Stack, byDay.BarsEnd, byDay.Sums = model.Stacked, true, []string{model.Sum, model.Last}
	perVOrg := "max by (" + byVOrg + ") (sum by (job, instance, account, vorg) (" + of(monthToDate, ofVOrg) + "))"
	soFar := days("The month so far, all VDCs", "What the month had cost by the end of each day, the month before on its same day, and the budgets of the accounts that have one, day by day.",
		model.Query{Expr: sum(ofDay(perVOrg)), Legend: "this month"},
		model.Query{Expr: sum(monthBefore(perVOrg)), Legend: "the month before"},
		model.Query{Expr: "sum(" + newest(budget) + ") * on () (" + dayOfMonth + " / on () days_in_month(vector(time() + " + halfDay + ")))", Legend: "budget"},
	)
	soFar.Colors = []model.Fixed{{Name: "this month", Color: model.Blue}, {Name: "the month before", Color: model.Grey}, {Name: "budget", Color: model.Red}}
	byVDC, vdcRank := ofMonth(noVDC(sumBy(eachVDC, bill(previousMonth)))), noVDC(sumBy(eachVDC, bill(previousMonth)))
	component := months("Shape by component, month by month", "Share of each component in each whole month: what the money goes for, and how that changes.",
		model.Query{Expr: ofMonth(sumBy("component", bill(previousMonth, "component"))), Legend: "{{component}}"})
	component.Stack, component.Colors, component.Sums = model.StackedTo, componentColors(), []string{model.Last}
	usual := model.Panel{
		Kind: model.Lines, Title: "A day against its usual, all VDCs", Unit: model.Share, Step: "12h", Steps: badFrom(alerts.DayCostRatio), Width: 12, Height: 10, Sums: []string{model.Last},
		Description: "Cost of the newest day of each vOrg, by the median of the two weeks before, for the 10 vOrgs with the most at the end of the range. UKCloudDayCostUnusual fires above 150% when that is also £10 more.",
		Empty:       "Needs a week of history: billing backfill brings it, and promtool the rule's (docs/billing.md)",
	}
	ratio := inVOrg(merged(byVOrg, "ukcloud:billing_day_cost_gbp", ofVOrg) + " / " + merged(byVOrg, "ukcloud:billing_day_cost_usual_gbp", ofVOrg))
	usual.Queries = one(topAtEnd(lines, byVOrg, ratio, ratio), "{{vorg_name}} · {{account}}")
	return model.Row{Title: "Over time", Panels: []model.Panel{
		byDay, soFar, usual, component,
		wide(months("Month by month, by VDC", "Each whole month of the last twelve, on its own month: the 10 VDCs that were dearest last month, and the others.",
			model.Query{Expr: topNewest(lines, eachVDC, byVDC, vdcRank), Legend: eachLegend},
			model.Query{Expr: rest(lines, eachVDC, byVDC, vdcRank), Legend: "other VDCs"})),
	}}
}

func wide(p model.Panel) model.Panel {
	p.Width = 24
	return p
}

func costStorage() model.Row {
	buckets := func(metric string) string {
		return sumBy("bucket, service_level", merged(byVOrg+", bucket, service_level", metric, ofVOrg))
	}
	return model.Row{Title: "Cloud Storage, all VDCs: an invoice line of its own", Panels: []model.Panel{
		{
			Kind: model.Bars, Title: "Dearest buckets", Unit: model.Pounds, Steps: neutral(), Width: 12, Height: 8,
			Description: "What the 15 dearest buckets would cost in a whole month at their average consumption.", Empty: noBuckets,
			Queries: one(top(bars, buckets("ukcloud_cloud_storage_month_cost_gbp")), "{{bucket}} ({{service_level}})"),
		},
		{
			Kind: model.Bars, Title: "Largest buckets", Unit: model.Bytes, Steps: neutral(), Width: 12, Height: 8,
			Description: "Average consumption of the 15 largest buckets this month, rounded up to whole GiB by the portal.", Empty: noBuckets,
			Queries: one(top(bars, buckets("ukcloud_cloud_storage_consumption_bytes")), "{{bucket}} ({{service_level}})"),
		},
	}}
}

// costTrust reports whether the figures above can be believed.
func costTrust() model.Row {
	return model.Row{Title: "Can the bill be trusted?", Panels: []model.Panel{billOfEachVOrg(24, 9)}}
}

func billOfEachVOrg(width, height int) model.Panel {
	age, difference, rejected, restated := badFrom(alerts.BillAgeSeconds), badFrom(alerts.DifferencePounds), badFrom(1), risen()
	rank := "time() - " + through
	of := func(expr string) string {
		return "(" + expr + ") and on (" + byVOrg + ") " + top(tableRows, rank)
	}
	family := func(metric string) string { return merged(byVOrg, metric, ofVOrg) }
	return model.Panel{
		Kind: model.Table, Title: "The bill of each vOrg, all VDCs", Steps: plain(), Width: width, Height: height,
		Description: "For each vOrg, oldest first: how old its newest day is, rows read and rejected, how far the parts are from TotalPrice, and by how much last month changed after it was final.",
		Empty:       noBill,
		Keys:        []model.Key{{Label: "vorg_name", Title: "vOrg"}, {Label: "account", Title: "Account", Width: accountWidth}, {Label: "vorg"}},
		Columns: []model.Column{
			{Title: "Age", Unit: model.Seconds, Steps: &age, Expr: top(tableRows, inVOrg(rank))},
			{Title: "Rows", Unit: model.Count, Expr: of(family("ukcloud_billing_rows"))},
			{Title: "Rejected", Unit: model.Count, Steps: &rejected, Expr: of(sumBy(byVOrg, merged(byVOrg+", reason", "ukcloud_billing_rows_rejected", ofVOrg)))},
			{Title: "Difference", Unit: model.Pounds, Steps: &difference, Expr: of("max by (" + byVOrg + ") (abs(" + merged(byVOrg+", check", "ukcloud_billing_tie_out_difference_gbp", ofVOrg) + "))")},
			{Title: "Restated", Unit: model.Pounds, Steps: &restated, Expr: of(family("ukcloud_billing_restatement_gbp"))},
		},
		Links: []model.Link{{Title: "Its cost", UID: costUID, Set: [][2]string{
			{"account", "${__data.fields.account:percentencode}"}, {"vorg", "${__data.fields.vorg:percentencode}"},
		}}},
	}
}
