package assets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// dashboard puts the values that its variables open with into a dashboard.
func (v values) dashboard(text []byte) ([]byte, error) {
	if v.datasource == "" && len(v.jobs) == 0 && v.repository == "" {
		return text, nil
	}
	var board map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&board); err != nil {
		return nil, err
	}
	templating, _ := board["templating"].(map[string]any)
	list, _ := templating["list"].([]any)
	if len(list) == 0 {
		return nil, errors.New("has no variables")
	}
	for _, item := range list {
		variable, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("has a variable that is no object")
		}
		if err := v.variable(variable); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b) // as the dashboards are generated: the rest stays the same bytes
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(board)
	return b.Bytes(), err
}

// variable sets what one variable opens with.
func (v values) variable(variable map[string]any) error {
	switch variable["name"] {
	case "datasource":
		// Grafana looks for a data source of this uid, then of this name.
		if v.datasource != "" {
			variable["current"] = chosen(v.datasource)
		}
	case "job":
		if len(v.jobs) > 0 {
			variable["current"] = chosen(v.jobs)
		}
	case "runbooks":
		folder, ok := variable["query"].(string)
		if !ok {
			return fmt.Errorf("variable runbooks has the query %v", variable["query"])
		}
		if v.repository != "" {
			link := v.repository + "/" + folder
			variable["query"], variable["current"] = link, chosen(link)
			variable["options"] = []any{chosen(link)}
		}
	}
	return nil
}

func chosen(value any) map[string]any {
	return map[string]any{"selected": true, "text": value, "value": value}
}
