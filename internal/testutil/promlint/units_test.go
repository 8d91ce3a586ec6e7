package promlint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestUnits derives the unit of each panel's expression from the names of its
// metrics, which end in theirs, and compares it with the unit that the panel
// shows: a sum of _gbp must be pounds, one of _bytes divided by another a share.
func TestUnits(t *testing.T) {
	checked := 0
	for _, s := range ofDashboards(t) {
		if s.unit == "" || s.expr == nil {
			continue
		}
		unit, err := unitOf(s.expr)
		switch {
		case err != nil:
			t.Errorf("%s\n%v", s, err)
		case !shownAs[unit][s.unit]:
			t.Errorf("%s\nis in %s; the panel shows it as %s", s, unit, s.unit)
		}
		checked++
	}
	if checked < 100 {
		t.Errorf("only %d units were checked", checked)
	}
}

// unit is what a value is a number of.
type unit string

// The units that metrics have, and what arithmetic makes of them.
const (
	pounds     unit = "pounds"
	size       unit = "bytes"
	seconds    unit = "seconds"
	moment     unit = "seconds since 1970"
	momentMS   unit = "milliseconds since 1970"
	things     unit = "things"
	share      unit = "a share"
	truth      unit = "0 or 1"
	perSecond  unit = "things per second"
	number     unit = "a number" // without a metric: takes any unit
	perSecondS unit = "seconds per second"
	hours      unit = "hours"
	days       unit = "days"
	perHour    unit = "pounds per hour"
)

// shownAs are Grafana's units for each of ours.
var shownAs = map[unit]map[string]bool{
	pounds: {"currency:financial:£": true}, size: {"bytes": true}, seconds: {"s": true}, momentMS: {"dateTimeFromNow": true},
	things: {"locale": true}, share: {"percentunit": true}, perSecond: {"reqps": true},
	truth:      {"bool_yes_no": true, "locale": true}, // or a text for each
	number:     {"locale": true},
	hours:      {"locale": true}, // not Grafana's h, which makes years of VM-hours
	perHour:    {"currency:financial:£": true},
	perSecondS: {"percentunit": true}, // of one CPU
}

// truths are metrics that are 0 or 1 without saying so in their names.
var truths = map[string]bool{
	"ukcloud_up": true, "ukcloud_vm_powered_on": true, "ukcloud_vm_backup_enabled": true, "ukcloud_vm_backup_last_attempt_success": true,
	"ukcloud_session_logins_suspended": true, "ukcloud_config_last_reload_successful": true,
	"ukcloud_collector_success": true, "ukcloud_collector_enabled": true, "ukcloud_account_forbidden": true,
}

func unitOfMetric(name string) unit {
	name = strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_total")
	if level, rest, recorded := strings.Cut(name, ":"); recorded { // level:metric:operation
		metric, _, _ := strings.Cut(rest, ":")
		name = level + ":" + metric
	}
	switch {
	case truths[name]:
		return truth
	case strings.HasSuffix(name, "_gbp"):
		return pounds
	case strings.HasSuffix(name, "_bytes"):
		return size
	case strings.HasSuffix(name, "_timestamp_seconds"), name == "process_start_time_seconds":
		return moment
	case strings.HasSuffix(name, "_seconds"):
		return seconds
	case strings.HasSuffix(name, "_hours"):
		return hours
	case strings.HasSuffix(name, "_info"), name == "ukcloud:vm_names", name == "ukcloud:vm_names_any_vdc":
		return number // 1
	case name == "ALERTS_FOR_STATE":
		return moment
	}
	return things
}

// unitOf derives the unit of an expression.
func unitOf(e parser.Expr) (unit, error) {
	switch e := e.(type) {
	case *parser.VectorSelector:
		return unitOfMetric(e.Name), nil
	case *parser.MatrixSelector:
		return unitOf(e.VectorSelector)
	case *parser.SubqueryExpr:
		return unitOf(e.Expr)
	case *parser.ParenExpr:
		return unitOf(e.Expr)
	case *parser.NumberLiteral:
		return number, nil
	case *parser.AggregateExpr:
		return unitOfAggregate(e)
	case *parser.Call:
		return unitOfCall(e)
	case *parser.BinaryExpr:
		return unitOfBinary(e)
	}
	return "", fmt.Errorf("%T is not known to this test", e)
}

