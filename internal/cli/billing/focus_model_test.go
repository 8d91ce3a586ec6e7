package billing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	Version string            `json:"version"`
	Source  string            `json:"source"`
	Files   map[string]string `json:"files"` // the commits at which files were read
	Rules   []focusModelRule  `json:"rules"`

	parents   map[string][]*focusModelRule // the rules that a rule is part of, by its id
	sentences map[string]func(*focusData) error
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
	CheckCondition                                        string // some conditions of the models have the column here
	ColumnAName, ColumnBName, ResultColumnName, RowIDName string
	Value                                                 any
	ExpectedCount                                         int
	Items                                                 []focusCheck
}

// focusSupports are the criteria that hold for the portal as its bill shows it: they say
// which columns there must be. Not among them: regions, zones, reservations, commitments, negotiated prices, other
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
	m.parents, m.sentences = map[string][]*focusModelRule{}, focusSentences()
	for i := range m.Rules {
		rule := &m.Rules[i]
		if rule.Requirement != nil && !rule.Removed {
			for _, item := range rule.Requirement.Items {
				m.parents[item.ModelRuleId] = append(m.parents[item.ModelRuleId], rule)
			}
		}
	}
	return m
}

// focusData is a file of FOCUS that rules are run over.
type focusData struct {
	columns  []string
	rows     []focusRow
	standard map[string]focus.Kind // the columns of the version that are no custom ones
}

func newFocusData(version string, columns []string, rows []focusRow) *focusData {
	d := &focusData{columns, rows, map[string]focus.Kind{}}
	for _, column := range focus.Version(version).Columns() {
		if !strings.HasPrefix(column.ID, "x_") {
			d.standard[column.ID] = column.Kind
		}
	}
	return d
}

func (d *focusData) has(column string) bool { return slices.Contains(d.columns, column) }

// focusChecks are the rules of a model that are run over a file, each with how, and how
// many were left out by the reason.
type focusChecks struct {
	rules   []*focusModelRule
	checks  map[*focusModelRule]func(*focusData) error
	leftOut map[string]int
}

// checks says of all rules whether and how they are run over a file.
func (m *focusModel) checks(d *focusData) *focusChecks {
	c := &focusChecks{checks: map[*focusModelRule]func(*focusData) error{}, leftOut: map[string]int{}}
	for i := range m.Rules {
		rule := &m.Rules[i]
		sentence := m.sentences[strings.TrimPrefix(rule.ID, "CAU-")]
		if reason := rule.leftOut(d, m.parents, sentence != nil); reason != "" {
			c.leftOut["left out, "+reason]++
			continue
		}
		c.rules = append(c.rules, rule)
		if c.checks[rule] = sentence; !rule.Dynamic {
			c.checks[rule] = func(d *focusData) error { return rule.check(d, m.parents) }
		}
	}
	return c
}

// run runs all rules. It returns what is broken, and how many were run, or left out by
// the reason.
func (m *focusModel) run(d *focusData) (broken []string, counts map[string]int) {
	c := m.checks(d)
	counts = maps.Clone(c.leftOut)
	for _, rule := range c.rules {
		counts["run"]++
		if rule.From != "" {
			counts["run, taken over from "+rule.From]++
		}
		if rule.Dynamic {
			counts["run, a sentence that the test has written out"]++
		}
		if err := c.checks[rule](d); err != nil {
			broken = append(broken, fmt.Sprintf("%s (%s): %v", rule.ID, rule.Keyword, err))
		}
	}
	return broken, counts
}

