package boards

import (
	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// operations answers whoever is on call: tickets, moves, builds.
func operations() model.Dashboard {
	return model.Dashboard{
		UID: operationsUID, Title: "UKCloud / Operations", From: "now-7d", Refresh: "5m",
		Description: "Support tickets, vMotion events and self-service builds.",
		Variables:   variables("vm"), Annotations: annotations(),
		Rows: []model.Row{ticketPanels(), vMotionPanels(), buildPanels()},
	}
}

func ticketPanels() model.Row {
	return model.Row{Title: "Tickets", Panels: []model.Panel{
		{
			Kind: model.Stat, Title: "Open tickets", Unit: model.Count, Steps: neutral(), Width: 6, Height: 6,
			Description: "Support tickets that are not closed, by kind. Tickets belong to the login and have no account.",
			Queries:     one(sumBy("kind", of("ukcloud_tickets_open", ofJob)), "{{kind}}"),
		},
		{
			Kind: model.Stat, Title: "Oldest open ticket", Unit: model.Seconds, Steps: badFrom(alerts.TicketAgeSeconds), Width: 6, Height: 6,
			Description: "Age of the oldest open ticket of each kind; empty when none is open. Red is UKCloudTicketOpenTooLong, 14 days.",
			Queries:     one("time() - min by (kind) ("+of("ukcloud_ticket_oldest_open_timestamp_seconds", ofJob)+")", "{{kind}}"),
		},
		{
			Kind: model.Bars, Title: "Tickets by status", Unit: model.Count, Steps: neutral(), Width: 5, Height: 6,
			Description: "All tickets that the portal lists, closed ones too.",
			Queries:     one(top(bars, sumBy("status", of("ukcloud_tickets", ofJob))), "{{status}}"),
		},
		{
			Kind: model.Lines, Title: "Open tickets over time", Unit: model.Count, Steps: plain(), Width: 7, Height: 6,
			Description: "Support tickets that are not closed, by kind.",
			Queries:     one(sumBy("kind", of("ukcloud_tickets_open", ofJob)), "{{kind}}"),
		},
	}}
}

func vMotionPanels() model.Row {
	hour := of("ukcloud:vdc_vmotions:increase1h", ofVDCName)
	events := of("ukcloud_vmotion_events_total", ofVDCName)
	return model.Row{Title: "vMotions", Panels: []model.Panel{
		{
			Kind: model.Stat, Title: "Moves in 12 hours", Unit: model.Count, Steps: neutral(), Width: 4, Height: 8,
			Description: "vMotion events that the portal lists now: those of the last twelve hours, of all VDCs of the account.",
			Queries:     one(sum(of("ukcloud_vmotion_window_events", ofAccount)), "moves"),
		},
		{
			Kind: model.Stat, Title: "Not seen", Unit: model.Seconds, Steps: badFrom(1), Width: 4, Height: 8,
			Description: "Time in the chosen range for which events cannot have been seen, because the portal was not polled for more than twelve hours (UKCloudVMotionCoverageGap).",
			Queries:     one(sum("increase("+of("ukcloud_vmotion_coverage_gap_seconds_total", ofAccount)+"[$__range])"), "gap"),
		},
		{
			Kind: model.Lines, Title: "Moves in an hour", Unit: model.Count, Steps: badFrom(alerts.VMotionsPerHour), Width: 8, Height: 8,
			Description: "vMotion events of the hour before, in the 10 VDCs with the most. UKCloudVMotionStorm needs 10, and a fifth of the VDC's VMs.",
			Queries:     one(top(lines, sumBy(eachVDC, hour)), eachLegend),
		},
		{
			Kind: model.Lines, Title: "Moves in an hour, as a share of the VDC's VMs", Unit: model.Share, Steps: badFrom(alerts.VMotionShareOfVMs), Width: 8, Height: 8,
			Description: "vMotion events of the hour before for each VM of the VDC, in the 10 VDCs with the most. Compare with the panel before.",
			Queries: one(top(lines, hour+" / on ("+byVDCName+") count by ("+byVDCName+") ("+
				of("ukcloud_vm_info", ofBill)+")"), eachLegend),
		},
		{
			Kind: model.Lines, Title: "Moves by user", Unit: model.Count, Steps: plain(), Width: 12, Height: 7, Step: "1h", Stack: model.Stacked,
			Description: "vMotion events by who began them: System is the platform's own balancing.",
			Queries:     one(sumBy("user_name", "increase("+events+"[$__rate_interval])"), "{{user_name}}"),
		},
		{
			Kind: model.Table, Title: "Last move", Unit: model.Moment, Steps: neutral(), Width: 12, Height: 7,
			Description: "When a VM of each VDC last moved, for up to 100 VDCs.",
			Keys:        []model.Key{{Label: "vdc_name", Title: "VDC"}, {Label: "account", Title: "Account"}},
			Columns: []model.Column{
				{Title: "Last move", Unit: model.Moment, Expr: top(tableRows, of("ukcloud_vmotion_last_event_timestamp_seconds", ofVDCName)+" * 1000")},
			},
		},
	}}
}

func buildPanels() model.Row {
	builds := of("ukcloud_builds", ofAccount)
	failed := of("ukcloud_builds", ofAccount, `state="failed"`)
	return model.Row{Title: "Builds", Panels: []model.Panel{
		{
			Kind: model.Stat, Title: "Failed in 6 hours", Unit: model.Count, Steps: badFrom(1), Width: 4, Height: 7,
			Description: "Self-service builds that failed in the last six hours (UKCloudBuildsFailed).",
			Queries:     one(sum("clamp_min("+failed+" - "+failed+" offset 6h, 0)"), "failed"),
		},
		{
			Kind: model.Bars, Title: "Builds by state", Unit: model.Count, Steps: neutral(), Width: 8, Height: 7,
			Description: "Self-service builds that the portal lists, by kind and state.",
			Queries:     one(top(bars, sumBy("kind, state", builds)), "{{kind}}: {{state}}"),
		},
		{
			Kind: model.Lines, Title: "Builds over time", Unit: model.Count, Steps: plain(), Width: 12, Height: 7,
			Description: "Self-service builds that the portal lists, by state. Old ones leave the list after some weeks.",
			Queries:     one(sumBy("state", builds), "{{state}}"),
		},
	}}
}
