package billing

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/portal/simulator"
)

// focusModel is the rules of a version as its published model has them: see the source
// in each file.
type focusModel struct {
	Version string           `json:"version"`
	Source  string           `json:"source"`
	Rules   []focusModelRule `json:"rules"`
}

type focusModelRule struct {
	ID          string      `json:"id"`
	Function    string      `json:"function"`
	Reference   string      `json:"reference"`
	Keyword     string      `json:"keyword"`
	When        []string    `json:"when"`
	Dynamic     bool        `json:"dynamic"`
	Removed     bool        `json:"removed"`
	From        string      `json:"from"`
	Requirement *focusCheck `json:"requirement"`
	Condition   *focusCheck `json:"condition"`
}

// focusCheck is a requirement or a condition.
type focusCheck struct {
	CheckFunction, ColumnName, ModelRuleId                string
	ColumnAName, ColumnBName, ResultColumnName, RowIDName string
	Value                                                 any
	ExpectedCount                                         int
	Items                                                 []focusCheck
}

// focusSupports are the criteria that hold for the portal as its bill shows it. Not
// among them: regions, zones, reservations, commitments, negotiated prices, other
// currencies, split costs and invoices, of which the bill has nothing.
var focusSupports = []string{
	"ACCOUNT_NAMING_SUPPORTED", "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED",
	"RESOURCE_TYPE_ASSIGNMENT_SUPPORTED", "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED", "UNIT_PRICING_SUPPORTED", "USAGE_MEASUREMENT_SUPPORTED",
}

func focusModelOf(t *testing.T, version string) *focusModel {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "focus", "testdata", "model-"+version+".json"))
	if err != nil {
		t.Fatal(err)
	}
	m := &focusModel{}
	if err := json.Unmarshal(content, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// focusData is a file of FOCUS that rules are run over.
type focusData struct {
	columns []string
	rows    []focusRow
}

func (d *focusData) has(column string) bool { return slices.Contains(d.columns, column) }

// run runs all rules. It returns what is broken, and how many were run, or left out by
// the reason.
func (m *focusModel) run(d *focusData) (broken []string, counts map[string]int) {
	counts = map[string]int{}
	byID := map[string]*focusModelRule{}
	parents := map[string][]*focusModelRule{}
	for i := range m.Rules {
		rule := &m.Rules[i]
		byID[rule.ID] = rule
		if rule.Requirement != nil {
			for _, item := range rule.Requirement.Items {
				parents[item.ModelRuleId] = append(parents[item.ModelRuleId], rule)
			}
		}
	}
	for i := range m.Rules {
		rule := &m.Rules[i]
		if reason := rule.leftOut(d, parents); reason != "" {
			counts[reason]++
			continue
		}
		counts["run"]++
		if rule.From != "" {
			counts["of which taken over from "+rule.From]++
		}
		if err := rule.check(d, parents); err != nil {
			broken = append(broken, fmt.Sprintf("%s (%s): %v", rule.ID, rule.Keyword, err))
		}
	}
	return broken, counts
}

// leftOut says why a rule is not run, "" where it is.
func (r *focusModelRule) leftOut(d *focusData, parents map[string][]*focusModelRule) string {
	switch {
	case r.Removed:
		return "removed in this version"
	case !r.applies(parents, 0):
		return "not of this provider (its criterion does not hold)"
	case r.Dynamic:
		return "for people (the model has no check for it)"
	case r.Function == "Composite" || r.Requirement != nil && slices.ContainsFunc(r.Requirement.Items, func(c focusCheck) bool { return c.ModelRuleId != "" }):
		return "made of other rules, which are run"
	case r.Requirement == nil:
		return "for people (the model has no check for it)"
	case r.Keyword == "MAY":
		return "allows something, cannot be broken"
	case r.Requirement.CheckFunction != "ColumnPresent" && slices.ContainsFunc(r.Requirement.columns(), func(c string) bool { return !d.has(c) }):
		return "of a column that need not be there and is not"
	}
	return ""
}

// applies reports whether the criteria of a rule and of the rules that it is part of
// hold.
func (r *focusModelRule) applies(parents map[string][]*focusModelRule, depth int) bool {
	for _, criterion := range r.When {
		if !slices.Contains(focusSupports, criterion) {
			return false
		}
	}
	above := parents[r.ID]
	return len(above) == 0 || depth > 9 || slices.ContainsFunc(above, func(p *focusModelRule) bool { return p.applies(parents, depth+1) })
}

// conditions are those of the rule and of the rules that it is part of.
func (r *focusModelRule) conditions(parents map[string][]*focusModelRule) (all []focusCheck) {
	if r.Condition != nil {
		all = append(all, *r.Condition)
	}
	for _, p := range parents[r.ID] {
		all = append(all, p.conditions(parents)...)
	}
	return all
}

func (c *focusCheck) columns() (names []string) {
	for _, name := range []string{c.ColumnName, c.ColumnAName, c.ColumnBName, c.ResultColumnName} {
		if name != "" {
			names = append(names, name)
		}
	}
	for i := range c.Items {
		names = append(names, c.Items[i].columns()...)
	}
	return names
}

func (r *focusModelRule) check(d *focusData, parents map[string][]*focusModelRule) error {
	switch q := r.Requirement; q.CheckFunction {
	case "ColumnPresent":
		if !d.has(q.ColumnName) {
			return fmt.Errorf("column %s is missing", q.ColumnName)
		}
		return nil
	case "CheckDistinctCount":
		return distinctCount(d, q)
	}
	conditions := r.conditions(parents)
	for i, row := range d.rows {
		holds := true
		for k := range conditions {
			ok, err := conditions[k].holds(row)
			if err != nil {
				return err
			}
			holds = holds && ok
		}
		if !holds {
			continue
		}
		if ok, err := r.Requirement.holds(row); err != nil {
			return err
		} else if !ok {
			return fmt.Errorf("row %d: %v", i+2, row.only(r.Requirement.columns()))
		}
	}
	return nil
}

func (row focusRow) only(columns []string) string {
	var b strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&b, "%s=%q ", c, row[c])
	}
	return b.String()
}

