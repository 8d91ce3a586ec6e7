package boards

import "fmt"

// The past of the bill. What the exporter shows changes once a day: from about
// 06:00 UTC it has the day before. What `billing backfill` wrote has one sample at
// the end of each day, 00:00 UTC. Grafana evaluates a graph whose steps are days
// at midnight of the viewer's zone, so no step meets such a sample; and what a
// step means is the day that begins there.

const (
	halfDay = "43200" // from midnight in the viewer's zone to the UTC day of that date
)

// through is up to when each vOrg's bill has the month, start when that began.
var (
	through = merged(byVOrg, "ukcloud_billing_data_through_timestamp_seconds", ofVOrg)
	start   = merged(byVOrg, "ukcloud_billing_period_start_timestamp_seconds", ofVOrg)
	elapsed = "(" + through + " - " + start + ")"
)

// ofDay is, at each step of a day, what an expression of vOrgs' bills was when they
// had that day: not before, which would be another day, nor after.
//
// Between 12 and 36 hours after midnight in the viewer's zone lies one 00:00 UTC, at
// which a backfilled day stands, and half a day after that the exporter shows the same
// day. Zones from UTC-11 to UTC+12 are right.
func ofDay(expr string) string { return dayBefore(expr, 0) }

// dayBefore is ofDay a number of days before.
func dayBefore(expr string, days int) string {
	look := func(expr string) string {
		return fmt.Sprintf("last_over_time((%s or %s)[1d:1d] offset %dh)", selector.ReplaceAllString(expr, "}$1 offset -12h"), expr, days*24-36)
	}
	return fmt.Sprintf("(%s and on (%s) (%s == %s))", look(expr), byVOrg, look(through), dayEnd(days))
}

// dayEnd is the end of the step's day in UTC, so many days before.
func dayEnd(days int) string {
	return fmt.Sprintf("(time() + %s - (time() + %s) %% 86400 + %d)", halfDay, halfDay, (1-days)*86400)
}

// dayOfMonth is the number of the step's day.
const dayOfMonth = "day_of_month(vector(time() + " + halfDay + "))"

// monthBefore is ofDay on the same day of the month before. Months have 28 to 31
// days, and an offset must be a constant.
func monthBefore(expr string) string {
	all := ""
	for days := 28; days <= 31; days++ {
		if all != "" {
			all += " or "
		}
		all += fmt.Sprintf("(%s and on () (days_in_month(vector(time() + %s) - 86400 * %s) == %d) and on () (%s <= %d))",
			dayBefore(expr, days), halfDay, dayOfMonth, days, dayOfMonth, days)
	}
	return all
}

// newest is the newest value of an expression. A graph whose steps are days ends at
// the last midnight, at which there may be no sample.
func newest(expr string) string {
	return fmt.Sprintf("last_over_time((%s)[2d:6h] @ end() offset -1d)", expr)
}

// ofMonth is, at the first step of each month that is over, what an expression of
// the previous month says of it: the newest at the range's end, the others in the
// month after, where it is that month's previous one from the second day on.
func ofMonth(expr string) string {
	age := "(max(" + newest(of("ukcloud_billing_period_start_timestamp_seconds", ofAccount)) + ") - time())"
	return fmt.Sprintf("(((%s) and on () (%s > 27 * 86400) and on () (%s < 32 * 86400)) or last_over_time((%s)[26d:7d] offset -58d)) and on () (%s == 1)",
		newest(expr), age, age, expr, dayOfMonth)
}

// sameDayOfLastMonth is what an expression of vOrgs' bills was when the month
// before was as far as this one is. It lies 27 to 33 days
// back: at the 00:00 UTC that ends that day where it was backfilled, and at the next,
// when the exporter still showed it, where it was seen.
func sameDayOfLastMonth(expr string) string {
	return fmt.Sprintf("last_over_time(((%s) and on (%s) (%s == on (%s) (%s)))[6d:1d] offset 27d)", expr, byVOrg, elapsed, byVOrg, atEnd(elapsed))
}

// shareOfLastMonth stands in where nothing is known of last month but its sum: as
// large a share of it as this month's days are of its days.
func shareOfLastMonth(expr string) string {
	return fmt.Sprintf("(%s) * on (%s) group_left () clamp_max(%s / (86400 * days_in_month(%s - 86400)), 1)", expr, byVOrg, elapsed, start)
}

// What a panel says of history that it has not got.
const (
	fromBackfill = "Days before this Prometheus began come from billing backfill (docs/billing.md)."
	needsHistory = "No history yet. This writes it from the bills: ukcloud_exporter billing backfill --from=YYYY-MM --to=YYYY-MM -o past. docs/billing.md says how to import it."
)