// leftOut says why a rule is not run, "" where it is.
func (r *focusModelRule) leftOut(d *focusData, parents map[string][]*focusModelRule, sentence bool) string {
	presence := r.Function == "Presence" && r.Requirement != nil && r.Requirement.CheckFunction == "ColumnPresent"
	if r.Removed {
		return "removed in this version"
	}
	if !r.supported() && presence {
		return "wants a column for what the bill does not have (its criterion does not hold)"
	}
	if column := r.absent(d); column && !presence {
		if !r.applies(parents, 0) || strings.Contains(r.ID, "DiscountHandling") {
			return "of a column or a data set for what the bill does not have"
		}
		return "of a column that need not be there and is not"
	}
	switch {
	case r.Function == "Composite" || r.Requirement != nil && slices.ContainsFunc(r.Requirement.Items, func(c focusCheck) bool { return c.ModelRuleId != "" }):
		return "made of other rules, which are run"
	case r.Keyword == "MAY":
		return "allows something, cannot be broken"
	case focusNeverWritten.MatchString(r.ID):
		return "of a kind of value or of custom column that is not written"
	case (r.Dynamic || r.Requirement == nil) && !sentence:
		return "for people (the model has no check for it, and a file alone cannot show it)"
	}
	return ""
}

// focusNeverWritten are rules of objects that are nested, of virtual currencies, of ratios,
// quantities and sizes beyond a byte and an exabyte as units of measure, and of custom
// columns of numbers, times, currencies, units, objects and split costs.
var focusNeverWritten = regexp.MustCompile(`^(ATT-)?(JsonObjectFormat-A-|CurrencyFormat-A-00[23]-|DateTimeFormat-A-007-O)|^NumericFormat-A-001-O|` +
	`^ATT-UnitFormat-A-(009|010|018|020|021|022|024)-|^ATT-CustomColumnHandling-A-(011|013|014|015|016|018|019)-`)

// absent reports whether a rule is of a column that the file has not, or of one of the
// criteria that do not hold and are of no column.
func (r *focusModelRule) absent(d *focusData) bool {
	if strings.Contains(r.ID, "-O-") { // of what stands in a column of JSON
		return !d.has(strings.TrimSuffix(r.Reference, "Object"))
	}
	if column := strings.Contains(r.ID, "-C-"); column && !d.has(r.Reference) || !column && !r.supported() {
		return true
	}
	return r.Requirement != nil && slices.ContainsFunc(r.Requirement.columns(), func(c string) bool { return !d.has(c) })
}

// supported reports whether the rule's own criteria hold.
func (r *focusModelRule) supported() bool {
	return !slices.ContainsFunc(r.When, func(c string) bool { return !slices.Contains(focusSupports, c) })
}

