package billing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ukcloud_exporter/internal/focus"
)

// focusSentences are rules that the models have as a sentence without a check, of which
// a file of usage charges in pounds, without commitments, shows whether they are kept. By
// the rule's id without the prefix of the data set; the attributes of 1.4 have a prefix
// (ATT) because their numbers mean other sentences. A sentence that needs more than the
// file (an invoice, a price list, documents, what a tag was) is not among them.
func focusSentences() map[string]func(*focusData) error {
	usage := func(row focusRow) bool { return row["ChargeCategory"] == "Usage" }
	all := map[string]func(*focusData) error{
		"BillingCurrency-C-005-M":    eachRow(func(row focusRow) bool { return row["BillingCurrency"] == "GBP" }),
		"BillingPeriodStart-C-004-M": eachRow(func(row focusRow) bool { return firstOfMonth(row["BillingPeriodStart"]) }),
		"BillingPeriodEnd-C-004-M": eachRow(func(row focusRow) bool {
			return firstOfMonth(row["BillingPeriodEnd"]) && row["BillingPeriodStart"] < row["BillingPeriodEnd"]
		}),
		"ChargePeriodStart-C-004-M": eachRow(oneDay),
		"ChargePeriodEnd-C-004-M":   eachRow(oneDay),
		"ChargeCategory-C-draft-1":  eachRow(usage), // all is consumption
		"ChargeClass-C-003-C":       eachRow(func(row focusRow) bool { return !ofItsPeriod(row) || row["ChargeClass"] == "" }),
		"ChargeClass-C-004-C":       eachRow(func(row focusRow) bool { return ofItsPeriod(row) || row["ChargeClass"] != "" }),
		"HostProviderName-C-006-M":  eachRow(func(row focusRow) bool { return row["HostProviderName"] != "" }),
		"HostProviderName-C-010-M":  eachRow(func(row focusRow) bool { return row["HostProviderName"] == row["ServiceProviderName"] }),
		"EffectiveCost-C-015-C":     eachRow(func(row focusRow) bool { return !usage(row) || row["EffectiveCost"] == row["BilledCost"] }),
		"PricingCategory-C-008-C":   eachRow(func(row focusRow) bool { return row["PricingCategory"] == "Standard" }),
		"ResourceName-C-004-C":      eachRow(func(row focusRow) bool { return row["ResourceId"] != "" || row["ResourceName"] == "" }),
		"ResourceName-C-006-C":      eachRow(func(row focusRow) bool { return row["ResourceName"] == "" || row["ResourceName"] != row["ResourceId"] }),
		"SkuId-C-011-C":             eachRow(func(row focusRow) bool { return row["ResourceId"]+row["ServiceName"] != "" }),
		"SkuPriceId-C-012-C":        eachRow(func(row focusRow) bool { return row["ResourceId"]+row["ServiceName"] != "" }),
		"SkuMeter-C-006-O":          oneForOne("SkuId", "SkuMeter"),
		"SubAccountId-C-005-C":      eachRow(func(row focusRow) bool { return row["SubAccountId"] != "" }), // a bill is of one
		"SkuPriceDetails-C-007-M":   eachRow(func(row focusRow) bool { return row["SkuPriceDetails"] == "" || row["SkuPriceId"] != "" }),
		"SkuPriceDetails-C-013-O":   oneForOne("SkuPriceId", "SkuPriceDetails"),
		"SkuPriceDetails-C-002-O":   eachProperty(func(key string, _ any) bool { return pascalCase.MatchString(strings.TrimPrefix(key, "x_")) }),
		"SkuPriceDetails-C-017-C": eachProperty(func(key string, _ any) bool {
			return strings.HasPrefix(key, "x_") || slices.ContainsFunc(skuProperties(), func(p skuProperty) bool { return strings.EqualFold(p.key, key) })
		}),
		"SkuPriceDetails-C-020-M": eachProperty(func(key string, _ any) bool {
			return !slices.ContainsFunc(skuProperties(), func(p skuProperty) bool { return p.key != key && strings.EqualFold(p.key, key) })
		}),
		"SkuPriceDetails-C-021-M": eachProperty(func(key string, value any) bool {
			i := slices.IndexFunc(skuProperties(), func(p skuProperty) bool { return p.key == key })
			_, number := value.(float64)
			return i < 0 || skuProperties()[i].number == number
		}),
	}
	matchesBilled := eachRow(func(row focusRow) bool {
		return row["ContractedUnitPrice"] != "" || row["ContractedCost"] == row["BilledCost"]
	})
	all["ContractedCost-C-008-M"], all["ContractedCost-C-008-C"] = matchesBilled, matchesBilled
	explained := eachRow(func(row focusRow) bool {
		return product3(row["ListUnitPrice"], row["PricingQuantity"], row["ListCost"])
	})
	all["PricingQuantity-C-009-C"], all["PricingQuantity-C-013-C"] = explained, explained // the list price is the only one
	addFormatSentences(all)
	addColumnSentences(all)
	addNewFormatSentences(all)
	addUnitSentences(all)
	return all
}

