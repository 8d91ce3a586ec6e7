package grafana

import (
	"maps"
	"slices"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Frame is the answer to one query of a table: its fields, and a row for each
// series.
type Frame struct {
	RefID  string
	Fields []string
	Rows   []map[string]any
}

// Series is one series of an instant answer.
type Series struct {
	Metric map[string]string
	Value  float64
}

// Frames makes the table frames of the queries' answers. A query without an answer
// has none; the value of a query is called after it where there are several
// frames.
func Frames(refIDs []string, answers map[string][]Series) (frames []Frame) {
	answered := 0
	for _, ref := range refIDs {
		if len(answers[ref]) > 0 {
			answered++
		}
	}
	for _, ref := range refIDs {
		if len(answers[ref]) == 0 {
			continue
		}
		value := "Value"
		if answered > 1 {
			value = "Value #" + ref
		}
		labels := map[string]bool{}
		for _, s := range answers[ref] {
			for name := range s.Metric {
				labels[name] = true
			}
		}
		f := Frame{RefID: ref, Fields: append(append([]string{"Time"}, sortedKeys(labels)...), value)}
		for _, s := range answers[ref] {
			row := map[string]any{"Time": int64(0), value: s.Value}
			for name := range labels {
				row[name] = s.Metric[name] // "" where it is absent
			}
			f.Rows = append(f.Rows, row)
		}
		frames = append(frames, f)
	}
	return frames
}

// Merge is the transformation of that name: rows whose values are the same in all
// fields that every frame has become one, unless another field that both have
// differs.
func Merge(frames []Frame) Frame {
	if len(frames) == 1 {
		return frames[0]
	}
	merged := Frame{}
	in := map[string]int{}
	for _, f := range frames {
		for _, field := range f.Fields {
			if in[field]++; in[field] == 1 {
				merged.Fields = append(merged.Fields, field)
			}
		}
	}
	var keys []string
	for _, field := range merged.Fields {
		if in[field] == len(frames) {
			keys = append(keys, field)
		}
	}
	byKey := map[string][]int{}
	for _, f := range frames {
		for _, row := range f.Rows {
			key := ""
			for _, k := range keys {
				key += text(row[k])
			}
			found := false
			for _, i := range byKey[key] {
				if mergeable(merged.Rows[i], row) {
					maps.Copy(merged.Rows[i], row)
					found = true
				}
			}
			if !found {
				byKey[key] = append(byKey[key], len(merged.Rows))
				merged.Rows = append(merged.Rows, maps.Clone(row))
			}
		}
	}
	return merged
}

func mergeable(existing, row map[string]any) bool {
	for name, value := range row {
		if have, ok := existing[name]; ok && have != value {
			return false
		}
	}
	return true
}

// Organize is the transformation of that name: fields are dropped, put in order and
// given titles. Those without a place follow in the order that they had.
func Organize(f Frame, exclude map[string]bool, index map[string]int, rename map[string]string) Frame {
	organized := Frame{RefID: f.RefID}
	var kept []string
	for _, field := range f.Fields {
		if !exclude[field] {
			kept = append(kept, field)
		}
	}
	slices.SortStableFunc(kept, func(a, b string) int { return place(index, a) - place(index, b) })
	title := func(field string) string {
		if t := rename[field]; t != "" {
			return t
		}
		return field
	}
	for _, field := range kept {
		organized.Fields = append(organized.Fields, title(field))
	}
	for _, row := range f.Rows {
		made := map[string]any{}
		for _, field := range kept {
			if value, ok := row[field]; ok {
				made[title(field)] = value
			}
		}
		organized.Rows = append(organized.Rows, made)
	}
	return organized
}

func place(index map[string]int, field string) int {
	if i, ok := index[field]; ok {
		return i
	}
	return 1 << 20
}
