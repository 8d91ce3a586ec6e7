package dashboards_test

// causes are the alerts for which there is a cause in the simulated day.
var causes = []string{
	"UKCloudBackupExcluded",      // most VMs of the recorded estate are not backed up, and run
	"UKCloudBackupFailed",        // one VM in ten
	"UKCloudBackupNoData",        // one VM is protected, and nothing was ever reported of it
	"UKCloudBillingRowsRejected", // a row was spoiled
	"UKCloudTicketOpenTooLong",   // some tickets take ten times as long as they should
}
