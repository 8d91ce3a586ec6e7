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
	list := variables("account", "vorg", "vdc", "vm")
	instance := model.Variable{
		Name: "instance", Label: "Instance", Query: "label_values(" + of("ukcloud_exporter_build_info", ofJob) + ", instance)", All: ".+",
	}
	list = append(list[:1:1], append([]model.Variable{instance}, list[1:]...)...)
	return model.Dashboard{
		UID: exporterUID, Title: "UKCloud / Exporter", From: "now-24h", Refresh: "1m",
		Description: "The exporter itself: is it fresh, does the portal answer, and what does it cost to run.",
		Variables:   list, Annotations: annotations(1),
		Rows: []model.Row{exporterState(), exporterCollectors(), exporterOverTime(), exporterPortal(), exporterProcess()},
	}
}

const noExporter = "No exporter is scraped"

func exporterState() model.Row {
	return model.Row{Title: "Now", Panels: []model.Panel{
		narrow(withTexts(stat("Portal answers", "Whether the last call to the portal was answered and the session is good (UKCloudPortalDown).", noExporter, model.YesNo, goodFrom(1),
			"min("+self("ukcloud_up")+")"), yesNo("no", "yes", model.Red, model.Green))),
		narrow(withTexts(stat("Logins suspended", "Whether the exporter has stopped logging in, because the portal rejected it (UKCloudSessionSuspended).", noExporter, model.YesNo, badFrom(1),
			"max("+self("ukcloud_session_logins_suspended")+")"), yesNo("no", "yes", model.Green, model.Red))),
		stat("Session ends", "When the portal's session ends unless it is used before.", "There is no session", model.Moment, neutral(),
			"min("+self("ukcloud_session_expiry_timestamp_seconds")+") * 1000"),
		withTexts(stat("Configuration accepted", "Whether the last reload succeeded (UKCloudReloadFailed).", noExporter, model.YesNo, goodFrom(1),
			"min("+self("ukcloud_config_last_reload_successful")+")"), yesNo("no", "yes", model.Red, model.Green)),
		stat("Configuration read", "When the configuration in use was read.", noExporter, model.Moment, neutral(),
			"max("+self("ukcloud_config_last_reload_success_timestamp_seconds")+") * 1000"),
		narrow(stat("State not saved", "Failed attempts to save the state in the chosen range (UKCloudStateNotSaved).", noExporter, model.Count, badFrom(1),
			sum("increase("+self("ukcloud_state_save_failures_total")+"[$__range])"))),
		narrow(stat("Bills not exported", "Failed attempts to write bills into export_dir in the chosen range (UKCloudBillsNotExported). It is tried again in the next round.",
			"There is no export_dir", model.Count, badFrom(1), sum("increase("+self("ukcloud_bill_export_failures_total")+"[$__range])"))),
	}}
}

// half makes a panel half of a row.
func half(p model.Panel) model.Panel {
	p.Width = 12
	return p
}

// narrow makes room for a seventh panel in a row of six.
func narrow(p model.Panel) model.Panel {
	p.Width = 3
	return p
}

func withTexts(p model.Panel, texts []model.Text) model.Panel {
	p.Texts = texts
	return p
}

// shareOfMaxAge is how old a collector's data is, by how old it may become.
func shareOfMaxAge(matchers string, more ...string) string {
	return "((time() - " + of("ukcloud_collector_last_success_timestamp_seconds", matchers, more...) + ") / " + of("ukcloud_collector_max_age_seconds", matchers, more...) + ")"
}

