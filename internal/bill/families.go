package bill

// Families is contract section 5 for the bill, in its order. All costs are
// without VAT, all times UTC. The series that one compute service has in a family
// of a month's cost add up to its bill.
func Families() []Family { return append(DatedFamilies(), stateFamilies()...) }

// DatedFamilies are those that say something of each day gone by, so that they
// can be written for the past too.
func DatedFamilies() []Family {
	return []Family{
		of(Current, desc("month_to_date_cost_gbp",
			"Cost of the running month (UTC) by VDC, service and component, without VAT; data_through says up to when.",
			"vdc_name", "service", "component"), writeCosts),
		of(Previous, desc("previous_month_cost_gbp",
			"Cost of the month (UTC) before the running one by VDC, service and component, without VAT.",
			"vdc_name", "service", "component"), writeCosts),
		ofDay(desc("day_cost_gbp",
			"Cost of the newest complete day (UTC) by service and component, without VAT; the day ends at data_through.",
			"service", "component"), writeDay),
		of(Current, desc("vm_month_to_date_cost_gbp",
			`Cost of the running month (UTC) by resource, a VM by its URN, without VAT; what is not among the dearest is summed in vm="__other__".`,
			"vm"), writeResources),
		of(Current, desc("tag_month_to_date_cost_gbp",
			`Cost of the running month (UTC) by value of the configured keys of the Metadata column, without VAT; tag_value="" is untagged, "__other__" what is not among the 200 dearest values.`,
			"tag", "tag_value"), writeTags),
		of(Current, desc("usage_seconds",
			"Billed time in the running month (UTC) by service and power state; the portal bills whole hours.",
			"service", "power_state"), writeUsage),
		of(Current, desc("period_start_timestamp_seconds",
			"Start of the running month (UTC) that the other families of the bill are about."),
			func(v *View, w Sink) { w.Int(v.labels(), v.Bill.Month.Start().Unix()) }),
		ofDay(desc("data_through_timestamp_seconds",
			"End of the newest complete day (UTC) that is in the bill."),
			func(v *View, w Sink) { w.Int(v.labels(), EndOf(v.Day).Unix()) }),
	}
}

func stateFamilies() []Family {
	return []Family{
		of(Current, desc("rows",
			"Rows of the running month's billing CSV, without those that were rejected."),
			func(v *View, w Sink) { w.Int(v.labels(), v.Bill.Rows) }),
		of(Current, desc("rows_rejected",
			"Rows in the billing CSVs of the running month and the one before it that are in no sum, by reason; each is also a log line.",
			"reason"), writeRejected),
		{desc("tie_out_difference_gbp",
			`Sum of the parts less the sum of TotalPrice in the billing CSV, exact; check="total" for the running month, "previous_total" for the one before it.`,
			"check"), writeDifference},
		of(Previous, desc("restatement_gbp",
			"Change of the previous month's cost since it was first read after its first working day; absent before."),
			func(v *View, w Sink) {
				if v.Restatement.Valid {
					w.Money(v.labels(), v.Restatement.Value)
				}
			}),
	}
}
