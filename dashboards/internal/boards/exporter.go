package boards

import (
	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// self is a metric of the exporter itself.
func self(metric string, more ...string) string { return of(metric, ofInstance, more...) }

// process is a metric that every program has: that of the exporters alone, also
// when all jobs are chosen.
func process(expr string) string {
	return "(" + expr + ") and on (job, instance) " + self("ukcloud_exporter_build_info")
}

// exporter answers whether the figures of the other dashboards are fresh, and if
// not, why.
func exporter() model.Dashboard {
	list := variables("vorg", "vdc", "vm")
	instance := model.Variable{
		Name: "instance", Label: "Instance", Query: "label_values(" + of("ukcloud_exporter_build_info", ofJob) + ", instance)", All: ".+",
	}
	list = append(list[:1:1], append([]model.Variable{instance}, list[1:]...)...)
	return model.Dashboard{
		UID: exporterUID, Title: "UKCloud / Exporter", From: "now-24h", Refresh: "1m",
		Description: "The exporter itself: is it fresh, does the portal answer, and what does it cost to run.",
		Variables:   list, Annotations: annotations(),
		Rows: []model.Row{exporterState(), exporterCollectors(), exporterOverTime(), exporterPortal(), exporterProcess()},
	}
}

func exporterState() model.Row {
	state := func(title, description string, unit model.Unit, steps model.Steps, expr string) model.Panel {
		return model.Panel{
			Kind: model.Stat, Title: title, Description: description, Unit: unit, Steps: steps, Width: 4, Height: 4, Queries: one(expr, title),
		}
	}
	return model.Row{Title: "Now", Panels: []model.Panel{
		state("Portal answers", "Whether the last call to the portal was answered and the session is good (UKCloudPortalDown).", model.YesNo, goodFrom(1),
			"min("+self("ukcloud_up")+")"),
		state("Logins suspended", "Whether the exporter has stopped logging in, because the portal rejected it (UKCloudSessionSuspended).", model.YesNo, badFrom(1),
			"max("+self("ukcloud_session_logins_suspended")+")"),
		state("Session ends", "When the portal's session ends unless it is used before.", model.Moment, neutral(),
			"min("+self("ukcloud_session_expiry_timestamp_seconds")+") * 1000"),
		state("Configuration accepted", "Whether the last reload succeeded (UKCloudReloadFailed).", model.YesNo, goodFrom(1),
			"min("+self("ukcloud_config_last_reload_successful")+")"),
		state("Configuration read", "When the configuration in use was read.", model.Moment, neutral(),
			"max("+self("ukcloud_config_last_reload_success_timestamp_seconds")+") * 1000"),
		state("State not saved", "Failed attempts to save the state in the chosen range (UKCloudStateNotSaved).", model.Count, badFrom(1),
			sum("increase("+self("ukcloud_state_save_failures_total")+"[$__range])")),
	}}
}

func exporterCollectors() model.Row {
	const by = "job, instance, collector"
	success, stale, some := goodFrom(1), worseFrom(alerts.StaleShareOfMaxAge, 1), worseFrom(1, 1000)
	return model.Row{Title: "Collectors", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Collectors", Unit: model.Count, Steps: plain(), Width: 17, Height: 9,
			Description: "Each collector: whether it is enabled and its last refresh succeeded, how old its data is and how old it may become, how long a refresh takes, what it exposes, drops and does not know.",
			Keys:        []model.Key{{Label: "collector", Title: "Collector"}, {Label: "instance", Title: "Instance"}},
			Columns: []model.Column{
				{Title: "Share of max_age", Unit: model.Share, Steps: &stale, Expr: "(time() - " + self("ukcloud_collector_last_success_timestamp_seconds") + ") / " + self("ukcloud_collector_max_age_seconds")},
				{Title: "Enabled", Unit: model.YesNo, Expr: self("ukcloud_collector_enabled")},
				{Title: "Success", Unit: model.YesNo, Steps: &success, Expr: self("ukcloud_collector_success")},
				{Title: "Age", Unit: model.Seconds, Expr: "time() - " + self("ukcloud_collector_last_success_timestamp_seconds")},
				{Title: "Tried", Unit: model.Moment, Expr: self("ukcloud_collector_last_attempt_timestamp_seconds") + " * 1000"},
				{Title: "Took", Unit: model.Seconds, Expr: self("ukcloud_collector_duration_seconds")},
				{Title: "Series", Unit: model.Count, Expr: self("ukcloud_collector_series")},
				{Title: "Dropped", Unit: model.Count, Steps: &some, Expr: self("ukcloud_duplicate_series_dropped")},
				{Title: "Unknown", Unit: model.Count, Expr: sumBy(by, self("ukcloud_unknown_values"))},
			},
		},
		{
			Kind: model.Table, Title: "Accounts refused", Unit: model.Count, Steps: neutral(), Width: 7, Height: 9,
			Description: "Accounts that the portal refuses to the login, by collector. Empty is good.",
			Keys:        []model.Key{{Label: "account", Title: "Account"}, {Label: "collector", Title: "Collector"}},
			Columns: []model.Column{
				{Title: "Refused", Unit: model.YesNo, Expr: top(tableRows, "max by (account, collector) ("+of("ukcloud_account_forbidden", ofInstance, `account=~"$account"`)+")")},
			},
		},
	}}
}

