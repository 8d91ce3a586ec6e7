// Package grafana does to a dashboard's queries and their answers what Grafana and
// its Prometheus data source do, as far as the dashboards here depend on it. It is
// for tests: there is no Grafana to ask.
package grafana

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Values are what is chosen in the variables: All's regular expression as it is,
// or values.
type Values map[string]Value

// Value is what is chosen in a variable.
type Value struct {
	All    string // regular expression of all; "" where single values are chosen
	Chosen []string
}

var variable = regexp.MustCompile(`\$\{(\w+)(?::(\w+))?\}|\$(\w+)`)

// Interpolate puts values in place of variables in a query. Values of a variable
// that may have several are quoted for a regular expression inside a PromQL string;
// a double quote is not, which is why the dashboards' values are ids.
func (v Values) Interpolate(expr string) string {
	return variable.ReplaceAllStringFunc(expr, func(found string) string {
		parts := variable.FindStringSubmatch(found)
		name := parts[1] + parts[3]
		value, known := v[name]
		switch {
		case !known:
			return found
		case value.All != "":
			return value.All
		case parts[2] == "regex":
			return list(value.Chosen, regexp.QuoteMeta)
		case parts[2] == "raw":
			return list(value.Chosen, func(s string) string { return s })
		}
		return list(value.Chosen, quote)
	})
}

// Intervals puts durations in place of Grafana's own variables.
func Intervals(expr string, step, span, scrape time.Duration) string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }
	return strings.NewReplacer(
		"$__rate_interval", seconds(max(step+scrape, 4*scrape)), "$__range", seconds(span), "$__interval", seconds(step),
	).Replace(expr)
}

func list(values []string, quote func(string) string) string {
	var quoted []string
	for _, v := range values {
		quoted = append(quoted, quote(v))
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "(" + strings.Join(quoted, "|") + ")"
}

var special = regexp.MustCompile(`[$^*{}\[\]'+?.()|]`)

// quote is how the Prometheus data source quotes a value of a variable with several.
func quote(s string) string {
	return special.ReplaceAllString(strings.ReplaceAll(s, `\`, `\\\\`), `\\$0`)
}

// Option is a choice in a variable.
type Option struct{ Text, Value string }

// QueryResult is what a variable offers of a query_result, whose answers Grafana
// writes as text, without quoting anything, before the variable's regular
// expression reads them.
func QueryResult(series []map[string]string, regex string) (options []Option) {
	pattern := regexp.MustCompile(strings.TrimSuffix(strings.TrimPrefix(regex, "/"), "/"))
	seen := map[string]bool{}
	for _, metric := range series {
		match := pattern.FindStringSubmatch(asText(metric))
		if match == nil {
			continue
		}
		o := Option{match[pattern.SubexpIndex("text")], match[pattern.SubexpIndex("value")]}
		if !seen[o.Value] {
			seen[o.Value] = true
			options = append(options, o)
		}
	}
	return options
}

func asText(metric map[string]string) string {
	var labels []string
	for _, name := range sortedKeys(metric) {
		if name != "__name__" {
			labels = append(labels, name+`="`+metric[name]+`"`)
		}
	}
	return metric["__name__"] + "{" + strings.Join(labels, ",") + "} 1 1500000000000"
}

// Align moves a range to steps, which begin at midnight of the viewer's zone: its
// offset from UTC at the range's end.
func Align(from, to time.Time, step time.Duration, zone *time.Location) (time.Time, time.Time) {
	_, seconds := to.In(zone).Zone()
	s, offset := int64(step.Seconds()), int64(seconds)
	down := func(t time.Time) time.Time {
		at := t.Unix() + offset
		return time.Unix(at-at%s-offset, 0).UTC()
	}
	return down(from), down(to)
}

// Duration reads a length of time as Grafana writes it, for example 12h or 1d.
func Duration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

// Ago is the beginning of a range that is so long, for example 24h, 31d or 13M: months are those of the calendar, and end with the month where it is
// shorter.
func Ago(now time.Time, last string) (time.Time, error) {
	months, ok := strings.CutSuffix(last, "M")
	if !ok {
		d, err := Duration(last)
		days := int(d / (24 * time.Hour))
		return now.AddDate(0, 0, -days).Add(-d % (24 * time.Hour)), err
	}
	n, err := strconv.Atoi(months)
	if err != nil {
		return time.Time{}, err
	}
	then := now.AddDate(0, -n, 0)
	if then.Day() != now.Day() { // there is no such day
		then = then.AddDate(0, 0, -then.Day())
	}
	return then, nil
}