// applies reports whether the criteria of a rule and of the rules that it is part of
// hold.
func (r *focusModelRule) applies(parents map[string][]*focusModelRule, depth int) bool {
	if !r.supported() {
		return false
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

func (c *focusCheck) column() string { return cmp.Or(c.ColumnName, c.CheckCondition) }

func (c *focusCheck) columns() (names []string) {
	for _, name := range []string{c.column(), c.ColumnAName, c.ColumnBName, c.ResultColumnName} {
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
	value := row[c.column()]
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
	case "TypeJSON":
		return json.Valid([]byte(value)), nil
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

// TestFocusModels runs every rule of the published models that a file can show over
// months of both eras of the simulated portal; with -short the newest version and one era.
func TestFocusModels(t *testing.T) {
	for _, era := range []struct {
		name    string
		options simulator.Options
	}{
		{"2018", simulator.Options{Seed: 5, VMs: 20, VOrgsPerAccount: 2, Accounts: 2}},
		{"2020", simulator.Options{Seed: 6, VMs: 20, VOrgsPerAccount: 2, Accounts: 2, Era: simulator.Era2020}},
	} {
		if testing.Short() && era.name == "2018" {
			continue
		}
		t.Run(era.name, func(t *testing.T) {
			b := newBench(t)
			b.simulate(era.options)
			b.oddRows()
			b.eachFocusVersion(func(t *testing.T, version string, columns []string, rows []focusRow) {
				m := focusModelOf(t, version)
				counts := m.check(t, columns, rows)
				m.countUnmet(t, newFocusData(version, columns, rows), counts)
				tellRules(t, version, len(m.Rules), len(rows), counts)
				if len(rows) < 1000 || counts["run"] < 223 {
					t.Errorf("%d rows and %d rules are no test", len(rows), counts["run"])
				}
			})
		})
	}
}

// oddRows puts into a bill what a file may have and the simulated portal does not make,
// because no recording has it: rows of another month's day and rows without a resource.
func (b *bench) oddRows() {
	b.t.Helper()
	org := b.services()[0].org
	for row := range 12 { // some of them cost nothing
		cell := [][2]string{{"EventDate", "2017-12-31"}, {"ResourceId", ""}}[row%2]
		if err := b.portal.SpoilRow(org, "2018-01", row+1, cell[0], cell[1]); err != nil {
			b.t.Fatal(err)
		}
	}
}

// eachFocusVersion runs a test over the bills of January 2018 in each version of FOCUS,
// with -short in the newest.
func (b *bench) eachFocusVersion(test func(t *testing.T, version string, columns []string, rows []focusRow)) {
	b.t.Helper()
	dir := b.t.TempDir()
	b.must("fetch", "--period", "2018-01", "-o", dir)
	bills, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil || len(bills) == 0 {
		b.t.Fatal(bills, err)
	}
	for _, version := range focus.Versions() {
		if testing.Short() && version != string(focus.Newest) {
			continue
		}
		b.t.Run(version, func(t *testing.T) {
			columns, rows := focusRowsOf(t, b.must(append([]string{"focus", "--focus-version", version}, bills...)...))
			test(t, version, columns, rows)
		})
	}
}

// focusUnmet are the conditions that no row of a bill can meet, each with why.
func focusUnmet() map[string]string {
	const usage, named, counted = "the bill is of usage, without VAT, purchases and commitments", "every charge has an SKU", "every charge has a quantity"
	return map[string]string{
		`ChargeCategory is "Tax"`:             usage,
		`ChargeCategory is "Purchase"`:        usage,
		`ChargeCategory is "Tax" or "Credit"`: usage,
		`ChargeCategory is not "Usage" or ChargeCategory is "Usage" and CommitmentDiscountStatus is "Unused"`: usage,

		"SkuId is null":                         named,
		"SkuPriceId is null":                    named,
		"ConsumedQuantity is null":              counted,
		"PricingQuantity is null":               counted,
		"SubAccountId is null":                  "a bill is of a compute service",
		"ProviderName is not InvoiceIssuerName": "there is one vendor",
	}
}

// countUnmet counts the rules that are run and that have a condition that no row meets,
// by the condition. One that need not be so is an error.
func (m *focusModel) countUnmet(t *testing.T, d *focusData, counts map[string]int) {
	t.Helper()
	why := focusUnmet()
	for _, rule := range m.checks(d).rules {
		condition := rule.unmet(d, m.parents)
		if condition == "" {
			continue
		}
		if why[condition] == "" {
			t.Errorf("%s: no row meets: %s", rule.ID, condition)
		}
		counts["run, with a condition that no row meets"]++
		counts[fmt.Sprintf("run, no row meets: %s (%s)", condition, why[condition])]++
	}
}

// unmet is the condition that no row meets, "" where there is none.
func (r *focusModelRule) unmet(d *focusData, parents map[string][]*focusModelRule) string {
	if r.Dynamic {
		return ""
	}
	var texts []string
	conditions := r.conditions(parents)
	for i := range conditions {
		met := func(row focusRow) bool { ok, err := conditions[i].holds(row); return ok && err == nil }
		if !slices.ContainsFunc(d.rows, met) {
			return conditions[i].text()
		}
		texts = append(texts, conditions[i].text())
	}
	all := focusCheck{CheckFunction: "AND", Items: conditions}
	if slices.ContainsFunc(d.rows, func(row focusRow) bool { ok, err := all.holds(row); return ok && err == nil }) {
		return ""
	}
	return strings.Join(texts, " and ")
}

// text is a condition for people. One of several that have the same column says the
// column once.
func (c *focusCheck) text() string {
	value := "null"
	if c.Value != nil {
		value = fmt.Sprintf("%q", c.Value)
	}
	switch c.CheckFunction {
	case "CheckValue":
		return c.ColumnName + " is " + value
	case "CheckNotValue":
		return c.ColumnName + " is not " + value
	case "CheckSameValue":
		return c.ColumnAName + " is " + c.ColumnBName
	case "CheckNotSameValue":
		return c.ColumnAName + " is not " + c.ColumnBName
	}
	var texts []string
	for i := range c.Items {
		text := c.Items[i].text()
		if i > 0 && c.Items[i].ColumnName == c.Items[0].ColumnName {
			text = strings.TrimPrefix(text, c.Items[0].ColumnName+" is ")
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " "+strings.ToLower(c.CheckFunction)+" ")
}

func tellRules(t *testing.T, version string, rules, rows int, counts map[string]int) {
	t.Helper()
	var lines strings.Builder
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&lines, "\n%4d %s", counts[reason], reason)
	}
	t.Logf("FOCUS %s: %d rules over %d rows%s", version, rules, rows, lines.String())
}

// TestFocusModelFinds: each kind of rule finds what breaks it, in each version.
func TestFocusModelFinds(t *testing.T) {
	newBench(t).eachFocusVersion(func(t *testing.T, version string, columns []string, rows []focusRow) {
		m := focusModelOf(t, version)
		m.check(t, columns, rows[:1])
		broken := func(columns []string, rows ...focusRow) []string {
			texts, _ := m.run(newFocusData(version, columns, rows))
			return texts
		}
		for _, tt := range spoiltCells() {
			if !tt.of(version) {
				continue
			}
			bad := maps.Clone(rows[0])
			bad[tt.column] = tt.value
			texts := broken(columns, rows[0], bad)
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.HasPrefix(strings.TrimPrefix(text, "CAU-"), tt.rule) }) {
				t.Errorf("%s: %s=%q breaks %q, want %s", tt.kind, tt.column, tt.value, texts, tt.rule)
			}
		}
		for _, column := range []string{"BilledCost", "SkuPriceDetails", "ChargeClass", "ServiceName", "SubAccountName", "Tags"} {
			gone := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == column })
			if texts := broken(gone, rows[0]); !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, column+" is missing") }) {
				t.Errorf("without %s: %q", column, texts)
			}
		}
		for _, name := range []string{"usageHours", "x-Hours", "Hours"} {
			texts := broken(append([]string{name}, columns...), rows[0])
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "ColumnHandling") }) {
				t.Errorf("with a column %s: %q", name, texts)
			}
		}
	})
}

