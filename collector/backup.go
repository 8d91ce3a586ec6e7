package collector

import (
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

// backup is what is kept of a VM's backups.
type backup struct {
	enabled       portal.Optional[bool]
	state         backupState
	lastStart     portal.Optional[time.Time] // of the newest attempt
	lastDuration  portal.Optional[time.Duration]
	lastSuccess   portal.Optional[time.Time] // end of the newest success
	retentionDays portal.Optional[int64]
}

// backupState is lastBackupStatus as a label.
type backupState uint8

const (
	backupUnknown backupState = iota
	backupSuccessful
	backupFailed
	backupNoData
	backupExcluded
	backupNotInPolicy
)

var backupStates = [...]string{
	backupUnknown:     "unknown",
	backupSuccessful:  "successful",
	backupFailed:      "failed",
	backupNoData:      "no_data",
	backupExcluded:    "excluded",
	backupNotInPolicy: "not_in_policy",
}

// backupStateOf reads lastBackupStatus. known is false for a value that the API
// reference does not list.
func backupStateOf(status string) (state backupState, known bool) {
	switch strings.ToLower(status) {
	case "successful":
		return backupSuccessful, true
	case "failed":
		return backupFailed, true
	case "no data for last backup":
		return backupNoData, true
	case "excluded from backup":
		return backupExcluded, true
	case "not in policy":
		return backupNotInPolicy, true
	case "":
		return backupUnknown, true
	default:
		return backupUnknown, false
	}
}

// succeeded tells whether one backup ended well. "Completed w/Exception(s)" left
// a backup that can be restored; "Failed", "Timed Out - Start", "Timed Out -
// End" and "Client Backup Disabled" (recorded) did not.
func succeeded(status string) bool {
	return strings.HasPrefix(strings.ToLower(status), "completed")
}

// backupOf reads a VM's backups, which the portal lists newest first. Recorded:
// one night twice, and nights missing, so the newest success is looked for by
// its time.
func backupOf(v *portal.VM) (b backup, known bool) {
	b.enabled, b.retentionDays = v.InBackup, v.RetentionDays
	b.state, known = backupStateOf(v.LastBackupStatus)
	for i, attempt := range v.Backups {
		if i == 0 {
			b.lastStart = attempt.Start
			if attempt.Start.Valid && attempt.End.Valid {
				b.lastDuration = portal.Optional[time.Duration]{Value: attempt.End.Value.Sub(attempt.Start.Value), Valid: true}
			}
		}
		if succeeded(attempt.Status) && attempt.End.Valid &&
			(!b.lastSuccess.Valid || attempt.End.Value.After(b.lastSuccess.Value)) {
			b.lastSuccess = attempt.End
		}
	}
	return b, known
}