// addFormatSentences adds those of the attributes that say how values are written.
func addFormatSentences(all map[string]func(*focusData) error) {
	number := func(pattern string) func(*focusData) error {
		re := regexp.MustCompile(pattern)
		return eachCell(focus.Decimal, re.MatchString)
	}
	moment := func(pattern string) func(*focusData) error {
		re := regexp.MustCompile(pattern)
		return eachCell(focus.DateTime, re.MatchString)
	}
	all["NumericFormat-A-002-M"] = number(`^\S+$`)
	all["NumericFormat-A-003-M"] = number(focusNumber.String())
	all["NumericFormat-A-004-M"] = number(`^[^/]*$`)
	all["NumericFormat-A-005-M"] = number(`^[^eE]*(E[^eE]*)?$`)
	all["NumericFormat-A-006-M"] = number(`^[^+]*$`)
	all["NumericFormat-A-007-M"] = number(`^[^*^()=<>%]*$`)
	all["NumericFormat-A-008-M"] = number(`^[-0-9.E]*$`)
	all["NumericFormat-A-009-M"] = number(`^[^,.]*(\.[^,.]*)?$`)
	all["NumericFormat-A-010-M"] = number(`^[^+]`)
	all["NumericFormat-A-011-M"] = number(`^-?[0-9]`)
	all["DateTimeFormat-A-001-M"] = moment(`Z$`)
	all["DateTimeFormat-A-002-M"] = eachCell(focus.DateTime, func(text string) bool { _, err := time.Parse(time.RFC3339, text); return err == nil })
	all["DateTimeFormat-A-004-M"] = moment(`^\d{4}-\d\d-\d\dT\d`)
	all["DateTimeFormat-A-005-M"] = moment(`T\d\d:\d\d:\d\d`)
	all["DateTimeFormat-A-006-M"] = moment(`Z$`)
	currency := eachRow(func(row focusRow) bool { return focusCurrency.MatchString(row["BillingCurrency"]) })
	all["CurrencyFormat-A-001-C"], all["ATT-CurrencyFormat-A-001-M"], all["ATT-CurrencyFormat-A-004-M"] = currency, currency, currency
	all["StringHandling-A-001-M"] = eachCell(focus.Text, utf8.ValidString)
	all["StringHandling-A-007-M"] = eachCell(focus.Text, notBlank)
	all["StringHandling-A-007-O"] = all["StringHandling-A-007-M"]
	units := eachRow(func(row focusRow) bool {
		return focusUnits.MatchString(row["PricingUnit"]) && (row["ConsumedUnit"] == "" || focusUnits.MatchString(row["ConsumedUnit"]))
	})
	all["UnitFormat-A-001-M"], all["UnitFormat-A-001-O"], all["UnitFormat-A-003-M"] = units, units, units
	all["KeyValueFormat-A-001-M"] = eachCell(focus.Object, func(text string) bool { return strings.HasPrefix(text, "{") && json.Valid([]byte(text)) })
	all["KeyValueFormat-A-002-M"] = eachCell(focus.Object, distinctKeys)
	all["KeyValueFormat-A-003-M"], all["KeyValueFormat-A-004-M"] = eachCell(focus.Object, flatObject), eachCell(focus.Object, flatObject)
	texts, numbers := eachCell(focus.Text, noPlaceholder), eachCell(focus.Decimal, func(text string) bool { return strings.Trim(text, "0.") != "" })
	all["NullHandling-A-002-M"] = func(d *focusData) error { return cmp.Or(texts(d), numbers(d)) }
	all["ATT-NullHandling-A-002-C"], all["ATT-NullHandling-A-003-C"] = texts, numbers // what costs nothing is no charge
}

