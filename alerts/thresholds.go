// Package alerts is the home of ukcloud.rules.yml, the Prometheus rules for the
// exporter, with their tests, and of the thresholds that the rules and the
// dashboards share.
package alerts

// The thresholds of the alerts. The rules file has the same numbers; a test
// compares the two.
const (
	// BackupNights is how many nights without a good backup are critical
	// (UKCloudBackupOverdue).
	BackupNights = 2

	// ForecastNeedsSeconds is how much of the month the bill must have before
	// UKCloudSpendOverBudget believes the forecast.
	ForecastNeedsSeconds = 3 * day

	// DayCostRatio and DayCostPounds are how far above its usual a day's cost must
	// be: so many times, and by so many pounds (UKCloudDayCostUnusual).
	DayCostRatio  = 1.5
	DayCostPounds = 10

	// BillAgeSeconds is how old the newest day of the bill may be
	// (UKCloudBillingDataLate).
	BillAgeSeconds = 2 * day

	// DifferencePounds is the least change of a closed month, and the least
	// difference between a bill and its parts, that counts: a penny
	// (UKCloudBillingRestated, UKCloudBillingTieOutBroken).
	DifferencePounds = 0.01

	// TicketAgeSeconds is how long a support ticket may be open
	// (UKCloudTicketOpenTooLong).
	TicketAgeSeconds = 14 * day

	// VMotionsPerHour moves in a VDC are a storm when they are also
	// VMotionShareOfVMs of its VMs (UKCloudVMotionStorm).
	VMotionsPerHour   = 10
	VMotionShareOfVMs = 0.2

	// AuditPounds and AuditShare are what an account may be billed for VMs that were
	// seen off: so many pounds, and so much of its month to date
	// (UKCloudBilledMoreThanSeen).
	AuditPounds = 10
	AuditShare  = 0.01

	// TicketWaitSeconds is how long a ticket may wait to be opened
	// (UKCloudTicketBridgeStuck).
	TicketWaitSeconds = 60 * 60

	// StaleShareOfMaxAge is the age of a collector's data, as a share of its
	// max_age, that is a warning (UKCloudCollectorStale).
	StaleShareOfMaxAge = 0.5

	day = 24 * 60 * 60
)
