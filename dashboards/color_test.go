package dashboards_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stateColor is the color of each state, in every panel that shows it.
var stateColor = map[string]string{
	"successful": "green", "failed": "red", "no_data": "orange", "excluded": "#8e8e8e", "not_in_policy": "light-blue", "unknown": "purple",
	"on": "green", "off": "blue", "no power state": "#8e8e8e",
	"approved": "light-blue", "running": "blue", "completed": "green",
	"incident": "red", "service_request": "blue", "other": "#8e8e8e",
	"open": "blue", "waiting": "yellow",
}

// statesOf are the values of labels that are states.
var statesOf = map[string][]string{
	"backup_state": {"successful", "failed", "no_data", "excluded", "not_in_policy", "unknown"},
	"power_state":  {"on", "off"},
	"state":        {"approved", "running", "completed", "failed"},
	"kind":         {"incident", "service_request", "other"},
	"component":    {"compute", "gpu", "storage_tier1", "storage_tier2", "storage_geo", "protection", "licence", "other"},
}

// ticketStates are those that the label state has of the tickets of alerts.
var ticketStates = []string{"open", "waiting", "failed"}

// TestStateColors: what is good is not red, nor what failed yellow. Series that are
// named by a state have its color, whatever else is in the panel.
func TestStateColors(t *testing.T) {
	legend, checked := regexp.MustCompile(`^\{\{(\w+)\}\}$`), 0
	components := map[string]string{}
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			for _, q := range p.Targets {
				match := legend.FindStringSubmatch(q.LegendFormat)
				if match == nil || statesOf[match[1]] == nil || p.Type == "stat" {
					continue
				}
				states := statesOf[match[1]]
				if match[1] == "state" && strings.Contains(q.Expr, "ukcloud_alert_tickets{") {
					states = ticketStates
				}
				for _, state := range states {
					want := stateColor[state]
					got := p.color(state)
					if match[1] == "component" {
						if want = components[state]; want == "" {
							want, components[state] = got, got
						}
					}
					if got == "" || got != want {
						t.Errorf("panel %q: %s is %q, not %q", p.Title, state, got, want)
					}
					checked++
				}
			}
		}
	})
	if checked < 25 {
		t.Errorf("only %d states have been looked at", checked)
	}
	if len(components) != 8 || len(uniqueValues(components)) != 8 {
		t.Errorf("components share colors: %v", components)
	}
}

func uniqueValues(m map[string]string) map[string]bool {
	all := map[string]bool{}
	for _, v := range m {
		all[v] = true
	}
	return all
}

// color is the fixed color of a series.
func (p panel) color(series string) string {
	for _, o := range p.FieldConfig.Overrides {
		matches := o.Matcher.ID == "byName" && o.Matcher.Options == series
		if o.Matcher.ID == "byRegexp" {
			matches = regexp.MustCompile(strings.Trim(o.Matcher.Options, "/")).MatchString(series)
		}
		for _, property := range o.Properties {
			var color struct{ Mode, FixedColor string }
			if matches && property.ID == "color" && json.Unmarshal(property.Value, &color) == nil && color.Mode == "fixed" {
				return color.FixedColor
			}
		}
	}
	return ""
}

// TestMissingIsNotGreen: Grafana gives what is missing the color of the first
// threshold.
func TestMissingIsNotGreen(t *testing.T) {
	check := func(t *testing.T, p panel, s thresholds) {
		if len(s.Steps) == 0 || s.Steps[0].Value != nil || slices.Contains([]string{"green", "red"}, s.Steps[0].Color) {
			t.Errorf("panel %q: %+v colors what is missing", p.Title, s.Steps)
		}
		for i := 2; i < len(s.Steps); i++ {
			if *s.Steps[i].Value <= *s.Steps[i-1].Value {
				t.Errorf("panel %q: thresholds are not in order", p.Title)
			}
		}
	}
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.panels() {
			check(t, p, p.FieldConfig.Defaults.Thresholds)
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					var s thresholds
					if property.ID == "thresholds" && json.Unmarshal(property.Value, &s) == nil {
						check(t, p, s)
					}
				}
			}
		}
	})
}

// TestPowerTexts: off is a color of its own, not that of nothing.
func TestPowerTexts(t *testing.T) {
	for _, d := range load(t) {
		for _, p := range d.panels() {
			if p.Title != "Power by the hour" {
				continue
			}
			if len(p.FieldConfig.Defaults.Mappings) != 1 {
				t.Fatalf("%+v", p.FieldConfig.Defaults.Mappings)
			}
			texts := p.FieldConfig.Defaults.Mappings[0].Options
			if texts["0"].Text != "off" || texts["0"].Color != stateColor["off"] || texts["1"].Text != "on" || texts["1"].Color != stateColor["on"] {
				t.Errorf("power is shown as %+v", texts)
			}
			return
		}
	}
	t.Error("there is no such panel")
}
