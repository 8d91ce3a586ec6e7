package boards

import (
	"fmt"

	"ukcloud_exporter/alerts"
	"ukcloud_exporter/dashboards/internal/model"
)

// operations answers whoever is on call: tickets, moves, builds.
func operations() model.Dashboard {
	return model.Dashboard{
		UID: operationsUID, Title: "UKCloud / Operations", From: "now-7d", Refresh: "5m",
		Description: "Support tickets, those that alerts opened, vMotion events and self-service builds.",
		Variables:   variables("vm"), Annotations: annotations(7),
		Rows: []model.Row{ticketPanels(), bridgePanels(), vMotionPanels(), buildPanels()},
	}
}

const noTickets = "The portal lists no ticket"

func openTickets() string { return merged("job, kind", "ukcloud_tickets_open", ofJob) }

func oldestTicket() model.Panel {
	p := stat("Oldest ticket, all accounts", "Age of the oldest open ticket, and of which kind it is. Tickets belong to the login. Red is UKCloudTicketOpenTooLong, 14 days.", "No ticket is open", model.Seconds, badFrom(alerts.TicketAgeSeconds),
		"topk(1, time() - min by (kind) ("+of("ukcloud_ticket_oldest_open_timestamp_seconds", ofJob)+"))")
	p.Queries[0].Legend, p.Names = "{{kind}}", true
	return p
}

func ticketPanels() model.Row {
	open := sumBy("kind", openTickets())
	oldest := oldestTicket()
	oldest.Width, oldest.Height = 4, 7
	return model.Row{Title: "Tickets of the login: all accounts, all VDCs", Panels: []model.Panel{
		{
			Kind: model.Bars, Title: "Open tickets", Unit: model.Count, Steps: neutral(), Width: 6, Height: 7,
			Description: "Support tickets that are not closed, by kind.", Empty: noTickets, Colors: colorsOf("incident", "service_request", "other"),
			Queries: one(open, "{{kind}}"),
		},
		oldest,
		{
			Kind: model.Bars, Title: "Tickets by status", Unit: model.Count, Steps: neutral(), Width: 6, Height: 7,
			Description: "All tickets that the portal lists, closed ones too.", Empty: noTickets,
			Queries: one(top(bars, sumBy("status", merged("job, kind, status", "ukcloud_tickets", ofJob))), "{{status}}"),
		},
		{
			Kind: model.Lines, Title: "Open tickets over time", Unit: model.Count, Steps: plain(), Width: 8, Height: 7, Step: "1h", Sums: []string{model.Last},
			Description: "Support tickets that are not closed, by kind.", Empty: noTickets, Colors: colorsOf("incident", "service_request", "other"),
			Queries: one(open, "{{kind}}"),
		},
	}}
}