func exporterCollectors() model.Row {
	const by = "job, instance, collector"
	success, stale, some := goodFrom(1), worseFrom(alerts.StaleShareOfMaxAge, 1), worseFrom(1, 1000)
	each := func(expr string) string { return "max by (" + by + ") (" + expr + ")" }
	return model.Row{Title: "Collectors", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Collectors", Steps: plain(), Width: 17, Height: 10,
			Description: "Each collector: whether it is enabled and its last refresh succeeded, how old its data is and how old it may become, how long a refresh takes, what it exposes, drops and does not know.",
			Empty:       noExporter,
			Keys:        []model.Key{{Label: "collector", Title: "Collector"}, {Label: "instance", Title: "Instance"}},
			Columns: []model.Column{
				{Title: "Enabled", Unit: model.YesNo, Expr: each(self("ukcloud_collector_enabled"))},
				{Title: "Success", Unit: model.YesNo, Steps: &success, Expr: each(self("ukcloud_collector_success"))},
				{Title: "Age", Unit: model.Seconds, Expr: each("time() - " + self("ukcloud_collector_last_success_timestamp_seconds"))},
				{Title: "Of max_age", Unit: model.Share, Steps: &stale, Expr: each(shareOfMaxAge(ofInstance))},
				{Title: "Tried", Unit: model.Moment, Expr: each(self("ukcloud_collector_last_attempt_timestamp_seconds")) + " * 1000"},
				{Title: "Took", Unit: model.Seconds, Expr: each(self("ukcloud_collector_duration_seconds"))},
				{Title: "Series", Unit: model.Count, Expr: each(self("ukcloud_collector_series"))},
				{Title: "Dropped", Unit: model.Count, Steps: &some, Expr: each(self("ukcloud_duplicate_series_dropped"))},
				{Title: "Unknown", Unit: model.Count, Expr: sumBy(by, self("ukcloud_unknown_values"))},
			},
			SortBy: "Of max_age",
		},
		{
			Kind: model.Table, Title: "Accounts refused", Steps: plain(), Width: 7, Height: 10,
			Description: "Accounts that the portal refuses to the login, by collector.", Empty: "No account is refused",
			Keys: []model.Key{{Label: "account", Title: "Account"}, {Label: "collector", Title: "Collector"}},
			Columns: []model.Column{
				{Title: "Refused", Unit: model.YesNo, Expr: top(tableRows, "max by (account, collector) ("+self("ukcloud_account_forbidden")+")")},
			},
		},
	}}
}

func exporterOverTime() model.Row {
	const by, legend = "job, instance, collector", "{{collector}} {{instance}}"
	success := self("ukcloud_collector_success")
	line := func(title, description string, unit model.Unit, steps model.Steps, expr string) model.Panel {
		return model.Panel{
			Kind: model.Lines, Title: title, Description: description, Empty: noExporter, Unit: unit, Steps: steps, Width: 12, Height: 8,
			Sums: []string{model.Last}, Queries: one("max by (collector) ("+expr+")", "{{collector}}"),
		}
	}
	return model.Row{Title: "Collectors over time", Panels: []model.Panel{
		{
			Kind: model.History, Title: "Refreshes", Unit: model.YesNo, Steps: goodFrom(1), Width: 12, Height: 11, Step: "5m", Texts: yesNo("failed", "good", model.Red, model.Green),
			Description: "Whether the last refresh of each collector had succeeded (UKCloudCollectorFailing): of 15, those that fail at the end of the range first.", Empty: noExporter,
			Queries: one(topAtEnd(historyRows, by, success, "1 - "+success), legend),
		},
		tall(11, line("Age of the data, as a share of max_age", "Age of each collector's last good refresh. UKCloudCollectorStale fires above 50%; at 100% the data disappears.", model.Share,
			worseFrom(alerts.StaleShareOfMaxAge, 1), shareOfMaxAge(ofInstance))),
		line("Duration of refreshes", "How long the last refresh of each collector took. The real portal needed about a minute for 1,920 VMs.", model.Seconds, plain(), self("ukcloud_collector_duration_seconds")),
		line("Series", "Series that each collector exposes.", model.Count, plain(), self("ukcloud_collector_series")),
	}}
}

