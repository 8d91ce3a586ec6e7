package billgen

// Reference returns the 56 headers as the API reference spells them (GET
// /api/billing/billing-csv).
func Reference() []string {
	return []string{
		"EventDate", "ProjectID", "vAPP", "vDC", "ResourceName", "ResourceId", "OSID", "Service", "Metadata",
		"StartTime", "EndTime", "PowerState", "UsageMinsWithinPeriod", "UsageHoursWithinPeriod",
		"ComputeMachineType", "PowerType", "SecurityDomain", "Compute vCPU", "ComputeMemory",
		"ComputePricePerHour", "ComputeTotalPrice",
		"GPUType", "GPUCount", "GPUPricePerHour", "GPUTotalPrice",
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
}

// Evidence returns the 56 headers as the invoice evidence file article spells
// them: five differ from the API reference.
func Evidence() []string {
	headers := Reference()
	headers[5] = "Resource Id"
	headers[16] = "Security Domain"
	headers[41] = "Geo-resilientPricePerHour"
	headers[53] = "LicensePricePerHour"
	headers[54] = "LicenseTotalPrice"
	return headers
}
