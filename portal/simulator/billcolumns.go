package simulator

// billColumns are the 56 headers of billing-csv, A to BD, in the order and the
// spelling of the API reference.
var billColumns = [56]string{
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

// evidenceColumns are the headers that the invoice evidence file spells
// differently, by column.
var evidenceColumns = map[int]string{
	5: "Resource Id", 16: "Security Domain", 41: "Geo-resilientPricePerHour", 53: "LicensePricePerHour", 54: "LicenseTotalPrice",
}