// addNewFormatSentences adds those of 1.4 that are no other than before, or are written
// anew.
func addNewFormatSentences(all map[string]func(*focusData) error) {
	for _, rule := range []string{
		"DateTimeFormat-A-001-M", "DateTimeFormat-A-002-M", "DateTimeFormat-A-004-M", "DateTimeFormat-A-005-M", "DateTimeFormat-A-006-M",
		"KeyValueFormat-A-001-M", "KeyValueFormat-A-002-M", "KeyValueFormat-A-003-M", "KeyValueFormat-A-004-M",
	} {
		all["ATT-"+rule] = all[rule]
	}
	for rule, before := range map[string]string{ // by the numbers of the draft
		"NumericFormat-A-001-M": "NumericFormat-A-002-M", "NumericFormat-A-002-M": "NumericFormat-A-003-M", "NumericFormat-A-005-M": "NumericFormat-A-007-M",
		"NumericFormat-A-006-M": "NumericFormat-A-008-M", "NumericFormat-A-007-C": "NumericFormat-A-009-M", "NumericFormat-A-008-M": "NumericFormat-A-011-M",
		"NumericFormat-A-009-M": "NumericFormat-A-010-M", "NumericFormat-A-011-M": "NumericFormat-A-005-M", "NumericFormat-A-013-M": "NumericFormat-A-006-M",
	} {
		all["ATT-"+rule] = all[before]
	}
	exponent, exact := regexp.MustCompile(`^[^eE]*([eE]-?[0-9]+)?$`), regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	all["ATT-NumericFormat-A-012-M"] = eachCell(focus.Decimal, exponent.MatchString)
	all["ATT-DateTimeFormat-A-008-M"] = eachCell(focus.DateTime, exact.MatchString)
	all["ATT-StringHandling-A-007-O"] = eachRow(func(row focusRow) bool {
		return !slices.ContainsFunc([]string{
			"BillingAccountId", "BillingCurrency", "ChargeCategory", "ChargeDescription", "InvoiceIssuerName", "ServiceCategory", "ServiceName", "ServiceProviderName",
		}, func(c string) bool { return row[c] == "" })
	})
	all["ATT-StringHandling-A-015-O"] = all["StringHandling-A-007-M"]
}

func notBlank(text string) bool { return strings.TrimFunc(text, unicode.IsSpace) != "" }

// noPlaceholder reports whether a text is none that stands for no value.
func noPlaceholder(text string) bool {
	return !slices.Contains([]string{"not applicable", "n/a", "na", "null", "nil", "none", "undefined"}, strings.ToLower(text))
}

// addUnitSentences adds those of 1.4 that say how a unit of measure is written. The bill
// has no ratios, quantities of units, or sizes beyond a byte and an exabyte.
func addUnitSentences(all map[string]func(*focusData) error) {
	unit := func(keeps func(bases []string) bool) func(*focusData) error {
		return eachRow(func(row focusRow) bool {
			return !slices.ContainsFunc([]string{row["PricingUnit"], row["ConsumedUnit"]}, func(text string) bool { return text != "" && !keeps(strings.Split(text, "-")) })
		})
	}
	base := func(keeps func(string) bool) func(*focusData) error {
		return unit(func(bases []string) bool {
			return !slices.ContainsFunc(bases, func(b string) bool { return !keeps(b) })
		})
	}
	is := func(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }
	letters, capital := is(`[A-Za-z]`), is(`^[A-Z]`)
	size, likeSize := is(`^([KMGTPE]i?)?[bB]$`), is(`(?i)^(([kmgtpezy]i?)?bs?|([a-z]+)?(bit|byte)s?)$`)
	period, likePeriod := is(`^(Year|Month|Day|Hour|Minute|Second)s?$`), is(`(?i)^(year|month|day|hour|minute|second)s?$`)
	count := is(`^(Count|Unit|Request|Token|Connection|Certificate|Domain|Core)s?$`)
	plural := func(b string) bool { return size(b) || strings.HasSuffix(b, "s") }
	all["ATT-UnitFormat-A-006-M"] = base(letters)
	all["ATT-UnitFormat-A-007-M"] = base(func(b string) bool { return size(b) || !likeSize(b) })
	all["ATT-UnitFormat-A-008-M"] = all["ATT-UnitFormat-A-007-M"]
	all["ATT-UnitFormat-A-011-M"] = base(func(b string) bool { return period(b) || !likePeriod(b) })
	all["ATT-UnitFormat-A-012-O"] = base(func(b string) bool { return size(b) || period(b) || count(b) })
	all["ATT-UnitFormat-A-013-O"] = base(func(b string) bool { return size(b) || capital(b) })
	all["ATT-UnitFormat-A-016-M"] = base(is(`^[A-Za-z]+$`))
	all["ATT-UnitFormat-A-017-O"] = unit(func(bases []string) bool {
		return len(bases) == 1 || len(bases) == 2 && (size(bases[0]) || !plural(bases[0])) && plural(bases[1])
	})
	all["ATT-UnitFormat-A-023-O"] = unit(func(bases []string) bool { return len(bases) > 1 || plural(bases[0]) })
}

