package focus

import (
	"cmp"
	"strings"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// Kind is what a column's values are.
type Kind uint8

// The kinds.
const (
	Text Kind = iota
	Decimal
	DateTime
	Object // JSON
)

// Column is a column of the output.
type Column struct {
	ID     string
	Kind   Kind
	Places int                    // that a Decimal may have
	value  func(c *priced) string // "" is null
}

// priced is a charge with all that its FOCUS row says.
type priced struct {
	*charge
	figures
	sku *sku
	row *bill.Row
	of  *Converter
}

func constant(text string) func(*priced) string { return func(*priced) string { return text } }

// vendor sold, ran and invoiced everything in the bill.
const vendor = "UKCloud"

// Columns are those of a version that a bill can fill, in the order of their names as
// the specification has them, and those of our own behind x_: all mandatory ones, of
// the conditional ones those whose condition holds. Regions, availability zones and
// invoice numbers are not in the bill; there are no commitments, reservations,
// negotiated prices, split costs or other currencies.
func (v Version) Columns() []Column {
	values := values()
	var columns []Column
	for _, s := range v.standard() {
		if value, known := values[s.id]; known {
			columns = append(columns, Column{s.id, s.kind, places(s.id), value})
		}
	}
	return append(columns, []Column{
		{"x_Component", Text, 0, func(c *priced) string { return c.component.String() }},
		{"x_PowerState", Text, 0, func(c *priced) string { return c.row.Power }},
		{"x_ProjectId", Text, 0, func(c *priced) string { return c.row.ProjectID }},
		{"x_VirtualApplicationName", Text, 0, func(c *priced) string { return c.row.VApp }},
		{"x_VirtualDataCentreName", Text, 0, func(c *priced) string { return c.row.VDC }},
	}...)
}

// places are those of the exact numbers that price makes: a price has nine, a quantity
// is the product of two numbers, and the list cost that of both.
func places(id string) int {
	switch id {
	case "ListCost":
		return 3 * money.Scale
	case "PricingQuantity", "ConsumedQuantity":
		return 2 * money.Scale
	}
	return money.Scale
}

// values are what the bill can say.
func values() map[string]func(*priced) string {
	cost := func(c *priced) string { return c.figures.cost }
	quantity := func(c *priced) string { return c.quantity }
	unit := func(c *priced) string { return c.figures.unit }
	return map[string]func(*priced) string{
		"BilledCost":          cost,
		"BillingAccountId":    func(c *priced) string { return c.of.owner.Account },
		"BillingAccountName":  func(c *priced) string { return cmp.Or(c.of.owner.AccountName, c.of.owner.Account) },
		"BillingCurrency":     constant("GBP"),
		"BillingPeriodEnd":    func(c *priced) string { return c.of.periodEnd },
		"BillingPeriodStart":  func(c *priced) string { return c.of.periodStart },
		"ChargeCategory":      constant("Usage"),
		"ChargeClass":         (*priced).class,
		"ChargeDescription":   func(c *priced) string { return c.sku.description },
		"ChargeFrequency":     constant("Usage-Based"),
		"ChargePeriodEnd":     func(c *priced) string { return c.of.dayEnd },
		"ChargePeriodStart":   func(c *priced) string { return c.of.dayStart },
		"ConsumedQuantity":    func(c *priced) string { return c.consumed },
		"ConsumedUnit":        unit,
		"ContractedCost":      cost,
		"EffectiveCost":       cost,
		"HostProviderName":    constant(vendor),
		"InvoiceIssuerName":   constant(vendor),
		"ListCost":            func(c *priced) string { return c.listCost },
		"ListUnitPrice":       func(c *priced) string { return c.listPrice },
		"PricingCategory":     constant("Standard"),
		"PricingQuantity":     quantity,
		"PricingUnit":         unit,
		"ProviderName":        constant(vendor),
		"PublisherName":       constant(vendor),
		"ResourceId":          func(c *priced) string { return c.row.ResourceID },
		"ResourceName":        (*priced).resourceName,
		"ResourceType":        (*priced).resourceType,
		"ServiceCategory":     func(c *priced) string { return c.of.service.category },
		"ServiceName":         func(c *priced) string { return c.of.service.name },
		"ServiceProviderName": constant(vendor),
		"ServiceSubcategory":  func(c *priced) string { return c.of.service.subcategory },
		"SkuId":               func(c *priced) string { return c.sku.id },
		"SkuMeter":            func(c *priced) string { return c.meter },
		"SkuPriceDetails":     func(c *priced) string { return c.sku.details },
		"SkuPriceId":          func(c *priced) string { return c.sku.priceID },
		"SubAccountId":        func(c *priced) string { return c.of.owner.VOrg },
		"SubAccountName":      func(c *priced) string { return cmp.Or(c.of.owner.VOrgName, c.of.owner.VOrg) },
		"Tags":                func(c *priced) string { return c.of.tags },
	}
}

// resourceName is null where the resource is (ResourceName).
func (c *priced) resourceName() string {
	if c.row.ResourceID == "" {
		return ""
	}
	return c.row.ResourceName
}

// resourceType is null where the resource is (ResourceType).
func (c *priced) resourceType() string {
	if c.row.ResourceID == "" {
		return ""
	}
	return c.of.service.resource
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// class marks what corrects another billing period.
func (c *priced) class() string {
	if c.row.Late {
		return "Correction"
	}
	return ""
}

// service is what FOCUS says of a service. A service has one category,
// whatever part of it is charged.
type service struct{ name, category, subcategory, resource string }

// serviceOf looks up the values of the Service column that the invoice evidence
// file's article lists, now and in 2017.
func serviceOf(name string) service {
	switch name {
	case "VMware VM", "VMware Dedicated VM", "Enterprise Compute VM", "Enterprise Compute Dedicated VM",
		"OpenStack Virtual Machine", "OpenStack Instance":
		return service{name, "Compute", "Virtual Machines", "Virtual Machine"}
	case "High Performance Compute", "Compute Intensive Infrastructure":
		return service{name, "Compute", "Other (Compute)", name}
	case "VMware Independent Disk":
		return service{name, "Storage", "Block Storage", "Disk"}
	case "VMware Media":
		return service{name, "Storage", "Other (Storage)", "Media"}
	case "VMware Template":
		return service{name, "Storage", "Other (Storage)", "Template"}
	case "OpenStack Image":
		return service{name, "Storage", "Other (Storage)", "Image"}
	case "OpenStack Instance Backup Storage":
		return service{name, "Storage", "Backup Storage", "Backup"}
	case "Disaster Recovery as a Service":
		return service{name, "Management and Governance", "Disaster Recovery", name}
	case "CDSZ Walled Garden":
		return service{name, "Networking", "Network Security", name}
	case "Secure Remote Access":
		return service{name, "Networking", "Other (Networking)", name}
	case "":
		return service{"Unknown", "Other", "Other (Other)", "Unknown"}
	}
	switch {
	case strings.HasPrefix(name, "OpenStack Block Storage"):
		return service{name, "Storage", "Block Storage", "Volume"}
	case strings.HasPrefix(name, "OpenShift"):
		return service{name, "Compute", "Containers", name}
	}
	return service{name, "Other", "Other (Other)", name}
}