func exporterOverTime() model.Row {
	return model.Row{Title: "Collectors over time", Panels: []model.Panel{
		{
			Kind: model.History, Title: "Refreshes", Unit: model.YesNo, Steps: goodFrom(1), Width: 12, Height: 8, Step: "5m",
			Description: "Whether the last refresh of each collector had succeeded (UKCloudCollectorFailing).",
			Queries:     one(top(historyRows, self("ukcloud_collector_success")), "{{collector}} {{instance}}"),
		},
		{
			Kind: model.Lines, Title: "Age of the data, as a share of max_age", Unit: model.Share, Steps: worseFrom(alerts.StaleShareOfMaxAge, 1), Width: 12, Height: 8,
			Description: "Age of each collector's last good refresh. UKCloudCollectorStale fires above 50%; at 100% the data disappears.",
			Queries: one("max by (collector) ((time() - "+self("ukcloud_collector_last_success_timestamp_seconds")+") / "+
				self("ukcloud_collector_max_age_seconds")+")", "{{collector}}"),
		},
		{
			Kind: model.Lines, Title: "Duration of refreshes", Unit: model.Seconds, Steps: plain(), Width: 12, Height: 8,
			Description: "How long the last refresh of each collector took. The real portal needed about a minute for 1,920 VMs.",
			Queries:     one("max by (collector) ("+self("ukcloud_collector_duration_seconds")+")", "{{collector}}"),
		},
		{
			Kind: model.Lines, Title: "Series", Unit: model.Count, Steps: plain(), Width: 12, Height: 8,
			Description: "Series that each collector exposes.",
			Queries:     one("max by (collector) ("+self("ukcloud_collector_series")+")", "{{collector}}"),
		},
	}}
}

func exporterPortal() model.Row {
	rate := func(metric string) string { return "rate(" + self(metric) + "[$__rate_interval])" }
	return model.Row{Title: "Calls to the portal", Panels: []model.Panel{
		{
			Kind: model.Lines, Title: "Calls by answer", Unit: model.PerSec, Steps: plain(), Width: 8, Height: 8,
			Description: "Calls to the portal by HTTP status; error is a call without an answer.",
			Queries:     one(sumBy("code", rate("ukcloud_api_requests_total")), "{{code}}"),
		},
		{
			Kind: model.Lines, Title: "Time to answer, 95%", Unit: model.Seconds, Steps: plain(), Width: 8, Height: 8,
			Description: "Time until the portal's answer began, which 95 of 100 calls were below, by endpoint.",
			Queries:     one("histogram_quantile(0.95, "+sumBy("le, endpoint", rate("ukcloud_api_request_duration_seconds_bucket"))+")", "{{endpoint}}"),
		},
		{
			Kind: model.Lines, Title: "Calls sent again", Unit: model.PerSec, Steps: plain(), Width: 8, Height: 8,
			Description: "Retries by endpoint and reason. Empty before the first.",
			Queries:     one(sumBy("endpoint, reason", rate("ukcloud_api_retries_total")), "{{endpoint}} {{reason}}"),
		},
		{
			Kind: model.Lines, Title: "Logins", Unit: model.Count, Steps: plain(), Width: 12, Height: 7, Step: "1h", Stack: model.Stacked,
			Description: "Logins tried and failed. A session that is used does not end, so logins are rare; the portal's administrators see each.",
			Queries: []model.Query{
				{Expr: sum("increase(" + self("ukcloud_session_logins_total") + "[$__rate_interval])"), Legend: "tried"},
				{Expr: sum("increase(" + self("ukcloud_session_login_failures_total") + "[$__rate_interval])"), Legend: "failed"},
			},
		},
		{
			Kind: model.Bars, Title: "Unknown values", Unit: model.Count, Steps: neutral(), Width: 12, Height: 7,
			Description: "Values that the API reference does not list, by collector and the portal's field. They are kept, not lost.",
			Queries:     one(top(bars, sumBy("collector, field", self("ukcloud_unknown_values"))), "{{collector}} {{field}}"),
		},
	}}
}

func exporterProcess() model.Row {
	versions := "count by (instance, version, goversion) (" + self("ukcloud_exporter_build_info") + ")"
	return model.Row{Title: "Process", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Versions", Unit: model.Count, Steps: neutral(), Width: 6, Height: 7,
			Description: "The exporters that are chosen.",
			Keys:        []model.Key{{Label: "instance", Title: "Instance"}, {Label: "version", Title: "Version"}, {Label: "goversion", Title: "Go"}},
			Columns:     []model.Column{{Title: "Exporters", Unit: model.Count, Expr: versions}},
		},
		{
			Kind: model.Lines, Title: "Memory", Unit: model.Bytes, Steps: plain(), Width: 6, Height: 7,
			Description: "Resident memory of the process.",
			Queries:     one(process(self("process_resident_memory_bytes")), "{{instance}}"),
		},
		{
			Kind: model.Lines, Title: "CPU", Unit: model.Share, Steps: plain(), Width: 6, Height: 7,
			Description: "Share of one CPU that the process uses.",
			Queries:     one(process("rate("+self("process_cpu_seconds_total")+"[$__rate_interval])"), "{{instance}}"),
		},
		{
			Kind: model.Lines, Title: "Goroutines", Unit: model.Count, Steps: plain(), Width: 6, Height: 7,
			Description: "Goroutines of the process. A number that only grows is a leak.",
			Queries:     one(process(self("go_goroutines")), "{{instance}}"),
		},
	}}
}
