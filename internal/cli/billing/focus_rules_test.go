package billing

// focusRule is what the column library of FOCUS 1.2 says of a column.
type focusRule struct {
	level   byte // M mandatory, C conditional, R recommended
	kind    byte // S string, D decimal, T date and time, J JSON, U unit
	nulls   bool // it may be null in some row
	allowed []string
}

// focusRules is the column library of FOCUS 1.2 (57 columns).
var focusRules = map[string]focusRule{
	"AvailabilityZone":                   {'R', 'S', true, nil},
	"BilledCost":                         {'M', 'D', false, nil},
	"BillingAccountId":                   {'M', 'S', false, nil},
	"BillingAccountName":                 {'M', 'S', true, nil},
	"BillingAccountType":                 {'C', 'S', true, nil},
	"BillingCurrency":                    {'M', 'S', false, []string{"GBP"}}, // any code of ISO 4217; ours is one
	"BillingPeriodEnd":                   {'M', 'T', false, nil},
	"BillingPeriodStart":                 {'M', 'T', false, nil},
	"CapacityReservationId":              {'C', 'S', true, nil},
	"CapacityReservationStatus":          {'C', 'S', true, []string{"Used", "Unused"}},
	"ChargeCategory":                     {'M', 'S', false, []string{"Usage", "Purchase", "Tax", "Credit", "Adjustment"}},
	"ChargeClass":                        {'M', 'S', true, []string{"Correction"}},
	"ChargeDescription":                  {'M', 'S', true, nil},
	"ChargeFrequency":                    {'R', 'S', false, []string{"One-Time", "Recurring", "Usage-Based"}},
	"ChargePeriodEnd":                    {'M', 'T', false, nil},
	"ChargePeriodStart":                  {'M', 'T', false, nil},
	"CommitmentDiscountCategory":         {'C', 'S', true, []string{"Spend", "Usage"}},
	"CommitmentDiscountId":               {'C', 'S', true, nil},
	"CommitmentDiscountName":             {'C', 'S', true, nil},
	"CommitmentDiscountQuantity":         {'C', 'D', true, nil},
	"CommitmentDiscountStatus":           {'C', 'S', true, []string{"Used", "Unused"}},
	"CommitmentDiscountType":             {'C', 'S', true, nil},
	"CommitmentDiscountUnit":             {'C', 'U', true, nil},
	"ConsumedQuantity":                   {'C', 'D', true, nil},
	"ConsumedUnit":                       {'C', 'U', true, nil},
	"ContractedCost":                     {'M', 'D', false, nil},
	"ContractedUnitPrice":                {'C', 'D', true, nil},
	"EffectiveCost":                      {'M', 'D', false, nil},
	"InvoiceId":                          {'R', 'S', true, nil},
	"InvoiceIssuerName":                  {'M', 'S', false, nil},
	"ListCost":                           {'M', 'D', false, nil},
	"ListUnitPrice":                      {'C', 'D', true, nil},
	"PricingCategory":                    {'C', 'S', true, []string{"Standard", "Dynamic", "Committed", "Other"}},
	"PricingCurrency":                    {'C', 'S', true, nil},
	"PricingCurrencyContractedUnitPrice": {'C', 'D', true, nil},
	"PricingCurrencyEffectiveCost":       {'C', 'D', true, nil},
	"PricingCurrencyListUnitPrice":       {'C', 'D', true, nil},
	"PricingQuantity":                    {'M', 'D', true, nil},
	"PricingUnit":                        {'M', 'U', true, nil},
	"ProviderName":                       {'M', 'S', false, nil},
	"PublisherName":                      {'M', 'S', false, nil},
	"RegionId":                           {'C', 'S', true, nil},
	"RegionName":                         {'C', 'S', true, nil},
	"ResourceId":                         {'C', 'S', true, nil},
	"ResourceName":                       {'C', 'S', true, nil},
	"ResourceType":                       {'C', 'S', true, nil},
	"ServiceCategory":                    {'M', 'S', false, focusCategories()},
	"ServiceName":                        {'M', 'S', false, nil},
	"ServiceSubcategory":                 {'R', 'S', false, focusSubcategoryNames()},
	"SkuId":                              {'C', 'S', true, nil},
	"SkuMeter":                           {'C', 'S', true, nil},
	"SkuPriceDetails":                    {'C', 'J', true, nil},
	"SkuPriceId":                         {'C', 'S', true, nil},
	"SubAccountId":                       {'C', 'S', true, nil},
	"SubAccountName":                     {'C', 'S', true, nil},
	"SubAccountType":                     {'C', 'S', true, nil},
	"Tags":                               {'C', 'J', true, nil},
}

// focusSubcategories are the allowed subcategories of the categories that may
// matter to a bill of the portal; the other categories have more than these.
var focusSubcategories = map[string][]string{
	"AI and Machine Learning": {"Other (AI and Machine Learning)"},
	"Analytics":               {"Other (Analytics)"},
	"Business Applications":   {"Other (Business Applications)"},
	"Compute":                 {"Containers", "End User Computing", "Quantum", "Serverless Compute", "Virtual Machines", "Other (Compute)"},
	"Databases":               {"Other (Databases)"},
	"Developer Tools":         {"Other (Developer Tools)"},
	"Identity":                {"Other (Identity)"},
	"Integration":             {"Other (Integration)"},
	"Internet of Things":      {"Other (Internet of Things)"},
	"Management and Governance": {
		"Administration", "Architecture", "Compliance", "Cost Management", "Data Governance", "Disaster Recovery",
		"Observability", "Support", "Other (Management and Governance)",
	},
	"Media":      {"Other (Media)"},
	"Migration":  {"Other (Migration)"},
	"Mobile":     {"Other (Mobile)"},
	"Multicloud": {"Other (Multicloud)"},
	"Networking": {"Content Delivery", "Data Transfer", "Load Balancing", "Network Management", "Network Security", "Other (Networking)"},
	"Security":   {"Other (Security)"},
	"Storage":    {"Backups", "Bulk Transfer", "Disk", "Files", "Object Storage", "Other (Storage)"},
	"Web":        {"Other (Web)"},
	"Other":      {"Other (Other)"},
}

func focusCategories() []string {
	var all []string
	for category := range focusSubcategories {
		all = append(all, category)
	}
	return all
}

func focusSubcategoryNames() []string {
	var all []string
	for _, names := range focusSubcategories {
		all = append(all, names...)
	}
	return all
}
