package boards

import (
	"strings"

	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// overview is where people land: one screen for whoever answers for the bill, for
// backups, or is on call. Its rows have no headings, so that it stays one screen.
func overview() model.Dashboard {
	return withoutVM(model.Dashboard{
		UID: overviewUID, Title: "UKCloud / Overview", From: "now-7d", Refresh: "1m",
		Description: "One screen for whoever answers for the bill, for backups, or is on call. The other dashboards say more of each.",
		Variables:   append(variables("vm"), runbooks()), Annotations: annotations(7),
		Rows: []model.Row{overviewCost(), overviewBackups(), overviewNow(), overviewLists()},
	})
}

// small makes a panel one of eight.
func small(p model.Panel) model.Panel {
	p.Width, p.Height = 3, 4
	return p
}

func overviewCost() model.Row {
	backupCost := sum(billOf(monthToDate, `component="protection"`))
	return model.Row{Panels: []model.Panel{
		small(headline()), small(headlineChange()), small(forecastStat()),
		small(stat("Left of the budgets, all VDCs", "What the budgets of the accounts that have one leave after their forecasts; red is overspent. All VDCs.", noBudget, model.Pounds, left(),
			sum(budget+" - on (account) "+accountForecast))),
		small(stat("Off, and still charged", "What VMs that are powered off now have cost this month, by the bill.", "No VM that is off is in the bill", model.Pounds, neutral(), sum(idleBill))),
		small(stat("Backups cost", "What protection has cost this month, by the bill.", noBill, model.Pounds, neutral(), backupCost)),
		small(billAge()), small(stale()),
	}}
}

func overviewBackups() model.Row {
	ticket := oldestTicket()
	return model.Row{Panels: []model.Panel{
		small(successStat()), small(successChange()), small(failedStat()), small(overdueStat()), small(pendingStat()), small(bareStat()), small(ticket), small(portal()),
	}}
}

// overviewNow is what fires, what rose, and the budgets.
func overviewNow() model.Row {
	rose := risers(7, 8)
	return model.Row{Panels: []model.Panel{firing(9, 8), rose, accountsAgainstBudget(8, 8)}}
}

func overviewLists() model.Row {
	return model.Row{Panels: []model.Panel{worstVDCs(8, 8), unprotectedSince(9, 8), comeAndGone(7, 8)}}
}

// firing are the alerts that fire now. ALERTS is Prometheus's own; alerts that have
// no account are of the exporter or of tickets, and concern every account.
func firing(width, height int) model.Panel {
	const (
		by    = "alertname, severity"
		of    = `job=~"$job|", account=~"$account|", alertname=~"UKCloud.+"`
		now   = `ALERTS{` + of + `, alertstate="firing"}`
		since = `ALERTS_FOR_STATE{` + of + `}`
	)
	return model.Panel{
		Kind: model.Table, Title: "What fires now, all VDCs", Steps: plain(), Width: width, Height: height,
		Description: "Alerts that are firing, as Prometheus says, with how many of each, in how many of the chosen accounts (none: of the exporter or of tickets), and since when the first of them. A row leads to its runbook.",
		Empty:       "Nothing fires (or Prometheus does not have ukcloud.rules.yml)",
		Keys:        []model.Key{{Label: "alertname", Title: "Alert"}, {Label: "severity", Title: "Severity", Width: 90}},
		Columns: []model.Column{
			{Title: "Number", Unit: model.Count, Expr: top(tableRows, "count by ("+by+") ("+now+")")},
			{Title: "Accounts", Unit: model.Count, Expr: "count by (" + by + ") (count by (" + by + ", account) (" + strings.Replace(now, `"$account|"`, `"$account", account!=""`, 1) + ")) or count by (" + by + ") (" + now + ") * 0"},
			{Title: "Since", Unit: model.Moment, Expr: "min by (" + by + ") (" + since + " and ignoring (alertstate) " + now + ") * 1000"},
		},
		Links: []model.Link{{Title: "Runbook", URL: "${runbooks}/${__data.fields.alertname}.md"}},
	}
}

// stale is the collector whose data is oldest, by how old it may become.
func stale() model.Panel {
	p := stat("Oldest data, all accounts", "The collector whose data is oldest, as a share of the age at which it disappears (max_age). UKCloudCollectorStale fires above 50%.", noExporter, model.Share,
		worseFrom(alerts.StaleShareOfMaxAge, 1), "topk(1, max by (collector) ("+shareOfMaxAge(ofJob)+" and on (job, instance, collector) "+of("ukcloud_collector_enabled", ofJob)+" == 1))")
	p.Queries[0].Legend, p.Names = "{{collector}}", true
	return p
}

func portal() model.Panel {
	return withTexts(stat("Portal answers, all accounts", "Whether the last call to the portal was answered and the session is good (UKCloudPortalDown).", noExporter, model.YesNo, goodFrom(1),
		"min("+of("ukcloud_up", ofJob)+")"), yesNo("no", "yes", model.Red, model.Green))
}