// distinctCount: each value of one column has so many of another.
func distinctCount(d *focusData, q *focusCheck) error {
	seen := map[string]map[string]bool{}
	for _, row := range d.rows {
		a := row[q.ColumnAName]
		if a == "" {
			continue
		}
		if seen[a] == nil {
			seen[a] = map[string]bool{}
		}
		if seen[a][row[q.ColumnBName]] = true; len(seen[a]) > q.ExpectedCount {
			return fmt.Errorf("%s %q has several of %s", q.ColumnAName, a, q.ColumnBName)
		}
	}
	return nil
}

var (
	focusNumber   = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$`)
	focusUnits    = regexp.MustCompile(`^([A-Z][A-Za-z]*-)?(Hours|Units)$`)
	focusCurrency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// holds reports whether a row keeps the check. An unknown function is an error: none is
// passed over silently.
func (c *focusCheck) holds(row focusRow) (bool, error) {
	value := row[c.ColumnName]
	switch c.CheckFunction {
	case "AND", "OR":
		for i := range c.Items {
			ok, err := c.Items[i].holds(row)
			if err != nil || ok == (c.CheckFunction == "OR") {
				return ok, err
			}
		}
		return c.CheckFunction == "AND", nil
	case "CheckValue", "CheckNotValue":
		want := ""
		if c.Value != nil {
			want = fmt.Sprint(c.Value)
		}
		return (value == want) == (c.CheckFunction == "CheckValue"), nil
	case "CheckSameValue":
		return row[c.ColumnAName] == row[c.ColumnBName], nil
	case "CheckNotSameValue":
		return row[c.ColumnAName] != row[c.ColumnBName], nil
	case "ColumnByColumnEqualsColumnValue":
		return product3(row[c.ColumnAName], row[c.ColumnBName], row[c.ResultColumnName]), nil
	}
	if value == "" {
		return true, nil // whether it may be null says another rule
	}
	switch c.CheckFunction {
	case "TypeString", "FormatString":
		return utf8.ValidString(value), nil
	case "TypeDecimal", "FormatNumeric", "CheckDecimalValue":
		return focusNumber.MatchString(value), nil
	case "TypeDateTime", "FormatDateTime":
		_, err := time.Parse("2006-01-02T15:04:05Z", value)
		return err == nil, nil
	case "FormatUnit":
		return focusUnits.MatchString(value), nil
	case "FormatCurrency", "CheckNationalCurrency":
		return focusCurrency.MatchString(value), nil
	case "FormatKeyValue":
		return flatObject(value), nil
	case "CheckGreaterOrEqualThanValue":
		got, ok := new(big.Rat).SetString(value)
		least, known := new(big.Rat).SetString(fmt.Sprint(c.Value))
		return ok && known && got.Cmp(least) >= 0, nil
	}
	return false, fmt.Errorf("the test knows no function %q", c.CheckFunction)
}

// product3 reports whether a × b is c; a null has no product.
func product3(a, b, c string) bool {
	if a == "" || b == "" || c == "" {
		return true
	}
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	z, okZ := new(big.Rat).SetString(c)
	return okX && okY && okZ && new(big.Rat).Mul(x, y).Cmp(z) == 0
}

func flatObject(text string) bool {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return false
	}
	for _, value := range object {
		switch value.(type) {
		case map[string]any, []any:
			return false
		}
	}
	return true
}

// TestFocusModels runs every rule of the published models over months of both eras of
// the simulated portal.
func TestFocusModels(t *testing.T) {
	for _, era := range []struct {
		name, period string
		options      simulator.Options
	}{
		{"2018", "2018-01", simulator.Options{Seed: 5, VMs: 30, VOrgsPerAccount: 2, Accounts: 2}},
		{"2020", "2018-01", simulator.Options{Seed: 6, VMs: 30, VOrgsPerAccount: 2, Accounts: 2, Era: simulator.Era2020}},
	} {
		t.Run(era.name, func(t *testing.T) {
			b := newBench(t)
			b.simulate(era.options)
			dir := t.TempDir()
			b.must("fetch", "--period", era.period, "-o", dir)
			bills, err := filepath.Glob(filepath.Join(dir, "*.csv"))
			if err != nil || len(bills) == 0 {
				t.Fatal(bills, err)
			}
			for _, version := range focus.Versions() {
				t.Run(version, func(t *testing.T) {
					columns, rows := focusRowsOf(t, b.must(append([]string{"focus", "--focus-version", version}, bills...)...))
					m := focusModelOf(t, version)
					_, counts := m.run(&focusData{columns, rows})
					checkFocusModel(t, version, columns, rows)
					tellRules(t, version, len(m.Rules), len(rows), counts)
					if len(rows) < 1000 || counts["run"] < 150 {
						t.Errorf("%d rows and %d rules are no test", len(rows), counts["run"])
					}
				})
			}
		})
	}
}

func tellRules(t *testing.T, version string, rules, rows int, counts map[string]int) {
	t.Helper()
	var lines []string
	for reason, n := range counts {
		lines = append(lines, fmt.Sprintf("%4d %s", n, reason))
	}
	sort.Strings(lines)
	t.Logf("FOCUS %s: %d rules over %d rows\n%s", version, rules, rows, strings.Join(lines, "\n"))
}

// TestFocusModelFinds: each kind of rule finds what breaks it.
func TestFocusModelFinds(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	b.must("fetch", "--period", "2018-01", "-o", dir)
	bills, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	columns, rows := focusRowsOf(t, b.must(append([]string{"focus", "--focus-version", "1.2"}, bills...)...))
	m := focusModelOf(t, "1.2")
	checkFocusModel(t, "1.2", columns, rows[:1])
	for _, tt := range []struct{ column, value, rule string }{
		{"BilledCost", "1,5", "BilledCost-C-001-M"}, {"BilledCost", "", "BilledCost-C-003-M"}, {"BillingPeriodEnd", "2018-02-01", "BillingPeriodEnd-C-001-M"},
		{"ChargeCategory", "usage", "ChargeCategory-C-003-M"}, {"ListCost", "999", "ListUnitPrice-C-010-C"}, {"ListUnitPrice", "-1", "ListUnitPrice-C-008-M"},
		{"SkuPriceId", "", "SkuPriceId-C-005-C"}, {"SkuPriceDetails", "a=b", "SkuPriceDetails-C-001-M"}, {"Tags", `{"a":{}}`, "Tags-C-001-M"},
		{"BillingCurrency", "pounds", "BillingCurrency-C-006-M"}, {"PricingUnit", "hours", "PricingUnit-C-003-O"}, {"BillingAccountName", "", "BillingAccountName-C"},
	} {
		bad := focusRow{}
		for name, value := range rows[0] {
			bad[name] = value
		}
		bad[tt.column] = tt.value
		broken, _ := m.run(&focusData{columns, []focusRow{bad}})
		if !slices.ContainsFunc(broken, func(text string) bool { return strings.HasPrefix(text, tt.rule) }) {
			t.Errorf("%s=%q breaks %q, want %s", tt.column, tt.value, broken, tt.rule)
		}
	}
	gone := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == "SkuPriceDetails" })
	if broken, _ := m.run(&focusData{gone, rows[:1]}); !slices.ContainsFunc(broken, func(text string) bool { return strings.Contains(text, "SkuPriceDetails is missing") }) {
		t.Errorf("without SkuPriceDetails: %q", broken)
	}
}