func exporterPortal() model.Row {
	rate := func(metric string) string { return "rate(" + self(metric) + "[$__rate_interval])" }
	line := func(title, description, empty string, unit model.Unit, expr, legend string) model.Panel {
		return model.Panel{
			Kind: model.Lines, Title: title, Description: description, Empty: empty, Unit: unit, Steps: plain(), Width: 8, Height: 8, Sums: []string{model.Last},
			Queries: one(expr, legend),
		}
	}
	calls := line("Calls by answer", "Calls to the portal by HTTP status; error is a call without an answer.", noExporter, model.PerSec, sumBy("code", rate("ukcloud_api_requests_total")), "{{code}}")
	calls.Colors = []model.Fixed{{Name: "/^2/", Color: model.Green}, {Name: "/^3/", Color: model.Blue}, {Name: "/^4/", Color: model.Orange}, {Name: "/^(5|error)/", Color: model.Red}}
	// Native histograms have no buckets as series of their own.
	const histogram = "ukcloud_api_request_duration_seconds"
	quantile := "histogram_quantile(0.95, " + sumBy("endpoint", rate(histogram)) + ") or histogram_quantile(0.95, " + sumBy("le, endpoint", rate(histogram+"_bucket")) + ")"
	return model.Row{Title: "Calls to the portal", Panels: []model.Panel{
		calls,
		line("Time to answer, 95%", "Time until the portal's answer began, which 95 of 100 calls were below, by endpoint. Of native histograms where Prometheus has them, else of classic ones.", noExporter, model.Seconds, quantile, "{{endpoint}}"),
		line("Calls sent again", "Retries by endpoint and reason.", "No call was sent again", model.PerSec, sumBy("endpoint, reason", rate("ukcloud_api_retries_total")), "{{endpoint}} {{reason}}"),
		{
			Kind: model.Lines, Title: "Logins", Unit: model.Count, Steps: plain(), Width: 12, Height: 7, Step: "1h", Stack: model.Stacked, Sums: []string{model.Sum},
			Description: "Logins tried and failed. A session that is used does not end, so logins are rare; the portal's administrators see each.", Empty: noExporter,
			Colors: []model.Fixed{{Name: "tried", Color: model.Blue}, {Name: "failed", Color: model.Red}},
			Queries: []model.Query{
				{Expr: sum("increase(" + self("ukcloud_session_logins_total") + "[$__rate_interval])"), Legend: "tried"},
				{Expr: sum("increase(" + self("ukcloud_session_login_failures_total") + "[$__rate_interval])"), Legend: "failed"},
			},
		},
		{
			Kind: model.Bars, Title: "Unknown values", Unit: model.Count, Steps: neutral(), Width: 12, Height: 7,
			Description: "Values that the API reference does not list, by collector and the portal's field. They are kept, not lost.", Empty: "Every value is known",
			Queries: one(top(bars, "max by (collector, field) ("+self("ukcloud_unknown_values")+")"), "{{collector}} {{field}}"),
		},
	}}
}

func exporterProcess() model.Row {
	versions := "count by (instance, version, goversion) (" + self("ukcloud_exporter_build_info") + ")"
	line := func(title, description string, unit model.Unit, expr string) model.Panel {
		return model.Panel{
			Kind: model.Lines, Title: title, Description: description, Empty: noExporter, Unit: unit, Steps: plain(), Width: 8, Height: 7,
			Queries: one(process(expr), "{{instance}}"),
		}
	}
	dropped := line("Scrapes dropped", "Scrapes without a whole answer because of --web.max-requests (UKCloudScrapesDropped): refused with 503, or cut off while they were read slowly.", model.PerSec, "")
	dropped.Queries = one(sumBy("instance, reason", "rate("+self("ukcloud_scrapes_dropped_total")+"[$__rate_interval])"), "{{instance}} {{reason}}")
	return model.Row{Title: "Process", Panels: []model.Panel{
		{
			Kind: model.Table, Title: "Versions", Steps: plain(), Width: 8, Height: 7,
			Description: "The exporters that are chosen.", Empty: noExporter,
			Keys:    []model.Key{{Label: "instance", Title: "Instance"}, {Label: "version", Title: "Version"}, {Label: "goversion", Title: "Go", Width: 80}},
			Columns: []model.Column{{Title: "Number", Unit: model.Count, Expr: versions}},
		},
		line("Memory", "Resident memory of the process.", model.Bytes, self("process_resident_memory_bytes")),
		line("CPU", "Share of one CPU that the process uses.", model.Share, "rate("+self("process_cpu_seconds_total")+"[$__rate_interval])"),
		half(line("Goroutines", "Goroutines of the process. A number that only grows is a leak.", model.Count, self("go_goroutines"))),
		half(dropped),
	}}
}
