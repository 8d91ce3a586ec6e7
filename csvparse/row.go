package csvparse

// Component is a part of the bill. The parts of a row add up to its Total.
type Component uint8

// The parts, in the order of their columns.
const (
	Compute Component = iota
	GPU
	StorageTier1
	StorageTier2
	StorageGeo
	Protection // all four kinds together
	Licence

	Components = int(iota) // how many there are
)

// String returns the label value: compute, gpu, storage_tier1, storage_tier2,
// storage_geo, protection or licence.
func (c Component) String() string {
	return [Components]string{
		"compute", "gpu", "storage_tier1", "storage_tier2", "storage_geo", "protection", "licence",
	}[c]
}

// Tier is a kind of storage.
type Tier uint8

// The tiers, in the order of their columns.
const (
	Tier1 Tier = iota
	Tier2
	Geo

	Tiers = int(iota) // how many there are
)

// BillingRow is one chargeable period of one resource on one day. Which fields
// Decode fills is chosen by WithColumns; it leaves the others alone.
// Texts are as sent, "" when blank, and never part of a buffer.
type BillingRow struct {
	Line int64 // line in the file where the row starts, from 1

	EventDate Date

	Doubtful []*RowError // cells that cannot be read, of the columns of WithDoubtful

	ProjectID    string // OpenStack only
	VApp, VDC    string // VMware only: names
	ResourceName string
	ResourceID   string // a URN or a UUID; "" for a charge or credit of no resource
	OSID         string // text, for example CentOS 4/5/6/7 (64-bit)
	Service      string // for example VMware VM
	Metadata     string // a JSON object, or a list with semicolons
	StartTime    string // of the chargeable period, UTC
	EndTime      string

	PowerState             string   // on or off in either case; VMware only
	UsageMins, UsageHours  Quantity // billed, the minutes being 60 times the hours
	MachineType, PowerType string   // for example m1.medium; ESSENTIAL, POWER or PRIORITY
	SecurityDomain         string
	VCPU, Memory           Quantity // a count; GiB, but MB in the API reference
	GPUType                string
	GPUCount               Quantity
	ProtectionType         string

	Parts [Components]Money // what the row costs, pounds before VAT; negative is a credit
	Total Money             // TotalPrice

	ComputePrice, GPUPrice, LicencePrice Money // pounds an hour

	Storage           [Tiers]Storage
	ComputeProtection Charge
	TierProtection    [Tiers]Charge
}

// Storage is one tier's disks. What it costs is in Parts.
type Storage struct {
	Used, Snapshot, Included, Chargeable Quantity // GiB

	Price Money // pounds a GiB and hour
}

// Charge is one kind of protection.
type Charge struct {
	Price Money // pounds an hour, or a GiB and hour
	Total Money // pounds; Parts has the sum of all kinds
}
