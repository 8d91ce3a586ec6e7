package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// object and list are JSON's.
type (
	object = map[string]any
	list   = []any
)

const (
	schemaVersion = 41       // Grafana 12.1
	pluginVersion = "12.1.0" // of the panels: newer ones migrate them
	gridWidth     = 24
)

// datasource is the data source that the variable names.
func datasource() object { return object{"type": "prometheus", "uid": "${datasource}"} }

// JSON writes the dashboard as Grafana imports it. The same dashboard gives the
// same bytes.
func (d *Dashboard) JSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d.object()); err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
	}
	return b.Bytes(), nil
}

func (d *Dashboard) object() object {
	return object{
		"uid": d.UID, "title": d.Title, "description": d.Description, "tags": list{"ukcloud"},
		"schemaVersion": schemaVersion, "version": 1, "editable": false, "graphTooltip": 1,
		"fiscalYearStartMonth": 0, "liveNow": false, "preload": false, "timezone": "browser", "weekStart": "",
		"time": object{"from": d.From, "to": "now"}, "timepicker": object{}, "refresh": d.Refresh,
		"templating":  object{"list": d.variables()},
		"annotations": object{"list": d.annotations()},
		"links": list{object{
			"type": "dashboards", "tags": list{"ukcloud"}, "title": "UKCloud", "icon": "external link", "tooltip": "", "url": "",
			"asDropdown": false, "includeVars": true, "keepTime": true, "targetBlank": false,
		}},
		"panels": d.panels(),
	}
}

func (d *Dashboard) variables() list {
	all := list{object{
		"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
		"current": object{}, "options": list{}, "hide": 0, "includeAll": false, "multi": false,
		"refresh": 1, "regex": "", "skipUrlSync": false,
	}}
	for _, v := range d.Variables {
		all = append(all, v.object())
	}
	return all
}

func (v Variable) object() object {
	if v.Constant != "" {
		return object{
			"name": v.Name, "label": v.Label, "type": "constant", "query": v.Constant, "hide": hidden, "skipUrlSync": true,
			"current": object{"selected": false, "text": v.Constant, "value": v.Constant},
			"options": list{object{"selected": true, "text": v.Constant, "value": v.Constant}},
		}
	}
	hide := 0
	if v.Hidden {
		hide = hidden
	}
	return object{
		"name": v.Name, "label": v.Label, "type": "query", "datasource": datasource(),
		"query": object{"query": v.Query, "refId": "StandardVariableQuery"}, "definition": v.Query, "regex": v.Regex,
		"current": object{"selected": true, "text": list{"All"}, "value": list{"$__all"}}, "options": list{},
		"includeAll": true, "multi": true, "allValue": v.All,
		"refresh": 2, // when the time range changes
		"sort":    5, // by text, whatever its case
		"hide":    hide, "skipUrlSync": false,
	}
}

// hidden is Grafana's number for a variable that is not shown.
const hidden = 2

func (d *Dashboard) annotations() list {
	all := list{object{
		"builtIn": 1, "datasource": object{"type": "grafana", "uid": "-- Grafana --"}, "enable": true, "hide": true,
		"iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard",
	}}
	for _, a := range d.Annotations {
		all = append(all, object{
			"name": a.Name, "datasource": datasource(), "enable": !a.Off, "hide": false, "iconColor": string(a.Color),
			"expr": a.Expr, "step": a.Step, "titleFormat": a.Title, "textFormat": a.Text, "tagKeys": "",
			"useValueForTime": a.Moments,
		})
	}
	return all
}

// panels lays the panels out, row by row, and numbers them in that order.
func (d *Dashboard) panels() list {
	var all list
	id, y := 0, 0
	for _, row := range d.Rows {
		if row.Title != "" {
			id++
			all = append(all, object{
				"id": id, "type": "row", "title": row.Title, "collapsed": false, "panels": list{},
				"gridPos": object{"x": 0, "y": y, "w": gridWidth, "h": 1},
			})
			y++
		}
		x, height := 0, 0
		for _, p := range row.Panels {
			if x+p.Width > gridWidth {
				x, y, height = 0, y+height, 0
			}
			id++
			all = append(all, p.object(id, object{"x": x, "y": y, "w": p.Width, "h": p.Height}))
			x, height = x+p.Width, max(height, p.Height)
		}
		y += height
	}
	return all
}

func (l Link) object() object {
	if l.URL != "" {
		return object{"title": l.Title, "url": l.URL, "targetBlank": true}
	}
	var url strings.Builder
	// What is not set here is kept: time range, data source, and the variables.
	fmt.Fprintf(&url, "/d/%s?${__url_time_range}", l.UID)
	set := map[string]bool{}
	for _, s := range l.Set {
		set[s[0]] = true
		fmt.Fprintf(&url, "&var-%s=%s", s[0], s[1])
	}
	for _, name := range [...]string{"datasource", "job", "account", "vorg", "vdc", "vm"} {
		if !set[name] {
			fmt.Fprintf(&url, "&${%s:queryparam}", name)
		}
	}
	return object{"title": l.Title, "url": url.String(), "targetBlank": false}
}