func unitOfAggregate(e *parser.AggregateExpr) (unit, error) {
	inner, err := unitOf(e.Expr)
	switch {
	case e.Op == parser.COUNT:
		return things, err
	case inner == truth && e.Op == parser.SUM:
		return things, err
	case inner == truth && e.Op == parser.AVG:
		return share, err
	}
	return inner, err
}

func unitOfCall(e *parser.Call) (unit, error) {
	switch e.Func.Name {
	case "time":
		return moment, nil
	case "histogram_quantile": // of the observations, however they are counted
		inner, err := unitOf(e.Args[1])
		if inner == perSecondS {
			inner = seconds
		}
		return inner, err
	case "rate":
		inner, err := unitOf(e.Args[0])
		switch inner {
		case things:
			return perSecond, err
		case seconds:
			return perSecondS, err
		}
		return "", fmt.Errorf("a rate of %s", inner)
	case "increase", "abs", "floor", "round", "clamp_min", "clamp_max", "min_over_time", "max_over_time", "last_over_time", "quantile_over_time", "vector":
		return unitOf(e.Args[len(e.Args)-1-boundsOf[e.Func.Name]])
	case "label_replace", "label_join":
		return unitOf(e.Args[0])
	case "changes":
		return things, nil
	case "days_in_month", "day_of_month":
		return days, nil
	}
	return "", fmt.Errorf("%s is not known to this test", e.Func.Name)
}

// boundsOf is how many arguments stand behind the vector.
var boundsOf = map[string]int{"round": 1, "clamp_min": 1, "clamp_max": 1}

func unitOfBinary(e *parser.BinaryExpr) (unit, error) {
	left, err := unitOf(e.LHS)
	if err != nil {
		return "", err
	}
	if e.Op == parser.LAND || e.Op == parser.LUNLESS {
		return left, nil
	}
	right, err := unitOf(e.RHS)
	if err != nil {
		return "", err
	}
	if e.Op.IsComparisonOperator() {
		if e.ReturnBool {
			return truth, nil
		}
		return left, nil
	}
	if made, ok := arithmetic[operation{e.Op, left, right}]; ok {
		return made, nil
	}
	factor, isNumber := e.RHS.(*parser.NumberLiteral)
	switch {
	case isNumber && e.Op == parser.MUL && left == moment && factor.Val == 1000:
		return momentMS, nil
	case isNumber && e.Op == parser.MUL && factor.Val == 0: // zero of anything
		return number, nil
	case isNumber && e.Op == parser.DIV && left == seconds && factor.Val == 3600:
		return hours, nil
	case e.Op == parser.POW: // to the power of 0
		return number, nil
	case e.Op == parser.DIV && left == right && left != moment:
		return share, nil
	case e.Op == parser.MUL && right == number, e.Op == parser.DIV && right == number:
		return left, nil
	case e.Op == parser.MUL && left == number:
		return right, nil
	case left == right && (e.Op == parser.SUB || e.Op == parser.ADD || e.Op == parser.LOR):
		return left, nil
	case e.Op == parser.LOR && right == number: // `or info * 0`
		return left, nil
	}
	return "", fmt.Errorf("%s %s %s makes no sense", left, e.Op, right)
}

type operation struct {
	op          parser.ItemType
	left, right unit
}

// arithmetic is what does not follow from the units being the same.
var arithmetic = map[operation]unit{
	{parser.SUB, moment, moment}: seconds,
	{parser.SUB, number, truth}:  truth, // 1 - x is the contrary
	{parser.MUL, truth, truth}:   truth, // both
	{parser.LOR, things, truth}:  things,
	{parser.MUL, number, days}:   seconds, // of 86400 each
	{parser.MUL, pounds, share}:  pounds,
	{parser.DIV, pounds, hours}:  perHour,
	{parser.SUB, share, number}:  share, // less one: by how much more
	{parser.SUB, moment, number}: moment,
}
