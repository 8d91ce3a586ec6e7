package billing

import (
	"strings"
	"time"

	"ukcloud_exporter/internal/bill"
)

// focusColumn is a column of the output.
type focusColumn struct {
	id    string
	value func(c *focusCharge) string // "" is null
}

func constant(text string) func(*focusCharge) string {
	return func(*focusCharge) string { return text }
}

// focusVendor sold, ran and invoiced everything in the bill.
const focusVendor = "UKCloud"

// focusColumns are the columns of FOCUS 1.2 that a bill can fill, and those of
// our own behind x_: all mandatory ones, of the conditional ones those whose
// condition holds. Regions, availability zones and invoice numbers are not in the
// bill; there are no commitments, reservations, negotiated prices or other
// currencies.
func focusColumns() []focusColumn {
	return append(focusStandardColumns(), []focusColumn{
		{"x_Component", func(c *focusCharge) string { return c.component.String() }},
		{"x_PowerState", func(c *focusCharge) string { return c.row.Power }},
		{"x_ProjectId", func(c *focusCharge) string { return c.row.ProjectID }},
		{"x_VirtualApplicationName", func(c *focusCharge) string { return c.row.VApp }},
		{"x_VirtualDataCentreName", func(c *focusCharge) string { return c.row.VDC }},
	}...)
}

func focusStandardColumns() []focusColumn {
	cost := func(c *focusCharge) string { return c.cost.String() }
	quantity := func(c *focusCharge) string { return c.quantity }
	unit := func(c *focusCharge) string { return c.unit }
	return []focusColumn{
		{"BilledCost", cost},
		{"BillingAccountId", func(c *focusCharge) string { return c.bill.account }},
		{"BillingAccountName", func(c *focusCharge) string { return c.bill.accountName }},
		{"BillingCurrency", constant("GBP")},
		{"BillingPeriodEnd", func(c *focusCharge) string { return focusTime(c.month().Next().Start()) }},
		{"BillingPeriodStart", func(c *focusCharge) string { return focusTime(c.month().Start()) }},
		{"ChargeCategory", constant("Usage")},
		{"ChargeClass", (*focusCharge).class},
		{"ChargeDescription", (*focusCharge).description},
		{"ChargeFrequency", constant("Usage-Based")},
		{"ChargePeriodEnd", func(c *focusCharge) string { return focusTime(bill.EndOf(c.row.EventDate)) }},
		{"ChargePeriodStart", func(c *focusCharge) string { return focusTime(c.row.EventDate.Time()) }},
		{"ConsumedQuantity", func(c *focusCharge) string { return c.consumed }},
		{"ConsumedUnit", unit},
		{"ContractedCost", cost},
		{"EffectiveCost", cost},
		{"InvoiceIssuerName", constant(focusVendor)},
		{"ListCost", func(c *focusCharge) string { return c.listCost }},
		{"ListUnitPrice", func(c *focusCharge) string { return c.listPrice }},
		{"PricingCategory", constant("Standard")},
		{"PricingQuantity", quantity},
		{"PricingUnit", unit},
		{"ProviderName", constant(focusVendor)},
		{"PublisherName", constant(focusVendor)},
		{"ResourceId", func(c *focusCharge) string { return c.row.ResourceID }},
		{"ResourceName", func(c *focusCharge) string { return c.row.ResourceName }},
		{"ResourceType", func(c *focusCharge) string { return c.service().resource }},
		{"ServiceCategory", func(c *focusCharge) string { return c.service().category }},
		{"ServiceName", func(c *focusCharge) string { return c.service().name }},
		{"ServiceSubcategory", func(c *focusCharge) string { return c.service().subcategory }},
		{"SkuId", (*focusCharge).sku},
		{"SkuMeter", func(c *focusCharge) string { return c.meter }},
		{"SkuPriceId", (*focusCharge).sku},
		{"SubAccountId", func(c *focusCharge) string { return c.bill.org }},
		{"SubAccountName", func(c *focusCharge) string { return c.bill.orgName }},
		{"Tags", func(c *focusCharge) string { return c.tags }},
	}
}

func focusTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// month is the billing period: that of the file, whatever day the row is of.
func (c *focusCharge) month() bill.Month {
	if c.bill.month != (bill.Month{}) {
		return c.bill.month
	}
	return bill.MonthOf(c.row.EventDate.Time())
}

// class marks what corrects another billing period.
func (c *focusCharge) class() string {
	if c.row.Late {
		return "Correction"
	}
	return ""
}

// description names what is charged so that a person needs no other column.
func (c *focusCharge) description() string {
	text := c.service().name + ": " + c.meter
	if details := nonBlank(c.kind); len(details) > 0 {
		text += " (" + strings.Join(details, ", ") + ")"
	}
	return text
}

// sku is the same for the same thing at all times: the bill has no identifier for
// what has a price, so it is made of what the price depends on.
func (c *focusCharge) sku() string {
	return strings.Join(append([]string{c.service().name, c.meter}, nonBlank(c.kind)...), "/")
}

func nonBlank(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// tagsJSON writes the Metadata column as FOCUS wants tags: one object without
// nesting; "" when there is none. ok is false when it cannot be read.
func tagsJSON(metadata string) (text string, ok bool) {
	tags, err := bill.ParseMetadata(metadata)
	if err != nil || len(tags) == 0 {
		return "", err == nil
	}
	var b strings.Builder
	for i, tag := range tags {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(bill.QuoteJSON(tag.Key))
		b.WriteByte(':')
		b.WriteString(tag.JSON)
	}
	b.WriteByte('}')
	return b.String(), true
}

// focusService is what FOCUS says of a service. A service has one category,
// whatever part of it is charged.
type focusService struct{ name, category, subcategory, resource string }

// service looks up the values of the Service column that the invoice evidence
// file's article lists, now and in 2017.
func (c *focusCharge) service() focusService {
	name := c.row.Service
	switch name {
	case "VMware VM", "VMware Dedicated VM", "Enterprise Compute VM", "Enterprise Compute Dedicated VM",
		"OpenStack Virtual Machine", "OpenStack Instance":
		return focusService{name, "Compute", "Virtual Machines", "Virtual Machine"}
	case "High Performance Compute", "Compute Intensive Infrastructure":
		return focusService{name, "Compute", "Other (Compute)", name}
	case "VMware Independent Disk":
		return focusService{name, "Storage", "Disk", "Disk"}
	case "VMware Media":
		return focusService{name, "Storage", "Other (Storage)", "Media"}
	case "VMware Template":
		return focusService{name, "Storage", "Other (Storage)", "Template"}
	case "OpenStack Image":
		return focusService{name, "Storage", "Other (Storage)", "Image"}
	case "OpenStack Instance Backup Storage":
		return focusService{name, "Storage", "Backups", "Backup"}
	case "Disaster Recovery as a Service":
		return focusService{name, "Management and Governance", "Disaster Recovery", name}
	case "CDSZ Walled Garden":
		return focusService{name, "Networking", "Network Security", name}
	case "Secure Remote Access":
		return focusService{name, "Networking", "Other (Networking)", name}
	case "":
		return focusService{"Unknown", "Other", "Other (Other)", "Unknown"}
	}
	switch {
	case strings.HasPrefix(name, "OpenStack Block Storage"):
		return focusService{name, "Storage", "Disk", "Volume"}
	case strings.HasPrefix(name, "OpenShift"):
		return focusService{name, "Compute", "Containers", name}
	}
	return focusService{name, "Other", "Other (Other)", name}
}