// addColumnSentences adds those of the attributes that say how columns are named.
func addColumnSentences(all map[string]func(*focusData) error) {
	custom := func(d *focusData, c string) bool { _, standard := d.standard[c]; return !standard }
	name := func(pattern string) func(*focusData) error {
		re := regexp.MustCompile(pattern)
		return eachColumn(func(_ *focusData, c string) bool { return re.MatchString(c) })
	}
	all["ColumnHandling-A-001-M"] = eachColumn(func(_ *focusData, c string) bool { return pascalCase.MatchString(strings.TrimPrefix(c, "x_")) })
	all["ColumnHandling-A-003-M"] = name(`^(x_)?[A-Za-z0-9]+$`)
	all["ColumnHandling-A-005-O"] = name(`^.{1,50}$`)
	all["ColumnHandling-A-010-M"] = eachColumn(func(d *focusData, c string) bool { return !custom(d, c) || strings.HasPrefix(c, "x_") })
	all["ColumnHandling-A-011-O"] = all["ColumnHandling-A-001-M"]
	last := func(d *focusData) error {
		if i := slices.IndexFunc(d.columns, func(c string) bool { return custom(d, c) }); i >= 0 && slices.ContainsFunc(d.columns[i:], func(c string) bool { return !custom(d, c) }) {
			return fmt.Errorf("column %s is before one of FOCUS", d.columns[i])
		}
		return nil
	}
	all["ColumnHandling-A-012-O"], all["ColumnHandling-A-013-O"] = last, last
	normal := eachRow(func(row focusRow) bool {
		for c, values := range focusCategories() {
			if row[c] != "" && !slices.Contains(values, row[c]) {
				return false
			}
		}
		return true
	})
	all["ColumnHandling-A-008-M"], all["ATT-FocusColumnHandling-A-011-M"] = normal, normal
	addNewColumnSentences(all, custom)
}

// addNewColumnSentences adds those of 1.4: a column without x_ is meant as one of FOCUS.
func addNewColumnSentences(all map[string]func(*focusData) error, custom func(*focusData, string) bool) {
	of := func(own bool, pattern string) func(*focusData) error {
		re := regexp.MustCompile(pattern)
		return eachColumn(func(_ *focusData, c string) bool { return strings.HasPrefix(c, "x_") != own || re.MatchString(c) })
	}
	plain := of(false, `^[A-Za-z0-9]+$`)
	all["ATT-FocusColumnHandling-A-002-M"] = of(false, pascalCase.String())
	all["ATT-FocusColumnHandling-A-003-M"], all["ATT-FocusColumnHandling-A-004-M"] = plain, plain
	all["ATT-FocusColumnHandling-A-007-O"] = of(false, `^.{1,50}$`)
	ours := of(true, `^x_[A-Za-z0-9]+$`)
	all["ATT-CustomColumnHandling-A-002-M"] = all["ColumnHandling-A-010-M"]
	all["ATT-CustomColumnHandling-A-003-O"] = of(true, `^x_([A-Z][a-z0-9]*)+$`)
	all["ATT-CustomColumnHandling-A-004-O"], all["ATT-CustomColumnHandling-A-005-O"] = ours, ours
	all["ATT-CustomColumnHandling-A-008-O"] = of(true, `^.{1,50}$`)
	cells := func(keeps func(string) bool) func(*focusData) error {
		return func(d *focusData) error {
			for _, c := range d.columns {
				if custom(d, c) && slices.ContainsFunc(d.rows, func(row focusRow) bool { return row[c] != "" && !keeps(row[c]) }) {
					return fmt.Errorf("column %s", c)
				}
			}
			return nil
		}
	}
	all["ATT-CustomColumnHandling-A-012-O"] = cells(noPlaceholder)
	all["ATT-CustomColumnHandling-A-017-O"] = cells(notBlank)
	all["ATT-DatasetCompleteness-A-009-O"] = func(d *focusData) error {
		i := len(d.columns)
		if first := slices.IndexFunc(d.columns, func(c string) bool { return strings.HasPrefix(c, "x_") }); first >= 0 {
			i = first
		}
		if !slices.IsSorted(d.columns[:i]) || !slices.IsSorted(d.columns[i:]) {
			return fmt.Errorf("the columns are not in the order of their names: %q", d.columns)
		}
		return nil
	}
}