// bridgePanels are of the tickets that the exporter itself makes of alerts. What each
// exporter did counts, so that a fail-over loses nothing.
func bridgePanels() model.Row {
	const (
		off   = "No exporter makes tickets of alerts (section tickets of the configuration)"
		state = "ukcloud_alert_tickets"
	)
	groups := merged("job, state", state, ofJob)
	waits := "time() - min(" + of("ukcloud_alert_tickets_oldest_waiting_timestamp_seconds", ofJob) + ") or " + sum(of(state, ofJob)) + " * 0"
	done := func(counter string) string {
		return sum("increase(" + of("ukcloud_alert_tickets_"+counter+"_total", ofJob) + "[$__rate_interval])")
	}
	failures := sumBy("reason", "increase("+of("ukcloud_alert_tickets_failures_total", ofJob)+"[$__range])")
	return model.Row{Title: "Tickets of alerts: all accounts, all VDCs", Panels: []model.Panel{
		{
			Kind: model.Bars, Title: "Alert groups by ticket", Unit: model.Count, Steps: neutral(), Width: 5, Height: 7,
			Description: "Groups of alerts whose ticket is open, waits for a change to be made, or was refused by the portal (UKCloudTicketBridgeStuck).", Empty: off,
			Colors: colorsOf("open", "waiting", "failed"), Queries: one(sumBy("state", groups), "{{state}}"),
		},
		tall(7, stat("Oldest change that waits", "How long the oldest change to a ticket has waited to be made. Red is UKCloudTicketBridgeStuck, an hour.", off, model.Seconds, badFrom(alerts.TicketWaitSeconds), waits)),
		{
			Kind: model.Lines, Title: "Changes to tickets of alerts", Unit: model.Count, Steps: plain(), Width: 8, Height: 7, Step: "1h", Stack: model.Stacked, Sums: []string{model.Sum},
			Description: "Tickets that were opened and closed for alerts, and notes that were added to them.", Empty: off,
			Queries: []model.Query{{Expr: done("created"), Legend: "opened"}, {Expr: done("notes"), Legend: "noted"}, {Expr: done("closed"), Legend: "closed"}},
		},
		{
			Kind: model.Bars, Title: "What held tickets up in this range", Unit: model.Count, Steps: neutral(), Width: 7, Height: 7,
			Description: "What went wrong on the way from alerts to tickets, by reason; max_new_per_hour counts each group of alerts that was held back (UKCloudTicketBridgeBraking).",
			Empty:       "Nothing held a ticket up",
			Queries:     one(top(bars, failures+" > 0"), "{{reason}}"),
		},
	}}
}

// moves are those of the hour before in each VDC that is chosen: the events know
// VDCs by name.
var moves = inChosenVDCs(byVDCName, func(vdcs string) string { return of("ukcloud:vdc_vmotions:increase1h", ofAccount, vdcs) })

// vmsOfVDC counts the VMs of each VDC by its name.
var vmsOfVDC = "count by (" + byVDCName + ") (ukcloud:vm_names:max{" + ofAccount + "} @ end())"

// storms are the most moves in any hour of a time, asked for at each step of it, where
// UKCloudVMotionStorm would have fired: as many of how many VMs there are at the end.
func storms(within, step string) string {
	most := fmt.Sprintf("max_over_time((%s)[%s:%s])", moves, within, step)
	return fmt.Sprintf("%s >= %d unless on (%s) %s < %g * %s", most, alerts.VMotionsPerHour, byVDCName, most, alerts.VMotionShareOfVMs, vmsOfVDC)
}

