package csvparse

import (
	"strings"
	"unicode"
)

// Column is one of the 56 documented columns of the billing CSV, in their
// documented order (API reference, GET /api/billing/billing-csv).
type Column uint8

// The columns A to BD.
const (
	EventDate Column = iota
	ProjectID
	VApp
	VDC
	ResourceName
	ResourceID
	OSID
	Service
	Metadata
	StartTime
	EndTime
	PowerState
	UsageMins
	UsageHours
	MachineType
	PowerType
	SecurityDomain
	VCPU
	Memory
	ComputePrice
	ComputeTotal
	GPUType
	GPUCount
	GPUPrice
	GPUTotal
	Tier1Used
	Tier1Snapshot
	Tier1Included
	Tier1Chargeable
	Tier1Price
	Tier1Total
	Tier2Used
	Tier2Snapshot
	Tier2Included
	Tier2Chargeable
	Tier2Price
	Tier2Total
	GeoUsed
	GeoSnapshot
	GeoIncluded
	GeoChargeable
	GeoPrice
	GeoTotal
	ProtectionType
	ComputeProtectionPrice
	ComputeProtectionTotal
	Tier1ProtectionPrice
	Tier2ProtectionPrice
	GeoProtectionPrice
	Tier1ProtectionTotal
	Tier2ProtectionTotal
	GeoProtectionTotal
	ProtectionTotal
	LicencePrice
	LicenceTotal
	TotalPrice

	columnCount = int(iota)
)

// billingNames are the headers as the API reference spells them.
var billingNames = [columnCount]string{
	"EventDate", "ProjectID", "vAPP", "vDC", "ResourceName", "ResourceId", "OSID", "Service", "Metadata",
	"StartTime", "EndTime", "PowerState", "UsageMinsWithinPeriod", "UsageHoursWithinPeriod",
	"ComputeMachineType", "PowerType", "SecurityDomain", "Compute vCPU", "ComputeMemory",
	"ComputePricePerHour", "ComputeTotalPrice", "GPUType", "GPUCount", "GPUPricePerHour", "GPUTotalPrice",
	"Tier1StorageUsed", "Tier1SnapshotStorageUsed", "Tier1StorageIncluded", "Tier1StorageChargeable",
	"Tier1StoragePricePerHour", "Tier1StoragePrice",
	"Tier2StorageUsed", "Tier2SnapshotStorageUsed", "Tier2StorageIncluded", "Tier2StorageChargeable",
	"Tier2StoragePricePerHour", "Tier2StoragePrice",
	"Geo-resilientStorageUsed", "Geo-resilientSnapshotStorageUsed", "Geo-resilientStorageIncluded",
	"Geo-resilientStorageChargeable", "Geo-resilientStoragePricePerHour", "Geo-resilientStoragePrice",
	"Protection Type", "ComputeProtectionPerHour", "ComputeProtectionTotalPrice",
	"Tier1ProtectionPricePerHour", "Tier2ProtectionPricePerHour", "Geo-resilientProtectionPerHour",
	"Tier1ProtectionTotalPrice", "Tier2ProtectionTotalPrice", "Geo-resilientProtectionTotalPrice",
	"ProtectionTotalPrice", "LicencePricePerHour", "LicenceTotalPrice", "TotalPrice",
}

// String returns the header as the API reference spells it.
func (c Column) String() string { return billingNames[c] }

// fold is a header's name without what its spellings differ in: case, blanks,
// hyphens, underscores and other signs, and licence or license.
func fold(header string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, header)
	return strings.ReplaceAll(kept, "license", "licence")
}

// EvidenceName returns the header as the invoice evidence file article spells it:
// five columns differ from the API reference.
func (c Column) EvidenceName() string {
	switch c {
	case ResourceID:
		return "Resource Id"
	case SecurityDomain:
		return "Security Domain"
	case GeoPrice:
		return "Geo-resilientPricePerHour"
	case LicencePrice:
		return "LicensePricePerHour"
	case LicenceTotal:
		return "LicenseTotalPrice"
	}
	return c.String()
}

// Columns returns all columns in their documented order.
func Columns() []Column {
	all := make([]Column, columnCount)
	for i := range all {
		all[i] = Column(i)
	}
	return all
}

// billingAliases are the second spellings, also those that fold brings together.
func billingAliases() map[string]int {
	aliases := map[string]int{}
	for _, c := range Columns() {
		if name := c.EvidenceName(); name != c.String() {
			aliases[fold(name)] = int(c)
		}
	}
	return aliases
}
