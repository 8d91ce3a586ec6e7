package model

import (
	"fmt"
	"strconv"
	"strings"
)

func (p *Panel) object(id int, position object) object {
	o := object{
		"id": id, "type": string(p.Kind), "title": p.Title, "description": p.Description, "gridPos": position, "pluginVersion": pluginVersion,
		"datasource": datasource(), "targets": p.targets(),
		"fieldConfig": object{"defaults": p.defaults(), "overrides": p.overrides()},
		"options":     p.options(),
		"links":       list{}, "transparent": false,
	}
	if p.Step != "" {
		o["interval"] = p.Step
	}
	if p.Last != "" {
		o["timeFrom"] = p.Last
	}
	if p.Kind == Table {
		o["transformations"] = p.transformations()
	}
	return o
}

// queries are the panel's own or those of its columns.
func (p *Panel) queries() []Query {
	if p.Kind != Table {
		return p.Queries
	}
	var all []Query
	for _, c := range p.Columns {
		all = append(all, Query{Expr: c.Expr})
	}
	return all
}

func (p *Panel) targets() list {
	instant := p.Kind != Lines && p.Kind != History
	format := "time_series"
	if p.Kind == Table {
		format = "table"
	}
	var all list
	for i, q := range p.queries() {
		legend := q.Legend
		if legend == "" {
			legend = "__auto"
		}
		all = append(all, object{
			"refId": refID(i), "datasource": datasource(), "editorMode": "code", "expr": q.Expr, "legendFormat": legend,
			"format": format, "instant": instant, "range": !instant,
		})
	}
	return all
}

func refID(i int) string { return string(rune('A' + i)) }

func (s Steps) object() object {
	steps := list{object{"color": string(s.Base), "value": nil}}
	for _, above := range s.Above {
		steps = append(steps, object{"color": string(above.Color), "value": above.From})
	}
	return object{"mode": "absolute", "steps": steps}
}

func (p *Panel) defaults() object {
	d := object{
		"unit": string(p.Unit), "noValue": p.Empty, "thresholds": p.Steps.object(), "mappings": mappings(p.Texts),
		"color": object{"mode": "thresholds"}, "custom": p.custom(),
	}
	switch p.Kind {
	case Lines:
		d["color"] = object{"mode": "palette-classic"}
	case Table:
		// A unit here would be that of names and ids too.
		d["unit"] = string(AsIs)
	}
	if n, ok := p.Unit.decimals(); ok && p.Kind != Table {
		d["decimals"] = n
	}
	if p.Kind != Table && p.Kind != History && !p.Signed {
		d["min"] = 0
	}
	if p.Max != nil {
		d["max"] = *p.Max
	}
	if len(p.Links) > 0 && p.Kind != Table { // a table has them on its first key
		d["links"] = links(p.Links)
	}
	return d
}

func links(all []Link) list {
	made := list{}
	for _, l := range all {
		made = append(made, l.object())
	}
	return made
}

func mappings(texts []Text) list {
	made := list{}
	if len(texts) == 0 {
		return made
	}
	options := object{}
	for i, t := range texts {
		options[strconv.FormatFloat(t.Value, 'f', -1, 64)] = object{"text": t.Text, "color": string(t.Color), "index": i}
	}
	return append(made, object{"type": "value", "options": options})
}

func (p *Panel) custom() object {
	switch p.Kind {
	case Lines:
		c := object{
			"drawStyle": "line", "lineWidth": 1, "lineInterpolation": "stepAfter", "fillOpacity": 10, "showPoints": "never", "spanNulls": false,
			"stacking": object{"mode": "none", "group": "A"}, "axisPlacement": "auto",
			"thresholdsStyle": object{"mode": "off"},
		}
		if len(p.Steps.Above) > 0 {
			c["thresholdsStyle"] = object{"mode": "dashed"}
		}
		if p.Stack != NoStack {
			c["drawStyle"], c["fillOpacity"] = "bars", 80
			c["stacking"] = object{"mode": string(p.Stack), "group": "A"}
		}
		if p.BarsEnd {
			c["barAlignment"] = 1
		}
		return c
	case History:
		return object{"fillOpacity": 80, "lineWidth": 0}
	case Table:
		return object{"align": "auto", "cellOptions": object{"type": "auto"}, "filterable": true, "inspect": false}
	default:
		return object{}
	}
}

func (p *Panel) options() object {
	reduced := object{"calcs": list{"lastNotNull"}, "fields": "", "values": false}
	switch p.Kind {
	case Stat:
		text := "auto"
		if p.Names {
			text = "value_and_name"
		}
		return object{
			"reduceOptions": reduced, "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
			"orientation": "auto", "textMode": text, "wideLayout": true, "showPercentChange": false,
			// One or two values would else be as large as the panel.
			"text": object{"titleSize": 14, "valueSize": 28},
		}
	case Gauge:
		return object{
			"reduceOptions": reduced, "showThresholdLabels": false, "showThresholdMarkers": true, "orientation": "auto",
			"text": object{"titleSize": 14, "valueSize": 28},
		}
	case Bars:
		return object{
			"reduceOptions": reduced, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "text",
			"sizing": "auto", "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 40, "namePlacement": "left",
			"text": object{"titleSize": 12, "valueSize": 14},
		}
	case Table:
		return object{
			"showHeader": true, "cellHeight": "sm", "sortBy": p.sortBy(),
			"footer": object{"show": false, "reducer": list{"sum"}, "countRows": false, "fields": ""},
		}
	case History:
		return object{
			"rowHeight": 0.9, "colWidth": 0.95, "showValue": "never",
			"legend":  object{"showLegend": p.Unit == YesNo, "displayMode": "list", "placement": "bottom", "calcs": list{}},
			"tooltip": object{"mode": "single", "sort": "none"},
		}
	default:
		legend := object{"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": list{}}
		if len(p.Sums) > 0 {
			calcs := list{}
			for _, c := range p.Sums {
				calcs = append(calcs, c)
			}
			legend["displayMode"], legend["placement"], legend["calcs"] = "table", "right", calcs
			legend["sortBy"], legend["sortDesc"] = legendNames[p.Sums[0]], true
		}
		return object{"legend": legend, "tooltip": object{"mode": "multi", "sort": "desc"}}
	}
}