// focusCategories are the values that the specification allows in the columns whose name
// says that they are normalised.
func focusCategories() map[string][]string {
	return map[string][]string{
		"ChargeCategory":  {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
		"PricingCategory": {"Standard", "Dynamic", "Committed", "Other"},
		"ServiceCategory": {
			"AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Identity", "Integration", "Internet of Things",
			"Management and Governance", "Media", "Migration", "Mobile", "Multicloud", "Networking", "Security", "Storage", "Web", "Other",
		},
	}
}

var pascalCase = regexp.MustCompile(`^([A-Z][a-z0-9]*)+$`)

func eachRow(keeps func(focusRow) bool) func(*focusData) error {
	return func(d *focusData) error {
		for i, row := range d.rows {
			if !keeps(row) {
				return fmt.Errorf("row %d: %v", i+2, row)
			}
		}
		return nil
	}
}

func eachColumn(keeps func(*focusData, string) bool) func(*focusData) error {
	return func(d *focusData) error {
		for _, c := range d.columns {
			if !keeps(d, c) {
				return fmt.Errorf("column %s", c)
			}
		}
		return nil
	}
}

// eachCell checks the cells that are not null of the columns of a kind.
func eachCell(kind focus.Kind, keeps func(string) bool) func(*focusData) error {
	return func(d *focusData) error {
		for _, c := range d.columns {
			if of, standard := d.standard[c]; !standard || of != kind {
				continue
			}
			for i, row := range d.rows {
				if row[c] != "" && !keeps(row[c]) {
					return fmt.Errorf("row %d: %s=%q", i+2, c, row[c])
				}
			}
		}
		return nil
	}
}

func oneForOne(a, b string) func(*focusData) error {
	return func(d *focusData) error {
		return distinctCount(d, &focusCheck{ColumnAName: a, ColumnBName: b, ExpectedCount: 1})
	}
}

// eachProperty checks those of SkuPriceDetails.
func eachProperty(keeps func(key string, value any) bool) func(*focusData) error {
	return eachRow(func(row focusRow) bool {
		var object map[string]any
		if json.Unmarshal([]byte(row["SkuPriceDetails"]), &object) != nil {
			return true // another rule says so
		}
		for key, value := range object {
			if !keeps(key, value) {
				return false
			}
		}
		return true
	})
}

type skuProperty struct {
	key    string
	number bool
}

// skuProperties are those that the specification defines (SkuPriceDetails).
func skuProperties() []skuProperty {
	return []skuProperty{
		{"CoreCount", true}, {"DiskMaxIops", true}, {"DiskSpace", true}, {"DiskType", false}, {"GpuCount", true}, {"InstanceType", false},
		{"InstanceSeries", false}, {"MemorySize", true}, {"NetworkMaxIops", true}, {"NetworkMaxThroughput", true}, {"OperatingSystem", false},
		{"Redundancy", false}, {"StorageClass", false},
	}
}

func firstOfMonth(text string) bool { return strings.HasSuffix(text, "-01T00:00:00Z") }

// ofItsPeriod reports whether a charge is of a day of its billing period.
func ofItsPeriod(row focusRow) bool {
	return row["BillingPeriodStart"] <= row["ChargePeriodStart"] && row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
}

func oneDay(row focusRow) bool {
	start, err := time.Parse(time.RFC3339, row["ChargePeriodStart"])
	end, err2 := time.Parse(time.RFC3339, row["ChargePeriodEnd"])
	return err == nil && err2 == nil && end.Sub(start) == 24*time.Hour
}

func distinctKeys(text string) bool {
	decoder := json.NewDecoder(strings.NewReader(text))
	seen := map[string]bool{}
	for i, depth := 0, 0; ; i++ {
		token, err := decoder.Token()
		if err != nil {
			return true // its end, or another rule says so
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
			i = 0
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
			continue
		}
		if key, ok := token.(string); ok && depth == 1 && i%2 == 1 {
			if seen[key] {
				return false
			}
			seen[key] = true
		}
	}
}
