package boards

import (
	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

var (
	monthToDate   = of("ukcloud_billing_month_to_date_cost_gbp", ofBill)
	previousMonth = of("ukcloud_billing_previous_month_cost_gbp", ofBill)
	dayCost       = of("ukcloud_billing_day_cost_gbp", ofVOrg)
	forecast      = of("ukcloud:billing_month_forecast_gbp", ofVOrg)
)

// cost answers whoever answers for the bill.
func cost() model.Dashboard {
	return model.Dashboard{
		UID: costUID, Title: "UKCloud / Cost", From: "now-30d", Refresh: "15m",
		Description: "What the estate costs, by the portal's bill: pounds without VAT. The bill has each day from 06:00 UTC of the next.",
		Variables:   variables(), Annotations: annotations(),
		Rows: []model.Row{costNow(), costWhere(), costOverTime(), costStorage(), costTrust()},
	}
}

func costNow() model.Row {
	budget := `ukcloud:budget_month_gbp{account=~"$account"}`
	accountForecast := of("ukcloud:account_month_forecast_gbp", ofAccount)
	return model.Row{Title: "This month", Panels: []model.Panel{
		pounds("Month to date", "What this month (UTC) has cost up to the newest day in the bill.", sum(monthToDate)),
		pounds("Forecast for the month", "The month at the pace of its days so far. The first days say little. A VDC or VM chosen above makes no difference here.", sum(forecast)),
		pounds("Previous month", "What the month before cost, as the bill says it now.", sum(previousMonth)),
		pounds("Newest day", "What the newest complete day (UTC) in the bill cost. A VDC or VM chosen above makes no difference here.", sum(dayCost)),
		{
			Kind: model.Gauge, Title: "Forecast as a share of the budget", Unit: model.Share, Width: 4, Height: 5, Max: ref(2),
			Description: "Forecast of the accounts that have a budget, by their budgets (recording rule ukcloud:budget_month_gbp, set by the operator). Empty where there is none. UKCloudSpendOverBudget fires above 100%.",
			Steps:       worseFrom(0.9, 1),
			Queries:     one("sum("+accountForecast+" and on (account) "+budget+") / sum("+budget+" and on (account) "+accountForecast+")", "forecast"),
		},
		{
			Kind: model.Stat, Title: "Age of the newest day", Unit: model.Seconds, Width: 4, Height: 5,
			Description: "How long ago the newest day ended that is in every vOrg's bill. Up to 36 hours are usual; UKCloudBillingDataLate fires after 48.",
			Steps:       badFrom(alerts.BillAgeSeconds),
			Queries:     one("time() - min("+of("ukcloud_billing_data_through_timestamp_seconds", ofVOrg)+")", "age"),
		},
	}}
}

// pounds is one sum of money.
func pounds(title, description, expr string) model.Panel {
	return model.Panel{
		Kind: model.Stat, Title: title, Description: description, Unit: model.Pounds, Decimals: ref(2),
		Steps: neutral(), Width: 4, Height: 5, Queries: one(expr, title),
	}
}

func costWhere() model.Row {
	panels := []model.Panel{
		moneyBars("By service", "Month to date by service of the bill.", sumBy("service", monthToDate), "{{service}}"),
		moneyBars("By VDC", "Month to date by VDC, with its account; what has no name is in no VDC.", sumBy(eachVDC, monthToDate), eachLegend),
		moneyBars("By component", "Month to date by what is paid for: compute, storage, protection, licence.", sumBy("component", monthToDate), "{{component}}"),
		moneyBars("By tag", "Month to date by value of the tags that collectors.billing_csv.tags names; a value that is missing is untagged. Empty where no tag is configured.",
			sumBy("tag, tag_value", of("ukcloud_billing_tag_month_to_date_cost_gbp", ofVOrg)), "{{tag}}: {{tag_value}}"),
		dearestVMs(),
		{
			Kind: model.Bars, Title: "Billed time by power state", Unit: model.Seconds, Steps: neutral(), Width: 6, Height: 10,
			Description: "Time billed this month, by power state. What is off still costs its storage; what has no name has no power state.",
			Queries:     one(sumBy("power_state", of("ukcloud_billing_usage_seconds", ofVOrg)), "{{power_state}}"),
		},
	}
	return model.Row{Title: "Where it goes", Panels: panels}
}

func moneyBars(title, description, expr, legend string) model.Panel {
	return model.Panel{
		Kind: model.Bars, Title: title, Description: description, Unit: model.Pounds, Decimals: ref(2), Steps: neutral(),
		Width: 6, Height: 9, Queries: one(top(bars, expr), legend),
	}
}

// dearestVMs joins the bill with the names. What has left the estate, and what is
// no VM, has none and is not in the table.
func dearestVMs() model.Panel {
	const names = " * on (" + byAccount + ", vm) group_left (vdc, " + vmNames + ") " + vmInfo
	bill := top(tableRows, of("ukcloud_billing_vm_month_to_date_cost_gbp", ofVOrg)+names)
	return model.Panel{
		Kind: model.Table, Title: "Dearest VMs", Unit: model.Pounds, Steps: neutral(), Width: 18, Height: 10,
		Description: "The 100 dearest VMs of the month by the bill, and what the portal's live figures say of them: those have no backup in them.",
		Keys:        vmKeys(),
		Columns: []model.Column{
			{Title: "Bill, month to date", Unit: model.Pounds, Expr: bill},
			{Title: "Live, month to date", Unit: model.Pounds, Expr: named(vm("ukcloud_vm_cost_month_to_date_gbp")) + " and on (" + byVM + ") " + bill},
		},
		Links: []model.Link{toVM(rowVM), toBackups(rowVM)},
	}
}

func costOverTime() model.Row {
	return model.Row{Title: "Over time", Panels: []model.Panel{
		{
			Kind: model.Lines, Title: "Day by day", Unit: model.Pounds, Steps: plain(), Width: 12, Height: 9, Step: "1d", Last: "30d", Stack: model.Stacked,
			Description: "Cost of each complete day by service. A bar stands on the day after, on which the bill had it.",
			Queries:     one(top(lines, sumBy("service", dayCost)), "{{service}}"),
		},
		{
			Kind: model.Lines, Title: "The month so far", Unit: model.Pounds, Steps: plain(), Width: 12, Height: 9,
			Description: "Month to date, where it is heading, and the whole month before.",
			Queries: []model.Query{
				{Expr: sum(monthToDate), Legend: "month to date"}, {Expr: sum(forecast), Legend: "forecast"}, {Expr: sum(previousMonth), Legend: "previous month"},
			},
		},
		{
			Kind: model.Lines, Title: "A day against its usual", Unit: model.Share, Steps: badFrom(alerts.DayCostRatio), Width: 12, Height: 9,
			Description: "Cost of the newest day of each vOrg, by the median of the two weeks before. UKCloudDayCostUnusual fires above 150% when that is also £10 more. Needs a week of history.",
			Queries: one(top(lines, inVOrg(of("ukcloud:billing_day_cost_gbp", ofVOrg)+" / "+of("ukcloud:billing_day_cost_usual_gbp", ofVOrg))),
				"{{vorg_name}}"),
		},
		{
			Kind: model.Lines, Title: "Shape by component, over months", Unit: model.Pounds, Steps: plain(), Width: 12, Height: 9, Step: "1d", Last: "1y", Stack: model.StackedTo,
			Description: "Share of each component in the month to date, over a year: what the money goes for, and how that changes.",
			Queries:     one(sumBy("component", monthToDate), "{{component}}"),
		},
		{
			Kind: model.Lines, Title: "Month by month, by VDC", Unit: model.Pounds, Steps: plain(), Width: 24, Height: 9, Step: "1d", Last: "1y", Stack: model.Stacked,
			Description: "Cost of the previous month of the 10 dearest VDCs, over a year. Each month is shown for as long as it is the previous one.",
			Queries:     one(top(lines, sumBy(eachVDC, previousMonth)), eachLegend),
		},
	}}
}

func costStorage() model.Row {
	return model.Row{Title: "Cloud Storage", Panels: []model.Panel{
		{
			Kind: model.Bars, Title: "Dearest buckets", Unit: model.Pounds, Decimals: ref(2), Steps: neutral(), Width: 12, Height: 8,
			Description: "What the 15 dearest buckets would cost in a whole month at their average consumption.",
			Queries:     one(top(bars, sumBy("bucket, service_level", of("ukcloud_cloud_storage_month_cost_gbp", ofVOrg))), "{{bucket}} ({{service_level}})"),
		},
		{
			Kind: model.Bars, Title: "Largest buckets", Unit: model.Bytes, Steps: neutral(), Width: 12, Height: 8,
			Description: "Average consumption of the 15 largest buckets this month, rounded up to whole GiB by the portal.",
			Queries:     one(top(bars, sumBy("bucket, service_level", of("ukcloud_cloud_storage_consumption_bytes", ofVOrg))), "{{bucket}} ({{service_level}})"),
		},
	}}
}

// costTrust says whether the figures above can be believed.
func costTrust() model.Row {
	age := badFrom(alerts.BillAgeSeconds)
	difference := badFrom(alerts.DifferencePounds)
	rejected := badFrom(1)
	return model.Row{Title: "Can the bill be trusted?", Panels: []model.Panel{{
		Kind: model.Table, Title: "The bill of each vOrg", Unit: model.Count, Steps: plain(), Width: 24, Height: 9,
		Description: "For each vOrg: how old its newest day is, rows read and rejected, how far the parts are from TotalPrice, and by how much last month changed after it was final.",
		Keys:        []model.Key{{Label: "vorg_name", Title: "vOrg"}, {Label: "vorg", Title: "Id"}, {Label: "account", Title: "Account"}},
		Columns: []model.Column{
			{Title: "Age", Unit: model.Seconds, Steps: &age, Expr: top(tableRows, inVOrg("time() - "+of("ukcloud_billing_data_through_timestamp_seconds", ofVOrg)))},
			{Title: "Rows", Unit: model.Count, Expr: top(tableRows, inVOrg(of("ukcloud_billing_rows", ofVOrg)))},
			{Title: "Rejected", Unit: model.Count, Steps: &rejected, Expr: top(tableRows, inVOrg(sumBy(byVOrg, of("ukcloud_billing_rows_rejected", ofVOrg))))},
			{Title: "Difference", Unit: model.Pounds, Steps: &difference, Expr: top(tableRows, inVOrg("max by ("+byVOrg+") (abs("+of("ukcloud_billing_tie_out_difference_gbp", ofVOrg)+"))"))},
			{Title: "Restated", Unit: model.Pounds, Expr: top(tableRows, inVOrg(of("ukcloud_billing_restatement_gbp", ofVOrg)))},
		},
	}}}
}