// What a legend says of a series, and how Grafana heads that column.
const (
	Sum  = "sum"
	Last = "lastNotNull"
	Most = "max"
)

var legendNames = map[string]string{Sum: "Total", Last: "Last *", Most: "Max"}

// sortBy puts the largest values of a column first.
func (p *Panel) sortBy() list {
	by := p.SortBy
	if by == "" {
		by = p.Columns[0].Title
	}
	return list{object{"displayName": by, "desc": true}}
}

// nothing is written in a table's cell that is empty.
const nothing = "–"

// overrides give series their colors, each column of a table its unit and width,
// and the first key the links.
func (p *Panel) overrides() list {
	all := list{}
	for _, f := range p.Colors {
		matcher := object{"id": "byName", "options": f.Name}
		if strings.HasPrefix(f.Name, "/") {
			matcher["id"] = "byRegexp"
		}
		all = append(all, object{"matcher": matcher, "properties": list{
			object{"id": "color", "value": object{"mode": "fixed", "fixedColor": string(f.Color)}},
		}})
	}
	if p.Kind == Table {
		all = append(all, p.keyOverrides()...)
		all = append(all, p.columnOverrides()...)
	}
	return all
}

func (p *Panel) keyOverrides() list {
	all := list{}
	for i, k := range p.Keys {
		if k.Title == "" {
			// As older and newer tables hide a column that links still need.
			all = append(all, override(k.Label, list{
				object{"id": "custom.hidden", "value": true},
				object{"id": "custom.hideFrom", "value": object{"viz": true, "legend": false, "tooltip": false}},
			}))
			continue
		}
		properties := list{object{"id": "noValue", "value": nothing}}
		if k.Width > 0 {
			properties = append(properties, object{"id": "custom.width", "value": k.Width})
		}
		if i == 0 && len(p.Links) > 0 {
			properties = append(properties, object{"id": "links", "value": links(p.Links)})
		}
		all = append(all, override(k.Title, properties))
	}
	return all
}

func (p *Panel) columnOverrides() list {
	all := list{}
	for _, c := range p.Columns {
		properties := list{object{"id": "unit", "value": string(c.Unit)}, object{"id": "noValue", "value": nothing}, object{"id": "custom.width", "value": c.width()}}
		if n, ok := c.Unit.decimals(); ok {
			properties = append(properties, object{"id": "decimals", "value": n})
		}
		if len(c.Texts) > 0 {
			properties = append(properties, object{"id": "mappings", "value": mappings(c.Texts)})
		}
		if c.Steps != nil {
			properties = append(properties, object{"id": "thresholds", "value": c.Steps.object()})
		}
		if c.Steps != nil || len(c.Texts) > 0 {
			properties = append(properties, object{"id": "custom.cellOptions", "value": object{"type": "color-text"}})
		}
		all = append(all, override(c.Title, properties))
	}
	return all
}

// widths of what a unit writes, and of a heading's letters and frame, in pixels.
const (
	letter  = 8
	padding = 28
)

var unitWidths = map[Unit]int{Pounds: 110, Bytes: 85, Seconds: 95, Share: 75, Count: 75, Moment: 125, YesNo: 65}

func (c Column) width() int {
	if c.Width > 0 {
		return c.Width
	}
	return max(unitWidths[c.Unit], letter*len(c.Title)+padding)
}

func override(field string, properties list) object {
	return object{"matcher": object{"id": "byName", "options": field}, "properties": properties}
}

// transformations make one table of the columns' answers: rows with the same
// labels are one row, labels get titles, and what nobody reads is taken away.
func (p *Panel) transformations() list {
	dropped := object{"Time": true, "__name__": true, "job": true, "instance": true}
	renamed, order := object{}, object{}
	for i, k := range p.Keys {
		delete(dropped, k.Label)
		order[k.Label] = i
		if k.Title != "" {
			renamed[k.Label] = k.Title
		}
	}
	for i, c := range p.Columns {
		value := "Value #" + refID(i)
		renamed[value], order[value] = c.Title, len(p.Keys)+i
		if i == 0 { // so Grafana calls it where it is the only one that has an answer
			renamed["Value"], order["Value"] = c.Title, len(p.Keys)
		}
	}
	return list{
		object{"id": "merge", "options": object{}},
		object{"id": "organize", "options": object{"excludeByName": dropped, "indexByName": order, "renameByName": renamed}},
	}
}

// String names the panel in errors.
func (p *Panel) String() string { return fmt.Sprintf("%s %q", p.Kind, p.Title) }