func vMotionPanels() model.Row {
	const noMoves = "The portal lists no vMotion"
	share := worseFrom(alerts.VMotionShareOfVMs, 2*alerts.VMotionShareOfVMs)
	number := badFrom(alerts.VMotionsPerHour)
	// The most of any hour of the range, where that was a storm.
	most := fmt.Sprintf("max by (%s) (%s)", byVDCName, storms("$__range", "30m"))
	listed := top(tableRows, most)
	perUser := sumBy("user_name", "max by (job, account, vdc_name, user_name) (increase("+of("ukcloud_vmotion_events_total", ofAccount)+"[$__rate_interval]))")
	return model.Row{Title: "vMotions", Panels: []model.Panel{
		{
			Kind: model.Stat, Title: "Moves in 12 hours, all VDCs", Unit: model.Count, Steps: neutral(), Width: 4, Height: 4,
			Description: "vMotion events that the portal lists now: those of the last twelve hours.", Empty: noMoves,
			Queries: one(sum(merged(byAccount, "ukcloud_vmotion_window_events", ofAccount)), "moves"),
		},
		{
			Kind: model.Stat, Title: "Not seen, all VDCs", Unit: model.Seconds, Steps: badFrom(1), Width: 4, Height: 4,
			Description: "Time in the chosen range for which events cannot have been seen, because the portal was not polled for more than twelve hours (UKCloudVMotionCoverageGap).",
			Empty:       noMoves,
			Queries:     one(sum("max by ("+byAccount+") (increase("+of("ukcloud_vmotion_coverage_gap_seconds_total", ofAccount)+"[$__range]))"), "gap"),
		},
		{
			Kind: model.Lines, Title: "Moves by hour", Unit: model.Count, Steps: plain(), Width: 16, Height: 8, Step: "1h", Stack: model.Stacked,
			Description: "vMotion events of the hour before each bar, in the chosen VDCs together.", Empty: noMoves,
			Colors:  []model.Fixed{{Name: "moves", Color: model.Purple}},
			Queries: one(sum(moves), "moves"),
		},
		{
			Kind: model.Table, Title: "Storms in this range", Steps: plain(), Width: 12, Height: 8,
			Description: "VDCs in which ten VMs or more, and a fifth of all, moved within an hour (UKCloudVMotionStorm), and the most moves in any such hour.",
			Empty:       "No storm in this range",
			Keys:        []model.Key{{Label: "vdc_name", Title: "VDC"}, {Label: "account", Title: "Account", Width: accountWidth}},
			Columns: []model.Column{
				{Title: "Most in an hour", Unit: model.Count, Steps: &number, Expr: listed},
				{Title: "Of its VMs", Unit: model.Share, Steps: &share, Expr: listed + " / on (" + byVDCName + ") " + vmsOfVDC},
			},
		},
		{
			Kind: model.Table, Title: "Last move", Steps: plain(), Width: 12, Height: 8,
			Description: "When a VM of each VDC last moved, for the 100 latest.", Empty: noMoves,
			Keys: []model.Key{{Label: "vdc_name", Title: "VDC"}, {Label: "account", Title: "Account", Width: accountWidth}},
			Columns: []model.Column{
				{Title: "Last move", Unit: model.Moment, Expr: top(tableRows, inChosenVDCs(byVDCName, func(vdcs string) string {
					return merged(byVDCName, "ukcloud_vmotion_last_event_timestamp_seconds", ofAccount, vdcs)
				})+" * 1000")},
			},
		},
		{
			Kind: model.Lines, Title: "Moves by user, all VDCs", Unit: model.Count, Steps: plain(), Width: 24, Height: 7, Step: "1h", Stack: model.Stacked, Sums: []string{model.Sum},
			Description: "vMotion events by who began them: System is the platform's own balancing.", Empty: noMoves,
			Queries: one(perUser, "{{user_name}}"),
		},
	}}
}

func buildPanels() model.Row {
	const noBuilds = "The portal lists no build"
	builds := merged(byAccount+", kind, state", "ukcloud_builds", ofAccount)
	failed := merged(byAccount+", kind", "ukcloud_builds", ofAccount, `state="failed"`)
	states := colorsOf("approved", "running", "completed", "failed")
	return model.Row{Title: "Builds of the chosen accounts, all VDCs", Panels: []model.Panel{
		tall(7, stat("Failed in 6 hours", "Self-service builds that failed in the last six hours (UKCloudBuildsFailed).", noBuilds, model.Count, badFrom(1),
			sum("clamp_min("+failed+" - "+selector.ReplaceAllString(failed, "} offset 6h")+", 0)")+" or "+sum(failed)+" * 0")),
		{
			Kind: model.Bars, Title: "Builds by state", Unit: model.Count, Steps: neutral(), Width: 8, Height: 7,
			Description: "Self-service builds that the portal lists, by kind and state.", Empty: noBuilds,
			Colors:  []model.Fixed{{Name: "/: failed$/", Color: model.Red}, {Name: "/: completed$/", Color: model.Green}, {Name: "/: running$/", Color: model.Blue}, {Name: "/: approved$/", Color: model.LightBlue}},
			Queries: one(top(bars, sumBy("kind, state", builds)+" > 0"), "{{kind}}: {{state}}"),
		},
		{
			Kind: model.Lines, Title: "Builds over time", Unit: model.Count, Steps: plain(), Width: 12, Height: 7, Step: "1h", Sums: []string{model.Last},
			Description: "Self-service builds that the portal lists, by state. Old ones leave the list after some weeks.", Empty: noBuilds, Colors: states,
			Queries: one(sumBy("state", builds), "{{state}}"),
		},
	}}
}

func tall(height int, p model.Panel) model.Panel {
	p.Height = height
	return p
}
