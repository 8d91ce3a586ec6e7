package csvparse

// kind is what a column's cells are.
type kind uint8

const (
	textKind kind = iota
	dateKind
	quantityKind
	moneyKind
	resourceKind // text, and says whose row it is
)

// kind says how to read the cells of the column.
func (c Column) kind() kind {
	var row BillingRow
	switch {
	case c == EventDate:
		return dateKind
	case c == ResourceID:
		return resourceKind
	case row.quantity(c) != nil:
		return quantityKind
	case row.money(c) != nil:
		return moneyKind
	}
	return textKind
}

// text returns the field of a column of text.
func (row *BillingRow) text(c Column) *string {
	switch c {
	case ProjectID:
		return &row.ProjectID
	case VApp:
		return &row.VApp
	case VDC:
		return &row.VDC
	case ResourceName:
		return &row.ResourceName
	case OSID:
		return &row.OSID
	case Service:
		return &row.Service
	case Metadata:
		return &row.Metadata
	case StartTime:
		return &row.StartTime
	case EndTime:
		return &row.EndTime
	case PowerState:
		return &row.PowerState
	case MachineType:
		return &row.MachineType
	case PowerType:
		return &row.PowerType
	case SecurityDomain:
		return &row.SecurityDomain
	case GPUType:
		return &row.GPUType
	case ProtectionType:
		return &row.ProtectionType
	}
	return nil
}

// quantity returns the field of a column of hours, minutes, GiB or a count.
func (row *BillingRow) quantity(c Column) *Quantity {
	switch c {
	case UsageMins:
		return &row.UsageMins
	case UsageHours:
		return &row.UsageHours
	case VCPU:
		return &row.VCPU
	case Memory:
		return &row.Memory
	case GPUCount:
		return &row.GPUCount
	case Tier1Used, Tier2Used, GeoUsed:
		return &row.Storage[tier(c)].Used
	case Tier1Snapshot, Tier2Snapshot, GeoSnapshot:
		return &row.Storage[tier(c)].Snapshot
	case Tier1Included, Tier2Included, GeoIncluded:
		return &row.Storage[tier(c)].Included
	case Tier1Chargeable, Tier2Chargeable, GeoChargeable:
		return &row.Storage[tier(c)].Chargeable
	}
	return nil
}

// tier is the tier of a storage column: each tier has six of them in a row.
func tier(c Column) Column { return (c - Tier1Used) / (Tier2Used - Tier1Used) }

// money returns the field of a column of pounds.
func (row *BillingRow) money(c Column) *Money {
	switch c {
	case ComputePrice:
		return &row.ComputePrice
	case ComputeTotal:
		return &row.Parts[Compute]
	case GPUPrice:
		return &row.GPUPrice
	case GPUTotal:
		return &row.Parts[GPU]
	case Tier1Price, Tier2Price, GeoPrice:
		return &row.Storage[tier(c)].Price
	case Tier1Total:
		return &row.Parts[StorageTier1]
	case Tier2Total:
		return &row.Parts[StorageTier2]
	case GeoTotal:
		return &row.Parts[StorageGeo]
	case ComputeProtectionPrice:
		return &row.ComputeProtection.Price
	case ComputeProtectionTotal:
		return &row.ComputeProtection.Total
	case Tier1ProtectionPrice, Tier2ProtectionPrice, GeoProtectionPrice:
		return &row.TierProtection[c-Tier1ProtectionPrice].Price
	case Tier1ProtectionTotal, Tier2ProtectionTotal, GeoProtectionTotal:
		return &row.TierProtection[c-Tier1ProtectionTotal].Total
	case ProtectionTotal:
		return &row.Parts[Protection]
	case LicencePrice:
		return &row.LicencePrice
	case LicenceTotal:
		return &row.Parts[Licence]
	case TotalPrice:
		return &row.Total
	}
	return nil
}

// Field returns a pointer to the field that holds a column: a *Date, *string,
// *Quantity or *Money. It is the same for the row as long as the row is.
func (row *BillingRow) Field(c Column) any {
	if c == EventDate {
		return &row.EventDate
	}
	if c == ResourceID {
		return &row.ResourceID
	}
	if field := row.quantity(c); field != nil {
		return field
	}
	if field := row.money(c); field != nil {
		return field
	}
	return row.text(c)
}
