package billing

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestFocusModelsCanFail spoils the data for each rule that is run, in each version, until
// the rule finds it: a rule that nothing breaks checks nothing.
func TestFocusModelsCanFail(t *testing.T) {
	newBench(t).eachFocusVersion(func(t *testing.T, version string, columns []string, rows []focusRow) {
		d := newFocusData(version, columns, rows[:1])
		found := map[string]int{} // by the class of the rule
		m := focusModelOf(t, version)
		for rule, check := range m.checks(d).checks {
			switch {
			case rule.ID == "PricingQuantity-C-008-M":
				// It asks of what is not null that it is not null.
			case strings.HasSuffix(rule.ID, "CostAndUsage-D-033-O"):
				// The one that is not kept (InvoiceId).
			case !canFail(rule, d, m.parents, check):
				t.Errorf("nothing breaks %s (%s)", rule.ID, rule.Function)
			default:
				found[rule.Function]++
			}
		}
		t.Log(version, found)
		for _, class := range []string{"Presence", "Type", "Format", "Nullability", "Validation"} {
			if found[class] == 0 {
				t.Errorf("no rule of the class %s was found broken", class)
			}
		}
	})
}

// canFail reports whether a rule that the data keep finds what is spoilt: a column that
// is gone, of another name or in another place, or one value or two of a row beside the
// whole one.
func canFail(rule *focusModelRule, d *focusData, parents map[string][]*focusModelRule, check func(*focusData) error) bool {
	if check(d) != nil {
		return false
	}
	for _, c := range d.columns {
		gone := slices.DeleteFunc(slices.Clone(d.columns), func(name string) bool { return name == c })
		for _, other := range [][]string{nil, {"an_other"}, {strings.Repeat("x", 60)}, {"x_an_other-" + strings.Repeat("x", 60)}, {c}} {
			if check(&focusData{slices.Concat(gone, other), nil, d.standard}) != nil {
				return true
			}
		}
	}
	with := func(values map[string]string) bool {
		row := maps.Clone(d.rows[0])
		maps.Copy(row, values)
		return check(&focusData{d.columns, append(slices.Clone(d.rows), row), d.standard}) != nil
	}
	looked := d.columns
	if !rule.Dynamic {
		all := focusCheck{Items: append(rule.conditions(parents), *rule.Requirement)}
		looked = all.columns()
	}
	for _, c := range looked {
		for _, value := range focusSpoilings() {
			if with(map[string]string{c: value}) {
				return true
			}
		}
	}
	for _, c := range looked {
		for _, other := range looked {
			if with(map[string]string{c: "", other: ""}) {
				return true
			}
		}
		for _, own := range focusSpoilings() {
			for _, value := range focusSpoilings() {
				if with(map[string]string{rule.Reference: own, c: value}) {
					return true
				}
			}
		}
	}
	return false
}

// focusSpoilings are values that break one rule or another.
func focusSpoilings() []string {
	return []string{
		"", " ", "x", "\xff", "-1", "1,5", "1/2", "+1", "1e+5", "1x5", "(1)", "0.5", "2018-01-01", "2000-01-01T00:00:00Z", "2999-01-01T00:00:00+01:00",
		"0", "N/A", "hours", "GB", "GBs", "Hours-GB", "Tax", "Purchase", "Credit", "Usage-Based", "Correction", "Unused", `{"a":{}}`, `{"a":1,"a":2}`, `{"CoreCount":"4"}`, `{"corecount":4}`, "[]",
	}
}
