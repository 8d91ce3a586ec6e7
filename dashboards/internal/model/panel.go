package model

import "fmt"

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
		"unit": string(p.Unit), "thresholds": p.Steps.object(), "mappings": list{},
		"color": object{"mode": "thresholds"}, "custom": p.custom(),
	}
	if p.Kind == Lines {
		d["color"] = object{"mode": "palette-classic"}
	}
	if p.Decimals != nil {
		d["decimals"] = *p.Decimals
	}
	if p.Kind != Table && p.Kind != History {
		d["min"] = 0
	}
	if p.Max != nil {
		d["max"] = *p.Max
	}
	var links list
	for _, l := range p.Links {
		links = append(links, l.object())
	}
	if links != nil && p.Kind != Table { // a table has them on its keys
		d["links"] = links
	}
	return d
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
		switch p.Stack {
		case Stacked:
			c["drawStyle"], c["fillOpacity"] = "bars", 80
			c["stacking"] = object{"mode": "normal", "group": "A"}
		case StackedTo:
			c["fillOpacity"] = 60
			c["stacking"] = object{"mode": "percent", "group": "A"}
		}
		return c
	case History:
		return object{"fillOpacity": 80, "lineWidth": 0}
	case Table:
		return object{"align": "auto", "displayMode": "auto", "filterable": true}
	default:
		return object{}
	}
}

func (p *Panel) options() object {
	reduced := object{"calcs": list{"lastNotNull"}, "fields": "", "values": false}
	switch p.Kind {
	case Stat:
		return object{
			"reduceOptions": reduced, "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
			"orientation": "auto", "textMode": "auto",
		}
	case Gauge:
		return object{"reduceOptions": reduced, "showThresholdLabels": false, "showThresholdMarkers": true, "orientation": "auto"}
	case Bars:
		return object{"reduceOptions": reduced, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "minVizHeight": 10}
	case Table:
		return object{"showHeader": true, "footer": object{"show": false, "reducer": list{"sum"}, "fields": ""}, "sortBy": p.sortBy()}
	case History:
		return object{
			"rowHeight": 0.9, "colWidth": 0.95, "showValue": "never",
			"legend":  object{"showLegend": false, "displayMode": "list", "placement": "bottom"},
			"tooltip": object{"mode": "single", "sort": "none"},
		}
	default:
		return object{
			"legend":  object{"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": list{}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		}
	}
}

// sortBy puts the largest values of the first column first.
func (p *Panel) sortBy() list {
	if len(p.Columns) == 0 {
		return list{}
	}
	return list{object{"displayName": p.Columns[0].Title, "desc": true}}
}

// overrides give each column of a table its unit, and the first key the links.
func (p *Panel) overrides() list {
	all := list{}
	for _, c := range p.Columns {
		properties := list{object{"id": "unit", "value": string(c.Unit)}}
		if c.Steps != nil {
			properties = append(properties,
				object{"id": "thresholds", "value": c.Steps.object()},
				object{"id": "custom.displayMode", "value": "color-text"})
		}
		all = append(all, override(c.Title, properties))
	}
	if p.Kind == Table && len(p.Links) > 0 {
		links := list{}
		for _, l := range p.Links {
			links = append(links, l.object())
		}
		all = append(all, override(p.Keys[0].Title, list{object{"id": "links", "value": links}}))
	}
	return all
}

func override(field string, properties list) object {
	return object{"matcher": object{"id": "byName", "options": field}, "properties": properties}
}

// transformations make one table of the columns' answers: rows with the same
// labels are one row, labels get titles, and what nobody reads is hidden.
func (p *Panel) transformations() list {
	hidden := object{"Time": true, "__name__": true, "job": true, "instance": true}
	renamed, order := object{}, object{}
	for i, k := range p.Keys {
		if k.Title == "" {
			hidden[k.Label] = true
			continue
		}
		delete(hidden, k.Label) // where it is shown
		renamed[k.Label], order[k.Label] = k.Title, i
	}
	for i, c := range p.Columns {
		value := "Value #" + refID(i)
		renamed[value], order[value] = c.Title, len(p.Keys)+i
		if len(p.Columns) == 1 { // then Grafana calls it so
			renamed["Value"], order["Value"] = c.Title, len(p.Keys)
		}
	}
	return list{
		object{"id": "merge", "options": object{}},
		object{"id": "organize", "options": object{"excludeByName": hidden, "indexByName": order, "renameByName": renamed}},
	}
}

// String names the panel in errors.
func (p *Panel) String() string { return fmt.Sprintf("%s %q", p.Kind, p.Title) }