// spoiltCell breaks a rule of the versions since one; of "-1.2" only, or of those "<1.4".
type spoiltCell struct{ kind, column, value, rule, since string }

func (s spoiltCell) of(version string) bool {
	if only, found := strings.CutPrefix(s.since, "-"); found {
		return version == only
	}
	if before, found := strings.CutPrefix(s.since, "<"); found {
		return version < before
	}
	return version >= s.since
}

func spoiltCells() []spoiltCell {
	return []spoiltCell{
		{"type", "BilledCost", "1,5", "BilledCost-C-001-M", ""},
		{"type", "BillingPeriodEnd", "2018-02-01", "BillingPeriodEnd-C-001-M", ""},
		{"type", "ChargePeriodStart", "2018-01-02T00:00:00+00:00", "ChargePeriodStart-C-001-M", ""},
		{"type", "SkuMeter", "\xff", "SkuMeter-C-001-M", ""},
		{"format", "SkuPriceDetails", "a=b", "SkuPriceDetails-C-001-M", ""},
		{"format", "Tags", `{"a":{}}`, "Tags-C-001-M", ""},
		{"format", "BillingCurrency", "pounds", "BillingCurrency-C-006-M", ""},
		{"format", "PricingUnit", "hours", "PricingUnit-C-003-O", ""},
		{"null", "BilledCost", "", "BilledCost-C-003-M", ""},
		{"null", "BillingAccountName", "", "BillingAccountName-C-003-C", ""},
		{"null", "ServiceProviderName", "", "ServiceProviderName-C-003-M", "1.3"},
		{"null by a condition", "SkuPriceId", "", "SkuPriceId-C-005-C", ""},
		{"null by a condition", "SkuPriceId", "", "ListUnitPrice-C-012-C", "1.3"},
		{"null by a condition", "ListUnitPrice", "", "ListUnitPrice-C-013-C", "1.3"},
		{"null by a condition", "SkuPriceId", "", "PricingCategory-C-012-C", "1.3"},
		{"null by a condition", "ResourceType", "", "ResourceType-C-005-C", ""},
		{"null by a condition", "ConsumedUnit", "", "ConsumedUnit-C-006-C", ""},
		{"null by a condition", "ChargeCategory", "Tax", "PricingQuantity-C-004-C", ""},
		{"allowed value", "ChargeCategory", "usage", "ChargeCategory-C-003-M", ""},
		{"allowed value", "ChargeClass", "Correct", "ChargeClass-C-005-C", ""},
		{"allowed value", "PricingCategory", "List", "PricingCategory-C-007-M", ""},
		{"allowed value", "ServiceSubcategory", "Computers", "ServiceSubcategory-C-003-M", ""},
		{"allowed pair", "ServiceCategory", "Storage", "ServiceSubcategory-C-004-M", ""},
		{"condition", "ChargeCategory", "Purchase", "ChargeFrequency-C-004-C", ""},
		{"product", "ListCost", "999", "ListUnitPrice-C-010-C", "-1.2"},
		{"product", "ListCost", "999", "ListCost-C-011-C", "1.3"},
		{"at least", "ListUnitPrice", "-1", "ListUnitPrice-C-008-M", ""},
		{"one for one", "ServiceCategory", "Other", "ServiceName-C-005-C", ""},
		{"one for one", "SkuId", "else", "SkuPriceId-C-008-M", ""},
		{"sentence", "HostProviderName", "Another", "HostProviderName-C-010-M", "1.3"},
		{"sentence", "HostProviderName", "", "HostProviderName-C-006-M", "1.3"},
		{"sentence", "EffectiveCost", "1234", "EffectiveCost-C-015-C", "1.4"},
		{"sentence", "ContractedCost", "1234", "ContractedCost-C-008-", ""},
		{"sentence", "ChargeClass", "Correction", "ChargeClass-C-003-C", ""},
		{"sentence", "ChargePeriodStart", "2017-12-31T00:00:00Z", "ChargeClass-C-004-C", ""},
		{"sentence", "BillingPeriodEnd", "2018-01-31T00:00:00Z", "BillingPeriodEnd-C-004-M", ""},
		{"sentence", "BillingPeriodStart", "2018-01-02T00:00:00Z", "BillingPeriodStart-C-004-M", ""},
		{"sentence", "ChargePeriodEnd", "2018-01-01T00:00:00Z", "ChargePeriodEnd-C-004-M", ""},
		{"sentence", "SkuPriceDetails", `{"corecount":1}`, "SkuPriceDetails-C-020-M", ""},
		{"sentence", "SkuPriceDetails", `{"Mood":1}`, "SkuPriceDetails-C-017-C", ""},
		{"sentence", "SkuPriceDetails", `{"CoreCount":"1"}`, "SkuPriceDetails-C-021-M", ""},
		{"sentence", "SkuPriceDetails", `{"x_mood":1}`, "SkuPriceDetails-C-002-O", ""},
		{"sentence", "SkuMeter", "else", "SkuMeter-C-006-O", ""},
		{"sentence", "SkuPriceDetails", `{"CoreCount":77}`, "SkuPriceDetails-C-013-O", ""},
		{"sentence", "PricingCategory", "Dynamic", "PricingCategory-C-008-C", ""},
		{"sentence", "BillingCurrency", "USD", "BillingCurrency-C-005-M", ""},
		{"sentence", "SubAccountId", "", "SubAccountId-C-005-C", ""},
		{"sentence", "ChargeCategory", "Credit", "ChargeCategory-C-draft-1", "1.4"},
		{"sentence", "BilledCost", "+1", "NumericFormat-A-010-M", "<1.4"},
		{"sentence", "BilledCost", "+1", "ATT-NumericFormat-A-009-M", "1.4"},
		{"sentence", "BilledCost", "1/2", "NumericFormat-A-004-M", "<1.4"},
		{"sentence", "BilledCost", "1*2", "ATT-NumericFormat-A-005-M", "1.4"},
		{"sentence", "BilledCost", "£1", "NumericFormat-A-008-M", "<1.4"},
		{"sentence", "BilledCost", "£1", "ATT-NumericFormat-A-006-M", "1.4"},
		{"sentence", "BilledCost", "1,000", "ATT-NumericFormat-A-007-C", "1.4"},
		{"sentence", "BilledCost", "1E+5", "ATT-NumericFormat-A-013-M", "1.4"},
		{"sentence", "BilledCost", "0.00", "NullHandling-A-002-M", "<1.4"},
		{"sentence", "BilledCost", "0.00", "ATT-NullHandling-A-003-C", "1.4"},
		{"sentence", "ResourceName", "Not Applicable", "NullHandling-A-002-M", "<1.4"},
		{"sentence", "ResourceName", "Not Applicable", "ATT-NullHandling-A-002-C", "1.4"},
		{"sentence", "x_ProjectId", "n/a", "ATT-CustomColumnHandling-A-012-O", "1.4"},
		{"sentence", "x_ProjectId", " ", "ATT-CustomColumnHandling-A-017-O", "1.4"},
		{"sentence", "BillingPeriodEnd", "2018-02-01 00:00:00Z", "DateTimeFormat-A-004-M", "<1.4"},
		{"sentence", "BillingPeriodEnd", "2018-02-01 00:00:00Z", "ATT-DateTimeFormat-A-004-M", "1.4"},
		{"sentence", "BillingPeriodEnd", "2018-02-01T00:00:00.5Z", "ATT-DateTimeFormat-A-008-M", "1.4"},
		{"sentence", "Tags", `{"a":1,"a":2}`, "KeyValueFormat-A-002-M", "<1.4"},
		{"sentence", "Tags", `{"a":1,"a":2}`, "ATT-KeyValueFormat-A-002-M", "1.4"},
		{"sentence", "Tags", `{"a":[1]}`, "KeyValueFormat-A-004-M", "<1.4"},
		{"sentence", "Tags", `{"a":[1]}`, "ATT-KeyValueFormat-A-004-M", "1.4"},
		{"sentence", "ServiceName", " ", "StringHandling-A-007-M", "-1.2"},
		{"sentence", "ServiceName", " ", "StringHandling-A-007-O", "-1.3"},
		{"sentence", "ServiceName", "", "ATT-StringHandling-A-007-O", "1.4"},
		{"sentence", "ServiceName", " ", "ATT-StringHandling-A-015-O", "1.4"},
		{"sentence", "ServiceCategory", "Teapots", "ColumnHandling-A-008-M", "<1.4"},
		{"sentence", "ServiceCategory", "Teapots", "ATT-FocusColumnHandling-A-011-M", "1.4"},
		{"sentence", "BillingCurrency", "£", "ATT-CurrencyFormat-A-001-M", "1.4"},
		{"sentence", "PricingUnit", "1", "ATT-UnitFormat-A-006-M", "1.4"},
		{"sentence", "PricingUnit", "gigabyte-Hours", "ATT-UnitFormat-A-007-M", "1.4"},
		{"sentence", "PricingUnit", "GBs", "ATT-UnitFormat-A-008-M", "1.4"},
		{"sentence", "PricingUnit", "GB-hours", "ATT-UnitFormat-A-011-M", "1.4"},
		{"sentence", "PricingUnit", "Teapots", "ATT-UnitFormat-A-012-O", "1.4"},
		{"sentence", "PricingUnit", "teapots", "ATT-UnitFormat-A-013-O", "1.4"},
		{"sentence", "PricingUnit", "GB Hours", "ATT-UnitFormat-A-016-M", "1.4"},
		{"sentence", "PricingUnit", "Units-Hours", "ATT-UnitFormat-A-017-O", "1.4"},
		{"sentence", "PricingUnit", "Hour", "ATT-UnitFormat-A-023-O", "1.4"},
	}
}
