package config

import (
	"reflect"
	"strings"
)

// Key documents one key of the configuration file.
type Key struct {
	Path        string // for example collectors.my_vm.min_interval
	Type        string // for example duration
	Default     string // as it would stand in the file; "" when there is none
	Environment string // the variable that stands in when the file leaves the key out, or ""
	Meaning     string // one line
}

// Reference lists every key in the order of config.example.yml.
func Reference() []Key {
	return keys(reflect.ValueOf(defaults()), "", "")
}

func keys(v reflect.Value, path, doc string) []Key {
	if s, ok := scalarOf(v.Type()); ok {
		return []Key{{Path: path, Type: s.name, Default: defaultOf(v), Environment: environment[path], Meaning: doc}}
	}
	var out []Key
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range fields(v) {
			out = append(out, keys(f.value, join(path, f.key), f.doc)...)
		}
	case reflect.Slice:
		item, _ := scalarOf(v.Type().Elem())
		out = []Key{{Path: path, Type: "list of " + item.name, Default: defaultOf(v), Meaning: doc}}
	case reflect.Map: // of headers
		out = keys(reflect.New(v.Type().Elem()).Elem(), join(path, "<name>"), doc)
	}
	return out
}

// defaultOf writes a default as YAML; the zero value of a text is no default.
func defaultOf(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return show(v.Interface())
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = show(v.Index(i).Interface())
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// InForce lists the keys that have a value, with that value as Default. Secrets are
// left out.
func (c *Config) InForce() (all []Key) {
	for _, key := range keys(reflect.ValueOf(c.settings), "", "") {
		if key.Default != "" && key.Default != "[]" {
			all = append(all, key)
		}
	}
	return all
}
